//! What analysis found in one picture, and what follows from it: reasons for another photo, and hints for the shopper.

use crate::frame::FocusState;
use crate::framing::Faults;
use crate::hint::{Hint, HintSet};
use crate::policy::Policy;
use crate::reason::{Reason, ReasonSet};
use crate::relevance::Doubt;
use crate::report::{
    BlurCause, Exposure, ExposureState, Framing, Glare, Lens, Noise, Screen, Sharpness, SharpnessState,
};
use crate::scores::Relevance;

/// What analysis found in one picture.
pub(crate) struct Findings {
    pub(crate) sharpness: Sharpness,
    pub(crate) exposure: Exposure,
    pub(crate) noise: Noise,
    pub(crate) glare: Glare,
    pub(crate) framing: Framing,
    pub(crate) faults: Faults,
    pub(crate) lens: Lens,
    pub(crate) screen: Screen,
    pub(crate) relevance: Option<Relevance>,
    pub(crate) doubt: Doubt,
    /// Length of the streak by the gyroscope, in pixels of a VGA frame.
    pub(crate) motion: Option<f64>,
    pub(crate) focus: Option<FocusState>,
}

impl Findings {
    /// The findings that are worth another photo.
    pub(crate) fn reasons(&self) -> ReasonSet {
        let light = match self.exposure.state {
            ExposureState::Good => None,
            ExposureState::TooDark => Some(Reason::TooDark),
            ExposureState::TooBright => Some(Reason::TooBright),
            ExposureState::Backlit => Some(Reason::Backlit),
        };
        [
            light,
            self.lens.blocked.then_some(Reason::LensBlocked),
            self.doubted(),
            self.glare.present.then_some(Reason::Glare),
            self.is_blurred().then_some(Reason::Blurred),
        ]
        .into_iter()
        .flatten()
        .chain(self.faults.reasons.iter())
        .collect()
    }

    /// Why the subject is asked about. That a dark picture, or one behind a finger, seems to be of nothing says little:
    /// the shopper is told what hides the subject, and the next picture is looked at again.
    fn doubted(&self) -> Option<Reason> {
        let is_hidden = self.exposure.state == ExposureState::TooDark || self.lens.blocked;
        self.doubt.reason.filter(|&reason| reason != Reason::Irrelevant || !is_hidden)
    }

    /// What the shopper could be told: what avoids every reason, and what only a live picture can still mend.
    pub(crate) fn hints(&self, policy: &Policy) -> HintSet {
        // Which hint avoids these depends on more than the reason.
        let told_apart = [Some(Reason::Blurred), self.doubt.reason];
        let from_reasons = self.reasons().iter().filter(|&reason| !told_apart.contains(&Some(reason)));
        let mut hints: HintSet = from_reasons
            .filter_map(Hint::for_reason)
            .chain(self.doubt.hint)
            .chain(self.faults.hints.iter())
            .collect();
        let live = [
            (Hint::LensBlocked, self.lens.covered > 0.0),
            (Hint::Screen, self.screen.present),
            (Hint::Moving, self.is_moving(policy)),
            (Hint::Focusing, self.is_out_of_focus(policy)),
            (Hint::Soft, self.sharpness.state == SharpnessState::Soft),
        ];
        live.into_iter().filter(|&(_, holds)| holds).for_each(|(hint, _)| hints.insert(hint));
        hints
    }

    /// Whether the autofocus has no focus.
    pub(crate) fn is_focusing(&self) -> bool {
        self.focus.is_some_and(FocusState::is_lost)
    }

    fn is_blurred(&self) -> bool {
        self.sharpness.state == SharpnessState::Blurred
    }

    /// Blurred by motion, or about to be. A hand that shakes this much spoils the photo a moment later even if this frame
    /// came out sharp, so a long streak is told whatever the picture looks like; a short one only if it shows.
    fn is_moving(&self, policy: &Policy) -> bool {
        let streak = self.motion.unwrap_or(0.0);
        let shows = self.sharpness.state != SharpnessState::Sharp && streak >= policy.motion_streak_px;
        let blurred = self.is_blurred() && self.sharpness.cause == Some(BlurCause::Motion);
        blurred || shows || streak >= policy.moving_streak_px
    }

    /// Blurred by something else than motion, or the lens still moves. What the autofocus says counts only while the
    /// picture is not sharp: some phones refocus all the time.
    fn is_out_of_focus(&self, policy: &Policy) -> bool {
        let defocused = self.is_blurred() && !self.is_moving(policy);
        defocused || self.is_focusing() && self.sharpness.state != SharpnessState::Sharp
    }
}
