//! `evidence`: one row a capture.

use clearshot_analysis::ActivationMap;
use clearshot_protocol::api::{CaptureView, EvidenceStatus, EvidenceView, Rejection};
use clearshot_protocol::manifest::AnalysisRecord;
use clearshot_protocol::relevance::RelevanceView;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, Sha256Digest, Timestamp};
use serde_json::{Value, json};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{
    Change, Store, bytes, json as json_column, millis, optional_bytes, optional_time, to_json, unsigned, word,
};
use crate::error::ServerError;
use crate::lifecycle::{self, EvidenceStep};

/// All that a row has, in one place, so that each query reads the same.
macro_rules! select_evidence {
    ($rest:literal) => {
        concat!(
            "SELECT id, return_id, item_id, status, length, sha256, received_at, checked_at, rejection_code, ",
            "rejection_detail, capture, server_analysis, agreement, superseded_by FROM evidence ",
            $rest
        )
    };
}

impl Change {
    pub(crate) async fn find_evidence(&mut self, id: CaptureId) -> Result<Option<EvidenceView>, ServerError> {
        let row = sqlx::query(select_evidence!("WHERE id = ?"))
            .bind(&id.as_bytes()[..])
            .fetch_optional(self.connection())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Announces a capture.
    pub(crate) async fn announce(
        &mut self,
        metadata: &UploadMetadata,
        length: u64,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        sqlx::query(
            "INSERT INTO evidence (id, return_id, item_id, status, length, sha256, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&metadata.capture.as_bytes()[..])
        .bind(&metadata.return_id.as_bytes()[..])
        .bind(&metadata.item.as_bytes()[..])
        .bind(EvidenceStatus::Announced.as_str())
        .bind(length.cast_signed())
        .bind(&metadata.sha256.as_bytes()[..])
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        self.settle_return(metadata.return_id, now).await
    }

    /// Moves evidence on by a step, reports it, and settles its return. False when the step cannot be: somebody else
    /// was quicker, and nothing was changed.
    pub(crate) async fn step(
        &mut self,
        id: CaptureId,
        step: EvidenceStep,
        data: &Value,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        self.steps(id, &[step], data, now).await
    }

    /// As [`Change::step`], for steps that follow each other at once: those that can be are taken. False when none can.
    pub(crate) async fn steps(
        &mut self,
        id: CaptureId,
        steps: &[EvidenceStep],
        data: &Value,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let row = sqlx::query("SELECT status, return_id FROM evidence WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_one(self.connection())
            .await?;
        let return_id = ReturnId::from_bytes(bytes(&row, "return_id")?);
        let mut status: EvidenceStatus = word(&row, "status")?;
        let mut taken = Vec::with_capacity(steps.len());
        for step in steps {
            if let Some(next) = lifecycle::after(status, *step) {
                status = next;
                taken.push(*step);
            }
        }
        if taken.is_empty() {
            return Ok(false);
        }
        let at_step =
            |which: &[EvidenceStep]| which.iter().any(|step| taken.contains(step)).then(|| millis(now));
        let received = at_step(&[EvidenceStep::Complete]);
        let checked = at_step(&[EvidenceStep::Accept, EvidenceStep::Reject, EvidenceStep::Quarantine]);
        sqlx::query(
            "UPDATE evidence SET status = ?1, received_at = coalesce(?2, received_at),
             checked_at = coalesce(?3, checked_at) WHERE id = ?4",
        )
        .bind(status.as_str())
        .bind(received)
        .bind(checked)
        .bind(&id.as_bytes()[..])
        .execute(self.connection())
        .await?;
        for kind in taken.iter().filter_map(|step| step.event()) {
            self.record(kind, return_id, Some(id), data, now).await?;
        }
        self.settle_return(return_id, now).await?;
        Ok(true)
    }

    /// Rejects or quarantines evidence, with the reason.
    pub(crate) async fn refuse(
        &mut self,
        id: CaptureId,
        step: EvidenceStep,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        if !self.step(id, step, &json!({ "code": rejection.code }), now).await? {
            return Ok(false);
        }
        sqlx::query("UPDATE evidence SET rejection_code = ?, rejection_detail = ? WHERE id = ?")
            .bind(&rejection.code)
            .bind(&rejection.detail)
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        Ok(true)
    }

    /// Keeps what the opened envelope says.
    pub(crate) async fn keep_capture(
        &mut self,
        id: CaptureId,
        capture: &CaptureView,
    ) -> Result<(), ServerError> {
        sqlx::query("UPDATE evidence SET capture = ?, supersedes = ? WHERE id = ?")
            .bind(to_json(capture, "capture")?)
            .bind(capture.supersedes.as_ref().map(|id| &id.as_bytes()[..]))
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Keeps what the server's own analysis says.
    pub(crate) async fn keep_analysis(
        &mut self,
        id: CaptureId,
        analysis: &AnalysisRecord,
        agreement: bool,
        activation: Option<&ActivationMap>,
    ) -> Result<(), ServerError> {
        let activation = activation.map(|map| to_json(map, "activation")).transpose()?;
        sqlx::query("UPDATE evidence SET server_analysis = ?, agreement = ?, activation = ? WHERE id = ?")
            .bind(to_json(analysis, "server_analysis")?)
            .bind(agreement)
            .bind(activation)
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Lets accepted retakes take the places of what they replace, in whichever order the two arrived: the capture
    /// that `id` replaces, and `id` itself where its own retake was accepted before it. Only within one item.
    pub(crate) async fn settle_retakes(&mut self, id: CaptureId, now: Timestamp) -> Result<(), ServerError> {
        let pairs = sqlx::query(
            "SELECT older.id AS older, newer.id AS newer FROM evidence AS newer
             JOIN evidence AS older ON older.id = newer.supersedes AND older.item_id = newer.item_id
             WHERE (newer.id = ?1 OR older.id = ?1) AND newer.id <> older.id
               AND newer.status IN ('accepted', 'superseded') AND older.status IN ('accepted', 'quarantined')",
        )
        .bind(&id.as_bytes()[..])
        .fetch_all(self.connection())
        .await?;
        for pair in &pairs {
            let older = CaptureId::from_bytes(bytes(pair, "older")?);
            let newer = CaptureId::from_bytes(bytes(pair, "newer")?);
            if self.step(older, EvidenceStep::Supersede, &json!({ "superseded_by": newer }), now).await? {
                sqlx::query("UPDATE evidence SET superseded_by = ? WHERE id = ?")
                    .bind(&newer.as_bytes()[..])
                    .bind(&older.as_bytes()[..])
                    .execute(self.connection())
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes that the photo of rejected evidence is no more.
    pub(crate) async fn note_photo_removed(
        &mut self,
        id: CaptureId,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        sqlx::query("UPDATE evidence SET photo_removed_at = ? WHERE id = ?")
            .bind(millis(now))
            .bind(&id.as_bytes()[..])
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Takes the evidence that has waited longest for its re-check.
    pub(crate) async fn claim_check(&mut self, now: Timestamp) -> Result<Option<EvidenceView>, ServerError> {
        let row = sqlx::query(select_evidence!("WHERE status = 'received' ORDER BY received_at, id LIMIT 1"))
            .fetch_optional(self.connection())
            .await?;
        let Some(evidence) = row.as_ref().map(read).transpose()? else { return Ok(None) };
        self.step(evidence.id, EvidenceStep::Verify, &Value::Null, now).await?;
        Ok(Some(evidence))
    }
}

impl Store {
    pub(crate) async fn evidence(&self, id: CaptureId) -> Result<Option<EvidenceView>, ServerError> {
        let row = sqlx::query(select_evidence!("WHERE id = ?"))
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Where in the photo the re-check's model saw its subject; none when no model ran.
    pub(crate) async fn activation(&self, id: CaptureId) -> Result<Option<ActivationMap>, ServerError> {
        let row = sqlx::query("SELECT activation FROM evidence WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        row.map_or(Ok(None), |row| json_column(&row, "activation"))
    }

    /// A return's evidence in the order of capturing: ids are minted by the phone when the shutter is pressed.
    pub(crate) async fn evidence_of(&self, id: ReturnId) -> Result<Vec<EvidenceView>, ServerError> {
        let rows = sqlx::query(select_evidence!("WHERE return_id = ? ORDER BY id"))
            .bind(&id.as_bytes()[..])
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Up to `limit` pieces of evidence that were rejected before `before` and may still have their photo.
    pub(crate) async fn rejected_photos(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<CaptureId>, ServerError> {
        let rows = sqlx::query(
            "SELECT id FROM evidence WHERE status = 'rejected' AND photo_removed_at IS NULL AND checked_at < ?
             ORDER BY checked_at LIMIT ?",
        )
        .bind(millis(before))
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| Ok(CaptureId::from_bytes(bytes(row, "id")?))).collect()
    }

    /// Whether the photo of evidence was removed on purpose.
    pub(crate) async fn photo_was_removed(&self, id: CaptureId) -> Result<bool, ServerError> {
        let row = sqlx::query("SELECT 1 FROM evidence WHERE id = ? AND photo_removed_at IS NOT NULL")
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.is_some())
    }

    /// Evidence whose re-check had begun when the process ended.
    pub(crate) async fn interrupted_checks(&self) -> Result<Vec<EvidenceView>, ServerError> {
        let rows = sqlx::query(select_evidence!("WHERE status = 'verifying' ORDER BY received_at, id"))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<EvidenceView, ServerError> {
    let code: Option<String> = row.try_get("rejection_code")?;
    let detail: Option<String> = row.try_get("rejection_detail")?;
    let capture: Option<CaptureView> = json_column(row, "capture")?;
    let server_analysis: Option<AnalysisRecord> = json_column(row, "server_analysis")?;
    let device_analysis = capture.as_ref().map(|capture| &capture.device_analysis);
    Ok(EvidenceView {
        id: CaptureId::from_bytes(bytes(row, "id")?),
        return_id: ReturnId::from_bytes(bytes(row, "return_id")?),
        item_id: ReturnItemId::from_bytes(bytes(row, "item_id")?),
        status: word(row, "status")?,
        length: unsigned(row, "length")?,
        sha256: Sha256Digest::from_bytes(bytes(row, "sha256")?),
        rejection: code.map(|code| Rejection { code, detail: detail.unwrap_or_default() }),
        relevance: RelevanceView::of(device_analysis, server_analysis.as_ref()),
        agreement: row.try_get("agreement")?,
        capture,
        server_analysis,
        superseded_by: optional_bytes(row, "superseded_by")?.map(CaptureId::from_bytes),
        received_at: optional_time(row, "received_at")?,
        checked_at: optional_time(row, "checked_at")?,
    })
}
