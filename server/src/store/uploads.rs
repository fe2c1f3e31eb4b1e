//! `uploads`: how far the bytes of each upload are durable, and what it is attached to.

use clearshot_protocol::{CaptureId, ReturnId, Sha256Digest, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Change, Store, bytes, millis, optional_bytes, time, unsigned};
use crate::error::ServerError;
use crate::keys::Keys;

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadState {
    /// It wants bytes, or the word that there are no more.
    Open,
    /// All bytes are there, and have the declared digest where one was declared.
    Complete,
    /// Its bytes were refused: they had another digest, more came than were declared, or the return takes none any more.
    Failed,
    /// The client took it back.
    Terminated,
    /// Nobody did anything with it for too long.
    Expired,
}

impl UploadState {
    const ALL: [Self; 5] = [Self::Open, Self::Complete, Self::Failed, Self::Terminated, Self::Expired];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Terminated => "terminated",
            Self::Expired => "expired",
        }
    }

    fn parse(text: &str) -> Result<Self, ServerError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| super::unreadable("state", &text))
    }
}

/// The evidence that an upload brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) evidence_id: CaptureId,
    pub(crate) return_id: ReturnId,
}

/// An upload, and what it is attached to.
#[derive(Debug, Clone)]
pub(crate) struct UploadRow {
    pub(crate) id: Uuid,
    pub(crate) attached: Option<Attachment>,
    pub(crate) owner: Vec<u8>,
    /// What was declared with its Idempotency-Key, as a keyed hash.
    pub(crate) creation: Option<Vec<u8>>,
    /// `Upload-Metadata` as it was declared.
    pub(crate) metadata: Option<String>,
    pub(crate) length: Option<u64>,
    pub(crate) offset: u64,
    /// As declared; of a complete upload, as computed.
    pub(crate) sha256: Option<Sha256Digest>,
    pub(crate) state: UploadState,
    /// The turn of the last writer.
    pub(crate) generation: u64,
    pub(crate) updated_at: Timestamp,
}

/// An upload to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewUpload {
    pub(crate) id: Uuid,
    pub(crate) attached: Option<Attachment>,
    pub(crate) owner: Vec<u8>,
    /// Keyed hashes of the Idempotency-Key, and of what was declared with it.
    pub(crate) key: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) metadata: Option<String>,
    pub(crate) length: Option<u64>,
    pub(crate) sha256: Option<Sha256Digest>,
}

/// How an upload moves on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    /// The writer's turn.
    pub(crate) generation: u64,
    pub(crate) offset: u64,
    pub(crate) length: Option<u64>,
    pub(crate) sha256: Option<Sha256Digest>,
    pub(crate) state: UploadState,
}

/// What lies in the spool for one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpoolShare {
    pub(crate) uploads: u64,
    /// Declared bytes; where nothing is declared, those that are there.
    pub(crate) bytes: u64,
}

macro_rules! select_upload {
    ($rest:literal) => {
        concat!(
            "SELECT uploads.id, evidence_id, return_id, owner, creation, declared_sealed, uploads.length, ",
            "\"offset\", uploads.sha256, state, generation, updated_at ",
            "FROM uploads LEFT JOIN evidence ON evidence.id = uploads.evidence_id ",
            $rest
        )
    };
}

/// A live upload of a capture; those that were taken back, have expired or failed may be followed by another.
macro_rules! upload_of {
    () => {
        select_upload!("WHERE evidence_id = ? AND state NOT IN ('terminated', 'expired', 'failed')")
    };
}

impl Change {
    /// Adds an upload. Answers with its row.
    pub(crate) async fn create_upload(
        &mut self,
        upload: NewUpload,
        now: Timestamp,
    ) -> Result<UploadRow, ServerError> {
        let sealed = upload
            .metadata
            .as_deref()
            .map(|text| self.keys.fields.seal(&metadata_context(upload.id), text))
            .transpose()?;
        let (key, creation) = upload.key.unzip();
        sqlx::query(
            "INSERT INTO uploads (id, evidence_id, owner, creation_key, creation, declared_sealed, length, sha256,
                                  state, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, ?9)",
        )
        .bind(&upload.id.as_bytes()[..])
        .bind(upload.attached.as_ref().map(|to| &to.evidence_id.as_bytes()[..]))
        .bind(&upload.owner)
        .bind(key)
        .bind(&creation)
        .bind(sealed)
        .bind(upload.length.map(u64::cast_signed))
        .bind(upload.sha256.as_ref().map(|digest| &digest.as_bytes()[..]))
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        Ok(UploadRow {
            id: upload.id,
            attached: upload.attached,
            owner: upload.owner,
            creation,
            metadata: upload.metadata,
            length: upload.length,
            offset: 0,
            sha256: upload.sha256,
            state: UploadState::Open,
            generation: 0,
            updated_at: now,
        })
    }

    /// The upload of a capture that was neither taken back nor has expired or failed.
    pub(crate) async fn upload_of(&mut self, evidence: CaptureId) -> Result<Option<UploadRow>, ServerError> {
        let keys = self.keys.clone();
        let row = sqlx::query(upload_of!())
            .bind(&evidence.as_bytes()[..])
            .fetch_optional(self.connection())
            .await?;
        row.as_ref().map(|row| read(&keys, row)).transpose()
    }

    /// How many uploads of a capture have failed.
    pub(crate) async fn failed_uploads(&mut self, evidence: CaptureId) -> Result<u64, ServerError> {
        let row = sqlx::query(
            "SELECT count(*) AS failed FROM uploads
             WHERE evidence_id = ? AND evidence_id IS NOT NULL AND state = 'failed'",
        )
        .bind(&evidence.as_bytes()[..])
        .fetch_one(self.connection())
        .await?;
        unsigned(&row, "failed")
    }

    /// The upload that was created with this key.
    pub(crate) async fn upload_by_key(&mut self, key: &[u8]) -> Result<Option<UploadRow>, ServerError> {
        let keys = self.keys.clone();
        let row =
            sqlx::query(select_upload!("WHERE creation_key = ? AND state NOT IN ('terminated', 'expired')"))
                .bind(key)
                .fetch_optional(self.connection())
                .await?;
        row.as_ref().map(|row| read(&keys, row)).transpose()
    }

    /// Says how far an upload is durable, and where it stands. False when a later turn has written before: nothing
    /// was changed.
    pub(crate) async fn move_upload(
        &mut self,
        id: Uuid,
        to: &Move,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let moved = sqlx::query(
            "UPDATE uploads SET \"offset\" = ?1, length = coalesce(?2, length), sha256 = coalesce(?3, sha256),
             state = ?4, generation = ?5, updated_at = ?6 WHERE id = ?7 AND generation <= ?5",
        )
        .bind(to.offset.cast_signed())
        .bind(to.length.map(u64::cast_signed))
        .bind(to.sha256.as_ref().map(|digest| &digest.as_bytes()[..]))
        .bind(to.state.as_str())
        .bind(to.generation.cast_signed())
        .bind(millis(now))
        .bind(&id.as_bytes()[..])
        .execute(self.connection())
        .await?;
        Ok(moved.rows_affected() > 0)
    }

    /// Says what an upload brings.
    pub(crate) async fn attach_upload(
        &mut self,
        id: Uuid,
        evidence: CaptureId,
        sha256: Sha256Digest,
    ) -> Result<(), ServerError> {
        sqlx::query("UPDATE uploads SET evidence_id = ?, sha256 = ? WHERE id = ?")
            .bind(&evidence.as_bytes()[..])
            .bind(&sha256.as_bytes()[..])
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// What lies in the spool for one owner.
    pub(crate) async fn spool_share(&mut self, owner: &[u8]) -> Result<SpoolShare, ServerError> {
        let row = sqlx::query(
            "SELECT count(*) AS uploads, coalesce(sum(coalesce(length, \"offset\")), 0) AS bytes FROM uploads
             WHERE owner = ? AND (state = 'open' OR (state = 'complete' AND evidence_id IS NULL))",
        )
        .bind(owner)
        .fetch_one(self.connection())
        .await?;
        Ok(SpoolShare { uploads: unsigned(&row, "uploads")?, bytes: unsigned(&row, "bytes")? })
    }

    /// Forgets uploads that are gone since before `before`. Those of a capture that failed are remembered as long as their
    /// evidence: they are [counted](Change::failed_uploads).
    pub(crate) async fn forget_uploads(&mut self, before: Timestamp) -> Result<u64, ServerError> {
        let forgotten = sqlx::query(
            "DELETE FROM uploads WHERE updated_at < ?
             AND (state IN ('terminated', 'expired') OR (state = 'failed' AND evidence_id IS NULL))",
        )
        .bind(millis(before))
        .execute(self.connection())
        .await?;
        Ok(forgotten.rows_affected())
    }
}

impl Store {
    pub(crate) async fn upload(&self, id: Uuid) -> Result<Option<UploadRow>, ServerError> {
        let row = sqlx::query(select_upload!("WHERE uploads.id = ?"))
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(|row| read(&self.keys, row)).transpose()
    }

    /// As [`Change::upload_of`], without waiting for a turn to change anything.
    pub(crate) async fn upload_of(&self, evidence: CaptureId) -> Result<Option<UploadRow>, ServerError> {
        let row =
            sqlx::query(upload_of!()).bind(&evidence.as_bytes()[..]).fetch_optional(&self.reader).await?;
        row.as_ref().map(|row| read(&self.keys, row)).transpose()
    }

    /// Every upload whose file belongs into the spool, and those that are whole while their evidence was not received.
    pub(crate) async fn uploads_to_repair(&self) -> Result<Vec<UploadRow>, ServerError> {
        let in_spool = sqlx::query(select_upload!(
            "WHERE state = 'open' OR (state = 'complete' AND evidence_id IS NULL)"
        ))
        .fetch_all(&self.reader)
        .await?;
        let half_attached = sqlx::query(select_upload!(
            "WHERE state = 'complete' AND evidence.status IN ('announced', 'uploading')"
        ))
        .fetch_all(&self.reader)
        .await?;
        in_spool.iter().chain(&half_attached).map(|row| read(&self.keys, row)).collect()
    }

    /// Up to `limit` of them that nobody has touched since `before`, the oldest first.
    pub(crate) async fn abandoned_uploads(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Uuid>, ServerError> {
        let rows = sqlx::query(
            "SELECT id FROM uploads WHERE (state = 'open' OR (state = 'complete' AND evidence_id IS NULL))
             AND updated_at < ? ORDER BY updated_at LIMIT ?",
        )
        .bind(millis(before))
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| Ok(Uuid::from_bytes(bytes(row, "id")?))).collect()
    }
}

fn read(keys: &Keys, row: &SqliteRow) -> Result<UploadRow, ServerError> {
    let id = Uuid::from_bytes(bytes(row, "id")?);
    let sealed: Option<&[u8]> = row.try_get("declared_sealed")?;
    let attached = match optional_bytes(row, "evidence_id")? {
        Some(evidence) => Some(Attachment {
            evidence_id: CaptureId::from_bytes(evidence),
            return_id: ReturnId::from_bytes(bytes(row, "return_id")?),
        }),
        None => None,
    };
    Ok(UploadRow {
        id,
        attached,
        owner: row.try_get("owner")?,
        creation: row.try_get("creation")?,
        metadata: sealed.map(|sealed| keys.fields.open(&metadata_context(id), sealed)).transpose()?,
        length: row.try_get::<Option<i64>, _>("length")?.map(i64::cast_unsigned),
        offset: unsigned(row, "offset")?,
        sha256: optional_bytes(row, "sha256")?.map(Sha256Digest::from_bytes),
        state: UploadState::parse(row.try_get("state")?)?,
        generation: unsigned(row, "generation")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn metadata_context(id: Uuid) -> String {
    format!("uploads.declared/{}", id.hyphenated())
}
