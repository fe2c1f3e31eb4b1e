//! Evidence: where it stands, and its pixels, opened for agents only.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::CaptureId;
use clearshot_protocol::api::EvidenceView;
use clearshot_protocol::envelope::{OpenEnvelope, open_envelope};
use clearshot_protocol::problem::ProblemCode;

use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::problem::{ApiError, Problems};

/// Bytes read from a sealed photo at a time: age works in chunks of 64 KiB.
const READ_BUFFER: usize = 64 * 1024;

/// Where a capture stands on the server. Its digest is the one that the phone compares before it deletes its copy.
#[utoipa::path(
    get, path = "/v1/evidence/{id}", tag = "evidence", security(("token" = [])),
    params(("id" = CaptureId, Path)),
    responses((status = 200, body = EvidenceView), Problems)
)]
pub(crate) async fn show_evidence(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<EvidenceView>, ApiError> {
    Ok(Json(find(&app, &principal, &id).await?))
}

/// The photo, opened for an agent.
#[utoipa::path(
    get, path = "/v1/evidence/{id}/photo", tag = "evidence", security(("token" = [])),
    params(("id" = CaptureId, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), Problems)
)]
pub(crate) async fn show_photo(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    principal.require_agent()?;
    let evidence = find(&app, &principal, &id).await?;
    picture(&app, evidence.id, read_photo).await
}

/// A thumbnail of at most 320 px, opened for an agent.
#[utoipa::path(
    get, path = "/v1/evidence/{id}/thumbnail", tag = "evidence", security(("token" = [])),
    params(("id" = CaptureId, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), Problems)
)]
pub(crate) async fn show_thumbnail(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    principal.require_agent()?;
    let evidence = find(&app, &principal, &id).await?;
    picture(&app, evidence.id, |envelope| Ok(envelope.thumbnail)).await
}

/// The evidence, if the token may see its return.
pub(crate) async fn find(app: &App, principal: &Principal, id: &str) -> Result<EvidenceView, ApiError> {
    let unknown = || {
        ApiError::new(
            ProblemCode::UnknownEvidence,
            "no evidence with this id is yours; check the id and the token",
        )
    };
    let id: CaptureId = id.parse().map_err(|_| unknown())?;
    let evidence = app.store.evidence(id).await?.ok_or_else(unknown)?;
    match app.store.find_return(evidence.return_id).await? {
        Some(of) if principal.may_see(&of) => Ok(evidence),
        _ => Err(unknown()),
    }
}

fn read_photo(envelope: OpenEnvelope<'_>) -> Opened {
    envelope.read_photo()
}

type Opened = Result<Vec<u8>, clearshot_protocol::envelope::EnvelopeError>;

async fn picture(
    app: &Arc<App>,
    id: CaptureId,
    part: fn(OpenEnvelope<'_>) -> Opened,
) -> Result<Response, ApiError> {
    let _turn = app.viewers.acquire().await;
    let opening = app.clone();
    let opened = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, ApiError> {
        let path = opening.folder.evidence_file(id);
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ApiError::new(
                    ProblemCode::UnknownEvidence,
                    "this evidence has no photo: its bytes have not all arrived, or were refused",
                ));
            }
            other => other.map_err(ServerError::disk(&path))?,
        };
        let sealed = BufReader::with_capacity(READ_BUFFER, file);
        open_envelope(&opening.store.keys.identity, sealed).and_then(part).map_err(|error| {
            tracing::warn!(evidence = %id, %error, "a photo could not be opened");
            ApiError::new(ProblemCode::UnknownEvidence, "this photo cannot be opened; its evidence says why")
        })
    });
    let jpeg = opened.await.map_err(ServerError::Task)??;
    // The console's policy forbids every script and nosniff every other reading: these bytes came from a phone.
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "private, no-store")], jpeg).into_response())
}
