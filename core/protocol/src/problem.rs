//! Problems: how the API says what went wrong (RFC 9457), with a stable code for each.

use serde::{Deserialize, Serialize};

/// The prefix of every problem's `type`; the [`ProblemCode`] follows. Stable: clients compare it.
pub const PROBLEM_TYPE_PREFIX: &str = "https://clearshot.dev/problems/";

/// The media type of a problem's body.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// What the server answers instead of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A stable URI: [`PROBLEM_TYPE_PREFIX`] and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of this type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// The last part of the type, such as `unknown-return`; the whole type when it is not one of ours.
    pub fn code(&self) -> &str {
        self.kind.strip_prefix(PROBLEM_TYPE_PREFIX).unwrap_or(&self.kind)
    }
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = ($code:literal, $status:literal, $title:literal),)*) => {
        /// Everything that the API can refuse, with its code, HTTP status and title.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[$doc])* $name,)* }

        impl ProblemCode {
            /// All of them, for documents and tests.
            pub const ALL: &[ProblemCode] = &[$(ProblemCode::$name,)*];

            /// The stable code, the last part of the problem's `type`.
            pub const fn as_str(self) -> &'static str {
                match self { $(ProblemCode::$name => $code,)* }
            }

            /// The HTTP status it travels with.
            pub const fn status(self) -> u16 {
                match self { $(ProblemCode::$name => $status,)* }
            }

            /// The title, the same each time.
            pub const fn title(self) -> &'static str {
                match self { $(ProblemCode::$name => $title,)* }
            }
        }
    };
}

problem_codes! {
    /// The request's syntax, a header or a parameter cannot be read.
    InvalidRequest = ("invalid-request", 400, "The request cannot be read"),
    /// The request was read, but a field's value is not allowed.
    InvalidField = ("invalid-field", 422, "A field's value is not allowed"),
    /// No token, or one that cannot be verified.
    Unauthenticated = ("unauthenticated", 401, "A valid token is needed"),
    /// The token was valid once.
    TokenExpired = ("token-expired", 401, "The token has expired"),
    /// The token's role or scope does not allow this.
    Forbidden = ("forbidden", 403, "The token does not allow this"),
    /// No such route.
    UnknownRoute = ("unknown-route", 404, "There is nothing at this address"),
    /// The route exists, with other methods.
    MethodNotAllowed = ("method-not-allowed", 405, "The method is not allowed here"),
    /// No such return, or not this shopper's.
    UnknownReturn = ("unknown-return", 404, "There is no such return"),
    /// The return has no such item.
    UnknownItem = ("unknown-item", 422, "The return has no such item"),
    /// The return was declined, closed or cancelled, or has expired: it takes no more evidence.
    ReturnClosed = ("return-closed", 422, "The return takes no more photos"),
    /// No such evidence, or not this shopper's.
    UnknownEvidence = ("unknown-evidence", 404, "There is no such evidence"),
    /// No such upload: never created, or not this token's.
    UnknownUpload = ("unknown-upload", 404, "There is no such upload"),
    /// The upload was terminated or has expired.
    UploadGone = ("upload-gone", 410, "The upload is gone"),
    /// The client's offset is not the server's; the answer carries `Upload-Offset`.
    OffsetMismatch = ("offset-mismatch", 409, "The offset is not where the upload stands"),
    /// Another request for the same upload has taken over.
    UploadTakenOver = ("upload-taken-over", 409, "A newer request has taken over this upload"),
    /// More bytes than declared, or than allowed.
    TooLarge = ("too-large", 413, "The upload is too large"),
    /// A body of another media type than the route wants.
    UnsupportedMediaType = ("unsupported-media-type", 415, "The body's media type is not supported"),
    /// The bytes are not those of the declared digest.
    DigestMismatch = ("digest-mismatch", 460, "The bytes do not have the declared digest"),
    /// The bytes of one request are not those of its checksum; nothing of them was kept.
    ChecksumMismatch = ("checksum-mismatch", 460, "The body does not have its checksum"),
    /// The lengths that were declared for an upload do not agree, or its bytes go beyond them.
    InconsistentLength = ("inconsistent-length", 400, "The lengths of the upload do not agree"),
    /// All bytes are there: nothing can be appended any more.
    UploadComplete = ("upload-complete", 400, "The upload is already complete"),
    /// The same idempotency key with another length, digest or body.
    IdempotencyConflict = ("idempotency-conflict", 422, "The same key came with another request"),
    /// A `Tus-Resumable` version that the server does not speak.
    UnsupportedVersion = ("unsupported-version", 412, "The protocol version is not supported"),
    /// Nothing arrived for too long, or too slowly; the answer to an upload carries `Upload-Offset`.
    TimedOut = ("timed-out", 408, "The request took too long"),
    /// The token's holder has too much under way; the answer carries `Retry-After`.
    TooMuchAtOnce = ("too-much-at-once", 429, "Too much at a time"),
    /// The server cannot take more now; the answer carries `Retry-After`.
    Busy = ("busy", 503, "The server is busy"),
    /// The server's disk is full; the answer carries `Retry-After`.
    StorageFull = ("storage-full", 507, "The server has no room"),
    /// Something of ours broke. The details are in the server's log.
    Internal = ("internal", 500, "The server failed"),
}

impl ProblemCode {
    /// The problem with a detail: a sentence that says what is wrong here and what to do.
    pub fn with_detail(self, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("{PROBLEM_TYPE_PREFIX}{}", self.as_str()),
            title: self.title().to_owned(),
            status: self.status(),
            detail: Some(detail.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_unique_and_an_error() {
        let codes: HashSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), ProblemCode::ALL.len());
        assert!(ProblemCode::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }

    #[test]
    fn a_problem_survives_its_json_with_its_code() {
        let problem = ProblemCode::UnknownReturn.with_detail("check the id");
        let json = serde_json::to_string(&problem).unwrap();
        let back: Problem = serde_json::from_str(&json).unwrap();
        assert_eq!((back.code(), &back), ("unknown-return", &problem));
    }
}
