//! An upload that was sent without saying what it is becomes the evidence of a capture.

use std::sync::Arc;

use clearshot_protocol::api::EvidenceView;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::reconcile::AttachEvidenceRequest;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{ReturnId, Sha256Digest};
use serde_json::Value;

use super::create::check_same;
use super::finish::{Whole, settle};
use super::keep_on::KeepOn;
use super::refuse::check_not_refused;
use super::right::check_in;
use super::standing::{find, reload, take_turn};
use crate::app::App;
use crate::auth::Principal;
use crate::lifecycle::EvidenceStep;
use crate::problem::ApiError;
use crate::routes::returns::find_item;
use crate::store::uploads::{UploadRow, UploadState};

/// Attaches the upload; the same again changes nothing. A complete one is received at once, another when it has its
/// last byte.
///
/// It goes on when the connection breaks: what was begun is received, and the re-check hears of it.
pub(crate) async fn attach(
    app: &Arc<App>,
    principal: &Principal,
    return_id: ReturnId,
    request: &AttachEvidenceRequest,
) -> Result<EvidenceView, ApiError> {
    let (app, principal, request) = (app.clone(), principal.clone(), request.clone());
    KeepOn::new(app.tasks.clone(), async move { in_turn(&app, &principal, return_id, &request).await }).await
}

async fn in_turn(
    app: &Arc<App>,
    principal: &Principal,
    return_id: ReturnId,
    request: &AttachEvidenceRequest,
) -> Result<EvidenceView, ApiError> {
    find_item(app, principal, return_id, request.item).await?;
    let found = find(app, principal, &request.upload.hyphenated().to_string()).await?;
    // Whoever writes ends, so that what is moved here stays as it is.
    let turn = take_turn(app, &found).await?;
    let upload = reload(app, found.id).await?;
    let sha256 = digest(&upload, request.sha256)?;
    let capture = UploadMetadata { capture: request.capture, return_id, item: request.item, sha256 };
    match upload.attached {
        Some(attached) if attached.evidence_id == request.capture => {
            check_same(&view(app, &request.capture).await?, &capture, None)?;
        }
        Some(_) => {
            return Err(ApiError::new(
                ProblemCode::IdempotencyConflict,
                "this upload brings another capture already; send this capture in an upload of its own",
            ));
        }
        None => {
            let length = upload.length.ok_or_else(|| not_yet("the length of the upload is not known yet"))?;
            record(app, principal, &upload, &capture, length).await?;
        }
    }
    // Also of an upload that was attached before: that request may not have come to this.
    let evidence = view(app, &request.capture).await?;
    if upload.state != UploadState::Complete || evidence.received_at.is_some() {
        return Ok(evidence);
    }
    let (generation, at) = (turn.generation(), app.clock.now());
    let whole = Whole { generation, length: upload.offset, digest: sha256, at };
    settle(app, principal, &reload(app, found.id).await?, whole).await?;
    view(app, &request.capture).await
}

/// The rows that say what the upload brings. A whole file gets its name as evidence only then: should the power go in
/// between, there is a row that knows of it.
async fn record(
    app: &App,
    principal: &Principal,
    upload: &UploadRow,
    capture: &UploadMetadata,
    length: u64,
) -> Result<(), ApiError> {
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    let known = change.find_evidence(capture.capture).await?;
    let sent = change.upload_of(capture.capture).await?.is_some();
    let allowed = check_in(&mut change, principal, capture.return_id).await?;
    let free = known.as_ref().map_or(Ok(()), |known| {
        check_same(known, capture, Some(length))?;
        if sent { Err(sent_already()) } else { check_not_refused(known) }
    });
    if let Err(refused) = free.and(allowed) {
        change.commit().await?;
        return Err(refused);
    }
    if known.is_none() {
        change.announce(capture, length, now).await?;
    }
    change.attach_upload(upload.id, capture.capture, capture.sha256).await?;
    if upload.offset > 0 {
        change.step(capture.capture, EvidenceStep::Begin, &Value::Null, now).await?;
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
