//! What the headers of an upload's request say. Pure: headers in, values or problems out.

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use clearshot_protocol::Sha256Digest;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{
    MAX_UPLOAD_LENGTH, OFFSET_OCTET_STREAM, TUS_VERSION, UploadMetadata, header,
};

use crate::problem::ApiError;

/// Every request but OPTIONS says which version of tus it speaks.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get(header::TUS_RESUMABLE).map(HeaderValue::as_bytes) {
        Some(version) if version == TUS_VERSION.as_bytes() => Ok(()),
        _ => Err(ApiError::new(
            ProblemCode::UnsupportedVersion,
            format!("this server speaks tus {TUS_VERSION}; send Tus-Resumable: {TUS_VERSION}"),
        )
        .with_header(header::TUS_VERSION, HeaderValue::from_static(TUS_VERSION))),
    }
}

/// What a creation declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Creation {
    pub(super) length: u64,
    pub(super) metadata: UploadMetadata,
    /// Whether the first bytes are in the request.
    pub(super) with_body: bool,
}

pub(super) fn read_creation(headers: &HeaderMap) -> Result<Creation, ApiError> {
    for unsupported in ["upload-defer-length", "upload-concat"] {
        if headers.contains_key(unsupported) {
            return Err(ApiError::new(
                ProblemCode::InvalidRequest,
                format!("{unsupported} is not among the extensions of this server; OPTIONS names them"),
            ));
        }
    }
    let length = number(headers, header::UPLOAD_LENGTH)?.ok_or_else(|| {
        ApiError::new(ProblemCode::InvalidRequest, "Upload-Length is missing: the number of bytes in all")
    })?;
    if length == 0 {
        return Err(ApiError::new(ProblemCode::InvalidField, "Upload-Length is 0; a sealed photo has bytes"));
    }
    if length > MAX_UPLOAD_LENGTH {
        return Err(ApiError::new(
            ProblemCode::TooLarge,
            format!("Upload-Length is {length}; at most {MAX_UPLOAD_LENGTH} bytes are allowed"),
        ));
    }
    let metadata = read_metadata(headers)?;
    let with_body = has_body(headers)?;
    if with_body {
        check_media_type(headers)?;
        check_body_length(headers, length)?;
    }
    Ok(Creation { length, metadata, with_body })
}

fn read_metadata(headers: &HeaderMap) -> Result<UploadMetadata, ApiError> {
    let text = headers.get(header::UPLOAD_METADATA).ok_or_else(|| {
        ApiError::new(
            ProblemCode::InvalidRequest,
            "Upload-Metadata is missing; name the capture, return, item and sha256 that the bytes belong to",
        )
    })?;
    let text = text.to_str().map_err(|_| {
        ApiError::new(ProblemCode::InvalidRequest, "Upload-Metadata is not ASCII; its values are base64")
    })?;
    let metadata = UploadMetadata::from_header(text).map_err(|error| {
        ApiError::new(ProblemCode::InvalidRequest, format!("the server failed to {error}"))
    })?;
    if let Some(key) = headers.get(header::IDEMPOTENCY_KEY)
        && key.to_str().ok().and_then(|key| key.parse().ok()) != Some(metadata.capture)
    {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "the Idempotency-Key of a capture's upload is the capture's id, as in Upload-Metadata",
        ));
    }
    if let Some(digest) = headers.get(header::REPR_DIGEST)
        && digest.to_str().ok().and_then(Sha256Digest::from_repr_digest) != Some(metadata.sha256)
    {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "Repr-Digest does not name the sha256 of Upload-Metadata; send the same digest in both",
        ));
    }
    Ok(metadata)
}

/// Where an append begins.
pub(super) fn read_append(headers: &HeaderMap) -> Result<u64, ApiError> {
    check_media_type(headers)?;
    number(headers, header::UPLOAD_OFFSET)?.ok_or_else(|| {
        ApiError::new(ProblemCode::InvalidRequest, "Upload-Offset is missing: where the bytes begin")
    })
}

/// Refuses, before a byte is read, a body that does not fit into what is still missing.
pub(super) fn check_body_length(headers: &HeaderMap, missing: u64) -> Result<(), ApiError> {
    match number(headers, CONTENT_LENGTH.as_str())? {
        Some(length) if length > missing => Err(ApiError::new(
            ProblemCode::TooLarge,
            format!("the body has {length} bytes, but only {missing} are missing; nothing of it was read"),
        )),
        _ => Ok(()),
    }
}

fn has_body(headers: &HeaderMap) -> Result<bool, ApiError> {
    Ok(headers.contains_key(TRANSFER_ENCODING) || number(headers, CONTENT_LENGTH.as_str())?.unwrap_or(0) > 0)
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = media_type.split(';').next().unwrap_or("").trim();
    if media_type.eq_ignore_ascii_case(OFFSET_OCTET_STREAM) {
        Ok(())
    } else {
        Err(ApiError::new(
            ProblemCode::UnsupportedMediaType,
            format!("send the bytes with Content-Type: {OFFSET_OCTET_STREAM}"),
        ))
    }
}

/// A header that is a number of bytes: digits only, at most 19 of them.
fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(|| {
        ApiError::new(ProblemCode::InvalidRequest, format!("{name} must be a whole number of bytes, from 0"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_length_is_digits_and_nothing_else() {
        for wrong in ["-1", "+1", " 1", "1.0", "0x10", "", "99999999999999999999"] {
            let error = number(&headers(&[("upload-length", wrong)]), "upload-length");
            assert!(wrong.trim() != wrong || error.is_err(), "{wrong:?}");
        }
        assert_eq!(number(&headers(&[("upload-length", "17")]), "upload-length").unwrap(), Some(17));
    }

    #[test]
    fn a_media_type_may_carry_parameters_and_any_case() {
        let good = headers(&[("content-type", "Application/Offset+Octet-Stream; charset=binary")]);
        check_media_type(&good).unwrap();
        assert!(check_media_type(&headers(&[("content-type", "image/jpeg")])).is_err());
        assert!(check_media_type(&HeaderMap::new()).is_err());
    }

    #[test]
    fn another_version_is_refused_with_the_ones_that_are_spoken() {
        let error = check_version(&headers(&[("tus-resumable", "0.2.2")])).unwrap_err();
        assert_eq!(error.code(), ProblemCode::UnsupportedVersion);
        check_version(&headers(&[("tus-resumable", "1.0.0")])).unwrap();
    }
}
