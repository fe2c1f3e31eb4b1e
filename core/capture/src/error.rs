//! Everything that a store can refuse, each with a stable code and a sentence that says what to do.

use std::io;
use std::path::PathBuf;

use clearshot_analysis::{Reason, StillError};
use clearshot_protocol::envelope::EnvelopeError;
use clearshot_protocol::{CaptureId, ReturnItemId, SessionId, ShotId};

use crate::device_key::KeyWrapError;
use crate::queue::CaptureState;

/// Why something could not be done. Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The queue's folder cannot be made, read or written.
    #[error("use the queue's folder {}", path.display())]
    Folder {
        /// The folder, or what in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk is full, or its quota or a limit on file sizes is reached. Nothing was saved.
    #[error("write to the queue: the disk is full")]
    DiskFull(#[source] io::Error),
    /// The vault has reached one of its limits. Nothing was saved, and nothing was evicted.
    #[error("save the photo: {0}")]
    Quota(QuotaLimit),
    /// The photo's file could not be written. Nothing was saved.
    #[error("write the sealed photo")]
    Write(#[source] io::Error),
    /// A file of the vault could not be read.
    #[error("read the sealed photo of capture {capture}")]
    Read {
        /// The capture.
        capture: CaptureId,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The photo is no longer on this phone.
    #[error("find the photo of capture {capture} on this phone: it is {state}")]
    NoPhoto {
        /// The capture.
        capture: CaptureId,
        /// Where the capture stands.
        state: CaptureState,
    },
    /// Sealing or opening failed.
    #[error("seal or open the photo")]
    Envelope(#[from] EnvelopeError),
    /// The device key cannot be had.
    #[error(transparent)]
    DeviceKey(#[from] KeyWrapError),
    /// The photo could not be judged.
    #[error(transparent)]
    Photo(#[from] StillError),
    /// The database was written by a later version. It was left as it is.
    #[error("open the queue: its database has version {found}, and this version knows up to {known}")]
    NewerDatabase {
        /// Its version.
        found: u32,
        /// The latest that is known here.
        known: u32,
    },
    /// The database was damaged while it was open. The next [`crate::CaptureStore::open`] rebuilds it from the vault.
    #[error("use the queue's database: it is damaged")]
    DatabaseDamaged(#[source] rusqlite::Error),
    /// Another process kept the database locked for too long.
    #[error("use the queue's database: another process holds it")]
    DatabaseBusy(#[source] rusqlite::Error),
    /// The database refused for any other reason. Nothing was deleted.
    #[error("use the queue's database")]
    Database(#[source] rusqlite::Error),
    /// A row holds something that this version cannot read.
    #[error("read {0} of the queue's database")]
    Row(&'static str),
    /// The store is paused.
    #[error("use the queue: it is paused")]
    Paused,
    /// No such session.
    #[error("find session {0}")]
    UnknownSession(SessionId),
    /// No such item in this session.
    #[error("find item {0} in the session")]
    UnknownItem(ReturnItemId),
    /// No such shot.
    #[error("find shot {0}")]
    UnknownShot(ShotId),
    /// No such capture.
    #[error("find capture {0}")]
    UnknownCapture(CaptureId),
    /// An item without a SKU, or with labels that are too long.
    #[error("add the item: {0}")]
    BadItem(&'static str),
    /// What was drawn on the photo cannot be kept.
    #[error("keep what was drawn on the photo: {0}")]
    BadAnnotation(&'static str),
    /// The item's labels were sealed with another device key.
    #[error("read the labels of item {0}: they were sealed with another key")]
    LabelUnreadable(ReturnItemId),
    /// Analysis would have another photo, and the policy wants the shopper to be asked first.
    #[error("keep the photo without asking for another one ({} of {} asks made)", asks, crate::keep::ASKS)]
    AskFirst {
        /// Asks made for this shot so far.
        asks: u8,
        /// What is wrong with the photo.
        reasons: Vec<Reason>,
    },
    /// The capture is in a state in which this cannot be done.
    #[error("do this with capture {capture}: it is {state}")]
    WrongState {
        /// The capture.
        capture: CaptureId,
        /// Where it stands.
        state: CaptureState,
    },
}

/// The limit that a vault has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaLimit {
    /// [`crate::StoreConfig::max_vault_bytes`].
    #[error("the photos that wait take {used} bytes, of {limit} allowed")]
    Bytes {
        /// Bytes in the vault with the new photo.
        used: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// [`crate::StoreConfig::max_captures`].
    #[error("{used} photos wait, of {limit} allowed")]
    Captures {
        /// Captures in the vault with the new one.
        used: u64,
        /// Captures allowed.
        limit: u64,
    },
    /// [`crate::StoreConfig::max_disk_share_percent`].
    #[error("the photos that wait take {used} bytes, of {limit} that the nearly full disk allows")]
    DiskShare {
        /// Bytes in the vault with the new photo.
        used: u64,
        /// Bytes allowed.
        limit: u64,
    },
}

impl CaptureError {
    /// A stable code for the command line and language borders.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder",
            Self::DiskFull(_) => "disk_full",
            Self::Quota(QuotaLimit::Bytes { .. }) => "quota_bytes",
            Self::Quota(QuotaLimit::Captures { .. }) => "quota_captures",
            Self::Quota(QuotaLimit::DiskShare { .. }) => "quota_disk_share",
            Self::Write(_) => "write",
            Self::Read { .. } => "read",
            Self::NoPhoto { .. } => "no_photo",
            Self::Envelope(_) => "envelope",
            Self::DeviceKey(_) => "device_key",
            Self::Photo(error) => error.code(),
            Self::NewerDatabase { .. } => "newer_database",
            Self::DatabaseDamaged(_) => "database_damaged",
            Self::DatabaseBusy(_) => "database_busy",
            Self::Database(_) => "database",
            Self::Row(_) => "row",
            Self::Paused => "paused",
            Self::UnknownSession(_) => "unknown_session",
            Self::UnknownItem(_) => "unknown_item",
            Self::UnknownShot(_) => "unknown_shot",
            Self::UnknownCapture(_) => "unknown_capture",
            Self::BadItem(_) => "bad_item",
            Self::BadAnnotation(_) => "bad_annotation",
            Self::LabelUnreadable(_) => "label_unreadable",
            Self::AskFirst { .. } => "ask_first",
            Self::WrongState { .. } => "wrong_state",
        }
    }

    /// One sentence that says what to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "Choose a folder that can be made and written.",
            Self::DiskFull(_) => "Free some space on this device, then try again.",
            Self::Quota(QuotaLimit::DiskShare { .. }) => {
                "Free some space on this device or send the waiting photos, then take the photo again."
            }
            Self::Quota(_) => "Send the waiting photos, then take the photo again.",
            Self::Write(_) => "Take the photo again; if it happens again, restart the device.",
            Self::Read { .. } => "Try again; if it happens again, restart the device.",
            Self::NoPhoto { .. } => "Look at the photo on the return's page, or take it again.",
            Self::Envelope(_) => "Check that the queue is opened with the key it was written with.",
            Self::DeviceKey(_) => "Unlock this device, then try again.",
            Self::Photo(error) => error.advice(),
            Self::NewerDatabase { .. } | Self::Row(_) => "Update the app; the photos are safe until then.",
            Self::DatabaseDamaged(_) => "Open the queue again; it is rebuilt from the photos.",
            Self::DatabaseBusy(_) => "Try again in a moment.",
            Self::Database(_) => "Try again; if it happens again, check the disk. The photos are safe.",
            Self::Paused => "Resume the queue first.",
            Self::UnknownSession(_) => "Open a session for the return first.",
            Self::UnknownItem(_) => "Add the item to the session first.",
            Self::UnknownShot(_) => "Choose one of the session's shots, or add one.",
            Self::UnknownCapture(_) => "Choose one of the queue's captures.",
            Self::BadItem(_) => "Correct the item and add it again.",
            Self::BadAnnotation(_) => "Keep the photo without what was drawn on it, or draw it again.",
            Self::LabelUnreadable(_) => "Add the item again, then take the photo.",
            Self::AskFirst { .. } => "Take another photo, or insist on this one where the shop allows it.",
            Self::WrongState { .. } => {
                "Photos that have stalled or were rejected can be tried again; rejected ones can be discarded."
            }
        }
    }
}
