//! The shopper's token, and how a fresh one is had.

use std::fmt;

use async_trait::async_trait;
use reqwest::header::HeaderValue;

/// A bearer token (RFC 6750). Secret: `Debug` does not show it, and HTTP logs do not, either.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// The token, without `Bearer`. Only visible ASCII may be in it.
    pub fn new(token: &str) -> Result<Self, TokenError> {
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed);
        }
        let mut value =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| TokenError::Malformed)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the `Authorization` header, for who performs the request elsewhere.
    pub(crate) fn to_bearer(&self) -> String {
        // It was made of visible ASCII only.
        self.0.to_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The text cannot be a bearer token. It is not repeated.
    #[error("use the token: it is empty or has characters that no token has")]
    Malformed,
    /// The shopper must sign in first. The queue pauses.
    #[error("get a token: nobody is signed in")]
    SignedOut,
    /// Whoever gives tokens cannot be reached now. Tried again later, like any network fault.
    #[error("get a token: {0}")]
    Unavailable(String),
}

/// Gives the uploader its token; the shop app's side of signing in.
///
/// Asked before every request, so it should keep the token rather than fetch it. The uploader calls
/// [`TokenProvider::refresh`] once when the server has refused a token, and never for two requests at a time.
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// The token in use.
    async fn token(&self) -> Result<AccessToken, TokenError>;

    /// A fresh one, after the server has refused the last; from then on [`TokenProvider::token`] gives that, too.
    /// If there is no way to have a fresh one, the same again.
    async fn refresh(&self) -> Result<AccessToken, TokenError>;
}

/// One token that cannot be refreshed: for a command line, and for tests.
#[derive(Debug, Clone)]
pub struct FixedToken(pub AccessToken);

#[async_trait]
impl TokenProvider for FixedToken {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        Ok(self.0.clone())
    }

    async fn refresh(&self) -> Result<AccessToken, TokenError> {
        Ok(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows_in_debug_output() {
        let token = AccessToken::new(" abc.def-123 ").unwrap();
        assert_eq!(token.header().to_str().unwrap(), "Bearer abc.def-123");
        assert!(!format!("{token:?} {:?}", token.header()).contains("abc"));
    }

    #[test]
    fn a_token_with_a_line_break_or_nothing_in_it_is_refused() {
        for text in ["", "  ", "a\r\nHost: evil", "ä", "two words"] {
            assert_eq!(AccessToken::new(text), Err(TokenError::Malformed));
        }
    }
}
