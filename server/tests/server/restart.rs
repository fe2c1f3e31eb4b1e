//! A server that ends without a word, and the next one in the same folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_protocol::CaptureId;
use clearshot_protocol::api::{EvidenceStatus, ReturnView};
use clearshot_server::{Server, ServerConfig, ServerError};
use reqwest::StatusCode;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::harness::{Sealed, TestServer, capture, files, offset, problem, settled};
use crate::wire::Wire;

/// A server on a runtime of its own, to be ended at once: no drain, no commit, nothing is told.
struct Doomed {
    runtime: Runtime,
    server: TestServer,
}

impl Doomed {
    fn start(folder: Arc<TempDir>) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(TestServer::start_in(folder));
        Self { runtime, server }
    }

    fn end(self) {
        drop(self.server);
        self.runtime.shutdown_background();
    }
}

pub(crate) fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

/// An upload of which 400 of 1,000 bytes are durable, left by a server that ended.
pub(crate) fn half(folder: &Arc<TempDir>) -> (ReturnView, Sealed, String) {
    let doomed = Doomed::start(folder.clone());
    let made = doomed.runtime.block_on(async {
        let server = &doomed.server;
        let to = server.open_return().await;
        let sealed = Sealed::opaque(&to, 1000);
        let place = server.create(&sealed).await;
        server.patch(&place, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
        (to, sealed, place)
    });
    doomed.end();
    made
}

/// The upload of [`half`] has its 400 bytes, and its evidence is whole with the rest.
pub(crate) async fn goes_on(server: &TestServer, place: &str, sealed: &Sealed) {
    assert_eq!(offset(&server.head(place).await), Some(400));
    let response = server.patch(place, 400, sealed.bytes[400..].to_vec()).send().await.unwrap();
    assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(1000)));
    assert!(server.has_whole(sealed.metadata.capture).await);
}

/// Where the server keeps the sealed bytes of a capture.
pub(crate) fn evidence_file(data: &Path, id: CaptureId) -> PathBuf {
    data.join(format!("evidence/{:02x}/{id}.age", id.as_bytes()[15]))
}

fn only_file(folder: &Path) -> PathBuf {
    let mut found = files(folder);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    Runtime::new().unwrap().block_on(test);
}

#[test]
fn an_acknowledged_offset_is_still_true_after_a_restart() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    run(async {
        let server = TestServer::start_in(folder).await;
        goes_on(&server, &place, &sealed).await;
    });
}

#[test]
fn bytes_that_were_written_but_not_acknowledged_do_no_harm() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    let spool = only_file(&folder.path().join("spool"));
    let mut garbage = std::fs::OpenOptions::new().append(true).open(spool).unwrap();
    std::io::Write::write_all(&mut garbage, &[0xEE; 300]).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(offset(&server.head(&place).await), Some(400));
        server.patch(&place, 400, sealed.bytes[400..].to_vec()).send().await.unwrap();
        assert!(server.has_whole(sealed.metadata.capture).await);
    });
}

#[test]
fn a_file_that_lost_bytes_is_told_as_it_is() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    let spool = only_file(&folder.path().join("spool"));
    std::fs::OpenOptions::new().write(true).open(spool).unwrap().set_len(250).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(offset(&server.head(&place).await), Some(250));
        server.patch(&place, 250, sealed.bytes[250..].to_vec()).send().await.unwrap();
        assert!(server.has_whole(sealed.metadata.capture).await);
    });
}

#[test]
fn an_upload_whose_file_is_lost_is_gone_and_the_capture_can_be_sent_again() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    std::fs::remove_file(only_file(&folder.path().join("spool"))).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
        let response = server.upload(&sealed).await;
        assert_eq!((response.status(), offset(&response)), (StatusCode::CREATED, Some(1000)));
    });
}

#[test]
fn a_file_that_was_moved_without_its_rows_becomes_evidence() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    let spool = only_file(&folder.path().join("spool"));
    let id = sealed.metadata.capture;
    let evidence = evidence_file(folder.path(), id);
    std::fs::rename(spool, &evidence).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(&evidence).unwrap();
    std::io::Write::write_all(&mut file, &sealed.bytes[400..]).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(offset(&server.head(&place).await), Some(1000));
        assert!(settled(server.checked(id).await.status));
    });
}

#[test]
fn a_whole_file_that_got_its_name_without_its_rows_becomes_evidence() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    let spool = only_file(&folder.path().join("spool"));
    let id = sealed.metadata.capture;
    let mut file = std::fs::OpenOptions::new().append(true).open(&spool).unwrap();
    std::io::Write::write_all(&mut file, &sealed.bytes[400..]).unwrap();
    let evidence = evidence_file(folder.path(), id);
    std::fs::hard_link(&spool, evidence).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(offset(&server.head(&place).await), Some(1000), "nothing has to be sent again");
        assert!(server.spool().is_empty());
        assert!(settled(server.checked(id).await.status));
    });
}

#[test]
fn a_file_without_a_row_is_removed() {
    let folder = folder();
    half(&folder);
    let orphan = folder.path().join("spool/0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77");
    std::io::Write::write_all(&mut std::fs::File::create(&orphan).unwrap(), b"x").unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert!(!orphan.exists());
        assert_eq!(server.spool().len(), 1, "the upload's own file stays");
    });
}

#[test]
fn a_refused_upload_whose_file_was_not_removed_is_cleared_away_and_its_tries_are_still_counted() {
    let folder = folder();
    let doomed = Doomed::start(folder.clone());
    let (sealed, place) = doomed.runtime.block_on(async {
        let server = &doomed.server;
        let sealed = capture(server, &server.open_return().await);
        let damaged = sealed.damaged();
        server.upload(&damaged).await;
        (sealed, crate::harness::location(&server.upload(&damaged).await))
    });
    doomed.end();
    // The rows were committed, and the power went before the file did.
    let spool = folder.path().join("spool").join(place.rsplit_once('/').unwrap().1);
    std::io::Write::write_all(&mut std::fs::File::create(spool).unwrap(), &sealed.damaged().bytes).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert!(server.spool().is_empty());
        assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
        let id = sealed.metadata.capture;
        assert_eq!(server.evidence(id).await.status, EvidenceStatus::Announced);
        server.upload(&sealed.damaged()).await;
        assert_eq!(server.evidence(id).await.status, EvidenceStatus::Rejected, "the third");
    });
}

#[test]
fn a_photo_that_was_whole_when_its_return_was_closed_and_the_power_went_is_rejected() {
    let folder = folder();
    let (to, sealed, place) = half(&folder);
    let spool = only_file(&folder.path().join("spool"));
    let id = sealed.metadata.capture;
    let mut file = std::fs::OpenOptions::new().append(true).open(&spool).unwrap();
    std::io::Write::write_all(&mut file, &sealed.bytes[400..]).unwrap();
    let evidence = evidence_file(folder.path(), id);
    std::fs::hard_link(&spool, evidence).unwrap();
    run(async {
        crate::rights::set_status(folder.path(), to.id, "cancelled").await;
        let server = TestServer::start_in(folder).await;
        let told = server.evidence(id).await;
        assert_eq!(
            (told.status, told.rejection.unwrap().code.as_str()),
            (EvidenceStatus::Rejected, "return_closed")
        );
        assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
        assert!(server.spool().is_empty());
    });
}

#[test]
fn a_recheck_that_was_interrupted_is_done_after_the_restart() {
    let folder = folder();
    let doomed = Doomed::start(folder.clone());
    let ids: Vec<_> = doomed.runtime.block_on(async {
        let server = &doomed.server;
        let to = server.open_return().await;
        let mut ids = Vec::new();
        for _ in 0..6 {
            let sealed = capture(server, &to);
            assert_eq!(server.upload(&sealed).await.status(), StatusCode::CREATED);
            ids.push(sealed.metadata.capture);
        }
        ids
    });
    doomed.end();
    run(async {
        let server = TestServer::start_in(folder).await;
        for id in ids {
            assert_eq!(server.checked(id).await.status, EvidenceStatus::Accepted);
        }
    });
}

#[test]
fn a_commit_that_is_still_under_way_when_the_next_server_starts_is_waited_for() {
    let folder = folder();
    let (sealed, _) = whole(&folder);
    run(async {
        let address = format!("sqlite://{}", folder.path().join("clearshot.sqlite").display());
        let mut before = sqlx::SqliteConnection::connect(&address).await.unwrap();
        // The last word of the server before: the re-check has begun.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut before).await.unwrap();
        sqlx::query("UPDATE evidence SET status = 'verifying'").execute(&mut before).await.unwrap();
        let starting = tokio::spawn(TestServer::start_in(folder.clone()));
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        sqlx::query("COMMIT").execute(&mut before).await.unwrap();
        let server = starting.await.unwrap();
        let begun = std::time::Instant::now();
        while server.evidence(sealed.metadata.capture).await.status != EvidenceStatus::Accepted {
            assert!(begun.elapsed() < crate::harness::PATIENCE, "nobody checks it");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_with_what_to_do() {
    let server = TestServer::start().await;
    let error =
        Server::start(ServerConfig::new(server.data(), ([127, 0, 0, 1], 0).into())).await.unwrap_err();
    assert!(matches!(error, ServerError::DataInUse(_)));
    assert!(error.to_string().contains("choose another folder"));
}

#[tokio::test]
async fn a_shutdown_lets_a_request_that_has_begun_finish() {
    let folder = folder();
    let server = TestServer::start_in(folder.clone()).await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let place = server.create(&sealed).await;
    let mut wire = Wire::nearly_done(&server, &place, &sealed, 100).await;
    let TestServer { running, client, .. } = server;
    drop(client);
    let finishing = async {
        wire.send(&sealed.bytes[900..]).await;
        wire.last().await
    };
    let (stopped, told) = tokio::join!(running.shutdown(), finishing);
    stopped.unwrap();
    assert_eq!((told.status, told.header("upload-offset")), (204, Some("1000")));
    let server = TestServer::start_in(folder).await;
    assert!(server.has_whole(sealed.metadata.capture).await);
}

#[tokio::test]
async fn a_shutdown_cuts_a_request_that_does_not_finish_in_time_and_keeps_its_bytes() {
    let folder = folder();
    let server = TestServer::start_with(folder.clone(), |config| {
        config.drain_timeout = std::time::Duration::from_millis(50);
    })
    .await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let place = server.create(&sealed).await;
    let mut wire = Wire::nearly_done(&server, &place, &sealed, 600).await;
    let TestServer { running, client, .. } = server;
    drop(client);
    let (stopped, told) = tokio::join!(running.shutdown(), wire.last());
    stopped.unwrap();
    assert_eq!((told.status, told.header("upload-offset")), (503, Some("400")));
    assert!(told.header("retry-after").is_some());
    let server = TestServer::start_in(folder).await;
    assert_eq!(offset(&server.head(&place).await), Some(400));
}

#[test]
fn evidence_whose_only_name_is_in_the_spool_gets_its_place() {
    let folder = folder();
    let (sealed, upload) = whole(&folder);
    let id = sealed.metadata.capture;
    let evidence = evidence_file(folder.path(), id);
    // A commit that was taken for failed, and had survived.
    std::fs::rename(&evidence, folder.path().join("spool").join(&upload)).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert!(server.spool().is_empty());
        assert_eq!(std::fs::read(&evidence).unwrap(), sealed.bytes);
        let photo = server.get(&format!("/v1/evidence/{id}/photo"), &server.agent()).await;
        assert_eq!(photo.status(), StatusCode::OK);
    });
}

#[test]
fn a_name_that_was_left_in_the_spool_is_removed_and_the_evidence_stays() {
    let folder = folder();
    let (sealed, upload) = whole(&folder);
    let id = sealed.metadata.capture;
    let evidence = evidence_file(folder.path(), id);
    std::fs::hard_link(&evidence, folder.path().join("spool").join(&upload)).unwrap();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert!(server.spool().is_empty());
        assert_eq!(std::fs::read(&evidence).unwrap(), sealed.bytes);
    });
}

#[test]
fn a_whole_upload_that_nobody_has_attached_is_there_after_a_restart() {
    let folder = folder();
    let doomed = Doomed::start(folder.clone());
    let place = doomed.runtime.block_on(async {
        let server = &doomed.server;
        let request = server.request(reqwest::Method::POST, "/v1/uploads", &server.shopper());
        crate::harness::location(&request.body("abc").send().await.unwrap())
    });
    doomed.end();
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(offset(&server.head(&place).await), Some(3));
        assert_eq!(server.spool().len(), 1);
    });
}

/// A photo that has arrived and been accepted, and the name of its upload, left by a server that ended.
fn whole(folder: &Arc<TempDir>) -> (Sealed, String) {
    let doomed = Doomed::start(folder.clone());
    let made = doomed.runtime.block_on(async {
        let server = &doomed.server;
        let to = server.open_return().await;
        let sealed = capture(server, &to);
        let response = server.upload(&sealed).await;
        let place = crate::harness::location(&response);
        assert_eq!(server.checked(sealed.metadata.capture).await.status, EvidenceStatus::Accepted);
        (sealed, place.rsplit_once('/').unwrap().1.to_owned())
    });
    doomed.end();
    made
}

#[tokio::test]
async fn a_damaged_key_is_told_with_what_to_do_and_never_replaced() {
    let folder = folder();
    drop(TestServer::start_in(folder.clone()).await.running.shutdown().await);
    let key = folder.path().join("keys/service.age-identity");
    std::fs::OpenOptions::new().write(true).open(&key).unwrap().set_len(10).unwrap();
    let error =
        Server::start(ServerConfig::new(folder.path(), ([127, 0, 0, 1], 0).into())).await.unwrap_err();
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
    assert_eq!(std::fs::metadata(&key).unwrap().len(), 10);
}

#[tokio::test]
async fn health_and_readiness_are_said_without_a_token() {
    let server = TestServer::start().await;
    for path in ["/healthz", "/readyz", "/v1/service"] {
        assert_eq!(server.client.get(server.url(path)).send().await.unwrap().status(), StatusCode::OK);
    }
    let unknown = server.client.get(server.url("/v2/returns")).send().await.unwrap();
    assert_eq!(problem(unknown).await.code(), "unknown-route");
    let wrong = server.client.delete(server.url("/v1/service")).send().await.unwrap();
    assert!(wrong.headers().contains_key("allow"));
    assert_eq!(problem(wrong).await.code(), "method-not-allowed");
}
