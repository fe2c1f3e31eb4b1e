//! Login by a one-time link or an agent's token, and logout. The cookie is an agent's token of limited life.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::layout::{Frame, framed};
use crate::app::App;
use crate::auth::CONSOLE_COOKIE;
use crate::config::CONSOLE_SESSION_LIFETIME;
use crate::error::ServerError;
use crate::problem::ApiError;
use crate::token::{Role, TokenRefusal, TokenRequest};

/// The subject of sessions that a one-time link began: whoever had the data folder.
const LINK_SUBJECT: &str = "console";

#[derive(Debug, Default, Deserialize)]
pub(super) struct LoginQuery {
    code: Option<String>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<LoginQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Some(code) = query.ok().and_then(|Query(query)| query.code) else {
        return Ok(form(StatusCode::OK, None));
    };
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    let good = change.use_login_code(&code, now).await?;
    change.commit().await?;
    if good {
        begin(&app, LINK_SUBJECT, CONSOLE_SESSION_LIFETIME, &headers)
    } else {
        Ok(form(
            StatusCode::UNAUTHORIZED,
            Some("This link was used before, or its ten minutes are over. Make a new one, or paste a token."),
        ))
    }
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    token: String,
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form_data: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let Ok(Form(LoginForm { token })) = form_data else {
        return Ok(form(StatusCode::BAD_REQUEST, Some("The form did not arrive as it should. Try again.")));
    };
    let now = app.clock.now();
    match app.tokens.verify(token.trim(), now) {
        Ok(claims) if claims.role == Role::Agent && claims.return_id.is_none() => {
            // The session does not outlive the token.
            let left = Duration::from_secs(u64::try_from(claims.exp - now.as_second()).unwrap_or(0));
            begin(&app, &claims.sub, left.min(CONSOLE_SESSION_LIFETIME), &headers)
        }
        Ok(_) => Ok(form(
            StatusCode::FORBIDDEN,
            Some("This token is not an agent's. The console is for agents only."),
        )),
        Err(TokenRefusal::Expired) => Ok(form(
            StatusCode::UNAUTHORIZED,
            Some("This token has expired. Get a new one and paste it here."),
        )),
        Err(TokenRefusal::Invalid) => Ok(form(
            StatusCode::UNAUTHORIZED,
            Some("This is no token of this server. Paste the whole of it."),
        )),
    }
}

pub(super) async fn logout() -> Response {
    let mut response = Redirect::to("/console/login").into_response();
    let cookie = format!("{CONSOLE_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Sets the cookie. The page goes on by itself instead of redirecting: after a link from another site, a browser
/// keeps a strict cookie to itself for the whole chain of redirects.
fn begin(app: &App, subject: &str, lifetime: Duration, headers: &HeaderMap) -> Result<Response, ApiError> {
    let request = TokenRequest { role: Role::Agent, subject: subject.to_owned(), return_id: None, lifetime };
    let token = app.tokens.mint(&request, app.clock.now())?;
    // Behind a proxy that speaks TLS; on a bare local port a secure cookie would be dropped.
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let cookie = format!(
        "{CONSOLE_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}",
        lifetime.as_secs(),
        if secure { "; Secure" } else { "" },
    );
    let cookie =
        HeaderValue::from_str(&cookie).map_err(|error| ServerError::Io(std::io::Error::other(error)))?;
    let content = html! {
        div.narrow {
            h1 { "You are logged in" }
            p { a.button href="/console" { "Go to the returns" } }
        }
    };
    let frame = Frame { title: "Logged in", logged_in: false, goes_on_to: Some("/console") };
    let mut response = framed(StatusCode::OK, &frame, &content);
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

fn form(status: StatusCode, fault: Option<&str>) -> Response {
    let content = html! {
        div.narrow {
            h1 { "Log in" }
            p { "The console shows shoppers’ photos, so it is for agents only." }
            @if let Some(fault) = fault { p.note.bad role="alert" id="fault" { (fault) } }
            form.login method="post" action="/console/login" {
                label for="token" { "Agent’s token" }
                input id="token" name="token" type="password" required autocomplete="off" spellcheck="false"
                    aria-describedby=[fault.map(|_| "fault")];
                button.button type="submit" { "Log in" }
            }
            p.hint { "On the server, " code { "clearshot token --role agent" } " prints one." }
        }
    };
    framed(status, &Frame { title: "Log in", logged_in: false, goes_on_to: None }, &content)
}
