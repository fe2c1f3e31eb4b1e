//! From the last byte to evidence.

use std::sync::Arc;

use clearshot_protocol::api::Rejection;
use clearshot_protocol::problem::ProblemCode;
use serde_json::Value;

use super::receive::blocking;
use super::spool::{self, Spool};
use crate::app::App;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::problem::ApiError;
use crate::store::Store;
use crate::store::uploads::{UploadRow, UploadState};

/// The rejection's code when the bytes are not those that were declared.
pub(super) const DIGEST_MISMATCH: &str = "digest_mismatch";

/// Takes a complete, durable spool to evidence, or refuses it for its digest.
pub(super) async fn finish(app: &Arc<App>, upload: &UploadRow, spool: Spool) -> Result<(), ApiError> {
    if spool.digest() != upload.sha256 {
        refuse(app, upload).await?;
        return Err(digest_mismatch());
    }
    let (folder, id, evidence) =
        (app.folder.clone(), upload.id, app.folder.evidence_file(upload.evidence_id));
    let place = evidence.clone();
    blocking(move || Ok(spool.keep_as(&place)?)).await?;
    if let Err(error) = record(&app.store, upload, app.clock.now()).await {
        // The rows say that bytes are missing: let the file say so too, so that the next request can go on.
        blocking(move || Ok(spool::put_back(&folder, id, &evidence)?)).await?;
        return Err(error.into());
    }
    app.turns.forget(upload.id);
    app.to_check.notify_one();
    Ok(())
}

/// What is told of an upload that was refused for its digest, at its end and whenever it is asked for again.
pub(super) fn digest_mismatch() -> ApiError {
    ApiError::new(
        ProblemCode::DigestMismatch,
        "all bytes arrived, but they do not have the declared SHA-256; nothing was kept, take the photo again",
    )
}

/// The rows of an upload whose file lies among the evidence.
pub(super) async fn record(
    store: &Store,
    upload: &UploadRow,
    now: clearshot_protocol::Timestamp,
) -> Result<(), ServerError> {
    let mut change = store.change().await?;
    change.move_upload(upload.id, upload.length, UploadState::Complete, now).await?;
    change.step(upload.evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
    change.step(upload.evidence_id, EvidenceStep::Complete, &Value::Null, now).await?;
    change.commit().await
}

async fn refuse(app: &Arc<App>, upload: &UploadRow) -> Result<(), ServerError> {
    let rejection = Rejection {
        code: DIGEST_MISMATCH.to_owned(),
        detail: "The bytes that arrived do not have the digest that the phone declared.".to_owned(),
    };
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    change.move_upload(upload.id, upload.length, UploadState::Failed, now).await?;
    change.step(upload.evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
    change.refuse(upload.evidence_id, EvidenceStep::Reject, &rejection, now).await?;
    change.commit().await?;
    app.turns.forget(upload.id);
    let (folder, id) = (app.folder.clone(), upload.id);
    blocking(move || Ok(spool::remove(&folder, id)?)).await
}
