//! Displays: rendered ones, and photos that have none although they are full of keys, stitches and solder joints.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "pictures/display.rs"]
mod display;
#[path = "pictures/planes.rs"]
mod planes;

use clearshot_analysis::{FrameContext, Hint, Policy, Verdict};
use display::View;
use planes::Planes;

const SIZE: (usize, usize) = (640, 480);

/// A shop's page: a bar on top, a red item with its shade, and a column of text on grey.
fn page(x: f64, y: f64) -> [f64; 3] {
    let text = x > 0.62
        && (0.25..0.8).contains(&y)
        && ((40.0 * y) as u32).is_multiple_of(3)
        && (97.0 * x) as u32 * 7 % 11 > 2;
    if y < 0.12 {
        [0.25, 0.28, 0.35]
    } else if (x - 0.35).hypot(y - 0.5) < 0.22 {
        let shade = 0.25 + 0.5 * (x + y);
        [0.7 * shade, 0.25 * shade, 0.2 * shade]
    } else if text {
        [0.05; 3]
    } else {
        [0.8; 3]
    }
}

fn frame_of(view: View) -> Planes {
    Planes::from_rgb(&display::photograph(view, SIZE, page), SIZE.0, SIZE.1)
}

#[test]
fn displays_whose_grid_beats_with_the_cameras_are_found() {
    let (mut found, mut all) = (0, 0);
    for pitch in [1.6, 1.85, 2.1, 2.35, 2.9] {
        for degrees in [0.0, 4.0, 9.0, 17.0] {
            let report = frame_of(View { pitch, degrees }).report(&FrameContext::default());
            println!("{pitch} photosites per pixel at {degrees}°: {}", report.screen.strength);
            assert_eq!(report.screen.present, report.hints.contains(Hint::Screen));
            all += 1;
            found += u32::from(report.screen.present);
        }
    }
    println!("{found} of {all} displays found");
    assert!(5 * found >= 4 * all, "only {found} of {all} displays are found");
}

#[test]
fn fringes_are_a_hint_and_no_reason() {
    let report = frame_of(View { pitch: 2.1, degrees: 4.0 }).report(&FrameContext::default());
    assert!(report.screen.present && report.screen.strength > 0.8, "{:?}", report.screen);
    assert_eq!(report.verdict, Verdict::Good, "{:?}", report.reasons);
}

#[test]
fn without_colours_nothing_is_said() {
    let mut frame = frame_of(View { pitch: 2.1, degrees: 4.0 });
    frame.blue.fill(128);
    frame.red.fill(128);
    assert!(frame.report(&FrameContext::default()).screen.strength.abs() < 1e-9);
}

#[test]
fn stripes_of_two_colours_are_no_display() {
    for period in [6, 10, 16, 24] {
        let striped = |x: usize| if x % period < period / 2 { [200, 40, 60] } else { [30, 60, 180] };
        let rgb: Vec<u8> = (0..SIZE.0 * SIZE.1).flat_map(|i| striped(i % SIZE.0)).collect();
        let report = Planes::from_rgb(&rgb, SIZE.0, SIZE.1).report(&FrameContext::default());
        assert!(!report.screen.present, "{period}: {:?}", report.screen);
    }
}

#[test]
fn no_photo_of_a_thing_is_called_a_display() {
    let mut strongest = 0f64;
    for (name, still) in planes::all_shared() {
        let frame = Planes::of_photo(&still, 1280).report(&FrameContext::default()).screen;
        let preview = Planes::of_photo(&still, 640).report(&FrameContext::default()).screen;
        let report = still.report(&Policy::default()).screen;
        for screen in [frame, preview, report] {
            assert!(!screen.present, "{name}: {screen:?}");
            strongest = strongest.max(screen.strength);
        }
    }
    println!("strongest sign of a display on a photo: {strongest}");
}
