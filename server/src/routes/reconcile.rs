//! What the server has of the captures that a phone holds: the promise that nothing is lost, made checkable.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use clearshot_protocol::api::{EvidenceStatus, EvidenceView};
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::reconcile::{
    HeldCapture, HeldState, RECONCILE_LIMIT, ReconcileAnswer, ReconcileRequest, ReconciledCapture,
};
use clearshot_protocol::upload::UPLOADS_PATH;

use crate::app::App;
use crate::auth::Principal;
use crate::problem::{ApiError, ApiJson, Problems};
use crate::store::uploads::UploadRow;

/// Says of each capture what the server has of it. It changes nothing.
#[utoipa::path(
    post, path = "/v1/reconcile", tag = "evidence", security(("token" = [])),
    request_body = ReconcileRequest,
    responses((status = 200, body = ReconcileAnswer), Problems)
)]
pub(crate) async fn reconcile(
    State(app): State<Arc<App>>,
    principal: Principal,
    ApiJson(request): ApiJson<ReconcileRequest>,
) -> Result<Json<ReconcileAnswer>, ApiError> {
    if !(1..=RECONCILE_LIMIT).contains(&request.captures.len()) {
        return Err(ApiError::new(
            ProblemCode::InvalidField,
            format!("captures must have 1 to {RECONCILE_LIMIT} entries; ask in several requests"),
        ));
    }
    let mut captures = Vec::with_capacity(request.captures.len());
    for held in &request.captures {
        captures.push(look_up(&app, &principal, held).await?);
    }
    Ok(Json(ReconcileAnswer { captures }))
}

async fn look_up(
    app: &App,
    principal: &Principal,
    held: &HeldCapture,
) -> Result<ReconciledCapture, ApiError> {
    let Some(evidence) = app.store.evidence(held.id).await? else { return Ok(absent(held)) };
    match app.store.find_return(evidence.return_id).await? {
        Some(of) if principal.may_see(&of) => {}
        // What somebody may not see does not exist for them.
        _ => return Ok(absent(held)),
    }
    let upload = app.store.upload_of(held.id).await?;
    Ok(compare(held, evidence, upload.as_ref()))
}

fn compare(held: &HeldCapture, evidence: EvidenceView, upload: Option<&UploadRow>) -> ReconciledCapture {
    if evidence.sha256 != held.sha256 {
        return ReconciledCapture { state: HeldState::Conflict, ..absent(held) };
    }
    let state = match (evidence.status, upload) {
        (EvidenceStatus::Announced | EvidenceStatus::Uploading, Some(upload)) => {
            return ReconciledCapture {
                state: HeldState::Uploading,
                offset: Some(upload.offset),
                location: Some(format!("{UPLOADS_PATH}/{}", upload.id.hyphenated())),
                ..absent(held)
            };
        }
        // Its upload was taken back, or has expired.
        (EvidenceStatus::Announced | EvidenceStatus::Uploading, None) => HeldState::Absent,
        (EvidenceStatus::Received | EvidenceStatus::Verifying, _) => HeldState::Received,
        (EvidenceStatus::Accepted, _) => HeldState::Accepted,
        (EvidenceStatus::Superseded, _) => HeldState::Superseded,
        (EvidenceStatus::Rejected, _) => HeldState::Rejected,
        (EvidenceStatus::Quarantined, _) => HeldState::Quarantined,
    };
    ReconciledCapture { state, rejection: evidence.rejection, ..absent(held) }
}

fn absent(held: &HeldCapture) -> ReconciledCapture {
    ReconciledCapture { id: held.id, state: HeldState::Absent, offset: None, location: None, rejection: None }
}
