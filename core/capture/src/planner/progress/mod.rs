//! The state machine of one capture's upload. Pure: no clock, no database, no randomness of its own.
//!
//! ```text
//! queued ──create──▶ uploading ──last byte──▶ uploaded ──accepted, same digest──▶ accepted
//!    ▲                 │    ▲                    │
//!    │ 404, 410, 460   │    └── ask, append ─────┤ 404: created again under the same id
//!    └─────────────────┴── too many faults ──▶ stalled;  413, 415, 422, not evidence, thrice 460 ──▶ rejected
//! ```

use std::time::Duration;

use clearshot_protocol::Sha256Digest;
use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{EvidenceStatus, Rejection};
use clearshot_protocol::upload::{CREATION_BODY_LIMIT, PATCH_CHUNK, UploadMetadata};

use super::choose::later;
use crate::config::StoreConfig;
use crate::plan::{Outcome, UploadRequest};
use crate::queue::CaptureState;

/// When the server is asked whether it accepts: 0.3 s after the last byte (a re-check takes about that long), then 1 s,
/// 2 s, doubling to the longest back-off.
const FIRST_POLL: Duration = Duration::from_millis(300);

/// How often a photo that a person at the shop looks at first is asked about: people take hours.
const QUARANTINE_POLL: Duration = Duration::from_hours(1);

/// How often all bytes may arrive without having the declared digest. They are whole here (that is checked before they
/// are created anew), so something on the way changes them: a faulty proxy is not got rid of by a fourth try.
const DIGEST_TRIES: u32 = 3;

/// The code of a rejection that means the same as the status 460.
const DIGEST_MISMATCH: &str = "digest_mismatch";

/// Failed tries before time alone can stall a capture: a clock that jumps a day ahead is no day of failing.
const TRIES_BEFORE_TIME: u32 = 3;

/// The kind of a step that is out, by which its outcome is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    Create,
    AskOffset,
    Append,
    Confirm,
}

crate::config::stored_words!(StepKind, {
    Create = "create",
    AskOffset = "ask_offset",
    Append = "append",
    Confirm = "confirm"
});

/// What went wrong last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: String,
    pub(crate) detail: String,
}

impl Fault {
    /// A person at the shop has to look at it.
    pub(crate) fn quarantined(rejection: Option<&Rejection>) -> Self {
        let detail = rejection.map(|rejection| rejection.detail.clone()).unwrap_or_default();
        Self { code: "quarantined".to_owned(), detail }
    }
}

/// How far an upload is. The fields are the columns of the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) state: CaptureState,
    pub(crate) location: Option<String>,
    pub(crate) offset: u64,
    pub(crate) high_water: u64,
    pub(crate) offset_known: bool,
    pub(crate) created_before: bool,
    pub(crate) attempts: u32,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) polls: u32,
    pub(crate) uploaded_at: Option<Timestamp>,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) mismatches: u32,
    pub(crate) fault: Option<Fault>,
}

/// What an outcome is judged with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) now: Timestamp,
    pub(crate) length: u64,
    pub(crate) sha256: Sha256Digest,
    /// From 0 to below 1.
    pub(crate) random: f64,
    pub(crate) config: &'a StoreConfig,
}

/// What an outcome means for the other captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// The token is refused.
    Unauthorised,
    /// The server wants to be left alone.
    Quiet(Timestamp),
}

impl Progress {
    /// Begins the next step of a capture that is queued, uploading or uploaded. What is noted here is what must be known
    /// if nothing is ever heard of the step again.
    pub(crate) fn begin(&mut self, metadata: UploadMetadata, length: u64) -> (StepKind, UploadRequest) {
        if self.state == CaptureState::Uploaded {
            return (StepKind::Confirm, UploadRequest::Confirm);
        }
        match &self.location {
            None => {
                // The server may have most of it from a try that was cut: ask by an empty creation, then go on there.
                let whole = !self.created_before && length <= CREATION_BODY_LIMIT;
                self.created_before = true;
                self.state = CaptureState::Uploading;
                (StepKind::Create, UploadRequest::Create { metadata, body: if whole { length } else { 0 } })
            }
            Some(location) if self.offset_known => {
                let location = location.clone();
                self.offset_known = false;
                let body = length.saturating_sub(self.offset).min(PATCH_CHUNK);
                (StepKind::Append, UploadRequest::Append { location, offset: self.offset, body })
            }
            Some(location) => (StepKind::AskOffset, UploadRequest::AskOffset { location: location.clone() }),
        }
    }

    /// Takes the outcome of the step that was begun last.
    pub(crate) fn apply(&mut self, step: StepKind, outcome: &Outcome, situation: &Situation<'_>) -> Effect {
        match outcome {
            Outcome::Cancelled => self.rest(),
            Outcome::NetworkFault { detail } => self.fault("network", detail, None, situation),
            Outcome::Created { location, offset } if step == StepKind::Create => {
                self.location = Some(location.clone());
                self.arrived(*offset, situation);
            }
            Outcome::Offset { offset } if matches!(step, StepKind::AskOffset | StepKind::Append) => {
                self.offset_reported(step, *offset, situation);
            }
            Outcome::Evidence { status, sha256, rejection } if step == StepKind::Confirm => {
                self.evidence(*status, *sha256, rejection.as_ref(), situation);
            }
            Outcome::Created { .. } | Outcome::Offset { .. } | Outcome::Evidence { .. } => {
                self.fault("unexpected_answer", "The answer does not fit the request.", None, situation);
            }
            Outcome::Refused { status, code, detail, retry_after } => {
                return self.refused(
                    step,
                    *status,
                    &Fault { code: code.clone(), detail: detail.clone() },
                    *retry_after,
                    situation,
                );
            }
        }
        Effect::None
    }

    /// Begins anew, at the shopper's wish or because the photo is back.
    pub(crate) fn retry(&mut self) {
        if self.state == CaptureState::Rejected {
            self.forget_location();
        }
        self.offset_known = false;
        self.attempts = 0;
        self.failing_since = None;
        self.next_at = None;
        self.polls = 0;
        self.mismatches = 0;
        self.uploaded_at = None;
        self.high_water = 0;
        self.fault = None;
        self.state = CaptureState::Queued;
        self.rest();
    }

    /// The photo is no longer whole here.
    pub(crate) fn lose(&mut self, code: &str, detail: &str) {
        self.state = CaptureState::Lost;
        self.next_at = None;
        self.fault = Some(Fault { code: code.to_owned(), detail: detail.to_owned() });
    }

    /// Where it stands while nothing is out.
    fn rest(&mut self) {
        if matches!(self.state, CaptureState::Queued | CaptureState::Uploading) {
            self.state = if self.location.is_some() { CaptureState::Uploading } else { CaptureState::Queued };
        }
    }

    fn arrived(&mut self, offset: u64, situation: &Situation<'_>) {
        if offset > situation.length {
            self.forget_location();
            self.fault("impossible_offset", "The server claims more bytes than there are.", None, situation);
            return;
        }
        if offset > self.high_water {
            self.high_water = offset;
            self.attempts = 0;
            self.failing_since = None;
            self.fault = None;
        }
        self.offset = offset;
        self.offset_known = true;
        self.next_at = None;
        self.state = CaptureState::Uploading;
        if offset == situation.length {
            self.state = CaptureState::Uploaded;
            self.polls = 0;
            self.uploaded_at.get_or_insert(situation.now);
            self.next_at = Some(later(situation.now, FIRST_POLL));
        }
    }

    fn offset_reported(&mut self, step: StepKind, offset: u64, situation: &Situation<'_>) {
        if offset < self.offset {
            // An acknowledged offset never decreases; this is another upload, or a server that lost it.
            self.forget_location();
            self.fault(
                "offset_shrank",
                "The server has fewer bytes than it had acknowledged.",
                None,
                situation,
            );
        } else if step == StepKind::Append && offset == self.offset {
            self.offset_known = true;
            self.fault("no_progress", "The server took none of the bytes.", None, situation);
        } else {
            self.arrived(offset, situation);
        }
    }

    fn evidence(
        &mut self,
        status: EvidenceStatus,
        sha256: Sha256Digest,
        rejection: Option<&Rejection>,
        situation: &Situation<'_>,
    ) {
        let fault = rejection.map(|it| Fault { code: it.code.clone(), detail: it.detail.clone() });
        if sha256 != situation.sha256 {
            self.end(
                CaptureState::Stalled,
                "digest_differs",
                "The server has other bytes under this photo's id.",
            );
            return;
        }
        // A retake took its place: the server had accepted it before, or had set it aside with a reason.
        let status = match status {
            EvidenceStatus::Superseded if fault.is_some() => EvidenceStatus::Rejected,
            other => other,
        };
        match status {
            EvidenceStatus::Accepted | EvidenceStatus::Superseded => {
                self.state = CaptureState::Accepted;
                self.accepted_at = Some(situation.now);
                self.next_at = None;
                self.fault = None;
            }
            EvidenceStatus::Rejected => match fault {
                Some(fault) if fault.code == DIGEST_MISMATCH => {
                    self.damaged_on_the_way(&fault.code, &fault.detail, None, situation);
                }
                fault => {
                    self.state = CaptureState::Rejected;
                    self.next_at = None;
                    self.fault = fault;
                }
            },
            EvidenceStatus::Quarantined => {
                // Waits for a person, however long that takes; what comes after is timed anew.
                self.uploaded_at = Some(situation.now);
                self.attempts = 0;
                self.failing_since = None;
                self.polls = 0;
                self.fault = Some(Fault::quarantined(rejection));
                self.next_at = Some(later(situation.now, QUARANTINE_POLL));
            }
            EvidenceStatus::Received | EvidenceStatus::Verifying => {
                let since = *self.uploaded_at.get_or_insert(situation.now);
                let config = situation.config;
                // Time alone does not end it: the clock may have jumped.
                if self.polls >= config.stall_tries && situation.now >= later(since, config.stall_after) {
                    self.end(
                        CaptureState::Stalled,
                        "not_confirmed",
                        "The server has not said whether it accepts it.",
                    );
                    return;
                }
                self.attempts = 0;
                self.failing_since = None;
                self.fault = fault;
                self.polls = self.polls.saturating_add(1);
                self.next_at = Some(later(situation.now, poll_after(self.polls, situation.config)));
            }
            EvidenceStatus::Announced | EvidenceStatus::Uploading => {
                self.state = CaptureState::Uploading;
                self.offset_known = false;
                self.fault("incomplete", "The server does not have all of it yet.", None, situation);
            }
        }
    }

    fn refused(
        &mut self,
        step: StepKind,
        status: u16,
        fault: &Fault,
        retry_after: Option<Duration>,
        situation: &Situation<'_>,
    ) -> Effect {
        let Fault { code, detail } = fault;
        match status {
            401 | 403 => {
                self.rest();
                self.fault = Some(fault.clone());
                return Effect::Unauthorised;
            }
            409 => {
                self.offset_known = false;
                self.fault(code, detail, retry_after, situation);
            }
            // There is nothing to forget yet: it is the return that the server does not know.
            404 | 410 if step == StepKind::Create => self.end(CaptureState::Stalled, code, detail),
            404 | 410 => {
                self.forget_location();
                self.fault(code, detail, retry_after, situation);
            }
            413 | 415 | 422 => self.end(CaptureState::Rejected, code, detail),
            460 => self.damaged_on_the_way(code, detail, retry_after, situation),
            400..=499 if !matches!(status, 408 | 425 | 429) => self.end(CaptureState::Stalled, code, detail),
            _ => {
                self.fault(code, detail, retry_after, situation);
                // Both mean the server as a whole.
                if let (Some(_), 429 | 503, Some(until)) = (retry_after, status, self.next_at) {
                    return Effect::Quiet(until);
                }
            }
        }
        Effect::None
    }

    /// The server has all bytes, and they are not those of the photo: they are sent again, from nothing.
    fn damaged_on_the_way(
        &mut self,
        code: &str,
        detail: &str,
        retry_after: Option<Duration>,
        situation: &Situation<'_>,
    ) {
        self.mismatches = self.mismatches.saturating_add(1);
        if self.mismatches >= DIGEST_TRIES {
            self.end(CaptureState::Rejected, code, detail);
            return;
        }
        self.forget_location();
        self.uploaded_at = None;
        self.fault(code, detail, retry_after, situation);
    }

    fn end(&mut self, state: CaptureState, code: &str, detail: &str) {
        self.state = state;
        self.next_at = None;
        self.fault = Some(Fault { code: code.to_owned(), detail: detail.to_owned() });
    }

    /// Counts a failed try, and says when the next one is; or that there is none.
    fn fault(&mut self, code: &str, detail: &str, retry_after: Option<Duration>, situation: &Situation<'_>) {
        self.rest();
        self.attempts = self.attempts.saturating_add(1);
        let since = *self.failing_since.get_or_insert(situation.now);
        let config = situation.config;
        let too_long =
            self.attempts >= TRIES_BEFORE_TIME && situation.now >= later(since, config.stall_after);
        if self.attempts >= config.stall_tries || too_long {
            self.end(CaptureState::Stalled, code, detail);
            return;
        }
        let wait = back_off(self.attempts, situation.random, config);
        // What a server asks for is obeyed, up to the time after which a capture stalls anyway.
        let asked = retry_after.unwrap_or_default().min(config.stall_after);
        self.next_at = Some(later(situation.now, wait.max(asked)));
        self.fault = Some(Fault { code: code.to_owned(), detail: detail.to_owned() });
    }

    /// The server no longer knows the upload: it is created again, under the same id.
    fn forget_location(&mut self) {
        self.location = None;
        self.offset = 0;
        self.offset_known = false;
        if !matches!(self.state, CaptureState::Rejected | CaptureState::Stalled) {
            self.state = CaptureState::Queued;
        }
    }
}

/// Full jitter (Brooker, "Exponential Backoff and Jitter", 2015), between the two bounds: the nth failed try in a row
/// waits between the shortest and 2ⁿ times the shortest.
fn back_off(attempts: u32, random: f64, config: &StoreConfig) -> Duration {
    let shortest = config.min_back_off;
    let longest =
        shortest.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX)).min(config.max_back_off);
    shortest + longest.saturating_sub(shortest).mul_f64(random)
}

fn poll_after(polls: u32, config: &StoreConfig) -> Duration {
    let doubled = Duration::from_secs(1).saturating_mul(1_u32.checked_shl(polls - 1).unwrap_or(u32::MAX));
    doubled.min(config.max_back_off)
}

#[cfg(test)]
mod tests;
