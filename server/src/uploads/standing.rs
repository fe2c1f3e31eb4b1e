//! An upload as it stands, for those who may know: `HEAD`, and what every other step begins with.

use std::sync::Arc;

use clearshot_protocol::Timestamp;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::header;
use uuid::Uuid;

use super::command::Standing;
use super::turns::{Overtaken, Turn};
use crate::app::App;
use crate::auth::Principal;
use crate::config::UPLOAD_LIFETIME;
use crate::problem::ApiError;
use crate::store::uploads::{UploadRow, UploadState};

/// Where the upload stands. Ends a request that is still writing, so that the answer stays true.
pub(super) async fn show(app: &Arc<App>, principal: &Principal, id: &str) -> Result<Standing, ApiError> {
    let found = find(app, principal, id).await?;
    // Overtaken while waiting: a newer request writes, and what the row says is true for this moment.
    let _turn = app.turns.take(found.id, found.generation).await;
    Ok(standing(&reload(app, found.id).await?, app.clock.now()))
}

pub(super) fn standing(upload: &UploadRow, now: Timestamp) -> Standing {
    let expires_at = expires_at(upload);
    let complete = upload.state == UploadState::Complete;
    Standing {
        id: upload.id,
        offset: upload.offset,
        length: upload.length,
        complete,
        sha256: upload.sha256.filter(|_| complete),
        metadata: upload.metadata.clone(),
        expires_at,
        seconds_left: expires_at.map(|at| u64::try_from(at.as_second() - now.as_second()).unwrap_or(0)),
    }
}

/// When an upload that nobody goes on with is removed; never, once it has become evidence.
fn expires_at(upload: &UploadRow) -> Option<Timestamp> {
    let kept = upload.state == UploadState::Complete && upload.attached.is_some();
    (!kept).then(|| upload.updated_at + UPLOAD_LIFETIME)
}

/// The upload, if the token may write to its return; or has created it, while it is attached to nothing.
pub(super) async fn find(app: &App, principal: &Principal, id: &str) -> Result<UploadRow, ApiError> {
    principal.require_sender()?;
    let id = id.parse().map_err(|_| unknown())?;
    let upload = app.store.upload(id).await?.ok_or_else(unknown)?;
    let allowed = match upload.attached {
        None => principal.owner == upload.owner,
        Some(attached) => match app.store.find_return(attached.return_id).await? {
            Some(of) => principal.may_see(&of),
            None => false,
        },
    };
    if allowed { Ok(upload) } else { Err(unknown()) }
}

/// The upload as it stands now that it is this request's turn.
pub(super) async fn reload(app: &App, id: Uuid) -> Result<UploadRow, ApiError> {
    let upload = app.store.upload(id).await?.ok_or_else(unknown)?;
    let why = match upload.state {
        UploadState::Open | UploadState::Complete if is_abandoned(&upload, app.clock.now()) => {
            "the upload was abandoned and has expired; create it again to send it"
        }
        UploadState::Open | UploadState::Complete => return Ok(upload),
        UploadState::Failed => {
            "the upload was refused and nothing of it was kept; create it again, or hear why it cannot be"
        }
        UploadState::Terminated => "the upload was taken back; create it again to send it",
        UploadState::Expired => "the upload was abandoned and has expired; create it again to send it",
    };
    Err(ApiError::new(ProblemCode::UploadGone, why))
}

/// Whether the time of an upload is over, although nobody has removed it yet.
pub(super) fn is_abandoned(upload: &UploadRow, now: Timestamp) -> bool {
    expires_at(upload).is_some_and(|at| at < now)
}

/// The turn to change the upload; refused when a newer request came while this one waited.
pub(super) async fn take_turn(app: &App, upload: &UploadRow) -> Result<Turn, ApiError> {
    match app.turns.take(upload.id, upload.generation).await {
        Ok(turn) => Ok(turn),
        Err(Overtaken) => Err(overtaken(reload(app, upload.id).await?.offset)),
    }
}

pub(super) fn overtaken(offset: u64) -> ApiError {
    kept(ProblemCode::UploadTakenOver, offset, "a newer request has taken over this upload")
}

/// A request that ended before its bytes did. What arrived is there.
pub(super) fn kept(code: ProblemCode, offset: u64, why: &str) -> ApiError {
    ApiError::new(code, format!("{why}; {offset} bytes are kept, ask for the offset and go on from there"))
        .with_header(header::UPLOAD_OFFSET, offset)
}

pub(super) fn unknown() -> ApiError {
    ApiError::new(ProblemCode::UnknownUpload, "no upload with this id is yours; create it again")
}
