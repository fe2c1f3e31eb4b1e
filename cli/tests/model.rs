//! The relevance model on the command line: what it adds to every command, and what becomes of a file that is no model.
#![cfg(feature = "relevance")]
#![allow(clippy::unwrap_used)] // a test may fail by panicking

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clearshot_relevance::{AppVersion, public_key, sign};
use serde_json::Value;

/// A key of nobody's.
const SECRET: &str = "00000000000000000000000000000000000000000000000000000000000000ab";
const ANOTHER: &str = "00000000000000000000000000000000000000000000000000000000000000cd";

fn photo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("photos").join(name)
}

fn bundled() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/relevance.onnx")).unwrap()
}

/// The bundled model as version 9 of itself.
fn newer() -> Vec<u8> {
    let mut model = bundled();
    let key = b"clearshot.version";
    let at = model.windows(key.len()).position(|bytes| bytes == key).unwrap() + key.len();
    // Field 2 of the property, of one byte.
    assert_eq!(&model[at..at + 2], [0x12, 1]);
    model[at + 2] = b'9';
    model
}

fn update(model: &[u8]) -> Vec<u8> {
    sign(model, AppVersion(0, 1, 0), "2026-01-31T12:00:00Z".parse().unwrap(), SECRET).unwrap()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

fn clearshot(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clearshot")).args(arguments).output().unwrap()
}

/// The JSON of the mug's photo, judged with these options.
fn check(options: &[&str]) -> Value {
    let path = photo("01-mug-overview.jpg");
    let output = clearshot(&[&["check", "--json"], options, &[path.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a program says that refuses a model before it judges anything.
fn refused(options: &[&str]) -> String {
    let path = photo("01-mug-overview.jpg");
    let output = clearshot(&[&["check", "--json"], options, &[path.to_str().unwrap()]].concat());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_photo_has_a_share_for_every_subject_and_names_the_model() {
    let line = check(&["--role", "overview"]);
    let relevance = &line["relevance"];
    let scores = relevance["scores"].as_object().unwrap();
    let mut names: Vec<_> = scores.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["animal", "document", "person", "product", "scene", "screen", "surface"]);
    let shares: Vec<f64> = scores.values().map(|share| share.as_f64().unwrap()).collect();
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 0.001, "{relevance}");
    assert_eq!(relevance["confidence"], scores[relevance["subject"].as_str().unwrap()]);
    let sha256 = clearshot_relevance::ModelFile::read(&bundled()).unwrap().card().sha256.clone();
    assert_eq!(line["model"]["sha256"], sha256.as_str());
    assert_eq!(check(&["--as-frame"])["model"]["sha256"], sha256.as_str());
}

#[test]
fn people_read_what_the_photo_is_taken_for() {
    let output = clearshot(&["check", photo("01-mug-overview.jpg").to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("product ") && text.contains(" %"), "{text}");
}

#[test]
fn without_the_model_nothing_is_said_of_what_the_photo_is() {
    let line = check(&["--no-model", "--role", "overview"]);
    assert_eq!((&line["relevance"], line.get("model")), (&Value::Null, None));
    assert_eq!(line["framing"]["source"], "edges");
}

#[test]
fn a_file_that_is_no_model_is_refused_before_anything_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let model = bundled();
    let cases = [
        (write(folder.path(), "empty.onnx", b""), "find"),
        (write(folder.path(), "cut.onnx", &model[..model.len() / 2]), "only a part"),
        (photo("01-mug-overview.jpg"), "no ONNX file"),
        (write(folder.path(), "huge.onnx", &vec![0; 9 << 20]), "at most"),
        (write(folder.path(), "update.onnx", &update(&newer())), "no ONNX file"),
        (folder.path().join("absent.onnx"), "No such file"),
        (PathBuf::from("/dev/zero"), "at most"),
    ];
    for (path, word) in cases {
        let said = refused(&["--model", path.to_str().unwrap()]);
        assert!(
            said.contains("use the relevance model") && said.contains(word),
            "{}: {said}",
            path.display()
        );
    }
}

#[test]
fn another_model_takes_the_place_of_the_bundled_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "newer.onnx", &newer());
    let line = check(&["--model", path.to_str().unwrap()]);
    assert_eq!(line["model"]["version"], 9);
    assert_eq!(line["relevance"], check(&[])["relevance"], "the weights are the same");
}

#[test]
fn a_signed_update_is_used_and_one_that_was_tampered_with_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let key = public_key(SECRET).unwrap().to_hex();
    let good = update(&newer());
    let path = write(folder.path(), "good.update", &good);
    let with_key = |path: &Path, key: &str| refused(&["--model", path.to_str().unwrap(), "--model-key", key]);
    let line = check(&["--model", path.to_str().unwrap(), "--model-key", &key]);
    assert_eq!(line["model"]["version"], 9);

    let said = with_key(&path, &public_key(ANOTHER).unwrap().to_hex());
    assert!(said.contains("signature"), "{said}");
    let mut altered = good.clone();
    *altered.last_mut().unwrap() ^= 1;
    let said = with_key(&write(folder.path(), "altered.update", &altered), &key);
    assert!(said.contains("not the one that was signed"), "{said}");
    let said = with_key(&write(folder.path(), "old.update", &update(&bundled())), &key);
    assert!(said.contains("is here already"), "{said}");
    let said = with_key(&write(folder.path(), "plain.onnx", &newer()), &key);
    assert!(said.contains("model update"), "{said}");
    let said = with_key(&path, "ab");
    assert!(said.contains("32 bytes in hex"), "{said}");
}

#[test]
fn a_page_shows_the_shares_and_where_the_model_sees_its_subject() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(photo("01-mug-overview.jpg"), folder.path().join("mug.jpg")).unwrap();
    let page = folder.path().join("report.html");
    let page_with = |options: &[&str]| {
        let paths = [folder.path().to_str().unwrap(), "-o", page.to_str().unwrap()];
        assert_eq!(clearshot(&[&["report"], &paths[..], options].concat()).status.code(), Some(0));
        std::fs::read_to_string(&page).unwrap()
    };
    let with = page_with(&[]);
    assert!(
        with.contains("Where the model sees product in mug.jpg. It takes the photo for product"),
        "{with:.0}"
    );
    assert!(
        with.contains("<meter") && with.contains("relevance model") && with.contains("what the photo is of")
    );
    let without = page_with(&["--no-model"]);
    for part in ["<meter", "relevance model", "what the photo is of", "Where the model"] {
        assert!(!without.contains(part), "{part}");
    }
}
