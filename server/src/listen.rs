//! Listening: connections are accepted up to a limit, served, and let go of at the end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::{App, router};
use crate::config::{HEADER_COUNT_LIMIT, HEADER_LIMIT, HEADER_TIMEOUT, READ_BUFFER};
use crate::connection::{Connection, Interim};
use crate::uploads::meant_method;

/// How long to wait after `accept` failed, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a connection too many is told, whatever it asks for.
const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\n\
    content-type: application/problem+json\r\ncontent-length: 160\r\nconnection: close\r\n\r\n\
    {\"type\":\"https://clearshot.dev/problems/busy\",\"title\":\"The server is busy\",\"status\":503,\
    \"detail\":\"the server has as many connections as it can; try again soon\"}";

/// How long such a connection is read on, so that its client gets to read the answer.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// How many of them at a time; beyond that they are only closed.
const REFUSALS: usize = 256;

/// Files that are not connections or the spool files that belong to them: database, keys, photos being opened.
const OTHER_FILES: u64 = 128;

/// Raises the process's limit on open files as far as it may, and says how many of `wanted` connections it allows: each
/// may have a spool file beside its socket.
pub(crate) fn allowed_connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit on open files could not be raised");
        }
    }
    // Absent: there is no limit.
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let allowed = usize::try_from(files.saturating_sub(OTHER_FILES) / 2).unwrap_or(usize::MAX).max(1);
    if allowed < wanted {
        tracing::warn!(allowed, wanted, "the limit on open files allows fewer connections");
    }
    wanted.min(allowed)
}

/// Accepts connections until the server stops, then ends those that are idle and waits for the others.
pub(crate) async fn accept(app: Arc<App>, listener: TcpListener, connections: usize) {
    let graceful = GracefulShutdown::new();
    let service = TowerToHyperService::new(router(app.clone()));
    let (places, refusals) = (Arc::new(Semaphore::new(connections)), Arc::new(Semaphore::new(REFUSALS)));
    loop {
        let stream = tokio::select! {
            biased;
            () = app.stopping.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        match places.clone().try_acquire_owned() {
            Ok(place) => serve(stream, place, service.clone(), &graceful),
            Err(_) => refuse(stream, &refusals),
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

fn serve(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    service: TowerToHyperService<Router>,
    graceful: &GracefulShutdown,
) {
    // An answer is one small write; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    let interim = Interim::default();
    let socket = Connection::new(TokioIo::new(stream), interim.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        // HTTP/1.0 has no interim answers.
        if request.version() == Version::HTTP_11 {
            request.extensions_mut().insert(interim.clone());
        }
        if let Some(method) = meant_method(request.uri().path(), request.headers()) {
            *request.method_mut() = method;
        }
        service.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(HEADER_COUNT_LIMIT)
        .max_header_size(HEADER_LIMIT)
        .max_buf_size(READ_BUFFER)
        .serve_connection(socket, service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        // A connection that breaks is the client's everyday life, and what it had sent is kept.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

fn refuse(mut stream: TcpStream, refusals: &Arc<Semaphore>) {
    let Ok(place) = refusals.clone().try_acquire_owned() else { return };
    tokio::spawn(async move {
        let _place = place;
        let told = async {
            stream.write_all(TOO_MANY_CONNECTIONS).await?;
            stream.shutdown().await?;
            // A socket that is closed with unread bytes takes its answer back.
            let mut unread = [0; 4096];
            while stream.read(&mut unread).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = tokio::time::timeout(REFUSAL_TIME, told).await;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_of_a_connection_is_whole() {
        let text = std::str::from_utf8(TOO_MANY_CONNECTIONS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let problem: clearshot_protocol::problem::Problem = serde_json::from_str(body).unwrap();
        assert_eq!((problem.code(), problem.status), ("busy", 503));
    }
}
