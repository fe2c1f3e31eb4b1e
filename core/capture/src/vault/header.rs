//! The routing header of a vault file: what is needed to send the sealed bytes behind it when the database is gone.
//!
//! ```text
//! offset  bytes  content (integers big-endian)
//!      0      8  magic "CLRVAULT"
//!      8      2  version, 1
//!     10      6  zero
//!     16     16  capture id
//!     32     16  session id
//!     48     16  return id
//!     64     16  item id
//!     80     16  shot id
//!     96      8  saved at, milliseconds since 1970
//!    104      8  length of the sealed bytes
//!    112     32  SHA-256 of the sealed bytes
//!    144     16  the first half of the SHA-256 of the 144 bytes before
//!    160         the sealed bytes
//! ```
//!
//! Ids only: what is in them is random or a hash (a [`ReturnItemId`] is derived from the SKU and a random id).

use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId, Timestamp};

/// Bytes of the header; the sealed bytes begin behind them.
pub(crate) const HEADER_LENGTH: usize = 160;

const MAGIC: &[u8; 8] = b"CLRVAULT";
const VERSION: u16 = 1;
const CHECKSUM_AT: usize = 144;

/// The header's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VaultHeader {
    pub(crate) capture: CaptureId,
    pub(crate) session: SessionId,
    pub(crate) return_id: ReturnId,
    pub(crate) item: ReturnItemId,
    pub(crate) shot: ShotId,
    pub(crate) saved_millis: i64,
    pub(crate) length: u64,
    pub(crate) sha256: Sha256Digest,
}

/// Why some bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// They are damaged, or something else altogether.
    Damaged,
    /// A later version of this crate wrote them.
    Newer,
}

impl VaultHeader {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_be_bytes());
        bytes[16..32].copy_from_slice(self.capture.as_bytes());
        bytes[32..48].copy_from_slice(self.session.as_bytes());
        bytes[48..64].copy_from_slice(self.return_id.as_bytes());
        bytes[64..80].copy_from_slice(self.item.as_bytes());
        bytes[80..96].copy_from_slice(self.shot.as_bytes());
        bytes[96..104].copy_from_slice(&self.saved_millis.to_be_bytes());
        bytes[104..112].copy_from_slice(&self.length.to_be_bytes());
        bytes[112..144].copy_from_slice(self.sha256.as_bytes());
        let checksum = Sha256Digest::of(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(&checksum.as_bytes()[..HEADER_LENGTH - CHECKSUM_AT]);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; HEADER_LENGTH]) -> Result<Self, HeaderError> {
        let checksum = Sha256Digest::of(&bytes[..CHECKSUM_AT]);
        if &bytes[..8] != MAGIC || bytes[CHECKSUM_AT..] != checksum.as_bytes()[..HEADER_LENGTH - CHECKSUM_AT]
        {
            return Err(HeaderError::Damaged);
        }
        if u16::from_be_bytes(at(bytes, 8)) > VERSION {
            return Err(HeaderError::Newer);
        }
        let saved_millis = i64::from_be_bytes(at(bytes, 96));
        if Timestamp::from_millisecond(saved_millis).is_err() {
            return Err(HeaderError::Damaged);
        }
        Ok(Self {
            capture: CaptureId::from_bytes(at(bytes, 16)),
            session: SessionId::from_bytes(at(bytes, 32)),
            return_id: ReturnId::from_bytes(at(bytes, 48)),
            item: ReturnItemId::from_bytes(at(bytes, 64)),
            shot: ShotId::from_bytes(at(bytes, 80)),
            saved_millis,
            length: u64::from_be_bytes(at(bytes, 104)),
            sha256: Sha256Digest::from_bytes(at(bytes, 112)),
        })
    }
}

/// The `N` bytes at `offset`, which lie within the header.
fn at<const N: usize>(bytes: &[u8; HEADER_LENGTH], offset: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[offset + index])
}

#[cfg(test)]
mod tests {
    use clearshot_protocol::Timestamp;

    use super::*;

    fn header() -> VaultHeader {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let return_id = ReturnId::mint(now);
        VaultHeader {
            capture: CaptureId::mint(now),
            session: SessionId::mint(now),
            return_id,
            item: ReturnItemId::of(return_id, "MUG-350"),
            shot: ShotId::mint(now),
            saved_millis: -5,
            length: 123_456_789,
            sha256: Sha256Digest::of(b"sealed"),
        }
    }

    #[test]
    fn a_header_reads_as_it_was_written() {
        let header = header();
        assert_eq!(VaultHeader::from_bytes(&header.to_bytes()), Ok(header));
    }

    #[test]
    fn a_change_of_any_bit_is_found() {
        let bytes = header().to_bytes();
        for bit in 0..HEADER_LENGTH * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(VaultHeader::from_bytes(&changed), Err(HeaderError::Damaged), "bit {bit}");
        }
    }

    #[test]
    fn a_later_version_is_told_from_damage() {
        let mut bytes = header().to_bytes();
        bytes[9] = 2;
        let checksum = Sha256Digest::of(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(&checksum.as_bytes()[..16]);
        assert_eq!(VaultHeader::from_bytes(&bytes), Err(HeaderError::Newer));
    }
}
