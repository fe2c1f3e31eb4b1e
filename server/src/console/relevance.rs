//! What the models of phone and server saw in a photo: badges, both sides' scores, and the place in the photo.
//!
//! Nothing here needs a script or the eye for a colour: every bar has its number beside it, and the place its words.

use clearshot_analysis::{ActivationMap, Reason, Region};
use clearshot_protocol::api::EvidenceView;
use clearshot_protocol::relevance::{RelevanceView, SubjectView};
use maud::{Markup, html};

use super::parts::badge;
use super::words::{self, Tone};
use crate::recheck::SEEN_BY_MODELS;

/// Opacity of the strongest cell: what lies under it must still be seen.
const STRONGEST_CELL: f32 = 0.72;

/// Cells fainter than this are left out: nobody would see them.
const FAINTEST_CELL: f32 = 0.03;

/// Reasons for which phone or server asked whether this is the item; none twice.
pub(super) fn doubts(evidence: &EvidenceView) -> Vec<String> {
    let device = evidence.capture.iter().map(|capture| &capture.device_analysis);
    let said: Vec<&str> = device
        .chain(&evidence.server_analysis)
        .flat_map(|analysis| &analysis.reasons)
        .map(String::as_str)
        .collect();
    let doubts = SEEN_BY_MODELS.into_iter().map(Reason::code).filter(|code| said.contains(code));
    doubts.map(words::reason).collect()
}

/// Whether phone and server come to another verdict, or see another thing.
pub(super) fn is_split(evidence: &EvidenceView) -> bool {
    let other_subject = evidence.relevance.as_ref().is_some_and(|seen| seen.agreement == Some(false));
    evidence.agreement == Some(false) || other_subject
}

/// What an agent should see at a glance; nothing when both saw the item.
pub(super) fn badges(evidence: &EvidenceView) -> Markup {
    let doubts = doubts(evidence);
    let split = evidence.relevance.as_ref().is_some_and(|seen| seen.agreement == Some(false));
    html! {
        @if !doubts.is_empty() || split {
            p.badges {
                @for doubt in &doubts { (badge(&format!("In doubt: {doubt}"), Tone::Attention)) }
                @if split { (badge("Phone and server see different things", Tone::Waiting)) }
            }
        }
    }
}

/// Both sides' scores with the models that gave them; nothing when no model ran.
pub(super) fn scores(evidence: &EvidenceView) -> Markup {
    let Some(seen) = &evidence.relevance else { return html! {} };
    let sides = [seen.device.as_ref(), seen.server.as_ref()];
    html! {
        div.scrolls {
            table.comparison.shares {
                caption { "What it shows" }
                thead { tr { td {} th scope="col" { "Phone" } th scope="col" { "Server" } } }
                tbody {
                    tr { th scope="row" { "Most likely" } @for side in sides { td { (most_likely(side)) } } }
                    @for subject in subjects(sides) {
                        tr {
                            th scope="row" { (words::capital(&words::subject(subject))) }
                            @for side in sides { td { (share(side, subject)) } }
                        }
                    }
                    tr { th scope="row" { "Model" } @for side in sides { td { (model(side)) } } }
                }
            }
        }
        p.hint { (verdict(seen)) }
    }
}

/// The place in the photo as the server's model saw it, drawn over a photo of `width` × `height`.
pub(super) fn overlay(map: &ActivationMap, (width, height): (u32, u32)) -> Markup {
    let cell_width = f64::from(width) / map.columns() as f64;
    let cell_height = f64::from(height) / map.rows() as f64;
    let cells = map.cells().iter().enumerate().filter(|(_, value)| **value >= FAINTEST_CELL);
    html! {
        svg.activation viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(place(map)) focusable="false" {
            @for (cell, value) in cells {
                rect.cell
                    x=(pixels((cell % map.columns()) as f64 * cell_width)) y=(pixels((cell / map.columns()) as f64 * cell_height))
                    width=(pixels(cell_width)) height=(pixels(cell_height))
                    fill-opacity=(format!("{:.2}", value * STRONGEST_CELL)) {}
            }
            @if let Some(Region { x, y, width: across, height: down }) = map.subject() {
                @for class in ["box-ground", "box"] {
                    rect class=(class)
                        x=(pixels(x * f64::from(width))) y=(pixels(y * f64::from(height)))
                        width=(pixels(across * f64::from(width))) height=(pixels(down * f64::from(height))) {}
                }
            }
        }
    }
}

/// What the colours of the overlay mean, and the same in words.
pub(super) fn legend(map: &ActivationMap) -> Markup {
    html! {
        div.legend {
            p {
                span { "not it" }
                svg.scale viewBox="0 0 50 8" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                    @for step in 0..10_u8 {
                        rect.cell x=(step * 5) y="0" width="5" height="8"
                            fill-opacity=(format!("{:.2}", f32::from(step) / 9.0 * STRONGEST_CELL)) {}
                    }
                }
                span { "surely it" }
            }
            p { (place(map)) }
        }
    }
}

/// Where the subject is, as a sentence.
fn place(map: &ActivationMap) -> String {
    let percent = |fraction: f64| (fraction * 100.0).round() as u8;
    map.subject().map_or_else(
        || "The server's model marked no single thing.".to_owned(),
        |Region { x, y, width, height }| {
            format!(
                "The server's model marked what lies from {} % to {} % of the width and from {} % to {} % of the \
                 height: {} % of the photo.",
                percent(x),
                percent(x + width),
                percent(y),
                percent(y + height),
                percent(width * height),
            )
        },
    )
}

/// Every subject that a side knows: what the server finds likeliest first, then what the phone adds.
fn subjects([device, server]: [Option<&SubjectView>; 2]) -> Vec<&str> {
    let mut known: Vec<&str> = Vec::new();
    for side in [server, device].into_iter().flatten() {
        let mut shares: Vec<_> = side.scores.iter().collect();
        shares.sort_by(|one, other| other.1.total_cmp(one.1));
        for (subject, _) in shares {
            if !known.contains(&subject.as_str()) {
                known.push(subject);
            }
        }
    }
    known
}

fn most_likely(side: Option<&SubjectView>) -> Markup {
    html! {
        @match side {
            Some(side) => strong { (words::subject(&side.subject)) ", " (words::percent(side.confidence)) },
            None => "no model",
        }
    }
}

fn share(side: Option<&SubjectView>, subject: &str) -> Markup {
    html! {
        @match side.and_then(|side| side.scores.get(subject)) {
            Some(share) => span.share {
                meter min="0" max="1" value={ (format!("{share:.3}")) } aria-hidden="true" {}
                span { (words::percent(*share)) }
            },
            None => "–",
        }
    }
}

fn model(side: Option<&SubjectView>) -> Markup {
    let model = side.and_then(|side| side.model.as_ref());
    html! {
        @match model {
            Some(model) => {
                @if let Some(version) = model.version { "version " (version) " " }
                code { (model.sha256.chars().take(8).collect::<String>()) }
            },
            None => "–",
        }
    }
}

/// How the two sides stand to each other.
fn verdict(seen: &RelevanceView) -> &'static str {
    match (seen.agreement, seen.same_model) {
        (Some(true), Some(true)) => "Phone and server ran the same model and see the same thing.",
        (Some(true), _) => "Phone and server see the same thing.",
        (Some(false), Some(true)) => {
            "Phone and server ran the same model and yet see different things. Where the shares are close, making the \
             photo smaller for its way may tip them; else look whether it is the one that was taken."
        }
        (Some(false), Some(false)) => "Phone and server see different things; they ran different models.",
        (Some(false), None) => "Phone and server see different things.",
        (None, _) if seen.server.is_some() => "The phone ran no model.",
        (None, _) => "The server ran no model.",
    }
}

/// Whole pixels are fine enough, and short.
fn pixels(value: f64) -> String {
    format!("{value:.0}")
}
