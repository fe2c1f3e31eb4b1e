//! `clearshot guide`, run as a program on pictures of the demo: what it shows, how calm it is, and what it refuses.
#![allow(clippy::unwrap_used)] // a test may fail by panicking

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const SHARP: &str = "03-mug-chip.jpg";
const BLURRED: &str = "02-mug-chip-motion.jpg";
const DARK: &str = "10-parcel-dark.jpg";

fn photo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("photos").join(name)
}

/// A folder that plays these photos in this order.
fn folder_of(photos: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (at, name) in photos.iter().enumerate() {
        std::fs::copy(photo(name), folder.path().join(format!("{at:03}.jpg"))).unwrap();
    }
    folder
}

fn guide(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clearshot")).arg("guide").args(arguments).args(paths).output().unwrap()
}

/// The lines of a run that went well, and its summary.
fn play(arguments: &[&str], folder: &Path) -> (Vec<Value>, Value) {
    let output = guide(&[arguments, &["--json"]].concat(), &[folder]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines = lines_of(&output);
    let summary = lines.pop().unwrap()["summary"].clone();
    (lines, summary)
}

fn lines_of(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was shown, each as often as it came anew.
fn hints_shown(frames: &[Value]) -> Vec<&str> {
    let mut hints: Vec<_> = frames.iter().map(|frame| frame["hint"].as_str().unwrap_or("nothing")).collect();
    hints.dedup();
    hints
}

#[test]
fn a_blurred_scene_that_becomes_sharp_leads_from_silence_by_one_hint_to_good() {
    let folder = folder_of(&[BLURRED, SHARP]);
    let (frames, summary) = play(&["--hold", "3"], folder.path());
    assert_eq!((frames.len(), summary["frames"].as_u64()), (90, Some(90)));
    let hints = hints_shown(&frames);
    assert_eq!((hints.len(), hints[0], hints[2]), (3, "nothing", "good"), "{hints:?}");
    assert!(["moving", "focusing"].contains(&hints[1]), "{hints:?}");
    let last = frames.last().unwrap();
    assert_eq!((&last["auto_capture"], &last["progress"]), (&Value::from(true), &Value::from(1.0)), "{last}");
    assert_eq!(last["text"], "Perfect, take the photo");
    assert_eq!((summary["changes"].as_u64(), summary["raw_changes"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn what_flickers_from_frame_to_frame_is_shown_calmly() {
    let folder = folder_of(&[BLURRED, SHARP].repeat(30));
    let (frames, summary) = play(&[], folder.path());
    assert_eq!(frames.len(), 60);
    assert_eq!(summary["raw_changes"].as_u64(), Some(59));
    assert!(summary["changes"].as_u64().unwrap() <= 2, "{summary}");
}

#[test]
fn in_the_dark_the_torch_is_suggested_after_a_while() {
    let folder = folder_of(&[DARK]);
    let (frames, _) = play(&["--hold", "3"], folder.path());
    let first = frames.iter().find(|frame| frame["torch"] == "suggest").unwrap();
    assert!((1.0..2.0).contains(&first["seconds"].as_f64().unwrap()), "{first}");
    assert_eq!(frames.last().unwrap()["hint"], "too_dark");
}

#[test]
fn the_frame_rate_sets_the_clock() {
    let folder = folder_of(&[SHARP, SHARP, SHARP]);
    let (frames, summary) = play(&["--fps", "2"], folder.path());
    let seconds: Vec<_> = frames.iter().map(|frame| frame["seconds"].as_f64().unwrap()).collect();
    assert_eq!((seconds, summary["seconds"].as_f64()), (vec![0.0, 0.5, 1.0], Some(1.5)));
}

#[test]
fn a_picture_that_cannot_be_read_is_named_and_the_others_go_on() {
    let folder = folder_of(&[SHARP, SHARP]);
    std::fs::copy(folder.path().join("000.jpg"), folder.path().join("002.jpg")).unwrap();
    std::fs::File::create(folder.path().join("001.jpg")).unwrap();
    let output = guide(&["--json"], &[folder.path()]);
    let lines = lines_of(&output);
    assert_eq!((lines.len(), output.status.code()), (4, Some(1)));
    assert!(lines[1]["path"].as_str().unwrap().ends_with("001.jpg"), "{}", lines[1]);
    assert_eq!(lines[1]["error"]["code"], "empty");
    assert_eq!(lines[2]["frame"], 1, "time goes on without it");
}

#[test]
fn nothing_to_play_and_a_clock_that_cannot_run_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let output = guide(&["--json"], &[folder.path()]);
    assert_eq!((output.status.code(), lines_of(&output).len()), (Some(1), 1));
    assert_eq!(lines_of(&output)[0]["error"]["code"], "no_photos");
    for fps in ["0", "-15", "NaN", "inf", "1e300"] {
        let output = guide(&[&format!("--fps={fps}")], &[&photo(SHARP)]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{fps}");
        assert!(error.contains("--fps") && error.contains("frames per second"), "{error}");
    }
}

#[test]
fn people_read_when_what_is_shown_and_how_it_went() {
    let folder = folder_of(&[DARK, SHARP]);
    let output = guide(&["--hold", "3"], &[folder.path()]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "too_dark",
        "Find more light",
        "torch: switch on",
        "Perfect, take the photo",
        "90 frames of 2 pictures in 6.0 s: the hint changed 1 time,",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let short = guide(&[], &[&photo(SHARP)]);
    assert!(
        String::from_utf8_lossy(&short.stdout).contains("--hold 2"),
        "who plays one frame is told how to see more"
    );
}
