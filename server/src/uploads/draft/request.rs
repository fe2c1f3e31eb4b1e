//! What the headers of a request in the draft's protocol ask for.

use axum::http::HeaderMap;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{PARTIAL_UPLOAD, header};

use super::super::command::{Append, Creation, Ending, Start};
use super::super::fields;
use super::{Interop, item};
use crate::problem::ApiError;

/// Digits of the longest Integer of a structured field (RFC 9651 §3.3.1).
const INTEGER_DIGITS: usize = 15;

/// Whether a creation wants to be resumable: only with a completeness that can be read ("Other values MUST cause the
/// entire header field to be ignored", Completeness).
pub(in super::super) fn asks_for_resumption(headers: &HeaderMap, interop: Interop) -> bool {
    completeness(headers, interop).is_some()
}

/// A creation and its bytes, of which there may be none (Upload Creation).
pub(in super::super) fn read_creation(
    headers: &HeaderMap,
    interop: Interop,
) -> Result<(Creation, Option<Append>), ApiError> {
    let complete = completeness(headers, interop).unwrap_or(true);
    creation(headers, if complete { Ending::WithBody } else { Ending::Later })
}

/// An ordinary upload: all bytes in one request.
pub(in super::super) fn read_plain(headers: &HeaderMap) -> Result<(Creation, Option<Append>), ApiError> {
    if fields::body_length(headers)? == Some(0) {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "an upload has bytes: send them in the body, or begin a resumable upload, see OPTIONS",
        ));
    }
    creation(headers, Ending::WithBody)
}

fn creation(headers: &HeaderMap, ending: Ending) -> Result<(Creation, Option<Append>), ApiError> {
    let declared = integer(headers, header::UPLOAD_LENGTH);
    let body_length = fields::body_length(headers)?;
    let by_body = if ending == Ending::WithBody { body_length } else { None };
    if let (Some(declared), Some(by_body)) = (declared, by_body)
        && declared != by_body
    {
        return Err(ApiError::new(
            ProblemCode::InconsistentLength,
            format!("Upload-Length is {declared}, but the body, which is all of it, has {by_body} bytes"),
        ));
    }
    let creation = fields::read_creation(headers, declared.or(by_body))?;
    if ending == Ending::Later && body_length == Some(0) {
        return Ok((creation, None));
    }
    let append = Append {
        start: Start::Beginning,
        ending,
        length: None,
        body_length,
        checksum: fields::read_content_digest(headers)?,
    };
    Ok((creation, Some(append)))
}

/// More bytes (Upload Append).
pub(in super::super) fn read_append(headers: &HeaderMap, interop: Interop) -> Result<Append, ApiError> {
    if interop.has_partial_upload() {
        fields::check_media_type(headers, PARTIAL_UPLOAD)?;
    }
    let missing = |name: &str, what: &str| {
        ApiError::new(ProblemCode::InvalidRequest, format!("{name} is missing or cannot be read: {what}"))
    };
    let offset = integer(headers, header::UPLOAD_OFFSET)
        .ok_or_else(|| missing("Upload-Offset", "the number of the byte at which the body begins"))?;
    let complete = completeness(headers, interop)
        .ok_or_else(|| missing("Upload-Complete", "?1 when this body ends the upload, else ?0"))?;
    Ok(Append {
        start: Start::At(offset),
        ending: if complete { Ending::WithBody } else { Ending::Later },
        length: integer(headers, header::UPLOAD_LENGTH),
        body_length: fields::body_length(headers)?,
        checksum: fields::read_content_digest(headers)?,
    })
}

fn completeness(headers: &HeaderMap, interop: Interop) -> Option<bool> {
    let name =
        if interop.inverts_completeness() { header::UPLOAD_INCOMPLETE } else { header::UPLOAD_COMPLETE };
    match item(headers, name)? {
        "?1" => Some(!interop.inverts_completeness()),
        "?0" => Some(interop.inverts_completeness()),
        _ => None,
    }
}

/// A non-negative Integer; anything else is as if it were not there (Offset; Length).
fn integer(headers: &HeaderMap, name: &str) -> Option<u64> {
    let digits = item(headers, name)?;
    let valid =
        (1..=INTEGER_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn completeness_is_said_as_it_is_or_by_its_opposite() {
        for (interop, name, value, complete) in [
            (Interop(3), "upload-incomplete", "?0", Some(true)),
            (Interop(3), "upload-incomplete", "?1", Some(false)),
            (Interop(3), "upload-complete", "?1", None),
            (Interop(5), "upload-complete", "?1", Some(true)),
            (Interop(6), "upload-complete", "?0", Some(false)),
            (Interop(8), "upload-complete", "?1; a=1", Some(true)),
            (Interop(8), "upload-complete", "true", None),
            (Interop(8), "upload-complete", "1", None),
        ] {
            assert_eq!(completeness(&headers(&[(name, value)]), interop), complete, "{interop:?} {value}");
        }
    }

    #[test]
    fn an_integer_that_is_none_is_as_if_it_were_not_there() {
        for (value, number) in [
            ("0", Some(0)),
            ("17;a", Some(17)),
            ("-1", None),
            ("1.5", None),
            ("\"1\"", None),
            ("1234567890123456", None),
        ] {
            assert_eq!(integer(&headers(&[("upload-offset", value)]), "upload-offset"), number, "{value}");
        }
        assert_eq!(
            integer(&headers(&[("upload-offset", "1"), ("upload-offset", "1")]), "upload-offset"),
            None
        );
    }

    #[test]
    fn only_versions_that_are_spoken_are_known() {
        let of =
            |value| Interop::of(&headers(&[("upload-draft-interop-version", value)])).map(Interop::number);
        assert_eq!(["3", "5", "6", "8", "9"].map(of), [Some(3), Some(5), Some(6), Some(8), Some(9)]);
        assert_eq!(["2", "4", "7", "10", "x"].map(of), [None; 5]);
    }
}
