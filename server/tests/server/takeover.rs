//! Two requests for one upload: the newest wins, and no byte is lost, twice or out of its place.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Sealed, TestServer, files, offset};
use crate::restart::evidence_file;
use crate::wire::Wire;

/// A PATCH that declares all bytes from `at` on, sends `sent` of them, and stalls.
async fn stalled(server: &TestServer, place: &str, sealed: &Sealed, at: usize, sent: usize) -> Wire {
    let mut wire = Wire::open(server).await;
    let (at_text, length) = (at.to_string(), (sealed.bytes.len() - at).to_string());
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-offset", at_text.as_str()),
        ("content-type", "application/offset+octet-stream"),
        ("content-length", length.as_str()),
    ];
    wire.ask(server, &format!("PATCH {place}"), &headers).await;
    wire.send(&sealed.bytes[at..at + sent]).await;
    wire
}

async fn wait_for_spool(server: &TestServer, wanted: u64) {
    let begun = Instant::now();
    while server.spool().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum::<u64>() < wanted {
        assert!(begun.elapsed() < crate::harness::PATIENCE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_stalled_upload_is_taken_over_within_100_ms_and_the_old_socket_that_wakes_changes_nothing() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let mut quickest = Duration::MAX;
    // The best of a few, because the machine is shared.
    for _ in 0..5 {
        let sealed = Sealed::opaque(&to, 400_000);
        let place = server.create(&sealed).await;
        let mut old = stalled(&server, &place, &sealed, 0, 150_000).await;
        wait_for_spool(&server, 150_000).await;

        let begun = Instant::now();
        let at = offset(&server.head(&place).await).unwrap();
        assert_eq!(at, 150_000, "all that came is kept");
        let response = server.patch(&place, 150_000, sealed.bytes[150_000..].to_vec()).send().await.unwrap();
        quickest = quickest.min(begun.elapsed());
        assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(400_000)));

        // It wakes, and writes other bytes over what is there by now.
        let _ = old.socket.write_all(&vec![0xEE; 250_000]).await;
        let told = old.last().await;
        assert_eq!((told.status, told.header("upload-offset")), (409, Some("150000")));
        let id = sealed.metadata.capture;
        let kept = evidence_file(server.data(), id);
        assert_eq!(std::fs::read(kept).unwrap(), sealed.bytes);
        assert!(server.has_whole(id).await);
    }
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
    assert_eq!(files(&server.data().join("evidence")).len(), 5);
}

#[tokio::test]
async fn a_patch_alone_takes_over_and_the_answer_to_the_older_one_carries_the_offset() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 400_000);
    let place = server.create(&sealed).await;
    let mut old = stalled(&server, &place, &sealed, 0, 150_000).await;
    wait_for_spool(&server, 150_000).await;
    let response = server.patch(&place, 0, sealed.bytes.clone()).send().await.unwrap();
    // It began where the upload stood before: 409, and from where to go on.
    assert_eq!((response.status(), offset(&response)), (StatusCode::CONFLICT, Some(150_000)));
    let told = old.last().await;
    assert_eq!((told.status, told.header("upload-offset")), (409, Some("150000")));
}

#[tokio::test]
async fn a_termination_ends_who_writes() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 400_000);
    let place = server.create(&sealed).await;
    let mut old = stalled(&server, &place, &sealed, 0, 150_000).await;
    wait_for_spool(&server, 150_000).await;
    let gone = server.tus(reqwest::Method::DELETE, &place, &server.shopper()).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(old.last().await.status, 409);
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn the_bytes_of_a_request_with_a_checksum_that_was_taken_over_are_not_kept() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 400_000);
    let place = server.create(&sealed).await;
    let mut old = Wire::open(&server).await;
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-offset", "0"),
        ("content-type", "application/offset+octet-stream"),
        ("upload-checksum", "crc32c AAAAAA=="),
        ("content-length", "400000"),
    ];
    old.ask(&server, &format!("PATCH {place}"), &headers).await;
    old.send(&vec![0xEE; 300_000]).await;
    wait_for_spool(&server, 262_144).await;
    assert_eq!(offset(&server.head(&place).await), Some(0), "nobody can say that they are right");
    let response = server.patch(&place, 0, sealed.bytes.clone()).send().await.unwrap();
    assert_eq!(offset(&response), Some(400_000));
    assert!(server.has_whole(sealed.metadata.capture).await);
}
