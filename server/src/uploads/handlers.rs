//! The routes of uploads: which protocol a request speaks, what it asks for, and the answer in the same protocol.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{TUS_VERSION, header};
use uuid::Uuid;

use super::append::append;
use super::command::{Append, Creation, Standing, location};
use super::create::open;
use super::draft::{self, Interop};
use super::fields::{put, wants_repr_digest};
use super::receive::Progress;
use super::standing::{find, show, standing};
use super::terminate::terminate as take_back;
use super::tus;
use crate::app::App;
use crate::auth::Principal;
use crate::connection::Interim;
use crate::problem::{ApiError, Problems};

/// What a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Tus,
    Draft(Interop),
    /// An ordinary upload, which is neither.
    Plain,
}

impl Dialect {
    /// tus says so by `Tus-Resumable`; the draft by its interop version and, in a creation, by a completeness. A
    /// creation that says neither, or an interop version that is not spoken, is an ordinary upload.
    fn of(method: &Method, headers: &HeaderMap) -> Self {
        if headers.contains_key(header::TUS_RESUMABLE) {
            return Self::Tus;
        }
        match Interop::of(headers) {
            Some(interop) if *method != Method::POST || draft::asks_for_resumption(headers, interop) => {
                Self::Draft(interop)
            }
            _ => Self::Plain,
        }
    }

    /// For the address of an upload, which only a protocol for resuming knows.
    fn of_resumption(method: &Method, headers: &HeaderMap) -> Result<Self, ApiError> {
        match Self::of(method, headers) {
            Self::Plain if headers.contains_key(header::UPLOAD_DRAFT_INTEROP_VERSION) => Err(ApiError::new(
                ProblemCode::InvalidRequest,
                format!(
                    "Upload-Draft-Interop-Version is none that this server speaks; it speaks {:?}",
                    Interop::SPOKEN
                ),
            )),
            // tus asks for 412 where its version is missing.
            Self::Plain | Self::Tus => tus::check_version(headers).map(|()| Self::Tus),
            draft @ Self::Draft(_) => Ok(draft),
        }
    }

    fn read_creation(self, headers: &HeaderMap) -> Result<(Creation, Option<Append>), ApiError> {
        match self {
            Self::Tus => {
                tus::check_version(headers)?;
                tus::read_creation(headers)
            }
            Self::Draft(interop) => draft::read_creation(headers, interop),
            Self::Plain => draft::read_plain(headers),
        }
    }

    fn created(self, upload: &Standing) -> Response {
        match self {
            Self::Draft(interop) => draft::created(upload, interop),
            Self::Tus | Self::Plain => tus::created(upload),
        }
    }

    fn refused(self, error: ApiError) -> Response {
        // Noted for whoever looks for a phone's trouble.
        tracing::debug!(
            code = error.code().as_str(),
            detail = error.detail(),
            "an upload's request was refused"
        );
        match self {
            Self::Draft(interop) => draft::refused(error, interop),
            Self::Tus | Self::Plain => error.into_response(),
        }
    }

    /// Where the offsets that become durable meanwhile are told.
    fn progress(self, interim: Option<&Interim>) -> Progress {
        let (Self::Draft(interop), Some(interim)) = (self, interim) else { return None };
        let interim = interim.clone();
        Some(Arc::new(move |offset| interim.send(draft::progress(offset, interop))))
    }
}

/// Names the protocol in every answer, whoever gives it: tus demands its version, the draft asks for it.
pub(crate) async fn name_protocol(request: Request, next: Next) -> Response {
    let dialect = Dialect::of(request.method(), request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    match dialect {
        Dialect::Draft(interop) => put(headers, header::UPLOAD_DRAFT_INTEROP_VERSION, &interop.number()),
        Dialect::Tus | Dialect::Plain => {
            headers.insert(
                HeaderName::from_static(header::TUS_RESUMABLE),
                HeaderValue::from_static(TUS_VERSION),
            );
        }
    }
    response
}

/// The protocols, extensions and limits of the server.
#[utoipa::path(
    options, path = "/v1/uploads", tag = "uploads",
    responses(
        (status = 204, description = "The capabilities are in the headers", headers(
            ("tus-version" = String), ("tus-extension" = String), ("tus-max-size" = u64),
            ("tus-checksum-algorithm" = String), ("accept-patch" = String), ("upload-limit" = String),
        )),
        Problems,
    )
)]
pub(crate) async fn describe() -> Response {
    capabilities()
}

/// The protocols, extensions and limits of the server.
#[utoipa::path(
    options, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 204, description = "The capabilities are in the headers"), Problems)
)]
pub(crate) async fn describe_one() -> Response {
    capabilities()
}

fn capabilities() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    tus::capabilities(response.headers_mut());
    draft::capabilities(response.headers_mut());
    response
}

/// Creates an upload, with its first bytes or without. The same creation again answers with the same upload and where
/// it stands; bytes that the upload already has are passed over.
#[utoipa::path(
    post, path = "/v1/uploads", tag = "uploads", security(("token" = [])),
    params(
        ("tus-resumable" = Option<String>, Header, description = "1.0.0: tus"),
        ("upload-draft-interop-version" = Option<u8>, Header, description = "3, 5, 6, 8 or 9: the IETF draft. With neither, the body is an ordinary upload"),
        ("upload-length" = Option<u64>, Header, description = "Sealed bytes in all"),
        ("upload-defer-length" = Option<u8>, Header, description = "tus: 1, when the length is not known yet"),
        ("upload-complete" = Option<String>, Header, description = "IETF draft: ?1 when the body is all of it"),
        ("upload-metadata" = Option<String>, Header, description = "capture, return, item and sha256, each in base64; without them the upload is attached later"),
        ("upload-checksum" = Option<String>, Header, description = "tus: sha1, sha256 or crc32c of the body"),
        ("idempotency-key" = Option<String>, Header, description = "The capture's id; without metadata any key"),
        ("repr-digest" = Option<String>, Header, description = "sha-256 of the sealed bytes (RFC 9530)"),
        ("content-digest" = Option<String>, Header, description = "IETF draft: sha-256 of the body (RFC 9530)"),
    ),
    request_body(content = Option<Vec<u8>>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 201, description = "The upload exists", headers(
            ("location" = String, description = "The upload's address, relative to the server"),
            ("upload-offset" = u64, description = "Bytes that are durable"),
            ("upload-expires" = Option<String>, description = "tus: when it is removed if nothing happens to it"),
        )),
        Problems,
    )
)]
pub(crate) async fn create(State(app): State<Arc<App>>, principal: Principal, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let dialect = Dialect::of(&head.method, &head.headers);
    let interim = head.extensions.get::<Interim>();
    let prepared = async {
        let (creation, more) = dialect.read_creation(&head.headers)?;
        // Before anything is made: who has too much under way makes no more.
        let more = match more {
            Some(more) => Some((app.budget.admit(&principal)?, more)),
            None => None,
        };
        Ok((open(&app, &principal, &creation).await?, more, creation.key.is_some()))
    };
    let (opened, more, can_come_back) = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => return dialect.refused(error),
    };
    let (id, is_attached) = (opened.upload.id, opened.upload.attached.is_some());
    let made = standing(&opened.upload, app.clock.now());
    let result = match more {
        None => Ok(made),
        Some((admission, more)) => {
            if let (Dialect::Draft(interop), Some(interim)) = (dialect, interim) {
                interim.send(draft::resumable(&made, interop));
            }
            let progress = dialect.progress(interim);
            append(&app, &principal, admission, opened, more, progress, body).await
        }
    };
    if result.is_err() && dialect == Dialect::Plain && !can_come_back && !is_attached {
        discard(&app, &principal, id).await;
    }
    let mut response = match result {
        Ok(upload) => dialect.created(&upload),
        Err(error) => dialect.refused(error),
    };
    // Also where the bytes did not all arrive: the upload exists, and the client need not create it again.
    put(response.headers_mut(), "location", &location(id));
    response
}

/// Removes an ordinary upload that failed: its sender knows no address at which it could go on.
async fn discard(app: &Arc<App>, principal: &Principal, id: Uuid) {
    if let Err(error) = take_back(app, principal, &id.hyphenated().to_string()).await {
        tracing::debug!(detail = error.detail(), "an ordinary upload could not be removed; it will expire");
    }
}

/// How many bytes of the upload are durable, and on demand their digest once all are there. Ends a request that is still
/// writing, so that the answer stays true.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", tag = "uploads", security(("token" = [])),
    params(
        ("id" = Uuid, Path), ("tus-resumable" = Option<String>, Header),
        ("upload-draft-interop-version" = Option<u8>, Header),
        ("want-repr-digest" = Option<String>, Header, description = "sha-256=10: asks for Repr-Digest (RFC 9530)"),
    ),
    responses(
        (status = 200, description = "Where the upload stands (tus)", headers(
            ("repr-digest" = Option<String>, description = "sha-256 of all bytes, where it is wanted and all are there"),
            ("upload-offset" = u64, description = "Bytes that are durable"),
            ("upload-length" = Option<u64>, description = "Bytes in all"),
            ("upload-defer-length" = Option<u8>, description = "1, while nobody knows"),
            ("upload-metadata" = Option<String>, description = "As it was declared"),
            ("upload-expires" = Option<String>),
        )),
        (status = 204, description = "Where the upload stands (IETF draft)", headers(
            ("upload-offset" = u64), ("upload-complete" = String), ("upload-length" = Option<u64>),
            ("upload-limit" = Option<String>),
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
    let dialect = match Dialect::of_resumption(&Method::HEAD, &headers) {
        Ok(dialect) => dialect,
        Err(error) => return Dialect::Plain.refused(error),
    };
    let upload = match show(&app, &principal, &id).await {
        Ok(upload) => upload,
        Err(error) => return dialect.refused(error),
    };
    let mut response = match dialect {
        Dialect::Draft(interop) => draft::standing(&upload, interop),
        Dialect::Tus | Dialect::Plain => tus::standing(&upload),
    };
    if let Some(digest) = upload.sha256.filter(|_| wants_repr_digest(&headers)) {
        put(response.headers_mut(), header::REPR_DIGEST, &digest.to_repr_digest());
    }
    response
}

/// More bytes, from `Upload-Offset` on.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", tag = "uploads", security(("token" = [])),
    params(
        ("id" = Uuid, Path), ("tus-resumable" = Option<String>, Header),
        ("upload-draft-interop-version" = Option<u8>, Header), ("upload-offset" = u64, Header),
        ("upload-complete" = Option<String>, Header), ("upload-length" = Option<u64>, Header),
        ("upload-checksum" = Option<String>, Header), ("content-digest" = Option<String>, Header),
    ),
    request_body(content(
        (Vec<u8> = "application/offset+octet-stream"), (Vec<u8> = "application/partial-upload"),
    )),
    responses(
        (status = 204, description = "The bytes are durable", headers(("upload-offset" = u64))),
        Problems,
    )
)]
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let dialect = match Dialect::of_resumption(&Method::PATCH, &head.headers) {
        Ok(dialect) => dialect,
        Err(error) => return Dialect::Plain.refused(error),
    };
    let progress = dialect.progress(head.extensions.get::<Interim>());
    match add(&app, &principal, &id, dialect, &head.headers, progress, body).await {
        Err(error) => dialect.refused(error),
        Ok(upload) => match dialect {
            Dialect::Draft(interop) => draft::appended(&upload, interop),
            Dialect::Tus | Dialect::Plain => tus::appended(&upload),
        },
    }
}

async fn add(
    app: &Arc<App>,
    principal: &Principal,
    id: &str,
    dialect: Dialect,
    headers: &HeaderMap,
    progress: Progress,
    body: Body,
) -> Result<Standing, ApiError> {
    let more = match dialect {
        Dialect::Draft(interop) => draft::read_append(headers, interop)?,
        Dialect::Tus | Dialect::Plain => tus::read_append(headers)?,
    };
    let upload = find(app, principal, id).await?;
    let admission = app.budget.admit(principal)?;
    append(app, principal, admission, upload.into(), more, progress, body).await
}

/// Takes an unfinished upload back; its bytes are removed.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "uploads", security(("token" = [])),
    params(
        ("id" = Uuid, Path), ("tus-resumable" = Option<String>, Header),
        ("upload-draft-interop-version" = Option<u8>, Header),
    ),
    responses((status = 204, description = "It is gone"), Problems)
)]
pub(crate) async fn terminate(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let dialect = match Dialect::of_resumption(&Method::DELETE, &headers) {
        Ok(dialect) => dialect,
        Err(error) => return Dialect::Plain.refused(error),
    };
    match take_back(&app, &principal, &id).await {
        Err(error) => dialect.refused(error),
        Ok(()) => match dialect {
            Dialect::Draft(_) => draft::terminated(),
            Dialect::Tus | Dialect::Plain => tus::terminated(),
        },
    }
}
