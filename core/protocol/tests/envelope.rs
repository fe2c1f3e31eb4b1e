//! The envelope as a whole: round trip, hostile input, the committed fixture, and a foreign age implementation.
//!
//! `cargo test -p clearshot-protocol --test envelope -- --ignored write_the_fixture` writes the fixture anew; do that
//! only with a new file name, since phones in the field keep sending the old one.

#![allow(clippy::unwrap_used)] // a test may fail by panicking

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clearshot_protocol::api::ShotRole;
use clearshot_protocol::envelope::{EnvelopeError, OpenEnvelope, open_envelope, write_envelope};
use clearshot_protocol::manifest::{
    AnalysisRecord, ChainLink, MANIFEST_FORMAT, Manifest, ManifestItem, ManifestPhoto, ManifestShot,
    Override, Stroke, VerdictCode,
};
use clearshot_protocol::seal::{self, Identity, SealError};
use clearshot_protocol::{ReturnId, ReturnItemId, Sha256Digest};

const THUMBNAIL: &[u8] = b"a small picture";
const PHOTO: &[u8] = b"a large picture";

fn manifest() -> Manifest {
    let return_id: ReturnId = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77".parse().unwrap();
    Manifest {
        format: MANIFEST_FORMAT,
        capture: "0198c5a0-7c3e-7d52-9f6b-000000000001".parse().unwrap(),
        session: "0198c5a0-7c3e-7d52-9f6b-000000000002".parse().unwrap(),
        return_id,
        item: ManifestItem { id: ReturnItemId::of(return_id, "MUG-350"), sku: "MUG-350".into() },
        shot: ManifestShot {
            id: "0198c5a0-7c3e-7d52-9f6b-000000000003".parse().unwrap(),
            role: ShotRole::Defect,
            overview: Some("0198c5a0-7c3e-7d52-9f6b-000000000004".parse().unwrap()),
        },
        supersedes: None,
        taken_at: "2026-03-01T10:00:00Z".parse().unwrap(),
        monotonic_millis: 61_250,
        photo: ManifestPhoto {
            media_type: "image/jpeg".into(),
            width: 2560,
            height: 1920,
            length: PHOTO.len() as u64,
            sha256: Sha256Digest::of(PHOTO),
            perceptual_hash: "e1c3a5b7d9f10204".into(),
        },
        analysis: AnalysisRecord {
            verdict: VerdictCode::Retake,
            reasons: vec!["too_dark".into(), "a_reason_of_a_later_version".into()],
            policy_version: 1,
            policy_hash: Sha256Digest::of(b"policy").to_string(),
            model_hash: None,
            model_version: None,
            report: serde_json::json!({"exposure": {"state": "too_dark"}}),
        },
        kept_anyway: Some(Override { asks: 2, reasons: vec!["too_dark".into()] }),
        annotation: vec![Stroke { points: vec![(0.25, 0.5), (0.5, 0.5)], width: 0.01 }],
        chain: ChainLink { sequence: 1, previous: Some(Sha256Digest::of(b"first manifest")) },
    }
}

fn sealed(identity: &Identity) -> Vec<u8> {
    write_envelope(&[identity.recipient()], &manifest(), THUMBNAIL, PHOTO, Vec::new()).unwrap().0
}

#[test]
fn an_envelope_opens_to_what_was_put_in() {
    let identity = Identity::generate();
    let (bytes, facts) =
        write_envelope(&[identity.recipient()], &manifest(), THUMBNAIL, PHOTO, Vec::new()).unwrap();
    assert_eq!((facts.length, facts.sha256), (bytes.len() as u64, Sha256Digest::of(&bytes)));

    let envelope = open_envelope(&identity, &bytes[..]).unwrap();
    assert_eq!(envelope.manifest, manifest());
    assert_eq!(envelope.manifest_sha256, facts.manifest_sha256);
    assert_eq!(envelope.thumbnail, THUMBNAIL);
    assert_eq!(envelope.photo_length(), PHOTO.len() as u64);
    assert_eq!(envelope.read_photo().unwrap(), PHOTO);
}

#[test]
fn nothing_of_the_manifest_stands_in_clear() {
    let bytes = sealed(&Identity::generate());
    for secret in [&b"MUG-350"[..], THUMBNAIL, PHOTO, b"too_dark"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn every_truncation_is_an_error() {
    let identity = Identity::generate();
    let bytes = sealed(&identity);
    for length in 0..bytes.len() {
        let result = open_envelope(&identity, &bytes[..length]).and_then(OpenEnvelope::read_photo);
        assert!(result.is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn lengths_that_lie_are_refused_before_memory_is_taken() {
    let identity = Identity::generate();
    let open_plain = |plain: Vec<u8>| {
        let (bytes, ()) =
            seal::seal(&[identity.recipient()], Vec::new(), |out| Ok(out.write_all(&plain)?)).unwrap();
        open_envelope(&identity, std::io::Cursor::new(bytes)).map(|_| ()).unwrap_err()
    };
    let header = |manifest: u32, thumbnail: u32, photo: u64| {
        [
            b"CLRSHOT1".to_vec(),
            manifest.to_be_bytes().into(),
            thumbnail.to_be_bytes().into(),
            photo.to_be_bytes().into(),
        ]
        .concat()
    };
    assert!(matches!(
        open_plain(header(u32::MAX, 0, 0)),
        EnvelopeError::TooLong { part: "manifest", length: 4_294_967_295, .. }
    ));
    assert!(matches!(open_plain(header(2, 0, u64::MAX)), EnvelopeError::TooLong { part: "photo", .. }));
    assert!(matches!(open_plain(header(1000, 0, 0)), EnvelopeError::Io(_)));
    assert!(matches!(
        open_plain(b"JFIF\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        EnvelopeError::NotAnEnvelope
    ));
    assert!(matches!(open_plain(Vec::new()), EnvelopeError::Io(_)));
}

#[test]
fn a_manifest_of_a_later_format_is_named_as_such() {
    let identity = Identity::generate();
    let later = Manifest { format: MANIFEST_FORMAT + 1, ..manifest() };
    let (bytes, _) = write_envelope(&[identity.recipient()], &later, b"", b"", Vec::new()).unwrap();
    assert!(matches!(open_envelope(&identity, &bytes[..]), Err(EnvelopeError::NewerFormat(2))));
}

#[test]
fn bytes_that_are_no_envelope_are_damaged_not_a_panic() {
    let identity = Identity::generate();
    for bytes in [&b""[..], b"age-encryption.org/v1\n", &[0xff; 4096], b"\xff\xd8\xff\xe0\0\x10JFIF"] {
        assert!(matches!(open_envelope(&identity, bytes), Err(EnvelopeError::Seal(SealError::Damaged(_)))));
    }
}

// ---- the committed fixture, and a foreign implementation ------------------------------------------------------------

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contract/envelope").join(name)
}

#[test]
fn the_fixture_of_the_first_format_opens_for_ever() {
    let identity: Identity = std::fs::read_to_string(fixture("identity.txt")).unwrap().parse().unwrap();
    let envelope = open_envelope(&identity, std::fs::File::open(fixture("format-1.age")).unwrap()).unwrap();
    assert_eq!(envelope.manifest, manifest());
    assert_eq!(envelope.read_photo().unwrap(), PHOTO);
}

#[test]
fn a_foreign_age_implementation_opens_the_fixture() {
    let Some(plain) = foreign_age(
        &["-d", "-i", fixture("identity.txt").to_str().unwrap()],
        &std::fs::read(fixture("format-1.age")).unwrap(),
    ) else {
        return;
    };
    assert!(plain.starts_with(b"CLRSHOT1"));
    assert!(plain.ends_with(PHOTO));
    assert!(plain.windows(7).any(|window| window == b"MUG-350"));
}

#[test]
fn what_a_foreign_age_implementation_seals_opens_here() {
    let identity = Identity::generate();
    let Some(sealed) = foreign_age(&["-r", &identity.recipient().to_string()], &vec![7; 100_000]) else {
        return;
    };
    let mut plain = Vec::new();
    seal::open(&identity, &sealed[..]).unwrap().read_to_end(&mut plain).unwrap();
    assert_eq!(plain, vec![7; 100_000]);
}

/// Runs the `age` command (the reference implementation, in Go); `None` with a note where it is not installed.
fn foreign_age(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new("age").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "CI needs the age command: {error}");
            println!("skipped: the age command is not installed (apt-get install age)");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

#[test]
#[ignore = "writes the fixture; see the head of this file"]
fn write_the_fixture() {
    let identity = Identity::generate();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::File::create_new(fixture(name)).and_then(|mut file| file.write_all(bytes)).unwrap();
    };
    write("identity.txt", identity.to_secret_text().as_bytes());
    write("format-1.age", &sealed(&identity));
}
