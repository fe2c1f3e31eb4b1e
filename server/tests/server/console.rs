use std::time::Duration;

use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{CreateReturnRequest, ReturnView};
use clearshot_protocol::manifest::{Override, VerdictCode};
use clearshot_server::Role;
use reqwest::{Method, Response, StatusCode};

use crate::harness::{SKU, Sealed, TestServer, a_return, capture, header, manifest, picture, seal};

pub(crate) async fn log_in(server: &TestServer) -> String {
    let link = server.running.one_time_login(Timestamp::now()).await.unwrap();
    let response = server.client.get(link).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    header(&response, "set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

async fn get(server: &TestServer, path: &str, cookie: &str) -> Response {
    server.client.get(server.url(path)).header("Cookie", cookie).send().await.unwrap()
}

pub(crate) async fn page(server: &TestServer, path: &str, cookie: &str) -> String {
    let response = get(server, path, cookie).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    assert_eq!(header(&response, "content-type").as_deref(), Some("text/html; charset=utf-8"));
    response.text().await.unwrap()
}

#[tokio::test]
async fn a_login_link_is_good_once_and_for_ten_minutes() {
    let server = TestServer::start().await;
    let link = server.running.one_time_login(Timestamp::now()).await.unwrap();
    let first = server.client.get(link.clone()).send().await.unwrap();
    let cookie = header(&first, "set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let second = server.client.get(link).send().await.unwrap();
    assert_eq!(second.status(), StatusCode::UNAUTHORIZED);
    assert!(!second.headers().contains_key("set-cookie"));

    let late = server.running.one_time_login(Timestamp::now()).await.unwrap();
    server.pass(Duration::from_secs(601));
    assert_eq!(server.client.get(late).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_login_link_made_from_the_folder_beside_the_running_server_is_good() {
    let server = TestServer::start().await;
    let base = server.running.base_url().unwrap();
    let link = clearshot_server::one_time_login(server.data(), &base, Timestamp::now()).await.unwrap();
    assert_eq!(server.client.get(link.clone()).send().await.unwrap().status(), StatusCode::OK);
    let code = link.query().unwrap().trim_start_matches("code=").to_owned();
    for path in crate::harness::files(server.data()) {
        let bytes = std::fs::read(path).unwrap();
        assert!(
            !bytes.windows(code.len()).any(|window| window == code.as_bytes()),
            "only its digest is kept"
        );
    }
}

#[tokio::test]
async fn who_is_not_logged_in_is_led_to_the_login_page() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let shopper = format!("clearshot_console={}", server.shopper());
    for cookie in ["", "clearshot_console=nonsense", &shopper] {
        for path in ["/console".to_owned(), format!("/console/returns/{}", to.id)] {
            let response = get(&server, &path, cookie).await;
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(header(&response, "location").as_deref(), Some("/console/login"));
        }
    }
}

#[tokio::test]
async fn an_agents_token_logs_in_by_the_form_and_no_other_does() {
    let server = TestServer::start().await;
    let send = async |token: &str| {
        let request = server.client.post(server.url("/console/login"));
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(format!("token={token}"))
            .send()
            .await
            .unwrap()
    };
    let good = send(&server.agent()).await;
    let cookie = header(&good, "set-cookie").unwrap().split(';').next().unwrap().to_owned();
    page(&server, "/console", &cookie).await;
    let scoped = server.mint(Role::Agent, "kim", Some(server.open_return().await.id));
    for (token, status) in [(server.shopper(), 403), (scoped, 403), ("nonsense".to_owned(), 401)] {
        let refused = send(&token).await;
        assert_eq!(refused.status().as_u16(), status);
        assert!(!refused.headers().contains_key("set-cookie"));
        assert!(refused.text().await.unwrap().contains("role=\"alert\""));
    }
    let out =
        server.request(Method::POST, "/console/logout", "").header("Cookie", cookie).send().await.unwrap();
    assert!(header(&out, "set-cookie").unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn the_list_shows_what_waits_and_filters_by_status() {
    let server = TestServer::start().await;
    let cookie = log_in(&server).await;
    assert!(page(&server, "/console", &cookie).await.contains("No returns here"));
    let ready = server.open_return().await;
    server.upload_and_check(&capture(&server, &ready)).await;
    server.open_return().await;
    let list = page(&server, "/console", &cookie).await;
    assert_eq!(list.matches("<article").count(), 2);
    for part in [
        "Order ORDER-7731-X",
        "Stoneware mug, blue · Desk lamp",
        "In review",
        "2 items, 1 photo",
        "/thumbnail",
    ] {
        assert!(list.contains(part), "{part}");
    }
    let filtered = page(&server, "/console?status=in_review", &cookie).await;
    assert_eq!(filtered.matches("<article").count(), 1);
    assert!(filtered.contains(&format!("/console/returns/{}", ready.id)));
    assert_eq!(get(&server, "/console?status=lost", &cookie).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_return_shows_both_verdicts_overrides_retakes_and_what_happened() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let older = capture(&server, &to);
    server.upload_and_check(&older).await;
    let (photo, thumbnail, width, height) = picture();
    let mut made = manifest(&to, &photo, width, height);
    made.supersedes = Some(older.metadata.capture);
    made.analysis.verdict = VerdictCode::Retake;
    made.analysis.reasons = vec!["too_dark".to_owned()];
    made.kept_anyway = Some(Override { asks: 2, reasons: vec!["too_dark".to_owned()] });
    let kept = seal(&server.running.recipient(), &made, &thumbnail, &photo);
    server.upload_and_check(&kept).await;
    server.upload_and_check(&Sealed::opaque(&to, 5000)).await;

    let cookie = log_in(&server).await;
    let shown = page(&server, &format!("/console/returns/{}", to.id), &cookie).await;
    for part in [
        "<html lang=\"en\">",
        "class=\"skip\"",
        "<main",
        "aria-label=\"Where you are\"",
        "Kept anyway",
        "after 2 requests for another: too dark",
        "<dt>Phone</dt>",
        "<dt>Server</dt>",
        "Earlier takes",
        "Photo accepted",
        "Photo replaced by a retake",
        "The bytes are not sealed as a capture is.",
        &format!("SKU {SKU}"),
        "alt=\"Defect photo of Stoneware mug, blue\"",
        "No photo of this item yet.",
        "aria-label=\"Sharpness\"",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert_eq!(shown.matches("<h1").count(), 1);

    let full = page(&server, &format!("/console/evidence/{}", kept.metadata.capture), &cookie).await;
    for part in [
        "<th scope=\"col\">Phone</th>",
        "Sharpness score",
        "an earlier take",
        "/photo\"",
        &kept.metadata.sha256.to_string(),
    ] {
        assert!(full.contains(part), "{part}");
    }
    let missing = get(&server, &format!("/console/evidence/{}", to.id), &cookie).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_shopper_or_a_phone_says_never_becomes_markup() {
    let server = TestServer::start().await;
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let mut request: CreateReturnRequest = a_return();
    request.order = hostile.to_owned();
    request.items[0].title = hostile.to_owned();
    request.items[1].sku = hostile.to_owned();
    let response =
        server.request(Method::POST, "/v1/returns", &server.shopper()).json(&request).send().await.unwrap();
    let to: ReturnView = response.json().await.unwrap();
    let (photo, thumbnail, width, height) = picture();
    let mut made = manifest(&to, &photo, width, height);
    made.analysis.reasons = vec![hostile.to_owned()];
    made.analysis.policy_hash = hostile.to_owned();
    made.analysis.report = serde_json::json!({ "sharpness": { "state": hostile } });
    made.kept_anyway = Some(Override { asks: 1, reasons: vec![hostile.to_owned()] });
    let sealed = seal(&server.running.recipient(), &made, &thumbnail, &photo);
    server.upload_and_check(&sealed).await;

    let cookie = log_in(&server).await;
    let paths = [
        "/console".to_owned(),
        format!("/console/returns/{}", to.id),
        format!("/console/evidence/{}", sealed.metadata.capture),
    ];
    for path in paths {
        let shown = page(&server, &path, &cookie).await;
        assert!(shown.contains("&lt;script&gt;"), "{path} shows it as text");
        assert!(!shown.contains("<script") && !shown.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn pages_forbid_scripts_framing_sniffing_and_caching() {
    let server = TestServer::start().await;
    let cookie = log_in(&server).await;
    let response = get(&server, "/console", &cookie).await;
    let policy = header(&response, "content-security-policy").unwrap();
    for part in ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
    assert_eq!(header(&response, "x-content-type-options").as_deref(), Some("nosniff"));
    assert_eq!(header(&response, "referrer-policy").as_deref(), Some("no-referrer"));
    assert_eq!(header(&response, "cache-control").as_deref(), Some("private, no-store"));
    let style = get(&server, "/console/style.css", "").await;
    assert_eq!(header(&style, "content-type").as_deref(), Some("text/css; charset=utf-8"));
}
