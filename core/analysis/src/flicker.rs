//! Flicker of lamps on the mains: bands across the rows that wander from frame to frame.
//!
//! A rolling shutter reads row after row, so light that swings 100 or 120 times a second leaves bright and dark bands.
//! The scene itself cancels out of the ratio of two frames; what is left of the bands is a sine along the rows, the same
//! in the left of the frame as in the right. A hand that moves leaves no sine, or not everywhere; a change of the
//! exposure leaves a constant.
//!
//! What cannot be seen: bands that stand still, as 120 Hz does at 30 frames a second; and fewer than one and a half bands
//! in a frame. Rows are those of the plane as delivered: a platform that turns the pixels must not expect an answer.
//! Which mains frequency it is depends on how long the sensor reads a frame, which phones do not say.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::report::rounded;
use crate::tiles::Statistics;

/// Strips side by side in which the bands must agree.
const STRIPS: usize = 4;
/// Strips that must: one may be burnt out or black.
const AGREEING: usize = 3;
/// Most rows of tiles of a plane of VGA class.
const MOST_ROWS: usize = 64;
/// Fewest rows of tiles in which bands can be counted.
const FEWEST_ROWS: usize = 24;
/// Mean luma below which a row of tiles is too dark for a ratio.
const DARKEST: f64 = 8.0;
/// Bands per frame that are looked for, in halves: 100 Hz in 15 ms to 120 Hz in 50 ms. Fewer look like shading.
const HALF_BANDS: std::ops::RangeInclusive<usize> = 3..=12;
/// Share of what changes between two frames that must be the sine.
const PURITY: f64 = 0.6;
/// How far a strip may be from the mean of all: at least half of it, at most twice.
const STRIP_RATIO: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// Times the strength of the change that the scene itself may vary at the same frequency: a blind that moves leaves a
/// sine as well, but a weak one beside itself.
const OWN_PATTERN: f64 = 2.0;
/// Pairs of frames that vote, and votes that are needed.
const VOTES: usize = 4;
const MAJORITY: u32 = 3;
/// A longer pause is a new scene.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Flicker between the last frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Flicker {
    /// Whether bands were seen in three of the last four pairs of frames.
    pub present: bool,
    /// Amplitude of the bands in the ratio of the last two frames: 0.03 is three percent of the brightness.
    pub strength: f64,
    /// Bright bands per frame; none when there are none.
    pub bands: Option<f64>,
}

/// How bright the rows of a frame are, in strips side by side. Lives on the stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowProfile {
    rows: usize,
    /// Logarithm of the mean luma.
    strips: [[f64; MOST_ROWS]; STRIPS],
}

impl RowProfile {
    pub(crate) fn of(statistics: &Statistics) -> Self {
        let rows = statistics.rows.min(MOST_ROWS);
        let mut strips = [[0.0; MOST_ROWS]; STRIPS];
        for row in 0..rows {
            let tiles = &statistics.tiles[row * statistics.columns..][..statistics.columns];
            for (strip, logs) in strips.iter_mut().enumerate() {
                let part = strip * tiles.len() / STRIPS..(strip + 1) * tiles.len() / STRIPS;
                let (sum, n) = tiles[part]
                    .iter()
                    .fold((0.0, 0.0), |(sum, n), tile| (sum + f64::from(tile.sum), n + f64::from(tile.n)));
                logs[row] = (sum / f64::max(n, 1.0)).max(DARKEST).ln();
            }
        }
        Self { rows, strips }
    }
}

/// Watches frames for flicker. Holds the last profile and the last votes, nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FlickerWatch {
    last: Option<(RowProfile, Duration)>,
    /// One bit per pair of frames, the latest lowest.
    votes: u32,
}

impl FlickerWatch {
    /// Takes the next frame. `now` is any clock; time that stands still or goes back counts as none at all.
    pub fn advance(&mut self, profile: &RowProfile, now: Duration, policy: &Policy) -> Flicker {
        let before = self.last.replace((*profile, now));
        let Some((before, _)) = before.filter(|(before, then)| {
            before.rows == profile.rows && now.saturating_sub(*then) <= LONGEST_PAUSE
        }) else {
            self.votes = 0;
            return Flicker::default();
        };
        let bands = bands(&before, profile);
        let strength = bands.map_or(0.0, |bands| bands.strength);
        let seen = strength >= policy.flicker_strength_from;
        self.votes = (self.votes << 1 | u32::from(seen)) & ((1 << VOTES) - 1);
        Flicker {
            present: self.votes.count_ones() >= MAJORITY,
            strength: rounded(strength),
            bands: bands.filter(|_| seen).map(|bands| rounded(bands.count)),
        }
    }
}

#[derive(Clone, Copy)]
struct Bands {
    count: f64,
    strength: f64,
}

/// The bands between two frames; none when what changed is anything else.
fn bands(before: &RowProfile, after: &RowProfile) -> Option<Bands> {
    let rows = after.rows;
    if rows < FEWEST_ROWS {
        return None;
    }
    let mut changes = [[0.0; MOST_ROWS]; STRIPS];
    for (change, (after, before)) in changes.iter_mut().zip(after.strips.iter().zip(&before.strips)) {
        for (change, (after, before)) in change.iter_mut().zip(after.iter().zip(before)).take(rows) {
            *change = after - before;
        }
        without_trend(&mut change[..rows]);
    }
    let change = mean_of(&changes);
    let power: f64 = change[..rows].iter().map(|value| value * value).sum::<f64>() / rows as f64;
    let (half_bands, sine) = HALF_BANDS
        .map(|half_bands| (half_bands, Sine::of(&change[..rows], half_bands)))
        .max_by(|(_, one), (_, other)| one.power().total_cmp(&other.power()))?;
    let agreeing = changes
        .iter()
        .filter(|strip| STRIP_RATIO.contains(&Sine::of(&strip[..rows], half_bands).along(&sine)))
        .count();
    let mut scene = mean_of(&before.strips);
    without_trend(&mut scene[..rows]);
    let own = Sine::of(&scene[..rows], half_bands).amplitude();
    let is_sine = sine.power() / 2.0 >= PURITY * power && power > 0.0;
    let strength = sine.amplitude();
    let bands = Bands { count: half_bands as f64 / 2.0, strength };
    (is_sine && agreeing >= AGREEING && own <= OWN_PATTERN * strength).then_some(bands)
}

fn mean_of(strips: &[[f64; MOST_ROWS]; STRIPS]) -> [f64; MOST_ROWS] {
    std::array::from_fn(|row| strips.iter().map(|strip| strip[row]).sum::<f64>() / STRIPS as f64)
}

/// Takes off the straight line that fits best: a change of the exposure, or a shadow that comes in.
fn without_trend(values: &mut [f64]) {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let (mut moment, mut square) = (0.0, 0.0);
    for (row, value) in values.iter().enumerate() {
        let x = row as f64 - middle;
        moment += x * value;
        square += x * x;
    }
    let slope = moment / f64::max(square, 1.0);
    for (row, value) in values.iter_mut().enumerate() {
        *value -= mean + slope * (row as f64 - middle);
    }
}

/// What a row of values has of one frequency.
#[derive(Clone, Copy)]
struct Sine {
    cosine: f64,
    sine: f64,
}

impl Sine {
    fn of(values: &[f64], half_bands: usize) -> Self {
        let step = std::f64::consts::PI * half_bands as f64 / values.len() as f64;
        let (step_sin, step_cos) = step.sin_cos();
        let (mut sin, mut cos) = (0.0, 1.0);
        let mut found = Self { cosine: 0.0, sine: 0.0 };
        for value in values {
            found.cosine += value * cos;
            found.sine += value * sin;
            (sin, cos) = (sin * step_cos + cos * step_sin, cos * step_cos - sin * step_sin);
        }
        let scale = 2.0 / values.len() as f64;
        Self { cosine: found.cosine * scale, sine: found.sine * scale }
    }

    fn power(&self) -> f64 {
        self.cosine * self.cosine + self.sine * self.sine
    }

    fn amplitude(&self) -> f64 {
        self.power().sqrt()
    }

    /// How much of another one is in this one: 1 when they are the same.
    fn along(&self, other: &Self) -> f64 {
        let shared = self.cosine * other.cosine + self.sine * other.sine;
        shared / other.power().max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROWS: usize = 48;

    /// A profile of a scene with some content, lit by `light(row)`.
    fn profile(content: impl Fn(usize, usize) -> f64, light: impl Fn(usize) -> f64) -> RowProfile {
        let mut strips = [[0.0; MOST_ROWS]; STRIPS];
        for (strip, logs) in strips.iter_mut().enumerate() {
            for (row, log) in logs.iter_mut().take(ROWS).enumerate() {
                *log = (content(strip, row) * light(row)).max(DARKEST).ln();
            }
        }
        RowProfile { rows: ROWS, strips }
    }

    fn content(strip: usize, row: usize) -> f64 {
        110.0
            + 50.0 * ((row * 7 + strip * 11) as f64 / 9.0).sin()
            + ((row * row * 31 + strip * 17) % 23) as f64
    }

    /// Plays frames at a rate under a lamp of `hz` that swings by `depth`, read within `readout` seconds; counts the
    /// frames with flicker.
    fn flickering(hz: f64, depth: f64, rate: f64, readout: f64, frames: usize) -> (usize, Flicker) {
        let (mut watch, mut count, mut last) = (FlickerWatch::default(), 0, Flicker::default());
        for frame in 0..frames {
            let start = frame as f64 / rate;
            let light = |row: usize| {
                let at = start + readout * row as f64 / ROWS as f64;
                1.0 + depth * (std::f64::consts::TAU * hz * at).sin()
            };
            let now = Duration::from_secs_f64(start);
            last = watch.advance(&profile(content, light), now, &Policy::default());
            count += usize::from(last.present);
        }
        (count, last)
    }

    #[test]
    fn bands_of_three_percent_are_seen_at_both_mains_frequencies() {
        for (hz, rate) in
            [(100.0, 30.0), (100.0, 15.0), (100.0, 24.0), (120.0, 25.0), (120.0, 50.0), (120.0, 14.0)]
        {
            for readout in [0.018, 0.025, 0.033] {
                let (count, last) = flickering(hz, 0.03, rate, readout, 30);
                assert!(count >= 24, "{hz} Hz at {rate}/s in {readout} s: {count}");
                assert!((last.bands.unwrap() - hz * readout).abs() <= 0.5, "{last:?}");
            }
        }
    }

    #[test]
    fn steady_light_and_bands_too_weak_to_see_are_none() {
        assert_eq!(flickering(100.0, 0.0, 30.0, 0.025, 30).0, 0);
        assert_eq!(flickering(100.0, 0.004, 30.0, 0.025, 30).0, 0);
    }

    #[test]
    fn a_change_of_the_exposure_alone_is_none() {
        let mut watch = FlickerWatch::default();
        for frame in 0..40u32 {
            let gain = [1.0, 1.3, 0.7, 1.1][frame as usize % 4];
            let profile = profile(content, |row| gain * (1.0 + 0.1 * row as f64 / ROWS as f64 * gain));
            let flicker = watch.advance(&profile, Duration::from_millis(33) * frame, &Policy::default());
            assert!(!flicker.present, "{frame}");
        }
    }

    #[test]
    fn after_a_pause_or_another_size_it_starts_anew() {
        let (mut watch, policy) = (FlickerWatch::default(), Policy::default());
        let banded = |phase: f64| profile(content, |row| 1.0 + 0.1 * (row as f64 / 3.0 + phase).sin());
        for frame in 0..6u32 {
            watch.advance(&banded(f64::from(frame) * 2.0), Duration::from_millis(33) * frame, &policy);
        }
        let mut late = watch;
        assert!(!late.advance(&banded(20.0), Duration::from_secs(9), &policy).present);
        let smaller = RowProfile { rows: ROWS / 2, ..banded(20.0) };
        assert!(!watch.advance(&smaller, Duration::from_millis(230), &policy).present);
    }

    #[test]
    fn time_that_stands_still_or_goes_back_changes_nothing() {
        let play = |times: [u64; 6]| {
            let mut watch = FlickerWatch::default();
            times.map(|time| {
                let seen = (watch.votes.count_ones() + 2) as f64;
                let banded = profile(content, |row| 1.0 + 0.1 * (row as f64 / 3.0 + 2.0 * seen).sin());
                watch.advance(&banded, Duration::from_millis(time), &Policy::default())
            })
        };
        assert_eq!(play([500; 6]), play([0, 33, 66, 99, 133, 166]));
        assert_eq!(play([500, 400, 300, 200, 100, 0]), play([500; 6]));
    }

    proptest! {
        #[test]
        fn any_shake_of_the_camera_alone_is_none(shifts in proptest::collection::vec((0usize..=12, 0.8f64..1.25), 12..30)) {
            let (mut watch, mut at, mut flickers) = (FlickerWatch::default(), 1_000, 0);
            for (frame, (shift, gain)) in (0u32..).zip(shifts) {
                at = at + shift - 6;
                let moved = |strip: usize, row: usize| content(strip, at + row);
                let profile = profile(moved, |_| gain);
                let flicker = watch.advance(&profile, Duration::from_millis(33) * frame, &Policy::default());
                flickers += usize::from(flicker.present);
            }
            prop_assert_eq!(flickers, 0);
        }
    }
}
