//! Forgetting sessions of which nothing is left on this phone but rows, so that the queue does not grow for ever.
//!
//! A session is forgotten as a whole, long after the last of its photos was accepted and deleted, or given up by the
//! shopper. As a whole, because the next photo of a session needs its rows: the hash chain goes on behind the last one, a
//! retake names what it supersedes, and a photo that was taken already is known by its perceptual hash. A photo that is
//! taken for the return later begins another session, with a chain of its own. [`crate::Counters`] then no longer count
//! the forgotten ones, neither as captured nor as accepted, so that they go on adding up. What is `lost`, `stalled` or
//! rejected and still here is never forgotten, nor is anything beside it.
//!
//! The clock is not believed: set ahead by a year it would make yesterday's return look old. What counts is a time of the
//! queue's own, its age, which grows with the clock from one opening or sweep to the next, but never by more than
//! [`LONGEST_STEP`], and not at all while the clock goes back. A phone that is hardly ever used forgets later, which
//! harms nobody.

use std::collections::HashSet;
use std::time::Duration;

use clearshot_protocol::{CaptureId, SessionId, Timestamp};
use rusqlite::{Transaction, params};

use crate::database::millis;
use crate::error::CaptureError;
use crate::folder_lock::FolderLock;
use crate::vault::Vault;

/// How often there is a look at it. The rows of a session that stay a day longer cost nothing.
const EVERY: Duration = Duration::from_hours(24);

/// The most that one look adds to the age, however far the clock went meanwhile: somebody who opens the app once a week
/// loses nothing, and a clock would have to jump a dozen times to make 90 days.
const LONGEST_STEP: Duration = Duration::from_hours(7 * 24);

/// Of a session: every photo of it is accepted or given up, and no longer here.
const NOTHING_LEFT_TO_DO: &str = "NOT EXISTS (SELECT 1 FROM captures JOIN shots ON shots.id = captures.shot
     WHERE shots.session = sessions.id
     AND NOT (captures.on_device = 0 AND (captures.state = 'accepted' OR captures.discarded = 1)))";

/// Forgets the sessions that were settled for [`crate::StoreConfig::retention`], once a day.
pub(crate) fn forget_old_sessions(folder: &FolderLock<'_>, now: Timestamp) -> Result<(), CaptureError> {
    let looked_at: Option<i64> = folder
        .read(|connection| Ok(connection.query_row("SELECT aged_at FROM planner", [], |row| row.get(0))?))?;
    let passed = looked_at.map_or(0, |looked_at| now.as_millisecond().saturating_sub(looked_at));
    if looked_at.is_some() && (0..millis(EVERY)).contains(&passed) {
        return Ok(());
    }
    // Deleting some file may have failed so far. It needs its row, or it would be taken for a photo that was never sent.
    let files = folder.store.vault.files()?;
    let files: HashSet<CaptureId> = files.iter().filter_map(|path| Vault::capture_at(path)).collect();
    folder.write(|transaction| {
        let age: i64 = transaction.query_row(
            "UPDATE planner SET age = age + ?1, aged_at = ?2 RETURNING age",
            params![passed.clamp(0, millis(LONGEST_STEP)), now.as_millisecond()],
            |row| row.get(0),
        )?;
        note_settled(transaction, age)?;
        let settled_until = age - millis(folder.store.config.retention);
        for session in settled_sessions(transaction, settled_until)? {
            if captures_of(transaction, session)?.is_disjoint(&files) {
                forget(transaction, session)?;
            }
        }
        Ok(())
    })
}

/// Something is to be done for this session again.
pub(crate) fn note_unsettled(transaction: &Transaction<'_>, session: SessionId) -> Result<(), CaptureError> {
    let note = "UPDATE sessions SET settled_age = NULL WHERE id = ?1 AND settled_age NOT NULL";
    transaction.prepare_cached(note)?.execute(params![session.as_bytes()])?;
    Ok(())
}

fn note_settled(transaction: &Transaction<'_>, age: i64) -> Result<(), CaptureError> {
    let note =
        format!("UPDATE sessions SET settled_age = ?1 WHERE settled_age IS NULL AND {NOTHING_LEFT_TO_DO}");
    transaction.execute(&note, [age])?;
    Ok(())
}

fn settled_sessions(transaction: &Transaction<'_>, until: i64) -> Result<Vec<SessionId>, CaptureError> {
    let mut statement = transaction
        .prepare(&format!("SELECT id FROM sessions WHERE settled_age <= ?1 AND {NOTHING_LEFT_TO_DO}"))?;
    let ids = statement.query_map([until], |row| Ok(SessionId::from_bytes(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The captures of a session.
pub(crate) fn captures_of(
    transaction: &Transaction<'_>,
    session: SessionId,
) -> Result<HashSet<CaptureId>, CaptureError> {
    let mut statement = transaction.prepare_cached(
        "SELECT captures.id FROM captures JOIN shots ON shots.id = captures.shot WHERE shots.session = ?1",
    )?;
    let ids =
        statement.query_map(params![session.as_bytes()], |row| Ok(CaptureId::from_bytes(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Removes every row of a session.
pub(crate) fn forget(transaction: &Transaction<'_>, session: SessionId) -> Result<(), CaptureError> {
    for delete in [
        "DELETE FROM captures WHERE shot IN (SELECT id FROM shots WHERE session = ?1)",
        "DELETE FROM shots WHERE session = ?1",
        "DELETE FROM items WHERE session = ?1",
        "DELETE FROM sessions WHERE id = ?1",
    ] {
        transaction.prepare_cached(delete)?.execute(params![session.as_bytes()])?;
    }
    Ok(())
}
