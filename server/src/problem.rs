//! How a handler refuses: problems (RFC 9457), made in one place.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemCode};
use serde_json::{Value, json};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::error::ServerError;

/// When a client may come back to a server that is busy or shutting down, in seconds.
const RETRY_AFTER_BUSY: &str = "2";
/// When a client may come back to a server without room: somebody must make some first.
const RETRY_AFTER_FULL: &str = "300";

/// What a handler answers instead of a result.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ProblemCode,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// A type of somebody else's, in the place of ours.
    kind: Option<&'static str>,
    /// Further members of the problem (RFC 9457 §3.2).
    members: Vec<(&'static str, Value)>,
}

impl ApiError {
    /// A refusal with a sentence that says what is wrong here and what to do. No personal data: it is logged.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), headers: Vec::new(), kind: None, members: Vec::new() }
    }

    /// With one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    /// With one more member.
    pub(crate) fn with_member(mut self, name: &'static str, value: Value) -> Self {
        self.members.push((name, value));
        self
    }

    /// With the type that a standard has for this problem.
    pub(crate) fn with_type(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    pub(crate) fn code(&self) -> ProblemCode {
        self.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut problem = self.code.with_detail(self.detail);
        if let Some(kind) = self.kind {
            kind.clone_into(&mut problem.kind);
        }
        let mut problem = json!(problem);
        for (name, value) in self.members {
            problem[name] = value;
        }
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.code {
            ProblemCode::Busy | ProblemCode::TooMuchAtOnce => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_BUSY));
            }
            ProblemCode::StorageFull => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_FULL));
            }
            ProblemCode::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            ProblemCode::TokenExpired => {
                headers.insert(
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer error=\"invalid_token\", error_description=\"expired\""),
                );
            }
            _ => {}
        }
        headers.extend(self.headers);
        response
    }
}

impl From<ServerError> for ApiError {
    fn from(error: ServerError) -> Self {
        if is_full(&error) {
            tracing::error!("the disk is full");
            return Self::new(
                ProblemCode::StorageFull,
                "the server's disk is full; nothing was lost, try again later",
            );
        }
        if matches!(database(&error), Some(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)) {
            return Self::new(
                ProblemCode::Busy,
                "the server is busy or shutting down; try again in a moment",
            );
        }
        // The causes name files, columns and system errors, never what is in them.
        tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
        Self::new(ProblemCode::Internal, "the server failed; try again, and tell its operator if it stays so")
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        ServerError::Io(error).into()
    }
}

fn is_full(error: &ServerError) -> bool {
    /// `SQLITE_FULL`, <https://www.sqlite.org/rescode.html#full>.
    const SQLITE_FULL: &str = "13";
    match error {
        ServerError::Disk { source, .. } | ServerError::Io(source) => {
            matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        }
        other => match database(other) {
            Some(sqlx::Error::Database(error)) => error.code().as_deref() == Some(SQLITE_FULL),
            _ => false,
        },
    }
}

fn database(error: &ServerError) -> Option<&sqlx::Error> {
    match error {
        ServerError::Database(error) => Some(error),
        ServerError::Commit(error) => Some(error),
        _ => None,
    }
}

/// A JSON body; what cannot be read is refused as a problem.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refuse_json(&rejection)),
        }
    }
}

fn refuse_json(rejection: &JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::JsonDataError(error) => ApiError::new(ProblemCode::InvalidField, error.body_text()),
        JsonRejection::MissingJsonContentType(_) => ApiError::new(
            ProblemCode::UnsupportedMediaType,
            "send the body as JSON, with Content-Type: application/json",
        ),
        JsonRejection::BytesRejection(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(
                ProblemCode::TooLarge,
                format!("the body may have at most {} bytes", crate::config::JSON_BODY_LIMIT),
            )
        }
        other => ApiError::new(ProblemCode::InvalidRequest, other.body_text()),
    }
}

/// The problems of an operation in the `OpenAPI` document.
pub(crate) struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses() -> std::collections::BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        [
            ("4XX", "What was asked for cannot be; the problem says why and what to do"),
            ("5XX", "The server failed"),
        ]
        .into_iter()
        .map(|(status, description)| {
            let schema = Ref::from_schema_name(<Problem as utoipa::ToSchema>::name());
            let response = ResponseBuilder::new()
                .description(description)
                .content(PROBLEM_MEDIA_TYPE, ContentBuilder::new().schema(Some(schema)).build())
                .build();
            (status.to_owned(), response.into())
        })
        .collect()
    }
}
