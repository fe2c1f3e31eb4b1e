//! Refused requests: what a client still sends is read on for a moment, so that it gets to read the refusal.
//!
//! A server that answers early and closes while the client writes makes the client's system throw the answer away: a
//! phone with an expired token would see a broken network and try for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::app::App;

/// How long the rest of a body is read.
const LINGER_TIME: Duration = Duration::from_secs(2);
/// How much of it: the largest body of a creation.
const LINGER_BYTES: u64 = 8 * 1024 * 1024;

/// Lets the bodies of all requests linger.
pub(crate) async fn linger(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(head, body)).await;
    }
    let waits = head.headers.contains_key(EXPECT);
    let body = LingeringBody { rest: Some(body), waits, tasks: app.tasks.clone() };
    next.run(Request::from_parts(head, Body::new(body))).await
}

/// A body that is read to its end, or for a moment, when whoever had it does not want it any more.
struct LingeringBody {
    rest: Option<Body>,
    /// The client sends nothing before it is asked to, which happens with the first poll.
    waits: bool,
    tasks: TaskTracker,
}

impl HttpBody for LingeringBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.waits = false;
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let frame = Pin::new(rest).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.rest = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for LingeringBody {
    fn drop(&mut self) {
        // Without a runtime the process is about to end.
        let (Some(rest), false, Ok(runtime)) = (self.rest.take(), self.waits, Handle::try_current()) else {
            return;
        };
        if !rest.is_end_stream() {
            self.tasks.spawn_on(tokio::time::timeout(LINGER_TIME, discard(rest)), &runtime);
        }
    }
}

async fn discard(mut rest: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len) as u64;
        if read > LINGER_BYTES {
            break;
        }
    }
}
