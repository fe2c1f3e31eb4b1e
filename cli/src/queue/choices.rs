//! What the shopper can do about a capture, by where it stands.
//!
//! Not responsible for the words on what went wrong: those are the queue's ([`QueueEntry::status`], and
//! [`QueueEntry::advice`] where it has some). Here are the words for what waits, on the command line.

use clearshot_capture::{CaptureState, MeteredPolicy, QueueEntry};
use clearshot_protocol::Timestamp;
use clearshot_protocol::problem::ProblemCode;
use serde::Serialize;

/// The queue's code for a try that got no answer of the server's.
const NETWORK: &str = "network";

/// One thing that the shopper can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Choice {
    /// Nothing: it goes on by itself.
    Wait,
    /// Look after the connection.
    Connect,
    /// Use a network that is not metered.
    ConnectToWifi,
    /// Get a new token.
    SignIn,
    /// Have it sent again from a clean slate.
    Retry,
    /// Ask the shop: no photo would be taken as things are.
    AskShop,
    /// Take another photo of the same.
    TakeAgain,
    /// Delete the photo from this phone.
    Discard,
}

/// Everything that the shopper can do about a capture; nothing, where nothing is left to do.
pub(crate) fn choices(entry: &QueueEntry) -> Vec<Choice> {
    match entry.state {
        CaptureState::Queued | CaptureState::Uploading | CaptureState::Uploaded if wants_sign_in(entry) => {
            vec![Choice::SignIn]
        }
        CaptureState::Queued | CaptureState::Uploading => match entry.metered {
            MeteredPolicy::Unmetered => vec![Choice::ConnectToWifi],
            MeteredPolicy::UnmeteredThenAny => vec![Choice::Wait, Choice::ConnectToWifi],
            MeteredPolicy::Any if entry.error.as_deref() == Some(NETWORK) => {
                vec![Choice::Wait, Choice::Connect]
            }
            MeteredPolicy::Any => vec![Choice::Wait],
        },
        CaptureState::Uploaded => vec![Choice::Wait],
        CaptureState::Accepted => Vec::new(),
        CaptureState::Stalled => vec![Choice::Retry],
        CaptureState::Rejected | CaptureState::Lost => {
            let instead = if entry.another_photo_helps() { Choice::TakeAgain } else { Choice::AskShop };
            let again = (!is_replaced(entry)).then_some(instead);
            let with_photo: &[Choice] = if entry.on_device { &[Choice::Retry, Choice::Discard] } else { &[] };
            again.into_iter().chain(with_photo.iter().copied()).collect()
        }
    }
}

/// A sentence on it: the queue's own where it has one.
pub(crate) fn advice(entry: &QueueEntry) -> Option<String> {
    let choices = choices(entry);
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

/// Whether the server refused the token with which it was asked last (401 or 403).
fn wants_sign_in(entry: &QueueEntry) -> bool {
    let refuses_token = |code: &str| {
        let known = ProblemCode::ALL.iter().find(|problem| problem.as_str() == code);
        known.is_some_and(|problem| matches!(problem.status(), 401 | 403))
            || matches!(code, "http-401" | "http-403")
    };
    entry.error.as_deref().is_some_and(refuses_token)
}

fn is_replaced(entry: &QueueEntry) -> bool {
    entry.superseded_by.is_some()
}

fn after(next_at: Option<Timestamp>) -> String {
    next_at.map_or_else(String::new, |at| format!(" from {} UTC on", at.strftime("%H:%M:%S")))
}

#[cfg(test)]
mod tests {
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
            assert!(!choices(&entry).is_empty() && advice(&entry).is_some(), "{state}");
        }
        assert!(choices(&entry(Accepted, None)).is_empty() && advice(&entry(Accepted, None)).is_none());
    }

    #[test]
    fn a_refused_token_wants_another_one_whoever_refused_it() {
        for code in ["unauthenticated", "token-expired", "forbidden", "http-401"] {
            assert_eq!(choices(&entry(CaptureState::Uploading, Some(code))), [Choice::SignIn], "{code}");
        }
        assert_eq!(choices(&entry(CaptureState::Uploading, Some("busy"))), [Choice::Wait]);
    }

    #[test]
    fn what_waits_for_wifi_says_so() {
        let mut waiting = entry(CaptureState::Queued, None);
        waiting.metered = MeteredPolicy::Unmetered;
        assert_eq!(choices(&waiting), [Choice::ConnectToWifi]);
        waiting.metered = MeteredPolicy::UnmeteredThenAny;
        assert_eq!(choices(&waiting), [Choice::Wait, Choice::ConnectToWifi]);
    }

    #[test]
    fn a_photo_of_a_return_that_takes_none_is_a_matter_for_the_shop() {
        for code in ["unknown-item", "return-closed", "return_closed"] {
            let rejected = entry(CaptureState::Rejected, Some(code));
            assert_eq!(choices(&rejected), [Choice::AskShop, Choice::Retry, Choice::Discard], "{code}");
        }
    }

    #[test]
    fn a_rejected_photo_that_was_taken_again_is_not_to_be_taken_again() {
        let mut rejected = entry(CaptureState::Rejected, Some("not_an_image"));
        rejected.advice = Some("Take this photo again.".to_owned());
        assert_eq!(choices(&rejected), [Choice::TakeAgain, Choice::Retry, Choice::Discard]);
        rejected.superseded_by = Some(CaptureId::from_bytes([9; 16]));
        assert_eq!(choices(&rejected), [Choice::Retry, Choice::Discard]);
        assert!(advice(&rejected).unwrap().contains("can be discarded"));
        rejected.on_device = false;
        assert!(choices(&rejected).is_empty());
    }
}
