//! What the codecs ask of the state machine, and what it says. No header, no status code.

use clearshot_protocol::upload::{UPLOADS_PATH, UploadMetadata};
use clearshot_protocol::{Sha256Digest, Timestamp};
use uuid::Uuid;

use super::checksum::Checksum;

/// A new upload, or the one that the same creation has already made.
#[derive(Debug, Clone, Default)]
pub(super) struct Creation {
    /// Bytes in all; absent while nobody knows.
    pub(super) length: Option<u64>,
    /// What the bytes are; absent when that is said later.
    pub(super) capture: Option<UploadMetadata>,
    /// `Upload-Metadata` as it came.
    pub(super) metadata: Option<String>,
    /// Digest of all bytes.
    pub(super) sha256: Option<Sha256Digest>,
    /// `Idempotency-Key`.
    pub(super) key: Option<String>,
}

/// More bytes.
#[derive(Debug, Clone)]
pub(super) struct Append {
    pub(super) start: Start,
    pub(super) ending: Ending,
    /// Bytes of the upload in all, where this request says so.
    pub(super) length: Option<u64>,
    /// Bytes of this request's body, where it says so.
    pub(super) body_length: Option<u64>,
    /// What the body must have for its bytes to be kept.
    pub(super) checksum: Option<Checksum>,
}

/// Where a body begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// At this byte, or not at all.
    At(u64),
    /// At the first; what the upload has already is passed over.
    Beginning,
}

/// When an upload has all its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// When it has as many as were declared (tus). What comes behind them is not read.
    AtLength,
    /// When this body has ended (IETF draft, `Upload-Complete: ?1`; ordinary uploads).
    WithBody,
    /// Not with this request (IETF draft, `Upload-Complete: ?0`).
    Later,
}

/// Where an upload stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) id: Uuid,
    /// Bytes that are durable.
    pub(super) offset: u64,
    pub(super) length: Option<u64>,
    pub(super) complete: bool,
    /// Digest of all bytes, once they are there.
    pub(super) sha256: Option<Sha256Digest>,
    /// `Upload-Metadata` as it was declared.
    pub(super) metadata: Option<String>,
    /// When it is removed, unless something happens to it before; evidence never is.
    pub(super) expires_at: Option<Timestamp>,
    /// Seconds until then.
    pub(super) seconds_left: Option<u64>,
}

impl Standing {
    /// The upload's address, relative to the server.
    pub(super) fn location(&self) -> String {
        location(self.id)
    }
}

pub(super) fn location(id: Uuid) -> String {
    format!("{UPLOADS_PATH}/{}", id.hyphenated())
}
