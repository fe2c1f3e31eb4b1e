//! Codes as an agent reads them. A code that is not listed is shown as it is, with spaces: a newer phone may send it.

use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{EventKind, EvidenceStatus, EvidenceView, ReturnStatus};
use clearshot_protocol::manifest::{AnalysisRecord, VerdictCode};

/// How something should be looked at; also the name of its colour in the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Attention,
    Bad,
    Waiting,
    Quiet,
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Attention => "attention",
            Self::Bad => "bad",
            Self::Waiting => "waiting",
            Self::Quiet => "quiet",
        }
    }
}

pub(super) fn reason(code: &str) -> String {
    match code {
        "irrelevant" => "not the item".to_owned(),
        "person" => "shows a person".to_owned(),
        "screen" => "photo of a screen".to_owned(),
        "duplicate" => "taken before".to_owned(),
        "glare" => "reflection".to_owned(),
        "backlit" => "light from behind".to_owned(),
        other => spaced(other),
    }
}

/// What a photo can be of.
pub(super) fn subject(code: &str) -> String {
    match code {
        "document" => "paper with text".to_owned(),
        "scene" => "room or landscape".to_owned(),
        "surface" => "bare surface".to_owned(),
        other => spaced(other),
    }
}

/// `97 %`, never broken over two lines. What is not quite all is never rounded to all, nor what is a little to nothing.
pub(super) fn percent(share: f64) -> String {
    match share {
        share if share > 0.0 && share < 0.005 => "under 1\u{a0}%".to_owned(),
        0.995..1.0 => "over 99\u{a0}%".to_owned(),
        share => format!("{:.0}\u{a0}%", share * 100.0),
    }
}

pub(super) fn reasons(codes: &[String]) -> String {
    codes.iter().map(|code| reason(code)).collect::<Vec<_>>().join(", ")
}

pub(super) fn verdict(code: VerdictCode) -> (&'static str, Tone) {
    match code {
        VerdictCode::Good => ("Good", Tone::Good),
        VerdictCode::Retake => ("Retake", Tone::Attention),
    }
}

pub(super) fn return_status(status: ReturnStatus) -> (String, Tone) {
    let tone = match status {
        ReturnStatus::InReview => Tone::Attention,
        ReturnStatus::Approved => Tone::Good,
        ReturnStatus::Declined => Tone::Bad,
        ReturnStatus::Submitted | ReturnStatus::EvidencePending | ReturnStatus::MoreEvidenceRequested => {
            Tone::Waiting
        }
        ReturnStatus::Draft | ReturnStatus::Closed | ReturnStatus::Cancelled | ReturnStatus::Expired => {
            Tone::Quiet
        }
    };
    (capital(&spaced(status.as_str())), tone)
}

pub(super) fn evidence_status(status: EvidenceStatus) -> (String, Tone) {
    let tone = match status {
        EvidenceStatus::Accepted => Tone::Good,
        EvidenceStatus::Rejected => Tone::Bad,
        EvidenceStatus::Quarantined => Tone::Attention,
        EvidenceStatus::Superseded => Tone::Quiet,
        EvidenceStatus::Announced
        | EvidenceStatus::Uploading
        | EvidenceStatus::Received
        | EvidenceStatus::Verifying => Tone::Waiting,
    };
    (capital(&spaced(status.as_str())), tone)
}

pub(super) fn event(kind: EventKind) -> (&'static str, Tone) {
    match kind {
        EventKind::ReturnCreated => ("Return opened", Tone::Quiet),
        EventKind::ReturnStatusChanged => ("Return is now", Tone::Waiting),
        EventKind::EvidenceUploading => ("Photo is arriving", Tone::Quiet),
        EventKind::EvidenceReceived => ("Photo received", Tone::Quiet),
        EventKind::EvidenceUploadFailed => ("Photo damaged on its way", Tone::Waiting),
        EventKind::EvidenceAccepted => ("Photo accepted", Tone::Good),
        EventKind::EvidenceRejected => ("Photo rejected", Tone::Bad),
        EventKind::EvidenceQuarantined => ("Photo set aside", Tone::Attention),
        EventKind::EvidenceSuperseded => ("Photo replaced by a retake", Tone::Quiet),
    }
}

/// What the photo is called in a sentence: "Defect", "Overview".
pub(super) fn role(evidence: &EvidenceView) -> String {
    evidence.capture.as_ref().map_or_else(|| "Photo".to_owned(), |capture| capital(capture.role.as_str()))
}

/// A number of an analysis' report, wherever a phone of whatever version put it.
pub(super) fn figure(analysis: &AnalysisRecord, pointer: &str) -> Option<f64> {
    analysis.report.pointer(pointer)?.as_f64()
}

/// A word of an analysis' report.
pub(super) fn state(analysis: &AnalysisRecord, pointer: &str) -> Option<String> {
    analysis.report.pointer(pointer)?.as_str().map(spaced)
}

/// `2.4 MB`: decimal, as shops and phones count.
pub(super) fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", number as f64 / 1e3),
        _ => format!("{:.1} MB", number as f64 / 1e6),
    }
}

pub(super) fn day_and_time(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

pub(super) fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

/// `1 photo`, `2 photos`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

pub(super) fn spaced(code: &str) -> String {
    code.replace('_', " ")
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_nobody_knows_yet_is_still_readable() {
        assert_eq!(reason("wrong_side_up"), "wrong side up");
        assert_eq!(reasons(&["too_dark".to_owned(), "glare".to_owned()]), "too dark, reflection");
    }

    #[test]
    fn numbers_of_things_and_bytes_read_as_a_person_writes_them() {
        assert_eq!([count(1, "photo"), count(0, "photo")], ["1 photo", "0 photos"]);
        assert_eq!(
            [0.0, 0.004, 0.974, 0.997, 1.0].map(percent),
            ["0\u{a0}%", "under 1\u{a0}%", "97\u{a0}%", "over 99\u{a0}%", "100\u{a0}%"]
        );
        assert_eq!([bytes(999), bytes(1_500), bytes(2_440_000)], ["999 bytes", "2 kB", "2.4 MB"]);
    }

    #[test]
    fn an_empty_word_stays_empty() {
        assert_eq!(capital(""), "");
        assert_eq!(capital("éclair"), "Éclair");
    }
}
