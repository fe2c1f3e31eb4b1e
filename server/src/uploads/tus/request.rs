//! What the headers of a tus request ask for.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{OFFSET_OCTET_STREAM, TUS_VERSION, header};

use super::super::checksum::{Algorithm, Checksum};
use super::super::command::{Append, Creation, Ending, Start};
use super::super::fields;
use crate::problem::ApiError;

/// Every request but OPTIONS says which version of tus it speaks.
pub(in super::super) fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get(header::TUS_RESUMABLE).map(HeaderValue::as_bytes) {
        Some(version) if version == TUS_VERSION.as_bytes() => Ok(()),
        _ => Err(ApiError::new(
            ProblemCode::UnsupportedVersion,
            format!("this server speaks tus {TUS_VERSION}; send Tus-Resumable: {TUS_VERSION}"),
        )
        .with_header(header::TUS_VERSION, HeaderValue::from_static(TUS_VERSION))),
    }
}

/// A creation, and its first bytes where they come with it (Creation; Creation With Upload).
pub(in super::super) fn read_creation(headers: &HeaderMap) -> Result<(Creation, Option<Append>), ApiError> {
    if headers.contains_key("upload-concat") {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "upload-concat is not among the extensions of this server; OPTIONS names them",
        ));
    }
    let length = match (fields::number(headers, header::UPLOAD_LENGTH)?, is_deferred(headers)?) {
        (Some(length), false) => Some(length),
        (None, true) => None,
        _ => {
            return Err(ApiError::new(
                ProblemCode::InvalidRequest,
                "send either Upload-Length, the number of bytes in all, or Upload-Defer-Length: 1",
            ));
        }
    };
    let creation = fields::read_creation(headers, length)?;
    let body_length = fields::body_length(headers)?;
    if body_length == Some(0) {
        return Ok((creation, None));
    }
    fields::check_media_type(headers, OFFSET_OCTET_STREAM)?;
    if let (Some(length), Some(body)) = (length, body_length)
        && body > length
    {
        return Err(ApiError::new(
            ProblemCode::TooLarge,
            format!("the body has {body} bytes, the upload only {length}; nothing was created"),
        ));
    }
    let checksum = read_checksum(headers)?;
    let append =
        Append { start: Start::Beginning, ending: Ending::AtLength, length: None, body_length, checksum };
    Ok((creation, Some(append)))
}

/// More bytes (Core Protocol, PATCH), with the length where it was deferred.
pub(in super::super) fn read_append(headers: &HeaderMap) -> Result<Append, ApiError> {
    fields::check_media_type(headers, OFFSET_OCTET_STREAM)?;
    let offset = fields::number(headers, header::UPLOAD_OFFSET)?.ok_or_else(|| {
        ApiError::new(ProblemCode::InvalidRequest, "Upload-Offset is missing: where the bytes begin")
    })?;
    Ok(Append {
        start: Start::At(offset),
        ending: Ending::AtLength,
        length: fields::number(headers, header::UPLOAD_LENGTH)?,
        body_length: fields::body_length(headers)?,
        checksum: read_checksum(headers)?,
    })
}

/// `Upload-Defer-Length`: "If the Upload-Defer-Length header contains any other value than 1 the server should return a
/// 400 Bad Request status" (Creation).
fn is_deferred(headers: &HeaderMap) -> Result<bool, ApiError> {
    match headers.get(header::UPLOAD_DEFER_LENGTH).map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(b"1") => Ok(true),
        Some(_) => {
            Err(ApiError::new(ProblemCode::InvalidRequest, "Upload-Defer-Length can only be 1, or absent"))
        }
    }
}

/// `Upload-Checksum`: the algorithm's name, a space, the checksum in base64 (Checksum).
fn read_checksum(headers: &HeaderMap) -> Result<Option<Checksum>, ApiError> {
    let Some(value) = headers.get(header::UPLOAD_CHECKSUM) else { return Ok(None) };
    let wrong = |detail: String| ApiError::new(ProblemCode::InvalidRequest, detail);
    let (name, value) = value
        .to_str()
        .ok()
        .and_then(|value| value.trim().split_once(' '))
        .ok_or_else(|| wrong("Upload-Checksum must be an algorithm, a space and base64".to_owned()))?;
    let algorithm = Algorithm::ALL.into_iter().find(|known| known.as_str() == name).ok_or_else(|| {
        let known = Algorithm::ALL.map(Algorithm::as_str).join(", ");
        wrong(format!("the checksum's algorithm is none that this server has; it has {known}"))
    })?;
    BASE64
        .decode(value.trim())
        .ok()
        .and_then(|value| Checksum::new(algorithm, value))
        .map(Some)
        .ok_or_else(|| wrong(format!("the value of Upload-Checksum is no {name} in base64")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn another_version_is_refused_with_the_ones_that_are_spoken() {
        let error = check_version(&headers(&[("tus-resumable", "0.2.2")])).unwrap_err();
        assert_eq!(error.code(), ProblemCode::UnsupportedVersion);
        check_version(&headers(&[("tus-resumable", "1.0.0")])).unwrap();
    }

    #[test]
    fn a_length_is_declared_or_deferred_and_never_both() {
        for wrong in [
            &[][..],
            &[("upload-length", "1"), ("upload-defer-length", "1")],
            &[("upload-defer-length", "0")],
            &[("upload-defer-length", "true")],
        ] {
            assert!(read_creation(&headers(wrong)).is_err(), "{wrong:?}");
        }
        let (creation, body) = read_creation(&headers(&[("upload-defer-length", "1")])).unwrap();
        assert_eq!((creation.length, body.is_some()), (None, false));
    }

    #[test]
    fn a_checksum_is_read_or_refused() {
        let read = |value: &str| read_checksum(&headers(&[("upload-checksum", value)]));
        assert!(read("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap().is_some());
        for wrong in ["md5 AAAA", "sha1", "sha1 ????", "sha1 AAAA", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
