//! The planner: what to send next, and what an outcome means.
//!
//! Three layers. [`progress`] is the state machine of one upload, pure: progress, step and outcome in, progress out.
//! [`choose`] picks the capture whose turn it is, pure, too. This file puts the two between two SQLite transactions and
//! leases the steps. Beside them, [`clock`] mends what a clock that was set back has left, and [`reconcile`] takes the
//! server's word on what it has.

mod choose;
pub(crate) mod clock;
mod jitter;
mod progress;
mod reconcile;
mod rows;

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use clearshot_protocol::{CaptureId, Timestamp};
use rusqlite::{Transaction, params};

use crate::error::CaptureError;
use crate::plan::{Conditions, LeaseId, Outcome, Plan, Step, UploadRequest};
use crate::queue::CaptureState;
use crate::senders::Senders;
use crate::store::CaptureStore;

use choose::{Choice, choose};
pub(crate) use jitter::Jitter;
use progress::{Effect, Situation};
pub(crate) use rows::Sealing;
use rows::{Lease, LeasedRow};

impl CaptureStore {
    /// What to do now. A step that is handed out is leased: it is nobody else's until its lease ends, its outcome is
    /// reported, or the process that has it dies. Asking again while steps are out hands out steps of other captures.
    pub fn next(&self, conditions: Conditions, now: Timestamp) -> Result<Plan, CaptureError> {
        self.next_within(usize::MAX, conditions, now)
    }

    /// As [`Self::next`], but hands out nothing while so many steps are out, those of all programs that send from this
    /// queue together. Steps that outlive their process ([`crate::StoreConfig::steps_end_with_process`]) do not count.
    pub fn next_within(
        &self,
        parallelism: usize,
        conditions: Conditions,
        now: Timestamp,
    ) -> Result<Plan, CaptureError> {
        if self.config.steps_end_with_process {
            self.senders.join()?;
        }
        loop {
            let plan = self
                .write(|transaction| self.lease_next(transaction, parallelism, conditions, now))
                // A paused store must not hold a lock.
                .inspect_err(|error| {
                    if matches!(error, CaptureError::Paused) {
                        self.senders.leave();
                    }
                })?;
            // Before the first byte goes out: is it still the photo that was sealed?
            let Plan::Upload(Step { lease, capture, request: UploadRequest::Create { .. }, .. }) = plan
            else {
                return Ok(plan);
            };
            match self.lose_if_damaged(capture) {
                Ok(false) => return Ok(plan),
                Ok(true) => {}
                // The disk does not give it now. It counts as a failed try, and its neighbours go on.
                Err(error @ (CaptureError::Read { .. } | CaptureError::Folder { .. })) => {
                    let outcome = Outcome::NetworkFault { detail: format!("this device failed to {error}") };
                    self.report(lease, &outcome, now)?;
                }
                Err(error) => {
                    // Nobody performs the step; its lease is of no use.
                    self.report(lease, &Outcome::Cancelled, now)?;
                    return Err(error);
                }
            }
        }
    }

    /// Takes a step's outcome; says where its capture stands now, or `None` when the lease had ended and the step is
    /// somebody else's by now.
    pub fn report(
        &self,
        lease: LeaseId,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Option<CaptureState>, CaptureError> {
        let random = self.jitter.lock().unwrap_or_else(PoisonError::into_inner).draw();
        let sealing = Sealing(&self.labels);
        self.write(|transaction| {
            clock::settle(transaction, now, &self.config)?;
            let Some(mut row) = LeasedRow::find(transaction, lease, &sealing)? else { return Ok(None) };
            clock::note(transaction, now)?;
            let situation =
                Situation { now, length: row.length, sha256: row.sha256, random, config: &self.config };
            match row.progress.apply(row.step, outcome, &situation) {
                Effect::None => {}
                Effect::Unauthorised => self.unauthorised.store(true, Ordering::Relaxed),
                Effect::Quiet(until) => {
                    transaction.execute(
                        "UPDATE planner SET quiet_until = max(?1, coalesce(quiet_until, 0))",
                        [until.as_millisecond()],
                    )?;
                }
            }
            rows::store(transaction, row.capture, &row.progress, None, &sealing)?;
            Ok(Some(row.progress.state))
        })
    }

    /// Tries a stalled or rejected capture again, from a clean slate; unless it was discarded.
    pub fn retry(&self, capture: CaptureId, now: Timestamp) -> Result<(), CaptureError> {
        let sealing = Sealing(&self.labels);
        self.write(|transaction| {
            clock::settle(transaction, now, &self.config)?;
            let mut progress = rows::progress(transaction, capture, &sealing)?;
            match progress.state {
                CaptureState::Rejected if !rows::is_on_device(transaction, capture)? => {
                    return Err(CaptureError::NoPhoto { capture, state: progress.state });
                }
                CaptureState::Stalled | CaptureState::Rejected => progress.retry(),
                state => return Err(CaptureError::WrongState { capture, state }),
            }
            rows::store(transaction, capture, &progress, None, &sealing)
        })
    }

    /// Tries every stalled capture again; says how many.
    pub fn retry_stalled(&self, now: Timestamp) -> Result<u64, CaptureError> {
        let sealing = Sealing(&self.labels);
        self.write(|transaction| {
            clock::settle(transaction, now, &self.config)?;
            let stalled = rows::ids_in_state(transaction, CaptureState::Stalled)?;
            for capture in &stalled {
                let mut progress = rows::progress(transaction, *capture, &sealing)?;
                progress.retry();
                rows::store(transaction, *capture, &progress, None, &sealing)?;
            }
            Ok(stalled.len() as u64)
        })
    }

    /// Ends the pause that a refused token began. The pause is not stored: a store that is opened anew tries once.
    pub fn token_renewed(&self) {
        self.unauthorised.store(false, Ordering::Relaxed);
    }

    fn lease_next(
        &self,
        transaction: &Transaction<'_>,
        parallelism: usize,
        conditions: Conditions,
        now: Timestamp,
    ) -> Result<Plan, CaptureError> {
        clock::settle(transaction, now, &self.config)?;
        end_dead_leases(transaction, &self.senders)?;
        let candidates = rows::candidates(transaction)?;
        let quiet: Option<i64> =
            transaction.query_row("SELECT quiet_until FROM planner", [], |row| row.get(0))?;
        let pause = choose::Pause {
            unauthorised: self.unauthorised.load(Ordering::Relaxed),
            quiet_until: quiet.map(crate::database::time).transpose()?,
            hands_full: choose::under_way(&candidates, now, &self.config) >= parallelism,
        };
        let capture = match choose(&candidates, conditions, pause, now, &self.config) {
            Choice::Lease(capture) => capture,
            Choice::Wait { until, reason } => return Ok(Plan::Wait { until, reason }),
            Choice::Done => return Ok(Plan::Done),
        };
        clock::note(transaction, now)?;
        let sealing = Sealing(&self.labels);
        let mut progress = rows::progress(transaction, capture, &sealing)?;
        let metadata = rows::metadata(transaction, capture)?;
        let (length, _) = rows::sealed(transaction, capture)?;
        let (step, request) = progress.begin(metadata, length);
        let lease: i64 = transaction.query_row(
            "UPDATE planner SET last_lease = last_lease + 1 RETURNING last_lease",
            [],
            |row| row.get(0),
        )?;
        let (id, until) = (LeaseId(lease), choose::later(now, self.config.lease));
        let sender = self.config.steps_end_with_process.then(|| self.senders.own());
        rows::store(transaction, capture, &progress, Some(Lease { id, step, until, sender }), &sealing)?;
        Ok(Plan::Upload(Step { lease: id, leased_until: until, capture, length, request }))
    }

    /// Looks at the whole file; when it is not what was sealed, sets it aside and marks the capture as lost.
    fn lose_if_damaged(&self, capture: CaptureId) -> Result<bool, CaptureError> {
        let (length, sha256) = self.read(|connection| rows::sealed(connection, capture))?;
        let path = self.vault.path(capture);
        match self.vault.has_digest(&path, length, sha256) {
            Ok(true) => Ok(false),
            Ok(false) => {
                let folder = self.lock_folder()?;
                self.vault.quarantine(&path)?;
                let changed = "Its file was changed after it was sealed.";
                folder.write(|transaction| {
                    mark_lost(transaction, &Sealing(&self.labels), capture, "damaged", changed)
                })?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.mark_lost(capture, "missing", "Its file is gone.")?;
                Ok(true)
            }
            Err(source) => Err(CaptureError::Read { capture, source }),
        }
    }

    /// Notes that the photo of a capture is no longer whole here. What the server has whole is not lost.
    pub(crate) fn mark_lost(
        &self,
        capture: CaptureId,
        code: &str,
        detail: &str,
    ) -> Result<CaptureState, CaptureError> {
        self.write(|transaction| mark_lost(transaction, &Sealing(&self.labels), capture, code, detail))
    }
}

/// Ends the leases of senders that died. What a step had done shows when the server is asked for its offset.
pub(crate) fn end_dead_leases(transaction: &Transaction<'_>, senders: &Senders) -> Result<(), CaptureError> {
    for sender in rows::senders(transaction)? {
        if !senders.lives(sender)? {
            rows::end_leases_of(transaction, sender)?;
        }
    }
    Ok(())
}

/// As [`CaptureStore::mark_lost`], within a transaction.
pub(crate) fn mark_lost(
    transaction: &Transaction<'_>,
    sealing: &Sealing<'_>,
    capture: CaptureId,
    code: &str,
    detail: &str,
) -> Result<CaptureState, CaptureError> {
    let mut progress = rows::progress(transaction, capture, sealing)?;
    // Of one that the server has whole, the server is still to be asked.
    if !matches!(progress.state, CaptureState::Accepted | CaptureState::Uploaded) {
        progress.lose(code, detail);
        rows::store(transaction, capture, &progress, None, sealing)?;
    }
    transaction.execute("UPDATE captures SET on_device = 0 WHERE id = ?1", params![capture.as_bytes()])?;
    Ok(progress.state)
}

/// Puts a capture whose photo is back into the queue again.
pub(crate) fn mark_found(
    transaction: &Transaction<'_>,
    sealing: &Sealing<'_>,
    capture: CaptureId,
) -> Result<(), CaptureError> {
    let mut progress = rows::progress(transaction, capture, sealing)?;
    progress.retry();
    rows::store(transaction, capture, &progress, None, sealing)?;
    transaction.execute("UPDATE captures SET on_device = 1 WHERE id = ?1", params![capture.as_bytes()])?;
    Ok(())
}
