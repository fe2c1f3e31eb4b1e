use clearshot_protocol::CaptureId;
use clearshot_protocol::api::{EvidenceStatus, ReturnStatus, ReturnView};
use clearshot_protocol::upload::{MAX_UPLOAD_LENGTH, UploadMetadata};
use reqwest::{Method, StatusCode};

use crate::harness::{Sealed, TestServer, capture, header, location, offset, problem};

#[tokio::test]
async fn options_names_version_extensions_and_limit() {
    let server = TestServer::start().await;
    for path in ["/v1/uploads", "/v1/uploads/0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77"] {
        let response = server.client.request(Method::OPTIONS, server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&response, "tus-version").unwrap(), "1.0.0");
        assert_eq!(header(&response, "tus-resumable").unwrap(), "1.0.0");
        let extensions =
            "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination";
        assert_eq!(header(&response, "tus-extension").unwrap(), extensions);
        assert_eq!(header(&response, "tus-checksum-algorithm").unwrap(), "sha1,sha256,crc32c");
        assert!(header(&response, "accept-patch").unwrap().contains("application/partial-upload"));
        assert!(
            header(&response, "upload-limit").unwrap().contains(&format!("max-size={MAX_UPLOAD_LENGTH}"))
        );
        assert_eq!(header(&response, "tus-max-size").unwrap(), MAX_UPLOAD_LENGTH.to_string());
    }
}

#[tokio::test]
async fn an_upload_without_body_begins_at_zero_and_is_announced() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let response = server.creation(&sealed, &server.shopper()).send().await.unwrap();
    assert_eq!((response.status(), offset(&response)), (StatusCode::CREATED, Some(0)));
    let head = server.head(&location(&response)).await;
    assert_eq!((head.status(), offset(&head)), (StatusCode::OK, Some(0)));
    assert_eq!(header(&head, "upload-length").as_deref(), Some("1000"));
    assert_eq!(header(&head, "cache-control").as_deref(), Some("no-store"));
    let metadata = header(&head, "upload-metadata").unwrap();
    assert_eq!(UploadMetadata::from_header(&metadata), Ok(sealed.metadata));
    assert_eq!(server.evidence(sealed.metadata.capture).await.status, EvidenceStatus::Announced);
    let to: ReturnView = server.get_json(&format!("/v1/returns/{}", to.id), &server.shopper()).await;
    assert_eq!(to.status, ReturnStatus::EvidencePending);
}

#[tokio::test]
async fn a_photo_arrives_in_one_request() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    let response = server.upload(&sealed).await;
    assert_eq!(
        (response.status(), offset(&response)),
        (StatusCode::CREATED, Some(sealed.bytes.len() as u64))
    );
    let evidence = server.checked(sealed.metadata.capture).await;
    assert_eq!((evidence.status, evidence.sha256), (EvidenceStatus::Accepted, sealed.metadata.sha256));
    assert!(evidence.received_at.is_some());
    assert!(server.spool().is_empty());
}

#[tokio::test]
async fn a_photo_arrives_in_pieces_of_any_size() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 700_001);
    let location = server.create(&sealed).await;
    let mut at = 0;
    for size in [1, 262_144, 65_537, usize::MAX] {
        let end = sealed.bytes.len().min(at + size.min(sealed.bytes.len()));
        let response = server.patch(&location, at, sealed.bytes[at..end].to_vec()).send().await.unwrap();
        assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(end as u64)));
        assert_eq!(offset(&server.head(&location).await), Some(end as u64));
        at = end;
    }
    let kept = server.data().join("evidence");
    let kept = crate::harness::files(&kept);
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), sealed.bytes, "at rest are the bytes as they came");
}

#[tokio::test]
async fn a_piece_that_begins_elsewhere_is_refused_with_the_offset() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let location = server.create(&sealed).await;
    server.patch(&location, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    for wrong in [0, 399, 401, 1000] {
        let response = server.patch(&location, wrong, vec![0; 10]).send().await.unwrap();
        assert_eq!(offset(&response), Some(400));
        assert_eq!(problem(response).await.code(), "offset-mismatch");
    }
    assert_eq!(offset(&server.head(&location).await), Some(400), "nothing was written");
}

#[tokio::test]
async fn a_body_that_is_longer_than_what_is_missing_is_refused_before_it_is_read() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let location = server.create(&sealed).await;
    let response = server.patch(&location, 0, vec![0; 1001]).send().await.unwrap();
    assert_eq!(offset(&response), Some(0));
    assert_eq!(problem(response).await.code(), "too-large");
    let response = server
        .creation(&Sealed::opaque(&to, 1000), &server.shopper())
        .header("Content-Type", "application/offset+octet-stream")
        .body(vec![0; 1001])
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.code(), "too-large");
}

#[tokio::test]
async fn what_comes_behind_the_declared_length_is_not_read() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let location = server.create(&sealed).await;
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> = vec![Ok(sealed.bytes.clone()), Ok(vec![1; 500])];
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let response = server.patch(&location, 0, body).send().await.unwrap();
    assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(1000)));
    let kept = crate::harness::files(&server.data().join("evidence"));
    assert_eq!(std::fs::read(&kept[0]).unwrap(), sealed.bytes);
}

#[tokio::test]
async fn an_empty_piece_changes_nothing() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 10);
    let location = server.create(&sealed).await;
    let response = server.patch(&location, 0, Vec::new()).send().await.unwrap();
    assert_eq!((response.status(), offset(&response)), (StatusCode::NO_CONTENT, Some(0)));
    assert_eq!(server.evidence(sealed.metadata.capture).await.status, EvidenceStatus::Announced);
}

#[tokio::test]
async fn requests_of_another_version_or_media_type_are_refused() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 10);
    let location = server.create(&sealed).await;
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        let path = if method == Method::POST { "/v1/uploads" } else { &location };
        let mut request = server.request(method.clone(), path, &server.shopper());
        if method == Method::POST {
            // Without any version it is an ordinary upload.
            request = request.header("Tus-Resumable", "0.2.2");
        }
        let response = request.send().await.unwrap();
        assert_eq!(header(&response, "tus-version").as_deref(), Some("1.0.0"));
        assert_eq!(problem(response).await.code(), "unsupported-version");
    }
    let response = server
        .tus(Method::PATCH, &location, &server.shopper())
        .header("Upload-Offset", 0)
        .header("Content-Type", "image/jpeg")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.code(), "unsupported-media-type");
}

#[tokio::test]
async fn an_upload_that_was_taken_back_is_gone_and_can_be_created_again() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let old = server.create(&sealed).await;
    server.patch(&old, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    let gone = server.tus(Method::DELETE, &old, &server.shopper()).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert!(server.spool().is_empty());
    assert_eq!(server.head(&old).await.status(), StatusCode::GONE);
    let refused = server.patch(&old, 400, sealed.bytes[400..].to_vec()).send().await.unwrap();
    assert_eq!(problem(refused).await.code(), "upload-gone");

    let new = server.create(&sealed).await;
    assert_ne!(new, old);
    let response = server.patch(&new, 0, sealed.bytes.clone()).send().await.unwrap();
    assert_eq!(offset(&response), Some(1000));
}

#[tokio::test]
async fn evidence_cannot_be_taken_back() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let response = server.upload(&Sealed::opaque(&to, 1000)).await;
    let refused = server.tus(Method::DELETE, &location(&response), &server.shopper()).send().await.unwrap();
    assert_eq!(problem(refused).await.code(), "forbidden");
    assert_eq!(offset(&server.head(&location(&response)).await), Some(1000));
}

#[tokio::test]
async fn an_upload_names_a_return_and_an_item_of_it() {
    let server = TestServer::start().await;
    let (to, other) = (server.open_return().await, server.open_return().await);
    let good = Sealed::opaque(&to, 10);
    let send = async |change: &dyn Fn(&mut UploadMetadata)| {
        let mut sealed = good.clone();
        change(&mut sealed.metadata);
        problem(server.creation(&sealed, &server.shopper()).send().await.unwrap()).await.code().to_owned()
    };
    let unknown = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77";
    assert_eq!(send(&|metadata| metadata.return_id = unknown.parse().unwrap()).await, "unknown-return");
    assert_eq!(send(&|metadata| metadata.item = other.items[0].id).await, "unknown-item");
    assert!(server.spool().is_empty(), "nothing was created");
}

#[tokio::test]
async fn lengths_that_cannot_be_are_refused() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let send = async |length: String| {
        let sealed = Sealed::opaque(&to, 10);
        let request = server
            .tus(Method::POST, "/v1/uploads", &server.shopper())
            .header("Upload-Length", length)
            .header("Upload-Metadata", sealed.metadata.to_header());
        problem(request.send().await.unwrap()).await.code().to_owned()
    };
    assert_eq!(send((MAX_UPLOAD_LENGTH + 1).to_string()).await, "too-large");
    assert_eq!(send("0".to_owned()).await, "invalid-field");
    for wrong in ["-1", "1e3", "ten", "18446744073709551616"] {
        assert_eq!(send(wrong.to_owned()).await, "invalid-request", "{wrong}");
    }
}

#[tokio::test]
async fn an_unknown_upload_is_not_found() {
    let server = TestServer::start().await;
    for id in [CaptureId::mint(clearshot_protocol::Timestamp::now()).to_string(), "nonsense".to_owned()] {
        let response = server.patch(&format!("/v1/uploads/{id}"), 0, vec![0]).send().await.unwrap();
        assert_eq!(problem(response).await.code(), "unknown-upload");
    }
}
