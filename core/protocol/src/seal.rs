//! Sealing in the [age v1 format](https://age-encryption.org/v1) to X25519 recipients.
//!
//! A sealed stream can be opened by each of its recipients and by nobody else, and a changed, shortened or lengthened
//! one by nobody at all: age authenticates its header and every 64 KiB chunk, the last one specially. Any other
//! implementation of the format opens it, given the identity.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The longest header of a sealed stream, in bytes. One for two X25519 recipients has about 300.
const MAX_HEADER: u64 = 16 * 1024;

/// What the last line of a header begins with.
const HEADER_END: &[u8] = b"\n--- ";

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The text is no `age1…` recipient.
    #[error("read a recipient: {0}; expected one that begins with age1")]
    Recipient(&'static str),
    /// The text is no `AGE-SECRET-KEY-1…` identity. The text itself is never repeated.
    #[error("read an identity: {0}; expected one that begins with AGE-SECRET-KEY-1")]
    Identity(&'static str),
    /// Sealing to nobody would lose the photo.
    #[error("seal without a recipient")]
    NoRecipient,
    /// The stream is not sealed to this identity.
    #[error("open with this key: it is not among the recipients")]
    NotARecipient,
    /// The stream is no age file, or was changed or cut.
    #[error("open: the sealed data is damaged or not in the age format ({0})")]
    Damaged(String),
    /// Reading or writing failed.
    #[error("read or write the sealed data")]
    Io(#[from] std::io::Error),
}

/// A public key that data can be sealed to (`age1…`).
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

/// A private key that opens what was sealed to its [`Recipient`]. Its text is secret: `Debug` does not show it.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// A new key from the system's randomness.
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// The public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// The secret text, `AGE-SECRET-KEY-1…`, for a key store. Erased from memory when dropped.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }
}

impl FromStr for Identity {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        text.trim().parse().map(Self).map_err(SealError::Identity)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity(of {})", self.recipient())
    }
}

impl FromStr for Recipient {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        text.trim().parse().map(Self).map_err(SealError::Recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl Serialize for Recipient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Seals what `fill` writes to `out`, for all `recipients`. Streaming: memory does not grow with the length.
pub fn seal<W: Write, T>(
    recipients: &[Recipient],
    out: W,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, SealError>,
) -> Result<(W, T), SealError> {
    let encryptor =
        age::Encryptor::with_recipients(recipients.iter().map(|key| &key.0 as &dyn age::Recipient))
            .map_err(|_| SealError::NoRecipient)?;
    let mut writer = encryptor.wrap_output(out)?;
    let result = fill(&mut writer)?;
    Ok((writer.finish()?, result))
}

/// Opens a sealed stream. A change further down is found while reading: an error of kind `InvalidData`, or
/// `UnexpectedEof` where the stream was cut.
pub fn open<'a, R: Read + 'a>(identity: &Identity, sealed: R) -> Result<impl Read + 'a, SealError> {
    // age reads its header without a limit, and anew for every line of it; a hostile one would take hours.
    let mut sealed = sealed;
    let mut head = Vec::new();
    sealed.by_ref().take(MAX_HEADER).read_to_end(&mut head)?;
    if !head.windows(HEADER_END.len()).any(|bytes| bytes == HEADER_END) {
        return Err(SealError::Damaged("its header does not end".to_owned()));
    }
    let decryptor = age::Decryptor::new(io::Cursor::new(head).chain(sealed)).map_err(open_error)?;
    decryptor.decrypt(std::iter::once(&identity.0 as &dyn age::Identity)).map_err(open_error)
}

fn open_error(error: age::DecryptError) -> SealError {
    match error {
        age::DecryptError::NoMatchingKeys => SealError::NotARecipient,
        age::DecryptError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            SealError::Io(error)
        }
        other => SealError::Damaged(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed_to(identities: &[&Identity], plain: &[u8]) -> Vec<u8> {
        let recipients: Vec<_> = identities.iter().map(|identity| identity.recipient()).collect();
        seal(&recipients, Vec::new(), |out| Ok(out.write_all(plain)?)).unwrap().0
    }

    fn read(identity: &Identity, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut plain = Vec::new();
        open(identity, sealed)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn each_recipient_opens_and_a_stranger_does_not() {
        let (phone, service, stranger) = (Identity::generate(), Identity::generate(), Identity::generate());
        let sealed = sealed_to(&[&phone, &service], b"a chipped mug");
        assert_eq!(read(&phone, &sealed).unwrap(), b"a chipped mug");
        assert_eq!(read(&service, &sealed).unwrap(), b"a chipped mug");
        assert!(matches!(read(&stranger, &sealed), Err(SealError::NotARecipient)));
    }

    #[test]
    fn a_change_of_any_byte_is_found() {
        let identity = Identity::generate();
        let sealed = sealed_to(&[&identity], b"a chipped mug");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x01;
            assert!(read(&identity, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn every_truncation_is_found_and_so_is_a_longer_stream() {
        let identity = Identity::generate();
        let mut sealed = sealed_to(&[&identity], &vec![7; 70_000]);
        for length in (0..sealed.len()).step_by(997) {
            assert!(read(&identity, &sealed[..length]).is_err(), "{length} bytes");
        }
        sealed.push(0);
        assert!(read(&identity, &sealed).is_err());
    }

    #[test]
    fn a_header_without_an_end_is_refused_at_once() {
        let line = "A".repeat(64);
        let hostile =
            format!("age-encryption.org/v1\n-> X25519 {line}\n{}", format!("{line}\n").repeat(200_000));
        assert!(matches!(read(&Identity::generate(), hostile.as_bytes()), Err(SealError::Damaged(_))));
    }

    #[test]
    fn sealing_to_nobody_is_refused() {
        assert!(matches!(seal(&[], Vec::new(), |_| Ok(())), Err(SealError::NoRecipient)));
    }

    #[test]
    fn keys_survive_their_text_form_and_secrets_stay_out_of_debug() {
        let identity = Identity::generate();
        let text = identity.to_secret_text();
        let again: Identity = text.parse().unwrap();
        assert_eq!(again.recipient(), identity.recipient());
        assert_eq!(identity.recipient().to_string().parse::<Recipient>().unwrap(), identity.recipient());
        assert!(!format!("{identity:?}").contains("SECRET"));
        assert!("age1nonsense".parse::<Recipient>().is_err());
        assert!(matches!("AGE-SECRET-KEY-1X".parse::<Identity>(), Err(SealError::Identity(_))));
    }
}
