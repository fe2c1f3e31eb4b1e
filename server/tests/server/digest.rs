//! Bytes that are not those that were declared: never evidence, and what may come after them.

use clearshot_protocol::Sha256Digest;
use clearshot_protocol::api::EventKind::{
    EvidenceAccepted, EvidenceReceived, EvidenceRejected, EvidenceUploadFailed, EvidenceUploading,
};
use clearshot_protocol::api::EvidenceStatus;
use clearshot_protocol::reconcile::{AttachEvidenceRequest, HeldCapture, ReconcileAnswer, ReconcileRequest};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::harness::{Events, Sealed, TestServer, capture, files, header, location, offset, problem};

/// Sends it, and says the problem's code.
async fn refused(server: &TestServer, sealed: &Sealed) -> String {
    problem(server.upload(sealed).await).await.code().to_owned()
}

#[tokio::test]
async fn bytes_with_another_digest_are_refused_and_the_second_try_is_accepted() {
    let server = TestServer::start().await;
    let sealed = capture(&server, &server.open_return().await);
    let id = sealed.metadata.capture;
    let response = server.upload(&sealed.damaged()).await;
    assert_eq!(response.status().as_u16(), 460);
    let place = location(&response);
    assert_eq!(problem(response).await.code(), "digest-mismatch");

    let evidence = server.evidence(id).await;
    assert_eq!((evidence.status, evidence.rejection), (EvidenceStatus::Announced, None));
    assert!(server.spool().is_empty());
    assert!(files(&server.data().join("evidence")).is_empty());
    assert_eq!(server.head(&place).await.status(), StatusCode::GONE);

    let again = server.upload(&sealed).await;
    assert_eq!((again.status(), offset(&again)), (StatusCode::CREATED, Some(sealed.bytes.len() as u64)));
    assert_ne!(location(&again), place);
    assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
    assert_eq!(server.checked(id).await.status, EvidenceStatus::Accepted);
    assert_eq!(
        server.told_until(id, EvidenceAccepted).await,
        [EvidenceUploading, EvidenceUploadFailed, EvidenceUploading, EvidenceReceived, EvidenceAccepted]
    );
    let mut events = Events::open(&server, &server.agent(), 0).await;
    let mut event = events.next().await;
    while event.kind != EvidenceUploadFailed {
        event = events.next().await;
    }
    assert_eq!(event.data, json!({ "code": "digest_mismatch" }));
}

#[tokio::test]
async fn a_capture_that_is_damaged_three_times_is_rejected_for_good() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let (sealed, neighbour) = (capture(&server, &to), capture(&server, &to));
    let id = sealed.metadata.capture;
    for status in [EvidenceStatus::Announced, EvidenceStatus::Announced, EvidenceStatus::Rejected] {
        assert_eq!(refused(&server, &sealed.damaged()).await, "digest-mismatch");
        assert_eq!(server.evidence(id).await.status, status);
    }
    assert_eq!(server.evidence(id).await.rejection.unwrap().code, "digest_mismatch");
    let told = server.told_until(id, EvidenceRejected).await;
    let failed = [EvidenceUploading, EvidenceUploadFailed];
    assert_eq!(told, [failed, failed, [EvidenceUploading, EvidenceRejected]].concat());

    assert_eq!(refused(&server, &sealed).await, "digest-mismatch", "whole, and too late");
    let empty = server.creation(&sealed, &server.shopper()).send().await.unwrap();
    assert_eq!(problem(empty).await.code(), "digest-mismatch");
    assert!(server.spool().is_empty());
    assert_eq!(server.upload_and_check(&neighbour).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn after_a_failed_upload_the_same_id_with_another_digest_or_length_is_refused() {
    let server = TestServer::start().await;
    let sealed = Sealed::opaque(&server.open_return().await, 1000);
    server.upload(&sealed.damaged()).await;
    let other = Sealed::of(sealed.metadata, sealed.damaged().bytes);
    assert_eq!(refused(&server, &other).await, "idempotency-conflict");
    let mut longer = sealed.clone();
    longer.bytes.push(0);
    assert_eq!(refused(&server, &longer).await, "idempotency-conflict");
    assert_eq!(server.upload(&sealed).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn two_that_create_it_again_at_once_get_one_upload() {
    let server = TestServer::start().await;
    let sealed = Sealed::opaque(&server.open_return().await, 1000);
    server.upload(&sealed.damaged()).await;
    let again = || server.creation(&sealed, &server.shopper()).send();
    let (one, two) = tokio::join!(again(), again());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.status(), two.status()), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(location(&one), location(&two));
    assert_eq!(server.spool().len(), 1);
}

#[tokio::test]
async fn a_phone_that_asks_hears_that_nothing_of_a_failed_upload_is_there() {
    let server = TestServer::start().await;
    let sealed = Sealed::opaque(&server.open_return().await, 1000);
    server.upload(&sealed.damaged()).await;
    let held = HeldCapture { id: sealed.metadata.capture, sha256: sealed.metadata.sha256 };
    let question = server.request(Method::POST, "/v1/reconcile", &server.shopper());
    let question = question.json(&ReconcileRequest { captures: vec![held] });
    let answer: ReconcileAnswer = question.send().await.unwrap().json().await.unwrap();
    assert_eq!(serde_json::to_value(answer.captures[0].state).unwrap(), "absent");
}

/// The creation in the draft's protocol, with these bytes as all of it.
fn draft(server: &TestServer, sealed: &Sealed) -> RequestBuilder {
    server
        .request(Method::POST, "/v1/uploads", &server.shopper())
        .header("Upload-Draft-Interop-Version", 8)
        .header("Upload-Complete", "?1")
        .header("Upload-Metadata", sealed.metadata.to_header())
        .header("Idempotency-Key", sealed.metadata.capture.to_string())
        .body(sealed.bytes.clone())
}

#[tokio::test]
async fn in_the_drafts_protocol_the_second_try_is_accepted_as_well() {
    let server = TestServer::start().await;
    let sealed = capture(&server, &server.open_return().await);
    let response = draft(&server, &sealed.damaged()).send().await.unwrap();
    // All bytes came: this upload cannot be resumed.
    assert_eq!(
        (response.status().as_u16(), header(&response, "upload-complete").as_deref()),
        (460, Some("?1"))
    );
    let place = location(&response);
    assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
    let again = draft(&server, &sealed).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn an_upload_that_was_attached_later_may_be_followed_by_another_one_when_its_bytes_are_damaged() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let attached = async |bytes: Vec<u8>| {
        let creation = server.tus(Method::POST, "/v1/uploads", &server.shopper());
        let place = location(&creation.header("Upload-Length", bytes.len()).send().await.unwrap());
        server.patch(&place, 0, bytes[..500].to_vec()).send().await.unwrap();
        let request = AttachEvidenceRequest {
            upload: place.rsplit_once('/').unwrap().1.parse().unwrap(),
            capture: sealed.metadata.capture,
            item: sealed.metadata.item,
            sha256: Some(sealed.metadata.sha256),
        };
        let path = format!("/v1/returns/{}/evidence", to.id);
        let response =
            server.request(Method::POST, &path, &server.shopper()).json(&request).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        server.patch(&place, 500, bytes[500..].to_vec()).send().await.unwrap()
    };
    assert_eq!(attached(sealed.damaged().bytes).await.status().as_u16(), 460);
    assert_eq!(server.evidence(sealed.metadata.capture).await.status, EvidenceStatus::Announced);
    assert_eq!(attached(sealed.bytes.clone()).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn an_upload_of_nothing_known_answers_its_key_with_the_same_refusal() {
    let server = TestServer::start().await;
    let with = |bytes: &'static str| {
        server
            .request(Method::POST, "/v1/uploads", &server.shopper())
            .header("Idempotency-Key", "plain-1")
            .header("Repr-Digest", Sha256Digest::of(b"abc").to_repr_digest())
            .body(bytes)
    };
    for bytes in ["abd", "abc"] {
        assert_eq!(problem(with(bytes).send().await.unwrap()).await.code(), "digest-mismatch");
    }
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn a_whole_upload_says_its_digest_to_those_who_want_it() {
    let server = TestServer::start().await;
    let sealed = Sealed::opaque(&server.open_return().await, 1000);
    let place = server.create(&sealed).await;
    let wanted = |field: &'static str| {
        server.tus(Method::HEAD, &place, &server.shopper()).header("Want-Repr-Digest", field).send()
    };
    server.patch(&place, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    assert_eq!(header(&wanted("sha-256=10").await.unwrap(), "repr-digest"), None, "not all bytes are there");
    server.patch(&place, 400, sealed.bytes[400..].to_vec()).send().await.unwrap();
    let digest = Some(Sha256Digest::of(&sealed.bytes).to_repr_digest());
    assert_eq!(header(&wanted("sha-256=10").await.unwrap(), "repr-digest"), digest);
    assert_eq!(header(&wanted("sha-256=0").await.unwrap(), "repr-digest"), None);
    assert_eq!(header(&server.head(&place).await, "repr-digest"), None);
}

#[tokio::test]
async fn a_digest_is_that_of_all_pieces_whoever_hashed_them() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 10_000);
    let place = server.create(&sealed).await;
    for at in (0..10_000).step_by(2_500) {
        let piece = sealed.bytes[at..at + 2_500].to_vec();
        assert_eq!(server.patch(&place, at, piece).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }
    assert!(server.has_whole(sealed.metadata.capture).await);
}
