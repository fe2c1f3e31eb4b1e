//! Cut, stalled, silent and cancelled connections.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clearshot_capture::Outcome;
use clearshot_upload::{PlainHttp, ServerAddress, StepPerformer, Transport};
use support::*;

fn fault(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::NetworkFault { detail } => detail,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_a_fault_and_the_rest_can_be_sent_alone() {
    let photo = bytes(4 * 1024 * 1024);
    let length = photo.len() as u64;
    let server = Server::scripted(vec![
        cut(1_500_000),
        reply(&tus("200 OK", "Upload-Offset: 1500000\r\n")),
        reply(&tus("204 No Content", &format!("Upload-Offset: {length}\r\n"))),
    ])
    .await;
    let performer = server.performer();
    assert!(fault(&perform(&performer, &append(length, 0, length), &photo).await).contains("lost"));
    let Outcome::Offset { offset } = perform(&performer, &ask_offset(length), &photo).await else { panic!() };
    let rest = append(length, offset, length - offset);
    assert_eq!(perform(&performer, &rest, &photo).await, Outcome::Offset { offset: length });
    let seen = server.seen();
    assert_eq!(seen[0].body, photo[..1_500_000]);
    assert_eq!(seen[2].body, photo[1_500_000..]);
}

#[tokio::test]
async fn a_server_that_stops_reading_is_given_up_after_the_stall_timeout() {
    let photo = bytes(32 * 1024 * 1024); // more than the system's buffers take
    let server = Server::with(Arc::new(|_| Reply::Stall)).await;
    let begun = Instant::now();
    let outcome = perform(&server.performer_with(&short_timeouts()), &create(&photo), &photo).await;
    assert_eq!(fault(&outcome), "the upload made no progress for too long");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_after_the_answer_timeout() {
    let photo = bytes(10_000);
    let server = Server::with(Arc::new(|_| Reply::Silence)).await;
    let outcome = perform(&server.performer_with(&short_timeouts()), &create(&photo), &photo).await;
    assert_eq!(fault(&outcome), "the server did not answer in time");
}

#[tokio::test]
async fn an_early_refusal_is_understood_although_the_server_takes_no_more_bytes() {
    let photo = bytes(16 * 1024 * 1024);
    let refusal = problem("401 Unauthorized", "token-expired", "");
    let server = Server::with(Arc::new(move |_| Reply::Early(refusal.clone()))).await;
    let outcome = perform(&server.performer(), &create(&photo), &photo).await;
    assert!(matches!(outcome, Outcome::Refused { status: 401, .. }), "{outcome:?}");
}

#[tokio::test]
async fn dropping_the_request_in_the_middle_of_its_body_closes_the_connection() {
    let photo = bytes(32 * 1024 * 1024);
    let length = photo.len() as u64;
    let closed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&closed);
    let server = Server::with(Arc::new(move |_| {
        let flag = Arc::clone(&flag);
        // Wants more than the body has, and so ends only when the connection does.
        Reply::Cut(length + 1, Box::new(move |_| flag.store(true, Ordering::SeqCst)))
    }))
    .await;
    let performer = server.performer();
    let begun = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&begun);
    let step = create(&photo);
    let secret = token("t1");
    tokio::select! {
        outcome = performer.perform(&step, Some(sealed(&photo)), &secret, Arc::new(move |_| notify.notify_one())) => {
            panic!("{outcome:?}")
        }
        () = begun.notified() => {}
    }
    tokio::time::timeout(Duration::from_secs(5), async {
        while !closed.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the server never saw the connection close");
    assert!(server.seen()[0].received < length);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_fault_that_names_neither_address_nor_id() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = ServerAddress::parse(&format!("http://{unused}"), PlainHttp::LoopbackOnly).unwrap();
    let performer = StepPerformer::new(server, &Transport::default(), Arc::new(now)).unwrap();
    let outcome = perform(&performer, &append(10, 0, 10), &bytes(10)).await;
    let detail = fault(&outcome);
    assert!(detail.starts_with("the server could not be reached"), "{detail}");
    assert!(!detail.contains("/v1/uploads"), "{detail}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_fault() {
    let server = Server::answering("SSH-2.0-OpenSSH_9.2\r\n").await;
    fault(&perform(&server.performer(), &append(10, 0, 10), &bytes(10)).await);
}
