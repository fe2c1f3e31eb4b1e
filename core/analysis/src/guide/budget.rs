//! The shopper's patience: how long it has been going on, and how long without getting nearer.
//!
//! It only ever grows. While the scene is good it stands still; it never starts again but with the next shot, so no flicker
//! can take the way out from anybody.

use std::time::Duration;

use super::policy::GuidePolicy;

/// Least gain that counts as progress, a bit less than one place in the order of hints (1/16): noise is no progress. As the
/// best so far only rises, it can be made at most twenty times.
const GAIN: f64 = 0.05;

/// Time spent on this shot.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Budget {
    spent: Duration,
    stalled: Duration,
    best: f64,
}

impl Budget {
    /// Takes in the time since the frame before.
    pub(super) fn advance(&mut self, step: Duration, progress: f64, good: bool) {
        if !good {
            self.spent = self.spent.saturating_add(step);
            self.stalled = self.stalled.saturating_add(step);
        }
        if progress >= self.best + GAIN {
            self.best = progress;
            self.stalled = Duration::ZERO;
        }
    }

    /// Whether an example picture might help.
    pub(super) fn wants_example(&self, policy: &GuidePolicy) -> bool {
        self.stalled >= Duration::from_millis(u64::from(policy.example_ms))
    }

    /// Whether the shopper should be offered to take the photo as it is.
    pub(super) fn is_spent(&self, policy: &GuidePolicy) -> bool {
        self.spent >= Duration::from_millis(u64::from(policy.override_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_that_comes_and_goes_counts_once() {
        let (mut budget, policy) = (Budget::default(), GuidePolicy::default());
        let second = Duration::from_secs(1);
        for index in 0..7 {
            assert!(!budget.wants_example(&policy), "after {index} s");
            budget.advance(second, if index % 2 == 0 { 0.5 } else { 0.2 }, false);
        }
        assert!(budget.wants_example(&policy));
        budget.advance(second, 0.6, false);
        assert!(!budget.wants_example(&policy));
    }

    #[test]
    fn a_good_scene_stops_the_budget_and_never_fills_it_up() {
        let (mut budget, policy) = (Budget::default(), GuidePolicy::default());
        for index in 0..19 {
            assert!(!budget.is_spent(&policy), "after {index} s, every other one of them good");
            budget.advance(Duration::from_secs(1), 0.5, index % 2 == 1);
        }
        assert!(budget.is_spent(&policy));
        budget.advance(Duration::from_mins(1), 1.0, true);
        assert!(budget.is_spent(&policy));
    }
}
