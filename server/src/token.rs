//! Tokens: JSON Web Tokens (RFC 7519), signed with the local key (HS256).

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use clearshot_protocol::api::WordError;
use clearshot_protocol::{ReturnId, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::disk::DataFolder;
use crate::error::ServerError;
use crate::keys;

/// The `iss` of tokens of ours; a token of another issuer that happens to share the key is not accepted.
const ISSUER: &str = "clearshot";

/// How far the clocks of issuer and server may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 5;

/// What a token's holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sends something back: sees and fills their own returns.
    Shopper,
    /// Decides: sees every return and every photo.
    Agent,
    /// The shop's own software: opens returns for shoppers, sees every return, but no photo.
    Service,
}

impl Role {
    /// The word in the token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopper => "shopper",
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }
}

impl FromStr for Role {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        [Self::Shopper, Self::Agent, Self::Service].into_iter().find(|role| role.as_str() == text).ok_or_else(
            || WordError {
                what: "a role",
                text: text.chars().take(64).collect(),
                expected: "shopper, agent, service".to_owned(),
            },
        )
    }
}

/// What a token should say.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The role.
    pub role: Role,
    /// Who it is for: the shop's id of the shopper, agent or program. Returns belong to the subject that opened them.
    pub subject: String,
    /// The one return that it is good for; absent: all that the role allows.
    pub return_id: Option<ReturnId>,
    /// How long it is good for.
    pub lifetime: Duration,
}

/// The claims of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) role: Role,
    #[serde(default, rename = "return", skip_serializing_if = "Option::is_none")]
    pub(crate) return_id: Option<ReturnId>,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// Its time is over.
    Expired,
    /// It is not one of ours, or cannot be read.
    Invalid,
}

/// Makes and reads tokens with the key of a data folder.
#[derive(Clone)]
pub struct TokenIssuer {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl TokenIssuer {
    /// Opens the key in `data`, or makes folder and key when absent.
    pub fn open(data: &Path) -> Result<Self, ServerError> {
        Self::of(&DataFolder::open(data)?)
    }

    pub(crate) fn of(folder: &DataFolder) -> Result<Self, ServerError> {
        let key = keys::token_key(folder)?;
        Ok(Self { encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key) })
    }

    /// Makes a token.
    pub fn mint(&self, request: &TokenRequest, now: Timestamp) -> Result<String, ServerError> {
        let lifetime = i64::try_from(request.lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: request.subject.clone(),
            role: request.role,
            return_id: request.return_id,
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lifetime),
        };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?)
    }

    /// Reads a token, and tells one that was good from one that never was.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenRefusal> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The library reads the system's clock; time is passed in here, so `exp` and `iat` are compared below.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|_| TokenRefusal::Invalid)?
            .claims;
        let now = now.as_second();
        if claims.sub.is_empty() || claims.iat > now.saturating_add(LEEWAY_SECONDS) {
            Err(TokenRefusal::Invalid)
        } else if claims.exp <= now.saturating_sub(LEEWAY_SECONDS) {
            Err(TokenRefusal::Expired)
        } else {
            Ok(claims)
        }
    }
}

impl std::fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenIssuer(…)")
    }
}

/// Makes one token from a data folder: what `clearshot token` prints. The subject is the role's name.
pub fn mint_token(
    data: &Path,
    role: Role,
    return_id: Option<ReturnId>,
    lifetime: Duration,
    now: Timestamp,
) -> Result<String, ServerError> {
    let request = TokenRequest { role, subject: role.as_str().to_owned(), return_id, lifetime };
    TokenIssuer::open(data)?.mint(&request, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn issuer() -> TokenIssuer {
        TokenIssuer {
            encoding: EncodingKey::from_secret(&[7; 32]),
            decoding: DecodingKey::from_secret(&[7; 32]),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn token(lifetime: Duration) -> String {
        let request =
            TokenRequest { role: Role::Agent, subject: "kim".to_owned(), return_id: None, lifetime };
        issuer().mint(&request, at(1_000)).unwrap()
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let token = token(HOUR);
        assert_eq!(issuer().verify(&token, at(1_001)).unwrap().sub, "kim");
        assert_eq!(issuer().verify(&token, at(4_604)).unwrap().role, Role::Agent);
        assert_eq!(issuer().verify(&token, at(4_605)).unwrap_err(), TokenRefusal::Expired);
    }

    #[test]
    fn a_token_from_the_future_is_none() {
        assert_eq!(issuer().verify(&token(HOUR), at(990)).unwrap_err(), TokenRefusal::Invalid);
    }

    #[test]
    fn a_token_of_another_key_or_without_a_signature_is_none() {
        let other = TokenIssuer {
            encoding: EncodingKey::from_secret(&[8; 32]),
            decoding: DecodingKey::from_secret(&[8; 32]),
        };
        assert_eq!(other.verify(&token(HOUR), at(1_001)).unwrap_err(), TokenRefusal::Invalid);
        let claims = token(HOUR).split('.').nth(1).unwrap().to_owned();
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        assert_eq!(issuer().verify(&unsigned, at(1_001)).unwrap_err(), TokenRefusal::Invalid);
    }
}
