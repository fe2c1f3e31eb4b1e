use clearshot_protocol::Sha256Digest;
use clearshot_protocol::api::{EventKind, EvidenceStatus};
use reqwest::StatusCode;

use crate::harness::{Events, Sealed, TestServer, files, location, problem};

#[tokio::test]
async fn bytes_with_another_digest_are_refused_and_nothing_of_them_stays() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let mut sealed = Sealed::opaque(&to, 1000);
    sealed.metadata.sha256 = Sha256Digest::of(b"something else");
    let response = server.upload(&sealed).await;
    assert_eq!(response.status().as_u16(), 460);
    let place = location(&response);
    assert_eq!(problem(response).await.code(), "digest-mismatch");

    let evidence = server.evidence(sealed.metadata.capture).await;
    assert_eq!(evidence.status, EvidenceStatus::Rejected);
    assert_eq!(evidence.rejection.unwrap().code, "digest_mismatch");
    assert!(server.spool().is_empty());
    assert!(files(&server.data().join("evidence")).is_empty());
    assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
    assert_eq!(problem(server.upload(&sealed).await).await.code(), "digest-mismatch", "and again");

    let mut events = Events::open(&server, &server.agent(), 0).await;
    while events.next().await.kind != EventKind::EvidenceRejected {}
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
