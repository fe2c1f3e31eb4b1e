use clearshot_protocol::Sha256Digest;
use reqwest::StatusCode;

use crate::harness::{Sealed, TestServer, files, location, offset, problem};

#[tokio::test]
async fn the_same_creation_again_answers_the_same_upload_and_where_it_stands() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let first = server.create(&sealed).await;
    server.patch(&first, 0, sealed.bytes[..400].to_vec()).send().await.unwrap();
    let again = server.creation(&sealed, &server.shopper()).send().await.unwrap();
    assert_eq!((again.status(), offset(&again)), (StatusCode::CREATED, Some(400)));
    assert_eq!(location(&again), first);
}

#[tokio::test]
async fn a_body_that_is_sent_again_is_not_appended_twice() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 300_000);
    let first = server.create(&sealed).await;
    server.patch(&first, 0, sealed.bytes[..100_000].to_vec()).send().await.unwrap();
    for _ in 0..2 {
        let response = server.upload(&sealed).await;
        assert_eq!((response.status(), offset(&response)), (StatusCode::CREATED, Some(300_000)));
        assert_eq!(location(&response), first);
    }
    let kept = files(&server.data().join("evidence"));
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), sealed.bytes);
}

#[tokio::test]
async fn of_many_equal_creations_at_once_one_upload_comes_to_be() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 5_000);
    let requests: Vec<_> = (0..16)
        .map(|_| {
            let request = server.creation(&sealed, &server.shopper());
            tokio::spawn(async move { location(&request.send().await.unwrap()) })
        })
        .collect();
    let mut locations = std::collections::HashSet::new();
    for request in requests {
        locations.insert(request.await.unwrap());
    }
    assert_eq!(locations.len(), 1);
    assert_eq!(server.spool().len(), 1, "no file is left of the others");
}

#[tokio::test]
async fn the_same_id_with_another_length_digest_or_item_is_refused() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let location = server.create(&sealed).await;
    let mut longer = sealed.clone();
    longer.bytes.push(0);
    let mut other_digest = sealed.clone();
    other_digest.metadata.sha256 = Sha256Digest::of(b"other");
    let mut other_item = sealed.clone();
    other_item.metadata.item = to.items[1].id;
    for wrong in [longer, other_digest, other_item] {
        let response = server.creation(&wrong, &server.shopper()).send().await.unwrap();
        assert_eq!(problem(response).await.code(), "idempotency-conflict");
    }
    assert_eq!(offset(&server.head(&location).await), Some(0), "the first one stands");
}

#[tokio::test]
async fn the_key_is_the_capture_and_both_digests_are_one() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = Sealed::opaque(&to, 1000);
    let plain = || {
        server
            .tus(reqwest::Method::POST, "/v1/uploads", &server.shopper())
            .header("Upload-Length", 1000)
            .header("Upload-Metadata", sealed.metadata.to_header())
    };
    let other_key = plain().header("Idempotency-Key", to.id.to_string()).send().await.unwrap();
    assert_eq!(problem(other_key).await.code(), "invalid-request");
    let other_digest = plain().header("Repr-Digest", Sha256Digest::of(b"x").to_repr_digest());
    assert_eq!(problem(other_digest.send().await.unwrap()).await.code(), "invalid-request");
    let same = plain().header("Repr-Digest", sealed.metadata.sha256.to_repr_digest());
    assert_eq!(same.send().await.unwrap().status(), StatusCode::CREATED);
}
