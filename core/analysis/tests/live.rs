//! The live picture as a whole: flicker on real scenes in a moving hand, and agreement with the single calls.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "pictures/planes.rs"]
mod planes;

use std::time::Duration;

use clearshot_analysis::{
    FrameContext, FrameScratch, Guide, GuidePolicy, LiveView, LumaPlane, Policy, analyse_frame,
};
use planes::Planes;

const WIDTH: usize = 640;
const HEIGHT: usize = 400;

/// A window into a larger picture, under light that depends on the row.
fn window(scene: &Planes, (left, top): (usize, usize), light: impl Fn(usize) -> f64) -> Vec<u8> {
    (0..WIDTH * HEIGHT)
        .map(|i| {
            let luma = scene.luma[(top + i / WIDTH) * scene.width + left + i % WIDTH];
            (f64::from(luma) * light(i / WIDTH)).round().min(255.0) as u8
        })
        .collect()
}

/// Where a hand that never rests points the camera in a frame, in pixels.
fn hand(frame: usize) -> (usize, usize) {
    let sway = |a: f64, b: f64| 20.0 + 12.0 * (frame as f64 * a).sin() + 6.0 * (frame as f64 * b).sin();
    (sway(0.31, 1.7) as usize, sway(0.23, 1.3) as usize)
}

/// Frames in which flicker is seen out of 40, with lamps that swing by `depth`.
fn flickering(scene: &Planes, depth: f64) -> usize {
    let mut view = LiveView::new(Guide::new(GuidePolicy::default()));
    let seen = (0..40).filter(|&frame| {
        let start = frame as f64 / 30.0;
        // 100 Hz, and 25 ms from the first row to the last; the exposure wanders as well.
        let gain = 1.0 + 0.1 * (frame as f64 * 0.7).sin();
        let light = |row: usize| {
            let at = start + 0.025 * row as f64 / HEIGHT as f64;
            0.85 * gain * (1.0 + depth * (std::f64::consts::TAU * 100.0 * at).sin())
        };
        let luma = window(scene, hand(frame), light);
        let plane = LumaPlane::new(&luma, WIDTH, HEIGHT, WIDTH, 1).unwrap();
        let now = Duration::from_secs_f64(start);
        view.advance(&plane, &FrameContext::default(), &Policy::default(), now).unwrap().flicker.present
    });
    seen.count()
}

#[test]
fn a_moving_hand_and_a_wandering_exposure_are_no_flicker_and_bands_of_five_percent_are() {
    let (mut found, mut all) = (0, 0);
    let files = planes::shared("products");
    for file in &files {
        let still = clearshot_analysis::Still::decode(
            &std::fs::read(file).unwrap(),
            &clearshot_analysis::StillLimits::default(),
        )
        .unwrap();
        let scene = Planes::of_photo(&still, 960);
        if scene.width < WIDTH + 40 || scene.height < HEIGHT + 40 {
            continue;
        }
        assert_eq!(flickering(&scene, 0.0), 0, "{}", file.display());
        let seen = flickering(&scene, 0.05);
        println!("{}: {seen} of 40 frames", file.display());
        all += 1;
        found += u32::from(seen >= 10);
    }
    println!("flicker found in {found} of {all} scenes");
    assert!(all > 0 || files.is_empty(), "no scene is large enough");
    assert!(2 * found >= all, "flicker is found in {found} of {all} scenes");
}

#[test]
fn the_live_view_says_what_the_single_calls_say() {
    let luma: Vec<u8> = (0..WIDTH * HEIGHT).map(|i| (i * 31 % 251) as u8).collect();
    let plane = LumaPlane::new(&luma, WIDTH, HEIGHT, WIDTH, 1).unwrap();
    let (context, policy) = (FrameContext::default(), Policy::default());
    let mut view = LiveView::new(Guide::new(GuidePolicy::default()));
    let mut guide = Guide::new(GuidePolicy::default());
    for frame in 0..20 {
        let now = Duration::from_millis(66 * frame);
        let look = view.advance(&plane, &context, &policy, now).unwrap();
        let report = analyse_frame(&plane, &context, &policy, &mut FrameScratch::default()).unwrap();
        assert_eq!((look.report, look.guidance), (report, guide.advance(&report, now)));
    }
}
