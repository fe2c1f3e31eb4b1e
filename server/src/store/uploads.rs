//! `uploads`: how far the bytes of each upload are durable.

use clearshot_protocol::{CaptureId, ReturnId, Sha256Digest, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Change, Store, bytes, millis, unsigned};
use crate::error::ServerError;

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadState {
    /// Bytes are missing.
    Open,
    /// All bytes are there and have the declared digest.
    Complete,
    /// All bytes came and had another digest.
    Failed,
    /// The client took it back.
    Terminated,
}

impl UploadState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Terminated => "terminated",
        }
    }

    fn parse(text: &str) -> Result<Self, ServerError> {
        [Self::Open, Self::Complete, Self::Failed, Self::Terminated]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| super::unreadable("state", &text))
    }
}

/// An upload, and what it is attached to.
#[derive(Debug, Clone)]
pub(crate) struct UploadRow {
    pub(crate) id: Uuid,
    pub(crate) evidence_id: CaptureId,
    pub(crate) return_id: ReturnId,
    pub(crate) length: u64,
    pub(crate) offset: u64,
    pub(crate) sha256: Sha256Digest,
    pub(crate) state: UploadState,
}

macro_rules! select_upload {
    ($rest:literal) => {
        concat!(
            "SELECT uploads.id, evidence_id, return_id, uploads.length, \"offset\", uploads.sha256, state ",
            "FROM uploads JOIN evidence ON evidence.id = uploads.evidence_id ",
            $rest
        )
    };
}

impl Change {
    pub(crate) async fn create_upload(
        &mut self,
        id: Uuid,
        evidence: CaptureId,
        length: u64,
        sha256: Sha256Digest,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        sqlx::query(
            "INSERT INTO uploads (id, evidence_id, length, sha256, state, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?5)",
        )
        .bind(&id.as_bytes()[..])
        .bind(&evidence.as_bytes()[..])
        .bind(length.cast_signed())
        .bind(&sha256.as_bytes()[..])
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The upload of a capture that was not taken back.
    pub(crate) async fn upload_of(&mut self, evidence: CaptureId) -> Result<Option<UploadRow>, ServerError> {
        let row = sqlx::query(select_upload!("WHERE evidence_id = ? AND state <> 'terminated'"))
            .bind(&evidence.as_bytes()[..])
            .fetch_optional(self.connection())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Says how far an upload is durable, and where it stands.
    pub(crate) async fn move_upload(
        &mut self,
        id: Uuid,
        offset: u64,
        state: UploadState,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        sqlx::query("UPDATE uploads SET \"offset\" = ?, state = ?, updated_at = ? WHERE id = ?")
            .bind(offset.cast_signed())
            .bind(state.as_str())
            .bind(millis(now))
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

impl Store {
    pub(crate) async fn upload(&self, id: Uuid) -> Result<Option<UploadRow>, ServerError> {
        let row = sqlx::query(select_upload!("WHERE uploads.id = ?"))
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// As [`Change::upload_of`], without waiting for a turn to change anything.
    pub(crate) async fn upload_of(&self, evidence: CaptureId) -> Result<Option<UploadRow>, ServerError> {
        let row = sqlx::query(select_upload!("WHERE evidence_id = ? AND state <> 'terminated'"))
            .bind(&evidence.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Every upload that still wants bytes.
    pub(crate) async fn open_uploads(&self) -> Result<Vec<UploadRow>, ServerError> {
        let rows = sqlx::query(select_upload!("WHERE state = 'open'")).fetch_all(&self.reader).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<UploadRow, ServerError> {
    Ok(UploadRow {
        id: Uuid::from_bytes(bytes(row, "id")?),
        evidence_id: CaptureId::from_bytes(bytes(row, "evidence_id")?),
        return_id: ReturnId::from_bytes(bytes(row, "return_id")?),
        length: unsigned(row, "length")?,
        offset: unsigned(row, "offset")?,
        sha256: Sha256Digest::from_bytes(bytes(row, "sha256")?),
        state: UploadState::parse(row.try_get("state")?)?,
    })
}
