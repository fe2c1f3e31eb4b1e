//! Events: a stream for those who wait, pages for those who ask.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use clearshot_protocol::ReturnId;
use clearshot_protocol::api::{EventView, Page};
use clearshot_protocol::problem::ProblemCode;
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Principal;
use crate::config::SSE_KEEP_ALIVE;
use crate::error::ServerError;
use crate::problem::{ApiError, Problems};
use crate::store::events::EventFilter;

/// How long is waited before the clock is looked at again: a clock that was set is noticed within this time.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Events read at a time; also the most of a page.
const BATCH: u32 = 100;

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// Only those after this one. `Last-Event-ID` goes before it. Without either: from the first.
    after: Option<i64>,
    /// Only those of this return.
    #[serde(rename = "return")]
    #[param(value_type = Option<ReturnId>)]
    return_id: Option<ReturnId>,
}

/// What happened to the returns that the token may see: as server-sent events that go on until the client leaves, or,
/// with `Accept: application/json`, the next page of what there is now.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", security(("token" = [])),
    params(EventsQuery, ("last-event-id" = Option<i64>, Header, description = "The last event that was read")),
    responses(
        (status = 200, content((EventView = "text/event-stream"), (Page<EventView> = "application/json"))),
        Problems,
    )
)]
pub(crate) async fn stream_events(
    State(app): State<Arc<App>>,
    principal: Principal,
    headers: HeaderMap,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) =
        query.map_err(|error| ApiError::new(ProblemCode::InvalidRequest, error.body_text()))?;
    let after = match headers.get("last-event-id") {
        None => query.after.unwrap_or(0),
        Some(id) => id.to_str().ok().and_then(|id| id.trim().parse().ok()).ok_or_else(|| {
            ApiError::new(ProblemCode::InvalidRequest, "Last-Event-ID must be the number of an event")
        })?,
    };
    let mut filter = principal.event_filter();
    if let Some(wanted) = query.return_id {
        super::returns::find(&app, &principal, wanted, None).await?;
        filter.return_id = Some(wanted);
    }
    if wants_json(&headers) {
        let mut entries = app.store.events_after(after, &filter, BATCH + 1).await?;
        let more = entries.len() > BATCH as usize;
        entries.truncate(BATCH as usize);
        let next = entries.last().filter(|_| more).map(|event| event.id.to_string());
        return Ok(([(CACHE_CONTROL, "no-store")], Json(Page { entries, next })).into_response());
    }
    let stream = Sse::new(follow(app, filter, after, principal.until))
        .keep_alive(KeepAlive::new().interval(SSE_KEEP_ALIVE));
    Ok(([(CACHE_CONTROL, "no-store")], stream).into_response())
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/event-stream"))
}

/// One reader of the stream.
struct Follower {
    app: Arc<App>,
    filter: EventFilter,
    after: i64,
    /// When the token that began the stream ends, in seconds since 1970 UTC.
    until: i64,
    waiting: VecDeque<EventView>,
    latest: watch::Receiver<i64>,
}

/// Reads from the table, never from a broadcast, so that a slow reader misses nothing and costs no memory.
fn follow(
    app: Arc<App>,
    filter: EventFilter,
    after: i64,
    until: i64,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let latest = app.store.subscribe();
    let follower = Follower { app, filter, after, until, waiting: VecDeque::new(), latest };
    stream::unfold(follower, async |mut follower| {
        let event = match follower.next().await {
            Ok(event) => event?,
            Err(error) => {
                // The reader comes back with the Last-Event-ID of what it has.
                tracing::error!(error = &error as &dyn std::error::Error, "an event stream ended");
                return None;
            }
        };
        let text = serde_json::to_string(&event).ok()?;
        let sent = Event::default().id(event.id.to_string()).event(event.kind.as_str()).data(text);
        Some((Ok(sent), follower))
    })
}

impl Follower {
    /// The next event; `None` when the server stops or the token has expired. The reader comes back with a new one.
    async fn next(&mut self) -> Result<Option<EventView>, ServerError> {
        loop {
            let Some(left) = self.time_left() else { return Ok(None) };
            if let Some(event) = self.waiting.pop_front() {
                self.after = event.id;
                return Ok(Some(event));
            }
            // Marks the newest event as seen before reading, so that one added meanwhile wakes the wait below.
            self.latest.borrow_and_update();
            self.waiting = self.app.store.events_after(self.after, &self.filter, BATCH).await?.into();
            if self.waiting.is_empty() {
                tokio::select! {
                    () = self.app.stopping.cancelled() => return Ok(None),
                    () = tokio::time::sleep(left) => {}
                    changed = self.latest.changed() => if changed.is_err() { return Ok(None) },
                }
            }
        }
    }

    /// How long the token is still good for, by the server's clock.
    fn time_left(&self) -> Option<Duration> {
        let left = self.until - self.app.clock.now().as_second();
        u64::try_from(left)
            .ok()
            .filter(|left| *left > 0)
            .map(|left| Duration::from_secs(left).min(LONGEST_WAIT))
    }
}
