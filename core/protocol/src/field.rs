//! Sealing of single values, such as a SKU in a database column, so that nothing of an order stands in clear on a disk.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce; a value is bound to the place it belongs to (its *context*), so that
//! a sealed value copied to another row does not open.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::seal::Identity;

const NONCE_LENGTH: usize = 24;

/// A key for values at rest, derived from an [`Identity`].
#[derive(Clone)]
pub struct FieldKey(XChaCha20Poly1305);

/// A sealed value does not open: other key, other place, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("open a stored value: it was changed, moved, or sealed with another key")]
pub struct FieldError;

impl FieldKey {
    /// Derives the key for one `purpose` (HKDF-SHA-256, RFC 5869). Different purposes give unrelated keys.
    pub fn derive(identity: &Identity, purpose: &str) -> Self {
        let secret = identity.to_secret_text();
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are always a valid output length for HKDF-SHA-256, whose limit is 8,160.
        let _ = Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(purpose.as_bytes(), key.as_mut());
        Self(XChaCha20Poly1305::new((&*key).into()))
    }

    /// Seals a value for the place that `context` names, such as `items.sku/<id>`.
    pub fn seal(&self, context: &str, plain: &str) -> Result<Vec<u8>, FieldError> {
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce).map_err(|_| FieldError)?;
        let payload = Payload { msg: plain.as_bytes(), aad: context.as_bytes() };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| FieldError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens a value that was sealed for the same place.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<String, FieldError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LENGTH).ok_or(FieldError)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        let plain = self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| FieldError)?;
        String::from_utf8(plain).map_err(|_| FieldError)
    }
}

impl std::fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FieldKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_only_with_its_key_and_in_its_place() {
        let identity = Identity::generate();
        let key = FieldKey::derive(&identity, "test");
        let sealed = key.seal("items.sku/1", "MUG-350").unwrap();
        assert_eq!(key.open("items.sku/1", &sealed).as_deref(), Ok("MUG-350"));
        assert_eq!(key.open("items.sku/2", &sealed), Err(FieldError));
        assert_eq!(FieldKey::derive(&identity, "other").open("items.sku/1", &sealed), Err(FieldError));
        assert_eq!(key.open("items.sku/1", &sealed[..10]), Err(FieldError));
        assert!(!sealed.windows(3).any(|bytes| bytes == b"MUG"));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let key = FieldKey::derive(&Identity::generate(), "test");
        assert_ne!(key.seal("a", "MUG-350").unwrap(), key.seal("a", "MUG-350").unwrap());
    }
}
