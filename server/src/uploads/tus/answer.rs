//! The answers of tus.

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::Timestamp;
use clearshot_protocol::upload::{MAX_UPLOAD_LENGTH, TUS_VERSION, header};
use jiff::fmt::rfc2822::DateTimePrinter;

use super::super::checksum::Algorithm;
use super::super::command::Standing;
use super::super::fields::put;

/// The extensions of tus that the server speaks.
const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination";

/// Version, extensions, algorithms and limit (Core Protocol, OPTIONS).
pub(in super::super) fn capabilities(headers: &mut HeaderMap) {
    headers.insert(HeaderName::from_static(header::TUS_VERSION), HeaderValue::from_static(TUS_VERSION));
    headers.insert(HeaderName::from_static(header::TUS_EXTENSION), HeaderValue::from_static(EXTENSIONS));
    headers.insert(HeaderName::from_static(header::TUS_MAX_SIZE), MAX_UPLOAD_LENGTH.into());
    put(headers, header::TUS_CHECKSUM_ALGORITHM, &Algorithm::ALL.map(Algorithm::as_str).join(","));
}

/// The upload exists (Creation; Creation With Upload).
pub(in super::super) fn created(upload: &Standing) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    put(headers, "location", &upload.location());
    put(headers, header::UPLOAD_OFFSET, &upload.offset);
    put_expiry(headers, upload.expires_at);
    response
}

/// The bytes are durable (Core Protocol, PATCH).
pub(in super::super) fn appended(upload: &Standing) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    put(response.headers_mut(), header::UPLOAD_OFFSET, &upload.offset);
    put_expiry(response.headers_mut(), upload.expires_at);
    response
}

/// Where the upload stands (Core Protocol, HEAD).
pub(in super::super) fn standing(upload: &Standing) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    put(headers, header::UPLOAD_OFFSET, &upload.offset);
    match upload.length {
        Some(length) => put(headers, header::UPLOAD_LENGTH, &length),
        None => put(headers, header::UPLOAD_DEFER_LENGTH, &1),
    }
    if let Some(metadata) = &upload.metadata {
        put(headers, header::UPLOAD_METADATA, &metadata);
    }
    put_expiry(headers, upload.expires_at);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// It is gone (Termination).
pub(in super::super) fn terminated() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// `Upload-Expires`, as RFC 9110 §5.6.7 writes dates (Expiration).
fn put_expiry(headers: &mut HeaderMap, at: Option<Timestamp>) {
    if let Some(date) = at.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()) {
        put(headers, header::UPLOAD_EXPIRES, &date);
    }
}
