//! Something in front of the lens: fingers painted over the shared photos, and the photos as they are.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "pictures/planes.rs"]
mod planes;

use clearshot_analysis::{FrameContext, Hint, Lens, Policy, Reason};
use planes::Planes;

/// A finger that reaches in over a disc, in fractions of the frame's width and height.
struct Finger {
    centre: (f64, f64),
    /// In fractions of the width.
    radius: f64,
    /// Width of the zone in which the scene shines through.
    soft: f64,
    luma: f64,
    /// Blue and red difference from neutral.
    tint: (f64, f64),
}

/// From the corners and sides; in the shade, in room light, lit by the torch, and almost black.
fn fingers() -> impl Iterator<Item = Finger> {
    let places = [((0.0, 0.0), 0.85), ((1.0, 1.0), 0.85), ((0.5, -0.1), 0.65), ((1.05, 0.4), 0.72)];
    let lights = [
        (0.3, 70.0, (-8.0, 18.0)),
        (0.2, 110.0, (-14.0, 26.0)),
        (0.4, 140.0, (-30.0, 60.0)),
        (0.3, 35.0, (-4.0, 12.0)),
    ];
    places.into_iter().flat_map(move |(centre, radius)| {
        lights.map(|(soft, luma, tint)| Finger { centre, radius, soft, luma, tint })
    })
}

impl Finger {
    /// How much of the scene it hides at a place: 0 to 1, smoothly.
    fn hides(&self, x: f64, y: f64, aspect: f64) -> f64 {
        let distance = (x - self.centre.0).hypot((y - self.centre.1) * aspect);
        let t = ((self.radius + self.soft / 2.0 - distance) / self.soft).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }

    /// The picture with the finger before it, and the share of it of which nothing is left to see.
    fn before(&self, scene: &Planes) -> (Planes, f64) {
        let mut picture = scene.clone();
        let (width, height) = (scene.width, scene.height);
        let mut covered = 0.0;
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let (at_x, at_y) = (x as f64 / width as f64, y as f64 / height as f64);
            let hides = self.hides(at_x, at_y, height as f64 / width as f64);
            covered += f64::from(u8::from(hides > 0.85));
            let skin = self.luma * (1.0 + 0.25 * (at_x - at_y)) + noise(x, y);
            let blend = |scene: &mut u8, finger: f64| {
                *scene = (f64::from(*scene) * (1.0 - hides) + hides * finger).round().clamp(0.0, 255.0) as u8;
            };
            blend(&mut picture.luma[y * width + x], skin);
            if x % 2 == 0 && y % 2 == 0 {
                let at = y / 2 * (width / 2) + x / 2;
                blend(&mut picture.blue[at], 128.0 + self.tint.0);
                blend(&mut picture.red[at], 128.0 + self.tint.1);
            }
        }
        (picture, covered / (width * height) as f64)
    }
}

/// White noise of one step: four uniform numbers from a hash of the place.
fn noise(x: usize, y: usize) -> f64 {
    let mut state =
        (x as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (y as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
    let mut sum = 0.0;
    for _ in 0..4 {
        state = (state ^ state >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        sum += (state >> 40) as f64 / f64::from(1u32 << 24) - 0.5;
    }
    sum * 3f64.sqrt()
}

#[test]
fn a_finger_over_a_third_of_the_frame_is_told_on_most_photos_and_refused_on_half() {
    let (mut told, mut refused, mut all) = (0, 0, 0);
    let scenes = planes::all_shared().filter(|(name, _)| !name.contains("_F") && !name.contains("_M"));
    for (name, still) in scenes.step_by(3) {
        let scene = Planes::of_photo(&still, 640);
        for finger in fingers() {
            let (picture, covered) = finger.before(&scene);
            if covered < 0.35 {
                continue;
            }
            let report = picture.report(&FrameContext::default());
            let (hinted, blocked) =
                (report.hints.contains(Hint::LensBlocked), report.reasons.contains(Reason::LensBlocked));
            assert_eq!((hinted, blocked), (report.lens.covered > 0.0, report.lens.blocked), "{name}");
            all += 1;
            told += u32::from(hinted);
            refused += u32::from(blocked);
        }
    }
    println!("of {all} fingers {told} told, {refused} refused");
    assert!(
        100 * told >= 55 * all && 100 * refused >= 40 * all,
        "of {all} fingers {told} told, {refused} refused"
    );
}

/// A scene with edges and nothing reddish.
fn desk() -> Planes {
    let (width, height) = (640, 480);
    let rgb: Vec<u8> = (0..width * height)
        .flat_map(|i| if (i % width / 9 + i / width / 9) % 2 == 0 { [180, 190, 200] } else { [60, 80, 90] })
        .collect();
    Planes::from_rgb(&rgb, width, height)
}

#[test]
fn a_finger_over_a_third_of_a_plain_scene_is_refused_in_every_light() {
    for finger in fingers() {
        let (picture, covered) = finger.before(&desk());
        let lens = picture.report(&FrameContext::default()).lens;
        assert!(
            covered >= 0.35 && lens.blocked,
            "{:?} {}: {covered:.2} {lens:?}",
            finger.centre,
            finger.luma
        );
    }
}

#[test]
fn a_grey_shade_like_a_finger_is_none() {
    for finger in fingers() {
        let shade = Finger { tint: (0.0, 0.0), ..finger };
        assert_eq!(shade.before(&desk()).0.report(&FrameContext::default()).lens, Lens::default());
    }
}

#[test]
fn a_smooth_red_frame_is_a_covered_lens_and_a_smooth_grey_one_is_a_wall() {
    let smooth = |red| Planes {
        width: 640,
        height: 480,
        luma: vec![120; 640 * 480],
        blue: vec![110; 320 * 240],
        red: vec![red; 320 * 240],
    };
    let lens = |red| smooth(red).report(&FrameContext::default()).lens;
    assert_eq!(lens(170), Lens { blocked: true, covered: 1.0 });
    assert_eq!(lens(135), Lens::default());
}

#[test]
fn no_photo_as_it_is_has_a_finger_on_the_lens() {
    for (name, still) in planes::all_shared() {
        let frame = Planes::of_photo(&still, 640).report(&FrameContext::default());
        assert_eq!(frame.lens, Lens::default(), "{name} as a frame");
        assert_eq!(still.report(&Policy::default()).lens, Lens::default(), "{name}");
    }
}
