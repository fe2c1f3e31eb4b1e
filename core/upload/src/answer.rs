//! What a server's answer means for the queue.
//!
//! The hard part is to tell the server's own word from somebody else's: a hotel's sign-in page answers 200 with
//! HTML, a proxy answers 413 on its own account. Only the server's own word may advance or reject a capture;
//! everything else is a network fault, which costs nothing but time.

use std::time::{Duration, SystemTime};

use clearshot_capture::{Outcome, Step, UploadRequest};
use clearshot_protocol::api::{EvidenceStatus, Rejection};
use clearshot_protocol::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemCode};
use clearshot_protocol::upload::{TUS_VERSION, header};
use clearshot_protocol::{CaptureId, Sha256Digest, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Deserialize;

use crate::address::to_stored_location;
use crate::{ServerAddress, TokenError};

/// The longest answer that is read, in bytes. Evidence with two analysis records has about 6 KB.
pub(crate) const ANSWER_LIMIT: usize = 1024 * 1024;

/// The status of an answer to a token that is not valid (RFC 9110 §15.5.2).
pub(crate) const UNAUTHORIZED: u16 = 401;

/// The longest `Retry-After` that is obeyed: by then, the queue calls a capture stalled anyway.
const RETRY_AFTER_LIMIT: Duration = Duration::from_hours(24);

/// The longest code and detail that are taken over from an answer, in characters: they are kept in the queue and
/// shown.
const CODE_LIMIT: usize = 64;
const DETAIL_LIMIT: usize = 500;

/// A whole answer, in memory.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What the queue needs of an [`clearshot_protocol::api::EvidenceView`]. Nothing else is read, so that a field
/// which a later server changes cannot keep a photo waiting.
#[derive(Deserialize)]
struct EvidenceAnswer {
    id: CaptureId,
    status: EvidenceStatus,
    sha256: Sha256Digest,
    rejection: Option<Rejection>,
}

/// The outcome of `step`, to which `server` (or somebody in its place) gave this answer at `now`.
pub(crate) fn interpret(step: &Step, server: &ServerAddress, answer: &Answer, now: Timestamp) -> Outcome {
    let status = answer.status;
    if status.is_redirection() {
        return fault(format!(
            "the answer was a redirect ({}): the network may want you to sign in, or the server's address has changed",
            status.as_u16()
        ));
    }
    if !status.is_success() {
        return refusal(step, answer, now);
    }
    if matches!(step.request, UploadRequest::Confirm) {
        return evidence(step, answer);
    }
    match answer.text(header::TUS_RESUMABLE) {
        Some(TUS_VERSION) => {}
        Some(_) => return fault("the server speaks another version of the upload protocol".to_owned()),
        None => return not_the_servers(status),
    }
    match &step.request {
        UploadRequest::Create { .. } => created(step, server, answer),
        UploadRequest::Append { offset, body, .. } => known_offset(answer, offset + body),
        UploadRequest::AskOffset { .. } | UploadRequest::Confirm => known_offset(answer, step.length),
    }
}

fn created(step: &Step, server: &ServerAddress, answer: &Answer) -> Outcome {
    let Some(location) = answer.text(LOCATION.as_str()) else {
        return fault("the server made an upload, but did not say where".to_owned());
    };
    let location = match server.locate(location) {
        Ok(url) => to_stored_location(&url),
        Err(error) => return fault(error.to_string()),
    };
    // Without an offset, the server took the creation and passed over its body (tus 1.0, Creation With Upload).
    if answer.text(header::UPLOAD_OFFSET).is_none() {
        return Outcome::Created { location, offset: 0 };
    }
    // A creation that is sent again answers for the upload that exists, so that there can be more than this body.
    match known_offset(answer, step.length) {
        Outcome::Offset { offset } => Outcome::Created { location, offset },
        other => other,
    }
}

/// The `Upload-Offset`, which cannot be beyond `most`.
fn known_offset(answer: &Answer, most: u64) -> Outcome {
    match answer.offset() {
        Some(offset) if offset <= most => Outcome::Offset { offset },
        Some(offset) => {
            fault(format!("the server claims to have {offset} bytes, of {most} that it can have"))
        }
        None => fault("the server did not say how many bytes it has".to_owned()),
    }
}

fn evidence(step: &Step, answer: &Answer) -> Outcome {
    match serde_json::from_slice::<EvidenceAnswer>(&answer.body) {
        Ok(evidence) if evidence.id == step.capture => Outcome::Evidence {
            status: evidence.status,
            sha256: evidence.sha256,
            rejection: evidence.rejection.map(|rejection| Rejection {
                code: cut(rejection.code, CODE_LIMIT),
                detail: cut(rejection.detail, DETAIL_LIMIT),
            }),
        },
        Ok(_) => fault("the server answered with other evidence than was asked for".to_owned()),
        Err(_) if answer.is_json() => fault("the server's word on the evidence cannot be read".to_owned()),
        Err(_) => not_the_servers(answer.status),
    }
}

/// The text, or so many characters of it.
fn cut(text: String, limit: usize) -> String {
    if text.chars().nth(limit).is_none() { text } else { text.chars().take(limit).collect() }
}

fn refusal(step: &Step, answer: &Answer, now: Timestamp) -> Outcome {
    let status = answer.status;
    let problem = answer.problem();
    let is_the_servers = problem.is_some() || answer.text(header::TUS_RESUMABLE).is_some();
    // Whatever stands before the server may say: not now, or not with this token.
    let is_believed = is_the_servers
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
        || (status.is_server_error() && status != StatusCode::NETWORK_AUTHENTICATION_REQUIRED)
        || (status == StatusCode::UNAUTHORIZED && answer.headers.contains_key(WWW_AUTHENTICATE));
    if !is_believed {
        return not_the_servers(status);
    }
    let has_location = !matches!(step.request, UploadRequest::Create { .. } | UploadRequest::Confirm);
    if status == StatusCode::CONFLICT
        && has_location
        && let Outcome::Offset { offset } = known_offset(answer, step.length)
    {
        return Outcome::Offset { offset };
    }
    let reason = status.canonical_reason().unwrap_or("error");
    let code = match &problem {
        Some(problem) => problem.code().to_owned(),
        None => format!("http-{}", status.as_u16()),
    };
    let detail = problem.map_or_else(
        || format!("the server answered {} {reason}", status.as_u16()),
        |problem| problem.detail.unwrap_or(problem.title),
    );
    Outcome::Refused {
        status: status.as_u16(),
        code: cut(code, CODE_LIMIT),
        detail: cut(detail, DETAIL_LIMIT),
        retry_after: answer.retry_after(now),
    }
}

fn not_the_servers(status: StatusCode) -> Outcome {
    fault(format!(
        "the answer ({}) was not the server's: the network may want you to sign in",
        status.as_u16()
    ))
}

/// The outcome of a step for which there is no token.
pub(crate) fn without_token(error: &TokenError) -> Outcome {
    match error {
        TokenError::Unavailable(_) => fault(error.to_string()),
        TokenError::SignedOut | TokenError::Malformed => Outcome::Refused {
            status: UNAUTHORIZED,
            code: ProblemCode::Unauthenticated.as_str().to_owned(),
            detail: error.to_string(),
            retry_after: None,
        },
    }
}

pub(crate) fn fault(detail: String) -> Outcome {
    Outcome::NetworkFault { detail }
}

impl Answer {
    fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    fn offset(&self) -> Option<u64> {
        let digits = self.text(header::UPLOAD_OFFSET)?;
        // `parse` alone would take a sign.
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    fn media_type(&self) -> &str {
        self.text(CONTENT_TYPE.as_str()).and_then(|value| value.split(';').next()).unwrap_or_default().trim()
    }

    pub(crate) fn is_json(&self) -> bool {
        self.media_type().eq_ignore_ascii_case("application/json")
    }

    pub(crate) fn problem(&self) -> Option<Problem> {
        if !self.media_type().eq_ignore_ascii_case(PROBLEM_MEDIA_TYPE) {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }

    /// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which is measured against the server's own clock where
    /// the answer tells it, because a phone's may be wrong.
    fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let value = self.text(RETRY_AFTER.as_str())?;
        let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
            // More digits than fit mean: a very long time.
            Duration::from_secs(value.parse().unwrap_or(u64::MAX))
        } else {
            let until = httpdate::parse_http_date(value).ok()?;
            let date = self.text(DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok());
            until.duration_since(date.unwrap_or_else(|| SystemTime::from(now))).unwrap_or_default()
        };
        Some(wait.min(RETRY_AFTER_LIMIT))
    }
}
