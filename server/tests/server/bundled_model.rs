//! The model that the server brings along, and those that take its place: the same as on the phone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_analysis::{Aim, DerivativeSpec, FrameContext, Policy, Still, StillLimits, SubjectModel};
use clearshot_protocol::api::{EvidenceStatus, EvidenceView, ReturnView};
use clearshot_protocol::manifest::{AnalysisRecord, VerdictCode};
use clearshot_protocol::{Sha256Digest, Timestamp};
use clearshot_relevance::{AppVersion, Model, ModelStore, public_key, sign};
use clearshot_server::{ModelSource, Server, ServerConfig, ServerError};
use tempfile::TempDir;

use crate::harness::{Sealed, TestServer, manifest, picture, seal};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/relevance.onnx");
const PHOTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/photos");

/// A secret key for signing updates, as a maintainer has one.
const SECRET: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const STRANGER: &str = "2222222222222222222222222222222222222222222222222222222222222222";

async fn server_with(model: ModelSource) -> TestServer {
    TestServer::start_with(Arc::new(tempfile::tempdir().unwrap()), |config| config.model = model).await
}

/// Why a server does not start with this model.
async fn refusal(model: ModelSource) -> ServerError {
    let folder = tempfile::tempdir().unwrap();
    let mut config = ServerConfig::new(folder.path(), ([127, 0, 0, 1], 0).into());
    config.model = model;
    Server::start(config).await.unwrap_err()
}

/// A file with these bytes, and the folder that it is in.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), bytes).unwrap();
    (folder, path)
}

/// The bundled model under another version, so that it is another file.
fn model_of_version(version: u8) -> Vec<u8> {
    let mut bytes = std::fs::read(MODEL).unwrap();
    // A key and its value of one character: the field's number, the length, the digit.
    let key = b"clearshot.version\x12\x01";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    bytes[at] = b'0' + version;
    bytes
}

fn update(version: u8, secret: &str) -> Vec<u8> {
    sign(&model_of_version(version), AppVersion(0, 0, 0), Timestamp::now(), secret).unwrap()
}

/// Seals a photo of ours as a phone does: judged with the model, then reduced for its way.
fn taken_on_phone(server: &TestServer, to: &ReturnView, photo: &str) -> Sealed {
    let store = ModelStore::bundled();
    let model = store.model().unwrap();
    let original = std::fs::read(Path::new(PHOTOS).join(photo)).unwrap();
    let still = Still::decode(&original, &StillLimits::default()).unwrap();
    let context = FrameContext {
        aim: Aim::Defect,
        sighting: Some(model.look(&still.plane()).unwrap()),
        ..FrameContext::default()
    };
    let report = still.report_in(&context, &Policy::default());
    let sent = still.derivative(&DerivativeSpec { long_side: 1_024, quality: 85 }).unwrap();
    let mut made = manifest(to, &sent.bytes, sent.width, sent.height);
    made.analysis = AnalysisRecord {
        verdict: if report.reasons.is_empty() { VerdictCode::Good } else { VerdictCode::Retake },
        reasons: report.reasons.iter().map(|reason| reason.code().to_owned()).collect(),
        model_hash: Some(model.sha256().to_owned()),
        model_version: Some(model.version()),
        report: serde_json::to_value(&report).unwrap(),
        ..made.analysis
    };
    seal(&server.running.recipient(), &made, &still.thumbnail().bytes, &sent.bytes)
}

/// Version and hash of the model that the server asked.
async fn model_in_use(server: &TestServer) -> (u32, String) {
    let to = server.open_return().await;
    let (photo, thumbnail, width, height) = picture();
    let sealed = seal(&server.running.recipient(), &manifest(&to, &photo, width, height), &thumbnail, &photo);
    let evidence = server.upload_and_check(&sealed).await;
    assert_eq!(evidence.status, EvidenceStatus::Accepted);
    let own = evidence.server_analysis.unwrap();
    (own.model_version.unwrap(), own.model_hash.unwrap())
}

fn bundled_version() -> u8 {
    u8::try_from(ModelStore::bundled().model().unwrap().version()).unwrap()
}

fn shares(evidence: &EvidenceView) -> [Vec<f64>; 2] {
    let seen = evidence.relevance.as_ref().unwrap();
    [&seen.device, &seen.server].map(|side| side.as_ref().unwrap().scores.values().copied().collect())
}

#[tokio::test]
async fn the_same_model_sees_the_same_on_phone_and_server() {
    let server = server_with(ModelSource::Bundled).await;
    let to = server.open_return().await;
    for photo in ["01-mug-overview.jpg", "09-frame-glass.jpg", "12-parcel-label.jpg", "14-tin-dent.jpg"] {
        let evidence = server.upload_and_check(&taken_on_phone(&server, &to, photo)).await;
        let seen = evidence.relevance.as_ref().unwrap();
        assert_eq!((seen.agreement, seen.same_model), (Some(true), Some(true)), "{photo}: {seen:?}");
        let [device, own] = shares(&evidence);
        // Not to the last digit: the phone saw the photo before it was reduced and compressed for its way.
        for (device, own) in device.iter().zip(&own) {
            assert!((device - own).abs() < 0.05, "{photo}: {seen:?}");
        }
        assert_eq!(evidence.agreement, Some(true), "{photo}");
    }
}

#[tokio::test]
async fn the_bundled_model_takes_our_photo_of_a_mug_rather_for_a_product_than_a_pattern() {
    let server = server_with(ModelSource::Bundled).await;
    let to = server.open_return().await;
    let mug = server.upload_and_check(&taken_on_phone(&server, &to, "01-mug-overview.jpg")).await;
    assert_eq!(mug.server_analysis.as_ref().unwrap().verdict, VerdictCode::Good);
    let (photo, thumbnail, width, height) = picture();
    let made = manifest(&to, &photo, width, height);
    let pattern = seal(&server.running.recipient(), &made, &thumbnail, &photo);
    let pattern = server.upload_and_check(&pattern).await;
    let product = |evidence: EvidenceView| evidence.relevance.unwrap().server.unwrap().scores["product"];
    assert!(product(mug) > product(pattern));
}

#[tokio::test]
async fn a_photo_too_small_to_be_one_is_refused_as_ever_and_the_smallest_is_looked_at() {
    let server = server_with(ModelSource::Bundled).await;
    let to = server.open_return().await;
    for (side, status) in [(1, EvidenceStatus::Rejected), (16, EvidenceStatus::Accepted)] {
        let data = vec![128; side * side];
        let view = clearshot_analysis::PixelView {
            data: &data,
            width: side as u32,
            height: side as u32,
            row_stride: side,
            format: clearshot_analysis::PixelFormat::Luma,
        };
        let limits = StillLimits { min_side: 1, ..StillLimits::default() };
        let photo = Still::from_pixels(&view, 1, &limits).unwrap().thumbnail().bytes;
        let sealed =
            seal(&server.running.recipient(), &manifest(&to, &photo, side as u32, side as u32), b"", &photo);
        let evidence = server.upload_and_check(&sealed).await;
        assert_eq!(evidence.status, status, "{side}");
        assert_eq!(evidence.relevance.is_some(), side == 16);
    }
}

#[tokio::test]
async fn a_named_model_is_used_and_one_that_is_none_stops_the_start() {
    let (_folder, good) = file(&model_of_version(9));
    let server = server_with(ModelSource::File(good)).await;
    let expected = Sha256Digest::of(&model_of_version(9)).to_string();
    assert_eq!(model_in_use(&server).await, (9, expected));

    let whole = model_of_version(9);
    let mut altered = whole.clone();
    let key = b"clearshot.classes";
    let at = altered.windows(key.len()).position(|window| window == key).unwrap();
    altered[at] = b'x';
    for (what, bytes) in [
        ("cut short", &whole[..whole.len() / 2]),
        ("altered", &altered),
        ("a text", b"not a model"),
        ("empty", b""),
        ("huge", &vec![0; 20 << 20]),
    ] {
        let (_folder, path) = file(bytes);
        let error = refusal(ModelSource::File(path.clone())).await;
        assert!(
            matches!(&error, ServerError::Model { path: named, .. } if *named == path),
            "{what}: {error:?}"
        );
        assert!(std::error::Error::source(&error).is_some(), "{what}");
    }
    let error = refusal(ModelSource::File("/no/such/model.onnx".into())).await;
    assert!(matches!(error, ServerError::Model { .. }), "{error:?}");
}

#[tokio::test]
async fn a_signed_update_takes_the_bundled_models_place() {
    let newer = bundled_version() + 1;
    let (_folder, path) = file(&update(newer, SECRET));
    let key = public_key(SECRET).unwrap().to_hex();
    let server = server_with(ModelSource::Update { path, key }).await;
    let expected = Sha256Digest::of(&model_of_version(newer)).to_string();
    assert_eq!(model_in_use(&server).await, (u32::from(newer), expected));
}

#[tokio::test]
async fn an_update_that_is_forged_damaged_old_or_absent_leaves_the_bundled_model() {
    let (bundled, key) = (bundled_version(), public_key(SECRET).unwrap().to_hex());
    let mut altered = update(bundled + 1, SECRET);
    *altered.last_mut().unwrap() ^= 1;
    let mut files: Vec<_> =
        [update(bundled + 1, STRANGER), altered, update(bundled, SECRET), b"none".to_vec()]
            .iter()
            .map(|bytes| file(bytes))
            .collect();
    let absent = tempfile::tempdir().unwrap();
    let nowhere = absent.path().join("nowhere");
    files.push((absent, nowhere));
    let expected = Sha256Digest::of(&std::fs::read(MODEL).unwrap()).to_string();
    for (_folder, path) in &files {
        let server = server_with(ModelSource::Update { path: path.clone(), key: key.clone() }).await;
        assert_eq!(model_in_use(&server).await, (u32::from(bundled), expected.clone()), "{}", path.display());
        server.running.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_is_none_stops_the_start() {
    let (_folder, path) = file(&update(bundled_version() + 1, SECRET));
    let error = refusal(ModelSource::Update { path, key: "not a key".to_owned() }).await;
    assert!(matches!(error, ServerError::Model { .. }), "{error:?}");
}

#[test]
fn another_version_is_another_model() {
    let other = Model::from_bytes(&model_of_version(9)).unwrap();
    assert_eq!(other.card().version, 9);
    assert_ne!(other.card().sha256, ModelStore::bundled().model().unwrap().card().sha256);
}
