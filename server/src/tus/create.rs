//! A new upload, or the one that the same creation has already made. `OPTIONS`, `POST`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::Timestamp;
use clearshot_protocol::api::EvidenceView;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{MAX_UPLOAD_LENGTH, TUS_VERSION, UPLOADS_PATH, header};
use uuid::Uuid;

use super::finish::digest_mismatch;
use super::receive::blocking;
use super::request::{self, Creation};
use super::resume::{Start, answer, append};
use super::spool::{self, Spool};
use crate::app::App;
use crate::auth::Principal;
use crate::keys;
use crate::problem::{ApiError, Problems};
use crate::routes::returns::find_item;
use crate::store::uploads::{UploadRow, UploadState};

/// The extensions of tus that the server speaks.
const EXTENSIONS: &str = "creation,creation-with-upload,termination";

/// The versions, extensions and limits of the server.
#[utoipa::path(
    options, path = "/v1/uploads", tag = "uploads",
    responses(
        (status = 204, description = "The capabilities are in the headers", headers(
            ("tus-version" = String), ("tus-extension" = String), ("tus-max-size" = u64),
        )),
        Problems,
    )
)]
pub(crate) async fn describe() -> Response {
    capabilities()
}

pub(super) fn capabilities() -> Response {
    let headers = [
        (HeaderName::from_static(header::TUS_VERSION), HeaderValue::from_static(TUS_VERSION)),
        (HeaderName::from_static(header::TUS_EXTENSION), HeaderValue::from_static(EXTENSIONS)),
        (HeaderName::from_static(header::TUS_MAX_SIZE), MAX_UPLOAD_LENGTH.into()),
    ];
    answer(Ok((StatusCode::NO_CONTENT, headers).into_response()))
}

/// Creates the upload of a capture, with its first bytes or without. The same creation again answers with the same
/// upload and where it stands; bytes that the upload already has are passed over.
#[utoipa::path(
    post, path = "/v1/uploads", tag = "uploads", security(("token" = [])),
    params(
        ("tus-resumable" = String, Header),
        ("upload-length" = u64, Header, description = "Sealed bytes in all"),
        ("upload-metadata" = String, Header, description = "capture, return, item and sha256, each in base64"),
        ("idempotency-key" = Option<String>, Header, description = "The capture's id"),
        ("repr-digest" = Option<String>, Header, description = "sha-256 of the sealed bytes (RFC 9530)"),
    ),
    request_body(content = Option<Vec<u8>>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 201, description = "The upload exists", headers(
            ("location" = String, description = "The upload's address, relative to the server"),
            ("upload-offset" = u64, description = "Bytes that are durable"),
        )),
        Problems,
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let prepared = async {
        request::check_version(&headers)?;
        principal.require_sender()?;
        let creation = request::read_creation(&headers)?;
        find_item(&app, &principal, creation.metadata.return_id, creation.metadata.item).await?;
        Ok((open(&app, &creation).await?, creation.with_body))
    };
    let (upload, with_body) = match prepared.await {
        Ok(opened) => opened,
        Err(error) => return answer(Err(error)),
    };
    let location = format!("{UPLOADS_PATH}/{}", upload.id.hyphenated());
    let offset = if with_body {
        append(&app, upload.id, Start::Beginning, headers, body).await
    } else {
        Ok(upload.offset)
    };
    let mut response = answer(offset.map(|offset| {
        (StatusCode::CREATED, [(HeaderName::from_static(header::UPLOAD_OFFSET), HeaderValue::from(offset))])
            .into_response()
    }));
    // Also where the bytes did not all arrive: the upload exists, and the client need not create it again.
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Finds the capture's upload, or makes it: file first, then the rows, so that a row always has its file. The file is
/// made before the change begins, so that no other change waits for it.
async fn open(app: &Arc<App>, creation: &Creation) -> Result<UploadRow, ApiError> {
    let capture = creation.metadata.capture;
    if let Some(known) = app.store.evidence(capture).await? {
        check_same(&known, creation)?;
        if let Some(upload) = app.store.upload_of(capture).await? {
            return usable(upload);
        }
    }
    let now = app.clock.now();
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &*keys::random::<10>()?).into_uuid();
    let folder = app.folder.clone();
    blocking(move || Ok(Spool::create(&folder, id)?)).await?;
    let recorded = record(app, id, creation, now).await;
    if !matches!(&recorded, Ok(upload) if upload.id == id) {
        let folder = app.folder.clone();
        blocking(move || Ok(spool::remove(&folder, id)?)).await?;
    }
    recorded
}

/// The rows of a new upload; or the upload that the same creation, sent twice at once, has made in the meantime.
async fn record(app: &App, id: Uuid, creation: &Creation, now: Timestamp) -> Result<UploadRow, ApiError> {
    let metadata = &creation.metadata;
    let mut change = app.store.change().await?;
    match change.find_evidence(metadata.capture).await? {
        None => change.announce(metadata, creation.length, now).await?,
        Some(known) => {
            check_same(&known, creation)?;
            if let Some(upload) = change.upload_of(metadata.capture).await? {
                return usable(upload);
            }
        }
    }
    change.create_upload(id, metadata.capture, creation.length, metadata.sha256, now).await?;
    change.commit().await?;
    Ok(UploadRow {
        id,
        evidence_id: metadata.capture,
        return_id: metadata.return_id,
        length: creation.length,
        offset: 0,
        sha256: metadata.sha256,
        state: UploadState::Open,
    })
}

fn usable(upload: UploadRow) -> Result<UploadRow, ApiError> {
    if upload.state == UploadState::Failed { Err(digest_mismatch()) } else { Ok(upload) }
}

fn check_same(known: &EvidenceView, creation: &Creation) -> Result<(), ApiError> {
    let metadata = &creation.metadata;
    if (known.return_id, known.item_id, known.length, known.sha256)
        == (metadata.return_id, metadata.item, creation.length, metadata.sha256)
    {
        Ok(())
    } else {
        Err(ApiError::new(
            ProblemCode::IdempotencyConflict,
            "this capture was announced with another return, item, length or digest; a new photo needs a new id",
        ))
    }
}
