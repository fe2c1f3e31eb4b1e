//! An upload that exists: how far it is, more of it, and its end. `OPTIONS`, `HEAD`, `PATCH`, `DELETE`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{UploadMetadata, header};
use serde_json::Value;
use uuid::Uuid;

use super::create::capabilities;
use super::finish::finish;
use super::receive::{End, blocking, commit, receive};
use super::request;
use super::spool;
use super::turns::Overtaken;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::problem::{ApiError, Problems};
use crate::store::uploads::{UploadRow, UploadState};

/// The versions, extensions and limits of the server.
#[utoipa::path(
    options, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 204, description = "The capabilities are in the headers"), Problems)
)]
pub(crate) async fn describe_one() -> Response {
    capabilities()
}

/// How many bytes of the upload are durable. Ends a request that is still writing, so that the answer stays true.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", tag = "uploads", security(("token" = [])),
    params(("id" = Uuid, Path), ("tus-resumable" = String, Header)),
    responses(
        (status = 200, description = "Where the upload stands", headers(
            ("upload-offset" = u64, description = "Bytes that are durable"),
            ("upload-length" = u64, description = "Bytes in all"),
            ("upload-metadata" = String, description = "As it was declared"),
        )),
        Problems,
    )
)]
pub(crate) async fn head(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(show(&app, &principal, &id, &headers).await)
}

async fn show(
    app: &Arc<App>,
    principal: &Principal,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    request::check_version(headers)?;
    let found = find(app, principal, id).await?;
    let _turn = app.turns.take(found.id).await;
    let upload = reload(app, found.id).await?;
    let evidence = app.store.evidence(upload.evidence_id).await?.ok_or_else(unknown_upload)?;
    let metadata = UploadMetadata {
        capture: evidence.id,
        return_id: evidence.return_id,
        item: evidence.item_id,
        sha256: upload.sha256,
    };
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(header::UPLOAD_OFFSET), upload.offset.into());
    headers.insert(HeaderName::from_static(header::UPLOAD_LENGTH), upload.length.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(metadata) = metadata.to_header().parse() {
        headers.insert(HeaderName::from_static(header::UPLOAD_METADATA), metadata);
    }
    Ok(response)
}

/// More bytes, from `Upload-Offset` on.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", tag = "uploads", security(("token" = [])),
    params(
        ("id" = Uuid, Path), ("tus-resumable" = String, Header), ("upload-offset" = u64, Header),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "The bytes are durable", headers(("upload-offset" = u64))),
        Problems,
    )
)]
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(add(&app, &principal, &id, headers, body).await)
}

async fn add(
    app: &Arc<App>,
    principal: &Principal,
    id: &str,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    request::check_version(&headers)?;
    let offset = request::read_append(&headers)?;
    let upload = find(app, principal, id).await?;
    let offset = append(app, upload.id, Start::At(offset), headers, body).await?;
    Ok((StatusCode::NO_CONTENT, [(HeaderName::from_static(header::UPLOAD_OFFSET), offset)]).into_response())
}

/// Takes an unfinished upload back; its bytes are removed.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "uploads", security(("token" = [])),
    params(("id" = Uuid, Path), ("tus-resumable" = String, Header)),
    responses((status = 204, description = "It is gone"), Problems)
)]
pub(crate) async fn terminate(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(end(&app, &principal, &id, &headers).await)
}

async fn end(
    app: &Arc<App>,
    principal: &Principal,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    request::check_version(headers)?;
    let found = find(app, principal, id).await?;
    let Ok(_turn) = app.turns.take(found.id).await else { return Err(taken_over(app, found.id).await?) };
    let upload = reload(app, found.id).await?;
    if upload.state == UploadState::Complete {
        return Err(ApiError::new(
            ProblemCode::Forbidden,
            "the upload is complete; evidence cannot be taken back",
        ));
    }
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    change.move_upload(upload.id, 0, UploadState::Terminated, now).await?;
    change.step(upload.evidence_id, EvidenceStep::Withdraw, &Value::Null, now).await?;
    change.commit().await?;
    app.turns.forget(upload.id);
    let folder = app.folder.clone();
    blocking(move || Ok(spool::remove(&folder, upload.id)?)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Where a body begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// At this byte, or not at all.
    At(u64),
    /// At the first; what the upload has already is passed over.
    Beginning,
}

/// Appends a body, and finishes the upload when it is complete. The answer is the offset.
///
/// It runs as a task of its own: when the client's connection breaks, its handler is dropped, and what arrived must
/// still be kept.
pub(super) async fn append(
    app: &Arc<App>,
    upload: Uuid,
    start: Start,
    headers: HeaderMap,
    body: Body,
) -> Result<u64, ApiError> {
    let app = app.clone();
    let tasks = app.tasks.clone();
    tasks
        .spawn(async move { append_in_turn(&app, upload, start, &headers, body).await })
        .await
        .map_err(ServerError::Task)?
}

async fn append_in_turn(
    app: &Arc<App>,
    id: Uuid,
    start: Start,
    headers: &HeaderMap,
    body: Body,
) -> Result<u64, ApiError> {
    let mut turn = match app.turns.take(id).await {
        Ok(turn) => turn,
        Err(Overtaken) => return Err(taken_over(app, id).await?),
    };
    let upload = reload(app, id).await?;
    check_start(&upload, start, headers)?;
    if upload.state == UploadState::Complete {
        return Ok(upload.length);
    }
    let skip = match start {
        Start::At(_) => 0,
        Start::Beginning => upload.offset,
    };
    let (spool, end) = receive(app, &upload, &mut turn, body, skip).await?;
    let offset = spool.offset();
    if offset == upload.length {
        finish(app, &upload, spool).await.map_err(|error| match error.code() {
            ProblemCode::DigestMismatch => error.with_header(header::UPLOAD_OFFSET, offset),
            // The last bytes are not counted yet, so that nothing is said of them.
            _ => error,
        })?;
        return Ok(offset);
    }
    commit(app, &upload, offset).await?;
    turn.leave_hash(spool.close());
    match end {
        End::Finished => Ok(offset),
        End::Overtaken => Err(overtaken(offset)),
        End::Broken => Err(kept(ProblemCode::InvalidRequest, offset, "the connection broke")),
        End::Silent => Err(kept(ProblemCode::Busy, offset, "nothing arrived for too long")),
        End::Cut => Err(kept(ProblemCode::Busy, offset, "the server is shutting down")),
    }
}

fn check_start(upload: &UploadRow, start: Start, headers: &HeaderMap) -> Result<(), ApiError> {
    let Start::At(offset) = start else { return Ok(()) };
    if offset != upload.offset {
        return Err(ApiError::new(
            ProblemCode::OffsetMismatch,
            format!(
                "the upload has {} bytes, the request begins at {offset}; go on from Upload-Offset",
                upload.offset
            ),
        )
        .with_header(header::UPLOAD_OFFSET, upload.offset));
    }
    request::check_body_length(headers, upload.length - offset)
        .map_err(|error| error.with_header(header::UPLOAD_OFFSET, upload.offset))
}

/// The upload, if the token may write to its return.
async fn find(app: &App, principal: &Principal, id: &str) -> Result<UploadRow, ApiError> {
    principal.require_sender()?;
    let id = id.parse().map_err(|_| unknown_upload())?;
    let upload = app.store.upload(id).await?.ok_or_else(unknown_upload)?;
    match app.store.find_return(upload.return_id).await? {
        Some(of) if principal.may_see(&of) => Ok(upload),
        _ => Err(unknown_upload()),
    }
}

/// The upload as it stands now that it is this request's turn.
async fn reload(app: &App, id: Uuid) -> Result<UploadRow, ApiError> {
    let upload = app.store.upload(id).await?.ok_or_else(unknown_upload)?;
    match upload.state {
        UploadState::Open | UploadState::Complete => Ok(upload),
        UploadState::Failed => Err(ApiError::new(
            ProblemCode::UploadGone,
            "the upload was refused: its bytes did not have its digest",
        )),
        UploadState::Terminated => Err(ApiError::new(
            ProblemCode::UploadGone,
            "the upload was taken back; create it again to send it",
        )),
    }
}

async fn taken_over(app: &App, id: Uuid) -> Result<ApiError, ApiError> {
    Ok(overtaken(reload(app, id).await?.offset))
}

fn overtaken(offset: u64) -> ApiError {
    kept(ProblemCode::UploadTakenOver, offset, "a newer request has taken over this upload")
}

fn kept(code: ProblemCode, offset: u64, why: &str) -> ApiError {
    ApiError::new(code, format!("{why}; {offset} bytes are kept, ask for the offset and go on from there"))
        .with_header(header::UPLOAD_OFFSET, offset)
}

fn unknown_upload() -> ApiError {
    ApiError::new(ProblemCode::UnknownUpload, "no upload with this id is yours; create it again")
}

/// The answer; what was refused is noted for whoever looks for a phone's trouble.
pub(super) fn answer(result: Result<Response, ApiError>) -> Response {
    result.unwrap_or_else(|error| {
        tracing::debug!(
            code = error.code().as_str(),
            detail = error.detail(),
            "an upload's request was refused"
        );
        error.into_response()
    })
}
