//! Sessions: the items of one sitting, and the shots that each of them calls for.

use clearshot_protocol::api::{ReturnReason, ShotRole};
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, ShotId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::config::{AskPolicy, MeteredPolicy};
use crate::database::{time, word};
use crate::error::CaptureError;
use crate::forget::note_unsettled;
use crate::shots::{ShotTemplate, shot_list};
use crate::store::CaptureStore;

/// Characters of the longest SKU and title: what the API takes, so that what is captured offline can be sent.
const MAX_SKU: usize = 64;
const MAX_TITLE: usize = 256;

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The return it is for.
    pub return_id: ReturnId,
    /// The items that come back; more can be added.
    pub items: Vec<NewItem>,
}

/// An item to add to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Stock keeping unit, 1–64 characters. Stored sealed.
    pub sku: String,
    /// What a person calls it, at most 256 characters. Stored sealed.
    pub title: String,
    /// Why it comes back. Stored sealed. Gives the item its first shots ([`crate::shot_list`]).
    pub reason: ReturnReason,
    /// Which networks its photos may use.
    pub metered: MeteredPolicy,
    /// How hard the merchant insists on good photos of it.
    pub ask_policy: AskPolicy,
}

/// A session, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// The return it is for.
    pub return_id: ReturnId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Its items, in the order of adding them.
    pub items: Vec<ItemView>,
}

/// An item of a session. Its labels are absent where they cannot be known: the database was rebuilt from photos (which
/// carry the SKU only), or the device key has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemView {
    /// Its id, derived from the return and the SKU.
    pub id: ReturnItemId,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// What a person calls it.
    pub title: Option<String>,
    /// Why it comes back.
    pub reason: Option<ReturnReason>,
    /// Which networks its photos may use.
    pub metered: MeteredPolicy,
    /// Its shots, in the order of taking them.
    pub shots: Vec<ShotView>,
}

/// A slot that wants a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShotView {
    /// Its id.
    pub id: ShotId,
    /// What the photo should show.
    pub role: ShotRole,
    /// For a defect: the overview shot of the same item.
    pub overview: Option<ShotId>,
    /// Whether the return is incomplete without it.
    pub required: bool,
    /// How hard the merchant insists on a good photo.
    pub ask_policy: AskPolicy,
    /// How often the shopper was asked for another photo since the last one was kept.
    pub asks: u8,
    /// The newest capture of it, which supersedes the others.
    pub current: Option<CaptureId>,
}

impl CaptureStore {
    /// Opens a session with its items, each with the shots of its reason.
    pub fn open_session(&self, new: &NewSession, now: Timestamp) -> Result<SessionId, CaptureError> {
        let session = SessionId::mint(now);
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO sessions (id, return_id, opened_at) VALUES (?1, ?2, ?3)",
                params![session.as_bytes(), new.return_id.as_bytes(), now.as_millisecond()],
            )?;
            for item in &new.items {
                self.insert_item(transaction, session, new.return_id, item, now)?;
            }
            Ok(session)
        })
    }

    /// Adds an item, with the shots of its reason. An item that the session has already (the same SKU) keeps its shots
    /// and takes the new labels.
    pub fn add_item(
        &self,
        session: SessionId,
        new: &NewItem,
        now: Timestamp,
    ) -> Result<ReturnItemId, CaptureError> {
        self.write(|transaction| {
            let return_id = return_of(transaction, session)?;
            self.insert_item(transaction, session, return_id, new, now)
        })
    }

    /// Adds a shot to an item, such as one more defect. A defect is linked to the item's first overview.
    pub fn add_shot(
        &self,
        session: SessionId,
        item: ReturnItemId,
        role: ShotRole,
        now: Timestamp,
    ) -> Result<ShotId, CaptureError> {
        self.write(|transaction| {
            let policy: String = transaction
                .query_row(
                    "SELECT coalesce((SELECT ask_policy FROM shots WHERE session = ?1 AND item = ?2
                     ORDER BY position LIMIT 1), ?3) FROM items WHERE session = ?1 AND id = ?2",
                    params![session.as_bytes(), item.as_bytes(), AskPolicy::default().as_str()],
                    |row| row.get(0),
                )
                .optional()?
                .ok_or(CaptureError::UnknownItem(item))?;
            insert_shot(transaction, session, item, ShotTemplate { role, required: false }, &policy, now)
        })
    }

    /// Changes how hard the merchant insists on a good photo of this shot.
    pub fn set_ask_policy(&self, shot: ShotId, policy: AskPolicy) -> Result<(), CaptureError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE shots SET ask_policy = ?2 WHERE id = ?1",
                params![shot.as_bytes(), policy.as_str()],
            )?;
            if changed == 0 { Err(CaptureError::UnknownShot(shot)) } else { Ok(()) }
        })
    }

    /// What the photo of a shot should show.
    pub fn role_of(&self, shot: ShotId) -> Result<ShotRole, CaptureError> {
        self.read(|connection| {
            let role: Option<String> = connection
                .query_row("SELECT role FROM shots WHERE id = ?1", params![shot.as_bytes()], |row| row.get(0))
                .optional()?;
            word(&role.ok_or(CaptureError::UnknownShot(shot))?, "a shot's role")
        })
    }

    /// A session, as it stands.
    pub fn session(&self, id: SessionId) -> Result<SessionView, CaptureError> {
        self.read(|connection| self.view(connection, id))
    }

    /// All sessions, the newest first.
    pub fn sessions(&self) -> Result<Vec<SessionView>, CaptureError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM sessions ORDER BY id DESC")?;
            let ids = statement.query_map([], |row| Ok(SessionId::from_bytes(row.get(0)?)))?;
            ids.map(|id| self.view(connection, id?)).collect()
        })
    }

    /// The newest session of a return.
    pub fn session_of_return(&self, return_id: ReturnId) -> Result<Option<SessionView>, CaptureError> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT id FROM sessions WHERE return_id = ?1 ORDER BY id DESC LIMIT 1",
                    params![return_id.as_bytes()],
                    |row| Ok(SessionId::from_bytes(row.get(0)?)),
                )
                .optional()?
                .map(|id| self.view(connection, id))
                .transpose()
        })
    }

    fn insert_item(
        &self,
        transaction: &Transaction<'_>,
        session: SessionId,
        return_id: ReturnId,
        new: &NewItem,
        now: Timestamp,
    ) -> Result<ReturnItemId, CaptureError> {
        if new.sku.is_empty() || new.sku.chars().count() > MAX_SKU {
            return Err(CaptureError::BadItem("its SKU must have 1 to 64 characters"));
        }
        if new.title.chars().count() > MAX_TITLE {
            return Err(CaptureError::BadItem("its title must have at most 256 characters"));
        }
        let item = ReturnItemId::of(return_id, &new.sku);
        transaction.execute(
            "INSERT INTO items (session, id, position, sku, title, reason, metered)
             VALUES (?1, ?2, (SELECT count(*) FROM items WHERE session = ?1), ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET sku = excluded.sku, title = excluded.title, reason = excluded.reason,
             metered = excluded.metered",
            params![
                session.as_bytes(),
                item.as_bytes(),
                self.seal_label("items.sku", item, &new.sku)?,
                self.seal_label("items.title", item, &new.title)?,
                self.seal_label("items.reason", item, new.reason.as_str())?,
                new.metered.as_str(),
            ],
        )?;
        let shots: u32 = transaction.query_row(
            "SELECT count(*) FROM shots WHERE session = ?1 AND item = ?2",
            params![session.as_bytes(), item.as_bytes()],
            |row| row.get(0),
        )?;
        if shots == 0 {
            for template in shot_list(new.reason) {
                insert_shot(transaction, session, item, *template, new.ask_policy.as_str(), now)?;
            }
        }
        Ok(item)
    }

    pub(crate) fn view(&self, connection: &Connection, id: SessionId) -> Result<SessionView, CaptureError> {
        let (return_id, opened_at) = connection
            .query_row(
                "SELECT return_id, opened_at FROM sessions WHERE id = ?1",
                params![id.as_bytes()],
                |row| Ok((ReturnId::from_bytes(row.get(0)?), row.get(1)?)),
            )
            .optional()?
            .ok_or(CaptureError::UnknownSession(id))?;
        let mut statement = connection.prepare_cached(
            "SELECT id, sku, title, reason, metered FROM items WHERE session = ?1 ORDER BY position",
        )?;
        let mut rows = statement.query(params![id.as_bytes()])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            let item = ReturnItemId::from_bytes(row.get(0)?);
            let label = |column, name| -> Result<Option<String>, CaptureError> {
                Ok(self.open_label(name, item, row.get::<_, Option<Vec<u8>>>(column)?.as_deref()))
            };
            items.push(ItemView {
                id: item,
                sku: label(1, "items.sku")?,
                title: label(2, "items.title")?,
                reason: label(3, "items.reason")?.and_then(|reason| reason.parse().ok()),
                metered: word(&row.get::<_, String>(4)?, "a metered policy")?,
                shots: shots_of(connection, id, item)?,
            });
        }
        Ok(SessionView { id, return_id, opened_at: time(opened_at)?, items })
    }

    pub(crate) fn seal_label(
        &self,
        place: &str,
        item: ReturnItemId,
        text: &str,
    ) -> Result<Vec<u8>, CaptureError> {
        self.labels.seal(&format!("{place}/{item}"), text).map_err(|_| CaptureError::LabelUnreadable(item))
    }

    /// Absent where the label is unknown, or was sealed with another device key.
    pub(crate) fn open_label(
        &self,
        place: &str,
        item: ReturnItemId,
        sealed: Option<&[u8]>,
    ) -> Option<String> {
        self.labels.open(&format!("{place}/{item}"), sealed?).ok()
    }
}

fn return_of(transaction: &Transaction<'_>, session: SessionId) -> Result<ReturnId, CaptureError> {
    transaction
        .query_row("SELECT return_id FROM sessions WHERE id = ?1", params![session.as_bytes()], |row| {
            Ok(ReturnId::from_bytes(row.get(0)?))
        })
        .optional()?
        .ok_or(CaptureError::UnknownSession(session))
}

fn insert_shot(
    transaction: &Transaction<'_>,
    session: SessionId,
    item: ReturnItemId,
    template: ShotTemplate,
    ask_policy: &str,
    now: Timestamp,
) -> Result<ShotId, CaptureError> {
    note_unsettled(transaction, session)?;
    let shot = ShotId::mint(now);
    transaction.execute(
        "INSERT INTO shots (id, session, item, position, role, required, ask_policy, overview)
         VALUES (?1, ?2, ?3, (SELECT count(*) FROM shots WHERE session = ?2 AND item = ?3), ?4, ?5, ?6,
                 CASE ?4 WHEN 'defect' THEN (SELECT id FROM shots WHERE session = ?2 AND item = ?3
                 AND role = 'overview' ORDER BY position LIMIT 1) END)",
        params![
            shot.as_bytes(),
            session.as_bytes(),
            item.as_bytes(),
            template.role.as_str(),
            template.required,
            ask_policy,
        ],
    )?;
    Ok(shot)
}

fn shots_of(
    connection: &Connection,
    session: SessionId,
    item: ReturnItemId,
) -> Result<Vec<ShotView>, CaptureError> {
    // The newest by its place in the chain: ids sort by a clock that can be set back.
    let mut statement = connection.prepare_cached(
        "SELECT id, role, overview, required, ask_policy, asks,
         (SELECT captures.id FROM captures WHERE captures.shot = shots.id
          ORDER BY captures.sequence DESC, captures.id DESC LIMIT 1)
         FROM shots WHERE session = ?1 AND item = ?2 ORDER BY position",
    )?;
    let mut rows = statement.query(params![session.as_bytes(), item.as_bytes()])?;
    let mut shots = Vec::new();
    while let Some(row) = rows.next()? {
        shots.push(ShotView {
            id: ShotId::from_bytes(row.get(0)?),
            role: word(&row.get::<_, String>(1)?, "a shot's role")?,
            overview: row.get::<_, Option<[u8; 16]>>(2)?.map(ShotId::from_bytes),
            required: row.get(3)?,
            ask_policy: word(&row.get::<_, String>(4)?, "an ask policy")?,
            asks: row.get(5)?,
            current: row.get::<_, Option<[u8; 16]>>(6)?.map(CaptureId::from_bytes),
        });
    }
    Ok(shots)
}
