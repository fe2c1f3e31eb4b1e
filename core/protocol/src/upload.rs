//! The names and sizes of an upload on the wire: tus 1.0 (<https://tus.io/protocols/resumable-upload>), and the IETF's
//! resumable uploads (draft-ietf-httpbis-resumable-upload), which the server speaks on the same addresses.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::{CaptureId, ReturnId, ReturnItemId, Sha256Digest};

/// Where uploads are created; each upload lives below it.
pub const UPLOADS_PATH: &str = "/v1/uploads";

/// The version of tus that both sides speak.
pub const TUS_VERSION: &str = "1.0.0";

/// The media type of a PATCH body, and of a creation with upload.
pub const OFFSET_OCTET_STREAM: &str = "application/offset+octet-stream";

/// The media type of a PATCH body in the IETF draft, from its interop version 6 on.
pub const PARTIAL_UPLOAD: &str = "application/partial-upload";

/// The headers of uploads, in the lower case that HTTP libraries want.
pub mod header {
    /// The protocol version, on every request and answer.
    pub const TUS_RESUMABLE: &str = "tus-resumable";
    /// The versions that the server speaks.
    pub const TUS_VERSION: &str = "tus-version";
    /// The extensions that the server speaks.
    pub const TUS_EXTENSION: &str = "tus-extension";
    /// The largest upload, in bytes.
    pub const TUS_MAX_SIZE: &str = "tus-max-size";
    /// How many bytes the upload has, in all.
    pub const UPLOAD_LENGTH: &str = "upload-length";
    /// How many bytes the server has, durably.
    pub const UPLOAD_OFFSET: &str = "upload-offset";
    /// Key-value pairs; see [`super::UploadMetadata`].
    pub const UPLOAD_METADATA: &str = "upload-metadata";
    /// The capture's id: the same creation sent twice makes one upload.
    pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
    /// The digest of the sealed bytes (RFC 9530).
    pub const REPR_DIGEST: &str = "repr-digest";
    /// Asks for [`REPR_DIGEST`] in the answer (RFC 9530).
    pub const WANT_REPR_DIGEST: &str = "want-repr-digest";
    /// The digest of one request's body (RFC 9530).
    pub const CONTENT_DIGEST: &str = "content-digest";
    /// tus: `1`, while nobody knows how many bytes there will be.
    pub const UPLOAD_DEFER_LENGTH: &str = "upload-defer-length";
    /// tus: when an unfinished upload is removed.
    pub const UPLOAD_EXPIRES: &str = "upload-expires";
    /// tus: algorithm and checksum of one request's body.
    pub const UPLOAD_CHECKSUM: &str = "upload-checksum";
    /// tus: the algorithms that the server checks.
    pub const TUS_CHECKSUM_ALGORITHM: &str = "tus-checksum-algorithm";
    /// tus: the method that is meant, for clients that cannot send it.
    pub const X_HTTP_METHOD_OVERRIDE: &str = "x-http-method-override";
    /// IETF draft: which iteration of it the client speaks.
    pub const UPLOAD_DRAFT_INTEROP_VERSION: &str = "upload-draft-interop-version";
    /// IETF draft: whether the upload has all its bytes with this request.
    pub const UPLOAD_COMPLETE: &str = "upload-complete";
    /// IETF draft, interop version 3: the opposite of [`UPLOAD_COMPLETE`].
    pub const UPLOAD_INCOMPLETE: &str = "upload-incomplete";
    /// IETF draft: the sizes and times that the server keeps to.
    pub const UPLOAD_LIMIT: &str = "upload-limit";
}

/// The most bytes that travel in the creation itself (creation-with-upload). A derivative of a photo nearly always
/// fits, so that a photo costs one round trip.
pub const CREATION_BODY_LIMIT: u64 = 8 * 1024 * 1024;

/// The bytes of one PATCH. On a slow uplink (1 Mbit/s) that is 40 s: short enough to make progress between two losses.
pub const PATCH_CHUNK: u64 = 5 * 1024 * 1024;

/// The most sealed bytes of one capture: the largest still that analysis accepts, and its manifest.
pub const MAX_UPLOAD_LENGTH: u64 = 66 * 1024 * 1024;

/// What `Upload-Metadata` says of a capture: only ids and the digest, nothing that would need sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadMetadata {
    /// The capture; also the `Idempotency-Key`.
    pub capture: CaptureId,
    /// The return that the capture belongs to.
    pub return_id: ReturnId,
    /// The line of the return.
    pub item: ReturnItemId,
    /// SHA-256 of the sealed bytes.
    pub sha256: Sha256Digest,
}

/// Metadata that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A pair is not `key base64`.
    #[error("read the Upload-Metadata: \"{0}\" is not a key, a space and a value in base64")]
    Syntax(String),
    /// A key that a capture's upload needs is absent.
    #[error("find \"{0}\" in the Upload-Metadata")]
    Missing(&'static str),
    /// A value is there, but is no id or digest.
    #[error("read \"{key}\" of the Upload-Metadata: {detail}")]
    Value {
        /// The key.
        key: &'static str,
        /// Why not.
        detail: String,
    },
}

const CAPTURE: &str = "capture";
const RETURN: &str = "return";
const ITEM: &str = "item";
const SHA256: &str = "sha256";

impl UploadMetadata {
    /// As the value of the `Upload-Metadata` header.
    pub fn to_header(&self) -> String {
        let mut header = String::new();
        for (key, value) in [
            (CAPTURE, self.capture.to_string()),
            (RETURN, self.return_id.to_string()),
            (ITEM, self.item.to_string()),
            (SHA256, self.sha256.to_string()),
        ] {
            let comma = if header.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(header, "{comma}{key} {}", BASE64.encode(value));
        }
        header
    }

    /// Reads the header of a capture's upload. Keys that are not ours are passed over.
    pub fn from_header(header: &str) -> Result<Self, MetadataError> {
        let pairs = parse_metadata(header)?;
        let find = |key: &'static str| {
            pairs
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
                .ok_or(MetadataError::Missing(key))
        };
        Ok(Self {
            capture: parse(CAPTURE, find(CAPTURE)?)?,
            return_id: parse(RETURN, find(RETURN)?)?,
            item: parse(ITEM, find(ITEM)?)?,
            sha256: parse(SHA256, find(SHA256)?)?,
        })
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
    key: &'static str,
    value: &str,
) -> Result<T, MetadataError> {
    value.parse().map_err(|error: T::Err| MetadataError::Value { key, detail: error.to_string() })
}

/// The pairs of any `Upload-Metadata` header (tus 1.0, "Upload-Metadata"). A key without a value has the empty text;
/// a value that is not UTF-8 is read with replacement characters.
pub fn parse_metadata(header: &str) -> Result<Vec<(String, String)>, MetadataError> {
    let mut pairs = Vec::new();
    for pair in header.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = BASE64
            .decode(value.trim())
            .map_err(|_| MetadataError::Syntax(pair.chars().take(64).collect()))?;
        pairs.push((key.to_owned(), String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> UploadMetadata {
        let return_id = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77".parse().unwrap();
        UploadMetadata {
            capture: "0198c5a0-7c3e-7d52-9f6b-000000000001".parse().unwrap(),
            return_id,
            item: ReturnItemId::of(return_id, "MUG-350"),
            sha256: Sha256Digest::of(b"sealed"),
        }
    }

    #[test]
    fn the_header_is_read_as_it_was_written() {
        let header = metadata().to_header();
        assert_eq!(UploadMetadata::from_header(&header), Ok(metadata()));
        assert!(!header.contains("MUG"));
    }

    #[test]
    fn unknown_keys_are_passed_over() {
        let header = format!("filename bXVnLmpwZw==, {},is_confidential", metadata().to_header());
        assert_eq!(UploadMetadata::from_header(&header), Ok(metadata()));
    }

    #[test]
    fn a_wrong_header_says_which_part_is_wrong() {
        assert_eq!(UploadMetadata::from_header(""), Err(MetadataError::Missing("capture")));
        assert!(matches!(UploadMetadata::from_header("capture !!"), Err(MetadataError::Syntax(_))));
        assert!(matches!(
            UploadMetadata::from_header("capture bm9uZQ=="),
            Err(MetadataError::Missing("return") | MetadataError::Value { key: "capture", .. })
        ));
    }
}
