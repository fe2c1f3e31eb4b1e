//! What the last seconds said: the share that each hint has in them, newer frames weighing more.
//!
//! An exponentially weighted mean by time, not by frame: a frame stands for the time since the one before, so thirty frames
//! a second have the same shares as fifteen.

use std::time::Duration;

use super::clock::Tick;
use super::policy::GuidePolicy;
use crate::hint::{Hint, HintSet};

/// The frame time for which [`GuidePolicy::kept_weight`] is given: a preview of 15 frames per second.
const FRAMES_PER_SECOND: f64 = 15.0;
/// A frame speaks for so long at most, however long the one before is ago: five frames per second is the slowest preview.
const LONGEST_FRAME: Duration = Duration::from_millis(200);

/// The weights.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Window {
    /// Weight of all frames; 1 for an endless past.
    total: f64,
    /// Weight of the frames with any hint, and with any fault.
    hinted: f64,
    faulty: f64,
    /// Weight of the frames, each times how far down the order its most urgent hint is, 0 to 1.
    rank: f64,
    /// One for each of [`Hint::ALL`].
    traces: [Trace; Hint::ALL.len()],
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Trace {
    weight: f64,
    seen: Option<Duration>,
}

impl Window {
    /// Takes in one frame.
    pub(super) fn push(&mut self, hints: HintSet, tick: Tick, policy: &GuidePolicy) {
        if tick.after_gap {
            *self = Self::default();
        }
        let kept = kept(tick.step, policy);
        let gained = 1.0 - self::kept(tick.step.min(LONGEST_FRAME), policy);
        let add = |weight: &mut f64, value: f64| *weight = *weight * kept + value * gained;
        add(&mut self.total, 1.0);
        let as_weight = |is_so: bool| f64::from(u8::from(is_so));
        add(&mut self.hinted, as_weight(hints.most_urgent() != Hint::Good));
        add(&mut self.faulty, as_weight(hints.iter().any(Hint::is_fault)));
        add(&mut self.rank, f64::from(hints.most_urgent() as u8) / f64::from(Hint::Good as u8));
        for (hint, trace) in Hint::ALL.into_iter().zip(&mut self.traces) {
            let present = hints.contains(hint);
            add(&mut trace.weight, as_weight(present));
            if present {
                trace.seen = Some(tick.at);
            }
        }
    }

    /// The scene is good: what was wrong before counts no more.
    pub(super) fn forgive(&mut self) {
        (self.hinted, self.faulty) = (0.0, 0.0);
        self.rank = self.total;
        self.traces = Default::default();
    }

    /// Share of the frames that have the hint, 0 to 1.
    pub(super) fn share(&self, hint: Hint, policy: &GuidePolicy) -> f64 {
        self.traces[hint as usize].weight / self.trusted(policy)
    }

    /// Share of the frames that have any hint, 0 to 1.
    pub(super) fn hinted_share(&self, policy: &GuidePolicy) -> f64 {
        self.hinted / self.trusted(policy)
    }

    /// Share of the frames that have any fault, 0 to 1.
    pub(super) fn faulty_share(&self, policy: &GuidePolicy) -> f64 {
        self.faulty / self.trusted(policy)
    }

    /// Whether one of the frames of the last moments had the hint.
    pub(super) fn is_current(&self, hint: Hint, at: Duration, policy: &GuidePolicy) -> bool {
        let settled = Duration::from_millis(u64::from(policy.settled_ms));
        self.traces[hint as usize].seen.is_some_and(|seen| at.saturating_sub(seen) <= settled)
    }

    /// How far down the order of urgency the frames' hints are on average, 0 to 1.
    pub(super) fn progress(&self) -> f64 {
        if self.total > 0.0 { self.rank / self.total } else { 0.0 }
    }

    /// The weight that shares are taken of. After less than the silent start it is what that start would have: the first
    /// frame after a gap must not decide alone.
    fn trusted(&self, policy: &GuidePolicy) -> f64 {
        let least = 1.0 - kept(Duration::from_millis(u64::from(policy.silent_ms)), policy);
        self.total.max(least).max(f64::MIN_POSITIVE)
    }
}

/// The weight that is left after a time.
pub(super) fn kept(time: Duration, policy: &GuidePolicy) -> f64 {
    policy.kept_weight.powf(time.as_secs_f64() * FRAMES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_after(fps: u32, seconds: f64) -> f64 {
        let (mut window, policy) = (Window::default(), GuidePolicy::default());
        let step = Duration::from_secs_f64(1.0 / f64::from(fps));
        let dark = HintSet::from_iter([Hint::TooDark]);
        let good_frames = 10 * fps;
        let frames = good_frames + (seconds * f64::from(fps)).round() as u32;
        for index in 0..frames {
            let hints = if index < good_frames { HintSet::default() } else { dark };
            window.push(hints, Tick { at: index * step, step, after_gap: false }, &policy);
        }
        window.share(Hint::TooDark, &policy)
    }

    #[test]
    fn shares_depend_on_time_and_not_on_the_frame_rate() {
        for fps in [5, 15, 30, 60] {
            let share = share_after(fps, 0.6);
            assert!((share - 0.37).abs() < 0.005, "{fps} fps: {share}");
        }
        assert!((share_after(15, 3.0) - 0.90).abs() < 0.005);
    }

    #[test]
    fn one_frame_after_a_stall_has_no_share_worth_showing() {
        let policy = GuidePolicy::default();
        for (seconds, after_gap) in [(1, false), (2, false), (3, true)] {
            let mut window = Window::default();
            let glare = HintSet::from_iter([Hint::Glare]);
            window.push(
                glare,
                Tick { at: Duration::ZERO, step: Duration::from_secs(seconds), after_gap },
                &policy,
            );
            let share = window.share(Hint::Glare, &policy);
            assert!(share < policy.share_to_show, "after {seconds} s: {share}");
        }
    }

    #[test]
    fn nothing_is_left_of_what_was_before_a_gap() {
        let (mut window, policy) = (Window::default(), GuidePolicy::default());
        let tick = Tick { at: Duration::ZERO, step: Duration::from_millis(66), after_gap: false };
        window.push(HintSet::from_iter([Hint::Glare]), tick, &policy);
        assert!(window.is_current(Hint::Glare, tick.at, &policy) && window.progress() < 1.0);
        window.push(HintSet::default(), Tick { after_gap: true, ..tick }, &policy);
        assert!(!window.is_current(Hint::Glare, tick.at, &policy));
        assert_eq!((window.share(Hint::Glare, &policy), window.progress()), (0.0, 1.0));
    }
}
