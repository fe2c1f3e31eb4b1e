//! SHA-256 digests: of sealed bytes, of photos, of manifests.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest (FIPS 180-4). As text: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a SHA-256 digest: expected 64 hexadecimal digits")]
pub struct DigestError;

impl Sha256Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest with these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As a structured field for `Repr-Digest` (RFC 9530 §3): `sha-256=:<base64>:`.
    pub fn to_repr_digest(self) -> String {
        format!("sha-256=:{}:", BASE64.encode(self.0))
    }

    /// Reads the `sha-256` member of a `Repr-Digest` field; other algorithms are passed over.
    pub fn from_repr_digest(field: &str) -> Option<Self> {
        let member = field.split(',').find_map(|member| member.trim().strip_prefix("sha-256=:"))?;
        let bytes = BASE64.decode(member.strip_suffix(':')?).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Digest({self})")
    }
}

impl FromStr for Sha256Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Sha256Digest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[0-9a-f]{64}$"))
            .description(Some("SHA-256, 64 hexadecimal digits"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Sha256Digest {}

/// Passes bytes on to `inner`, and knows how many they were and what their digest is.
#[derive(Debug)]
pub struct DigestWriter<W> {
    inner: W,
    hasher: Sha256,
    length: u64,
}

impl<W: Write> DigestWriter<W> {
    /// Starts with an empty digest.
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), length: 0 }
    }

    /// How many bytes went through.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The writer, the number of bytes that went through, and their digest.
    pub fn finish(self) -> (W, u64, Sha256Digest) {
        (self.inner, self.length, Sha256Digest(self.hasher.finalize().into()))
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_that_of_sha256sum() {
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256Digest::of(b"abc").to_string(), text);
        assert_eq!(text.parse(), Ok(Sha256Digest::of(b"abc")));
        assert_eq!("ba78".parse::<Sha256Digest>(), Err(DigestError));
    }

    #[test]
    fn a_repr_digest_is_read_among_others() {
        let digest = Sha256Digest::of(b"abc");
        let field = format!("sha-512=:AAAA:, {}", digest.to_repr_digest());
        assert_eq!(Sha256Digest::from_repr_digest(&field), Some(digest));
        assert_eq!(Sha256Digest::from_repr_digest("sha-256=:AAAA:"), None);
        assert_eq!(Sha256Digest::from_repr_digest("sha-256=:"), None);
    }

    #[test]
    fn a_digest_writer_counts_only_what_was_written() {
        let mut small = [0; 2];
        let mut writer = DigestWriter::new(&mut small[..]);
        assert_eq!(writer.write(b"abc").unwrap(), 2);
        assert_eq!(writer.finish().2, Sha256Digest::of(b"ab"));
    }
}
