//! Transfers that a platform performs, here by hand against a server that remembers.

#![allow(clippy::unwrap_used)] // clippy does not see that the helpers are test code

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clearshot_capture::{CaptureState, Conditions, WaitReason};
use clearshot_protocol::{Sha256Digest, Timestamp};
use clearshot_upload::{
    AccessToken, NetworkFailure, NextTransfer, TokenError, TokenSource, Transfer, TransferBody,
    TransferPlanner, TransferResult,
};
use support::queue::Phone;
use support::tus::Tus;
use support::{Server, token};
use tokio::task::spawn_blocking;

/// The first token, then the fresh one.
struct Tokens {
    refreshed: AtomicU64,
    fresh: Result<AccessToken, TokenError>,
}

impl TokenSource for Tokens {
    fn token(&self, refresh: bool) -> Result<AccessToken, TokenError> {
        if refresh {
            self.refreshed.fetch_add(1, Ordering::SeqCst);
        }
        if self.refreshed.load(Ordering::SeqCst) == 0 { Ok(token("t1")) } else { self.fresh.clone() }
    }
}

fn tokens(fresh: Result<&str, TokenError>) -> Arc<Tokens> {
    Arc::new(Tokens { refreshed: AtomicU64::new(0), fresh: fresh.map(token) })
}

fn planner(phone: &Phone, server: &Server, tokens: Arc<Tokens>) -> TransferPlanner {
    TransferPlanner::new(Arc::clone(&phone.store), server.address(), tokens)
}

/// What to perform next.
fn next(planner: &TransferPlanner) -> Transfer {
    match planner.next(Conditions::UNMETERED, Timestamp::now()).unwrap() {
        NextTransfer::Perform(transfer) => *transfer,
        other => panic!("{other:?}"),
    }
}

/// Performs a transfer as the simplest client of all would.
async fn perform(transfer: Transfer) -> TransferResult {
    spawn_blocking(move || {
        let body = match &transfer.body {
            TransferBody::Empty => Vec::new(),
            TransferBody::Bytes(bytes) => bytes.clone(),
            TransferBody::File { path, start, length } => {
                let file = std::fs::read(path).unwrap();
                file[*start as usize..(*start + *length) as usize].to_vec()
            }
        };
        let (host, path) = transfer.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let headers = transfer.headers.iter();
        let headers = headers.map(|(name, value)| format!("{}: {value}\r\n", name.to_ascii_lowercase()));
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{} /{path} HTTP/1.1\r\n{}content-length: {}\r\n\r\n",
            transfer.method,
            headers.collect::<String>(),
            body.len()
        )
        .unwrap();
        stream.write_all(&body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        TransferResult::Answer { status, headers, body: body.as_bytes().to_vec() }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn photos_arrive_whole_by_requests_that_somebody_else_makes() {
    let phone = Phone::with_photos(2);
    let tus = Tus::default();
    let server = tus.serve().await;
    let planner = planner(&phone, &server, tokens(Ok("t2")));
    loop {
        match planner.next(Conditions::UNMETERED, Timestamp::now()).unwrap() {
            NextTransfer::Perform(transfer) => {
                let (ticket, result) = (transfer.ticket.clone(), perform(*transfer).await);
                planner.report(&ticket, &result, Timestamp::now()).unwrap();
            }
            NextTransfer::Wait { until, .. } => {
                // The server's check: its time is passed in, not waited for.
                let later = until.unwrap();
                if let NextTransfer::Perform(transfer) = planner.next(Conditions::UNMETERED, later).unwrap() {
                    let (ticket, result) = (transfer.ticket.clone(), perform(*transfer).await);
                    planner.report(&ticket, &result, later).unwrap();
                }
            }
            NextTransfer::Done => break,
        }
    }
    for entry in phone.store.queue().unwrap() {
        assert_eq!(entry.state, CaptureState::Accepted);
        assert_eq!(Sha256Digest::of(&tus.state().uploads[&entry.capture.to_string()]), entry.sha256);
    }
}

#[tokio::test]
async fn a_ticket_is_understood_by_a_later_process_and_holds_no_token() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let transfer = next(&planner(&phone, &server, tokens(Ok("t2"))));
    assert!(transfer.headers.contains(&("authorization".to_owned(), "Bearer t1".to_owned())));
    let ticket = transfer.ticket.clone();
    assert!(!ticket.contains("t1") && !ticket.contains("Bearer"), "{ticket}");
    let result = perform(transfer).await;

    let later = planner(&phone, &server, tokens(Ok("t2")));
    let reported = later.report(&ticket, &result, Timestamp::now()).unwrap();
    assert_eq!((reported.capture, reported.state), (Some(phone.captures[0]), Some(CaptureState::Uploaded)));
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_same_request_handed_out_again() {
    let phone = Phone::with_photos(1);
    let tus = Tus::default();
    tus.state().good_tokens = vec!["t2".to_owned()];
    let server = tus.serve().await;
    let tokens = tokens(Ok("t2"));
    let planner = planner(&phone, &server, Arc::clone(&tokens));
    let first = next(&planner);
    let (ticket, result) = (first.ticket.clone(), perform(first.clone()).await);
    let again = *planner.report(&ticket, &result, Timestamp::now()).unwrap().again.unwrap();
    assert_eq!((&again.url, &again.method, &again.body), (&first.url, &first.method, &first.body));
    assert!(again.headers.contains(&("authorization".to_owned(), "Bearer t2".to_owned())));
    let (ticket, result) = (again.ticket.clone(), perform(again).await);
    let reported = planner.report(&ticket, &result, Timestamp::now()).unwrap();
    assert_eq!((reported.state, reported.again), (Some(CaptureState::Uploaded), None));
    assert_eq!(tokens.refreshed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_too_pauses_the_queue() {
    let phone = Phone::with_photos(1);
    let tus = Tus::default();
    tus.state().good_tokens = vec!["t3".to_owned()];
    let server = tus.serve().await;
    let planner = planner(&phone, &server, tokens(Ok("t2")));
    let first = next(&planner);
    let (ticket, result) = (first.ticket.clone(), perform(first).await);
    let again = *planner.report(&ticket, &result, Timestamp::now()).unwrap().again.unwrap();
    let (ticket, result) = (again.ticket.clone(), perform(again).await);
    assert!(planner.report(&ticket, &result, Timestamp::now()).unwrap().again.is_none());
    let waits = NextTransfer::Wait { until: None, reason: WaitReason::Unauthorised };
    assert_eq!(planner.next(Conditions::UNMETERED, Timestamp::now()).unwrap(), waits);
    assert_eq!(phone.store.entry(phone.captures[0]).unwrap().attempts, 0);
}

#[tokio::test]
async fn nobody_signed_in_pauses_the_queue_without_a_request() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let tokens = tokens(Err(TokenError::SignedOut));
    tokens.refreshed.store(1, Ordering::SeqCst);
    let waits = NextTransfer::Wait { until: None, reason: WaitReason::Unauthorised };
    let planner = planner(&phone, &server, tokens);
    assert_eq!(planner.next(Conditions::UNMETERED, Timestamp::now()).unwrap(), waits);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn no_answer_is_a_fault_cancelling_is_none_and_a_sign_in_page_is_nobodys_word() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let planner = planner(&phone, &server, tokens(Ok("t2")));
    let attempts = || phone.store.entry(phone.captures[0]).unwrap().attempts;

    planner.report(&next(&planner).ticket, &TransferResult::Cancelled, Timestamp::now()).unwrap();
    assert_eq!(attempts(), 0);
    let lost = TransferResult::NoAnswer(NetworkFailure::ConnectionLost);
    planner.report(&next(&planner).ticket, &lost, Timestamp::now()).unwrap();
    assert_eq!(attempts(), 1);
    let entry = phone.store.entry(phone.captures[0]).unwrap();
    assert_eq!(entry.error.as_deref(), Some("network"));

    let later = entry.next_at.unwrap();
    let asked = match planner.next(Conditions::UNMETERED, later).unwrap() {
        NextTransfer::Perform(transfer) => transfer,
        other => panic!("{other:?}"),
    };
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    let portal = TransferResult::Answer { status: 200, headers, body: b"<html>sign in</html>".to_vec() };
    let reported = planner.report(&asked.ticket, &portal, later).unwrap();
    assert_eq!((reported.state, attempts()), (Some(CaptureState::Queued), 2));
}

#[tokio::test]
async fn the_body_of_a_transfer_can_be_a_file_of_its_own() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let planner = planner(&phone, &server, tokens(Ok("t2")));
    let transfer = next(&planner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    planner.write_body(&transfer.ticket, &path).unwrap();
    let sha256 = Sha256Digest::of(&std::fs::read(&path).unwrap());
    assert_eq!(sha256, phone.store.entry(phone.captures[0]).unwrap().sha256);
}

#[tokio::test]
async fn the_body_of_a_transfer_is_never_written_over_what_it_is_read_from() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let planner = planner(&phone, &server, tokens(Ok("t2")));
    let transfer = next(&planner);
    let TransferBody::File { path: sealed, .. } = &transfer.body else { panic!("{:?}", transfer.body) };
    let before = std::fs::read(sealed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(sealed, &link).unwrap();
    let database = sealed.parent().unwrap().parent().unwrap().join("queue.sqlite");
    for place in [sealed.clone(), sealed.with_extension("new"), link, database, folder.path().join("no/such")]
    {
        let refused = planner.write_body(&transfer.ticket, &place).unwrap_err();
        assert_eq!(refused.code(), "body_place", "{}", place.display());
    }
    assert_eq!(std::fs::read(sealed).unwrap(), before);
}

#[tokio::test]
async fn a_ticket_that_is_none_is_an_error() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let planner = planner(&phone, &server, tokens(Ok("t2")));
    for ticket in ["", "7", "{}x", r#"{"step":{"lease":1}}"#] {
        let refused = planner.report(ticket, &TransferResult::Cancelled, Timestamp::now()).unwrap_err();
        assert_eq!(refused.code(), "ticket", "{ticket}");
    }
}
