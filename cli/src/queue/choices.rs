//! What the shopper is told to do about a capture, on the command line.
//!
//! Not responsible for what can be done: the queue says that ([`QueueEntry::choices`]), as it says what went wrong
//! ([`QueueEntry::status`], and [`QueueEntry::advice`] where it has some).

use clearshot_capture::{CaptureState, Choice, QueueEntry};
use clearshot_protocol::Timestamp;

/// A sentence on what to do: the queue's own where it has one.
pub(crate) fn advice(entry: &QueueEntry) -> Option<String> {
    let choices = entry.choices();
    let replaced = is_replaced(entry) && matches!(entry.state, CaptureState::Rejected | CaptureState::Lost);
    if replaced {
        let discard = if choices.contains(&Choice::Discard) { "; this one can be discarded" } else { "" };
        return Some(format!("Another photo took its place{discard}."));
    }
    if let Some(advice) = &entry.advice {
        return Some(advice.clone());
    }
    Some(match choices[..] {
        [] => return None,
        [Choice::SignIn, ..] => "Get a new token (clearshot token), then sync.".to_owned(),
        [Choice::ConnectToWifi, ..] => "Sync on WiFi: it may use no metered network.".to_owned(),
        [_, Choice::ConnectToWifi, ..] => "Sync on WiFi to have it sent at once, or wait.".to_owned(),
        [_, Choice::Connect, ..] => {
            format!("Check the connection; sync tries it again{}.", after(entry.next_at))
        }
        _ if entry.state == CaptureState::Uploaded => "Nothing to do but wait.".to_owned(),
        _ => format!("Nothing to do: the next sync sends it{}.", after(entry.next_at)),
    })
}

fn is_replaced(entry: &QueueEntry) -> bool {
    entry.superseded_by.is_some()
}

fn after(next_at: Option<Timestamp>) -> String {
    next_at.map_or_else(String::new, |at| format!(" from {} UTC on", at.strftime("%H:%M:%S")))
}

#[cfg(test)]
mod tests {
    use clearshot_capture::MeteredPolicy;
    use clearshot_protocol::api::ShotRole;
    use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId};

    use super::*;

    fn entry(state: CaptureState, error: Option<&str>) -> QueueEntry {
        QueueEntry {
            capture: CaptureId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
            return_id: ReturnId::from_bytes([3; 16]),
            item: ReturnItemId::from_bytes([4; 16]),
            sku: None,
            shot: ShotId::from_bytes([5; 16]),
            role: ShotRole::Defect,
            taken_at: Timestamp::UNIX_EPOCH,
            verdict: None,
            reasons: Vec::new(),
            kept_anyway: None,
            supersedes: None,
            superseded_by: None,
            state,
            offset: 0,
            length: 1,
            sha256: Sha256Digest::of(b""),
            attempts: 0,
            next_at: None,
            error: error.map(str::to_owned),
            status: String::new(),
            advice: None,
            metered: MeteredPolicy::Any,
            on_device: true,
        }
    }

    #[test]
    fn every_state_but_accepted_has_something_to_do_and_a_sentence_for_it() {
        use CaptureState::{Accepted, Lost, Queued, Rejected, Stalled, Uploaded, Uploading};
        for state in [Queued, Uploading, Uploaded, Rejected, Stalled, Lost] {
            let entry = entry(state, None);
            assert!(!entry.choices().is_empty() && advice(&entry).is_some(), "{state}");
        }
        assert!(entry(Accepted, None).choices().is_empty() && advice(&entry(Accepted, None)).is_none());
    }

    #[test]
    fn a_rejected_photo_that_was_taken_again_is_not_to_be_taken_again() {
        let mut rejected = entry(CaptureState::Rejected, Some("not_an_image"));
        rejected.advice = Some("Take this photo again.".to_owned());
        assert_eq!(rejected.choices(), [Choice::TakeAgain, Choice::Retry, Choice::Discard]);
        rejected.superseded_by = Some(CaptureId::from_bytes([9; 16]));
        assert_eq!(rejected.choices(), [Choice::Retry, Choice::Discard]);
        assert!(advice(&rejected).unwrap().contains("can be discarded"));
        rejected.on_device = false;
        assert!(rejected.choices().is_empty());
    }
}
