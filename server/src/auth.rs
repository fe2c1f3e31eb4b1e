//! Who asks, and what they may see and do.
//!
//! | | opens a return | sees a return | sends its photos | sees photos |
//! | --- | --- | --- | --- | --- |
//! | shopper | their own | their own | to their own | – |
//! | shopper, scoped to a return | – | that one | to that one | – |
//! | service | for a shopper | every | to every | – |
//! | agent | – | every | – | every |
//!
//! What somebody may not see does not exist for them: 404, not 403.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use clearshot_protocol::ReturnId;
use clearshot_protocol::problem::ProblemCode;

use crate::app::App;
use crate::problem::ApiError;
use crate::store::events::EventFilter;
use crate::store::returns::{ReturnFilter, ReturnRow};
use crate::token::{Claims, Role, TokenRefusal};

/// The console's cookie: an agent's token that a script cannot read and another site's page cannot send.
pub(crate) const CONSOLE_COOKIE: &str = "clearshot_console";

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) role: Role,
    /// Keyed hash of the token's subject; what a return keeps of its owner.
    pub(crate) owner: Vec<u8>,
    /// The one return that the token is good for.
    pub(crate) scope: Option<ReturnId>,
    /// The token's `exp`: seconds since 1970 UTC.
    pub(crate) until: i64,
}

impl Principal {
    pub(crate) fn of(app: &App, claims: &Claims) -> Self {
        Self { role: claims.role, owner: owner(app, &claims.sub), scope: claims.return_id, until: claims.exp }
    }

    pub(crate) fn may_see(&self, found: &ReturnRow) -> bool {
        match (self.scope, self.role) {
            (Some(scope), _) => scope == found.id,
            (None, Role::Agent | Role::Service) => true,
            (None, Role::Shopper) => self.owner == found.owner,
        }
    }

    /// Agents look and decide; evidence comes from the shopper's side only.
    pub(crate) fn require_sender(&self) -> Result<(), ApiError> {
        match self.role {
            Role::Shopper | Role::Service => Ok(()),
            Role::Agent => Err(ApiError::new(
                ProblemCode::Forbidden,
                "an agent's token cannot send evidence or open returns; use a shopper's or a service's",
            )),
        }
    }

    pub(crate) fn require_agent(&self) -> Result<(), ApiError> {
        match self.role {
            Role::Agent => Ok(()),
            Role::Shopper | Role::Service => Err(ApiError::new(
                ProblemCode::Forbidden,
                "photos are opened for agents only; use an agent's token",
            )),
        }
    }

    pub(crate) fn return_filter(&self) -> ReturnFilter {
        let EventFilter { owner, return_id } = self.event_filter();
        ReturnFilter { owner, only: return_id, ..ReturnFilter::default() }
    }

    pub(crate) fn event_filter(&self) -> EventFilter {
        match (self.scope, self.role) {
            (Some(scope), _) => EventFilter { owner: None, return_id: Some(scope) },
            (None, Role::Agent | Role::Service) => EventFilter::default(),
            (None, Role::Shopper) => EventFilter { owner: Some(self.owner.clone()), return_id: None },
        }
    }
}

/// What a return keeps of its owner.
pub(crate) fn owner(app: &App, subject: &str) -> Vec<u8> {
    app.store.keys.blind("returns.owner", subject.as_bytes())
}

impl FromRequestParts<Arc<App>> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).map(|value| value.to_str().ok());
        let token = match header {
            Some(header) => header.and_then(bearer).ok_or_else(|| {
                ApiError::new(
                    ProblemCode::Unauthenticated,
                    "the Authorization header is not \"Bearer <token>\"",
                )
            })?,
            None if matches!(parts.method, Method::GET | Method::HEAD) => {
                cookie(&parts.headers).ok_or_else(|| {
                    ApiError::new(ProblemCode::Unauthenticated, "send a token: Authorization: Bearer …")
                })?
            }
            // A cookie only reads: what changes something must carry its token itself.
            None => {
                return Err(ApiError::new(
                    ProblemCode::Unauthenticated,
                    "send a token: Authorization: Bearer …",
                ));
            }
        };
        let claims = app.tokens.verify(token, app.clock.now()).map_err(refuse)?;
        Ok(Self::of(app, &claims))
    }
}

/// An agent who is logged in to the console; `None` asks for the login page.
pub(crate) fn console_agent(app: &App, headers: &HeaderMap) -> Option<Principal> {
    let claims = app.tokens.verify(cookie(headers)?, app.clock.now()).ok()?;
    (claims.role == Role::Agent).then(|| Principal::of(app, &claims))
}

fn refuse(refusal: TokenRefusal) -> ApiError {
    match refusal {
        TokenRefusal::Expired => {
            ApiError::new(ProblemCode::TokenExpired, "the token has expired; get a new one")
        }
        TokenRefusal::Invalid => ApiError::new(
            ProblemCode::Unauthenticated,
            "the token is not one of this server's; get one with: clearshot token",
        ),
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(CONSOLE_COOKIE)?.strip_prefix('='))
}
