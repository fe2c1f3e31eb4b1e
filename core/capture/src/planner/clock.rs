//! What becomes of waits, leases and moments when the clock is set back.
//!
//! A phone's clock is the shopper's to set, and is wrong after a flat battery. Everything that is noted with a time in
//! the future would then hold for as long as the clock had been ahead. So the planner keeps the newest time that it has
//! noted anything with; a clock behind that was set back, and what is still to wait is cut to what it may be at most.
//!
//! A clock that is set ahead ends waits early, which costs a request. It cannot be told from a phone that was off.

use std::time::Duration;

use clearshot_protocol::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::choose::later;
use crate::config::StoreConfig;
use crate::error::CaptureError;

/// A clock that is behind by this much was not set back: networks correct clocks by seconds, and threads ask the time
/// before they wait for each other.
pub(super) const TOLERANCE: Duration = Duration::from_mins(5);

/// Looks whether the clock was set back since anything was noted, and mends it. To be called before waits are judged.
pub(crate) fn settle(
    transaction: &Transaction<'_>,
    now: Timestamp,
    config: &StoreConfig,
) -> Result<(), CaptureError> {
    let newest: Option<i64> = transaction.query_row("SELECT clock_at FROM planner", [], |row| row.get(0))?;
    if newest.is_some_and(|newest| newest <= later(now, TOLERANCE).as_millisecond()) {
        return Ok(());
    }
    // No back-off is longer. What a server had asked for beyond that is not known to be still to wait.
    let soon = later(now, config.max_back_off).as_millisecond();
    let lease_end = later(now, config.lease).as_millisecond();
    let now = now.as_millisecond();
    transaction.execute(
        "UPDATE captures SET next_at = min(next_at, ?2), leased_until = min(leased_until, ?3),
         saved_at = min(saved_at, ?1), failing_since = min(failing_since, ?1),
         uploaded_at = min(uploaded_at, ?1), accepted_at = min(accepted_at, ?1)",
        params![now, soon, lease_end],
    )?;
    transaction.execute(
        "UPDATE planner SET clock_at = ?1, quiet_until = min(quiet_until, ?2), reconciled_at = min(reconciled_at, ?1)",
        params![now, soon],
    )?;
    Ok(())
}

/// Notes the time with which something is about to be noted.
pub(crate) fn note(connection: &Connection, now: Timestamp) -> Result<(), CaptureError> {
    let now = now.as_millisecond();
    connection
        .prepare_cached("UPDATE planner SET clock_at = max(coalesce(clock_at, ?1), ?1)")?
        .execute([now])?;
    Ok(())
}
