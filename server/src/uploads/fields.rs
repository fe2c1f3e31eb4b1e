//! Header values that both protocols read alike. Pure: headers in, values or problems out.

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clearshot_protocol::Sha256Digest;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{MAX_UPLOAD_LENGTH, UploadMetadata, header, parse_metadata};

use super::checksum::{Algorithm, Checksum};
use super::command::Creation;
use crate::problem::ApiError;

/// The longest Idempotency-Key: two UUIDs and some.
const KEY_LIMIT: usize = 128;

/// The key of `Upload-Metadata` by which it names a capture; the other three must then be there, too.
const CAPTURE_KEY: &str = "capture";

/// What a creation declares, given the length that its protocol made out.
pub(super) fn read_creation(headers: &HeaderMap, length: Option<u64>) -> Result<Creation, ApiError> {
    if let Some(length) = length {
        check_length(length)?;
    }
    let metadata = text(headers, header::UPLOAD_METADATA)?.map(str::to_owned);
    let capture = metadata.as_deref().map(read_metadata).transpose()?.flatten();
    if capture.is_some() && length.is_none() {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "the length of a sealed photo is known: declare it, or leave out the metadata and attach the upload later",
        ));
    }
    let sha256 = read_repr_digest(headers)?;
    if let (Some(digest), Some(capture)) = (sha256, capture)
        && digest != capture.sha256
    {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "Repr-Digest does not name the sha256 of Upload-Metadata; send the same digest in both",
        ));
    }
    let key = idempotency_key(headers)?.map(str::to_owned);
    if let (Some(key), Some(capture)) = (&key, capture)
        && key.parse() != Ok(capture.capture)
    {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "the Idempotency-Key of a capture's upload is the capture's id, as in Upload-Metadata",
        ));
    }
    Ok(Creation { length, capture, metadata, sha256: sha256.or(capture.map(|capture| capture.sha256)), key })
}

/// `Idempotency-Key`: 1 to 128 visible characters.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(key) = headers.get(header::IDEMPOTENCY_KEY) else { return Ok(None) };
    match key.to_str() {
        Ok(key) if (1..=KEY_LIMIT).contains(&key.len()) => Ok(Some(key)),
        _ => Err(ApiError::new(
            ProblemCode::InvalidRequest,
            format!("the Idempotency-Key must be 1 to {KEY_LIMIT} visible ASCII characters"),
        )),
    }
}

/// The capture that the metadata names; `None` when they name none, as those of clients that know nothing of captures.
fn read_metadata(text: &str) -> Result<Option<UploadMetadata>, ApiError> {
    let wrong = |detail: String| ApiError::new(ProblemCode::InvalidRequest, detail);
    let pairs = parse_metadata(text).map_err(|error| wrong(format!("the server failed to {error}")))?;
    let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    if keys.is_empty() && !text.trim().is_empty() || keys.windows(2).any(|two| two[0] == two[1]) {
        return Err(wrong("Upload-Metadata has no pairs, or a key twice; its keys are unique".to_owned()));
    }
    if !keys.contains(&CAPTURE_KEY) {
        return Ok(None);
    }
    UploadMetadata::from_header(text)
        .map(Some)
        .map_err(|error| wrong(format!("the server failed to {error}")))
}

/// `Repr-Digest` with a SHA-256 (RFC 9530 §3): the digest of all bytes. Other algorithms are passed over.
fn read_repr_digest(headers: &HeaderMap) -> Result<Option<Sha256Digest>, ApiError> {
    sha256_member(headers, header::REPR_DIGEST)
}

/// `Content-Digest` with a SHA-256 (RFC 9530 §2): the digest of this request's body.
pub(super) fn read_content_digest(headers: &HeaderMap) -> Result<Option<Checksum>, ApiError> {
    let digest = sha256_member(headers, header::CONTENT_DIGEST)?;
    Ok(digest.and_then(|digest| Checksum::new(Algorithm::Sha256, digest.as_bytes().to_vec())))
}

/// Whether `Want-Repr-Digest` asks for a SHA-256: with a preference of 1 to 10 (RFC 9530 §4).
pub(super) fn wants_repr_digest(headers: &HeaderMap) -> bool {
    let wanted = |member: &str| {
        let (algorithm, preference) = member.split_once('=').unwrap_or_default();
        algorithm.trim() == "sha-256" && matches!(preference.trim().parse(), Ok(1..=10_u8))
    };
    headers
        .get_all(header::WANT_REPR_DIGEST)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(wanted)
}

fn sha256_member(headers: &HeaderMap, name: &str) -> Result<Option<Sha256Digest>, ApiError> {
    let Some(field) = text(headers, name)? else { return Ok(None) };
    if !field.split(',').any(|member| member.trim().starts_with("sha-256=")) {
        return Ok(None);
    }
    Sha256Digest::from_repr_digest(field).map(Some).ok_or_else(|| {
        ApiError::new(
            ProblemCode::InvalidRequest,
            format!("{name} has a sha-256 that is none: send sha-256=:<32 bytes in base64>:"),
        )
    })
}

/// Whether an upload may have so many bytes.
pub(super) fn check_length(length: u64) -> Result<(), ApiError> {
    if length == 0 {
        return Err(ApiError::new(ProblemCode::InvalidField, "Upload-Length is 0; a sealed photo has bytes"));
    }
    if length > MAX_UPLOAD_LENGTH {
        return Err(ApiError::new(
            ProblemCode::TooLarge,
            format!("the upload has {length} bytes; at most {MAX_UPLOAD_LENGTH} are allowed"),
        ));
    }
    Ok(())
}

/// Bytes of the body, where the request says so.
pub(super) fn body_length(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Ok(None);
    }
    Ok(Some(number(headers, CONTENT_LENGTH.as_str())?.unwrap_or(0)))
}

pub(super) fn check_media_type(headers: &HeaderMap, wanted: &str) -> Result<(), ApiError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = media_type.split(';').next().unwrap_or("").trim();
    if media_type.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(ApiError::new(
            ProblemCode::UnsupportedMediaType,
            format!("send the bytes with Content-Type: {wanted}"),
        ))
    }
}

/// A header that is a number of bytes: digits only, at most 19 of them.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(|| {
        ApiError::new(ProblemCode::InvalidRequest, format!("{name} must be a whole number of bytes, from 0"))
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    headers.get(name).map(HeaderValue::to_str).transpose().map_err(|_| {
        ApiError::new(ProblemCode::InvalidRequest, format!("{name} is not made of visible ASCII characters"))
    })
}

/// Puts a header into an answer. A value that cannot be one is left out; all of ours are digits, dates and what came as
/// a header.
pub(super) fn put(headers: &mut HeaderMap, name: &'static str, value: &(impl ToString + ?Sized)) {
    if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
        headers.insert(HeaderName::from_static(name), value);
    }
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
        let wanted = "application/offset+octet-stream";
        let good = headers(&[("content-type", "Application/Offset+Octet-Stream; charset=binary")]);
        check_media_type(&good, wanted).unwrap();
        assert!(check_media_type(&headers(&[("content-type", "image/jpeg")]), wanted).is_err());
        assert!(check_media_type(&HeaderMap::new(), wanted).is_err());
    }

    #[test]
    fn metadata_of_other_clients_name_no_capture_and_are_kept() {
        let creation =
            read_creation(&headers(&[("upload-metadata", "filename bXVn,private")]), None).unwrap();
        assert_eq!(creation.capture, None);
        assert_eq!(creation.metadata.as_deref(), Some("filename bXVn,private"));
    }

    #[test]
    fn metadata_with_a_key_twice_or_half_a_capture_are_refused() {
        for wrong in ["filename bXVn,filename bXVn", ",,,", "capture bXVn", "filename !"] {
            assert!(read_creation(&headers(&[("upload-metadata", wrong)]), Some(1)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_is_wanted_with_a_preference_above_nought() {
        for (field, wanted) in [
            ("sha-256=10", true),
            ("sha-512=3, sha-256=1", true),
            ("sha-256=0", false),
            ("sha-512=10", false),
            ("sha-256", false),
            ("sha-256=high", false),
        ] {
            assert_eq!(wants_repr_digest(&headers(&[("want-repr-digest", field)])), wanted, "{field}");
        }
    }

    #[test]
    fn a_digest_is_read_from_its_member_and_refused_when_it_is_none() {
        let field = format!("md5=:AAAA:, {}", Sha256Digest::of(b"x").to_repr_digest());
        let read = read_repr_digest(&headers(&[("repr-digest", &field)])).unwrap();
        assert_eq!(read, Some(Sha256Digest::of(b"x")));
        assert_eq!(read_repr_digest(&headers(&[("repr-digest", "md5=:AAAA:")])).unwrap(), None);
        assert!(read_repr_digest(&headers(&[("repr-digest", "sha-256=:AAAA:")])).is_err());
    }
}
