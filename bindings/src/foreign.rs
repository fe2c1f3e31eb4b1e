//! What the app implements for the core: key store, tokens, log. Every one of its exceptions becomes a typed error here.
//!
//! Not responsible for what the errors mean: the core decides that an absent token pauses the queue, and that a key which
//! is gone for good is replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use clearshot_capture::{KeyWrap, KeyWrapError};
use clearshot_upload::{AccessToken, TokenError, TokenProvider as CoreTokenProvider, TokenSource};
use tokio::task::spawn_blocking;

/// Why the app could not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ForeignError {
    /// Not now: the device is locked, the sign-in service is out of reach. It is tried again later.
    #[error("{reason}")]
    Unavailable {
        /// Why, for logs; without personal data.
        reason: String,
    },
    /// The key is gone for good: the key store was wiped, or invalidated the key.
    #[error("{reason}")]
    KeyLost {
        /// Why, for logs; without personal data.
        reason: String,
    },
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
}

/// An exception that the adapter of the package did not catch. Its text stays where it came from: it may name a person.
impl From<uniffi::UnexpectedUniFFICallbackError> for ForeignError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { reason: "the app's code threw an unexpected exception".to_owned() }
    }
}

/// Protects the device key: the platform's key store (Keystore, Keychain with Secure Enclave).
#[uniffi::export(with_foreign)]
pub trait DeviceKeyStore: Send + Sync {
    /// Encrypts the device key, so that only this device's key store can decrypt it.
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, ForeignError>;

    /// Decrypts what [`Self::wrap`] gave.
    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, ForeignError>;
}

/// Gives the shopper's access token.
#[uniffi::export(with_foreign)]
pub trait TokenProvider: Send + Sync {
    /// The token in use; with `refresh` a fresh one, because the server has refused the last. May block.
    fn token(&self, refresh: bool) -> Result<String, ForeignError>;
}

/// Takes what Clearshot tells of itself while it synchronises: ids, states and numbers, nothing personal.
#[uniffi::export(with_foreign)]
pub trait LogSink: Send + Sync {
    /// Takes a line. An error is ignored.
    fn log(&self, level: LogLevel, line: String) -> Result<(), ForeignError>;
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum LogLevel {
    /// For who looks for a fault in Clearshot.
    Debug,
    /// What an app's log usually has.
    Info,
    /// Something that should not happen often.
    Warning,
    /// Something that should not happen.
    Error,
}

/// Calls the app's code. What ends the call without an answer (an exception that cannot be read, a handle that is gone) is a
/// panic of UniFFI's code, and no bug of Clearshot.
pub(crate) fn called<T>(call: impl FnOnce() -> Result<T, ForeignError>) -> Result<T, ForeignError> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(ForeignError::Unavailable { reason: "the app's code failed".to_owned() }))
}

/// The key store as the core knows it.
pub(crate) struct KeyStoreAdapter(pub(crate) Arc<dyn DeviceKeyStore>);

impl KeyWrap for KeyStoreAdapter {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
        called(|| self.0.wrap(key.to_vec())).map_err(key_error)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
        called(|| self.0.unwrap(wrapped.to_vec())).map_err(key_error)
    }
}

fn key_error(error: ForeignError) -> KeyWrapError {
    match error {
        ForeignError::KeyLost { reason } => KeyWrapError::Lost(reason),
        ForeignError::Unavailable { reason } => KeyWrapError::Unavailable(reason),
        ForeignError::SignedOut => KeyWrapError::Unavailable(error.to_string()),
    }
}

/// The token provider as the uploader knows it.
#[derive(Clone)]
pub(crate) struct TokenAdapter(pub(crate) Arc<dyn TokenProvider>);

impl TokenSource for TokenAdapter {
    fn token(&self, refresh: bool) -> Result<AccessToken, TokenError> {
        let token = called(|| self.0.token(refresh)).map_err(|error| match error {
            ForeignError::SignedOut => TokenError::SignedOut,
            ForeignError::Unavailable { reason } | ForeignError::KeyLost { reason } => {
                TokenError::Unavailable(reason)
            }
        })?;
        AccessToken::new(&token)
    }
}

impl TokenAdapter {
    /// The app may fetch a token over a network: that must not hold up what else is being sent.
    async fn ask(&self, refresh: bool) -> Result<AccessToken, TokenError> {
        let adapter = self.clone();
        let asked = spawn_blocking(move || TokenSource::token(&adapter, refresh)).await;
        asked.unwrap_or_else(|_| Err(TokenError::Unavailable("the app's code failed".to_owned())))
    }
}

#[async_trait]
impl CoreTokenProvider for TokenAdapter {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        self.ask(false).await
    }

    async fn refresh(&self) -> Result<AccessToken, TokenError> {
        self.ask(true).await
    }
}
