//! The list of returns, the one that has waited longest first.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clearshot_protocol::api::{EvidenceStatus, EvidenceView, Page, ReturnStatus, ReturnView};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Agent, layout, parts, relevance, words};
use crate::app::App;
use crate::problem::ApiError;
use crate::routes::returns::page;

/// Returns of a page: about three screens.
const PAGE: u32 = 30;
/// Thumbnails of an entry.
const PREVIEWS: usize = 5;

#[derive(Debug, Default, Deserialize)]
pub(super) struct ListQuery {
    status: Option<ReturnStatus>,
    #[serde(default)]
    newest: bool,
    cursor: Option<String>,
}

impl ListQuery {
    fn link(status: Option<ReturnStatus>, newest: bool, cursor: Option<&str>) -> String {
        let status = status.map(|status| format!("status={status}"));
        let newest = newest.then(|| "newest=true".to_owned());
        // A cursor of ours has nothing that would need escaping.
        let cursor = cursor.map(|cursor| format!("cursor={cursor}"));
        let pairs: Vec<_> = [status, newest, cursor].into_iter().flatten().collect();
        if pairs.is_empty() { "/console".to_owned() } else { format!("/console?{}", pairs.join("&")) }
    }
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Agent(principal): Agent,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let wrong = || {
        layout::sorry(
            StatusCode::BAD_REQUEST,
            "Nothing to show",
            "The address asks for a list that there is not.",
        )
    };
    let Ok(Query(query)) = query else { return Ok(wrong()) };
    let mut filter = principal.return_filter();
    filter.status = query.status;
    filter.oldest_first = !query.newest;
    match query.cursor.as_deref().map(str::parse).transpose() {
        Ok(cursor) => filter.after = cursor,
        Err(_) => return Ok(wrong()),
    }
    let returns = page(&app, &filter, PAGE).await?;
    let counts = if principal.scope.is_none() { app.store.count_returns().await? } else { Vec::new() };
    Ok(layout::page("Returns", &content(&query, &returns, &counts)).into_response())
}

fn content(query: &ListQuery, returns: &Page<ReturnView>, counts: &[(ReturnStatus, u64)]) -> Markup {
    let all: u64 = counts.iter().map(|(_, number)| number).sum();
    html! {
        div.heading {
            h1 { "Returns" }
            nav.order aria-label="Order" {
                (chip("Oldest first", None, &ListQuery::link(query.status, false, None), !query.newest))
                (chip("Newest first", None, &ListQuery::link(query.status, true, None), query.newest))
            }
        }
        nav.filter aria-label="Status" {
            (chip("All", Some(all), &ListQuery::link(None, query.newest, None), query.status.is_none()))
            @for status in ReturnStatus::ALL {
                @let number = counts.iter().find(|(one, _)| one == status).map_or(0, |(_, number)| *number);
                @if number > 0 || query.status == Some(*status) {
                    (chip(&words::return_status(*status).0, Some(number),
                        &ListQuery::link(Some(*status), query.newest, None), query.status == Some(*status)))
                }
            }
        }
        @if returns.entries.is_empty() {
            p.empty { "No returns here. They appear as soon as a shopper opens one." }
        } @else {
            ol.returns { @for one in &returns.entries { li { (entry(one)) } } }
        }
        @if let Some(next) = &returns.next {
            nav.pager aria-label="Pages" {
                a.button href=(ListQuery::link(query.status, query.newest, Some(next))) { "Next page" }
            }
        }
    }
}

fn chip(text: &str, number: Option<u64>, link: &str, current: bool) -> Markup {
    html! {
        a.chip href=(link) aria-current=[current.then_some("true")] {
            (text) @if let Some(number) = number { " " span.number { (number) } }
        }
    }
}

fn entry(one: &ReturnView) -> Markup {
    let evidence: Vec<&EvidenceView> = one.items.iter().flat_map(|item| &item.evidence).collect();
    let current: Vec<&EvidenceView> =
        evidence.iter().copied().filter(|one| one.status != EvidenceStatus::Superseded).collect();
    let titles: Vec<_> = one.items.iter().map(|item| item.title.as_str()).collect();
    let pictures: Vec<_> = current.iter().copied().filter(|one| parts::has_picture(one)).collect();
    html! {
        article.return-card {
            div.return-words {
                h2 { a.cover href={ "/console/returns/" (one.id) } { "Order " (one.order) } }
                p.titles { (titles.join(" · ")) }
                p.facts {
                    (parts::return_badge(one.status))
                    span { (words::count(one.items.len(), "item")) ", " (words::count(current.len(), "photo")) }
                    span { "opened " (parts::time(one.created_at)) }
                }
                (flags(&current))
            }
            @if !pictures.is_empty() {
                div.previews aria-hidden="true" {
                    @for picture in pictures.iter().take(PREVIEWS) { (parts::thumbnail(picture, "")) }
                    @if pictures.len() > PREVIEWS { span.more { "+" (pictures.len() - PREVIEWS) } }
                }
            }
        }
    }
}

/// What an agent should know before opening it.
fn flags(evidence: &[&EvidenceView]) -> Markup {
    let number = |wanted: fn(&EvidenceView) -> bool| evidence.iter().filter(|one| wanted(one)).count();
    let kept = number(|one| one.capture.as_ref().is_some_and(|capture| capture.kept_anyway.is_some()));
    let doubtful = number(|one| !relevance::doubts(one).is_empty());
    let split = number(relevance::is_split);
    let aside = number(|one| one.status == EvidenceStatus::Quarantined);
    let rejected = number(|one| one.status == EvidenceStatus::Rejected);
    let flags: Vec<_> = [
        (kept, "kept anyway"),
        (doubtful, "perhaps not the item"),
        (split, "judged differently by phone and server"),
        (aside, "set aside"),
        (rejected, "rejected"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .collect();
    html! {
        @if !flags.is_empty() {
            ul.flags { @for (number, what) in flags { li { (number) " " (what) } } }
        }
    }
}
