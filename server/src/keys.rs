//! The service's keys: made on first start, kept in `keys/`, never shown.

use std::path::Path;

use clearshot_protocol::field::FieldKey;
use clearshot_protocol::seal::{Identity, Recipient};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::disk::{DataFolder, read_or_create};
use crate::error::ServerError;

/// The age identity that every photo is sealed to.
const SERVICE_KEY_FILE: &str = "service.age-identity";
/// 32 random bytes in hexadecimal: signs tokens.
const TOKEN_KEY_FILE: &str = "token.key";

/// Everything secret that the server holds in memory.
pub(crate) struct Keys {
    /// Opens photos.
    pub(crate) identity: Identity,
    /// Seals columns.
    pub(crate) fields: FieldKey,
    blind: Zeroizing<[u8; 32]>,
}

impl Keys {
    pub(crate) fn open(folder: &DataFolder) -> Result<Self, ServerError> {
        let path = folder.keys().join(SERVICE_KEY_FILE);
        let fresh = Zeroizing::new(format!("{}\n", Identity::generate().to_secret_text().as_str()));
        let text = read_or_create(folder.vfs(), &path, fresh.as_bytes()).map_err(ServerError::disk(&path))?;
        let text = Zeroizing::new(text);
        let identity: Identity = std::str::from_utf8(&text)
            .map_err(|error| key_error(&path, &error))?
            .parse()
            .map_err(|error| key_error(&path, &error))?;
        let fields = FieldKey::derive(&identity, "clearshot-server columns v1");
        let blind = derive(identity.to_secret_text().as_bytes(), b"clearshot-server blind index v1");
        Ok(Self { identity, fields, blind })
    }

    pub(crate) fn recipient(&self) -> Recipient {
        self.identity.recipient()
    }

    /// A value that can be compared but not read back: who owns a return, which idempotency key was used. Without
    /// the key nobody can try names against it.
    pub(crate) fn blind(&self, purpose: &str, value: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 32];
        // 32 bytes are always a valid output length for HKDF-SHA-256, whose limit is 8,160.
        let _ = Hkdf::<Sha256>::new(Some(&*self.blind), value).expand(purpose.as_bytes(), &mut out);
        out
    }
}

fn derive(secret: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // As above.
    let _ = Hkdf::<Sha256>::new(None, secret).expand(purpose, key.as_mut());
    key
}

/// The key that signs tokens; made when absent, so that a token can be made before the first start.
pub(crate) fn token_key(folder: &DataFolder) -> Result<Zeroizing<Vec<u8>>, ServerError> {
    let path = folder.keys().join(TOKEN_KEY_FILE);
    let fresh = Zeroizing::new(hex::encode(*random::<32>()?));
    let text = read_or_create(folder.vfs(), &path, fresh.as_bytes()).map_err(ServerError::disk(&path))?;
    let text = Zeroizing::new(text);
    let key = Zeroizing::new(hex::decode(text.trim_ascii()).map_err(|error| key_error(&path, &error))?);
    match key.len() {
        32 => Ok(key),
        _ => Err(key_error(&path, &"it has not 64 hexadecimal digits")),
    }
}

/// Bytes from the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, ServerError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut()).map_err(|_| ServerError::Random)?;
    Ok(bytes)
}

fn key_error(path: &Path, detail: &dyn std::fmt::Display) -> ServerError {
    ServerError::Key { path: path.to_owned(), detail: detail.to_string() }
}
