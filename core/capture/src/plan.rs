//! What the planner wants done, and what it is told of the outcome.
//!
//! The planner decides and never performs: [`crate::CaptureStore::next`] hands out one [`Step`] at a time, leased, and
//! whoever can send requests (`clearshot-upload`, or a platform's background transfer) performs it and gives the
//! [`Outcome`] to [`crate::CaptureStore::report`]. Nothing here knows HTTP libraries, sockets or clocks.

use std::time::Duration;

use clearshot_protocol::api::{EvidenceStatus, Rejection};
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, Sha256Digest, Timestamp};

/// The network as the platform knows it, passed in with every question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Whether a network is there at all.
    pub online: bool,
    /// Whether it costs the shopper money by the byte.
    pub metered: bool,
}

impl Conditions {
    /// A network that costs nothing.
    pub const UNMETERED: Self = Self { online: true, metered: false };
    /// No network.
    pub const OFFLINE: Self = Self { online: false, metered: false };

    /// How many photos should travel at a time. On WiFi three hide each other's round trips and the server's syncs; a
    /// cellular uplink is narrower, and more than two only make each other slower, so that fewer are complete when the
    /// network goes.
    pub const fn parallelism(self) -> usize {
        if self.metered { 2 } else { 3 }
    }
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Perform this step, and report how it went.
    Upload(Step),
    /// Nothing can be done before `until` (or before the conditions change, when that is absent).
    Wait {
        /// When to ask again.
        until: Option<Timestamp>,
        /// What it waits for.
        reason: WaitReason,
    },
    /// Nothing is left to send.
    Done,
}

/// What the queue waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// A network.
    Offline,
    /// A network that is not metered.
    Metered,
    /// The end of a back-off.
    BackOff,
    /// Somebody else holds the lease of what is left, or as many steps are out as may be. It may be over long before the
    /// lease ends.
    Leased,
    /// A token: the last one was refused, and so was a fresh one.
    Unauthorised,
    /// The server's re-check of what has arrived.
    Verifying,
}

/// Identifies one leasing of one step; a report with an old one is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseId(pub i64);

/// One request that the planner wants made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The lease under which it may be performed.
    pub lease: LeaseId,
    /// When the lease ends, and the step may be handed to somebody else.
    pub leased_until: Timestamp,
    /// The capture it is for.
    pub capture: CaptureId,
    /// How many bytes the sealed capture has in all.
    pub length: u64,
    /// The request.
    pub request: UploadRequest,
}

/// The request of a [`Step`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadRequest {
    /// `POST` the upload, with the first `body` bytes in it (creation-with-upload; 0: none).
    Create {
        /// Ids and digest.
        metadata: UploadMetadata,
        /// How many bytes travel with the creation.
        body: u64,
    },
    /// `HEAD` the upload: how much has the server?
    AskOffset {
        /// The upload's address, as the server gave it.
        location: String,
    },
    /// `PATCH` the upload with `body` bytes from `offset`.
    Append {
        /// The upload's address, as the server gave it.
        location: String,
        /// Where the bytes begin.
        offset: u64,
        /// How many bytes.
        body: u64,
    },
    /// `GET` the evidence: has the server accepted it?
    Confirm,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The upload exists at `location`, and the server has `offset` bytes of it.
    Created {
        /// The upload's address.
        location: String,
        /// Bytes that the server has, durably.
        offset: u64,
    },
    /// The server has `offset` bytes: the answer to a `HEAD` or `PATCH`, or a 409 with `Upload-Offset`.
    Offset {
        /// Bytes that the server has, durably.
        offset: u64,
    },
    /// The server's word on the evidence.
    Evidence {
        /// Where it stands.
        status: EvidenceStatus,
        /// Digest of the sealed bytes, as the server has them.
        sha256: Sha256Digest,
        /// Why it is not evidence.
        rejection: Option<Rejection>,
    },
    /// The server answered with an error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's code (RFC 9457), or a text of the status.
        code: String,
        /// What the server said is wrong, for a person.
        detail: String,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// No answer, or none of the server's: cut connection, time-out, DNS, TLS, a captive portal's page.
    NetworkFault {
        /// What went wrong, for a person.
        detail: String,
    },
    /// The performer was told to stop. Costs no attempt.
    Cancelled,
}
