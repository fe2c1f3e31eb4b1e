use clearshot_protocol::api::{Page, ReturnStatus, ReturnView};
use clearshot_protocol::{ReturnId, ReturnItemId};
use clearshot_server::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ORDER, SKU, TestServer, a_return, capture, header, problem};

#[tokio::test]
async fn a_return_is_read_back_as_it_was_opened() {
    let server = TestServer::start().await;
    let token = server.shopper();
    let response =
        server.request(Method::POST, "/v1/returns", &token).json(&a_return()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = header(&response, "location").unwrap();
    let opened: ReturnView = response.json().await.unwrap();
    assert_eq!((opened.order.as_str(), opened.status), (ORDER, ReturnStatus::Submitted));
    assert_eq!(opened.items[0].id, ReturnItemId::of(opened.id, SKU));
    assert_eq!(opened.items[1].quantity, 2);
    assert_eq!(server.get_json::<ReturnView>(&location, &token).await, opened);
}

#[tokio::test]
async fn the_same_key_and_request_give_the_same_return_and_another_request_is_refused() {
    let server = TestServer::start().await;
    let open = async |token: &str, key: &str, request: &Value| {
        server
            .request(Method::POST, "/v1/returns", token)
            .header("Idempotency-Key", key)
            .json(request)
            .send()
            .await
            .unwrap()
    };
    let request = serde_json::to_value(a_return()).unwrap();
    let first: ReturnView = open(&server.shopper(), "a", &request).await.json().await.unwrap();
    let again = open(&server.shopper(), "a", &request).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.json::<ReturnView>().await.unwrap(), first);

    let mut other = request.clone();
    other["order"] = json!("another");
    let refused = open(&server.shopper(), "a", &other).await;
    assert_eq!(problem(refused).await.code(), "idempotency-conflict");

    let somebody = server.mint(Role::Shopper, "bob", None);
    let theirs: ReturnView = open(&somebody, "a", &request).await.json().await.unwrap();
    assert_ne!(theirs.id, first.id, "a key belongs to who sent it");
}

#[tokio::test]
async fn of_many_equal_requests_at_once_one_opens_a_return() {
    let server = TestServer::start().await;
    let requests = (0..16).map(|_| {
        let request = server
            .request(Method::POST, "/v1/returns", &server.shopper())
            .header("Idempotency-Key", "storm")
            .json(&a_return());
        tokio::spawn(async move { request.send().await.unwrap().json::<ReturnView>().await.unwrap().id })
    });
    let requests: Vec<_> = requests.collect();
    let mut ids = std::collections::HashSet::new();
    for request in requests {
        ids.insert(request.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_list_goes_through_all_pages_in_both_orders_without_gaps() {
    let server = TestServer::start().await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        opened.push(server.open_return().await.id);
    }
    for (order, expected) in
        [("oldest", opened.clone()), ("newest", opened.iter().rev().copied().collect::<Vec<_>>())]
    {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/returns?limit=2&order={order}{cursor}");
            let page: Page<ReturnView> = server.get_json(&path, &server.shopper()).await;
            assert!(page.entries.len() <= 2);
            seen.extend(page.entries.iter().map(|one| one.id));
            match page.next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let (mut seen, mut expected) = (seen, expected);
        if order == "oldest" {
            assert!(seen.is_sorted());
        } else {
            assert!(seen.iter().rev().is_sorted());
        }
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn a_list_shows_only_the_wanted_status() {
    let server = TestServer::start().await;
    let (waiting, ready) = (server.open_return().await, server.open_return().await);
    server.upload_and_check(&capture(&server, &ready)).await;
    let ids = async |status: &str| -> Vec<ReturnId> {
        let path = format!("/v1/returns?status={status}");
        let page: Page<ReturnView> = server.get_json(&path, &server.shopper()).await;
        page.entries.iter().map(|one| one.id).collect()
    };
    assert_eq!(ids("submitted").await, [waiting.id]);
    assert_eq!(ids("in_review").await, [ready.id]);
    assert!(ids("closed").await.is_empty());
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_what_is_wrong() {
    let server = TestServer::start().await;
    let good = serde_json::to_value(a_return()).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let cases = [
        (with(&|request| request["order"] = json!("")), 422, "order is empty"),
        (with(&|request| request["order"] = json!("é".repeat(129))), 422, "129 characters"),
        (with(&|request| request["items"] = json!([])), 422, "1 to 100"),
        (with(&|request| request["items"][1]["sku"] = json!(SKU)), 422, "items[1].sku"),
        (with(&|request| request["items"][0]["quantity"] = json!(0)), 422, "quantity"),
        (with(&|request| request["items"][0]["quantity"] = json!(-1)), 422, "quantity"),
        (with(&|request| request["items"][0]["reason"] = json!("bored")), 422, "bored"),
        (with(&|request| request["owner"] = json!("eve")), 422, "owner"),
        (json!([1, 2]), 422, ""),
    ];
    for (request, status, part) in cases {
        let response = server
            .request(Method::POST, "/v1/returns", &server.shopper())
            .json(&request)
            .send()
            .await
            .unwrap();
        let problem = problem(response).await;
        assert_eq!((problem.status, problem.code()), (status, "invalid-field"), "{request}");
        assert!(problem.detail.as_deref().unwrap().contains(part), "{part}: {problem:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused() {
    let server = TestServer::start().await;
    let send = async |media_type: &str, body: String| {
        let request = server.request(Method::POST, "/v1/returns", &server.shopper());
        problem(request.header("Content-Type", media_type).body(body).send().await.unwrap()).await
    };
    assert_eq!(send("application/json", "{\"order\":".to_owned()).await.code(), "invalid-request");
    assert_eq!(send("text/plain", "{}".to_owned()).await.code(), "unsupported-media-type");
    let large = format!("{{\"order\": \"{}\"}}", "x".repeat(200_000));
    assert_eq!(send("application/json", large).await.code(), "too-large");
}

#[tokio::test]
async fn a_service_opens_a_return_for_a_shopper_and_a_shopper_for_nobody_else() {
    let server = TestServer::start().await;
    let open = |token: &str| {
        server
            .request(Method::POST, "/v1/returns", token)
            .header("Clearshot-Shopper", "ada")
            .json(&a_return())
    };
    let service = server.mint(Role::Service, "shop", None);
    let opened: ReturnView = open(&service).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/returns/{}", opened.id);
    assert_eq!(server.get_json::<ReturnView>(&path, &server.shopper()).await.id, opened.id);

    let eve = server.mint(Role::Shopper, "eve", None);
    assert_eq!(problem(open(&eve).send().await.unwrap()).await.code(), "forbidden");
    assert_eq!(problem(server.get(&path, &eve).await).await.code(), "unknown-return");
}
