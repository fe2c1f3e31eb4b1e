//! An upload that was sent without saying what it is becomes the evidence of a capture.

use std::sync::Arc;

use clearshot_protocol::api::EvidenceView;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::reconcile::AttachEvidenceRequest;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{ReturnId, Sha256Digest};
use serde_json::Value;

use super::create::check_same;
use super::receive::blocking;
use super::spool;
use super::standing::{find, reload, take_turn};
use crate::app::App;
use crate::auth::Principal;
use crate::lifecycle::EvidenceStep;
use crate::problem::ApiError;
use crate::routes::returns::find_item;
use crate::store::uploads::{UploadRow, UploadState};

/// Attaches the upload; the same again changes nothing. A complete one is received at once, another when it has its
/// last byte.
pub(crate) async fn attach(
    app: &Arc<App>,
    principal: &Principal,
    return_id: ReturnId,
    request: &AttachEvidenceRequest,
) -> Result<EvidenceView, ApiError> {
    find_item(app, principal, return_id, request.item).await?;
    let found = find(app, principal, &request.upload.hyphenated().to_string()).await?;
    // Whoever writes ends, so that what is moved here stays as it is.
    let _turn = take_turn(app, &found).await?;
    let upload = reload(app, found.id).await?;
    let sha256 = digest(&upload, request.sha256)?;
    let capture = UploadMetadata { capture: request.capture, return_id, item: request.item, sha256 };
    match upload.attached {
        Some(attached) if attached.evidence_id == request.capture => {
            let known = view(app, &request.capture).await?;
            check_same(&known, &capture, None)?;
            return Ok(known);
        }
        Some(_) => {
            return Err(ApiError::new(
                ProblemCode::IdempotencyConflict,
                "this upload brings another capture already; send this capture in an upload of its own",
            ));
        }
        None => {}
    }
    let length = upload.length.ok_or_else(|| not_yet("the length of the upload is not known yet"))?;
    record(app, &upload, &capture, length).await?;
    if upload.state == UploadState::Complete {
        let (folder, id) = (app.folder.clone(), upload.id);
        blocking(move || Ok(spool::remove(&folder, id)?)).await?;
        app.to_check.notify_one();
    }
    view(app, &request.capture).await
}

/// The rows. A whole file gets its name as evidence before they are committed, while nobody else can change any: so it
/// never takes the place of another upload's.
async fn record(
    app: &App,
    upload: &UploadRow,
    capture: &UploadMetadata,
    length: u64,
) -> Result<(), ApiError> {
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    match change.find_evidence(capture.capture).await? {
        None => change.announce(capture, length, now).await?,
        Some(known) => {
            let sent = change.upload_of(capture.capture).await?.is_some();
            let same = check_same(&known, capture, Some(length));
            if sent || same.is_err() {
                change.commit().await?;
                return same.and(Err(sent_already()));
            }
        }
    }
    change.attach_upload(upload.id, capture.capture, capture.sha256).await?;
    if upload.state == UploadState::Complete {
        let (folder, id, evidence) =
            (app.folder.clone(), upload.id, app.folder.evidence_file(capture.capture));
        blocking(move || Ok(spool::link(&folder, id, &evidence)?)).await?;
    }
    if upload.offset > 0 {
        change.step(capture.capture, EvidenceStep::Begin, &Value::Null, now).await?;
    }
    if upload.state == UploadState::Complete {
        change.step(capture.capture, EvidenceStep::Complete, &Value::Null, now).await?;
    }
    Ok(change.commit().await?)
}

/// The digest of all bytes: computed where they are there, declared where they are not.
fn digest(upload: &UploadRow, declared: Option<Sha256Digest>) -> Result<Sha256Digest, ApiError> {
    match (upload.sha256, declared) {
        (Some(known), Some(declared)) if known != declared => Err(ApiError::new(
            ProblemCode::IdempotencyConflict,
            "the upload has another SHA-256 than this request names; make sure that it is the upload you mean",
        )),
        (Some(known), _) => Ok(known),
        (None, Some(declared)) => Ok(declared),
        (None, None) => Err(not_yet("the upload is not complete, and its digest was not declared")),
    }
}

fn not_yet(why: &str) -> ApiError {
    ApiError::new(
        ProblemCode::InvalidField,
        format!("{why}; finish the upload first, or declare length and sha256"),
    )
}

fn sent_already() -> ApiError {
    ApiError::new(
        ProblemCode::IdempotencyConflict,
        "this capture has an upload already; go on with that one, or send a new photo under a new id",
    )
}

async fn view(app: &App, id: &clearshot_protocol::CaptureId) -> Result<EvidenceView, ApiError> {
    app.store.evidence(*id).await?.ok_or_else(super::standing::unknown)
}
