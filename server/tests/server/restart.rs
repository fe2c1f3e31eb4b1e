//! A server that ends without a word, and the next one in the same folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_protocol::api::{EvidenceStatus, ReturnView};
use clearshot_server::{Server, ServerConfig, ServerError};
use reqwest::StatusCode;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::harness::{Sealed, TestServer, capture, files, offset, problem, settled};

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

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

/// An upload of which 400 of 1,000 bytes are durable, left by a server that ended.
fn half(folder: &Arc<TempDir>) -> (ReturnView, Sealed, String) {
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

fn only_file(folder: &Path) -> PathBuf {
    let mut found = files(folder);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn run(test: impl Future<Output = ()>) {
    Runtime::new().unwrap().block_on(test);
}

#[test]
fn an_acknowledged_offset_is_still_true_after_a_restart() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    run(async {
        let server = TestServer::start_in(folder).await;
        assert_eq!(offset(&server.head(&place).await), Some(400));
        let response = server.patch(&place, 400, sealed.bytes[400..].to_vec()).send().await.unwrap();
        assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(1000)));
        assert!(server.has_whole(sealed.metadata.capture).await);
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
    let evidence = folder.path().join(format!("evidence/{:02x}/{id}.age", id.as_bytes()[15]));
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

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_with_what_to_do() {
    let server = TestServer::start().await;
    let error =
        Server::start(ServerConfig::new(server.data(), ([127, 0, 0, 1], 0).into())).await.unwrap_err();
    assert!(matches!(error, ServerError::DataInUse(_)));
    assert!(error.to_string().contains("choose another folder"));
}

#[tokio::test]
async fn a_shutdown_lets_a_request_finish_and_keeps_the_bytes_of_one_that_does_not() {
    let folder = folder();
    let server = TestServer::start_in(folder.clone()).await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let place = server.create(&sealed).await;
    server.patch(&place, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    let TestServer { running, client, .. } = server;
    running.shutdown().await.unwrap();
    drop(client);
    let server = TestServer::start_in(folder).await;
    assert_eq!(offset(&server.head(&place).await), Some(400));
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
