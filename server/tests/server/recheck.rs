use clearshot_protocol::api::{EvidenceStatus, EvidenceView, ReturnStatus, ReturnView};
use clearshot_protocol::manifest::{Manifest, Override, VerdictCode};
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, Sha256Digest, Timestamp};
use clearshot_server::ModelSource;

use crate::harness::{Sealed, TestServer, capture, manifest, picture, seal};

type Forgery = Box<dyn FnOnce(&mut Manifest)>;

/// A capture whose manifest says something else than it should.
fn forged(server: &TestServer, to: &ReturnView, forge: impl FnOnce(&mut Manifest)) -> Sealed {
    let (photo, thumbnail, width, height) = picture();
    let honest = manifest(to, &photo, width, height);
    let mut forged = honest.clone();
    forge(&mut forged);
    let sealed = seal(&server.running.recipient(), &forged, &thumbnail, &photo);
    let metadata = clearshot_protocol::upload::UploadMetadata {
        capture: honest.capture,
        return_id: honest.return_id,
        item: honest.item.id,
        ..sealed.metadata
    };
    Sealed { metadata, ..sealed }
}

fn code(evidence: &EvidenceView) -> (EvidenceStatus, &str) {
    (evidence.status, evidence.rejection.as_ref().map_or("", |rejection| &rejection.code))
}

#[tokio::test]
async fn the_server_judges_again_and_keeps_both_verdicts() {
    // Without a model: of what the pattern is, it might be in doubt.
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::start_with(folder, |config| config.model = ModelSource::Off).await;
    let to = server.open_return().await;
    let sealed = forged(&server, &to, |manifest| {
        manifest.analysis.verdict = VerdictCode::Retake;
        manifest.analysis.reasons = vec!["too_dark".to_owned(), "from_the_future".to_owned()];
        manifest.kept_anyway = Some(Override { asks: 2, reasons: vec!["too_dark".to_owned()] });
    });
    let evidence = server.upload_and_check(&sealed).await;
    assert_eq!(code(&evidence), (EvidenceStatus::Accepted, ""), "a verdict is advice");
    let device = &evidence.capture.as_ref().unwrap().device_analysis;
    assert_eq!(device.reasons, ["too_dark", "from_the_future"]);
    assert_eq!(evidence.capture.as_ref().unwrap().kept_anyway.as_ref().unwrap().asks, 2);
    let own = evidence.server_analysis.as_ref().unwrap();
    assert_eq!(evidence.agreement, Some(own.verdict == VerdictCode::Retake));
    assert_eq!(own.policy_hash, clearshot_analysis::Policy::default().hash());
    assert_eq!((&own.report["width"], &own.report["height"]), (&480.into(), &360.into()));
    assert!(own.report["sharpness"]["score"].is_number());
    assert!(evidence.checked_at >= evidence.received_at);
}

#[tokio::test]
async fn a_manifest_that_contradicts_the_upload_or_the_photo_is_rejected() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let now = Timestamp::now();
    let forgeries: [(&str, Forgery); 6] = [
        ("capture", Box::new(move |manifest| manifest.capture = CaptureId::mint(now))),
        ("return", Box::new(move |manifest| manifest.return_id = ReturnId::mint(now))),
        ("item", Box::new(move |manifest| manifest.item.id = ReturnItemId::of(manifest.return_id, "LAMP-2"))),
        ("sku", Box::new(move |manifest| manifest.item.sku = "LAMP-2".to_owned())),
        ("digest", Box::new(move |manifest| manifest.photo.sha256 = Sha256Digest::of(b"x"))),
        ("length", Box::new(move |manifest| manifest.photo.length += 1)),
    ];
    for (what, forge) in forgeries {
        let evidence = server.upload_and_check(&forged(&server, &to, forge)).await;
        assert_eq!(code(&evidence), (EvidenceStatus::Rejected, "manifest_mismatch"), "{what}");
        assert!(evidence.capture.is_none(), "{what}: nothing of it is shown as if it were this capture's");
    }
}

#[tokio::test]
async fn what_is_sealed_to_another_key_is_set_aside_and_what_is_no_seal_is_rejected() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let (photo, thumbnail, width, height) = picture();
    let made = manifest(&to, &photo, width, height);
    let elsewhere = seal(&Identity::generate().recipient(), &made, &thumbnail, &photo);
    let evidence = server.upload_and_check(&elsewhere).await;
    assert_eq!(code(&evidence), (EvidenceStatus::Quarantined, "cannot_open"));

    let evidence = server.upload_and_check(&Sealed::opaque(&to, 5000)).await;
    assert_eq!(code(&evidence), (EvidenceStatus::Rejected, "cannot_open"));

    let mut cut = capture(&server, &to);
    cut.bytes.truncate(cut.bytes.len() - 100);
    let evidence = server.upload_and_check(&Sealed::of(cut.metadata, cut.bytes)).await;
    assert_eq!(code(&evidence), (EvidenceStatus::Rejected, "cannot_open"));
}

#[tokio::test]
async fn what_is_no_picture_is_rejected_with_what_to_do() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    for photo in [b"GIF89a, or so it says".to_vec(), vec![0xFF, 0xD8, 0xFF, 0xE0], vec![7]] {
        let made = manifest(&to, &photo, 10, 10);
        let sealed = seal(&server.running.recipient(), &made, b"", &photo);
        let evidence = server.upload_and_check(&sealed).await;
        assert_eq!(code(&evidence), (EvidenceStatus::Rejected, "not_an_image"));
        assert!(evidence.rejection.unwrap().detail.ends_with('.'));
    }
}

#[tokio::test]
async fn a_retake_takes_the_place_of_the_older_photo_whichever_arrives_first() {
    for older_first in [true, false] {
        let server = TestServer::start().await;
        let to = server.open_return().await;
        let older = capture(&server, &to);
        let id = older.metadata.capture;
        let retake = forged(&server, &to, |manifest| manifest.supersedes = Some(id));
        let arriving = if older_first { [&older, &retake] } else { [&retake, &older] };
        for one in arriving {
            server.upload_and_check(one).await;
        }
        let evidence = server.evidence(id).await;
        assert_eq!(evidence.status, EvidenceStatus::Superseded, "older first: {older_first}");
        assert_eq!(evidence.superseded_by, Some(retake.metadata.capture));
        assert_eq!(server.evidence(retake.metadata.capture).await.status, EvidenceStatus::Accepted);
        let photo = server.get(&format!("/v1/evidence/{id}/photo"), &server.agent()).await;
        assert_eq!(photo.status(), 200, "the older photo stays");
    }
}

#[tokio::test]
async fn a_rejected_retake_takes_nobodys_place_and_neither_does_one_of_another_item() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let older = capture(&server, &to);
    let id = older.metadata.capture;
    server.upload_and_check(&older).await;
    let broken = b"no picture".to_vec();
    let mut made = manifest(&to, &broken, 10, 10);
    made.supersedes = Some(id);
    server.upload_and_check(&seal(&server.running.recipient(), &made, b"", &broken)).await;
    let (photo, thumbnail, width, height) = picture();
    let mut other = manifest(&to, &photo, width, height);
    other.item.id = to.items[1].id;
    other.item.sku = to.items[1].sku.clone();
    other.supersedes = Some(id);
    server.upload_and_check(&seal(&server.running.recipient(), &other, &thumbnail, &photo)).await;
    assert_eq!(server.evidence(id).await.status, EvidenceStatus::Accepted);
}

#[tokio::test]
async fn a_return_is_in_review_when_everything_was_checked() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let status = async || {
        let path = format!("/v1/returns/{}", to.id);
        server.get_json::<ReturnView>(&path, &server.shopper()).await.status
    };
    server.upload_and_check(&Sealed::opaque(&to, 100)).await;
    assert_eq!(status().await, ReturnStatus::EvidencePending, "a rejected photo is nothing to review");
    server.upload_and_check(&capture(&server, &to)).await;
    assert_eq!(status().await, ReturnStatus::InReview);
    let more = Sealed::opaque(&to, 1000);
    let place = server.create(&more).await;
    server.patch(&place, 0, more.bytes[..10].to_vec()).send().await.unwrap();
    assert_eq!(status().await, ReturnStatus::EvidencePending, "more is on its way");
}
