//! What is told of a running upload: events while it runs, a report at its end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clearshot_capture::{CaptureState, Outcome, Step, WaitReason};
use clearshot_protocol::{CaptureId, Timestamp};

/// Something that a progress display may want to show. The truth is in the queue; events can be missed by whoever
/// reads too slowly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgressEvent {
    /// A photo moved.
    Photo(PhotoProgress),
    /// Nothing can be done at the moment.
    Waiting {
        /// When it goes on by itself; `None`: when what it waits for comes.
        until: Option<Timestamp>,
        /// What it waits for.
        reason: WaitReason,
    },
    /// Everything is sent; [`crate::Uploader::run`] waits for the next capture.
    Idle,
    /// This synchronisation is over.
    Ended(SyncEnd),
}

/// Where one photo stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoProgress {
    /// The photo.
    pub capture: CaptureId,
    /// Bytes handed to the network so far, counting none twice. Never shrinks, even when a cut connection makes
    /// some of them go again; runs ahead of the server by what the system buffers.
    pub sent: u64,
    /// Bytes in all.
    pub total: u64,
    /// What is happening to it.
    pub phase: Phase,
}

/// What is happening to a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Its bytes are on their way.
    Sending,
    /// The server has all of it and is checking it.
    Verifying,
    /// The server accepted it. Final.
    Accepted,
    /// The server says that it cannot be evidence. Final.
    Rejected {
        /// A stable code.
        code: String,
        /// A sentence for a person.
        detail: String,
    },
    /// A request failed; the queue tries again by itself.
    Retrying {
        /// What went wrong, for a person.
        detail: String,
        /// When it is tried again, where that is known.
        until: Option<Timestamp>,
    },
    /// It has failed too often; somebody has to ask for another try.
    Stalled {
        /// What went wrong last, for a person.
        detail: String,
    },
    /// Its photo is no longer whole on this phone. Final.
    Lost,
    /// It was told to stop, and goes on from there later.
    Paused,
}

/// Why a synchronisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncEnd {
    /// Nothing is left to send.
    Done,
    /// Something is left, and waiting for it would take longer than the patience.
    Waiting {
        /// When to come back; `None`: when what it waits for comes.
        until: Option<Timestamp>,
        /// What it waits for.
        reason: WaitReason,
    },
    /// It was told to stop.
    Cancelled,
}

/// What a synchronisation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncReport {
    /// Why it ended.
    pub end: SyncEnd,
    /// Steps performed.
    pub steps: u64,
    /// Steps that failed: refused, or ended by a network fault. Cancelled ones do not count.
    pub failures: u64,
    /// Bytes of photos handed to the network.
    pub bytes_sent: u64,
    /// Of them, those that this uploader had handed to the network before.
    pub bytes_resent: u64,
    /// Photos that the server accepted.
    pub accepted: u64,
    /// Photos that the server rejected.
    pub rejected: u64,
}

/// How far each photo has ever come, by which nothing is counted twice and progress never shrinks.
#[derive(Debug, Default)]
pub(crate) struct HighWater(Mutex<HashMap<CaptureId, u64>>);

impl HighWater {
    /// Bytes `from..from + count` go out; says how far the photo has come, and how many of them had gone out before.
    pub(crate) fn sent(&self, capture: CaptureId, from: u64, count: u64) -> (u64, u64) {
        let mut photos = self.lock();
        let furthest = photos.entry(capture).or_default();
        let resent = furthest.saturating_sub(from).min(count);
        *furthest = (*furthest).max(from + count);
        (*furthest, resent)
    }

    /// The server has this many bytes, whoever sent them; says how far the photo has come.
    pub(crate) fn known(&self, capture: CaptureId, offset: u64) -> u64 {
        let mut photos = self.lock();
        let furthest = photos.entry(capture).or_default();
        *furthest = (*furthest).max(offset);
        *furthest
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CaptureId, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long sending each photo has taken so far, over all its tries.
#[derive(Debug, Default)]
pub(crate) struct SendTimes(Mutex<HashMap<CaptureId, Duration>>);

impl SendTimes {
    /// A request with bytes of the photo took so long.
    pub(crate) fn add(&self, capture: CaptureId, took: Duration) {
        *self.lock().entry(capture).or_default() += took;
    }

    /// All of it, once: the photo has arrived. `None` where nothing was sent here.
    pub(crate) fn take(&self, capture: CaptureId) -> Option<Duration> {
        self.lock().remove(&capture)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CaptureId, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to show of a photo after a step of it was reported and the queue said where it stands.
pub(crate) fn phase_after(outcome: &Outcome, state: CaptureState, next_at: Option<Timestamp>) -> Phase {
    let detail = failure(outcome);
    match (state, detail) {
        (CaptureState::Accepted, _) => Phase::Accepted,
        (CaptureState::Lost, _) => Phase::Lost,
        (CaptureState::Rejected, _) => {
            let (code, detail) = rejection(outcome);
            Phase::Rejected { code, detail }
        }
        (CaptureState::Stalled, detail) => Phase::Stalled { detail: detail.unwrap_or_default() },
        (_, Some(detail)) => Phase::Retrying { detail, until: next_at },
        (_, None) if *outcome == Outcome::Cancelled => Phase::Paused,
        (CaptureState::Uploaded, None) => Phase::Verifying,
        (CaptureState::Queued | CaptureState::Uploading, None) => Phase::Sending,
    }
}

/// What went wrong, if anything did.
pub(crate) fn failure(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Refused { detail, .. } | Outcome::NetworkFault { detail } => Some(detail.clone()),
        Outcome::Created { .. } | Outcome::Offset { .. } | Outcome::Evidence { .. } | Outcome::Cancelled => {
            None
        }
    }
}

/// How many bytes the outcome says that the server has.
pub(crate) fn confirmed(step: &Step, outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Created { offset, .. } | Outcome::Offset { offset } => *offset,
        Outcome::Evidence { .. } => step.length,
        Outcome::Refused { .. } | Outcome::NetworkFault { .. } | Outcome::Cancelled => 0,
    }
}

fn rejection(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::Refused { code, detail, .. } => (code.clone(), detail.clone()),
        Outcome::Evidence { rejection: Some(rejection), .. } => {
            (rejection.code.clone(), rejection.detail.clone())
        }
        _ => ("rejected".to_owned(), "the server rejected it without a reason".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_all_tries_of_a_photo_is_taken_once() {
        let (capture, other) = (CaptureId::from_bytes([1; 16]), CaptureId::from_bytes([2; 16]));
        let times = SendTimes::default();
        times.add(capture, Duration::from_secs(9));
        times.add(other, Duration::from_secs(1));
        times.add(capture, Duration::from_secs(7));
        assert_eq!(times.take(capture), Some(Duration::from_secs(16)));
        assert_eq!(times.take(capture), None);
    }

    #[test]
    fn bytes_that_go_again_are_counted_and_progress_never_shrinks() {
        let capture = CaptureId::from_bytes([1; 16]);
        let photos = HighWater::default();
        assert_eq!(photos.sent(capture, 0, 100), (100, 0));
        assert_eq!(photos.sent(capture, 40, 20), (100, 20));
        assert_eq!(photos.sent(capture, 60, 70), (130, 40));
        assert_eq!(photos.known(capture, 10), 130);
        assert_eq!(photos.known(capture, 500), 500);
        assert_eq!(photos.sent(CaptureId::from_bytes([2; 16]), 30, 5), (35, 0));
    }
}
