//! Time passes: what nobody goes on with is removed, remembered, and forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clearshot_protocol::api::EvidenceStatus;
use reqwest::{Method, Response, StatusCode};

use crate::harness::{PATIENCE, Sealed, TestServer, files, location, offset};

const DAY: Duration = Duration::from_hours(24);

async fn server() -> TestServer {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    TestServer::start_with(folder, |config| config.sweep_interval = Duration::from_millis(20)).await
}

async fn head(server: &TestServer, place: &str) -> Response {
    server.tus(Method::HEAD, place, &server.fresh_token()).send().await.unwrap()
}

async fn until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_abandoned_upload_is_removed_after_a_week_and_its_capture_can_be_sent_again() {
    let server = server().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let place = server.create(&sealed).await;
    server.patch(&place, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    server.pass(8 * DAY);
    until(|| server.spool().is_empty()).await;
    let gone = head(&server, &place).await;
    assert_eq!((gone.status(), offset(&gone)), (StatusCode::GONE, None));

    let token = server.fresh_token();
    let again = server.creation(&sealed, &token).send().await.unwrap();
    assert_eq!((again.status(), offset(&again)), (StatusCode::CREATED, Some(0)));
    let response = server
        .tus(Method::PATCH, &location(&again), &token)
        .header("Upload-Offset", 0)
        .header("Content-Type", "application/offset+octet-stream")
        .body(sealed.bytes.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(offset(&response), Some(1000));
    assert_eq!(files(&server.data().join("evidence")).len(), 1, "one evidence");
}

#[tokio::test]
async fn an_upload_that_moves_does_not_expire() {
    let server = server().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let place = server.create(&sealed).await;
    for at in (0..800).step_by(200) {
        server.pass(6 * DAY);
        let response = server
            .tus(Method::PATCH, &place, &server.fresh_token())
            .header("Upload-Offset", at)
            .header("Content-Type", "application/offset+octet-stream")
            .body(sealed.bytes[at..at + 200].to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_whole_upload_that_nobody_attaches_expires_and_evidence_never_does() {
    let server = server().await;
    let to = server.open_return().await;
    let sealed = crate::harness::capture(&server, &to);
    let evidence = location(&server.upload(&sealed).await);
    assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
    let plain = server.request(Method::POST, "/v1/uploads", &server.shopper()).body("abc");
    let plain = location(&plain.send().await.unwrap());
    assert_eq!(server.spool().len(), 1);
    server.pass(8 * DAY);
    until(|| server.spool().is_empty()).await;
    assert_eq!(head(&server, &plain).await.status(), StatusCode::GONE);
    let kept = head(&server, &evidence).await;
    assert_eq!((kept.status(), offset(&kept)), (StatusCode::OK, Some(sealed.bytes.len() as u64)));
    assert!(!kept.headers().contains_key("upload-expires"));
}

#[tokio::test]
async fn what_is_gone_is_remembered_for_a_month_and_then_unknown() {
    let server = server().await;
    let place = server.create(&Sealed::opaque(&server.open_return().await, 1000)).await;
    server.pass(8 * DAY);
    until(|| server.spool().is_empty()).await;
    server.pass(29 * DAY);
    assert_eq!(head(&server, &place).await.status(), StatusCode::GONE);
    server.pass(2 * DAY);
    let begun = Instant::now();
    while head(&server, &place).await.status() != StatusCode::NOT_FOUND {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_rejected_photo_is_removed_after_a_week_and_what_was_said_of_it_stays() {
    let server = server().await;
    let to = server.open_return().await;
    let good = crate::harness::capture(&server, &to);
    server.upload_and_check(&good).await;
    let rejected = server.upload_and_check(&Sealed::opaque(&to, 5000)).await;
    assert_eq!(rejected.status, EvidenceStatus::Rejected);
    let evidence = server.data().join("evidence");
    server.pass(6 * DAY);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(files(&evidence).len(), 2, "somebody may look into it");
    server.pass(2 * DAY);
    until(|| files(&evidence).len() == 1).await;
    let kept = files(&evidence).remove(0);
    assert!(kept.to_string_lossy().contains(&good.metadata.capture.to_string()));
}
