//! Connections that break, go silent, or meet a newer one. Raw sockets, because a client library would not do it.

use std::time::{Duration, Instant};

use clearshot_protocol::api::EvidenceStatus;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{PATIENCE, Sealed, TestServer, offset};

/// Begins a PATCH that declares all bytes from `at` on, and sends only the first `sent` of them.
async fn begin_patch(server: &TestServer, place: &str, sealed: &Sealed, at: usize, sent: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: {at}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        server.shopper(),
        sealed.bytes.len() - at,
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&sealed.bytes[at..at + sent]).await.unwrap();
    socket.flush().await.unwrap();
    socket
}

/// Asks until the server says that it has `wanted` bytes. Each asking ends the writer, so the bytes must be there:
/// only their way through the socket is waited for.
async fn wait_for_spool(server: &TestServer, wanted: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let arrived: u64 = server.spool().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
        if arrived >= wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{arrived} of {wanted} bytes");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn answer(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&text).contains("\"status\"") {
        match tokio::time::timeout(PATIENCE, socket.read(&mut part)).await.unwrap() {
            Ok(0) | Err(_) => break,
            Ok(read) => text.extend_from_slice(&part[..read]),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn the_bytes_of_a_dropped_connection_are_kept() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 2_000_000);
    let place = server.create(&sealed).await;
    let socket = begin_patch(&server, &place, &sealed, 0, 1_000_001).await;
    wait_for_spool(&server, 786_432).await;
    drop(socket);
    let head = server.head(&place).await;
    // Everything that the server had read from the socket; with what was still on its way, all of it.
    let kept = offset(&head).unwrap();
    assert!((786_432..=1_000_001).contains(&kept), "{kept}");
    assert_eq!(server.evidence(sealed.metadata.capture).await.status, EvidenceStatus::Uploading);
    let rest = sealed.bytes[kept as usize..].to_vec();
    let response = server.patch(&place, kept as usize, rest).send().await.unwrap();
    assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(2_000_000)));
}

#[tokio::test]
async fn the_bytes_of_a_connection_that_was_closed_in_the_middle_are_all_kept() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 500_000);
    let place = server.create(&sealed).await;
    // Nobody asks meanwhile: the end of the connection alone makes the server keep what it has.
    let mut socket = begin_patch(&server, &place, &sealed, 0, 123_456).await;
    socket.shutdown().await.unwrap();
    wait_for_spool(&server, 123_456).await;
    assert_eq!(offset(&server.head(&place).await), Some(123_456));
}

#[tokio::test]
async fn the_bytes_of_a_connection_that_was_reset_are_kept() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1_000_000);
    let place = server.create(&sealed).await;
    let socket = begin_patch(&server, &place, &sealed, 0, 400_000).await;
    wait_for_spool(&server, 262_144).await;
    socket.set_zero_linger().unwrap();
    drop(socket);
    let kept = offset(&server.head(&place).await).unwrap();
    assert!((262_144..=400_000).contains(&kept), "{kept}");
}

#[tokio::test]
async fn the_newest_request_wins_within_a_tenth_of_a_second_and_the_older_writer_is_told() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1_000_000);
    let place = server.create(&sealed).await;
    let mut older = begin_patch(&server, &place, &sealed, 0, 300_000).await;
    wait_for_spool(&server, 262_144).await;

    // The best of a few, because the machine is shared: each asking takes over from a writer that holds the upload.
    let mut quickest = Duration::MAX;
    let mut at = 0;
    for round in 0..5 {
        let asked = Instant::now();
        at = offset(&server.head(&place).await).unwrap();
        quickest = quickest.min(asked.elapsed());
        let told = answer(&mut older).await;
        assert!(told.starts_with("HTTP/1.1 409"), "{told}");
        assert!(told.contains("upload-taken-over"), "{told}");
        assert!(told.to_lowercase().contains(&format!("upload-offset: {at}\r\n")), "{told}");
        older = begin_patch(&server, &place, &sealed, at as usize, 50_000 + round).await;
        tokio::task::yield_now().await;
        // The writer has the upload once its bytes are counted by the next asking; let it begin.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");

    let at = offset(&server.head(&place).await).unwrap().max(at);
    let rest = sealed.bytes[at as usize..].to_vec();
    let response = server.patch(&place, at as usize, rest).send().await.unwrap();
    assert_eq!(offset(&response), Some(1_000_000));
    assert!(server.has_whole(sealed.metadata.capture).await, "no byte is twice");
}

#[tokio::test]
async fn of_many_writers_at_once_no_two_write_the_same_byte() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 3_000_000);
    let place = server.create(&sealed).await;
    let mut writers = Vec::new();
    for _ in 0..8 {
        let request = server.patch(&place, 0, sealed.bytes.clone());
        writers.push(tokio::spawn(async move { request.send().await.map(|response| response.status()) }));
    }
    for writer in writers {
        // Done, told of a newer one, or cut off while writing.
        if let Ok(status) = writer.await.unwrap() {
            assert!(matches!(status, StatusCode::NO_CONTENT | StatusCode::CONFLICT), "{status}");
        }
    }
    let at = offset(&server.head(&place).await).unwrap() as usize;
    if at < sealed.bytes.len() {
        server.patch(&place, at, sealed.bytes[at..].to_vec()).send().await.unwrap();
    }
    assert!(server.has_whole(sealed.metadata.capture).await);
    assert_eq!(offset(&server.head(&place).await), Some(3_000_000));
}

#[tokio::test]
async fn a_silent_connection_ends_and_its_bytes_are_kept() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let server =
        TestServer::start_with(folder, |config| config.upload_pace.idle = Duration::from_millis(200)).await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 500_000);
    let place = server.create(&sealed).await;
    let mut socket = begin_patch(&server, &place, &sealed, 0, 100_000).await;
    let told = answer(&mut socket).await;
    assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    assert!(told.contains("timed-out"), "{told}");
    assert!(told.to_lowercase().contains("upload-offset: 100000\r\n"), "{told}");
    assert_eq!(offset(&server.head(&place).await), Some(100_000));
}

#[tokio::test]
async fn a_refusal_is_read_even_by_a_client_that_sends_everything_before_it_reads() {
    let server = TestServer::start().await;
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let head = "POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer expired\r\nTus-Resumable: 1.0.0\r\n\
                Content-Type: application/offset+octet-stream\r\nContent-Length: 6000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut from_server, mut to_server) = socket.split();
    for _ in 0..600 {
        to_server.write_all(&[7; 10_000]).await.unwrap();
    }
    let mut told = vec![0; 12];
    from_server.read_exact(&mut told).await.unwrap();
    assert_eq!(String::from_utf8(told).unwrap(), "HTTP/1.1 401");
}
