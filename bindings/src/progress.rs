//! What is seen of a synchronisation: a snapshot while it runs, a report at its end.

use std::collections::BTreeMap;

use clearshot_capture as capture;
use clearshot_protocol::{CaptureId, Timestamp};
use clearshot_upload as core;

use crate::words::WaitReason;

/// How far a synchronisation is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncProgress {
    /// Whether one runs now.
    pub running: bool,
    /// Bytes of all its photos that were sent, now or before. Never shrinks while it runs.
    pub sent: u64,
    /// Bytes of all its photos.
    pub total: u64,
    /// Photos that the server accepted in it.
    pub accepted: u64,
    /// Photos that the server rejected in it.
    pub rejected: u64,
    /// The photos that are on their way.
    pub photos: Vec<PhotoProgress>,
    /// What it waits for, while nothing can be done.
    pub waiting: Option<Waiting>,
}

/// Where one photo on its way stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PhotoProgress {
    /// The photo.
    pub capture: String,
    /// Bytes handed to the network so far, counting none twice.
    pub sent: u64,
    /// Bytes in all.
    pub total: u64,
    /// What is happening to it.
    pub phase: Phase,
    /// What went wrong, for a person; where something did.
    pub detail: Option<String>,
}

/// What is happening to a photo on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Phase {
    /// Its bytes are being sent.
    Sending,
    /// The server has all of it and is checking it.
    Verifying,
    /// A request failed; it is tried again by itself.
    Retrying,
    /// It was told to stop, and goes on from there later.
    Paused,
}

/// What a synchronisation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Waiting {
    /// When it goes on by itself, in milliseconds since 1970; absent: when what it waits for comes.
    pub until: Option<i64>,
    /// What it waits for.
    pub reason: WaitReason,
}

/// Why a synchronisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncEnd {
    /// Nothing is left to send.
    Done,
    /// Something is left that waits, for longer than the time given.
    Waiting {
        /// What it waits for.
        waiting: Waiting,
    },
    /// The time was up while something was being sent. The next one goes on.
    TimeUp,
    /// It was cancelled. The next one goes on.
    Cancelled,
}

/// What a synchronisation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Why it ended.
    pub end: SyncEnd,
    /// Requests made.
    pub steps: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Bytes of photos handed to the network.
    pub bytes_sent: u64,
    /// Of them, those that it had handed to the network before.
    pub bytes_resent: u64,
    /// Photos that the server accepted.
    pub accepted: u64,
    /// Photos that the server rejected.
    pub rejected: u64,
}

/// What a synchronisation was at when its time was up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TimeUp {
    /// Something was being sent.
    Sending,
    /// It was waiting.
    Waiting(Waiting),
}

/// What the events of a synchronisation have said so far.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    running: bool,
    totals: core::Totals,
    accepted: u64,
    rejected: u64,
    photos: BTreeMap<CaptureId, PhotoProgress>,
    waiting: Option<Waiting>,
}

impl Watched {
    /// A synchronisation of this queue begins.
    pub(crate) fn begin(entries: &[capture::QueueEntry]) -> Self {
        Self { running: true, totals: core::Totals::of(entries), ..Self::default() }
    }

    pub(crate) fn note(&mut self, event: core::ProgressEvent) {
        match event {
            core::ProgressEvent::Photo(photo) => self.note_photo(&photo),
            core::ProgressEvent::Waiting { until, reason } => self.waiting = Some(waiting(until, reason)),
            core::ProgressEvent::Idle | core::ProgressEvent::Ended(_) => self.waiting = None,
        }
    }

    /// What it is at, when its time is up now.
    pub(crate) fn time_up(&self) -> TimeUp {
        self.waiting.map_or(TimeUp::Sending, TimeUp::Waiting)
    }

    /// Nothing runs any more.
    pub(crate) fn end(&mut self) {
        self.running = false;
        self.waiting = None;
        self.photos.clear();
    }

    pub(crate) fn snapshot(&self) -> SyncProgress {
        SyncProgress {
            running: self.running,
            sent: self.totals.sent(),
            total: self.totals.total(),
            accepted: self.accepted,
            rejected: self.rejected,
            photos: self.photos.values().cloned().collect(),
            waiting: self.waiting,
        }
    }

    fn note_photo(&mut self, photo: &core::PhotoProgress) {
        self.waiting = None;
        let sent = self.totals.note(photo);
        let on_its_way = |phase, detail: Option<&String>| PhotoProgress {
            capture: photo.capture.to_string(),
            sent,
            total: photo.total,
            phase,
            detail: detail.cloned(),
        };
        let now = match &photo.phase {
            core::Phase::Sending => Some(on_its_way(Phase::Sending, None)),
            core::Phase::Verifying => Some(on_its_way(Phase::Verifying, None)),
            core::Phase::Retrying { detail, .. } => Some(on_its_way(Phase::Retrying, Some(detail))),
            core::Phase::Paused => Some(on_its_way(Phase::Paused, None)),
            core::Phase::Accepted => {
                self.accepted += 1;
                None
            }
            core::Phase::Rejected { .. } => {
                self.rejected += 1;
                None
            }
            core::Phase::Stalled { .. } | core::Phase::Lost => None,
        };
        match now {
            Some(now) => self.photos.insert(photo.capture, now),
            // What is over, the queue shows.
            None => self.photos.remove(&photo.capture),
        };
    }
}

impl SyncReport {
    /// The core's report; `time_up` tells the end of the time from the app's cancelling.
    pub(crate) fn new(report: &core::SyncReport, time_up: Option<TimeUp>) -> Self {
        Self {
            end: match report.end {
                core::SyncEnd::Done => SyncEnd::Done,
                core::SyncEnd::Waiting { until, reason } => {
                    SyncEnd::Waiting { waiting: waiting(until, reason) }
                }
                core::SyncEnd::Cancelled => match time_up {
                    Some(TimeUp::Waiting(waiting)) => SyncEnd::Waiting { waiting },
                    Some(TimeUp::Sending) => SyncEnd::TimeUp,
                    None => SyncEnd::Cancelled,
                },
            },
            steps: report.steps,
            failures: report.failures,
            bytes_sent: report.bytes_sent,
            bytes_resent: report.bytes_resent,
            accepted: report.accepted,
            rejected: report.rejected,
        }
    }
}

fn waiting(until: Option<Timestamp>, reason: capture::WaitReason) -> Waiting {
    Waiting { until: until.map(Timestamp::as_millisecond), reason: reason.into() }
}
