//! Of what a picture is: pictures of our own making through the program as it is shipped, with its own model.
#![cfg(feature = "relevance")]

use std::f64::consts::TAU;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clearshot_protocol::seal::Identity;
use serde_json::Value;

use crate::harness::{Dice, clearshot};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;

fn demo_photo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("photos").join(name)
}

/// Writes a picture with a little noise.
fn draw(folder: &Path, name: &str, pixel: impl Fn(usize, usize) -> [f64; 3]) -> PathBuf {
    let mut dice = Dice::new(1);
    let mut pixels = Vec::with_capacity(3 * WIDTH * HEIGHT);
    for at in 0..WIDTH * HEIGHT {
        let noise = dice.below(13) as f64 - 6.0;
        pixels.extend(pixel(at % WIDTH, at / WIDTH).map(|value| (value + noise).clamp(0.0, 255.0) as u8));
    }
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder.encode(&pixels, WIDTH as u16, HEIGHT as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    let path = folder.join(name);
    std::fs::File::create(&path).unwrap().write_all(&jpeg).unwrap();
    path
}

/// Wooden planks with their grain.
fn planks(x: usize, y: usize) -> [f64; 3] {
    let (across, down, plank) = (x as f64, y as f64, y / 96);
    let tone = [0.0, 12.0, -10.0, 6.0, -4.0][plank % 5];
    let bend = 3.0 * (across / 90.0 + plank as f64).sin() + plank as f64;
    let grain = 8.0 * (down / 3.0 + bend).sin() + 5.0 * (down / 1.3 + 2.0 * (across / 50.0).sin()).sin();
    let gap = if y % 96 < 3 { -60.0 } else { 0.0 };
    [1.0, 0.75, 0.5].map(|colour| (150.0 + tone + grain + gap) * colour)
}

/// A red table cloth with its weave.
fn weave(x: usize, y: usize) -> [f64; 3] {
    let thread = 30.0 * (x as f64 / 4.0).sin() * (y as f64 / 4.0).sin();
    [160.0, 60.0, 70.0].map(|colour| colour + thread)
}

/// Lines of dark marks, as print has them, in a box of so many pixels; whether there is ink.
fn is_ink(x: usize, y: usize) -> bool {
    let (line, letter) = (y / 24, x / 6);
    let length = 25 + (line * 37) % 40;
    y % 24 < 9 && letter < length && x % 6 < 4 && !(letter * 7 + line * 3).is_multiple_of(5)
}

/// A window on a display, with a title, a column of icons, a picture and lines of text: dark around it, and its pixels
/// beat with the camera's.
fn display(x: usize, y: usize) -> [f64; 3] {
    if !(60..580).contains(&x) || !(50..430).contains(&y) {
        return [20.0, 20.0, 28.0];
    }
    let shown = match y {
        ..80 => [60.0, 90.0, 160.0],
        _ if x < 150 && (x - 60) % 90 / 30 == 1 && y % 50 < 30 => [90.0, 200.0, 140.0],
        _ if x < 150 => [40.0, 44.0, 56.0],
        100..220 if (400..560).contains(&x) => [200.0, 110.0, 60.0],
        100.. if x >= 170 && is_ink(x - 170, y - 100) => [60.0; 3],
        _ => [235.0; 3],
    };
    let (across, down) = (x as f64, y as f64);
    std::array::from_fn(|channel| {
        let phase = channel as f64 * TAU / 3.0;
        let beat = 0.6 * (across / 2.6 * TAU + phase).sin() + 0.4 * (down / 2.5 * TAU).sin();
        let bend = (across * 0.02 + down * 0.03 + channel as f64).sin();
        let glow = if channel == 2 { 8.0 } else { 0.0 };
        shown[channel] * (1.0 - 0.15 * (1.0 + 0.5 * beat + 0.5 * bend)) + glow
    })
}

/// A printed page on the planks.
fn page(x: usize, y: usize) -> [f64; 3] {
    match (x, y) {
        (120..520, 40..440) if x >= 140 && y >= 60 && x < 500 && is_ink(x - 140, y - 60) => [40.0; 3],
        (120..520, 40..440) => [245.0, 243.0, 235.0],
        _ => planks(x, y),
    }
}

/// What `check` says of a picture that is to show this.
fn check(path: &Path, role: &str, options: &[&str]) -> Value {
    let output = clearshot(&["check", "--json", "--role", role]).args(options).arg(path).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The reasons that come from the model.
fn asked(line: &Value) -> Vec<&str> {
    let reasons = line["reasons"].as_array().unwrap().iter().filter_map(Value::as_str);
    reasons.filter(|reason| ["irrelevant", "person", "screen"].contains(reason)).collect()
}

#[test]
fn a_bare_cloth_is_asked_about_unless_anything_may_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let cloth = draw(folder.path(), "cloth.jpg", weave);
    let line = check(&cloth, "overview", &[]);
    assert_eq!(
        (&line["relevance"]["subject"], asked(&line)),
        (&"surface".into(), vec!["irrelevant"]),
        "{line}"
    );
    assert_eq!(line["verdict"], "retake");
    let frame = check(&cloth, "defect", &["--as-frame"]);
    assert!(frame["hints"].as_array().unwrap().contains(&"no_subject".into()), "{frame}");
    assert!(asked(&check(&cloth, "other", &[])).is_empty());
    assert!(asked(&check(&cloth, "overview", &["--no-model"])).is_empty());
}

#[test]
fn a_display_is_asked_about_unless_it_is_a_serial_number_that_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let screen = draw(folder.path(), "screen.jpg", display);
    let line = check(&screen, "overview", &[]);
    assert_eq!((&line["relevance"]["subject"], asked(&line)), (&"screen".into(), vec!["screen"]), "{line}");
    let serial = check(&screen, "serial", &[]);
    assert_eq!((&serial["relevance"], asked(&serial)), (&line["relevance"], vec![]));
}

#[test]
fn a_printed_page_is_what_a_label_shot_wants() {
    let folder = tempfile::tempdir().unwrap();
    let paper = draw(folder.path(), "page.jpg", page);
    let line = check(&paper, "label", &[]);
    assert_eq!((&line["relevance"]["subject"], asked(&line)), (&"document".into(), vec![]), "{line}");
}

#[test]
fn the_items_of_the_demo_are_no_question_in_any_role() {
    for name in ["01-mug-overview.jpg", "05-mug-crack.jpg", "11-parcel.jpg", "14-tin-dent.jpg"] {
        for role in ["overview", "defect", "packaging"] {
            let line = check(&demo_photo(name), role, &[]);
            assert!(asked(&line).is_empty(), "{name} as {role}: {line}");
        }
    }
    assert!(asked(&check(&demo_photo("12-parcel-label.jpg"), "label", &[])).is_empty());
}

#[test]
fn a_photo_of_a_display_is_kept_when_the_shopper_insists_and_the_queue_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let screen = draw(folder.path(), "screen.jpg", display);
    let recipient = Identity::generate().recipient().to_string();
    let capture = |options: &[&str]| -> Value {
        let output = clearshot(&["capture", "--json", "--item", "MUG-1", "--shot", "overview"])
            .args(["--return", "01890a5d-ac96-774b-bcce-b302099a8057", "--server", "http://127.0.0.1:1"])
            .args(["--recipient", &recipient, "--queue"])
            .arg(folder.path().join("phone"))
            .args(options)
            .arg(&screen)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let line = capture(&[]);
    assert_eq!((&line["saved"], asked(&line["report"])), (&Value::from(false), vec!["screen"]), "{line}");
    let kept = capture(&["--keep"]);
    assert_eq!(
        (&kept["saved"], &kept["override"]["reasons"][0]),
        (&Value::from(true), &"screen".into()),
        "{kept}"
    );
}
