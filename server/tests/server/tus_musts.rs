//! The musts of tus 1.0 (<https://tus.io/protocols/resumable-upload>) that a server has, and the shoulds that this one
//! promises: a test each, named after the sentence.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clearshot_protocol::upload::MAX_UPLOAD_LENGTH;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sha1::Digest as _;

use crate::harness::{Sealed, TestServer, header, location, offset, problem};

/// An upload of nothing in particular.
async fn plain(server: &TestServer, length: usize) -> String {
    let response = creation(server).header("Upload-Length", length).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    location(&response)
}

fn creation(server: &TestServer) -> RequestBuilder {
    server.tus(Method::POST, "/v1/uploads", &server.shopper())
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

// Core protocol

#[tokio::test]
async fn a_version_that_is_not_supported_must_be_answered_412_with_tus_version_and_not_be_processed() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    for version in ["0.2.2", "2.0.0", "", "1.0.0, 1.0.0"] {
        let response = send(
            server
                .request(Method::PATCH, &place, &server.shopper())
                .header("Tus-Resumable", version)
                .header("Upload-Offset", 0)
                .header("Content-Type", "application/offset+octet-stream")
                .body("abc"),
        )
        .await;
        assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED, "{version}");
        assert_eq!(header(&response, "tus-version").as_deref(), Some("1.0.0"));
    }
    assert_eq!(offset(&server.head(&place).await), Some(0));
}

#[tokio::test]
async fn tus_resumable_must_be_in_every_response() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    let unknown = "/v1/uploads/0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77";
    let responses = [
        send(creation(&server).header("Upload-Length", 10)).await,
        send(creation(&server)).await,
        server.head(&place).await,
        server.head(unknown).await,
        send(server.patch(&place, 0, "abc")).await,
        send(server.patch(&place, 9, "abc")).await,
        send(server.client.head(server.url(&place)).header("Tus-Resumable", "1.0.0")).await,
        send(server.tus(Method::DELETE, &place, &server.shopper())).await,
    ];
    for response in responses {
        assert_eq!(header(&response, "tus-resumable").as_deref(), Some("1.0.0"), "{response:?}");
    }
}

#[tokio::test]
async fn upload_offset_must_be_in_every_head_response_even_if_it_is_0_or_the_upload_is_complete() {
    let server = TestServer::start().await;
    let place = plain(&server, 3).await;
    assert_eq!(offset(&server.head(&place).await), Some(0));
    send(server.patch(&place, 0, "abc")).await;
    assert_eq!(offset(&server.head(&place).await), Some(3));
}

#[tokio::test]
async fn upload_length_must_be_in_the_head_response_if_the_size_is_known() {
    let server = TestServer::start().await;
    let place = plain(&server, 3).await;
    assert_eq!(header(&server.head(&place).await, "upload-length").as_deref(), Some("3"));
}

#[tokio::test]
async fn caching_of_the_head_response_must_be_prevented_by_no_store() {
    let server = TestServer::start().await;
    let place = plain(&server, 3).await;
    assert_eq!(header(&server.head(&place).await, "cache-control").as_deref(), Some("no-store"));
}

#[tokio::test]
async fn a_resource_that_is_not_found_should_be_answered_without_upload_offset() {
    let server = TestServer::start().await;
    let response = server.head("/v1/uploads/0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77").await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::NOT_FOUND, None));
    let response = send(server.patch("/v1/uploads/0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77", 0, "abc")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_patch_must_use_the_content_type_of_tus_or_is_answered_415() {
    let server = TestServer::start().await;
    let place = plain(&server, 3).await;
    for media_type in ["application/octet-stream", "application/partial-upload"] {
        let request = server
            .tus(Method::PATCH, &place, &server.shopper())
            .header("Upload-Offset", 0)
            .header("Content-Type", media_type)
            .body("abc");
        assert_eq!(send(request).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    assert_eq!(offset(&server.head(&place).await), Some(0));
}

#[tokio::test]
async fn offsets_that_do_not_match_must_be_answered_409_without_modifying_the_upload() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    send(server.patch(&place, 0, "abc")).await;
    for wrong in [0, 2, 4, 10, 11] {
        let response = send(server.patch(&place, wrong, "x")).await;
        assert_eq!((response.status(), offset(&response)), (StatusCode::CONFLICT, Some(3)), "{wrong}");
    }
    assert_eq!(offset(&server.head(&place).await), Some(3));
}

#[tokio::test]
async fn a_patch_must_be_acknowledged_by_204_and_the_sum_of_the_offset_and_the_bytes_received() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    for (at, bytes) in [(0, "abc"), (3, ""), (3, "defghi"), (9, "j")] {
        let response = send(server.patch(&place, at, bytes)).await;
        let sum = Some((at + bytes.len()) as u64);
        assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, sum));
    }
}

#[tokio::test]
async fn a_response_to_options_must_contain_tus_version() {
    let server = TestServer::start().await;
    for path in ["/v1/uploads", "/v1/uploads/0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77"] {
        let response = send(server.client.request(Method::OPTIONS, server.url(path))).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&response, "tus-version").as_deref(), Some("1.0.0"));
        assert_eq!(header(&response, "tus-max-size"), Some(MAX_UPLOAD_LENGTH.to_string()));
    }
}

#[tokio::test]
async fn the_method_override_must_be_interpreted_as_the_method_regardless_of_the_actual_one() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    for actual in [Method::POST, Method::GET, Method::PUT, Method::DELETE] {
        let at = offset(&server.head(&place).await).unwrap();
        let response = send(
            server
                .tus(actual.clone(), &place, &server.shopper())
                .header("X-HTTP-Method-Override", "PATCH")
                .header("Upload-Offset", at)
                .header("Content-Type", "application/offset+octet-stream")
                .body("a"),
        )
        .await;
        let next = (StatusCode::NO_CONTENT, Some(at + 1));
        assert_eq!((response.status(), offset(&response)), next, "{actual}");
    }
    let request = server
        .tus(Method::POST, &place, &server.shopper())
        .header("X-HTTP-Method-Override", "DELETE")
        .header("Content-Length", 0);
    assert_eq!(send(request).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
}

// Creation

#[tokio::test]
async fn a_creation_must_be_acknowledged_by_201_and_a_location() {
    let server = TestServer::start().await;
    let response = send(creation(&server).header("Upload-Length", 10)).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(server.head(&location(&response)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_length_beyond_the_maximum_must_be_answered_413() {
    let server = TestServer::start().await;
    let response = send(creation(&server).header("Upload-Length", MAX_UPLOAD_LENGTH + 1)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Also when it is declared later.
    let deferred = location(&send(creation(&server).header("Upload-Defer-Length", 1)).await);
    let response =
        send(server.patch(&deferred, 0, "abc").header("Upload-Length", MAX_UPLOAD_LENGTH + 1)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(server.spool().len() == 1, "the first one was never created");
}

#[tokio::test]
async fn a_length_must_be_declared_or_deferred_by_1_or_is_answered_400() {
    let server = TestServer::start().await;
    for headers in [&[][..], &[("Upload-Defer-Length", "0")], &[("Upload-Defer-Length", "yes")]] {
        let request =
            headers.iter().fold(creation(&server), |request, (name, value)| request.header(*name, *value));
        assert_eq!(send(request).await.status(), StatusCode::BAD_REQUEST, "{headers:?}");
    }
}

#[tokio::test]
async fn upload_defer_length_must_be_in_head_responses_as_long_as_the_length_is_not_known() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server).header("Upload-Defer-Length", 1)).await);
    send(server.patch(&place, 0, "abc")).await;
    let head = server.head(&place).await;
    assert_eq!(header(&head, "upload-defer-length").as_deref(), Some("1"));
    assert_eq!((header(&head, "upload-length"), offset(&head)), (None, Some(3)));

    let response = send(server.patch(&place, 3, "de").header("Upload-Length", 5)).await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(5)));
    let head = server.head(&place).await;
    assert_eq!(header(&head, "upload-defer-length"), None);
    assert_eq!(header(&head, "upload-length").as_deref(), Some("5"));
}

#[tokio::test]
async fn a_length_that_was_set_must_not_be_changed() {
    let server = TestServer::start().await;
    let place = location(&send(creation(&server).header("Upload-Defer-Length", 1)).await);
    send(server.patch(&place, 0, "abc").header("Upload-Length", 10)).await;
    let response = send(server.patch(&place, 3, "d").header("Upload-Length", 11)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let head = server.head(&place).await;
    assert_eq!((header(&head, "upload-length").as_deref(), offset(&head)), (Some("10"), Some(3)));
    // A length below what is there is none.
    let place = location(&send(creation(&server).header("Upload-Defer-Length", 1)).await);
    send(server.patch(&place, 0, "abc")).await;
    let response = send(server.patch(&place, 3, "").header("Upload-Length", 2)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn head_responses_must_include_the_metadata_as_the_client_specified_it() {
    let server = TestServer::start().await;
    for metadata in
        ["filename bXVnLmpwZw==,is_confidential", "filename bXVnLmpwZw==, filetype aW1hZ2UvanBlZw=="]
    {
        let request = creation(&server).header("Upload-Length", 3).header("Upload-Metadata", metadata);
        let place = location(&send(request).await);
        assert_eq!(header(&server.head(&place).await, "upload-metadata").as_deref(), Some(metadata));
    }
    let place = plain(&server, 3).await;
    assert_eq!(header(&server.head(&place).await, "upload-metadata"), None);
}

#[tokio::test]
async fn metadata_that_do_not_follow_the_syntax_are_refused() {
    let server = TestServer::start().await;
    for metadata in ["filename bXVn,filename bXVn", ",", "filename not*base64"] {
        let request = creation(&server).header("Upload-Length", 3).header("Upload-Metadata", metadata);
        assert_eq!(send(request).await.status(), StatusCode::BAD_REQUEST, "{metadata}");
    }
    assert!(server.spool().is_empty());
}

// Creation with upload

#[tokio::test]
async fn the_response_to_a_creation_with_upload_must_include_upload_offset() {
    let server = TestServer::start().await;
    let with = |media_type: &str, body: &'static str| {
        creation(&server).header("Upload-Length", 5).header("Content-Type", media_type).body(body)
    };
    let response = send(with("application/offset+octet-stream", "abc")).await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::CREATED, Some(3)));
    let response = send(server.patch(&location(&response), 3, "de")).await;
    assert_eq!(offset(&response), Some(5));
    let response = send(with("text/plain", "abc")).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

// Expiration

#[tokio::test]
async fn upload_expires_must_be_in_every_patch_response_and_in_that_to_the_creation() {
    let server = TestServer::start().await;
    let created = send(creation(&server).header("Upload-Length", 10)).await;
    let place = location(&created);
    let appended = send(server.patch(&place, 0, "abc")).await;
    for response in [created, appended, server.head(&place).await] {
        let expires = header(&response, "upload-expires").unwrap();
        let date = expires.parse::<DateOf>().unwrap().0;
        let left = date - clearshot_protocol::Timestamp::now().as_second();
        assert!((7 * 86_400 - 60..=7 * 86_400).contains(&left), "{expires}");
    }
}

/// A date as HTTP writes it, in seconds since 1970 UTC.
struct DateOf(i64);

impl std::str::FromStr for DateOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.ends_with(" GMT") {
            return Err(text.to_owned());
        }
        let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
        parsed.map(|at| Self(at.as_second())).map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn an_upload_that_has_expired_should_be_answered_410() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    send(server.patch(&place, 0, "abc")).await;
    server.pass(Duration::from_hours(7 * 24 - 1));
    let token = server.fresh_token();
    let head = send(server.tus(Method::HEAD, &place, &token)).await;
    assert_eq!(head.status(), StatusCode::OK);
    server.pass(Duration::from_hours(2));
    let token = server.fresh_token();
    let head = send(server.tus(Method::HEAD, &place, &token)).await;
    assert_eq!((head.status(), offset(&head)), (StatusCode::GONE, None));
}

// Checksum

#[tokio::test]
async fn tus_checksum_algorithm_must_be_in_the_response_to_options_and_sha1_be_among_them() {
    let server = TestServer::start().await;
    let response = send(server.client.request(Method::OPTIONS, server.url("/v1/uploads"))).await;
    let algorithms = header(&response, "tus-checksum-algorithm").unwrap();
    assert_eq!(algorithms, "sha1,sha256,crc32c");
    assert!(header(&response, "tus-extension").unwrap().split(',').any(|one| one == "checksum"));
}

fn checksum(algorithm: &str, bytes: &[u8]) -> String {
    let value = match algorithm {
        "sha1" => BASE64.encode(sha1::Sha1::digest(bytes)),
        "sha256" => BASE64.encode(clearshot_protocol::Sha256Digest::of(bytes).as_bytes()),
        _ => BASE64.encode(crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(bytes).to_be_bytes()),
    };
    format!("{algorithm} {value}")
}

#[tokio::test]
async fn a_checksum_that_holds_is_accepted_with_each_algorithm() {
    let server = TestServer::start().await;
    let place = plain(&server, 9).await;
    for (at, algorithm) in [(0, "sha1"), (3, "sha256"), (6, "crc32c")] {
        let request = server.patch(&place, at, "abc").header("Upload-Checksum", checksum(algorithm, b"abc"));
        let response = send(request).await;
        assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(at as u64 + 3)));
    }
}

#[tokio::test]
async fn a_checksum_that_does_not_hold_must_be_answered_460_and_its_bytes_be_discarded() {
    let server = TestServer::start().await;
    let sealed = vec![7; 600_000];
    let place = plain(&server, sealed.len()).await;
    send(server.patch(&place, 0, sealed[..100].to_vec())).await;
    for algorithm in ["sha1", "sha256", "crc32c"] {
        // The whole rest, so that the upload would be complete.
        let wrong = server.patch(&place, 100, sealed[100..].to_vec());
        let response = send(wrong.header("Upload-Checksum", checksum(algorithm, b"something else"))).await;
        assert_eq!((response.status().as_u16(), offset(&response)), (460, Some(100)));
        assert_eq!(problem(response).await.code(), "checksum-mismatch");
        assert_eq!(offset(&server.head(&place).await), Some(100));
    }
    let right = server.patch(&place, 100, sealed[100..].to_vec());
    let response = send(right.header("Upload-Checksum", checksum("sha1", &sealed[100..]))).await;
    assert_eq!(offset(&response), Some(600_000));
    assert_eq!(std::fs::read(&server.spool()[0]).unwrap(), sealed);
}

#[tokio::test]
async fn the_checksum_of_a_creation_is_that_of_its_body() {
    let server = TestServer::start().await;
    let with = |checksum: String| {
        creation(&server)
            .header("Upload-Length", 5)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Checksum", checksum)
            .body("abc")
    };
    let response = send(with(checksum("sha1", b"abd"))).await;
    assert_eq!(response.status().as_u16(), 460);
    assert_eq!(offset(&server.head(&location(&response)).await), Some(0), "it exists, without these bytes");
    let response = send(with(checksum("sha1", b"abc"))).await;
    assert_eq!((response.status(), offset(&response)), (StatusCode::CREATED, Some(3)));
}

#[tokio::test]
async fn an_algorithm_that_is_not_supported_must_be_answered_400() {
    let server = TestServer::start().await;
    let place = plain(&server, 9).await;
    for wrong in ["md5 kAFQmDzST7DWlj99KOF/cg==", "sha1 short", "sha1"] {
        let request = server.patch(&place, 0, "abc").header("Upload-Checksum", wrong);
        assert_eq!(send(request).await.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(offset(&server.head(&place).await), Some(0));
}

// Termination

#[tokio::test]
async fn a_termination_must_be_answered_204_and_frees_what_the_upload_had() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    send(server.patch(&place, 0, "abc")).await;
    let response = send(server.tus(Method::DELETE, &place, &server.shopper())).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn all_future_requests_for_a_terminated_upload_should_be_answered_410() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    send(server.tus(Method::DELETE, &place, &server.shopper())).await;
    let responses = [
        server.head(&place).await,
        send(server.patch(&place, 0, "abc")).await,
        send(server.tus(Method::DELETE, &place, &server.shopper())).await,
    ];
    for response in responses {
        assert_eq!(response.status(), StatusCode::GONE);
    }
}

#[tokio::test]
async fn an_upload_without_a_capture_belongs_to_who_made_it() {
    let server = TestServer::start().await;
    let place = plain(&server, 10).await;
    let eve = server.mint(clearshot_server::Role::Shopper, "eve", None);
    assert_eq!(send(server.tus(Method::HEAD, &place, &eve)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(send(server.tus(Method::DELETE, &place, &eve)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(server.head(&place).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_same_key_makes_one_upload_also_without_a_capture() {
    let server = TestServer::start().await;
    let with =
        |length: u64| creation(&server).header("Upload-Length", length).header("Idempotency-Key", "mug-1");
    let first = location(&send(with(10)).await);
    send(server.patch(&first, 0, "abc")).await;
    let again = send(with(10)).await;
    assert_eq!((location(&again), offset(&again)), (first, Some(3)));
    assert_eq!(problem(send(with(11)).await).await.code(), "idempotency-conflict");
    let eve = server.mint(clearshot_server::Role::Shopper, "eve", None);
    let theirs = server
        .tus(Method::POST, "/v1/uploads", &eve)
        .header("Upload-Length", 10)
        .header("Idempotency-Key", "mug-1");
    assert_ne!(location(&send(theirs).await), location(&again), "a key is its sender's own");
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 10);
    assert_ne!(server.create(&sealed).await, location(&again));
}
