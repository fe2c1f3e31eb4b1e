//! The envelope: manifest, thumbnail and photo in one sealed stream.
//!
//! ```text
//! offset  bytes  content (integers big-endian)
//!      0      8  magic "CLRSHOT1"
//!      8      4  M, length of the manifest     (≤ 1 MiB)
//!     12      4  T, length of the thumbnail    (≤ 1 MiB)
//!     16      8  P, length of the photo        (≤ 64 MiB)
//!     24      M  manifest, JSON
//!   24+M      T  thumbnail, JPEG
//! 24+M+T      P  photo, JPEG
//! ```
//!
//! All of it is inside the age stream. The small parts come first, so that a list of thumbnails opens without
//! reading the photos.

use std::io::{self, Read, Write};

use crate::digest::{DigestWriter, Sha256Digest};
use crate::manifest::{MANIFEST_FORMAT, Manifest};
use crate::seal::{self, Identity, Recipient, SealError};

const MAGIC: &[u8; 8] = b"CLRSHOT1";
const HEADER_LENGTH: usize = 24;

/// The longest manifest, in bytes. A real one has about 3 KB; annotations may add some.
pub const MAX_MANIFEST: usize = 1024 * 1024;
/// The longest thumbnail, in bytes. A real one has about 20 KB.
pub const MAX_THUMBNAIL: usize = 1024 * 1024;
/// The longest photo, in bytes.
pub const MAX_PHOTO: u64 = 64 * 1024 * 1024;

/// Why an envelope could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Sealing or opening failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What was sealed is no envelope.
    #[error("read the envelope: it does not begin as one")]
    NotAnEnvelope,
    /// A part is longer than its limit.
    #[error("use the envelope: its {part} has {length} bytes, more than {limit}")]
    TooLong {
        /// `manifest`, `thumbnail` or `photo`.
        part: &'static str,
        /// Its length in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The manifest's JSON cannot be read.
    #[error("read the manifest")]
    Manifest(#[from] serde_json::Error),
    /// The manifest is of a later format than this version reads.
    #[error(
        "read the manifest: its format {0} is newer than this version, which reads up to {MANIFEST_FORMAT}"
    )]
    NewerFormat(u16),
    /// The stream ended early or was changed.
    #[error("read the envelope")]
    Io(#[from] io::Error),
}

/// What came out of sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedEnvelope {
    /// Sealed bytes written.
    pub length: u64,
    /// Digest of the sealed bytes: what the server must confirm.
    pub sha256: Sha256Digest,
    /// Digest of the manifest's bytes: what the next capture of the session chains to.
    pub manifest_sha256: Sha256Digest,
}

/// Seals manifest, thumbnail and photo to `recipients`, and writes them to `out`.
pub fn write_envelope<W: Write>(
    recipients: &[Recipient],
    manifest: &Manifest,
    thumbnail: &[u8],
    photo: &[u8],
    out: W,
) -> Result<(W, SealedEnvelope), EnvelopeError> {
    let manifest = serde_json::to_vec(manifest)?;
    let header = EnvelopeHeader {
        manifest: manifest.len() as u64,
        thumbnail: thumbnail.len() as u64,
        photo: photo.len() as u64,
    };
    header.check()?;
    let (out, ()) = seal::seal(recipients, DigestWriter::new(out), |sealed| {
        sealed.write_all(&header.to_bytes())?;
        sealed.write_all(&manifest)?;
        sealed.write_all(thumbnail)?;
        sealed.write_all(photo)?;
        Ok(())
    })?;
    let (out, length, sha256) = out.finish();
    Ok((out, SealedEnvelope { length, sha256, manifest_sha256: Sha256Digest::of(&manifest) }))
}

/// An opened envelope: the small parts, and a reader that stands at the photo.
pub struct OpenEnvelope<'a> {
    /// The manifest.
    pub manifest: Manifest,
    /// Digest of the manifest's bytes.
    pub manifest_sha256: Sha256Digest,
    /// The thumbnail, a JPEG.
    pub thumbnail: Vec<u8>,
    photo_length: u64,
    reader: Box<dyn Read + 'a>,
}

impl OpenEnvelope<'_> {
    /// The photo's length in bytes.
    pub fn photo_length(&self) -> u64 {
        self.photo_length
    }

    /// Reads the photo, and makes sure that it is whole and that nothing follows it.
    pub fn read_photo(mut self) -> Result<Vec<u8>, EnvelopeError> {
        let photo = read_part(&mut self.reader, self.photo_length as usize)?;
        // Reading on to the end makes age authenticate the last chunk.
        match self.reader.read(&mut [0])? {
            0 => Ok(photo),
            _ => Err(EnvelopeError::NotAnEnvelope),
        }
    }
}

/// Opens an envelope with one of its recipients' identities.
pub fn open_envelope<'a, R: Read + 'a>(
    identity: &Identity,
    sealed: R,
) -> Result<OpenEnvelope<'a>, EnvelopeError> {
    let mut reader: Box<dyn Read + 'a> = Box::new(seal::open(identity, sealed)?);
    let mut header = [0; HEADER_LENGTH];
    reader.read_exact(&mut header)?;
    let header = EnvelopeHeader::from_bytes(&header)?;
    let manifest = read_part(&mut reader, header.manifest as usize)?;
    let manifest_sha256 = Sha256Digest::of(&manifest);
    let manifest = parse_manifest(&manifest)?;
    let thumbnail = read_part(&mut reader, header.thumbnail as usize)?;
    Ok(OpenEnvelope { manifest, manifest_sha256, thumbnail, photo_length: header.photo, reader })
}

fn parse_manifest(bytes: &[u8]) -> Result<Manifest, EnvelopeError> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u16,
    }
    match serde_json::from_slice::<Format>(bytes)?.format {
        newer if newer > MANIFEST_FORMAT => Err(EnvelopeError::NewerFormat(newer)),
        _ => Ok(serde_json::from_slice(bytes)?),
    }
}

/// Reads exactly `length` bytes. Memory grows with what really arrives, not with what a header claims.
fn read_part(reader: &mut dyn Read, length: usize) -> Result<Vec<u8>, EnvelopeError> {
    const FIRST_ALLOCATION: usize = 1024 * 1024;
    let mut part = Vec::with_capacity(length.min(FIRST_ALLOCATION));
    reader.take(length as u64).read_to_end(&mut part)?;
    if part.len() == length { Ok(part) } else { Err(EnvelopeError::Io(io::ErrorKind::UnexpectedEof.into())) }
}

struct EnvelopeHeader {
    manifest: u64,
    thumbnail: u64,
    photo: u64,
}

impl EnvelopeHeader {
    fn check(&self) -> Result<(), EnvelopeError> {
        for (part, length, limit) in [
            ("manifest", self.manifest, MAX_MANIFEST as u64),
            ("thumbnail", self.thumbnail, MAX_THUMBNAIL as u64),
            ("photo", self.photo, MAX_PHOTO),
        ] {
            if length > limit {
                return Err(EnvelopeError::TooLong { part, length, limit });
            }
        }
        Ok(())
    }

    /// The lengths were checked, so that the first two fit 32 bits.
    fn to_bytes(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&(self.manifest as u32).to_be_bytes());
        bytes[12..16].copy_from_slice(&(self.thumbnail as u32).to_be_bytes());
        bytes[16..].copy_from_slice(&self.photo.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEADER_LENGTH]) -> Result<Self, EnvelopeError> {
        let [magic, manifest, thumbnail, photo] = [&bytes[..8], &bytes[8..12], &bytes[12..16], &bytes[16..]];
        if magic != MAGIC {
            return Err(EnvelopeError::NotAnEnvelope);
        }
        let integer = |bytes: &[u8]| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let header =
            Self { manifest: integer(manifest), thumbnail: integer(thumbnail), photo: integer(photo) };
        header.check()?;
        Ok(header)
    }
}
