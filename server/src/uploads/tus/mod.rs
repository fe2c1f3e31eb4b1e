//! tus 1.0: headers to commands, answers to headers. Pure.
//!
//! The section names are those of <https://tus.io/protocols/resumable-upload>.

mod answer;
mod request;

use axum::http::{HeaderMap, Method};
use clearshot_protocol::upload::{UPLOADS_PATH, header};

pub(super) use answer::{appended, capabilities, created, standing, terminated};
pub(super) use request::{check_version, read_append, read_creation};

/// The method that an upload's request means: `X-HTTP-Method-Override` "MUST be interpreted as the request's method by
/// the Server, if the header is presented, regardless of the actual method of the request" (Core Protocol, Headers).
pub(crate) fn meant_method(path: &str, headers: &HeaderMap) -> Option<Method> {
    path.starts_with(UPLOADS_PATH)
        .then(|| headers.get(header::X_HTTP_METHOD_OVERRIDE))
        .flatten()
        .and_then(|method| Method::from_bytes(method.as_bytes()).ok())
}
