//! Whether something has been so for a while: 3 of the last 4 frames, without a break.

use std::time::Duration;

/// Frames that are looked at together.
const FRAMES: usize = 4;
/// How many of them must agree. Design §4: one frame may be a mistake.
const NEEDED: usize = 3;

/// Follows one yes-or-no of every frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Steady {
    /// The last frames and their times, the newest at the end.
    frames: [Option<(Duration, bool)>; FRAMES],
    since: Option<Duration>,
    now: Duration,
}

impl Steady {
    /// Takes in one frame; `at` never goes back.
    pub(super) fn push(&mut self, at: Duration, so: bool) {
        self.frames.rotate_left(1);
        self.frames[FRAMES - 1] = Some((at, so));
        self.now = at;
        let mut agreeing = self.frames.iter().flatten().filter(|(_, so)| *so);
        let first = agreeing.next().map(|(at, _)| *at);
        self.since = if 1 + agreeing.count() >= NEEDED { self.since.or(first) } else { None };
    }

    /// Whether it has been so for that long, counted from the first frame that said so.
    pub(super) fn holds_for(&self, time: Duration) -> bool {
        self.since.is_some_and(|since| self.now.saturating_sub(since) >= time)
    }

    /// Whether no frame was taken in yet.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.iter().all(Option::is_none)
    }

    /// Whether every one of the last frames says so.
    pub(super) fn is_unanimous(&self) -> bool {
        self.frames.iter().all(|frame| frame.is_some_and(|(_, so)| so))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(frames: &[bool]) -> Steady {
        let mut steady = Steady::default();
        for (index, &so) in frames.iter().enumerate() {
            steady.push(Duration::from_millis(100 * index as u64), so);
        }
        steady
    }

    #[test]
    fn one_frame_of_four_may_differ_and_two_start_it_again() {
        let wanted = Duration::from_millis(400);
        assert!(!after(&[true; 4]).holds_for(wanted));
        assert!(after(&[true; 5]).holds_for(wanted));
        assert!(after(&[true, true, false, true, true]).holds_for(wanted));
        assert!(!after(&[true, true, true, true, false, false]).holds_for(Duration::ZERO));
        assert!(!after(&[true, true, true, false, false, true, true, true]).holds_for(wanted));
    }

    #[test]
    fn two_frames_are_never_enough_whatever_time_passed() {
        let mut steady = after(&[true]);
        steady.push(Duration::from_secs(2), true);
        assert!(!steady.holds_for(Duration::ZERO));
    }
}
