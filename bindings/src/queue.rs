//! The queue as it crosses the border: entries, counters, and what opening it mended.

use clearshot_capture as core;

use crate::report::{ShotRole, Verdict};
use crate::words::{CaptureState, Choice, NetworkPolicy};

/// A photo, as the queue shows it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QueueEntry {
    /// The capture's id.
    pub capture: String,
    /// The sitting.
    pub session: String,
    /// The return.
    pub return_id: String,
    /// The line of the return.
    pub item: String,
    /// The line's SKU, where it is known.
    pub sku: Option<String>,
    /// The slot.
    pub shot: String,
    /// What the slot should show.
    pub role: ShotRole,
    /// When it was taken, in milliseconds since 1970.
    pub taken_at: i64,
    /// What analysis said; absent where the queue was rebuilt from a photo that could not be opened.
    pub verdict: Option<Verdict>,
    /// Codes of the reasons to retake.
    pub reasons: Vec<String>,
    /// Whether the shopper kept it although analysis would have retaken it.
    pub kept_anyway: bool,
    /// The photo that it replaces.
    pub supersedes: Option<String>,
    /// The photo that replaces it.
    pub superseded_by: Option<String>,
    /// Where it stands.
    pub state: CaptureState,
    /// Bytes that the server is known to have.
    pub offset: u64,
    /// Sealed bytes, in all.
    pub length: u64,
    /// Digest of the sealed bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// Failed tries since the last progress.
    pub attempts: u32,
    /// When it is tried again, if it waits; in milliseconds since 1970.
    pub next_at: Option<i64>,
    /// A stable code of what went wrong last, such as `network` or the server's.
    pub error: Option<String>,
    /// A sentence: where it stands and why.
    pub status: String,
    /// A sentence: what the shopper can do; absent where the choices say it all.
    pub advice: Option<String>,
    /// What the shopper can do, the most helpful first; empty where nothing is left to do.
    pub choices: Vec<Choice>,
    /// Which networks it may use.
    pub network: NetworkPolicy,
    /// Whether the photo is still on this device.
    pub on_device: bool,
}

/// How many photos stand where. They always add up to `captured`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Counters {
    /// All of them.
    pub captured: u64,
    /// [`CaptureState::Queued`].
    pub queued: u64,
    /// [`CaptureState::Uploading`].
    pub uploading: u64,
    /// [`CaptureState::Uploaded`].
    pub uploaded: u64,
    /// [`CaptureState::Accepted`].
    pub accepted: u64,
    /// [`CaptureState::Rejected`].
    pub rejected: u64,
    /// [`CaptureState::Stalled`].
    pub stalled: u64,
    /// [`CaptureState::Lost`].
    pub lost: u64,
}

/// What opening the queue found and mended. All zero on an ordinary day.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RepairReport {
    /// Photos without a row, back in the queue.
    pub adopted: Vec<String>,
    /// Photos that are gone or no longer whole: now lost.
    pub lost: Vec<String>,
    /// Photos that were lost and are back, whole.
    pub found: Vec<String>,
    /// Damaged or foreign files that were set aside.
    pub quarantined: u32,
    /// Second copies of photos that were set aside.
    pub duplicates: u32,
    /// Files of a later version, left alone.
    pub newer: u32,
    /// Photos that were never finished, removed.
    pub unfinished_removed: u32,
    /// Whether the queue's database was damaged, and rebuilt from the photos.
    pub database_rebuilt: bool,
    /// Files that the disk does not give at the moment; left as they are.
    pub unreadable: u32,
    /// Whether the key store had lost the device key, so that a new one was made: older photos can still be sent, and no
    /// longer be looked at.
    pub device_key_replaced: bool,
}

/// Photos that were deleted from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Deleted {
    /// How many.
    pub photos: u64,
    /// Bytes that they took.
    pub bytes: u64,
}

impl From<core::QueueEntry> for QueueEntry {
    fn from(entry: core::QueueEntry) -> Self {
        Self {
            choices: entry.choices().into_iter().map(Choice::from).collect(),
            capture: entry.capture.to_string(),
            session: entry.session.to_string(),
            return_id: entry.return_id.to_string(),
            item: entry.item.to_string(),
            sku: entry.sku,
            shot: entry.shot.to_string(),
            role: entry.role.into(),
            taken_at: entry.taken_at.as_millisecond(),
            verdict: entry.verdict.map(Verdict::from),
            reasons: entry.reasons,
            kept_anyway: entry.kept_anyway.is_some(),
            supersedes: entry.supersedes.map(|capture| capture.to_string()),
            superseded_by: entry.superseded_by.map(|capture| capture.to_string()),
            state: entry.state.into(),
            offset: entry.offset,
            length: entry.length,
            sha256: entry.sha256.to_string(),
            attempts: entry.attempts,
            next_at: entry.next_at.map(clearshot_protocol::Timestamp::as_millisecond),
            error: entry.error,
            status: entry.status,
            advice: entry.advice,
            network: entry.metered.into(),
            on_device: entry.on_device,
        }
    }
}

impl From<core::Counters> for Counters {
    fn from(counters: core::Counters) -> Self {
        let core::Counters { captured, queued, uploading, uploaded, accepted, rejected, stalled, lost } =
            counters;
        Self { captured, queued, uploading, uploaded, accepted, rejected, stalled, lost }
    }
}

impl From<core::RepairReport> for RepairReport {
    fn from(report: core::RepairReport) -> Self {
        let core::RepairReport {
            adopted,
            lost,
            found,
            quarantined,
            duplicates,
            newer,
            unfinished_removed,
            damaged_database,
        } = report;
        let ids =
            |captures: Vec<clearshot_protocol::CaptureId>| captures.iter().map(ToString::to_string).collect();
        Self {
            adopted: ids(adopted),
            lost: ids(lost),
            found: ids(found),
            quarantined: quarantined.len() as u32,
            duplicates: duplicates.len() as u32,
            newer: newer.len() as u32,
            unfinished_removed,
            database_rebuilt: damaged_database.is_some(),
            unreadable: 0,
            device_key_replaced: false,
        }
    }
}

impl From<core::Swept> for Deleted {
    fn from(swept: core::Swept) -> Self {
        Self { photos: swept.photos, bytes: swept.bytes }
    }
}
