//! `clearshot check`: its JSON is a contract, and no file makes it fail for the others.

#![allow(clippy::unwrap_used)] // a test may fail by panicking

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn photo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("photos").join(name)
}

fn check(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clearshot")).arg("check").args(arguments).args(paths).output().unwrap()
}

fn check_json(paths: &[&Path]) -> (Vec<Value>, Option<i32>) {
    let output = check(&["--json"], paths);
    let lines = String::from_utf8(output.stdout).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), output.status.code())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

#[test]
fn the_json_of_a_photo_has_the_shape_that_others_rely_on() {
    let (mut lines, code) = check_json(&[&photo("01-mug-overview.jpg")]);
    assert_eq!(code, Some(0));
    let mut line = lines.remove(0);
    for stage in ["decode", "analyse"] {
        assert!(line["millis"][stage].as_f64().unwrap() > 0.0, "{line}");
        line["millis"][stage] = "[millis]".into();
    }
    assert!(line["path"].as_str().unwrap().ends_with("01-mug-overview.jpg"));
    line["path"] = "[path]".into();
    let score = line["sharpness"]["score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score));
    insta::assert_json_snapshot!(line);
}

#[test]
fn a_turned_photo_is_measured_upright() {
    let (lines, _) = check_json(&[&photo("05-mug-crack.jpg")]);
    assert_eq!(lines[0]["orientation"], 6);
    assert!(lines[0]["height"].as_u64() > lines[0]["width"].as_u64(), "{}", lines[0]);
}

#[test]
fn what_cannot_be_judged_says_so_with_a_code_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read(photo("03-mug-chip.jpg")).unwrap();
    let bomb = {
        // A frame header (SOF0) that claims 65,535 × 65,535 pixels.
        let mut bytes = good.clone();
        let at = bytes.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        bytes[at + 5..at + 9].fill(0xFF);
        bytes
    };
    let cases = [
        (write(folder.path(), "empty.jpg", b""), "empty"),
        (write(folder.path(), "truncated.jpg", &good[..good.len() / 2]), "truncated"),
        (
            write(folder.path(), "text.jpg", b"this is no photo at all, whatever its name says"),
            "unsupported_format",
        ),
        (write(folder.path(), "bomb.jpg", &bomb), "too_many_pixels"),
        (folder.path().join("absent.jpg"), "unreadable"),
        (write(folder.path(), "photo.txt", &good), ""),
    ];
    let paths: Vec<_> = cases.iter().map(|(path, _)| path.as_path()).collect();
    let (lines, code) = check_json(&paths);
    assert_eq!(code, Some(1));
    let codes: Vec<_> = lines.iter().map(|line| line["error"]["code"].as_str().unwrap_or_default()).collect();
    assert_eq!(codes, cases.iter().map(|(_, code)| *code).collect::<Vec<_>>());
    assert!(
        lines[..5].iter().all(|line| line["error"]["detail"].as_str().unwrap().starts_with("failed to "))
    );
    assert_eq!(lines[5]["verdict"], "good");
}

#[test]
fn a_folder_stands_for_its_photos() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(photo("03-mug-chip.jpg"), folder.path().join("b.JPG")).unwrap();
    std::fs::copy(photo("01-mug-overview.jpg"), folder.path().join("a.jpeg")).unwrap();
    write(folder.path(), "notes.txt", b"no photo");
    std::fs::create_dir(folder.path().join("more")).unwrap();
    std::fs::copy(photo("07-frame-overview.jpg"), folder.path().join("more/c.jpg")).unwrap();
    let (lines, code) = check_json(&[folder.path()]);
    let names: Vec<_> =
        lines.iter().map(|line| line["path"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!((names.as_slice(), code), (&["a.jpeg", "b.JPG", "c.jpg"][..], Some(0)));
}

#[test]
fn a_folder_without_photos_and_what_is_no_file_are_errors_not_silence() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, code) = check_json(&[folder.path(), Path::new("/dev/zero")]);
    let codes: Vec<_> = lines.iter().map(|line| line["error"]["code"].as_str().unwrap()).collect();
    assert_eq!((codes.as_slice(), code), (&["no_photos", "unreadable"][..], Some(1)));
}

#[test]
fn people_read_the_reason_and_what_to_do() {
    let output = check(&[], &[&photo("02-mug-chip-motion.jpg")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("retake") && text.contains("blurred: Hold the phone still"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}
