//! The best of several frames or photos of one shot, by the findings that verdicts are made of.
//!
//! A finger on the shutter moves the phone: the frame a moment before is often the better one. [`BestOf`] remembers the
//! last few and says which; [`choose`] does the same for finished photos.
//!
//! Not responsible for keeping any pixels: the caller does, under the ids it gives.

use std::cmp::Reverse;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::hint::{Hint, HintSet};
use crate::reason::Verdict;
use crate::report::{BlurCause, Exposure, FrameReport, Sharpness, SharpnessState, StillReport};

/// Steps of the sharpness score, which goes from 0 to 1, below which two pictures count as equally sharp: nobody sees
/// less, and then stillness and light may decide.
const SHARPNESS_STEPS: f64 = 20.0;
/// Mid-grey, 18 % of the light, in 8-bit sRGB: where an average scene's mean luma belongs.
const MID_GREY: f64 = 118.0;
/// Fractions of a pixel of motion, and of a luma step, that are told apart.
const TENTHS: f64 = 10.0;

/// How good a picture is as evidence; the greater, the better. A total order: every report has its place.
///
/// Decided in this order: no reason to retake; fewer and less severe hints (each counts its place in the order of
/// urgency, 1 for `soft` to 16 for `lens_blocked`); sharpness in steps of 0.05; less motion; mean luma nearer to mid-grey;
/// the sharpness score itself. Ranks of frames and of stills are not comparable with each other: a still has fewer hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rank {
    usable: bool,
    faults: Reverse<u16>,
    sharpness: u8,
    motion: Reverse<u32>,
    light: Reverse<u32>,
    score: u32,
}

impl Rank {
    /// The rank of a preview frame.
    pub fn of_frame(report: &FrameReport) -> Self {
        Self::new(report.verdict, report.hints, &report.sharpness, report.motion, &report.exposure)
    }

    /// The rank of a photo.
    pub fn of_still(report: &StillReport) -> Self {
        let mut hints: HintSet =
            report.reasons.iter().filter_map(|&reason| Hint::for_reason(reason)).collect();
        if report.sharpness.state == SharpnessState::Soft {
            hints.insert(Hint::Soft);
        }
        Self::new(report.verdict, hints, &report.sharpness, None, &report.exposure)
    }

    fn new(
        verdict: Verdict,
        hints: HintSet,
        sharpness: &Sharpness,
        streak: Option<f64>,
        exposure: &Exposure,
    ) -> Self {
        let moved = sharpness.cause == Some(BlurCause::Motion);
        let motion = streak.map_or(if moved { u32::MAX } else { 0 }, |streak| tenths(streak.abs()));
        Self {
            usable: verdict == Verdict::Good,
            faults: Reverse(hints.iter().map(|hint| Hint::Good as u16 - hint as u16).sum()),
            // A conversion to an integer stops at its ends and takes what is no number as 0.
            sharpness: (sharpness.score * SHARPNESS_STEPS) as u8,
            motion: Reverse(motion),
            light: Reverse(tenths((exposure.mean - MID_GREY).abs())),
            score: (sharpness.score * 1e6) as u32,
        }
    }
}

/// Tenths of a distance; what is no number is the farthest.
fn tenths(distance: f64) -> u32 {
    if distance.is_nan() { u32::MAX } else { (distance * TENTHS) as u32 }
}

/// A picture and its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// What the caller calls it.
    pub id: u64,
    /// When it was taken, on the caller's clock.
    pub at: Duration,
    /// How good it is.
    pub rank: Rank,
}

/// The last `N` frames (at least one), and which of them is the best. Lives on the stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestOf<const N: usize> {
    /// The oldest at the front, empty places before it.
    last: [Option<Ranked>; N],
}

impl<const N: usize> BestOf<N> {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        const { assert!(N > 0, "the best of none cannot be chosen") };
        Self { last: [None; N] }
    }

    /// Takes in one frame, and forgets the oldest when there is no place left.
    pub fn push(&mut self, id: u64, report: &FrameReport, now: Duration) {
        self.last.rotate_left(1);
        self.last[N - 1] = Some(Ranked { id, at: now, rank: Rank::of_frame(report) });
    }

    /// The best of those remembered; of equals, the newest.
    pub fn best(&self) -> Option<Ranked> {
        self.last.iter().flatten().copied().max_by_key(|ranked| ranked.rank)
    }
}

impl<const N: usize> Default for BestOf<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Index of the best photo; of equals, the last. None of none.
pub fn choose(reports: &[StillReport]) -> Option<usize> {
    let ranks = reports.iter().map(Rank::of_still).enumerate();
    ranks.max_by_key(|(_, rank)| *rank).map(|(index, _)| index)
}
