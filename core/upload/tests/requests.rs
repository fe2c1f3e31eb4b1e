//! What each step sends, and what a friendly server's answer becomes.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clearshot_capture::{Outcome, UploadRequest};
use clearshot_protocol::Sha256Digest;
use clearshot_protocol::api::EvidenceStatus;
use clearshot_protocol::upload::UploadMetadata;
use support::*;

#[tokio::test]
async fn a_creation_carries_ids_digest_token_and_the_sealed_bytes_without_the_vaults_header() {
    let photo = bytes(700_001);
    let server =
        Server::answering(&tus("201 Created", "Location: /v1/uploads/u1\r\nUpload-Offset: 700001\r\n")).await;
    let step = create(&photo);
    let outcome = perform(&server.performer(), &step, &photo).await;
    assert_eq!(outcome, Outcome::Created { location: "/v1/uploads/u1".to_owned(), offset: 700_001 });

    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/uploads"));
    assert_eq!(seen.body, photo);
    let UploadRequest::Create { metadata, .. } = step.request else { unreachable!() };
    assert_eq!(UploadMetadata::from_header(seen.header("upload-metadata")), Ok(metadata));
    for (name, value) in [
        ("tus-resumable", "1.0.0"),
        ("upload-length", "700001"),
        ("content-length", "700001"),
        ("content-type", "application/offset+octet-stream"),
        ("idempotency-key", "0198c5a0-7c3e-7d52-9f6b-000000000001"),
        ("authorization", "Bearer t1"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    assert_eq!(Sha256Digest::from_repr_digest(seen.header("repr-digest")), Some(Sha256Digest::of(&photo)));
    assert_eq!(seen.header("transfer-encoding"), "");
}

#[tokio::test]
async fn a_creation_without_a_body_sends_none_and_an_old_server_that_ignores_the_body_has_nothing() {
    let photo = bytes(1_000);
    let server = Server::scripted(vec![
        reply(&tus("201 Created", "Location: uploads/u1\r\nUpload-Offset: 0\r\n")),
        reply(&tus("201 Created", "Location: /v1/uploads/u1\r\n")),
    ])
    .await;
    for body in [0, 1_000] {
        let outcome = perform(&server.performer(), &create_with(&photo, body), &photo).await;
        assert_eq!(outcome, Outcome::Created { location: "/v1/uploads/u1".to_owned(), offset: 0 });
    }
    assert_eq!(server.seen()[0].header("content-type"), "");
    assert_eq!((server.seen()[0].received, server.seen()[1].received), (0, 1_000));
}

#[tokio::test]
async fn a_large_photo_goes_in_appends_each_with_its_own_range() {
    let photo = bytes(9 * 1024 * 1024);
    let chunk = 5 * 1024 * 1024;
    let server = Server::scripted(vec![
        reply(&tus("204 No Content", &format!("Upload-Offset: {chunk}\r\n"))),
        reply(&tus("204 No Content", &format!("Upload-Offset: {}\r\n", photo.len()))),
    ])
    .await;
    let performer = server.performer();
    let rest = photo.len() as u64 - chunk;
    for (offset, body) in [(0, chunk), (chunk, rest)] {
        let outcome = perform(&performer, &append(photo.len() as u64, offset, body), &photo).await;
        assert_eq!(outcome, Outcome::Offset { offset: offset + body });
    }
    let seen = server.seen();
    assert_eq!([seen[0].body.as_slice(), &seen[1].body].concat(), photo);
    assert_eq!((seen[1].method.as_str(), seen[1].path.as_str()), ("PATCH", "/v1/uploads/u1"));
    assert_eq!(seen[1].header("upload-offset"), chunk.to_string());
    assert_eq!(seen[1].header("content-type"), "application/offset+octet-stream");
}

#[tokio::test]
async fn asking_for_the_offset_is_a_head_without_a_file() {
    let server = Server::answering(&tus("200 OK", "Upload-Offset: 4711\r\nUpload-Length: 9000\r\n")).await;
    let outcome =
        server.performer().perform(&ask_offset(9_000), None, &token("t1"), Arc::new(|_| {})).await.unwrap();
    assert_eq!(outcome, Outcome::Offset { offset: 4_711 });
    assert_eq!(server.seen()[0].method, "HEAD");
}

#[tokio::test]
async fn confirming_reads_the_evidence_and_passes_over_fields_it_does_not_know() {
    let sha256 = Sha256Digest::of(b"sealed");
    let body = format!(
        r#"{{"id":"{}","status":"rejected","sha256":"{sha256}","later":{{"x":1}},"capture":{{"role":"hologram"}},
            "rejection":{{"code":"cannot_open","detail":"damaged"}}}}"#,
        capture()
    );
    let server = Server::answering(&http("200 OK", "Content-Type: application/json\r\n", &body)).await;
    let outcome = perform(&server.performer(), &step(10, UploadRequest::Confirm), &[0; 10]).await;
    let Outcome::Evidence { status, sha256: digest, rejection: Some(rejection) } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((status, digest, rejection.code.as_str()), (EvidenceStatus::Rejected, sha256, "cannot_open"));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.clone()), ("GET", format!("/v1/evidence/{}", capture())));
    assert_eq!(seen.header("authorization"), "Bearer t1");
}

#[tokio::test]
async fn evidence_of_another_capture_is_not_believed() {
    let body = format!(
        r#"{{"id":"0198c5a0-7c3e-7d52-9f6b-000000000002","status":"accepted","sha256":"{}"}}"#,
        Sha256Digest::of(b"sealed")
    );
    let server = Server::answering(&http("200 OK", "Content-Type: application/json\r\n", &body)).await;
    let outcome = perform(&server.performer(), &step(10, UploadRequest::Confirm), &[0; 10]).await;
    assert!(matches!(outcome, Outcome::NetworkFault { .. }), "{outcome:?}");
}

#[tokio::test]
async fn the_observer_hears_of_every_byte_once() {
    let photo = bytes(1_000_000);
    let server = Server::answering(&tus("204 No Content", "Upload-Offset: 900000\r\n")).await;
    let (sum, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (counter, times) = (Arc::clone(&sum), Arc::clone(&calls));
    let step = append(1_000_000, 100_000, 800_000);
    let observer = Arc::new(move |count| {
        counter.fetch_add(count, Ordering::Relaxed);
        times.fetch_add(1, Ordering::Relaxed);
    });
    server.performer().perform(&step, Some(sealed(&photo)), &token("t1"), observer).await.unwrap();
    assert_eq!(sum.load(Ordering::Relaxed), 800_000);
    assert!(calls.load(Ordering::Relaxed) >= 6, "in steps that a progress bar can show");
}

#[tokio::test]
async fn a_file_that_is_shorter_than_it_should_be_is_an_error_of_the_file() {
    let server = Server::with(Arc::new(|_| Reply::Silence)).await;
    let mut file = sealed(&bytes(300_000));
    file.length = 400_000;
    let step = append(400_000, 0, 400_000);
    let error =
        server.performer().perform(&step, Some(file), &token("t1"), Arc::new(|_| {})).await.unwrap_err();
    assert_eq!(error.code(), "sealed_file");
    let error = server.performer().perform(&step, None, &token("t1"), Arc::new(|_| {})).await.unwrap_err();
    assert_eq!(error.code(), "no_sealed_file");
}
