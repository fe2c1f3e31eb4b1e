//! The agent's console: plain HTML made by the server, one style sheet, no scripts.
//!
//! | page | module |
//! | --- | --- |
//! | the list of returns | `list` |
//! | one return: its items, photos, verdicts and timeline | `return_page` |
//! | one photo, with all numbers | `photo` |
//! | what the models of both sides saw, and where | `relevance` |
//! | login and logout | `login` |
//! | the frame of every page; small parts that several share | `layout`, `parts` |
//! | codes as an agent reads them | `words` |
//!
//! Not responsible for pictures: they come from `/v1/evidence/{id}/…` with the same cookie.

mod layout;
mod list;
mod login;
mod parts;
mod photo;
mod relevance;
mod return_page;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::auth::{self, Principal};

/// How long a browser may keep the style sheet, in seconds: an hour, so that an update shows the same day.
const STYLE_CACHE: &str = "public, max-age=3600";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/console", get(list::show))
        .route("/console/returns/{id}", get(return_page::show))
        .route("/console/evidence/{id}", get(photo::show))
        .route("/console/login", get(login::show).post(login::submit))
        .route("/console/logout", post(login::logout))
        .route("/console/style.css", get(style))
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, STYLE_CACHE)];
    (headers, include_str!("style.css"))
}

/// An agent who is logged in; everybody else is shown the way to the login page.
struct Agent(Principal);

impl FromRequestParts<Arc<App>> for Agent {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        auth::console_agent(app, &parts.headers)
            .map(Self)
            .ok_or_else(|| Redirect::to("/console/login").into_response())
    }
}
