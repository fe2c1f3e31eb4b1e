//! The rules by which a hint wins and stays; the module's document states them.

use std::time::Duration;

use super::budget::Budget;
use super::clock::Clock;
use super::guidance::Guidance;
use super::policy::GuidePolicy;
use super::steady::Steady;
use super::torch::Torch;
use super::window::Window;
use crate::hint::{Hint, HintSet};
use crate::report::FrameReport;

/// Highest progress while the scene is not good yet.
const NEARLY: f64 = 0.95;

/// Guides one shot after the other. A plain value of about a kilobyte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guide {
    policy: GuidePolicy,
    clock: Clock,
    window: Window,
    good: Steady,
    torch: Torch,
    budget: Budget,
    shown: Option<Hint>,
    /// When that was first shown, on the guide's own clock and on the caller's.
    shown_at: Duration,
    since: Duration,
}

impl Guide {
    /// A guide at the start of a shot; its time begins with the first frame.
    pub fn new(policy: GuidePolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            window: Window::default(),
            good: Steady::default(),
            torch: Torch::default(),
            budget: Budget::default(),
            shown: None,
            shown_at: Duration::ZERO,
            since: Duration::ZERO,
        }
    }

    /// The next shot begins: forgets everything but the glare that was there before the torch went on.
    pub fn restart(&mut self, now: Duration) {
        let mut torch = self.torch;
        torch.restart();
        *self = Self { clock: Clock::starting(now), torch, since: now, ..Self::new(self.policy) };
    }

    /// Takes in the report on a frame and says what to show. `now` is when the frame was taken, since any fixed moment.
    pub fn advance(&mut self, report: &FrameReport, now: Duration) -> Guidance {
        let policy = self.policy;
        if !self.clock.has_started() {
            self.since = now;
        }
        let tick = self.clock.tick(now, millis(policy.window_ms));
        if self.good.is_empty() {
            // The first frame of the shot: until the camera runs there is nothing to be silent about.
            self.shown_at = tick.at;
        }
        if tick.after_gap {
            self.good = Steady::default();
            self.torch.forget_frames();
        }
        self.window.push(report.hints, tick, &policy);
        self.good.push(tick.at, report.hints.most_urgent() == Hint::Good);
        let good = self.good.holds_for(millis(policy.settled_ms));
        if good {
            self.window.forgive();
        }
        let progress = if good { 1.0 } else { self.window.progress().min(NEARLY) };
        self.budget.advance(tick.step, progress, good);

        let wanted = if good { Some(Hint::Good) } else { self.wanted(report.hints, tick.at) };
        if wanted != self.shown && tick.at.saturating_sub(self.shown_at) >= self.least_time() {
            self.shown = wanted;
            self.shown_at = tick.at;
            self.since = now;
        }
        let good_is_shown = good && self.shown == Some(Hint::Good);
        Guidance {
            hint: self.shown,
            since: self.since,
            progress,
            torch: self.torch.advance(report, tick, &policy),
            auto_capture: good_is_shown
                && self.good.is_unanimous()
                && self.good.holds_for(millis(policy.auto_capture_ms)),
            show_example: !good && self.budget.wants_example(&policy),
            offer_override: self.budget.is_spent(&policy),
        }
    }

    /// What would be shown of a scene that is not good, if what is shown needed no time.
    fn wanted(&self, frame: HintSet, at: Duration) -> Option<Hint> {
        let (window, policy) = (&self.window, &self.policy);
        let shown = self.shown.filter(|&hint| hint == Hint::Good || window.is_current(hint, at, policy));
        let wins = |hint: Hint| {
            if shown == Some(hint) {
                window.share(hint, policy) >= policy.share_to_stay
            } else {
                frame.contains(hint) && window.share(hint, policy) >= policy.share_to_show
            }
        };
        if let Some(fault) = faults().find(|&hint| wins(hint)) {
            return Some(fault);
        }
        if shown.is_none() || window.faulty_share(policy) >= policy.share_to_show {
            let fault = shown.filter(|hint| hint.is_fault()).or_else(|| self.most_frequent_fault(frame));
            if fault.is_some() {
                return fault;
            }
        }
        let soft = shown.is_none() || window.hinted_share(policy) >= policy.share_to_show;
        if soft && frame.contains(Hint::Soft) { Some(Hint::Soft) } else { self.shown }
    }

    /// The frame's fault with the largest share of the window; the more urgent one of equals.
    fn most_frequent_fault(&self, frame: HintSet) -> Option<Hint> {
        let share = |hint| self.window.share(hint, &self.policy);
        faults()
            .filter(|&hint| frame.contains(hint))
            .reduce(|best, hint| if share(hint) > share(best) { hint } else { best })
    }

    /// How long what is shown must stay.
    fn least_time(&self) -> Duration {
        millis(match self.shown {
            None => self.policy.silent_ms,
            Some(hint) if hint.is_fault() => self.policy.fault_ms,
            Some(_) => self.policy.neutral_ms,
        })
    }
}

/// The faults, the most urgent first.
fn faults() -> impl Iterator<Item = Hint> {
    Hint::ALL.into_iter().filter(|hint| hint.is_fault())
}

fn millis(time: u32) -> Duration {
    Duration::from_millis(u64::from(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guide_is_a_small_value() {
        assert!(size_of::<Guide>() <= 1_536, "{} bytes", size_of::<Guide>());
    }
}
