//! When to light the torch, and when it does more harm than good.
//!
//! Not responsible for switching it: the shopper decides, or the platform's own rule.

use std::time::Duration;

use super::clock::Tick;
use super::guidance::TorchAdvice;
use super::policy::GuidePolicy;
use super::steady::Steady;
use super::window::kept;
use crate::hint::Hint;
use crate::report::{ExposureState, FrameReport};

/// What is known of light and reflections, with the torch off and on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Torch {
    /// Dark for whatever reason, and with nothing before the lens.
    dark: Steady,
    seeing: Steady,
    lit: Steady,
    /// Whether glare has grown since the torch went on.
    grown: Steady,
    /// Area under glare while the torch was off, averaged as the window is, 0 to 1; none before the first frame.
    glare_before: Option<f64>,
    on: bool,
    advice: TorchAdvice,
    /// It was withdrawn; not to be suggested again in the same darkness.
    refused: bool,
}

impl Torch {
    /// Takes in one frame. A torch of which nothing is known counts as off.
    pub(super) fn advance(&mut self, report: &FrameReport, tick: Tick, policy: &GuidePolicy) -> TorchAdvice {
        let settled = Duration::from_millis(u64::from(policy.settled_ms));
        self.follow_switch(report.torch == Some(true));
        let glare = report.glare.area;
        let before = *self.glare_before.get_or_insert(glare);
        if self.on {
            self.grown.push(tick.at, glare > before + policy.glare_growth);
            if self.grown.holds_for(settled) {
                self.advice = TorchAdvice::Withdraw;
                self.refused = true;
            }
            return self.advice;
        }
        let kept = kept(tick.step, policy);
        self.glare_before = Some(before * kept + glare * (1.0 - kept));

        let dark = report.exposure.state == ExposureState::TooDark;
        self.dark.push(tick.at, dark);
        self.seeing.push(tick.at, dark && !report.hints.contains(Hint::LensBlocked));
        self.lit.push(tick.at, !dark);
        let dark_time = Duration::from_millis(u64::from(policy.dark_ms));
        // Behind a finger it is dark, too, and the torch would not help. But a frame from a room without light looks the
        // same, and there nothing else helps: whoever was asked to uncover the lens and still sees nothing is offered it.
        let uncovered_by_now = dark_time + Duration::from_millis(u64::from(policy.fault_ms));
        let wanted = self.seeing.holds_for(dark_time) || self.dark.holds_for(uncovered_by_now);
        if self.lit.holds_for(dark_time) {
            self.refused = false;
        }
        if self.lit.holds_for(settled) {
            self.advice = TorchAdvice::None;
        } else if wanted && !self.refused {
            self.advice = TorchAdvice::Suggest;
        }
        self.advice
    }

    /// Too much time passed for what was seen to go on; what was learnt of the torch stays.
    pub(super) fn forget_frames(&mut self) {
        (self.dark, self.seeing, self.lit, self.grown) = <(Steady, Steady, Steady, Steady)>::default();
    }

    /// A new shot: the torch may be on since the one before, and its reflections are known by what was there without it.
    pub(super) fn restart(&mut self) {
        *self = Self { glare_before: self.glare_before, on: self.on, ..Self::default() };
    }

    fn follow_switch(&mut self, on: bool) {
        if on != self.on {
            self.on = on;
            self.advice = TorchAdvice::None;
            self.forget_frames();
        }
    }
}
