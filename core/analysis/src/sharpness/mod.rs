//! Focus and motion: how much of the detail that the edges could carry is there.
//!
//! [`measure`] compares fine with coarse gradient energy where the edges are, free of exposure and corrected for noise
//! (design §4): over the strongest ones, the very strongest ones, the crispest ones, and direction by direction.
//! [`score`] makes them one number with a small model whose weights come from `fit/fit.py`. Where the shopper tapped a
//! region, that region is judged, as long as it has edges.
//!
//! Not responsible for what a blurred photo means: the thresholds are the policy's.

mod measure;
mod score;

pub use measure::SharpnessEvidence;
pub(crate) use measure::{BlockNoise, Spare, measure, measure_region};

use crate::frame::FrameContext;
use crate::policy::Policy;
use crate::report::{BlurCause, Sharpness, SharpnessState, rounded};
use crate::sensors;
use score::{NATURAL_COHERENCE, score};

/// Judges.
pub(crate) fn judge(evidence: &SharpnessEvidence, context: &FrameContext, policy: &Policy) -> Sharpness {
    let score = rounded(score(evidence));
    let state = if evidence.coverage < policy.min_edge_coverage {
        SharpnessState::Unknown
    } else if score < policy.blurred_below {
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

/// The gyroscope knows best; without it, the direction of the edges may tell.
fn cause(evidence: &SharpnessEvidence, context: &FrameContext, policy: &Policy) -> Option<BlurCause> {
    if let Some(streak) = sensors::streak_px(context) {
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

    #[test]
    fn a_plain_subject_is_unknown_never_blurred() {
        let mush = SharpnessEvidence {
            coverage: 0.009,
            ratio: 1.0,
            peak_ratio: 1.0,
            crisp: 1.0,
            contrast: 30.0,
            coherence: 0.2,
            balance: 0.3,
            sigma: 1.0,
        };
        let state = |evidence: &SharpnessEvidence| {
            judge(evidence, &FrameContext::default(), &Policy::default()).state
        };
        assert_eq!(state(&mush), SharpnessState::Unknown);
        assert_eq!(state(&SharpnessEvidence { coverage: 0.3, ..mush }), SharpnessState::Blurred);
    }

    #[test]
    fn the_gyroscope_overrules_the_direction_of_edges() {
        let striped = SharpnessEvidence { coherence: 0.9, ..SharpnessEvidence::default() };
        let context =
            FrameContext { gyro_rate: Some(0.01), exposure_time_s: Some(0.01), ..FrameContext::default() };
        assert_eq!(cause(&striped, &context, &Policy::default()), Some(BlurCause::Defocus));
        assert_eq!(cause(&striped, &FrameContext::default(), &Policy::default()), Some(BlurCause::Motion));
    }
}
