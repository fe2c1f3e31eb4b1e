//! Evidence: where it stands, and its pixels, opened for agents only.

use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clearshot_protocol::api::{EVIDENCE_PATH, EvidenceView};
use clearshot_protocol::envelope::{OpenEnvelope, open_envelope};
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::reconcile::AttachEvidenceRequest;
use clearshot_protocol::{CaptureId, ReturnId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::problem::{ApiError, ApiJson, Problems};
use crate::routes::returns::{self, unknown_return};
use crate::uploads::attach;

/// Bytes read from a sealed photo at a time: age works in chunks of 64 KiB.
const READ_BUFFER: usize = 64 * 1024;

/// How long a viewer waits for others to be done: as long as an agent looks at a page that does not load.
const VIEWER_PATIENCE: Duration = Duration::from_secs(15);

/// Says what an upload is: it becomes the evidence of a capture. The same again answers the same; the capture's id and
/// the upload are their own keys, and an `Idempotency-Key` is allowed beside them.
#[utoipa::path(
    post, path = "/v1/returns/{id}/evidence", tag = "evidence", security(("token" = [])),
    params(
        ("id" = ReturnId, Path),
        ("idempotency-key" = Option<String>, Header, description = "1–128 visible characters, the sender's own"),
    ),
    request_body = AttachEvidenceRequest,
    responses(
        (status = 201, body = EvidenceView, headers(("location" = String, description = "The evidence's address"))),
        Problems,
    )
)]
pub(crate) async fn attach_evidence(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<AttachEvidenceRequest>,
) -> Result<impl IntoResponse, ApiError> {
    principal.require_sender()?;
    let id = id.parse().map_err(|_| unknown_return())?;
    returns::check_key(&app, &principal, &headers, id, &request).await?;
    let evidence = attach(&app, &principal, id, &request).await?;
    Ok((StatusCode::CREATED, [(LOCATION, format!("{EVIDENCE_PATH}/{}", evidence.id))], Json(evidence)))
}

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

/// An opened picture in memory, with the viewer's place that it takes until its last byte is sent.
struct Picture {
    jpeg: Vec<u8>,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Picture {
    fn as_ref(&self) -> &[u8] {
        &self.jpeg
    }
}

async fn picture(
    app: &Arc<App>,
    id: CaptureId,
    part: fn(OpenEnvelope<'_>) -> Opened,
) -> Result<Response, ApiError> {
    let Ok(Ok(place)) = timeout(VIEWER_PATIENCE, app.viewers.clone().acquire_owned()).await else {
        return Err(ApiError::new(
            ProblemCode::Busy,
            "the server is sending as many photos as it can; try again in a moment",
        ));
    };
    let opening = app.clone();
    let opened = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, ApiError> {
        let file = match opening.folder.open_evidence(id) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ApiError::new(
                    ProblemCode::UnknownEvidence,
                    "this evidence has no photo: its bytes have not all arrived, or were refused",
                ));
            }
            other => other.map_err(ServerError::disk(opening.folder.evidence_file(id)))?,
        };
        let sealed = BufReader::with_capacity(READ_BUFFER, file);
        open_envelope(&opening.store.keys.identity, sealed).and_then(part).map_err(|error| {
            tracing::warn!(evidence = %id, %error, "a photo could not be opened");
            ApiError::new(ProblemCode::UnknownEvidence, "this photo cannot be opened; its evidence says why")
        })
    });
    let jpeg = opened.await.map_err(ServerError::Task)??;
    let body = Body::from(Bytes::from_owner(Picture { jpeg, _place: place }));
    // The console's policy forbids every script and nosniff every other reading: these bytes came from a phone.
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "private, no-store")], body).into_response())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_viewers_place_is_taken_until_the_last_byte_was_sent() {
        let viewers = Arc::new(Semaphore::new(1));
        let place = viewers.clone().acquire_owned().await.unwrap();
        let mut body = Body::from(Bytes::from_owner(Picture { jpeg: vec![7; 100], _place: place }));
        let mut unsent = body.frame().await.unwrap().unwrap().into_data().unwrap();
        drop(body);
        let sent = unsent.split_to(99);
        drop(sent);
        assert_eq!(viewers.available_permits(), 0);
        drop(unsent);
        assert_eq!(viewers.available_permits(), 1);
    }
}
