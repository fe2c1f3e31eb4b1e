//! Asking the server what it has, so that the promise can be checked: a lost answer is made up for, and a server that came
//! back from a backup gets again what the phone still holds.
//!
//! Only what the two disagree on is changed. Captures whose step is out are left to its outcome.

use std::time::Duration;

use clearshot_protocol::reconcile::{
    HeldCapture, HeldState, RECONCILE_LIMIT, ReconcileAnswer, ReconcileRequest, ReconciledCapture,
};
use clearshot_protocol::{CaptureId, Sha256Digest, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::choose::later;
use super::progress::{Fault, Progress};
use super::{Sealing, clock, rows};
use crate::database::millis;
use crate::error::CaptureError;
use crate::queue::CaptureState;
use crate::store::CaptureStore;

/// The server is asked this often, where nothing fails: an hour is far within the grace in which a backup is noticed.
const EVERY: Duration = Duration::from_hours(1);

/// Failed tries of a capture after which the server is asked before anything else.
const AFTER_FAILURES: u32 = 3;

/// What can be asked after: what the server may know of, and what it can still be given again.
const ASKED_AFTER: &str = "lease IS NULL AND created_before = 1 AND (state IN ('queued', 'uploading', 'uploaded', 'stalled', 'lost')
     OR (state = 'accepted' AND on_device = 1))";

impl CaptureStore {
    /// What to ask the server at the beginning of a synchronisation (`POST /v1/reconcile`); `None` when there is nothing
    /// to ask, or it was asked a short while ago and nothing has failed since.
    pub fn reconcile_request(&self, now: Timestamp) -> Result<Option<ReconcileRequest>, CaptureError> {
        self.write(|transaction| {
            clock::settle(transaction, now, &self.config)?;
            let last: Option<i64> =
                transaction.query_row("SELECT reconciled_at FROM planner", [], |row| row.get(0))?;
            let is_due = last.is_none_or(|last| later(now, Duration::ZERO).as_millisecond() >= last + millis(EVERY));
            if !is_due && !has_failing(transaction)? {
                return Ok(None);
            }
            // Those that fail most first, should there ever be more than one question takes.
            let mut statement = transaction.prepare_cached(&format!(
                "SELECT id, sha256 FROM captures WHERE {ASKED_AFTER} ORDER BY attempts DESC, taken_at, id LIMIT ?1",
            ))?;
            let captures = statement.query_map(params![RECONCILE_LIMIT], |row| {
                let sha256 = Sha256Digest::from_bytes(row.get(1)?);
                Ok(HeldCapture { id: CaptureId::from_bytes(row.get(0)?), sha256 })
            })?;
            let captures: Vec<_> = captures.collect::<Result<_, _>>()?;
            Ok((!captures.is_empty()).then_some(ReconcileRequest { captures }))
        })
    }

    /// Takes the server's answer; says how many captures stand elsewhere now. An empty answer notes that it was asked.
    pub fn reconciled(&self, answer: &ReconcileAnswer, now: Timestamp) -> Result<u64, CaptureError> {
        let sealing = Sealing(&self.labels);
        self.write(|transaction| {
            clock::settle(transaction, now, &self.config)?;
            clock::note(transaction, now)?;
            transaction.execute("UPDATE planner SET reconciled_at = ?1", [now.as_millisecond()])?;
            let mut changed = 0;
            for held in &answer.captures {
                let Some((length, on_device)) = asked_after(transaction, held.id)? else { continue };
                let mut progress = rows::progress(transaction, held.id, &sealing)?;
                let before = progress.clone();
                progress.reconcile(held, length, on_device, now);
                if progress != before {
                    rows::store(transaction, held.id, &progress, None, &sealing)?;
                    changed += u64::from(progress.state != before.state);
                }
            }
            Ok(changed)
        })
    }
}

fn has_failing(transaction: &Transaction<'_>) -> Result<bool, CaptureError> {
    let mut statement = transaction
        .prepare_cached(&format!("SELECT 1 FROM captures WHERE {ASKED_AFTER} AND attempts >= ?1"))?;
    Ok(statement.exists([AFTER_FAILURES])?)
}

/// Length of a capture, and whether its photo is here; `None` when it is not for the server's answer to change.
fn asked_after(
    transaction: &Transaction<'_>,
    capture: CaptureId,
) -> Result<Option<(u64, bool)>, CaptureError> {
    let mut statement = transaction
        .prepare_cached(&format!("SELECT length, on_device FROM captures WHERE id = ?1 AND {ASKED_AFTER}"))?;
    Ok(statement.query_row(params![capture.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

impl Progress {
    /// What the server's word means for a capture of `length` sealed bytes.
    fn reconcile(&mut self, held: &ReconciledCapture, length: u64, on_device: bool, now: Timestamp) {
        let fault = held
            .rejection
            .as_ref()
            .map(|rejection| Fault { code: rejection.code.clone(), detail: rejection.detail.clone() });
        match held.state {
            HeldState::Absent if self.server_had_it() && on_device => self.begin_anew(None),
            HeldState::Uploading if self.server_had_it() && on_device => {
                self.begin_anew(held.location.clone());
            }
            // The answer that named the address was lost.
            HeldState::Uploading if self.is_open() && self.location.is_none() => {
                self.begin_anew(held.location.clone());
            }
            HeldState::Received | HeldState::Quarantined if self.state != CaptureState::Uploaded => {
                self.arrive(length, now);
                if held.state == HeldState::Quarantined {
                    self.fault = Some(Fault::quarantined(held.rejection.as_ref()));
                }
            }
            HeldState::Superseded if fault.is_some() => self.settle_as(CaptureState::Rejected, fault),
            HeldState::Accepted | HeldState::Superseded => {
                self.offset = length;
                self.accepted_at.get_or_insert(now);
                self.settle_as(CaptureState::Accepted, None);
            }
            HeldState::Rejected if self.state != CaptureState::Lost => {
                self.settle_as(CaptureState::Rejected, fault);
            }
            HeldState::Conflict if self.is_open() => {
                let detail = "The server has other bytes under this photo's id.".to_owned();
                let fault = Fault { code: "digest_differs".to_owned(), detail };
                self.settle_as(CaptureState::Stalled, Some(fault));
            }
            HeldState::Absent
            | HeldState::Uploading
            | HeldState::Received
            | HeldState::Quarantined
            | HeldState::Rejected
            | HeldState::Conflict => {}
        }
    }

    /// Whether it stands as if the server had every byte.
    fn server_had_it(&self) -> bool {
        matches!(self.state, CaptureState::Uploaded | CaptureState::Accepted)
    }

    fn is_open(&self) -> bool {
        matches!(self.state, CaptureState::Queued | CaptureState::Uploading)
    }

    /// Is sent again under the same id, from where the server says.
    fn begin_anew(&mut self, location: Option<String>) {
        self.retry();
        self.offset = 0;
        self.accepted_at = None;
        self.state = if location.is_some() { CaptureState::Uploading } else { CaptureState::Queued };
        self.location = location;
    }

    /// The server has every byte, and has not said whether it accepts.
    fn arrive(&mut self, length: u64, now: Timestamp) {
        self.retry();
        (self.offset, self.high_water) = (length, length);
        self.uploaded_at = Some(now);
        self.accepted_at = None;
        self.state = CaptureState::Uploaded;
    }

    fn settle_as(&mut self, state: CaptureState, fault: Option<Fault>) {
        self.state = state;
        self.next_at = None;
        self.fault = fault;
    }
}
