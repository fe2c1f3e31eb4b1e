//! Deleting what the server has.

use clearshot_protocol::{CaptureId, Timestamp};
use rusqlite::params;

use crate::error::CaptureError;
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
    /// Deletes the photos that the server accepted, with the same digest, longer ago than the grace. Their rows stay: the
    /// queue goes on showing them, and the session's hash chain stays whole.
    pub fn sweep(&self, now: Timestamp) -> Result<Swept, CaptureError> {
        let _lock = self.lock_folder()?;
        let accepted_until = now.saturating_sub(self.config.grace).unwrap_or(Timestamp::MIN).as_millisecond();
        // The row first: when this is cut off in between, the next opening deletes the file.
        let swept: Vec<(CaptureId, u64)> = self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE captures SET on_device = 0
                 WHERE state = 'accepted' AND on_device = 1 AND accepted_at <= ?1 RETURNING id, length",
            )?;
            let rows = statement.query_map(params![accepted_until], |row| {
                Ok((CaptureId::from_bytes(row.get(0)?), row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        for (capture, _) in &swept {
            self.vault.remove(*capture)?;
        }
        Ok(Swept { photos: swept.len() as u64, bytes: swept.iter().map(|(_, length)| length).sum() })
    }
}
