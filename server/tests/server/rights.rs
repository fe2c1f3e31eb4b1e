//! A right that ends while a photo is on its way: the token's, the return's, the owner's.

use std::path::Path;
use std::time::Duration;

use clearshot_protocol::ReturnId;
use clearshot_protocol::api::EventKind::{EvidenceRejected, EvidenceUploading};
use clearshot_protocol::api::{EvidenceStatus, ReturnView};
use clearshot_protocol::reconcile::AttachEvidenceRequest;
use clearshot_server::Role;
use reqwest::{Method, StatusCode};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::harness::{Sealed, TestServer, a_return, capture, files, location, offset, problem};
use crate::wire::Wire;

async fn database(data: &Path) -> SqliteConnection {
    let address = format!("sqlite://{}", data.join("clearshot.sqlite").display());
    SqliteConnection::connect(&address).await.unwrap()
}

/// What an agent, the shopper or time does to a return.
pub(crate) async fn set_status(data: &Path, id: ReturnId, status: &str) {
    let set = sqlx::query("UPDATE returns SET status = ? WHERE id = ?").bind(status).bind(&id.as_bytes()[..]);
    set.execute(&mut database(data).await).await.unwrap();
}

/// The return becomes another shopper's; that one's token.
async fn give_to_eve(server: &TestServer, id: ReturnId) -> String {
    let eve = server.mint(Role::Shopper, "eve", None);
    let hers = server.request(Method::POST, "/v1/returns", &eve).json(&a_return()).send().await.unwrap();
    let hers: ReturnView = hers.json().await.unwrap();
    let give = "UPDATE returns SET owner = (SELECT owner FROM returns WHERE id = ?) WHERE id = ?";
    let give = sqlx::query(give).bind(&hers.id.as_bytes()[..]).bind(&id.as_bytes()[..]);
    give.execute(&mut database(server.data()).await).await.unwrap();
    eve
}

#[tokio::test]
async fn a_token_that_expires_between_two_requests_is_refused_and_a_fresh_one_goes_on_from_the_kept_offset() {
    let server = TestServer::start().await;
    let sealed = Sealed::opaque(&server.open_return().await, 1000);
    let place = server.create(&sealed).await;
    server.patch(&place, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    server.pass(Duration::from_hours(2));
    let rest = sealed.bytes[400..].to_vec();
    let refused = server.patch(&place, 400, rest.clone()).send().await.unwrap();
    assert_eq!(problem(refused).await.code(), "token-expired");
    assert_eq!(server.head(&place).await.status(), StatusCode::UNAUTHORIZED);

    let fresh = server.fresh_token();
    let standing = server.tus(Method::HEAD, &place, &fresh).send().await.unwrap();
    assert_eq!(offset(&standing), Some(400));
    let patch = server
        .tus(Method::PATCH, &place, &fresh)
        .header("Upload-Offset", 400)
        .header("Content-Type", "application/offset+octet-stream")
        .body(rest);
    assert_eq!(offset(&patch.send().await.unwrap()), Some(1000));
}

#[tokio::test]
async fn a_token_that_expires_while_a_body_arrives_was_good_for_that_request() {
    let server = TestServer::start().await;
    let sealed = Sealed::opaque(&server.open_return().await, 1000);
    let place = server.create(&sealed).await;
    let mut wire = Wire::nearly_done(&server, &place, &sealed, 100).await;
    server.pass(Duration::from_hours(2));
    wire.send(&sealed.bytes[900..]).await;
    let told = wire.last().await;
    assert_eq!((told.status, told.header("upload-offset")), (204, Some("1000")));
    assert_eq!(server.head(&place).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_return_that_is_closed_while_bytes_arrive_takes_them_no_more() {
    let server = TestServer::start().await;
    for status in ["declined", "closed", "cancelled", "expired"] {
        let to = server.open_return().await;
        let sealed = Sealed::opaque(&to, 1000);
        let id = sealed.metadata.capture;
        let place = server.create(&sealed).await;
        let mut wire = Wire::nearly_done(&server, &place, &sealed, 100).await;
        set_status(server.data(), to.id, status).await;
        wire.send(&sealed.bytes[900..]).await;
        let told = wire.last().await;
        assert_eq!(told.status, 422, "{status}");
        assert!(String::from_utf8(told.body).unwrap().contains("return-closed"));

        let evidence = server.evidence(id).await;
        let code = evidence.rejection.unwrap().code;
        assert_eq!((evidence.status, code.as_str()), (EvidenceStatus::Rejected, "return_closed"));
        assert_eq!(server.told_until(id, EvidenceRejected).await, [EvidenceUploading, EvidenceRejected]);
        assert!(server.spool().is_empty() && files(&server.data().join("evidence")).is_empty());
        assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
        assert_eq!(problem(server.upload(&sealed).await).await.code(), "return-closed");
    }
    let neighbour = capture(&server, &server.open_return().await);
    assert_eq!(server.upload_and_check(&neighbour).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn what_is_still_on_its_way_to_an_approved_return_arrives() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    set_status(server.data(), to.id, "approved").await;
    assert_eq!(server.upload_and_check(&sealed).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn a_return_that_is_closed_between_two_requests_refuses_the_next_before_its_bytes() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let place = server.create(&sealed).await;
    server.patch(&place, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    set_status(server.data(), to.id, "cancelled").await;
    let refused = server.patch(&place, 400, sealed.bytes[400..500].to_vec()).send().await.unwrap();
    assert_eq!(problem(refused).await.code(), "return-closed");
    assert_eq!(server.evidence(sealed.metadata.capture).await.status, EvidenceStatus::Rejected);
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn a_closed_return_is_told_nothing_new_and_still_says_what_it_has() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let (there, late) = (capture(&server, &to), capture(&server, &to));
    server.upload_and_check(&there).await;
    set_status(server.data(), to.id, "closed").await;
    assert_eq!(problem(server.upload(&late).await).await.code(), "return-closed");
    let path = format!("/v1/evidence/{}", late.metadata.capture);
    assert_eq!(problem(server.get(&path, &server.shopper()).await).await.code(), "unknown-evidence");
    assert!(server.spool().is_empty());
    // The answer to the creation was lost: the phone hears that all of it arrived.
    let again = server.upload(&there).await;
    assert_eq!((again.status(), offset(&again)), (StatusCode::CREATED, Some(there.bytes.len() as u64)));
}

#[tokio::test]
async fn a_return_that_becomes_somebody_elses_while_bytes_arrive_gets_them_from_nobody_but_them() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let place = server.create(&sealed).await;
    let mut wire = Wire::nearly_done(&server, &place, &sealed, 100).await;
    let eve = give_to_eve(&server, to.id).await;
    wire.send(&sealed.bytes[sealed.bytes.len() - 100..]).await;
    let told = wire.last().await;
    assert_eq!(told.status, 404);
    assert!(String::from_utf8(told.body).unwrap().contains("unknown-return"));
    assert!(files(&server.data().join("evidence")).is_empty());
    assert!(!server.has_whole(sealed.metadata.capture).await);
    assert_eq!(server.head(&place).await.status(), StatusCode::NOT_FOUND, "it is not theirs any more");

    let standing = server.tus(Method::HEAD, &place, &eve).send().await.unwrap();
    let from = offset(&standing).unwrap();
    let patch = server
        .tus(Method::PATCH, &place, &eve)
        .header("Upload-Offset", from)
        .header("Content-Type", "application/offset+octet-stream")
        .body(sealed.bytes[from as usize..].to_vec());
    assert_eq!(patch.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn nothing_is_attached_to_a_closed_return_and_the_upload_stays_as_it_was() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let plain = server.request(Method::POST, "/v1/uploads", &server.shopper()).body(sealed.bytes.clone());
    let place = location(&plain.send().await.unwrap());
    let request = AttachEvidenceRequest {
        upload: place.rsplit_once('/').unwrap().1.parse().unwrap(),
        capture: sealed.metadata.capture,
        item: sealed.metadata.item,
        sha256: None,
    };
    set_status(server.data(), to.id, "cancelled").await;
    let path = format!("/v1/returns/{}/evidence", to.id);
    let attach = || server.request(Method::POST, &path, &server.shopper()).json(&request).send();
    assert_eq!(problem(attach().await.unwrap()).await.code(), "return-closed");
    assert_eq!(server.spool().len(), 1);
    assert_eq!(offset(&server.head(&place).await), Some(sealed.bytes.len() as u64));
    set_status(server.data(), to.id, "submitted").await;
    assert_eq!(attach().await.unwrap().status(), StatusCode::CREATED);
}
