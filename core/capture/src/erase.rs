//! Deleting photos because the shopper wants it, whatever became of them.
//!
//! The one way in which a photo that was never sent leaves this phone. What the server has of it stays there: that is for
//! the returns service to delete.

use clearshot_protocol::{CaptureId, SessionId};
use rusqlite::params;

use crate::error::CaptureError;
use crate::forget::{captures_of, forget};
use crate::store::CaptureStore;
use crate::sweep::Swept;

impl CaptureStore {
    /// Deletes a session with its photos, or all of them with everything that was set aside in `quarantine/`. Steps that
    /// are out for them come to nothing. When it fails or is cut off, nothing of what is left is sent any more, and calling
    /// it again finishes.
    pub fn delete_photos(&self, session: Option<SessionId>) -> Result<Swept, CaptureError> {
        let folder = self.lock_folder()?;
        let sessions = match session {
            Some(session) => {
                folder.read(|connection| self.view(connection, session))?;
                vec![session]
            }
            None => folder.read(|connection| {
                let mut statement = connection.prepare_cached("SELECT id FROM sessions")?;
                let ids = statement.query_map([], |row| Ok(SessionId::from_bytes(row.get(0)?)))?;
                Ok(ids.collect::<Result<Vec<_>, _>>()?)
            })?,
        };
        let mut swept = Swept::default();
        let captures: Vec<CaptureId> = folder.write(|transaction| {
            let mut all = Vec::new();
            for session in &sessions {
                // The row first: a file without one would be taken for a photo that is to be sent.
                let mut statement = transaction.prepare_cached(
                    "SELECT count(*), coalesce(sum(length), 0) FROM captures WHERE on_device = 1
                     AND shot IN (SELECT id FROM shots WHERE session = ?1)",
                )?;
                let (photos, bytes): (u64, u64) =
                    statement.query_row(params![session.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                swept.photos += photos;
                swept.bytes += bytes;
                transaction
                    .prepare_cached(
                        "UPDATE captures SET on_device = 0, discarded = 1, lease = NULL, leased_until = NULL,
                         state = CASE state WHEN 'accepted' THEN state ELSE 'lost' END
                         WHERE shot IN (SELECT id FROM shots WHERE session = ?1)",
                    )?
                    .execute(params![session.as_bytes()])?;
                all.extend(captures_of(transaction, *session)?);
            }
            Ok(all)
        })?;
        let removed: Vec<_> = captures.iter().map(|capture| self.vault.remove(*capture)).collect();
        removed.into_iter().collect::<Result<(), _>>()?;
        if session.is_none() {
            self.vault.empty_quarantine()?;
        }
        // Before the rows go: after a power cut, a file that is back would be a photo to adopt.
        self.vault.sync_names()?;
        folder.write(|transaction| sessions.iter().try_for_each(|session| forget(transaction, *session)))?;
        Ok(swept)
    }
}
