//! A thousand frames of a phone in a hand, fifteen a second: what the guide makes of them.
//!
//! The camera is made of photos (`camera/mod.rs`), so it is known of every frame whether it is good.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "whole progress is written as 1, not computed")]

mod camera;

use std::path::{Path, PathBuf};
use std::time::Duration;

use camera::{Camera, HEIGHT, Random, Scene, State, WIDTH};
use clearshot_analysis::{
    FrameContext, FrameReport, FrameScratch, Guidance, Guide, GuidePolicy, Hint, LumaPlane, Policy,
};

/// Frames per second.
const FPS: u32 = 15;
/// Within so long good is to be known and shown.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The times of design §4.
const SILENT: Duration = Duration::from_millis(800);
const LEAST_FAULT: Duration = Duration::from_millis(1_500);
const LEAST_NEUTRAL: Duration = Duration::from_secs(1);
/// A scene counts as good from a frame after which everything stays good for so many frames: what lasts less is not
/// worth a hint.
const LASTING: usize = 20;

/// What happens for some frames: the state at a share, 0 to 1, of the time.
type Phase = (usize, fn(f32, &mut Random) -> State);

const STILL: fn(f32, &mut Random) -> State = |_, _| State::default();

/// What happens before each photo; together a thousand frames.
const EPISODES: [&[Phase]; 10] = [
    &[(45, STILL)],
    // In the dark, until somebody switches the light on.
    &[(45, |_, _| stops(-4.0)), (6, |share, _| stops(-4.0 * (1.0 - share))), (45, STILL)],
    // A focus pull.
    &[(38, |share, _| defocus(4.0 * (1.0 - share))), (45, STILL)],
    // A fast pan, and a short one.
    &[
        (30, |share, _| pan(10.0 + 120.0 * share * (1.0 - share))),
        (30, STILL),
        (4, |_, _| pan(25.0)),
        (30, STILL),
    ],
    // A lamp that flickers.
    &[(45, |_, random| stops(if random.uniform() < 0.67 { -4.0 } else { 0.0 })), (45, STILL)],
    // Dark and out of focus, then one after the other solved.
    &[
        (45, |_, _| State { stops: -4.0, ..defocus(3.0) }),
        (30, |_, _| defocus(3.0)),
        (15, |share, _| defocus(3.0 * (1.0 - share))),
        (45, STILL),
    ],
    // The focus hunts once a second.
    &[(60, |share, _| defocus(2.0 - 2.0 * (share * 4.0 * std::f32::consts::TAU).cos())), (45, STILL)],
    // An unsteady hand.
    &[(60, |_, random| pan(16.0 * random.uniform())), (45, STILL)],
    // The light fades, and comes back with the torch.
    &[
        (45, |share, _| stops(-5.0 * share)),
        (30, |_, _| stops(-5.0)),
        (8, |share, _| stops(-5.0 * (1.0 - share))),
        (45, STILL),
    ],
    // Everything at once.
    &[
        (75, |_, random| match (4.0 * random.uniform()) as u32 {
            0 => stops(-4.0),
            1 => defocus(3.0),
            2 => pan(20.0),
            _ => State::default(),
        }),
        (44, STILL),
    ],
];

fn stops(stops: f32) -> State {
    State { stops, ..State::default() }
}

fn defocus(defocus: f32) -> State {
    State { defocus, ..State::default() }
}

fn pan(streak: f32) -> State {
    State { streak: streak as usize, ..State::default() }
}

/// One frame: whether it is good in truth, and what analysis says.
#[derive(Debug, PartialEq)]
struct Recorded {
    is_good: bool,
    report: FrameReport,
}

/// Points the camera at one photo after the other.
fn record(photos: &[PathBuf], episodes: &[&[Phase]]) -> Vec<Recorded> {
    let (mut camera, mut random, mut scratch) = (Camera::new(1), Random(2), FrameScratch::default());
    let (context, policy) = (FrameContext::default(), Policy::default());
    let mut recorded = Vec::new();
    for (phases, photo) in episodes.iter().zip(photos.iter().cycle()) {
        let scene = Scene::read(photo);
        for &(frames, state_at) in *phases {
            for frame in 0..frames {
                let state = state_at(frame as f32 / frames as f32, &mut random);
                let luma = camera.take(&scene, state);
                let plane = LumaPlane::new(luma, WIDTH, HEIGHT, WIDTH, 1).unwrap();
                let report =
                    clearshot_analysis::analyse_frame(&plane, &context, &policy, &mut scratch).unwrap();
                recorded.push(Recorded { is_good: state.is_good(), report });
            }
        }
    }
    recorded
}

fn time_of(frame: usize) -> Duration {
    frame as u32 * Duration::from_secs(1) / FPS
}

fn guided(recorded: &[Recorded]) -> Vec<Guidance> {
    let mut guide = Guide::new(GuidePolicy::default());
    recorded.iter().enumerate().map(|(frame, seen)| guide.advance(&seen.report, time_of(frame))).collect()
}

/// How many of them differ from the one before.
fn changes(hints: impl IntoIterator<Item = Option<Hint>>) -> usize {
    let hints: Vec<_> = hints.into_iter().collect();
    hints.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// The frames from which on the scene is good, for a while.
fn good_from(recorded: &[Recorded]) -> Vec<usize> {
    let starts = |&frame: &usize| {
        let before = frame.checked_sub(1).is_some_and(|before| recorded[before].is_good);
        !before && recorded[frame..].iter().take(LASTING).filter(|seen| seen.is_good).count() == LASTING
    };
    (0..recorded.len()).filter(starts).collect()
}

/// Time from a frame until the guidance is as wanted.
fn time_until(guidance: &[Guidance], from: usize, is_reached: impl Fn(&Guidance) -> bool) -> Duration {
    let frames = guidance[from..].iter().position(is_reached);
    time_of(frames.unwrap_or(guidance.len()))
}

fn judge(name: &str, photos: &[PathBuf]) {
    let recorded = record(photos, &EPISODES);
    assert_eq!(recorded.len(), 1_000);
    let guidance = guided(&recorded);
    let length = time_of(recorded.len());

    let shown = changes(guidance.iter().map(|moment| moment.hint));
    let naive = changes(recorded.iter().map(|seen| Some(seen.report.hints.most_urgent())));
    let good_from = good_from(&recorded);
    let (mut worst_known, mut worst_shown) = (Duration::ZERO, Duration::ZERO);
    for &frame in &good_from {
        let on_screen = guidance[frame];
        let shown_for = time_of(frame).saturating_sub(on_screen.since);
        // A fault that has just appeared has its time first.
        let is_fault = on_screen.hint.is_some_and(Hint::is_fault);
        let left = if is_fault { LEAST_FAULT.saturating_sub(shown_for) + time_of(1) } else { Duration::ZERO };
        let known = time_until(&guidance, frame, |moment| moment.progress == 1.0);
        let shown = time_until(&guidance, frame, |moment| moment.hint == Some(Hint::Good));
        assert!(shown <= AT_ONCE.max(left), "{name}: frame {frame}: {shown:?} after {:?}", on_screen.hint);
        (worst_known, worst_shown) = (worst_known.max(known), worst_shown.max(shown));
    }
    println!(
        "{name}: {} frames in {:.1} s: {shown} changes of the hint, {naive} if each frame showed its own; good {} times, \
         known after {worst_known:?} and shown after {worst_shown:?} at worst",
        recorded.len(),
        length.as_secs_f64(),
        good_from.len(),
    );
    assert!(good_from.len() >= EPISODES.len());
    assert!(worst_known <= AT_ONCE);
    assert!(shown as u32 * LEAST_FAULT <= length, "{shown} changes");
    assert!(shown >= good_from.len(), "every episode has its hint");
    assert!(naive > 5 * shown, "the sequence is too calm to need a guide");
    stays_its_time(&guidance);
    speaks_up(&recorded, &guidance);
    assert_eq!(guided(&recorded), guidance);
}

fn stays_its_time(guidance: &[Guidance]) {
    for pair in guidance.windows(2).filter(|pair| pair[0].hint != pair[1].hint) {
        let least = match pair[0].hint {
            None => SILENT,
            Some(hint) if hint.is_fault() => LEAST_FAULT,
            Some(_) => LEAST_NEUTRAL,
        };
        assert!(pair[1].since.saturating_sub(pair[0].since) >= least, "{:?}", pair[0].hint);
    }
}

/// A scene that was not good for so long is never called perfect.
fn speaks_up(recorded: &[Recorded], guidance: &[Guidance]) {
    let long = (2.5 * f64::from(FPS)) as usize;
    for (frame, window) in recorded.windows(long).enumerate() {
        if window.iter().all(|seen| !seen.is_good) {
            assert_ne!(guidance[frame + long - 1].hint, Some(Hint::Good), "frame {}", frame + long - 1);
        }
    }
}

#[test]
fn the_guide_stays_calm_and_finds_good_on_the_photos_of_the_demo() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cli/photos");
    let sharp = [
        "01-mug-overview",
        "03-mug-chip",
        "07-frame-overview",
        "11-parcel",
        "13-tin-overview",
        "14-tin-dent",
    ];
    let photos = sharp.map(|name| folder.join(name).with_extension("jpg"));
    judge("demo", &photos);
    let some = &EPISODES[..2];
    assert_eq!(record(&photos, some), record(&photos, some), "the same frames, the same reports");
}

#[test]
fn the_guide_stays_calm_and_finds_good_on_photos_of_products() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos/products");
    let sharp = ["chocclear", "micro_placement_v1", "pcb-assembly1", "pcb-w-assembly1", "3d-printed-case"];
    if !folder.exists() {
        assert!(std::env::var_os("CI").is_none(), "the shared photos are missing: {}", folder.display());
        println!("skipped: {} is absent", folder.display());
        return;
    }
    judge("products", &sharp.map(|name| folder.join(name).with_extension("jpg")));
}
