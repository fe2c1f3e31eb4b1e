//! One return: its items with their photos, the verdicts side by side, and what happened.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use clearshot_protocol::api::{
    EventKind, EventView, EvidenceStatus, EvidenceView, ReturnItemView, ReturnView,
};
use clearshot_protocol::relevance::SubjectView;
use maud::{Markup, html};

use super::{Agent, layout, parts, relevance, words};
use crate::app::App;
use crate::problem::ApiError;
use crate::store::events::EventFilter;

/// Events of a timeline; a return of ten photos has about sixty.
const TIMELINE: u32 = 500;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Agent(principal): Agent,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let found = match id.parse() {
        Ok(id) => app.store.find_return(id).await?.filter(|found| principal.may_see(found)),
        Err(_) => None,
    };
    let Some(found) = found else {
        return Ok(layout::sorry(
            StatusCode::NOT_FOUND,
            "No such return",
            "Check the address, or look in the list.",
        ));
    };
    let filter = EventFilter { owner: None, return_id: Some(found.id) };
    let events = app.store.events_after(0, &filter, TIMELINE).await?;
    let view = app.store.view_return(found).await?;
    Ok(layout::page(&format!("Order {}", view.order), &content(&view, &events)))
}

fn content(view: &ReturnView, events: &[EventView]) -> Markup {
    html! {
        nav.trail aria-label="Where you are" { a href="/console" { "Returns" } span aria-hidden="true" { "›" } span { "Order " (view.order) } }
        div.heading {
            h1 { "Order " (view.order) }
            (parts::return_badge(view.status))
        }
        p.facts {
            span { "Opened " (parts::time(view.created_at)) }
            span { "last change " (parts::time(view.updated_at)) }
        }
        (summary(view))
        div.columns {
            div { @for item in &view.items { (item_section(item)) } }
            aside.timeline aria-labelledby="timeline" {
                h2 id="timeline" { "What happened" }
                (timeline(view, events))
            }
        }
    }
}

fn summary(view: &ReturnView) -> Markup {
    let evidence: Vec<&EvidenceView> = view.items.iter().flat_map(|item| &item.evidence).collect();
    let number = |wanted: fn(&EvidenceView) -> bool| evidence.iter().filter(|one| wanted(one)).count();
    let figures = [
        ("photos accepted", number(|one| one.status == EvidenceStatus::Accepted)),
        ("on their way", number(|one| words::evidence_status(one.status).1 == words::Tone::Waiting)),
        (
            "kept anyway",
            number(|one| one.capture.as_ref().is_some_and(|capture| capture.kept_anyway.is_some())),
        ),
        ("perhaps not the item", number(|one| !relevance::doubts(one).is_empty())),
        ("judged differently", number(relevance::is_split)),
        ("retaken", number(|one| one.status == EvidenceStatus::Superseded)),
        (
            "rejected or set aside",
            number(|one| matches!(one.status, EvidenceStatus::Rejected | EvidenceStatus::Quarantined)),
        ),
    ];
    html! {
        dl.summary {
            @for (what, number) in figures { div { dt { (what) } dd class=[(number == 0).then_some("none")] { (number) } } }
        }
    }
}

fn item_section(item: &ReturnItemView) -> Markup {
    let (earlier, current): (Vec<_>, Vec<_>) =
        item.evidence.iter().partition(|one| one.status == EvidenceStatus::Superseded);
    html! {
        section.item aria-labelledby={ "item-" (item.id) } {
            header {
                h2 id={ "item-" (item.id) } { (item.title) }
                p.facts {
                    span { "SKU " (item.sku) }
                    span { (words::count(item.quantity as usize, "piece")) }
                    span { (words::capital(&words::spaced(item.reason.as_str()))) }
                    span { "wants a " (words::spaced(item.wanted.as_str())) }
                }
            }
            @if current.is_empty() { p.empty { "No photo of this item yet." } }
            ul.photos { @for one in current { li { (card(item, one)) } } }
            @if !earlier.is_empty() {
                h3.earlier { "Earlier takes" }
                ul.takes {
                    @for one in earlier {
                        li {
                            a href={ "/console/evidence/" (one.id) } {
                                (parts::thumbnail(one, &alternative(item, one)))
                                span.take { (words::role(one)) ", replaced" @if let Some(capture) = &one.capture {
                                    @if !capture.device_analysis.reasons.is_empty() { ": " (words::reasons(&capture.device_analysis.reasons)) }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn card(item: &ReturnItemView, one: &EvidenceView) -> Markup {
    let device = one.capture.as_ref().map(|capture| &capture.device_analysis);
    let server = one.server_analysis.as_ref();
    html! {
        article.photo {
            div.picture { (parts::thumbnail(one, &alternative(item, one))) }
            div.photo-words {
                h3 {
                    a.cover href={ "/console/evidence/" (one.id) } { (words::role(one)) }
                    (parts::evidence_badge(one.status))
                }
                (relevance::badges(one))
                (parts::kept_anyway(one))
                (parts::rejection(one))
                @if device.is_some() || server.is_some() {
                    dl.verdicts {
                        (parts::verdict("Phone", device))
                        (parts::verdict("Server", server))
                    }
                    @if one.agreement == Some(false) { p.note.waiting { "Phone and server judged it differently." } }
                    @if let Some(analysis) = server.or(device) { (figures(analysis)) }
                }
            }
        }
    }
}

fn figures(analysis: &clearshot_protocol::manifest::AnalysisRecord) -> Markup {
    html! {
        @if let Some(score) = words::figure(analysis, "/sharpness/score") {
            (parts::meter("Sharpness", score, words::state(analysis, "/sharpness/state").as_deref()))
        }
        @if let Some(mean) = words::figure(analysis, "/exposure/mean") {
            (parts::meter("Light", mean / 255.0, words::state(analysis, "/exposure/state").as_deref()))
        }
        @if let Some(seen) = SubjectView::of(analysis) && let Some(&product) = seen.scores.get("product") {
            @let other = (seen.subject != "product").then(|| words::subject(&seen.subject));
            (parts::meter("Product", product, other.as_deref()))
        }
    }
}

fn alternative(item: &ReturnItemView, one: &EvidenceView) -> String {
    format!("{} photo of {}", words::role(one), item.title)
}

fn timeline(view: &ReturnView, events: &[EventView]) -> Markup {
    let told = worth_telling(view, events);
    html! {
        @for day in told.chunk_by(|one, next| words::day(one.at) == words::day(next.at)) {
            @if let Some(first) = day.first() { p.day { (words::day(first.at)) } }
            ol {
                @for event in day {
                    li class={ "event " (words::event(event.kind).1.class()) } {
                        time datetime=(event.at) { (words::time_of_day(event.at)) }
                        span { (sentence(view, event)) }
                    }
                }
            }
        }
    }
}

/// A return of ten photos has about sixty events; an agent is told of those that are not implied by another: of a
/// photo that has arrived not that it was arriving, and of a status when it was first reached, and the last one.
fn worth_telling<'a>(view: &ReturnView, events: &'a [EventView]) -> Vec<&'a EventView> {
    let last_change = events.iter().rev().find(|event| event.kind == EventKind::ReturnStatusChanged);
    let mut reached = HashSet::new();
    let arrived = |event: &EventView| {
        let mut evidence = view.items.iter().flat_map(|item| &item.evidence);
        evidence.any(|one| Some(one.id) == event.evidence_id && one.received_at.is_some())
    };
    events
        .iter()
        .filter(|event| match event.kind {
            EventKind::EvidenceUploading => !arrived(event),
            EventKind::ReturnStatusChanged => {
                let first = reached.insert(event.data["status"].as_str());
                first || last_change.is_some_and(|last| last.id == event.id)
            }
            _ => true,
        })
        .collect()
}

fn sentence(view: &ReturnView, event: &EventView) -> Markup {
    let words = words::event(event.kind).0;
    let photo = event.evidence_id.and_then(|id| {
        view.items
            .iter()
            .find_map(|item| item.evidence.iter().find(|one| one.id == id).map(|one| (item, one)))
    });
    html! {
        (words)
        @if event.kind == EventKind::ReturnStatusChanged {
            @if let Some(status) = event.data.get("status").and_then(|status| status.as_str()) { " " strong { (words::spaced(status)) } }
        }
        @if let Some((item, one)) = photo {
            a.what href={ "/console/evidence/" (one.id) } { (words::role(one)) ", " (item.title) }
        }
    }
}
