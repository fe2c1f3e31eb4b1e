//! Uploads that were sent without saying what they are, and what they become.

use clearshot_protocol::Sha256Digest;
use clearshot_protocol::api::{EvidenceStatus, EvidenceView};
use clearshot_protocol::reconcile::AttachEvidenceRequest;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_server::Role;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use uuid::Uuid;

use crate::harness::{Sealed, TestServer, capture, files, header, location, offset, problem};
use crate::restart::evidence_file;

/// Sends the photo as any client would.
async fn send_plain(server: &TestServer, bytes: &[u8]) -> Uuid {
    let request = server.request(Method::POST, "/v1/uploads", &server.shopper()).body(bytes.to_vec());
    let response = request.send().await.unwrap();
    assert_eq!((response.status(), offset(&response)), (StatusCode::CREATED, Some(bytes.len() as u64)));
    id_of(&response)
}

fn id_of(response: &Response) -> Uuid {
    location(response).rsplit_once('/').unwrap().1.parse().unwrap()
}

fn attach(server: &TestServer, sealed: &Sealed, upload: Uuid) -> RequestBuilder {
    attach_by(server, &server.shopper(), sealed, upload, None)
}

/// As [`attach`], by the holder of this token, who declares this digest.
fn attach_by(
    server: &TestServer,
    token: &str,
    sealed: &Sealed,
    upload: Uuid,
    sha256: Option<Sha256Digest>,
) -> RequestBuilder {
    let UploadMetadata { capture, return_id, item, .. } = sealed.metadata;
    let request = AttachEvidenceRequest { upload, capture, item, sha256 };
    server.request(Method::POST, &format!("/v1/returns/{return_id}/evidence"), token).json(&request)
}

async fn refused(request: RequestBuilder) -> String {
    problem(request.send().await.unwrap()).await.code().to_owned()
}

#[tokio::test]
async fn a_whole_upload_becomes_evidence_when_it_is_said_what_it_is() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let upload = send_plain(&server, &sealed.bytes).await;
    assert_eq!((server.spool().len(), files(&server.data().join("evidence")).len()), (1, 0));
    let response = attach(&server, &sealed, upload).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let place = header(&response, "location").unwrap();
    assert_eq!(place, format!("/v1/evidence/{}", sealed.metadata.capture));
    let evidence: EvidenceView = response.json().await.unwrap();
    assert_eq!((evidence.sha256, evidence.return_id), (sealed.metadata.sha256, to.id));
    assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn an_unfinished_upload_is_attached_by_its_declared_digest_and_becomes_evidence_with_its_last_byte() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let creation = server
        .tus(Method::POST, "/v1/uploads", &server.shopper())
        .header("Upload-Length", sealed.bytes.len());
    let created = creation.send().await.unwrap();
    let (place, upload) = (location(&created), id_of(&created));
    server.patch(&place, 0, sealed.bytes[..500].to_vec()).send().await.unwrap();
    // Neither declared nor computed yet.
    assert_eq!(refused(attach(&server, &sealed, upload)).await, "invalid-field");
    let declared = attach_by(&server, &server.shopper(), &sealed, upload, Some(sealed.metadata.sha256));
    let evidence: EvidenceView = declared.send().await.unwrap().json().await.unwrap();
    assert_eq!(evidence.status, EvidenceStatus::Uploading);
    let response = server.patch(&place, 500, sealed.bytes[500..].to_vec()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_another_capture_or_upload_is_refused() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let (sealed, other) = (capture(&server, &to), capture(&server, &to));
    let upload = send_plain(&server, &sealed.bytes).await;
    for _ in 0..2 {
        let request = attach(&server, &sealed, upload).header("Idempotency-Key", "attach-1");
        assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
    }
    assert_eq!(refused(attach(&server, &other, upload)).await, "idempotency-conflict");
    let second = send_plain(&server, &other.bytes).await;
    assert_eq!(refused(attach(&server, &sealed, second)).await, "idempotency-conflict");
    let reused = attach(&server, &other, second).header("Idempotency-Key", "attach-1");
    assert_eq!(refused(reused).await, "idempotency-conflict");
    // The file of the first is still its own.
    let id = sealed.metadata.capture;
    let kept = evidence_file(server.data(), id);
    assert_eq!(std::fs::read(kept).unwrap(), sealed.bytes);
}

#[tokio::test]
async fn a_digest_that_is_not_the_uploads_is_refused_and_nothing_happens() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let upload = send_plain(&server, &sealed.bytes).await;
    let another = Some(Sha256Digest::of(b"another mug"));
    let wrong = attach_by(&server, &server.shopper(), &sealed, upload, another);
    assert_eq!(refused(wrong).await, "idempotency-conflict");
    assert_eq!(server.spool().len(), 1);
    assert_eq!(attach(&server, &sealed, upload).send().await.unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn nobody_attaches_what_is_not_theirs_or_to_what_is_not_theirs() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let upload = send_plain(&server, &sealed.bytes).await;
    let by = |token: String| attach_by(&server, &token, &sealed, upload, None);
    let eve = server.mint(Role::Shopper, "eve", None);
    assert_eq!(refused(by(eve)).await, "unknown-return");
    assert_eq!(refused(by(server.agent())).await, "forbidden");
    // A service sees the return, but the upload is the shopper's.
    assert_eq!(refused(by(server.mint(Role::Service, "shop", None))).await, "unknown-upload");
    let mut elsewhere = sealed.clone();
    elsewhere.metadata.item = clearshot_protocol::ReturnItemId::of(to.id, "NO-SUCH");
    assert_eq!(refused(attach(&server, &elsewhere, upload)).await, "unknown-item");
}
