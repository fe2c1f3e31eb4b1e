//! Small parts that several pages share.

use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{EvidenceStatus, EvidenceView, ReturnStatus};
use clearshot_protocol::manifest::AnalysisRecord;
use maud::{Markup, html};

use super::words::{self, Tone};

/// A word with a dot of its colour; the word alone says it all.
pub(super) fn badge(text: &str, tone: Tone) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

pub(super) fn return_badge(status: ReturnStatus) -> Markup {
    let (text, tone) = words::return_status(status);
    badge(&text, tone)
}

pub(super) fn evidence_badge(status: EvidenceStatus) -> Markup {
    let (text, tone) = words::evidence_status(status);
    badge(&text, tone)
}

pub(super) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (words::day_and_time(at)) } }
}

/// Whether the server holds a photo that it can open.
pub(super) fn has_picture(evidence: &EvidenceView) -> bool {
    evidence.capture.is_some()
}

/// The thumbnail, or the place where one would be.
pub(super) fn thumbnail(evidence: &EvidenceView, alternative: &str) -> Markup {
    if !has_picture(evidence) {
        return html! { span.no-picture { "No picture" } };
    }
    let (width, height) = evidence.capture.as_ref().map_or((4, 3), |capture| (capture.width, capture.height));
    html! {
        img src={ "/v1/evidence/" (evidence.id) "/thumbnail" } alt=(alternative) width=(width) height=(height) loading="lazy" decoding="async";
    }
}

/// One side's verdict in a few words: who, good or retake, why.
pub(super) fn verdict(who: &str, analysis: Option<&AnalysisRecord>) -> Markup {
    html! {
        div.verdict {
            dt { (who) }
            @match analysis {
                Some(analysis) => {
                    @let (word, tone) = words::verdict(analysis.verdict);
                    dd {
                        (badge(word, tone))
                        @if !analysis.reasons.is_empty() { span.why { (words::reasons(&analysis.reasons)) } }
                    }
                }
                None => dd { span.why { "not yet" } },
            }
        }
    }
}

/// A value from 0 to 1 as a bar with its number.
pub(super) fn meter(label: &str, value: f64, note: Option<&str>) -> Markup {
    html! {
        div.meter {
            span.meter-label { (label) }
            meter min="0" max="1" value={ (format!("{value:.3}")) } aria-label=(label) { (format!("{value:.2}")) }
            span.meter-value { (format!("{value:.2}")) @if let Some(note) = note { " " (note) } }
        }
    }
}

/// The shopper kept a photo that analysis would have retaken.
pub(super) fn kept_anyway(evidence: &EvidenceView) -> Markup {
    let kept = evidence.capture.as_ref().and_then(|capture| capture.kept_anyway.as_ref());
    html! {
        @if let Some(kept) = kept {
            p.note.attention {
                strong { "Kept anyway" }
                " by the shopper after " (words::count(usize::from(kept.asks), "request")) " for another"
                @if !kept.reasons.is_empty() { ": " (words::reasons(&kept.reasons)) }
            }
        }
    }
}

/// Why it was rejected or set aside.
pub(super) fn rejection(evidence: &EvidenceView) -> Markup {
    html! {
        @if let Some(rejection) = &evidence.rejection {
            p class={ "note " (words::evidence_status(evidence.status).1.class()) } { (rejection.detail) }
        }
    }
}
