//! What a server's refusals become, and that nobody else's word is taken for the server's.

mod support;

use std::time::Duration;

use clearshot_capture::{Outcome, Step, UploadRequest};
use support::*;

async fn outcome_of(step: &Step, answer: &str) -> Outcome {
    let server = Server::answering(answer).await;
    perform(&server.performer(), step, &bytes(step.length as usize)).await
}

async fn refused(step: &Step, answer: &str) -> (u16, String, String, Option<Duration>) {
    match outcome_of(step, answer).await {
        Outcome::Refused { status, code, detail, retry_after } => (status, code, detail, retry_after),
        other => panic!("{other:?}"),
    }
}

async fn is_fault(step: &Step, answer: &str) -> String {
    match outcome_of(step, answer).await {
        Outcome::NetworkFault { detail } => detail,
        other => panic!("{answer}: {other:?}"),
    }
}

#[tokio::test]
async fn a_problem_is_passed_on_with_its_code_and_detail() {
    let photo = bytes(1_000);
    for (status, code) in [
        ("401 Unauthorized", "token-expired"),
        ("404 Not Found", "unknown-upload"),
        ("410 Gone", "upload-gone"),
        ("413 Content Too Large", "too-large"),
        ("415 Unsupported Media Type", "unsupported-media-type"),
        ("422 Unprocessable Content", "idempotency-conflict"),
        ("460 Checksum Mismatch", "digest-mismatch"),
        ("507 Insufficient Storage", "storage-full"),
    ] {
        let answer = problem(status, code, "");
        let number: u16 = status[..3].parse().unwrap();
        for step in [create(&photo), append(1_000, 0, 1_000), step(1_000, UploadRequest::Confirm)] {
            assert_eq!(
                refused(&step, &answer).await,
                (number, code.to_owned(), format!("because of {code}"), None)
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_without_a_problem_still_has_a_code() {
    let (status, code, detail, _) = refused(&ask_offset(10), &tus("404 Not Found", "")).await;
    assert_eq!((status, code.as_str()), (404, "http-404"));
    assert_eq!(detail, "the server answered 404 Not Found");
}

#[tokio::test]
async fn a_conflict_with_an_offset_tells_the_offset() {
    let answer = problem("409 Conflict", "offset-mismatch", "Upload-Offset: 300\r\nTus-Resumable: 1.0.0\r\n");
    assert_eq!(outcome_of(&append(1_000, 500, 500), &answer).await, Outcome::Offset { offset: 300 });
    let beyond = problem("409 Conflict", "offset-mismatch", "Upload-Offset: 1001\r\n");
    assert_eq!(refused(&append(1_000, 500, 500), &beyond).await.0, 409);
    // A creation has no address yet to which an offset could belong.
    assert_eq!(refused(&create(&bytes(1_000)), &answer).await.0, 409);
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    let step = append(10, 0, 10);
    for (headers, seconds) in [
        ("Retry-After: 7\r\n", Some(7)),
        ("Retry-After: 0\r\n", Some(0)),
        // Without the server's clock, against the phone's: 12:00:00.
        ("Retry-After: Sun, 01 Mar 2026 12:01:30 GMT\r\n", Some(90)),
        // The phone's clock is three hours off the server's.
        ("Date: Sun, 01 Mar 2026 15:00:00 GMT\r\nRetry-After: Sun, 01 Mar 2026 15:00:20 GMT\r\n", Some(20)),
        ("Retry-After: Sun, 01 Mar 2026 11:00:00 GMT\r\n", Some(0)),
        ("Retry-After: 99999999999999999999999\r\n", Some(24 * 60 * 60)),
        ("Retry-After: soon\r\n", None),
        ("Retry-After: -5\r\n", None),
        ("", None),
    ] {
        let answer = problem("503 Service Unavailable", "busy", headers);
        assert_eq!(refused(&step, &answer).await.3, seconds.map(Duration::from_secs), "{headers}");
    }
}

#[tokio::test]
async fn a_proxy_may_say_not_now_or_not_with_this_token() {
    let step = append(10, 0, 10);
    for (status, headers) in [
        ("502 Bad Gateway", ""),
        ("503 Service Unavailable", "Retry-After: 3\r\n"),
        ("504 Gateway Timeout", ""),
        ("429 Too Many Requests", "Retry-After: 3\r\n"),
        ("401 Unauthorized", "WWW-Authenticate: Bearer\r\n"),
    ] {
        let answer = http(status, &format!("Content-Type: text/html\r\n{headers}"), "<html>proxy</html>");
        let (number, code, _, _) = refused(&step, &answer).await;
        assert_eq!((number.to_string(), code), (status[..3].to_owned(), format!("http-{}", &status[..3])));
    }
}

#[tokio::test]
async fn a_page_in_the_servers_place_is_a_network_fault_whatever_its_status() {
    let photo = bytes(10);
    for status in [
        "200 OK",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "413 Too Large",
        "422 No",
        "511 Sign In",
    ] {
        let page = http(status, "Content-Type: text/html\r\n", "<html>Welcome to the hotel</html>");
        for step in [create(&photo), append(10, 0, 10), step(10, UploadRequest::Confirm)] {
            assert!(is_fault(&step, &page).await.contains("sign in"));
        }
    }
    // Headers that look right do not make it the server's.
    let page = http("201 Created", "Location: /v1/uploads/u1\r\nUpload-Offset: 10\r\n", "");
    is_fault(&create(&photo), &page).await;
}

#[tokio::test]
async fn a_redirect_is_a_network_fault_and_is_never_followed() {
    let elsewhere = Server::answering(&tus("200 OK", "Upload-Offset: 0\r\n")).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = http(status, &format!("Location: {}/login\r\n", elsewhere.url), "");
        for step in [create(&bytes(10)), ask_offset(10), step(10, UploadRequest::Confirm)] {
            assert!(is_fault(&step, &answer).await.contains("redirect"));
        }
    }
    assert!(elsewhere.seen().is_empty(), "the token went to another host");
}

#[tokio::test]
async fn an_upload_address_on_another_host_is_refused_and_gets_no_token() {
    let elsewhere = Server::answering(&tus("200 OK", "Upload-Offset: 0\r\n")).await;
    let answer =
        tus("201 Created", &format!("Location: {}/v1/uploads/u1\r\nUpload-Offset: 10\r\n", elsewhere.url));
    assert!(is_fault(&create(&bytes(10)), &answer).await.contains("another server"));

    // An address that was stored by another version is looked at again.
    let home = Server::answering(&tus("200 OK", "Upload-Offset: 0\r\n")).await;
    let location = format!("{}/v1/uploads/u1", elsewhere.url);
    let outcome = perform(&home.performer(), &step(10, UploadRequest::AskOffset { location }), &[]).await;
    assert!(matches!(outcome, Outcome::NetworkFault { .. }), "{outcome:?}");
    assert!(elsewhere.seen().is_empty() && home.seen().is_empty());
}

#[tokio::test]
async fn an_absolute_address_of_the_same_server_is_kept_without_its_host() {
    let server = Server::with(std::sync::Arc::new(|seen| {
        let host = seen.header("host").to_owned();
        reply(&tus(
            "201 Created",
            &format!("Location: http://{host}/v1/uploads/u1?k=2\r\nUpload-Offset: 10\r\n"),
        ))
    }))
    .await;
    let outcome = perform(&server.performer(), &create(&bytes(10)), &bytes(10)).await;
    assert_eq!(outcome, Outcome::Created { location: "/v1/uploads/u1?k=2".to_owned(), offset: 10 });
}

#[tokio::test]
async fn an_offset_that_cannot_be_is_not_believed() {
    for (step, answer) in [
        (append(1_000, 100, 200), tus("204 No Content", "Upload-Offset: 301\r\n")),
        (append(1_000, 100, 200), tus("204 No Content", "Upload-Offset: +300\r\n")),
        (append(1_000, 100, 200), tus("204 No Content", "Upload-Offset: \r\n")),
        (append(1_000, 100, 200), tus("204 No Content", "")),
        (ask_offset(1_000), tus("200 OK", "Upload-Offset: 1001\r\n")),
        (create(&bytes(10)), tus("201 Created", "Location: /v1/uploads/u1\r\nUpload-Offset: 11\r\n")),
        (create(&bytes(10)), tus("201 Created", "Upload-Offset: 10\r\n")),
    ] {
        is_fault(&step, &answer).await;
    }
    let other_version = http("204 No Content", "Tus-Resumable: 2.0.0\r\nUpload-Offset: 300\r\n", "");
    is_fault(&append(1_000, 100, 200), &other_version).await;
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let body = "x".repeat(2 * 1024 * 1024);
    let answer = http("200 OK", "Content-Type: application/json\r\n", &body);
    assert!(is_fault(&step(10, UploadRequest::Confirm), &answer).await.contains("longer"));
}
