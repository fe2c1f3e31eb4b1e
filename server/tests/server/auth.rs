use std::time::Duration;

use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{Page, ReturnView};
use clearshot_server::{Role, TokenIssuer, TokenRequest};
use reqwest::{Method, StatusCode};

use crate::harness::{Sealed, TestServer, a_return, capture, header, problem};

#[tokio::test]
async fn no_token_a_wrong_one_and_an_expired_one_are_told_apart() {
    let server = TestServer::start().await;
    let none = server.client.get(server.url("/v1/returns")).send().await.unwrap();
    assert!(header(&none, "www-authenticate").unwrap().starts_with("Bearer"));
    assert_eq!(problem(none).await.code(), "unauthenticated");
    for wrong in ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer a.b.c"] {
        let request = server.client.get(server.url("/v1/returns")).header("Authorization", wrong);
        assert_eq!(problem(request.send().await.unwrap()).await.code(), "unauthenticated", "{wrong}");
    }
    let token = server.shopper();
    server.pass(Duration::from_hours(2));
    assert_eq!(problem(server.get("/v1/returns", &token).await).await.code(), "token-expired");
}

#[tokio::test]
async fn a_token_of_another_server_is_none() {
    let server = TestServer::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let request = TokenRequest {
        role: Role::Agent,
        subject: "eve".to_owned(),
        return_id: None,
        lifetime: Duration::from_mins(1),
    };
    let token = TokenIssuer::open(elsewhere.path()).unwrap().mint(&request, Timestamp::now()).unwrap();
    assert_eq!(problem(server.get("/v1/returns", &token).await).await.code(), "unauthenticated");
}

#[tokio::test]
async fn a_token_made_from_the_folder_is_accepted_by_the_running_server() {
    let server = TestServer::start().await;
    let lifetime = Duration::from_mins(1);
    let token =
        clearshot_server::mint_token(server.data(), Role::Agent, None, lifetime, Timestamp::now()).unwrap();
    assert_eq!(server.get("/v1/returns", &token).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn another_shoppers_return_does_not_exist() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    server.upload_and_check(&sealed).await;
    let place = server.create(&Sealed::opaque(&to, 1000)).await;
    let eve = server.mint(Role::Shopper, "eve", None);
    let id = sealed.metadata.capture;

    let page: Page<ReturnView> = server.get_json("/v1/returns", &eve).await;
    assert!(page.entries.is_empty());
    for (path, code) in [
        (format!("/v1/returns/{}", to.id), "unknown-return"),
        (format!("/v1/evidence/{id}"), "unknown-evidence"),
        (format!("/v1/events?return={}", to.id), "unknown-return"),
    ] {
        assert_eq!(problem(server.get(&path, &eve).await).await.code(), code, "{path}");
    }
    let creation = server.creation(&Sealed::opaque(&to, 10), &eve).send().await.unwrap();
    assert_eq!(problem(creation).await.code(), "unknown-return");
    let again = server.creation(&sealed, &eve).send().await.unwrap();
    assert_eq!(problem(again).await.code(), "unknown-return", "not even that the capture is known");
    for method in [Method::HEAD, Method::DELETE] {
        let response = server.tus(method, &place, &eve).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    let patch = server
        .tus(Method::PATCH, &place, &eve)
        .header("Upload-Offset", 0)
        .header("Content-Type", "application/offset+octet-stream")
        .body("x");
    assert_eq!(problem(patch.send().await.unwrap()).await.code(), "unknown-upload");
}

#[tokio::test]
async fn only_agents_see_photos() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    server.upload_and_check(&sealed).await;
    let service = server.mint(Role::Service, "shop", None);
    for part in ["photo", "thumbnail"] {
        let path = format!("/v1/evidence/{}/{part}", sealed.metadata.capture);
        for token in [server.shopper(), service.clone()] {
            assert_eq!(problem(server.get(&path, &token).await).await.code(), "forbidden");
        }
        let response = server.get(&path, &server.agent()).await;
        assert_eq!(header(&response, "content-type").as_deref(), Some("image/jpeg"));
        assert_eq!(header(&response, "cache-control").as_deref(), Some("private, no-store"));
        assert!(response.bytes().await.unwrap().starts_with(&[0xFF, 0xD8, 0xFF]));
    }
}

#[tokio::test]
async fn an_agent_looks_and_sends_nothing() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let agent = server.agent();
    assert_eq!(server.get(&format!("/v1/returns/{}", to.id), &agent).await.status(), StatusCode::OK);
    let open = server.request(Method::POST, "/v1/returns", &agent).json(&a_return()).send().await.unwrap();
    assert_eq!(problem(open).await.code(), "forbidden");
    let create = server.creation(&Sealed::opaque(&to, 10), &agent).send().await.unwrap();
    assert_eq!(problem(create).await.code(), "forbidden");
}

#[tokio::test]
async fn a_token_for_one_return_is_good_for_that_one_only() {
    let server = TestServer::start().await;
    let (mine, other) = (server.open_return().await, server.open_return().await);
    let scoped = server.mint(Role::Shopper, "somebody", Some(mine.id));
    let page: Page<ReturnView> = server.get_json("/v1/returns", &scoped).await;
    assert_eq!(page.entries.iter().map(|one| one.id).collect::<Vec<_>>(), [mine.id]);
    let created = server.creation(&Sealed::opaque(&mine, 10), &scoped).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let refused = server.get(&format!("/v1/returns/{}", other.id), &scoped).await;
    assert_eq!(problem(refused).await.code(), "unknown-return");
    let open = server.request(Method::POST, "/v1/returns", &scoped).json(&a_return()).send().await.unwrap();
    assert_eq!(problem(open).await.code(), "forbidden");
}

#[tokio::test]
async fn a_cookie_reads_and_never_changes_anything() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let cookie = format!("clearshot_console={}", server.agent());
    let read = server.client.get(server.url(&format!("/v1/returns/{}", to.id))).header("Cookie", &cookie);
    assert_eq!(read.send().await.unwrap().status(), StatusCode::OK);
    let shopper = format!("clearshot_console={}", server.shopper());
    let write = server.client.post(server.url("/v1/returns")).header("Cookie", shopper).json(&a_return());
    assert_eq!(problem(write.send().await.unwrap()).await.code(), "unauthenticated");
}
