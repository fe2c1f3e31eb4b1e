//! Deleting what the server has, and what the shopper gives up.

use clearshot_protocol::{CaptureId, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use crate::error::CaptureError;
use crate::forget::forget_old_sessions;
use crate::planner::clock;
use crate::queue::CaptureState;
use crate::store::CaptureStore;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Photos deleted from this phone.
    pub photos: u64,
    /// Bytes that they took.
    pub bytes: u64,
}

impl CaptureStore {
    /// Deletes the photos that the server accepted, with the same digest, longer ago than the grace. Their rows stay for
    /// [`crate::StoreConfig::retention`]: the queue goes on showing them, and the session's hash chain stays whole.
    pub fn sweep(&self, now: Timestamp) -> Result<Swept, CaptureError> {
        let folder = self.lock_folder()?;
        let accepted_until = now.saturating_sub(self.config.grace).unwrap_or(Timestamp::MIN).as_millisecond();
        // The row first: when this is cut off in between, the next opening deletes the file.
        let swept: Vec<(CaptureId, u64)> = folder.write(|transaction| {
            clock::settle(transaction, now, &self.config)?;
            let mut statement = transaction.prepare_cached(
                "UPDATE captures SET on_device = 0
                 WHERE state = 'accepted' AND on_device = 1 AND accepted_at <= ?1 RETURNING id, length",
            )?;
            let rows = statement.query_map(params![accepted_until], |row| {
                Ok((CaptureId::from_bytes(row.get(0)?), row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        // One that does not go keeps none of the others; the next opening tries it again.
        let removed: Vec<_> = swept.iter().map(|(capture, _)| self.vault.remove(*capture)).collect();
        removed.into_iter().collect::<Result<(), _>>()?;
        forget_old_sessions(&folder, now)?;
        Ok(Swept { photos: swept.len() as u64, bytes: swept.iter().map(|(_, length)| length).sum() })
    }

    /// Deletes the photo of a capture that the server has rejected, so that it takes no room any more; says how many
    /// bytes it took. Its row stays, and goes on saying why. Photos in any other state are not given up.
    pub fn discard(&self, capture: CaptureId) -> Result<u64, CaptureError> {
        let folder = self.lock_folder()?;
        // The row first, as above.
        let discarded: Option<u64> = folder.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE captures SET on_device = 0, discarded = 1
                 WHERE id = ?1 AND state = 'rejected' AND on_device = 1 RETURNING length",
            )?;
            Ok(statement.query_row(params![capture.as_bytes()], |row| row.get(0)).optional()?)
        })?;
        let Some(length) = discarded else {
            return match self.entry_locked(&folder, capture)?.state {
                CaptureState::Rejected => Ok(0),
                state => Err(CaptureError::WrongState { capture, state }),
            };
        };
        self.vault.remove(capture)?;
        Ok(length)
    }
}
