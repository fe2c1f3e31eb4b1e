//! What no honest client sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{PATIENCE, Sealed, TestServer, problem};

/// Sends raw bytes; the status of the answer, or `None` when the server only closed.
async fn raw(server: &TestServer, bytes: &[u8]) -> Option<u16> {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while answer.len() < 12 {
        match tokio::time::timeout(PATIENCE, socket.read(&mut part)).await.unwrap() {
            Ok(0) | Err(_) => return None,
            Ok(read) => answer.extend_from_slice(&part[..read]),
        }
    }
    std::str::from_utf8(&answer[9..12]).ok()?.parse().ok()
}

fn request(server: &TestServer, first_line: &str, headers: &str) -> Vec<u8> {
    format!("{first_line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{headers}\r\n", server.shopper())
        .into_bytes()
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let server = TestServer::start().await;
    let long = format!("X-Long: {}\r\n", "a".repeat(100_000));
    assert!(matches!(raw(&server, &request(&server, "GET /v1/returns", &long)).await, Some(431) | None));
    let many = "X-Many: a\r\n".repeat(200);
    assert!(matches!(raw(&server, &request(&server, "GET /v1/returns", &many)).await, Some(431) | None));
    assert_eq!(raw(&server, &request(&server, "GET /healthz", "Connection: close\r\n")).await, Some(200));
}

#[tokio::test]
async fn bytes_that_are_no_http_get_no_more_than_a_400() {
    let server = TestServer::start().await;
    for nonsense in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"]
    {
        assert!(matches!(raw(&server, nonsense).await, Some(400) | None));
    }
}

#[tokio::test]
async fn metadata_that_is_no_text_or_no_base64_is_refused() {
    let server = TestServer::start().await;
    for metadata in [
        &b"capture \xff\xfe"[..],
        b"capture !!!!",
        b"capture bm9uc2Vuc2U=",
        b",,,,",
        b"capture",
        "capture \u{fc}".as_bytes(),
    ] {
        let head = b"Tus-Resumable: 1.0.0\r\nUpload-Length: 10\r\nUpload-Metadata: ";
        let mut bytes = request(&server, "POST /v1/uploads", "");
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(metadata);
        bytes.extend_from_slice(b"\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(raw(&server, &bytes).await, Some(400), "{metadata:?}");
    }
}

#[tokio::test]
async fn paths_that_climb_or_are_no_text_reach_nothing() {
    let server = TestServer::start().await;
    for path in [
        "/v1/uploads/..%2f..%2fkeys%2ftoken.key",
        "/v1/uploads/../../keys/token.key",
        "/v1/evidence/%00/photo",
        "/v1/evidence/%ff%fe/photo",
        "/v1/evidence/..%2f..%2f..%2fetc%2fpasswd/photo",
        "/v1/returns/' OR 1=1 --",
    ] {
        let line = format!("GET {}", path.replace(' ', "%20"));
        let status = raw(&server, &request(&server, &line, "Connection: close\r\n")).await.unwrap();
        assert!((400..=405).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn two_lengths_that_disagree_are_refused() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let place = server.create(&Sealed::opaque(&to, 1000)).await;
    let headers = "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n\
                   Content-Length: 5\r\nContent-Length: 6\r\n";
    let mut bytes = request(&server, &format!("PATCH {place}"), headers);
    bytes.extend_from_slice(b"abcdef");
    assert!(matches!(raw(&server, &bytes).await, Some(400) | None));
}

#[tokio::test]
async fn a_wrong_query_is_a_problem() {
    let server = TestServer::start().await;
    for path in [
        "/v1/returns?limit=-1",
        "/v1/returns?limit=101",
        "/v1/returns?limit=many",
        "/v1/returns?cursor=..%2f",
        "/v1/returns?status=lost",
        "/v1/returns?page=2",
        "/v1/events?after=soon",
        "/v1/events?return=x",
    ] {
        let problem = problem(server.get(path, &server.shopper()).await).await;
        assert!(matches!(problem.status, 400 | 422), "{path}: {problem:?}");
    }
}

#[tokio::test]
async fn half_open_connections_keep_nobody_out() {
    let server = TestServer::start().await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(b"GET /v1/returns HTTP/1.1\r\nHos").await.unwrap();
        idle.push(socket);
    }
    let token = server.shopper();
    let answer = tokio::time::timeout(Duration::from_secs(30), server.get("/v1/returns", &token));
    assert_eq!(answer.await.unwrap().status(), 200);
}
