//! Focus and motion: how much of the detail that the edges could carry is there.
//!
//! Two families of measurement (design §4), both free of exposure and corrected for noise: fine against coarse
//! gradient energy on edges (over the strongest ones, and where it is crispest), and the strongest Laplacian at VGA
//! class and at half of it. A small logistic model makes them one score; its weights come from `fit/fit.py`.
//!
//! Not responsible for what a blurred photo means: the thresholds are the policy's.

use serde::{Deserialize, Serialize};

use crate::frame::FrameContext;
use crate::policy::Policy;
use crate::report::{BlurCause, Sharpness, SharpnessState, rounded};
use crate::tiles::{BLOCK, Statistics, Tile};

/// Share of all blocks, the strongest edges, on which the two scales are compared.
const STRONGEST: f64 = 0.05;
/// A block is an edge when its coarse gradient energy is so many times its noise.
const EDGE_OVER_NOISE: f64 = 9.0;
/// Least coarse gradient, in luma steps over four pixels, that counts as an edge: weaker ones are JPEG blocks.
const EDGE_FLOOR: f64 = 8.0;
/// So much further above the noise must a single block be to be asked how crisp it is: the noise left in its fine
/// energy is then a sixth of its coarse energy.
const CRISP_OVER_EDGE: f64 = 4.0;
/// The crispest edges are those above this share of all: a label's print is enough, a speck of dust is not.
const CRISP_SHARE: f64 = 0.95;
/// Share of the pixels that the strongest Laplacian is averaged over.
const TOP: f64 = 0.01;
/// Mean of the top 1 % of |x| for a standard normal x.
const TOP_OF_NOISE: f64 = 2.892;
/// Noise gain of the 8-neighbour Laplacian: √(8² + 8·1²).
const LAPLACIAN_GAIN: f64 = 8.485_281;
/// Tiles with less than this share of the strongest tile's gradient have no say in the direction.
const DIRECTION_SHARE: f64 = 0.1;
/// Coherence that buildings, keyboards and hems have by themselves: only what is above speaks of motion.
const NATURAL_COHERENCE: f64 = 0.4;
/// Pixels of a VGA-class frame per radian at the 60° horizontal field of view of a phone's main camera.
const PIXELS_PER_RADIAN: f64 = 611.0;

/// The logistic model, fitted by `fit/fit.py` on the shared photos and blurred copies of them. All weights have the
/// sign that makes the score grow with sharpness. Its logit is halved, so that verdicts lie between 0.1 and 0.9.
const WEIGHTS: Weights = Weights {
    ratio: 1.95,
    top: 2.10,
    half_top: 0.67,
    crisp: 0.87,
    coherence: -6.54,
    bias: -4.52,
    scale: 0.5,
};

struct Weights {
    ratio: f64,
    top: f64,
    half_top: f64,
    crisp: f64,
    coherence: f64,
    bias: f64,
    scale: f64,
}

/// The measurements behind the score; `fit/` is fitted on exactly these.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SharpnessEvidence {
    /// Share of the frame that has edges, 0 to 1.
    pub coverage: f64,
    /// Fine over coarse gradient energy on the strongest edges, noise removed: about 1 (mush) to 3 (crisp).
    pub ratio: f64,
    /// The same on single edges, 95th percentile: about 1.5 (nothing is crisp anywhere) to 20.
    pub crisp: f64,
    /// Mean of the strongest 1 % of the Laplacian, noise removed, in luma steps.
    pub top: f64,
    /// The same on the plane of half the size.
    pub half_top: f64,
    /// Root mean square of the coarse gradient on the strongest edges, in luma steps.
    pub contrast: f64,
    /// How much the strongest gradients agree in direction, 0 (not at all) to 1 (all parallel).
    pub coherence: f64,
    /// Noise, in luma steps.
    pub sigma: f64,
}

/// Buffers of a measurement, kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    energies: Vec<u32>,
    ratios: Vec<f64>,
}

/// Measures.
pub(crate) fn measure(statistics: &Statistics, sigma: f64, spare: &mut Spare) -> SharpnessEvidence {
    let pixels = (BLOCK * BLOCK) as f64;
    // White noise of variance σ² has gradient energy 4σ² per pixel and, averaged 2×2, σ²/4 per pixel of the original.
    let (fine_noise, coarse_noise) = (4.0 * sigma * sigma * pixels, sigma * sigma * pixels / 4.0);
    let noise_gate = EDGE_OVER_NOISE * coarse_noise;
    let floor = EDGE_FLOOR * EDGE_FLOOR * pixels / 4.0;
    let gate = noise_gate.max(floor);

    let Spare { energies, ratios } = spare;
    energies.clear();
    energies.extend(statistics.inner_blocks().map(|block| statistics.coarse[block]));
    let blocks = energies.len();
    energies.retain(|&energy| f64::from(energy) > gate);
    let edges = energies.len();
    let mut evidence = SharpnessEvidence {
        coverage: edges as f64 / blocks.max(1) as f64,
        top: without_noise(statistics.laplacian.mean_of_top(TOP), sigma),
        half_top: without_noise(statistics.half_laplacian.mean_of_top(TOP), sigma / 2.0),
        sigma,
        ..SharpnessEvidence::default()
    };
    if edges == 0 {
        return evidence;
    }
    let wanted = ((blocks as f64 * STRONGEST).ceil() as usize).clamp(1, edges);
    let weakest = *energies.select_nth_unstable(edges - wanted).1;

    ratios.clear();
    let crisp_gate = (CRISP_OVER_EDGE * noise_gate).max(floor);
    let (mut fine, mut coarse, mut taken) = (0.0, 0.0, 0.0);
    for block in statistics.inner_blocks() {
        let block_coarse = f64::from(statistics.coarse[block]);
        let block_fine = f64::from(statistics.fine[block]);
        if block_coarse > crisp_gate {
            ratios.push((block_fine - fine_noise).max(0.0) / (block_coarse - coarse_noise));
        }
        if statistics.coarse[block] >= weakest {
            fine += block_fine;
            coarse += block_coarse;
            taken += 1.0;
        }
    }
    let clean_coarse = (coarse - coarse_noise * taken).max(1.0);
    evidence.ratio = (fine - fine_noise * taken).max(0.0) / clean_coarse;
    evidence.contrast = (clean_coarse / (taken * pixels / 4.0)).sqrt();
    evidence.crisp = percentile(ratios, CRISP_SHARE).unwrap_or(evidence.ratio);
    evidence.coherence = coherence(statistics);
    evidence
}

/// The strongest Laplacian that is left when noise alone would answer with its own.
fn without_noise(top: f64, sigma: f64) -> f64 {
    let noise = TOP_OF_NOISE * LAPLACIAN_GAIN * sigma;
    (top * top - noise * noise).max(0.0).sqrt()
}

fn percentile(values: &mut [f64], share: f64) -> Option<f64> {
    let index = (values.len().checked_sub(1)? as f64 * share) as usize;
    Some(*values.select_nth_unstable_by(index, f64::total_cmp).1)
}

/// Coherence of the structure tensor (Bigün and Granlund 1987), summed over the tiles with the most gradient.
fn coherence(statistics: &Statistics) -> f64 {
    let strongest = statistics.tiles.iter().map(Tile::gradient).max().unwrap_or(0) as f64;
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for tile in statistics.tiles.iter().filter(|tile| tile.gradient() as f64 >= DIRECTION_SHARE * strongest) {
        xx += f64::from(tile.gxx);
        yy += f64::from(tile.gyy);
        xy += f64::from(tile.gxy);
    }
    let total: f64 = xx + yy;
    if total > 0.0 { ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt() / total } else { 0.0 }
}

/// Judges.
pub(crate) fn judge(evidence: &SharpnessEvidence, context: &FrameContext, policy: &Policy) -> Sharpness {
    let score = rounded(score(evidence));
    let state = if evidence.coverage < policy.min_edge_coverage {
        SharpnessState::Unknown
    } else if score < blurred_below(evidence, policy) {
        SharpnessState::Blurred
    } else if score < policy.sharp_from {
        SharpnessState::Soft
    } else {
        SharpnessState::Sharp
    };
    let cause = match state {
        SharpnessState::Soft | SharpnessState::Blurred => cause(evidence, context, policy),
        SharpnessState::Sharp | SharpnessState::Unknown => None,
    };
    Sharpness { state, score, cause }
}

/// 0 to 1; 0 when there is no edge to measure.
fn score(evidence: &SharpnessEvidence) -> f64 {
    if evidence.contrast <= 0.0 {
        return 0.0;
    }
    let contrast = evidence.contrast.max(1.0);
    let logit = WEIGHTS.bias
        + WEIGHTS.ratio * evidence.ratio.max(0.1).ln()
        + WEIGHTS.top * (evidence.top.max(1.0) / contrast).ln()
        + WEIGHTS.half_top * (evidence.half_top.max(1.0) / contrast).ln()
        + WEIGHTS.crisp * evidence.crisp.max(0.1).ln()
        + WEIGHTS.coherence * (evidence.coherence - NATURAL_COHERENCE).max(0.0);
    1.0 / (1.0 + (-WEIGHTS.scale * logit).exp())
}

/// Few edges may be soft by themselves, such as a hem or a fold; where there are many, one of them should be crisp.
fn blurred_below(evidence: &SharpnessEvidence, policy: &Policy) -> f64 {
    let (few_edges, many) = if evidence.coherence >= policy.motion_coherence {
        (policy.motion_few_edges, policy.motion_blurred_below)
    } else {
        (policy.few_edges, policy.blurred_below)
    };
    let span = (policy.many_edges - few_edges).max(f64::EPSILON);
    let trust = ((evidence.coverage - few_edges) / span).clamp(0.0, 1.0);
    policy.few_edges_blurred_below + trust * (many - policy.few_edges_blurred_below)
}

/// The gyroscope knows best; without it, the direction of the edges may tell.
fn cause(evidence: &SharpnessEvidence, context: &FrameContext, policy: &Policy) -> Option<BlurCause> {
    if let (Some(rate), Some(time)) = (context.gyro_rate, context.exposure_time_s) {
        let streak = rate.abs() * time.abs() * PIXELS_PER_RADIAN;
        return Some(if streak >= policy.motion_streak_px { BlurCause::Motion } else { BlurCause::Defocus });
    }
    if evidence.coherence >= policy.motion_coherence {
        Some(BlurCause::Motion)
    } else if evidence.coherence <= NATURAL_COHERENCE {
        Some(BlurCause::Defocus)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence() -> SharpnessEvidence {
        SharpnessEvidence {
            coverage: 0.5,
            ratio: 2.0,
            crisp: 4.0,
            top: 300.0,
            half_top: 450.0,
            contrast: 110.0,
            coherence: 0.2,
            sigma: 1.0,
        }
    }

    fn state(evidence: &SharpnessEvidence) -> SharpnessState {
        judge(evidence, &FrameContext::default(), &Policy::default()).state
    }

    #[test]
    fn the_score_grows_with_every_sign_of_sharpness() {
        let base = score(&evidence());
        assert!(score(&SharpnessEvidence { ratio: 2.5, ..evidence() }) > base);
        assert!(score(&SharpnessEvidence { crisp: 8.0, ..evidence() }) > base);
        assert!(score(&SharpnessEvidence { top: 400.0, ..evidence() }) > base);
        assert!(score(&SharpnessEvidence { half_top: 550.0, ..evidence() }) > base);
        assert!(score(&SharpnessEvidence { coherence: 0.9, ..evidence() }) < base);
    }

    #[test]
    fn a_plain_subject_is_unknown_never_blurred() {
        let plain = SharpnessEvidence { coverage: 0.009, ratio: 1.0, crisp: 1.0, top: 20.0, ..evidence() };
        assert_eq!(state(&plain), SharpnessState::Unknown);
    }

    #[test]
    fn the_same_softness_is_blur_among_many_edges_and_a_fold_among_few() {
        let soft = SharpnessEvidence { ratio: 1.3, crisp: 1.8, top: 110.0, half_top: 260.0, ..evidence() };
        assert_eq!(state(&soft), SharpnessState::Blurred);
        assert_eq!(state(&SharpnessEvidence { coverage: 0.15, ..soft }), SharpnessState::Soft);
    }

    #[test]
    fn the_gyroscope_overrules_the_direction_of_edges() {
        let striped = SharpnessEvidence { coherence: 0.9, ..evidence() };
        let context =
            FrameContext { gyro_rate: Some(0.01), exposure_time_s: Some(0.01), ..FrameContext::default() };
        assert_eq!(cause(&striped, &context, &Policy::default()), Some(BlurCause::Defocus));
        assert_eq!(cause(&striped, &FrameContext::default(), &Policy::default()), Some(BlurCause::Motion));
    }
}
