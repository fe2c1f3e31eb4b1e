//! `returns`, `items` and `idempotency_keys`.

use clearshot_protocol::api::{
    CreateReturnRequest, EventKind, EvidenceView, ReturnItemView, ReturnStatus, ReturnView,
};
use clearshot_protocol::{ReturnId, ReturnItemId, Timestamp};
use serde_json::json;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Change, Store, bytes, millis, time, word};
use crate::error::ServerError;
use crate::keys::Keys;
use crate::lifecycle;

/// A return's own row.
#[derive(Debug, Clone)]
pub(crate) struct ReturnRow {
    pub(crate) id: ReturnId,
    pub(crate) owner: Vec<u8>,
    pub(crate) order: String,
    pub(crate) status: ReturnStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Which returns a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReturnFilter {
    pub(crate) owner: Option<Vec<u8>>,
    pub(crate) only: Option<ReturnId>,
    pub(crate) status: Option<ReturnStatus>,
    /// The last entry of the page before.
    pub(crate) after: Option<ReturnId>,
    pub(crate) oldest_first: bool,
}

macro_rules! select_return {
    ($rest:literal) => {
        concat!("SELECT id, owner, order_sealed, status, created_at, updated_at FROM returns ", $rest)
    };
}

impl Change {
    /// Opens a return.
    pub(crate) async fn create_return(
        &mut self,
        id: ReturnId,
        owner: &[u8],
        request: &CreateReturnRequest,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        let keys = self.keys.clone();
        sqlx::query(
            "INSERT INTO returns (id, owner, order_sealed, status, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        )
        .bind(&id.as_bytes()[..])
        .bind(owner)
        .bind(keys.fields.seal(&order_context(id), &request.order)?)
        .bind(ReturnStatus::Submitted.as_str())
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        for (position, item) in (0_i64..).zip(&request.items) {
            let item_id = ReturnItemId::of(id, &item.sku);
            sqlx::query(
                "INSERT INTO items (id, return_id, position, sku_sealed, title_sealed, quantity, reason, wanted)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(&item_id.as_bytes()[..])
            .bind(&id.as_bytes()[..])
            .bind(position)
            .bind(keys.fields.seal(&sku_context(item_id), &item.sku)?)
            .bind(keys.fields.seal(&title_context(item_id), &item.title)?)
            .bind(i64::from(item.quantity))
            .bind(item.reason.as_str())
            .bind(item.wanted.as_str())
            .execute(self.connection())
            .await?;
        }
        let data = json!({ "status": ReturnStatus::Submitted });
        self.record(EventKind::ReturnCreated, id, None, &data, now).await
    }

    /// As [`Store::find_return`], in this change: nobody else changes the return until it is committed.
    pub(crate) async fn find_return(&mut self, id: ReturnId) -> Result<Option<ReturnRow>, ServerError> {
        let keys = self.keys.clone();
        let row = sqlx::query(select_return!("WHERE id = ?"))
            .bind(&id.as_bytes()[..])
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| read_return(&keys, &row)).transpose()
    }

    /// The request and the return that a key was first used with.
    pub(crate) async fn find_idempotency_key(
        &mut self,
        key: &[u8],
    ) -> Result<Option<(Vec<u8>, ReturnId)>, ServerError> {
        let row = sqlx::query("SELECT request, return_id FROM idempotency_keys WHERE key = ?")
            .bind(key)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| Ok((row.try_get("request")?, ReturnId::from_bytes(bytes(&row, "return_id")?))))
            .transpose()
    }

    pub(crate) async fn keep_idempotency_key(
        &mut self,
        key: &[u8],
        request: &[u8],
        return_id: ReturnId,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        sqlx::query("INSERT INTO idempotency_keys (key, request, return_id, created_at) VALUES (?, ?, ?, ?)")
            .bind(key)
            .bind(request)
            .bind(&return_id.as_bytes()[..])
            .bind(millis(now))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Brings the return's status in line with its evidence, and reports it when it changed.
    pub(crate) async fn settle_return(&mut self, id: ReturnId, now: Timestamp) -> Result<(), ServerError> {
        let row = sqlx::query("SELECT status FROM returns WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_one(self.connection())
            .await?;
        let before: ReturnStatus = word(&row, "status")?;
        let evidence = sqlx::query("SELECT status FROM evidence WHERE return_id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_all(self.connection())
            .await?;
        let evidence = evidence.iter().map(|row| word(row, "status")).collect::<Result<Vec<_>, _>>()?;
        let after = lifecycle::return_status(before, evidence);
        sqlx::query("UPDATE returns SET status = ?, updated_at = ? WHERE id = ?")
            .bind(after.as_str())
            .bind(millis(now))
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        if after != before {
            let data = json!({ "status": after, "before": before });
            self.record(EventKind::ReturnStatusChanged, id, None, &data, now).await?;
        }
        Ok(())
    }
}

impl Store {
    pub(crate) async fn find_return(&self, id: ReturnId) -> Result<Option<ReturnRow>, ServerError> {
        let row = sqlx::query(select_return!("WHERE id = ?"))
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| read_return(&self.keys, &row)).transpose()
    }

    /// Whether the return has this line.
    pub(crate) async fn has_item(&self, id: ReturnId, item: ReturnItemId) -> Result<bool, ServerError> {
        let row = sqlx::query("SELECT 1 FROM items WHERE id = ? AND return_id = ?")
            .bind(&item.as_bytes()[..])
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.is_some())
    }

    /// Up to `limit` returns. Ids sort by the time of opening, so they are the order and the cursor.
    pub(crate) async fn list_returns(
        &self,
        filter: &ReturnFilter,
        limit: u32,
    ) -> Result<Vec<ReturnRow>, ServerError> {
        let query = if filter.oldest_first {
            select_return!(
                "WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR status = ?3)
                   AND (?4 IS NULL OR id > ?4)
                 ORDER BY id LIMIT ?5"
            )
        } else {
            select_return!(
                "WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR status = ?3)
                   AND (?4 IS NULL OR id < ?4)
                 ORDER BY id DESC LIMIT ?5"
            )
        };
        let rows = sqlx::query(query)
            .bind(filter.owner.as_deref())
            .bind(filter.only.as_ref().map(|id| &id.as_bytes()[..]))
            .bind(filter.status.map(ReturnStatus::as_str))
            .bind(filter.after.as_ref().map(|id| &id.as_bytes()[..]))
            .bind(limit)
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| read_return(&self.keys, row)).collect()
    }

    /// How many returns there are of each status.
    pub(crate) async fn count_returns(&self) -> Result<Vec<(ReturnStatus, u64)>, ServerError> {
        let rows = sqlx::query("SELECT status, count(*) AS number FROM returns GROUP BY status")
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| Ok((word(row, "status")?, super::unsigned(row, "number")?))).collect()
    }

    /// The whole return: its lines and their evidence.
    pub(crate) async fn view_return(&self, row: ReturnRow) -> Result<ReturnView, ServerError> {
        let items = sqlx::query(
            "SELECT id, sku_sealed, title_sealed, quantity, reason, wanted FROM items
             WHERE return_id = ? ORDER BY position",
        )
        .bind(&row.id.as_bytes()[..])
        .fetch_all(&self.reader)
        .await?;
        let evidence = self.evidence_of(row.id).await?;
        let items =
            items.iter().map(|item| read_item(&self.keys, item, &evidence)).collect::<Result<_, _>>()?;
        Ok(ReturnView {
            id: row.id,
            order: row.order,
            status: row.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            items,
        })
    }
}

fn read_return(keys: &Keys, row: &SqliteRow) -> Result<ReturnRow, ServerError> {
    let id = ReturnId::from_bytes(bytes(row, "id")?);
    Ok(ReturnRow {
        id,
        owner: row.try_get("owner")?,
        order: keys.fields.open(&order_context(id), row.try_get("order_sealed")?)?,
        status: word(row, "status")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn read_item(keys: &Keys, row: &SqliteRow, evidence: &[EvidenceView]) -> Result<ReturnItemView, ServerError> {
    let id = ReturnItemId::from_bytes(bytes(row, "id")?);
    Ok(ReturnItemView {
        id,
        sku: keys.fields.open(&sku_context(id), row.try_get("sku_sealed")?)?,
        title: keys.fields.open(&title_context(id), row.try_get("title_sealed")?)?,
        quantity: row.try_get("quantity")?,
        reason: word(row, "reason")?,
        wanted: word(row, "wanted")?,
        evidence: evidence.iter().filter(|one| one.item_id == id).cloned().collect(),
    })
}

fn order_context(id: ReturnId) -> String {
    format!("returns.order/{id}")
}

fn sku_context(id: ReturnItemId) -> String {
    format!("items.sku/{id}")
}

fn title_context(id: ReturnItemId) -> String {
    format!("items.title/{id}")
}
