//! The answers of the draft's protocol, interim ones among them.

use std::fmt::Write as _;

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{MAX_UPLOAD_LENGTH, OFFSET_OCTET_STREAM, PARTIAL_UPLOAD, header};

use super::super::command::{Standing, location};
use super::super::fields::put;
use super::Interop;
use crate::config::UPLOAD_LIFETIME;
use crate::problem::ApiError;

/// Where the draft's problem types stand (Problem Types; RFC 9457 §4.2).
const MISMATCHING_OFFSET: &str = "https://iana.org/assignments/http-problem-types#mismatching-upload-offset";
const COMPLETED_UPLOAD: &str = "https://iana.org/assignments/http-problem-types#completed-upload";
const INCONSISTENT_LENGTH: &str =
    "https://iana.org/assignments/http-problem-types#inconsistent-upload-length";

/// Media type and limits, for who asks before they begin (Limits).
pub(in super::super) fn capabilities(headers: &mut HeaderMap) {
    put(headers, "accept-patch", &format!("{PARTIAL_UPLOAD}, {OFFSET_OCTET_STREAM}"));
    put(headers, header::UPLOAD_LIMIT, &limit("max-age", Some(UPLOAD_LIFETIME.as_secs())));
}

/// The head of the interim answer that names the upload before its bytes have come (Upload Creation).
pub(in super::super) fn resumable(upload: &Standing, interop: Interop) -> String {
    let mut head = interim(interop);
    let _ = write!(head, "location: {}\r\n", location(upload.id));
    if interop.has_partial_upload() {
        let limit = limit(interop.age_key(), upload.seconds_left);
        let _ = write!(head, "{}: {limit}\r\n", header::UPLOAD_LIMIT);
    }
    head + "\r\n"
}

/// The head of the interim answer that says how many bytes are durable (Upload Append).
pub(in super::super) fn progress(offset: u64, interop: Interop) -> String {
    format!("{}{}: {offset}\r\n\r\n", interim(interop), header::UPLOAD_OFFSET)
}

fn interim(interop: Interop) -> String {
    format!(
        "HTTP/1.1 104 Upload Resumption Supported\r\n{}: {}\r\n",
        header::UPLOAD_DRAFT_INTEROP_VERSION,
        interop.number()
    )
}

/// The upload exists, with all its bytes or some.
pub(in super::super) fn created(upload: &Standing, interop: Interop) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    put(response.headers_mut(), "location", &upload.location());
    put_state(response.headers_mut(), upload, interop);
    response
}

/// The bytes are durable.
pub(in super::super) fn appended(upload: &Standing, interop: Interop) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    put_state(response.headers_mut(), upload, interop);
    response
}

/// Where the upload stands (Offset Retrieval).
pub(in super::super) fn standing(upload: &Standing, interop: Interop) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    put_state(headers, upload, interop);
    if let Some(length) = upload.length {
        put(headers, header::UPLOAD_LENGTH, &length);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// It is gone (Upload Cancellation).
pub(in super::super) fn terminated() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A refusal with the draft's problem type where it has one, and the completeness: `?1` says that all bytes came, and
/// that this upload cannot be gone on with (Upload Append).
pub(in super::super) fn refused(error: ApiError, interop: Interop) -> Response {
    let code = error.code();
    let error = match code {
        ProblemCode::OffsetMismatch => error.with_type(MISMATCHING_OFFSET),
        ProblemCode::UploadComplete => error.with_type(COMPLETED_UPLOAD),
        ProblemCode::InconsistentLength => error.with_type(INCONSISTENT_LENGTH),
        _ => error,
    };
    let all_came = matches!(code, ProblemCode::UploadComplete | ProblemCode::DigestMismatch);
    let mut response = error.into_response();
    put_completeness(response.headers_mut(), all_came, interop);
    if code == ProblemCode::TooLarge {
        put(response.headers_mut(), header::UPLOAD_LIMIT, &limit(interop.age_key(), None));
    }
    response
}

fn put_state(headers: &mut HeaderMap, upload: &Standing, interop: Interop) {
    put(headers, header::UPLOAD_OFFSET, &upload.offset);
    put_completeness(headers, upload.complete, interop);
    if interop.has_partial_upload() {
        put(headers, header::UPLOAD_LIMIT, &limit(interop.age_key(), upload.seconds_left));
    }
}

fn put_completeness(headers: &mut HeaderMap, complete: bool, interop: Interop) {
    let (name, value) = if interop.inverts_completeness() {
        (header::UPLOAD_INCOMPLETE, !complete)
    } else {
        (header::UPLOAD_COMPLETE, complete)
    };
    put(headers, name, &if value { "?1" } else { "?0" });
}

/// `Upload-Limit` (Limits).
fn limit(age_key: &str, seconds_left: Option<u64>) -> String {
    let mut limit = format!("max-size={MAX_UPLOAD_LENGTH}");
    if let Some(seconds) = seconds_left {
        let _ = write!(limit, ", {age_key}={seconds}");
    }
    limit
}
