//! From the last byte to evidence.

use std::sync::Arc;

use clearshot_protocol::api::Rejection;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::header;
use clearshot_protocol::{Sha256Digest, Timestamp};
use serde_json::Value;

use super::receive::blocking;
use super::spool::{self, Spool};
use super::standing::overtaken;
use super::turns::Turn;
use crate::app::App;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::problem::ApiError;
use crate::store::Store;
use crate::store::uploads::{Attachment, Move, UploadRow, UploadState};

/// The rejection's code when the bytes are not those that were declared.
const DIGEST_MISMATCH: &str = "digest_mismatch";

/// Takes a whole, durable spool to evidence, or refuses it for its digest. An upload that is attached to nothing only
/// becomes complete: its file waits in the spool.
pub(super) async fn finish(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &Turn,
    spool: Spool,
) -> Result<(), ApiError> {
    let (length, digest) = (spool.offset(), spool.digest());
    drop(spool);
    if upload.sha256.is_some_and(|declared| declared != digest) {
        fail(app, upload, turn, length).await?;
        return Err(digest_mismatch().with_header(header::UPLOAD_OFFSET, length));
    }
    let whole = Whole { generation: turn.generation(), length, digest };
    if let Some(attached) = upload.attached {
        let (folder, id, evidence) =
            (app.folder.clone(), upload.id, app.folder.evidence_file(attached.evidence_id));
        blocking(move || Ok(spool::link(&folder, id, &evidence)?)).await?;
    }
    let recorded = match record(&app.store, upload, whole, app.clock.now()).await {
        Ok(recorded) => recorded,
        // A commit that failed may have survived all the same. The rows know, and the file has both its names.
        Err(error) => match app.store.upload(upload.id).await? {
            Some(upload) if upload.state == UploadState::Complete => true,
            _ => return Err(error.into()),
        },
    };
    if !recorded {
        return Err(overtaken(upload.offset));
    }
    app.turns.forget(upload.id);
    if upload.attached.is_some() {
        let (folder, id) = (app.folder.clone(), upload.id);
        blocking(move || Ok(spool::remove(&folder, id)?)).await?;
        app.to_check.notify_one();
    }
    Ok(())
}

/// What is told of an upload that was refused for its digest, at its end and whenever it is asked for again.
pub(super) fn digest_mismatch() -> ApiError {
    ApiError::new(
        ProblemCode::DigestMismatch,
        "all bytes arrived, but they do not have the declared SHA-256; nothing was kept, take the photo again",
    )
}

/// All bytes of an upload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole {
    pub(super) generation: u64,
    pub(super) length: u64,
    pub(super) digest: Sha256Digest,
}

/// The rows of an upload whose file is whole, and has its name among the evidence where it is attached. False when a
/// later turn has written before.
pub(super) async fn record(
    store: &Store,
    upload: &UploadRow,
    whole: Whole,
    now: Timestamp,
) -> Result<bool, ServerError> {
    let mut change = store.change().await?;
    let to = Move {
        generation: whole.generation,
        offset: whole.length,
        length: Some(whole.length),
        sha256: Some(whole.digest),
        state: UploadState::Complete,
    };
    if !change.move_upload(upload.id, &to, now).await? {
        return Ok(false);
    }
    if let Some(Attachment { evidence_id, .. }) = upload.attached {
        change.step(evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
        change.step(evidence_id, EvidenceStep::Complete, &Value::Null, now).await?;
    }
    change.commit().await?;
    Ok(true)
}

/// Ends an upload whose bytes are not those that were declared; its evidence is rejected, its file removed.
pub(super) async fn fail(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &Turn,
    offset: u64,
) -> Result<(), ServerError> {
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    let to = Move {
        generation: turn.generation(),
        offset,
        length: None,
        sha256: None,
        state: UploadState::Failed,
    };
    if !change.move_upload(upload.id, &to, now).await? {
        return Ok(());
    }
    if let Some(Attachment { evidence_id, .. }) = upload.attached {
        let rejection = Rejection {
            code: DIGEST_MISMATCH.to_owned(),
            detail: "The bytes that arrived do not have the digest that the phone declared.".to_owned(),
        };
        change.step(evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
        change.refuse(evidence_id, EvidenceStep::Reject, &rejection, now).await?;
    }
    change.commit().await?;
    app.turns.forget(upload.id);
    let (folder, id) = (app.folder.clone(), upload.id);
    blocking(move || Ok(spool::remove(&folder, id)?)).await
}
