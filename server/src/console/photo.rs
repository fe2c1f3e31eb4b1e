//! One photo in full, with all numbers of phone and server side by side.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use clearshot_analysis::ActivationMap;
use clearshot_protocol::CaptureId;
use clearshot_protocol::api::{EvidenceView, ReturnItemView, ReturnView};
use clearshot_protocol::manifest::AnalysisRecord;
use maud::{Markup, html};

use super::{Agent, layout, parts, relevance, words};
use crate::app::App;
use crate::problem::ApiError;
use crate::routes::evidence::find;

/// A number of the report: its name, where it is, its decimals, its unit.
type Figure = (&'static str, &'static str, usize, &'static str);

const FIGURES: &[Figure] = &[
    ("Sharpness score", "/sharpness/score", 2, ""),
    ("Mean light", "/exposure/mean", 0, " of 255"),
    ("Median light", "/exposure/p50", 0, " of 255"),
    ("Brightest 2 % from", "/exposure/p98", 0, " of 255"),
    ("Pure black", "/exposure/clipped_low", 3, ""),
    ("Pure white", "/exposure/clipped_high", 3, ""),
    ("Sensor noise", "/noise/sigma", 2, ""),
    ("Reflection area", "/glare/area", 3, ""),
    ("Subject fills", "/framing/fill", 2, ""),
];

/// Words of the report: name and place.
const STATES: &[(&str, &str)] =
    &[("Focus", "/sharpness/state"), ("Blur from", "/sharpness/cause"), ("Light", "/exposure/state")];

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Agent(principal): Agent,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let missing =
        || layout::sorry(StatusCode::NOT_FOUND, "No such photo", "Check the address, or look in the list.");
    let Ok(evidence) = find(&app, &principal, &id).await else { return Ok(missing()) };
    let Some(of) = app.store.find_return(evidence.return_id).await? else { return Ok(missing()) };
    let view = app.store.view_return(of).await?;
    let Some(item) = view.items.iter().find(|item| item.id == evidence.item_id) else { return Ok(missing()) };
    let title = format!("{} of {}", words::role(&evidence), item.title);
    let map = app.store.activation(evidence.id).await?;
    Ok(layout::page(&title, &content(&view, item, &evidence, map.as_ref(), &title)))
}

fn content(
    view: &ReturnView,
    item: &ReturnItemView,
    evidence: &EvidenceView,
    map: Option<&ActivationMap>,
    title: &str,
) -> Markup {
    html! {
        nav.trail aria-label="Where you are" {
            a href="/console" { "Returns" } span aria-hidden="true" { "›" }
            a href={ "/console/returns/" (view.id) } { "Order " (view.order) } span aria-hidden="true" { "›" }
            span { (title) }
        }
        div.heading { h1 { (title) } (parts::evidence_badge(evidence.status)) }
        div.photo-page {
            div {
                (picture(item, evidence, map))
                (neighbours(item, evidence.id))
                section.below aria-labelledby="about" {
                    h2 id="about" { "This photo" }
                    (facts(evidence))
                }
            }
            div.numbers {
                (relevance::badges(evidence))
                (parts::kept_anyway(evidence))
                (parts::rejection(evidence))
                (relevance::scores(evidence))
                (comparison(evidence))
            }
        }
    }
}

/// The photo; where the model saw its subject is laid over it by a tick in a box.
fn picture(item: &ReturnItemView, evidence: &EvidenceView, map: Option<&ActivationMap>) -> Markup {
    let Some(capture) = evidence.capture.as_ref().filter(|_| parts::has_picture(evidence)) else {
        return html! { p.empty { "There is no picture of this evidence that could be opened." } };
    };
    // As the server measured it; what the phone says is only believed where that is not known.
    let measured =
        |side: &str| evidence.server_analysis.as_ref()?.report.get(side)?.as_u64()?.try_into().ok();
    let width = measured("width").unwrap_or(capture.width);
    let height = measured("height").unwrap_or(capture.height);
    html! {
        @if map.is_some() {
            input.map-tick type="checkbox" id="map";
            label.map-label for="map" { "Show where the server's model looked" }
        }
        a.full href={ "/v1/evidence/" (evidence.id) "/photo" } aria-label="Open the photo alone" {
            img src={ "/v1/evidence/" (evidence.id) "/photo" } alt={ (words::role(evidence)) " photo of " (item.title) }
                width=(width) height=(height);
            @if let Some(map) = map { (relevance::overlay(map, (width, height))) }
        }
        @if let Some(map) = map { (relevance::legend(map)) }
    }
}

fn comparison(evidence: &EvidenceView) -> Markup {
    let device = evidence.capture.as_ref().map(|capture| &capture.device_analysis);
    let server = evidence.server_analysis.as_ref();
    if device.is_none() && server.is_none() {
        return html! {};
    }
    let sides = [device, server];
    html! {
        div.scrolls {
            table.comparison {
                caption { "Verdicts" }
                thead { tr { td {} th scope="col" { "Phone" } th scope="col" { "Server" } } }
                tbody {
                    tr { th scope="row" { "Verdict" } @for side in sides { td { (verdict(side)) } } }
                    tr { th scope="row" { "Reasons" } @for side in sides { td {
                        (side.map(|side| words::reasons(&side.reasons)).filter(|text| !text.is_empty()).unwrap_or_else(|| "–".to_owned()))
                    } } }
                    @for (name, pointer) in STATES {
                        (row(name, &sides.map(|side| side.and_then(|side| words::state(side, pointer)))))
                    }
                    @for (name, pointer, decimals, unit) in FIGURES {
                        (row(name, &sides.map(|side| side.and_then(|side| words::figure(side, pointer)).map(|value| format!("{value:.decimals$}{unit}")))))
                    }
                    (row("Thresholds", &sides.map(|side| side.map(thresholds))))
                }
            }
        }
    }
}

/// A row, unless neither side has anything in it.
fn row(name: &str, sides: &[Option<String>; 2]) -> Markup {
    html! {
        @if sides.iter().any(Option::is_some) {
            tr { th scope="row" { (name) } @for side in sides { td { (side.as_deref().unwrap_or("–")) } } }
        }
    }
}

fn verdict(side: Option<&AnalysisRecord>) -> Markup {
    let Some(side) = side else { return html! { "not yet" } };
    let (word, tone) = words::verdict(side.verdict);
    parts::badge(word, tone)
}

fn thresholds(side: &AnalysisRecord) -> String {
    let short: String = side.policy_hash.chars().take(8).collect();
    format!("version {}, {short}", side.policy_version)
}

fn facts(evidence: &EvidenceView) -> Markup {
    html! {
        dl.facts-list {
            @if let Some(capture) = &evidence.capture {
                div { dt { "Taken" } dd { (parts::time(capture.taken_at)) } }
                div { dt { "Size" } dd { (capture.width) " × " (capture.height) " px" } }
            }
            @if let Some(at) = evidence.received_at { div { dt { "Received" } dd { (parts::time(at)) } } }
            @if let Some(at) = evidence.checked_at { div { dt { "Checked" } dd { (parts::time(at)) } } }
            div { dt { "Sealed" } dd { (words::bytes(evidence.length)) } }
            div { dt { "SHA-256" } dd { code { (evidence.sha256) } } }
            div { dt { "Capture" } dd { code { (evidence.id) } } }
            @if let Some(by) = evidence.superseded_by {
                div { dt { "Replaced by" } dd { a href={ "/console/evidence/" (by) } { "its retake" } } }
            }
            @if let Some(of) = evidence.capture.as_ref().and_then(|capture| capture.supersedes) {
                div { dt { "Replaces" } dd { a href={ "/console/evidence/" (of) } { "an earlier take" } } }
            }
        }
    }
}

fn neighbours(item: &ReturnItemView, id: CaptureId) -> Markup {
    let pictures: Vec<_> = item.evidence.iter().filter(|one| parts::has_picture(one)).collect();
    html! {
        @if pictures.len() > 1 {
            nav.strip aria-label="Photos of this item" {
                @for one in pictures {
                    a href={ "/console/evidence/" (one.id) } aria-current=[(one.id == id).then_some("page")] {
                        (parts::thumbnail(one, &format!("{} photo", words::role(one))))
                    }
                }
            }
        }
    }
}
