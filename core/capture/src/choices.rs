//! What the shopper can do about a capture, by where it stands.
//!
//! Not responsible for words: what went wrong the queue says ([`QueueEntry::status`], [`QueueEntry::advice`]), and how a
//! choice is called is for whoever shows it.

use clearshot_protocol::problem::ProblemCode;

use crate::config::MeteredPolicy;
use crate::queue::{CaptureState, QueueEntry};

/// The queue's code for a try that got no answer of the server's.
const NETWORK: &str = "network";

/// One thing that the shopper can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
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

crate::config::stored_words!(Choice, {
    Wait = "wait",
    Connect = "connect",
    ConnectToWifi = "connect_to_wifi",
    SignIn = "sign_in",
    Retry = "retry",
    AskShop = "ask_shop",
    TakeAgain = "take_again",
    Discard = "discard"
});

impl QueueEntry {
    /// Everything that the shopper can do about this capture, the most helpful first; nothing, where nothing is left to do.
    pub fn choices(&self) -> Vec<Choice> {
        match self.state {
            CaptureState::Queued | CaptureState::Uploading | CaptureState::Uploaded
                if self.wants_sign_in() =>
            {
                vec![Choice::SignIn]
            }
            CaptureState::Queued | CaptureState::Uploading => match self.metered {
                MeteredPolicy::Unmetered => vec![Choice::ConnectToWifi],
                MeteredPolicy::UnmeteredThenAny => vec![Choice::Wait, Choice::ConnectToWifi],
                MeteredPolicy::Any if self.error.as_deref() == Some(NETWORK) => {
                    vec![Choice::Wait, Choice::Connect]
                }
                MeteredPolicy::Any => vec![Choice::Wait],
            },
            CaptureState::Uploaded => vec![Choice::Wait],
            CaptureState::Accepted => Vec::new(),
            CaptureState::Stalled => vec![Choice::Retry],
            CaptureState::Rejected | CaptureState::Lost => {
                let instead = if self.another_photo_helps() { Choice::TakeAgain } else { Choice::AskShop };
                let again = self.superseded_by.is_none().then_some(instead);
                let with_photo: &[Choice] =
                    if self.on_device { &[Choice::Retry, Choice::Discard] } else { &[] };
                again.into_iter().chain(with_photo.iter().copied()).collect()
            }
        }
    }

    /// Whether the server refused the token with which it was asked last (401 or 403).
    fn wants_sign_in(&self) -> bool {
        let refuses_token = |code: &str| {
            let known = ProblemCode::ALL.iter().find(|problem| problem.as_str() == code);
            known.is_some_and(|problem| matches!(problem.status(), 401 | 403))
                || matches!(code, "http-401" | "http-403")
        };
        self.error.as_deref().is_some_and(refuses_token)
    }
}

#[cfg(test)]
mod tests {
    use clearshot_protocol::api::ShotRole;
    use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId, Timestamp};

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
    fn a_refused_token_wants_another_one_whoever_refused_it() {
        for code in ["unauthenticated", "token-expired", "forbidden", "http-401"] {
            assert_eq!(entry(CaptureState::Uploading, Some(code)).choices(), [Choice::SignIn], "{code}");
        }
        assert_eq!(entry(CaptureState::Uploading, Some("busy")).choices(), [Choice::Wait]);
    }

    #[test]
    fn what_waits_for_wifi_says_so() {
        let mut waiting = entry(CaptureState::Queued, None);
        waiting.metered = MeteredPolicy::Unmetered;
        assert_eq!(waiting.choices(), [Choice::ConnectToWifi]);
        waiting.metered = MeteredPolicy::UnmeteredThenAny;
        assert_eq!(waiting.choices(), [Choice::Wait, Choice::ConnectToWifi]);
    }

    #[test]
    fn a_photo_of_a_return_that_takes_none_is_a_matter_for_the_shop() {
        for code in ["unknown-item", "return-closed", "return_closed"] {
            let rejected = entry(CaptureState::Rejected, Some(code));
            assert_eq!(rejected.choices(), [Choice::AskShop, Choice::Retry, Choice::Discard], "{code}");
        }
    }
}
