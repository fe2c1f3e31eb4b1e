use clearshot_protocol::api::{EventKind, EventView, Page};
use clearshot_server::Role;
use reqwest::Method;

use crate::harness::{Events, TestServer, capture, problem};

#[tokio::test]
async fn the_way_of_a_photo_is_told_in_its_order() {
    let server = TestServer::start().await;
    let mut events = Events::open(&server, &server.shopper(), 0).await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    server.upload(&sealed).await;
    let mut told = Vec::new();
    let mut last = 0;
    while told.len() < 6 {
        let event = events.next().await;
        assert!(event.id > last);
        last = event.id;
        assert_eq!(event.return_id, to.id);
        told.push((event.kind, event.data["status"].as_str().map(str::to_owned)));
    }
    let status = |status: &str| Some(status.to_owned());
    assert_eq!(
        told,
        [
            (EventKind::ReturnCreated, status("submitted")),
            (EventKind::ReturnStatusChanged, status("evidence_pending")),
            (EventKind::EvidenceUploading, None),
            (EventKind::EvidenceReceived, None),
            (EventKind::EvidenceAccepted, None),
            (EventKind::ReturnStatusChanged, status("in_review")),
        ]
    );
}

#[tokio::test]
async fn a_reader_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    let server = TestServer::start().await;
    server.open_return().await;
    let mut events = Events::open(&server, &server.agent(), 0).await;
    let first = events.next().await;
    drop(events);
    let second = server.open_return().await;
    let mut events = Events::open(&server, &server.agent(), first.id).await;
    assert_eq!(events.next().await.return_id, second.id);
    let third = server.open_return().await;
    assert_eq!(events.next().await.return_id, third.id, "and it goes on live");
}

#[tokio::test]
async fn a_long_past_is_told_whole() {
    let server = TestServer::start().await;
    let mut opened = Vec::new();
    for _ in 0..120 {
        opened.push(server.open_return().await.id);
    }
    let mut events = Events::open(&server, &server.agent(), 0).await;
    for id in opened {
        assert_eq!(events.next().await.return_id, id);
    }
}

#[tokio::test]
async fn a_shopper_hears_of_their_own_returns_only() {
    let server = TestServer::start().await;
    let mine = server.open_return().await;
    let eve = server.mint(Role::Shopper, "eve", None);
    let theirs = server.request(Method::POST, "/v1/returns", &eve).json(&crate::harness::a_return());
    theirs.send().await.unwrap();
    let again = server.open_return().await;
    let mut events = Events::open(&server, &server.shopper(), 0).await;
    assert_eq!(events.next().await.return_id, mine.id);
    assert_eq!(events.next().await.return_id, again.id);
}

#[tokio::test]
async fn who_does_not_stream_reads_pages() {
    let server = TestServer::start().await;
    let (one, two) = (server.open_return().await, server.open_return().await);
    let page = async |path: &str| -> Page<EventView> {
        let request = server.request(Method::GET, path, &server.agent()).header("Accept", "application/json");
        request.send().await.unwrap().json().await.unwrap()
    };
    let all = page("/v1/events").await;
    assert_eq!(all.entries.iter().map(|event| event.return_id).collect::<Vec<_>>(), [one.id, two.id]);
    let later = page(&format!("/v1/events?after={}", all.entries[0].id)).await;
    assert_eq!(later.entries, all.entries[1..]);
    let of_one = page(&format!("/v1/events?return={}", one.id)).await;
    assert_eq!(of_one.entries, all.entries[..1]);
}

#[tokio::test]
async fn a_wrong_last_event_id_is_refused() {
    let server = TestServer::start().await;
    let request =
        server.request(Method::GET, "/v1/events", &server.agent()).header("Last-Event-ID", "yesterday");
    assert_eq!(problem(request.send().await.unwrap()).await.code(), "invalid-request");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let server = TestServer::start().await;
    server.open_return().await;
    let mut events = Events::open(&server, &server.agent(), 0).await;
    events.next().await;
    let TestServer { running, .. } = server;
    let (stopped, end) = tokio::join!(running.shutdown(), events.read());
    stopped.unwrap();
    assert!(end.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_tells_nothing_that_happens_later() {
    let server = TestServer::start().await;
    server.open_return().await;
    let mut events = Events::open(&server, &server.agent(), 0).await;
    events.next().await;
    server.pass(std::time::Duration::from_hours(2));
    let later = server
        .request(Method::POST, "/v1/returns", &server.fresh_token())
        .json(&crate::harness::a_return())
        .send()
        .await
        .unwrap();
    assert_eq!(later.status(), 201);
    assert!(events.read().await.is_none());
}
