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
    check_with(&[], paths)
}

fn check_with(arguments: &[&str], paths: &[&Path]) -> (Vec<Value>, Option<i32>) {
    let output = check(&[arguments, &["--json"]].concat(), paths);
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
    // Without the model, whose shares change with every training; what it adds is in model.rs.
    let (mut lines, code) = check_with(&["--no-model"], &[&photo("01-mug-overview.jpg")]);
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

#[test]
fn the_preview_of_a_photo_is_judged_as_the_photo_is_and_says_what_to_do() {
    let folder = photo("");
    let (stills, _) = check_json(&[&folder]);
    let (frames, code) = check_with(&["--as-frame"], &[&folder]);
    assert_eq!((stills.len(), frames.len(), code), (14, 14, Some(0)));
    for (still, frame) in stills.iter().zip(&frames) {
        assert_eq!(frame["verdict"], still["verdict"], "{frame}");
        assert_eq!((&frame["width"], &frame["orientation"]), (&still["width"], &still["orientation"]));
        let sides =
            [&frame["preview"]["width"], &frame["preview"]["height"]].map(|side| side.as_u64().unwrap());
        assert!(sides.iter().all(|side| (1..=1_280).contains(side)), "{sides:?}");
        // What only the finished photo shows is no hint; every other reason is one.
        let faults = frame["hints"].as_array().unwrap().iter().filter(|hint| *hint != "soft").count();
        assert!(faults > 0 || frame["verdict"] == "good", "{frame}");
    }
    let text = String::from_utf8(check(&["--as-frame"], &[&photo("10-parcel-dark.jpg")]).stdout).unwrap();
    assert!(text.contains("too_dark: Find more light"), "{text}");
}

/// A grey surface with a little pattern and a round white spot of 2.6 % of it in the middle.
fn glaring(folder: &Path) -> PathBuf {
    let (width, height) = (640u16, 480u16);
    let luma = |x: i32, y: i32| {
        let in_spot = (x - 320).pow(2) + (y - 240).pow(2) < 50 * 50;
        if in_spot { 255 } else { 100 + 30 * ((x / 8 + y / 8) % 2) as u8 }
    };
    let rows = 0..i32::from(height);
    let pixels: Vec<u8> = rows.flat_map(|y| (0..i32::from(width)).map(move |x| luma(x, y))).collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Luma)
        .unwrap();
    write(folder, "glaring.jpg", &jpeg)
}

#[test]
fn a_tapped_region_is_where_glare_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let glaring = glaring(folder.path());
    let present = |arguments: &[&str]| check_with(arguments, &[&glaring]).0[0]["glare"]["present"].clone();
    assert_eq!(present(&[]), true);
    assert_eq!(present(&["--role", "defect", "--region", "0,0,0.3,0.3"]), false);
    assert_eq!(present(&["--as-frame", "--region", "0.3,0.3,0.4,0.4"]), true);
    assert_eq!(present(&["--as-frame", "--region", "0,0,0.3,0.3"]), false);
}

/// A grey wall with something patterned in the middle of it that fills less than a hundredth of it.
fn far_away(folder: &Path) -> PathBuf {
    let luma = |x: i32, y: i32| {
        let on_item = (290..350).contains(&x) && (220..260).contains(&y);
        if on_item { 40 + 160 * ((x / 6 + y / 6) % 2) as u8 } else { 128 }
    };
    let pixels: Vec<u8> = (0..480).flat_map(|y| (0..640).map(move |x| luma(x, y))).collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&pixels, 640, 480, jpeg_encoder::ColorType::Luma)
        .unwrap();
    write(folder, "far-away.jpg", &jpeg)
}

#[test]
fn what_a_photo_is_to_show_decides_what_the_shopper_is_told_of_its_framing() {
    let folder = tempfile::tempdir().unwrap();
    let far_away = far_away(folder.path());
    // Without the model, which takes a pattern for this or that.
    let hints = |arguments: &[&str]| {
        check_with(&[arguments, &["--no-model"]].concat(), &[&far_away]).0[0]["hints"].to_string()
    };
    assert!(hints(&["--as-frame", "--role", "overview"]).contains("too_far"));
    assert!(!hints(&["--as-frame"]).contains("too_far"));
}

#[test]
fn a_region_off_the_photo_and_a_role_that_nobody_knows_are_refused() {
    for (option, value, word) in
        [("--region", "0.5,0.5,0.6,0.2", "on the photo"), ("--role", "back", "overview")]
    {
        let output = check(&[option, value], &[&photo("03-mug-chip.jpg")]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(word), "{error}");
    }
}
