//! The frame of every page.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// Pictures and style from here, forms to here, and nothing else: no script runs, whatever a title says.
const PAGE_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; \
                           base-uri 'none'; frame-ancestors 'none'";

/// What stands around a page's content.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) logged_in: bool,
    /// Goes on to this page at once.
    pub(super) goes_on_to: Option<&'static str>,
}

/// A page for an agent who is logged in.
pub(super) fn page(title: &str, content: &Markup) -> Response {
    framed(StatusCode::OK, &Frame { title, logged_in: true, goes_on_to: None }, content)
}

/// A page that says what is wrong.
pub(super) fn sorry(status: StatusCode, heading: &str, detail: &str) -> Response {
    let content = html! {
        div.narrow {
            h1 { (heading) }
            p { (detail) }
            p { a.button href="/console" { "Back to the returns" } }
        }
    };
    framed(status, &Frame { title: heading, logged_in: true, goes_on_to: None }, &content)
}

pub(super) fn framed(status: StatusCode, frame: &Frame<'_>, content: &Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if let Some(next) = frame.goes_on_to { meta http-equiv="refresh" content={ "0;url=" (next) }; }
                title { (frame.title) " · Clearshot" }
                link rel="stylesheet" href="/console/style.css";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    a.brand href="/console" { (mark()) "Clearshot" span.brand-part { "Returns" } }
                    @if frame.logged_in {
                        form method="post" action="/console/logout" { button.plain type="submit" { "Log out" } }
                    }
                }
                main id="content" tabindex="-1" { (content) }
            }
        }
    };
    let headers = [(CACHE_CONTROL, "private, no-store"), (CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (status, headers, markup).into_response()
}

/// The sign: a lens in a frame.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            path d="M3 8V5a2 2 0 0 1 2-2h3M16 3h3a2 2 0 0 1 2 2v3M21 16v3a2 2 0 0 1-2 2h-3M8 21H5a2 2 0 0 1-2-2v-3" {}
            circle cx="12" cy="12" r="4.2" {}
        }
    }
}
