//! `events`: what happened, append-only.

use clearshot_protocol::api::{EventKind, EventView};
use clearshot_protocol::{CaptureId, ReturnId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Change, Store, bytes, json, millis, optional_bytes, time, word};
use crate::error::ServerError;

/// Whose events are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventFilter {
    /// Only of returns with this owner.
    pub(crate) owner: Option<Vec<u8>>,
    /// Only of this return.
    pub(crate) return_id: Option<ReturnId>,
}

impl Change {
    /// Adds an event; it becomes visible with the commit of the change that it reports.
    pub(crate) async fn record(
        &mut self,
        kind: EventKind,
        return_id: ReturnId,
        evidence_id: Option<CaptureId>,
        data: &serde_json::Value,
        at: Timestamp,
    ) -> Result<(), ServerError> {
        let added =
            sqlx::query("INSERT INTO events (return_id, evidence_id, kind, at, data) VALUES (?, ?, ?, ?, ?)")
                .bind(&return_id.as_bytes()[..])
                .bind(evidence_id.as_ref().map(|id| &id.as_bytes()[..]))
                .bind(kind.as_str())
                .bind(millis(at))
                .bind(data.to_string())
                .execute(self.connection())
                .await?;
        self.last_event = Some(added.last_insert_rowid());
        Ok(())
    }
}

impl Store {
    /// Up to `limit` events after the one with number `after`, in their order.
    pub(crate) async fn events_after(
        &self,
        after: i64,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Vec<EventView>, ServerError> {
        let rows = sqlx::query(
            "SELECT events.id, return_id, evidence_id, kind, at, data
             FROM events JOIN returns ON returns.id = events.return_id
             WHERE events.id > ?1 AND (?2 IS NULL OR returns.owner = ?2) AND (?3 IS NULL OR events.return_id = ?3)
             ORDER BY events.id LIMIT ?4",
        )
        .bind(after)
        .bind(filter.owner.as_deref())
        .bind(filter.return_id.as_ref().map(|id| &id.as_bytes()[..]))
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<EventView, ServerError> {
    Ok(EventView {
        id: row.try_get("id")?,
        kind: word(row, "kind")?,
        at: time(row, "at")?,
        return_id: ReturnId::from_bytes(bytes(row, "return_id")?),
        evidence_id: optional_bytes(row, "evidence_id")?.map(CaptureId::from_bytes),
        data: json(row, "data")?.unwrap_or_default(),
    })
}
