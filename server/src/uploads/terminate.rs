//! An unfinished upload is taken back.

use std::sync::Arc;

use clearshot_protocol::problem::ProblemCode;
use serde_json::Value;

use super::finish::remove_file;
use super::keep_on::KeepOn;
use super::receive::blocking;
use super::spool;
use super::standing::{find, overtaken, reload, take_turn};
use super::turns::Turn;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::problem::ApiError;
use crate::store::uploads::{Move, UploadRow, UploadState};

/// Ends the upload and whoever still writes to it; its bytes are removed. Evidence cannot be taken back.
///
/// It goes on when the connection breaks: a name that is [taken back](take_name_back) must be gone before the next turn,
/// in which the upload might get it again.
pub(super) async fn terminate(app: &Arc<App>, principal: &Principal, id: &str) -> Result<(), ApiError> {
    let found = find(app, principal, id).await?;
    let app = app.clone();
    KeepOn::new(app.tasks.clone(), async move { in_turn(&app, &found).await }).await
}

async fn in_turn(app: &Arc<App>, found: &UploadRow) -> Result<(), ApiError> {
    let turn = take_turn(app, found).await?;
    let upload = reload(app, found.id).await?;
    if upload.state == UploadState::Complete && upload.attached.is_some() {
        return Err(ApiError::new(
            ProblemCode::Forbidden,
            "the upload is complete; evidence cannot be taken back",
        ));
    }
    if end(app, &upload, &turn, UploadState::Terminated).await? {
        Ok(())
    } else {
        Err(overtaken(upload.offset))
    }
}

/// Ends an upload that is not evidence, in the state `gone`. The row stays, so that the next request hears that it is
/// gone. False when a later turn has written before.
pub(super) async fn end(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &Turn,
    gone: UploadState,
) -> Result<bool, ServerError> {
    take_name_back(app, upload).await?;
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    let to = Move {
        generation: turn.generation(),
        offset: upload.offset,
        length: None,
        sha256: None,
        state: gone,
    };
    if !change.move_upload(upload.id, &to, now).await? {
        return Ok(false);
    }
    if let Some(attached) = upload.attached {
        change.step(attached.evidence_id, EvidenceStep::Withdraw, &Value::Null, now).await?;
    }
    change.commit().await?;
    app.turns.forget(upload.id);
    remove_file(app, upload.id).await;
    Ok(true)
}

/// Takes back the name among the evidence that a try to finish may have left, whose rows did not follow. Before the
/// rows end the upload: afterwards its capture may come by another one, which gives its own file that name.
pub(super) async fn take_name_back(app: &App, upload: &UploadRow) -> Result<(), ServerError> {
    let Some(attached) = upload.attached else { return Ok(()) };
    let (folder, evidence) = (app.folder.clone(), app.folder.evidence_file(attached.evidence_id));
    blocking(move || Ok(spool::unlink(&folder, &evidence)?)).await
}
