//! The guide's own time: the caller's clock without its jumps.

use std::time::Duration;

/// Time since the shot began, as far as it can be believed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Clock {
    last: Option<Duration>,
    elapsed: Duration,
}

/// One frame's place in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tick {
    /// Time since the shot began; never goes back.
    pub(super) at: Duration,
    /// Time since the frame before.
    pub(super) step: Duration,
    /// Whether too much time passed for the frames before to say anything.
    pub(super) after_gap: bool,
}

impl Clock {
    /// Counts on from here, at zero.
    pub(super) fn starting(now: Duration) -> Self {
        Self { last: Some(now), elapsed: Duration::ZERO }
    }

    /// Whether a frame or a start has been seen.
    pub(super) fn has_started(&self) -> bool {
        self.last.is_some()
    }

    /// A clock that went back counts on from where it is now; a gap counts as the longest one that is believed.
    pub(super) fn tick(&mut self, now: Duration, longest: Duration) -> Tick {
        let passed = self.last.map_or(Duration::ZERO, |last| now.saturating_sub(last));
        let step = passed.min(longest);
        self.last = Some(now);
        self.elapsed = self.elapsed.saturating_add(step);
        Tick { at: self.elapsed, step, after_gap: passed > longest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_adds_nothing_and_a_day_adds_the_longest_gap() {
        let (mut clock, longest) = (Clock::default(), Duration::from_secs(3));
        let mut at = |seconds| clock.tick(Duration::from_secs(seconds), longest);
        assert_eq!(at(100).at, Duration::ZERO);
        assert_eq!(at(102).at, Duration::from_secs(2));
        assert_eq!(at(50).at, Duration::from_secs(2));
        assert_eq!(at(51).at, Duration::from_secs(3));
        let day = at(86_451);
        assert!(day.after_gap);
        assert_eq!((day.at, day.step), (Duration::from_secs(6), longest));
        assert_eq!(at(u64::MAX).at, Duration::from_secs(9));
    }
}
