//! The musts of draft-ietf-httpbis-resumable-upload that a server has: a test each, named after the sentence.

use std::time::Duration;

use clearshot_protocol::Sha256Digest;
use clearshot_protocol::upload::MAX_UPLOAD_LENGTH;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::harness::{TestServer, header, location, offset};
use crate::wire::Wire;

const INTEROP: &str = "upload-draft-interop-version";
const PARTIAL_UPLOAD: &str = "application/partial-upload";

fn draft(server: &TestServer, method: Method, path: &str) -> RequestBuilder {
    server.request(method, path, &server.shopper()).header(INTEROP, "8")
}

fn creation(server: &TestServer, complete: bool) -> RequestBuilder {
    draft(server, Method::POST, "/v1/uploads").header("Upload-Complete", if complete { "?1" } else { "?0" })
}

/// An upload to which parts can be added.
async fn begun(server: &TestServer, first: &'static str) -> String {
    let response = send(creation(server, false).body(first)).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    location(&response)
}

fn append(server: &TestServer, place: &str, at: usize, complete: bool) -> RequestBuilder {
    draft(server, Method::PATCH, place)
        .header("Upload-Offset", at)
        .header("Upload-Complete", if complete { "?1" } else { "?0" })
        .header("Content-Type", PARTIAL_UPLOAD)
}

async fn head(server: &TestServer, place: &str) -> Response {
    send(draft(server, Method::HEAD, place)).await
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

fn complete(response: &Response) -> Option<String> {
    header(response, "upload-complete")
}

/// A body whose length is not told beforehand.
fn chunked(parts: &'static [&'static str]) -> reqwest::Body {
    let parts = parts.iter().map(|part| Ok::<_, std::io::Error>(*part));
    reqwest::Body::wrap_stream(futures_util::stream::iter(parts))
}

async fn type_of(response: Response) -> String {
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/problem+json"));
    let problem: Value = response.json().await.unwrap();
    let kind = problem["type"].as_str().unwrap();
    kind.strip_prefix("https://iana.org/assignments/http-problem-types#").unwrap_or(kind).to_owned()
}

// State

#[tokio::test]
async fn values_that_are_no_item_of_the_right_type_must_cause_the_field_to_be_ignored() {
    let server = TestServer::start().await;
    // Upload-Complete: it is an ordinary upload then, and complete.
    for value in ["1", "true", "\"?1\""] {
        let request =
            draft(&server, Method::POST, "/v1/uploads").header("Upload-Complete", value).body("abc");
        let response = send(request).await;
        assert_eq!((response.status(), complete(&response)), (StatusCode::CREATED, None), "{value}");
        assert_eq!(complete(&head(&server, &location(&response)).await).as_deref(), Some("?1"));
    }
    // Upload-Length: as if it were not there.
    for value in ["-3", "3.0", "?1", "three"] {
        let response = send(creation(&server, false).header("Upload-Length", value)).await;
        assert_eq!(header(&head(&server, &location(&response)).await, "upload-length"), None, "{value}");
    }
    // Upload-Offset: it is missing then.
    let place = begun(&server, "abc").await;
    for value in ["+3", "3.0", "three"] {
        let request = draft(&server, Method::PATCH, &place)
            .header("Upload-Offset", value)
            .header("Upload-Complete", "?0")
            .header("Content-Type", PARTIAL_UPLOAD)
            .body("def");
        assert_eq!(send(request).await.status(), StatusCode::BAD_REQUEST, "{value}");
    }
    assert_eq!(offset(&head(&server, &place).await), Some(3));
}

#[tokio::test]
async fn lengths_by_content_length_and_by_upload_length_must_match() {
    let server = TestServer::start().await;
    let response = send(creation(&server, true).header("Upload-Length", 4).body("abc")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(type_of(response).await, "inconsistent-upload-length");
    assert!(server.spool().is_empty(), "nothing was created");
}

#[tokio::test]
async fn lengths_of_several_requests_must_match() {
    let server = TestServer::start().await;
    let response = send(creation(&server, false).header("Upload-Length", 10).body("abc")).await;
    let place = location(&response);
    for request in [
        append(&server, &place, 3, false).header("Upload-Length", 11).body("d"),
        // By Content-Length it would have 4.
        append(&server, &place, 3, true).body("d"),
        append(&server, &place, 3, false).body("defghijk"),
    ] {
        let response = send(request).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(type_of(response).await, "inconsistent-upload-length");
    }
    let response = send(append(&server, &place, 3, true).body("defghij")).await;
    assert_eq!((response.status(), complete(&response).as_deref()), (StatusCode::NO_CONTENT, Some("?1")));
}

#[tokio::test]
async fn an_offset_that_matches_the_length_does_not_complete_an_upload() {
    let server = TestServer::start().await;
    let response = send(creation(&server, false).header("Upload-Length", 3).body("abc")).await;
    let place = location(&response);
    let state = head(&server, &place).await;
    assert_eq!((offset(&state), complete(&state).as_deref()), (Some(3), Some("?0")));
    let response = send(append(&server, &place, 3, true)).await;
    assert_eq!((response.status(), complete(&response).as_deref()), (StatusCode::NO_CONTENT, Some("?1")));
}

#[tokio::test]
async fn a_413_must_include_upload_limit() {
    let server = TestServer::start().await;
    let response = send(creation(&server, false).header("Upload-Length", MAX_UPLOAD_LENGTH + 1)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(header(&response, "upload-limit"), Some(format!("max-size={MAX_UPLOAD_LENGTH}")));
}

#[tokio::test]
async fn accept_patch_with_the_full_media_type_must_be_in_the_response_to_options() {
    let server = TestServer::start().await;
    let response = send(server.client.request(Method::OPTIONS, server.url("/v1/uploads"))).await;
    let accepted = header(&response, "accept-patch").unwrap();
    assert!(accepted.split(',').any(|one| one.trim() == PARTIAL_UPLOAD), "{accepted}");
    let limit = header(&response, "upload-limit").unwrap();
    assert_eq!(limit, format!("max-size={MAX_UPLOAD_LENGTH}, max-age=604800"));
}

// Creation

#[tokio::test]
async fn the_interim_response_must_include_the_location_the_limits_and_the_interop_version() {
    let server = TestServer::start().await;
    for (version, field, limit) in [
        ("3", ("upload-incomplete", "?0"), None),
        ("5", ("upload-complete", "?1"), None),
        ("6", ("upload-complete", "?1"), Some(format!("max-size={MAX_UPLOAD_LENGTH}, expires=604800"))),
        ("8", ("upload-complete", "?1"), Some(format!("max-size={MAX_UPLOAD_LENGTH}, max-age=604800"))),
        ("9", ("upload-complete", "?1"), Some(format!("max-size={MAX_UPLOAD_LENGTH}, max-age=604800"))),
    ] {
        let mut wire = Wire::open(&server).await;
        let headers = [(INTEROP, version), field, ("content-length", "6")];
        wire.ask(&server, "POST /v1/uploads", &headers).await;
        // It comes before a byte was sent.
        let interim = wire.next().await;
        assert_eq!((interim.status, interim.header(INTEROP)), (104, Some(version)));
        let place = interim.header("location").unwrap().to_owned();
        assert_eq!(interim.header("upload-limit"), limit.as_deref());
        wire.send(b"abc").await;
        wire.send(b"def").await;
        let last = wire.last().await;
        assert_eq!((last.status, last.header("upload-offset")), (201, Some("6")));
        assert_eq!(last.header("location"), Some(place.as_str()), "all locations are the same");
        // The connection goes on as if nothing had been.
        wire.ask(&server, &format!("HEAD {place}"), &[(INTEROP, version)]).await;
        assert_eq!(wire.next().await.status, 204);
    }
}

#[tokio::test]
async fn no_interim_response_must_be_sent_when_the_interop_version_is_missing_or_mismatching() {
    let server = TestServer::start().await;
    for version in [None, Some("2"), Some("4"), Some("7"), Some("10"), Some("x")] {
        let mut wire = Wire::open(&server).await;
        let mut headers = vec![("upload-complete", "?1"), ("content-length", "3")];
        headers.extend(version.map(|version| (INTEROP, version)));
        wire.ask(&server, "POST /v1/uploads", &headers).await;
        wire.send(b"abc").await;
        let only = wire.next().await;
        // An ordinary upload, and never 412.
        assert_eq!((only.status, only.header("upload-complete")), (201, None), "{version:?}");
    }
}

#[tokio::test]
async fn no_interim_response_is_sent_to_a_client_of_http_1_0() {
    let server = TestServer::start().await;
    let mut wire = Wire::open(&server).await;
    let head = format!(
        "POST /v1/uploads HTTP/1.0\r\nAuthorization: Bearer {}\r\n{INTEROP}: 8\r\nUpload-Complete: ?1\r\n\
         Content-Length: 3\r\n\r\nabc",
        server.shopper()
    );
    wire.send(head.as_bytes()).await;
    assert_eq!(wire.next().await.status, 201);
}

#[tokio::test]
async fn the_100_must_not_be_omitted_because_a_104_was_sent() {
    let server = TestServer::start().await;
    let mut wire = Wire::open(&server).await;
    let headers =
        [(INTEROP, "8"), ("upload-complete", "?1"), ("content-length", "3"), ("expect", "100-continue")];
    wire.ask(&server, "POST /v1/uploads", &headers).await;
    let mut interim = [wire.next().await.status, wire.next().await.status];
    interim.sort_unstable();
    assert_eq!(interim, [100, 104]);
    wire.send(b"abc").await;
    assert_eq!(wire.next().await.status, 201);
}

#[tokio::test]
async fn an_incomplete_creation_must_be_answered_with_location_and_limits() {
    let server = TestServer::start().await;
    for body in ["", "abc"] {
        let response = send(creation(&server, false).body(body)).await;
        assert_eq!((response.status(), complete(&response).as_deref()), (StatusCode::CREATED, Some("?0")));
        assert!(header(&response, "upload-limit").unwrap().contains("max-age="));
        assert_eq!(offset(&head(&server, &location(&response)).await), Some(body.len() as u64));
    }
}

#[tokio::test]
async fn a_complete_creation_is_an_upload_that_is_complete() {
    let server = TestServer::start().await;
    for body in [reqwest::Body::from("abcdef"), chunked(&["abc", "def"])] {
        let response = send(creation(&server, true).body(body)).await;
        assert_eq!((response.status(), complete(&response).as_deref()), (StatusCode::CREATED, Some("?1")));
        let state = head(&server, &location(&response)).await;
        assert_eq!((offset(&state), complete(&state).as_deref()), (Some(6), Some("?1")));
        assert_eq!(header(&state, "upload-length").as_deref(), Some("6"));
    }
}

#[tokio::test]
async fn the_length_must_be_recorded_by_upload_length_or_by_completeness() {
    let server = TestServer::start().await;
    let response = send(creation(&server, false).header("Upload-Length", 10).body("abc")).await;
    let place = location(&response);
    assert_eq!(header(&head(&server, &place).await, "upload-length").as_deref(), Some("10"));

    let mut wire = Wire::open(&server).await;
    let headers = [(INTEROP, "8"), ("upload-complete", "?1"), ("content-length", "9")];
    wire.ask(&server, "POST /v1/uploads", &headers).await;
    let place = wire.next().await.header("location").unwrap().to_owned();
    assert_eq!(header(&head(&server, &place).await, "upload-length").as_deref(), Some("9"));

    let place = begun(&server, "abc").await;
    send(append(&server, &place, 3, false).header("Upload-Length", 12).body("d")).await;
    assert_eq!(header(&head(&server, &place).await, "upload-length").as_deref(), Some("12"));
}

#[tokio::test]
async fn an_interrupted_upload_must_not_be_considered_complete_and_keeps_what_came() {
    let server = TestServer::start().await;
    let mut wire = Wire::open(&server).await;
    let headers = [(INTEROP, "8"), ("upload-complete", "?1"), ("content-length", "9")];
    wire.ask(&server, "POST /v1/uploads", &headers).await;
    let place = wire.next().await.header("location").unwrap().to_owned();
    wire.send(b"abc").await;
    tokio::io::AsyncWriteExt::shutdown(&mut wire.socket).await.unwrap();
    let broken = wire.last().await;
    assert_eq!((broken.status, broken.header("upload-complete")), (400, Some("?0")));
    let state = head(&server, &place).await;
    assert_eq!((offset(&state), complete(&state).as_deref()), (Some(3), Some("?0")));
    let response = send(append(&server, &place, 3, true).body("defghi")).await;
    assert_eq!(complete(&response).as_deref(), Some("?1"));
    assert_eq!(std::fs::read(&server.spool()[0]).unwrap(), b"abcdefghi");
}

// Offset retrieval

#[tokio::test]
async fn a_head_response_must_include_offset_completeness_length_and_limits() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server, false).header("Upload-Length", 10).body("abc")).await);
    let state = head(&server, &place).await;
    assert_eq!(state.status(), StatusCode::NO_CONTENT);
    assert_eq!((offset(&state), complete(&state).as_deref()), (Some(3), Some("?0")));
    assert_eq!(header(&state, "upload-length").as_deref(), Some("10"));
    assert!(
        header(&state, "upload-limit")
            .unwrap()
            .starts_with(&format!("max-size={MAX_UPLOAD_LENGTH}, max-age="))
    );
    assert_eq!(header(&state, "cache-control").as_deref(), Some("no-store"));
}

#[tokio::test]
async fn the_offset_must_be_accepted_in_the_next_append() {
    let server = TestServer::start().await;
    let mut wire = Wire::open(&server).await;
    let headers = [(INTEROP, "8"), ("upload-complete", "?1"), ("content-length", "600000")];
    wire.ask(&server, "POST /v1/uploads", &headers).await;
    let place = wire.next().await.header("location").unwrap().to_owned();
    wire.send(&vec![7; 300_000]).await;
    // The one who writes is ended, so that the answer stays true.
    let at = offset(&head(&server, &place).await).unwrap() as usize;
    let rest = vec![7; 600_000 - at];
    let response = send(append(&server, &place, at, true).body(rest)).await;
    assert_eq!((response.status(), complete(&response).as_deref()), (StatusCode::NO_CONTENT, Some("?1")));
    let ended = wire.last().await;
    assert_eq!((ended.status, ended.header("upload-complete")), (409, Some("?0")));
}

// Append

#[tokio::test]
async fn parts_are_appended_until_one_says_that_it_is_the_last() {
    let server = TestServer::start().await;
    let place = begun(&server, "ab").await;
    for (at, body, last) in [(2, "cd", false), (4, "", false), (4, "ef", false), (6, "", true)] {
        let response = send(append(&server, &place, at, last).body(body)).await;
        let expected = if last { "?1" } else { "?0" };
        assert_eq!(
            (response.status(), complete(&response).as_deref()),
            (StatusCode::NO_CONTENT, Some(expected))
        );
    }
    assert_eq!(std::fs::read(&server.spool()[0]).unwrap(), b"abcdef");
}

#[tokio::test]
async fn an_offset_that_does_not_match_must_be_rejected_by_409_with_the_correct_one() {
    let server = TestServer::start().await;
    let place = begun(&server, "abc").await;
    let response = send(append(&server, &place, 5, true).body("def")).await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::CONFLICT, Some(3)));
    assert_eq!(complete(&response).as_deref(), Some("?0"));
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#mismatching-upload-offset");
    assert_eq!(
        (problem["expected-offset"].as_u64(), problem["provided-offset"].as_u64()),
        (Some(3), Some(5))
    );
    assert_eq!(offset(&head(&server, &place).await), Some(3), "nothing was appended");
}

#[tokio::test]
async fn a_complete_upload_must_not_be_modified_and_the_request_be_rejected() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server, true).body("abc")).await);
    for (at, body, kind) in [
        (3, "d", "inconsistent-upload-length"),
        (0, "abc", "inconsistent-upload-length"),
        (3, "", "completed-upload"),
    ] {
        let response = send(append(&server, &place, at, true).body(body)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{at} {body}");
        assert_eq!(type_of(response).await, kind);
    }
    let state = head(&server, &place).await;
    assert_eq!((offset(&state), complete(&state).as_deref()), (Some(3), Some("?1")));
}

#[tokio::test]
async fn an_append_must_say_its_completeness_and_have_the_media_type() {
    let server = TestServer::start().await;
    let place = begun(&server, "abc").await;
    let bare = || draft(&server, Method::PATCH, &place).header("Upload-Offset", 3).body("d");
    let response = send(bare().header("Content-Type", PARTIAL_UPLOAD)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let response = send(bare().header("Upload-Complete", "?0").header("Content-Type", "text/plain")).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(offset(&head(&server, &place).await), Some(3));
}

#[tokio::test]
async fn an_offset_beyond_the_length_must_be_rejected_and_the_upload_be_invalid() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server, false).header("Upload-Length", 5).body("abc")).await);
    // No Content-Length gives it away.
    let response = send(append(&server, &place, 3, false).body(chunked(&["d", "ef", "g"]))).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(type_of(response).await, "inconsistent-upload-length");
    assert_eq!(head(&server, &place).await.status(), StatusCode::GONE);
    let response = send(append(&server, &place, 3, true).body("de")).await;
    assert_eq!(response.status(), StatusCode::GONE);
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn a_last_body_that_is_too_short_for_the_length_is_inconsistent_and_kept() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server, false).header("Upload-Length", 9).body("abc")).await);
    let response = send(append(&server, &place, 3, true).body(chunked(&["de"]))).await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::BAD_REQUEST, Some(5)));
    let state = head(&server, &place).await;
    assert_eq!((offset(&state), complete(&state).as_deref()), (Some(5), Some("?0")));
}

#[tokio::test]
async fn progress_is_told_by_interim_responses_which_must_not_include_a_location() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::start_with(folder, |config| config.checkpoint_interval = Duration::ZERO).await;
    let place = begun(&server, "abc").await;
    let mut wire = Wire::open(&server).await;
    let headers = [
        (INTEROP, "8"),
        ("upload-complete", "?1"),
        ("upload-offset", "3"),
        ("content-type", PARTIAL_UPLOAD),
        ("content-length", "6"),
    ];
    wire.ask(&server, &format!("PATCH {place}"), &headers).await;
    wire.send(b"def").await;
    let interim = wire.next().await;
    assert_eq!((interim.status, interim.header("upload-offset")), (104, Some("6")));
    assert_eq!((interim.header("location"), interim.header(INTEROP)), (None, Some("8")));
    wire.send(b"ghi").await;
    let last = wire.last().await;
    assert_eq!((last.status, last.header("upload-complete")), (204, Some("?1")));
}

// Cancellation

#[tokio::test]
async fn a_cancelled_upload_is_gone() {
    let server = TestServer::start().await;
    let place = begun(&server, "abc").await;
    assert_eq!(send(draft(&server, Method::DELETE, &place)).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(head(&server, &place).await.status(), StatusCode::GONE);
    assert!(server.spool().is_empty());
}

// Digests

#[tokio::test]
async fn a_representation_with_another_digest_is_a_failed_upload() {
    let server = TestServer::start().await;
    let with = |digest: Sha256Digest| creation(&server, true).header("Repr-Digest", digest.to_repr_digest());
    let response = send(with(Sha256Digest::of(b"abc")).body("abc")).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let response = send(with(Sha256Digest::of(b"abd")).body("abc")).await;
    // All bytes came: sending them again would not help.
    assert_eq!((response.status().as_u16(), complete(&response).as_deref()), (460, Some("?1")));
    assert_eq!(head(&server, &location(&response)).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn content_with_another_digest_is_not_appended() {
    let server = TestServer::start().await;
    let place = begun(&server, "abc").await;
    let with = |digest: Sha256Digest| {
        append(&server, &place, 3, true).header("Content-Digest", digest.to_repr_digest()).body("def")
    };
    let response = send(with(Sha256Digest::of(b"deg"))).await;
    assert_eq!((response.status().as_u16(), offset(&response)), (460, Some(3)));
    assert_eq!(complete(&response).as_deref(), Some("?0"), "it can be sent again");
    assert_eq!(offset(&head(&server, &place).await), Some(3));
    let response = send(with(Sha256Digest::of(b"def"))).await;
    assert_eq!((response.status(), complete(&response).as_deref()), (StatusCode::NO_CONTENT, Some("?1")));
}

// Versions

#[tokio::test]
async fn interop_version_3_says_completeness_by_its_opposite() {
    let server = TestServer::start().await;
    let three = |method, path: &str| server.request(method, path, &server.shopper()).header(INTEROP, "3");
    let response =
        send(three(Method::POST, "/v1/uploads").header("Upload-Incomplete", "?1").body("abc")).await;
    let place = location(&response);
    assert_eq!(header(&response, "upload-incomplete").as_deref(), Some("?1"));
    let state = send(three(Method::HEAD, &place)).await;
    assert_eq!((offset(&state), header(&state, "upload-incomplete").as_deref()), (Some(3), Some("?1")));
    assert_eq!(complete(&state), None);
    // No media type is asked for before version 6.
    let last =
        three(Method::PATCH, &place).header("Upload-Offset", 3).header("Upload-Incomplete", "?0").body("def");
    let response = send(last).await;
    assert_eq!(header(&response, "upload-incomplete").as_deref(), Some("?0"));
}

#[tokio::test]
async fn an_upload_can_go_on_in_the_other_protocol() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server, false).header("Upload-Length", 9).body("abc")).await);
    let response = send(server.patch(&place, 3, "def")).await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(6)));
    let response = send(append(&server, &place, 6, true).body("ghi")).await;
    assert_eq!(complete(&response).as_deref(), Some("?1"));
    assert_eq!(offset(&server.head(&place).await), Some(9));
}

#[tokio::test]
async fn the_address_of_an_upload_is_for_clients_that_say_what_they_speak() {
    let server = TestServer::start().await;
    let place = begun(&server, "abc").await;
    for (version, status) in [(None, 412), (Some("7"), 400)] {
        let request = server.request(Method::HEAD, &place, &server.shopper());
        let request =
            version.map(|version| request.try_clone().unwrap().header(INTEROP, version)).unwrap_or(request);
        assert_eq!(send(request).await.status().as_u16(), status);
    }
}

#[tokio::test]
async fn an_ordinary_upload_that_breaks_off_leaves_nothing() {
    let server = TestServer::start().await;
    let mut wire = Wire::open(&server).await;
    wire.ask(&server, "POST /v1/uploads", &[("content-length", "9")]).await;
    wire.send(b"abc").await;
    tokio::io::AsyncWriteExt::shutdown(&mut wire.socket).await.unwrap();
    assert_eq!(wire.next().await.status, 400);
    assert!(server.spool().is_empty());
}
