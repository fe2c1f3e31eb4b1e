//! The one request of a step, as plain data: for this crate's own performer, and for a platform's background transfer.
//!
//! Without the token, and without any HTTP library: who performs it adds the one and brings the other.

use clearshot_capture::{Outcome, Step, UploadRequest};
use clearshot_protocol::upload::{OFFSET_OCTET_STREAM, TUS_VERSION, header};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use url::Url;

use crate::ServerAddress;
use crate::answer::fault;

/// Method, address and headers of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlainRequest {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
}

impl PlainRequest {
    /// A step's request. An address that must not be given the token is an outcome.
    pub(crate) fn of_step(step: &Step, server: &ServerAddress) -> Result<Self, Outcome> {
        let locate = |location: &str| server.locate(location).map_err(|error| fault(error.to_string()));
        Ok(match &step.request {
            UploadRequest::Create { metadata, body } => {
                let request = Self::tus(Method::POST, server.uploads())
                    .with(header::UPLOAD_LENGTH, step.length.to_string())
                    .with(header::UPLOAD_METADATA, metadata.to_header())
                    .with(header::IDEMPOTENCY_KEY, step.capture.to_string())
                    .with(header::REPR_DIGEST, metadata.sha256.to_repr_digest());
                if *body > 0 { request.with(CONTENT_TYPE.as_str(), OFFSET_OCTET_STREAM) } else { request }
            }
            UploadRequest::AskOffset { location } => Self::tus(Method::HEAD, locate(location)?),
            UploadRequest::Append { location, offset, .. } => Self::tus(Method::PATCH, locate(location)?)
                .with(header::UPLOAD_OFFSET, offset.to_string())
                .with(CONTENT_TYPE.as_str(), OFFSET_OCTET_STREAM),
            UploadRequest::Confirm => {
                Self::new(Method::GET, server.evidence(step.capture)).with(ACCEPT.as_str(), JSON)
            }
        })
    }

    /// The question what the server has. Its body is JSON.
    pub(crate) fn of_question(server: &ServerAddress) -> Self {
        Self::new(Method::POST, server.reconcile())
            .with(ACCEPT.as_str(), JSON)
            .with(CONTENT_TYPE.as_str(), JSON)
    }

    fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: Vec::new() }
    }

    fn tus(method: Method, url: Url) -> Self {
        Self::new(method, url).with(header::TUS_RESUMABLE, TUS_VERSION)
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

const JSON: &str = "application/json";
