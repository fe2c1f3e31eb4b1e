//! The planner's statements.

use clearshot_protocol::field::FieldKey;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, Sha256Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::choose::Candidate;
use super::progress::{Fault, Progress, StepKind};
use crate::database::{time, word};
use crate::error::CaptureError;
use crate::plan::LeaseId;
use crate::queue::CaptureState;
use crate::senders::SenderId;

/// Seals and opens the server's words, which may repeat what it was told.
#[derive(Debug)]
pub(crate) struct Sealing<'a>(pub(crate) &'a FieldKey);

impl Sealing<'_> {
    fn context(capture: CaptureId) -> String {
        format!("captures.error_detail/{capture}")
    }

    fn seal(&self, capture: CaptureId, text: &str) -> Result<Vec<u8>, CaptureError> {
        self.0.seal(&Self::context(capture), text).map_err(|_| CaptureError::Row("a sealed text"))
    }

    /// A text that another device key sealed is as good as none.
    pub(crate) fn open(&self, capture: CaptureId, sealed: Option<&[u8]>) -> String {
        sealed.and_then(|sealed| self.0.open(&Self::context(capture), sealed).ok()).unwrap_or_default()
    }
}

/// Who performs a step, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    pub(super) id: LeaseId,
    pub(super) step: StepKind,
    pub(super) until: Timestamp,
    /// Absent where the step outlives its process.
    pub(super) sender: Option<SenderId>,
}

/// The row of a lease.
pub(super) struct LeasedRow {
    pub(super) capture: CaptureId,
    pub(super) step: StepKind,
    pub(super) length: u64,
    pub(super) sha256: Sha256Digest,
    pub(super) progress: Progress,
}

impl LeasedRow {
    pub(super) fn find(
        transaction: &Transaction<'_>,
        lease: LeaseId,
        sealing: &Sealing<'_>,
    ) -> Result<Option<Self>, CaptureError> {
        let row = transaction
            .query_row("SELECT id, lease_step FROM captures WHERE lease = ?1", [lease.0], |row| {
                Ok((CaptureId::from_bytes(row.get(0)?), row.get::<_, String>(1)?))
            })
            .optional()?;
        let Some((capture, step)) = row else { return Ok(None) };
        let (length, sha256) = sealed(transaction, capture)?;
        let progress = progress(transaction, capture, sealing)?;
        Ok(Some(Self { capture, step: word(&step, "a step")?, length, sha256, progress }))
    }
}

/// Everything that has something left to do, in the order of taking.
pub(super) fn candidates(transaction: &Transaction<'_>) -> Result<Vec<Candidate>, CaptureError> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, state, metered, saved_at, next_at, leased_until, lease_sender NOT NULL FROM captures
         WHERE state IN ('queued', 'uploading', 'uploaded') ORDER BY taken_at, id",
    )?;
    let mut rows = statement.query([])?;
    let mut candidates = Vec::new();
    while let Some(row) = rows.next()? {
        candidates.push(Candidate {
            capture: CaptureId::from_bytes(row.get(0)?),
            state: word(&row.get::<_, String>(1)?, "a state")?,
            metered: word(&row.get::<_, String>(2)?, "a metered policy")?,
            saved_at: time(row.get(3)?)?,
            next_at: optional_time(row, 4)?,
            leased_until: optional_time(row, 5)?,
            has_sender: row.get(6)?,
        });
    }
    Ok(candidates)
}

pub(super) fn ids_in_state(
    transaction: &Transaction<'_>,
    state: CaptureState,
) -> Result<Vec<CaptureId>, CaptureError> {
    let mut statement = transaction.prepare_cached("SELECT id FROM captures WHERE state = ?1")?;
    let ids = statement.query_map([state.as_str()], |row| Ok(CaptureId::from_bytes(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Everybody who has a lease and can be asked whether they live.
pub(super) fn senders(transaction: &Transaction<'_>) -> Result<Vec<SenderId>, CaptureError> {
    let mut statement = transaction
        .prepare_cached("SELECT DISTINCT lease_sender FROM captures WHERE lease_sender NOT NULL")?;
    let senders = statement.query_map([], |row| Ok(SenderId(row.get(0)?)))?;
    Ok(senders.collect::<Result<_, _>>()?)
}

pub(super) fn end_leases_of(transaction: &Transaction<'_>, sender: SenderId) -> Result<(), CaptureError> {
    let end = "UPDATE captures SET lease = NULL, lease_step = NULL, leased_until = NULL, lease_sender = NULL
               WHERE lease_sender = ?1";
    transaction.execute(end, [sender.0])?;
    Ok(())
}

/// Length and digest of a capture's sealed bytes.
pub(super) fn sealed(
    connection: &Connection,
    capture: CaptureId,
) -> Result<(u64, Sha256Digest), CaptureError> {
    connection
        .prepare_cached("SELECT length, sha256 FROM captures WHERE id = ?1")?
        .query_row(params![capture.as_bytes()], |row| {
            Ok((row.get(0)?, Sha256Digest::from_bytes(row.get(1)?)))
        })
        .optional()?
        .ok_or(CaptureError::UnknownCapture(capture))
}

/// Whether the photo of a capture is on this phone.
pub(super) fn is_on_device(connection: &Connection, capture: CaptureId) -> Result<bool, CaptureError> {
    let mut statement = connection.prepare_cached("SELECT on_device FROM captures WHERE id = ?1")?;
    let found = statement.query_row(params![capture.as_bytes()], |row| row.get(0)).optional()?;
    found.ok_or(CaptureError::UnknownCapture(capture))
}

pub(super) fn metadata(connection: &Connection, capture: CaptureId) -> Result<UploadMetadata, CaptureError> {
    let mut statement = connection.prepare_cached(
        "SELECT sessions.return_id, shots.item, captures.sha256 FROM captures
         JOIN shots ON shots.id = captures.shot JOIN sessions ON sessions.id = shots.session
         WHERE captures.id = ?1",
    )?;
    let metadata = statement.query_row(params![capture.as_bytes()], |row| {
        Ok(UploadMetadata {
            capture,
            return_id: ReturnId::from_bytes(row.get(0)?),
            item: ReturnItemId::from_bytes(row.get(1)?),
            sha256: Sha256Digest::from_bytes(row.get(2)?),
        })
    })?;
    Ok(metadata)
}

pub(super) fn progress(
    connection: &Connection,
    capture: CaptureId,
    sealing: &Sealing<'_>,
) -> Result<Progress, CaptureError> {
    let mut statement = connection.prepare_cached(
        "SELECT state, location, server_offset, high_water, offset_known, created_before, attempts, failing_since,
         next_at, polls, uploaded_at, accepted_at, error_code, error_detail, mismatches FROM captures WHERE id = ?1",
    )?;
    let mut rows = statement.query(params![capture.as_bytes()])?;
    let row = rows.next()?.ok_or(CaptureError::UnknownCapture(capture))?;
    let detail: Option<Vec<u8>> = row.get(13)?;
    let code: Option<String> = row.get(12)?;
    Ok(Progress {
        state: word(&row.get::<_, String>(0)?, "a state")?,
        location: row.get(1)?,
        offset: row.get(2)?,
        high_water: row.get(3)?,
        offset_known: row.get(4)?,
        created_before: row.get(5)?,
        attempts: row.get(6)?,
        failing_since: optional_time(row, 7)?,
        next_at: optional_time(row, 8)?,
        polls: row.get(9)?,
        uploaded_at: optional_time(row, 10)?,
        accepted_at: optional_time(row, 11)?,
        mismatches: row.get(14)?,
        fault: code.map(|code| Fault { code, detail: sealing.open(capture, detail.as_deref()) }),
    })
}

/// Writes a capture's progress, and who has its lease now.
pub(super) fn store(
    transaction: &Transaction<'_>,
    capture: CaptureId,
    progress: &Progress,
    lease: Option<Lease>,
    sealing: &Sealing<'_>,
) -> Result<(), CaptureError> {
    let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
    let fault = progress.fault.as_ref();
    let detail = fault.map(|fault| sealing.seal(capture, &fault.detail)).transpose()?;
    transaction
        .prepare_cached(
            "UPDATE captures SET state = ?2, location = ?3, server_offset = ?4, high_water = ?5, offset_known = ?6,
             created_before = ?7, attempts = ?8, failing_since = ?9, next_at = ?10, polls = ?11, uploaded_at = ?12,
             accepted_at = ?13, error_code = ?14, error_detail = ?15, lease = ?16, lease_step = ?17,
             leased_until = ?18, mismatches = ?19, lease_sender = ?20 WHERE id = ?1",
        )?
        .execute(params![
            capture.as_bytes(),
            progress.state.as_str(),
            progress.location,
            progress.offset,
            progress.high_water,
            progress.offset_known,
            progress.created_before,
            progress.attempts,
            millis(progress.failing_since),
            millis(progress.next_at),
            progress.polls,
            millis(progress.uploaded_at),
            millis(progress.accepted_at),
            fault.map(|fault| fault.code.as_str()),
            detail,
            lease.map(|lease| lease.id.0),
            lease.map(|lease| lease.step.as_str()),
            lease.map(|lease| lease.until.as_millisecond()),
            progress.mismatches,
            lease.and_then(|lease| lease.sender).map(|sender| sender.0),
        ])?;
    Ok(())
}

fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, CaptureError> {
    row.get::<_, Option<i64>>(column)?.map(time).transpose()
}
