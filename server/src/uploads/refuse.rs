//! The end of an upload whose bytes cannot be evidence: its rows, and what is told of it.
//!
//! A bit that flips on the way must not cost a photo its place: an upload whose bytes are not those that were declared is
//! over, and its capture waits to be sent again. Only after [`DIGEST_TRIES`] of them is it rejected.

use std::sync::Arc;

use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{EvidenceStatus, EvidenceView, Rejection};
use clearshot_protocol::problem::ProblemCode;
use serde_json::{Value, json};

use super::finish::remove_file;
use super::right::{RETURN_CLOSED, return_closed};
use super::terminate::take_name_back;
use super::turns::Turn;
use crate::app::App;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::problem::ApiError;
use crate::store::Change;
use crate::store::uploads::{Attachment, Move, UploadRow, UploadState};

/// Uploads of one capture whose bytes may not be those that were declared. A damaged bit is chance, and one more try is
/// nearly always enough; a third that is damaged means that something on the way changes every one.
const DIGEST_TRIES: u64 = 3;

/// The rejection's code when the bytes are not those that were declared.
const DIGEST_MISMATCH: &str = "digest_mismatch";

/// Why bytes cannot be evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They are not those that were declared.
    Bytes,
    /// The return takes no more.
    ReturnClosed,
}

/// What became of the upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// A later turn has written before: nothing.
    Overtaken,
    /// It is over, and its capture can be created again.
    SendAgain,
    /// It is over, and so is its capture.
    ForGood,
}

/// Ends the upload and removes its file.
pub(super) async fn refuse(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &Turn,
    offset: u64,
    why: Refusal,
) -> Result<Refused, ServerError> {
    take_name_back(app, upload).await?;
    let mut change = app.store.change().await?;
    let refused = refuse_in(&mut change, upload, turn.generation(), offset, why, app.clock.now()).await?;
    if refused != Refused::Overtaken {
        change.commit().await?;
        app.turns.forget(upload.id);
        remove_file(app, upload.id).await;
    }
    Ok(refused)
}

/// The rows of [`refuse`].
pub(super) async fn refuse_in(
    change: &mut Change,
    upload: &UploadRow,
    generation: u64,
    offset: u64,
    why: Refusal,
    now: Timestamp,
) -> Result<Refused, ServerError> {
    let to = Move { generation, offset, length: None, sha256: None, state: UploadState::Failed };
    if !change.move_upload(upload.id, &to, now).await? {
        return Ok(Refused::Overtaken);
    }
    let Some(Attachment { evidence_id, .. }) = upload.attached else { return Ok(Refused::ForGood) };
    change.step(evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
    let (code, detail) = match why {
        Refusal::Bytes if change.failed_uploads(evidence_id).await? < DIGEST_TRIES => {
            change.step(evidence_id, EvidenceStep::Fail, &json!({ "code": DIGEST_MISMATCH }), now).await?;
            return Ok(Refused::SendAgain);
        }
        Refusal::Bytes => {
            (DIGEST_MISMATCH, "The bytes that arrived do not have the digest that the phone declared.")
        }
        Refusal::ReturnClosed => (RETURN_CLOSED, "The return took no more photos when this one arrived."),
    };
    let rejection = Rejection { code: code.to_owned(), detail: detail.to_owned() };
    change.refuse(evidence_id, EvidenceStep::Reject, &rejection, now).await?;
    Ok(Refused::ForGood)
}

/// Refuses to create again what was refused for good.
pub(super) fn check_not_refused(known: &EvidenceView) -> Result<(), ApiError> {
    if known.status != EvidenceStatus::Rejected {
        return Ok(());
    }
    Err(match known.rejection.as_ref().map(|rejection| rejection.code.as_str()) {
        Some(DIGEST_MISMATCH) => digest_mismatch(Refused::ForGood),
        Some(RETURN_CLOSED) => return_closed(),
        _ => ApiError::new(
            ProblemCode::IdempotencyConflict,
            "this capture was rejected, its evidence says why; send a new photo under a new id",
        ),
    })
}

/// What is told of an upload whose bytes were refused, at its end and whenever it is asked for again.
pub(super) fn digest_mismatch(refused: Refused) -> ApiError {
    let what_now = match refused {
        Refused::SendAgain | Refused::Overtaken => {
            "nothing was kept, create the upload again and send them once more"
        }
        Refused::ForGood => "nothing was kept, take the photo again and send it under a new id",
    };
    let detail = format!("all bytes arrived, but they do not have the declared SHA-256; {what_now}");
    ApiError::new(ProblemCode::DigestMismatch, detail)
}
