//! The checksum of one request's body: `Upload-Checksum` of tus, `Content-Digest` of RFC 9530.

use crc::{CRC_32_ISCSI, Crc};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// CRC-32C (Castagnoli), as RFC 3720 has it for iSCSI.
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// How a checksum is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
    Crc32c,
}

impl Algorithm {
    pub(super) const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Crc32c];

    /// Its name in the headers of tus.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Crc32c => "crc32c",
        }
    }

    /// Bytes of its result.
    const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Crc32c => 4,
        }
    }
}

/// What a body must have for its bytes to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    algorithm: Algorithm,
    expected: Vec<u8>,
}

impl Checksum {
    /// `None` when `expected` has not the algorithm's length. A CRC-32C is big-endian.
    pub(super) fn new(algorithm: Algorithm, expected: Vec<u8>) -> Option<Self> {
        (expected.len() == algorithm.length()).then_some(Self { algorithm, expected })
    }

    /// Begins to compute it.
    pub(super) fn begin(self) -> RunningChecksum {
        let state = match self.algorithm {
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Crc32c => State::Crc32c(CRC32C.digest()),
        };
        RunningChecksum { state, expected: self.expected }
    }
}

/// A checksum of which some bytes have come.
pub(super) struct RunningChecksum {
    state: State,
    expected: Vec<u8>,
}

enum State {
    Sha1(Sha1),
    Sha256(Sha256),
    Crc32c(crc::Digest<'static, u32>),
}

impl RunningChecksum {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Crc32c(state) => state.update(bytes),
        }
    }

    /// Whether the bytes are those that were meant.
    pub(super) fn holds(self) -> bool {
        match self.state {
            State::Sha1(state) => state.finalize()[..] == self.expected,
            State::Sha256(state) => state.finalize()[..] == self.expected,
            State::Crc32c(state) => state.finalize().to_be_bytes()[..] == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(algorithm: Algorithm, hexadecimal: &str, parts: &[&[u8]]) -> bool {
        let mut running = Checksum::new(algorithm, hex::decode(hexadecimal).unwrap()).unwrap().begin();
        for part in parts {
            running.update(part);
        }
        running.holds()
    }

    #[test]
    fn each_algorithm_gives_the_published_result_for_123456789() {
        let parts: [&[u8]; 3] = [b"1234", b"", b"56789"];
        assert!(holds(Algorithm::Crc32c, "e3069283", &parts));
        assert!(holds(Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441", &parts));
        let sha256 = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
        assert!(holds(Algorithm::Sha256, sha256, &parts));
        assert!(!holds(Algorithm::Crc32c, "e3069283", &[b"123456788"]));
    }

    #[test]
    fn a_checksum_of_another_length_is_none() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Checksum::new(algorithm, vec![0; algorithm.length() - 1]), None);
        }
    }
}
