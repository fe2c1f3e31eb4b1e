//! Clients that take too much, or too long.

use std::sync::Arc;
use std::time::Duration;

use clearshot_server::{Role, ServerConfig};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Sealed, TestServer, header, offset, problem};
use crate::wire::Wire;

async fn server(change: impl FnOnce(&mut ServerConfig)) -> TestServer {
    TestServer::start_with(Arc::new(tempfile::tempdir().unwrap()), change).await
}

/// A creation that has begun to send its body.
async fn under_way(server: &TestServer) -> Wire {
    let mut wire = Wire::open(server).await;
    let headers = [("upload-draft-interop-version", "8"), ("upload-complete", "?1"), ("content-length", "9")];
    wire.ask(server, "POST /v1/uploads", &headers).await;
    // Once it is announced, its request counts.
    assert_eq!(wire.next().await.status, 104);
    wire
}

fn another(server: &TestServer, token: &str) -> reqwest::RequestBuilder {
    server
        .tus(Method::POST, "/v1/uploads", token)
        .header("Upload-Length", 3)
        .header("Content-Type", "application/offset+octet-stream")
        .body("abc")
}

#[tokio::test]
async fn a_client_with_too_many_uploads_under_way_is_told_to_wait_and_others_are_not() {
    let server = server(|config| config.upload_requests_per_client = 2).await;
    let (mut one, _two) = (under_way(&server).await, under_way(&server).await);
    let refused = another(&server, &server.shopper()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&refused, "retry-after").is_some());
    assert_eq!(problem(refused).await.code(), "too-much-at-once");
    assert_eq!(server.spool().len(), 2, "nothing was created");

    let eve = server.mint(Role::Shopper, "eve", None);
    assert_eq!(another(&server, &eve).send().await.unwrap().status(), StatusCode::CREATED);

    one.send(b"abcdefghi").await;
    assert_eq!(one.last().await.status, 201);
    assert_eq!(another(&server, &server.shopper()).send().await.unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_server_with_too_many_uploads_under_way_says_503_and_when_to_come_back() {
    let server = server(|config| config.upload_requests = 1).await;
    let mut one = under_way(&server).await;
    let refused = another(&server, &server.shopper()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(header(&refused, "retry-after").is_some());
    one.send(b"abcdefghi").await;
    assert_eq!(one.last().await.status, 201);
    assert_eq!(another(&server, &server.shopper()).send().await.unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn uploads_that_stall_give_their_places_back_round_after_round() {
    const PLACES: usize = 4;
    let server = server(|config| {
        config.upload_requests = PLACES;
        config.upload_requests_per_client = PLACES;
        config.upload_pace.idle = Duration::from_secs(1);
    })
    .await;
    for _ in 0..3 {
        let mut stalled = Vec::new();
        for _ in 0..PLACES {
            // None is refused: every place of the round before is free by the time its client was told.
            stalled.push(under_way(&server).await);
        }
        for mut one in stalled {
            assert_eq!(one.last().await.status, 408);
        }
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_to_come_back() {
    let server = server(|config| config.connections = 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut wire = Wire::open(&server).await;
        wire.ask(&server, "GET /healthz", &[]).await;
        assert_eq!(wire.next().await.status, 200);
        held.push(wire);
    }
    let mut refused = Wire::open(&server).await;
    let told = refused.next().await;
    assert_eq!((told.status, told.header("retry-after")), (503, Some("2")));
    drop(held);
    // A place is free as soon as the server has seen a connection end.
    let begun = std::time::Instant::now();
    while server.client.get(server.url("/healthz")).send().await.map(|answer| answer.status()).ok()
        != Some(StatusCode::OK)
    {
        assert!(begun.elapsed() < crate::harness::PATIENCE);
    }
}

#[tokio::test]
async fn an_upload_that_only_drips_ends_with_408_and_keeps_its_bytes() {
    let server = server(|config| {
        config.upload_pace.window = Duration::from_millis(300);
        config.upload_pace.bytes_per_window = 1000;
    })
    .await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 100_000);
    let place = server.create(&sealed).await;
    let mut wire = Wire::open(&server).await;
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-offset", "0"),
        ("content-type", "application/offset+octet-stream"),
        ("content-length", "100000"),
    ];
    wire.ask(&server, &format!("PATCH {place}"), &headers).await;
    let dripping = async {
        let mut sent = 0;
        loop {
            // Never silent for long, so that the idle time-out does not end it.
            if tokio::io::AsyncWriteExt::write_all(&mut wire.socket, &sealed.bytes[sent..=sent])
                .await
                .is_err()
            {
                return sent;
            }
            sent += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut peeked = [0; 12];
            let peek = tokio::time::timeout(Duration::from_millis(1), wire.socket.peek(&mut peeked)).await;
            if matches!(peek, Ok(Ok(12))) {
                return sent;
            }
        }
    };
    let sent = tokio::time::timeout(crate::harness::PATIENCE, dripping).await.unwrap() as u64;
    let told = wire.last().await;
    assert_eq!(told.status, 408);
    let kept: u64 = told.header("upload-offset").unwrap().parse().unwrap();
    assert!(kept > 0 && kept <= sent, "{kept} of {sent}");
    assert_eq!(offset(&server.head(&place).await), Some(kept));
}

#[tokio::test]
async fn a_json_body_that_does_not_come_ends_with_408() {
    let server = server(|config| config.body_timeout = Duration::from_millis(200)).await;
    for line in ["POST /v1/returns", "POST /v1/reconcile", "POST /console/login"] {
        let mut wire = Wire::open(&server).await;
        let headers = [("content-type", "application/json"), ("content-length", "100")];
        wire.ask(&server, line, &headers).await;
        wire.send(b"{\"order\":").await;
        let told = wire.next().await;
        assert_eq!((told.status, told.header("connection")), (408, Some("close")), "{line}");
    }
}

#[tokio::test]
async fn a_json_body_that_is_too_long_is_refused_wherever_it_goes() {
    let server = server(|_| {}).await;
    let long = json!({ "order": "x".repeat(200 * 1024), "items": [] });
    for path in ["/v1/returns", "/v1/reconcile"] {
        let request = server.request(Method::POST, path, &server.shopper()).json(&long);
        assert_eq!(problem(request.send().await.unwrap()).await.code(), "too-large", "{path}");
    }
}

#[tokio::test]
async fn hundreds_of_uploads_at_once_arrive_although_there_is_memory_for_fewer() {
    let server = server(|config| config.upload_requests_per_client = 1000).await;
    // More than there are buffers, all of them waiting for their last byte.
    let bytes: Vec<u8> = (0..20_000_u32).map(|at| (at % 251) as u8).collect();
    let mut waiting = Vec::new();
    for _ in 0..300 {
        let mut wire = Wire::open(&server).await;
        let headers =
            [("upload-draft-interop-version", "8"), ("upload-complete", "?1"), ("content-length", "20000")];
        wire.ask(&server, "POST /v1/uploads", &headers).await;
        wire.send(&bytes[..19_999]).await;
        waiting.push(wire);
    }
    for wire in &mut waiting {
        wire.send(&bytes[19_999..]).await;
        assert_eq!(wire.last().await.status, 201);
    }
    let spool = server.spool();
    assert_eq!(spool.len(), 300);
    assert!(spool.iter().all(|path| std::fs::read(path).unwrap() == bytes));
}
