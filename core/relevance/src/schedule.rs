//! Which preview frames the model looks at: few enough that the picture stays smooth and the phone cool.
//!
//! The budget is a share of time. Whatever the frame rate, a run that took so long is followed by a pause of so many
//! times that; so over many frames the model has its share of every frame, and no more. How long a run takes is
//! measured, run by run.
//!
//! Not responsible for running anything: a caller asks before each frame and reports when a run is over. Time is passed
//! in.

use std::time::Duration;

/// How hot the phone is, as its system says (Android `PowerManager`, iOS `ProcessInfo`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThermalState {
    /// Nothing to heed.
    #[default]
    Nominal,
    /// Slightly warm; the system asks for nothing yet.
    Fair,
    /// Hot: the system slows down.
    Serious,
    /// Too hot: everything that can wait must stop.
    Critical,
}

/// The limits of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SchedulePolicy {
    /// Share of the time that the model may run, 0 to 1. A quarter of the frame budget (design §4).
    pub share: f64,
    /// The same when the phone is slightly warm.
    pub share_fair: f64,
    /// The same when it is hot.
    pub share_serious: f64,
    /// Shortest time from the begin of a run to the next. Five looks a second are more than the guide's window of three
    /// seconds can use; more would only cost battery.
    pub shortest_gap: Duration,
    /// Longest time from the begin of a run to the next, however long a run takes: what the model says must not grow
    /// old under the shopper's eyes.
    pub longest_gap: Duration,
}

impl Default for SchedulePolicy {
    fn default() -> Self {
        Self {
            share: 0.25,
            share_fair: 0.15,
            share_serious: 0.05,
            shortest_gap: Duration::from_millis(200),
            longest_gap: Duration::from_secs(2),
        }
    }
}

/// Weight of a run that was shorter than expected. A longer one counts at once: too many runs are worse than too few.
const SHORTER_WEIGHT: f64 = 0.2;

/// Decides frame by frame.
#[derive(Debug, Clone)]
pub struct Schedule {
    policy: SchedulePolicy,
    /// When the last run began.
    began: Option<Duration>,
    running: bool,
    /// How long a run is expected to take.
    cost: Option<Duration>,
}

impl Schedule {
    /// Begins without knowing how long a run takes.
    pub fn new(policy: SchedulePolicy) -> Self {
        Self { policy, began: None, running: false, cost: None }
    }

    /// Whether the model should look at the frame of now, since any fixed moment. If so, the run has begun, and
    /// [`Self::finish`] must follow, also when the run fails.
    pub fn begin(&mut self, now: Duration, thermal: ThermalState) -> bool {
        if self.running {
            return false;
        }
        let Some(pause) = self.pause(thermal) else { return false };
        // A clock that was set back must not stop the model until it has caught up.
        let due = self.began.is_none_or(|began| now.checked_sub(began).is_none_or(|since| since >= pause));
        if due {
            self.began = Some(now);
            self.running = true;
        }
        due
    }

    /// The run is over.
    pub fn finish(&mut self, now: Duration) {
        if !self.running {
            return;
        }
        self.running = false;
        let took = now.saturating_sub(self.began.unwrap_or(now));
        self.cost = Some(match self.cost {
            Some(cost) if took < cost => cost.mul_f64(1.0 - SHORTER_WEIGHT) + took.mul_f64(SHORTER_WEIGHT),
            _ => took,
        });
    }

    /// How long a run is expected to take; none before the first.
    pub fn cost(&self) -> Option<Duration> {
        self.cost
    }

    /// Time from the begin of a run to the next; none when there is to be no next.
    fn pause(&self, thermal: ThermalState) -> Option<Duration> {
        let policy = &self.policy;
        let share = match thermal {
            ThermalState::Nominal => policy.share,
            ThermalState::Fair => policy.share_fair,
            ThermalState::Serious => policy.share_serious,
            ThermalState::Critical => return None,
        };
        let cost = self.cost.unwrap_or_default().as_secs_f64();
        // A share of nothing, or what is no number, waits for as long as allowed.
        let wanted = Duration::try_from_secs_f64(cost / share).unwrap_or(policy.longest_gap);
        Some(wanted.max(policy.shortest_gap).min(policy.longest_gap))
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new(SchedulePolicy::default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: Duration = Duration::from_millis(33);

    /// Runs frames at an interval with runs of a length; gives when each run began.
    fn begins(interval: Duration, cost: Duration, frames: u32, thermal: ThermalState) -> Vec<Duration> {
        let mut schedule = Schedule::default();
        let mut over: Option<Duration> = None;
        let mut begins = Vec::new();
        for now in (0..frames).map(|frame| interval * frame) {
            if let Some(end) = over.take_if(|end| *end <= now) {
                schedule.finish(end);
            }
            if schedule.begin(now, thermal) {
                assert!(over.is_none(), "two at once");
                begins.push(now);
                over = Some(now + cost);
            }
        }
        begins
    }

    #[test]
    fn a_slow_model_gets_a_quarter_of_the_time_and_a_fast_one_five_looks_a_second() {
        assert_eq!(begins(FRAME, Duration::from_millis(100), 300, ThermalState::Nominal).len(), 24);
        assert_eq!(begins(FRAME, Duration::from_millis(1), 300, ThermalState::Nominal).len(), 43);
    }

    #[test]
    fn the_hotter_the_phone_the_fewer_the_looks_down_to_none() {
        let looks = |thermal| begins(FRAME, Duration::from_millis(60), 1_000, thermal).len();
        let by_heat =
            [ThermalState::Nominal, ThermalState::Fair, ThermalState::Serious, ThermalState::Critical]
                .map(looks);
        assert!(by_heat.windows(2).all(|pair| pair[0] > pair[1]), "{by_heat:?}");
        assert_eq!(by_heat[3], 0);
    }

    #[test]
    fn a_run_that_never_ends_is_the_last() {
        let mut schedule = Schedule::default();
        assert!(schedule.begin(Duration::ZERO, ThermalState::Nominal));
        assert!((1..100).all(|s| !schedule.begin(Duration::from_secs(s), ThermalState::Nominal)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_model() {
        let mut schedule = Schedule::default();
        assert!(schedule.begin(Duration::from_secs(1_000), ThermalState::Nominal));
        schedule.finish(Duration::from_secs(999));
        assert!(schedule.begin(Duration::from_secs(10), ThermalState::Nominal));
    }

    proptest! {
        #[test]
        fn the_model_never_has_more_than_its_share_and_never_rests_for_longer_than_allowed(
            steps in proptest::collection::vec((1u64..400, 1u64..480, 0usize..3), 1..400),
        ) {
            let policy = SchedulePolicy::default();
            let mut schedule = Schedule::new(policy);
            let (mut now, mut over): (_, Option<Duration>) = (Duration::ZERO, None);
            // Begin and length of the last run, and whether it is over.
            let mut last: Option<(Duration, Duration)> = None;
            for (gap, cost, heat) in steps {
                let thermal = [ThermalState::Nominal, ThermalState::Fair, ThermalState::Serious][heat];
                let share = [policy.share, policy.share_fair, policy.share_serious][heat];
                let cost = Duration::from_millis(cost);
                now += Duration::from_millis(gap);
                if let Some(end) = over.take_if(|end| *end <= now) {
                    schedule.finish(end);
                }
                let rested = last.map(|(began, took)| (now.saturating_sub(began), took));
                if schedule.begin(now, thermal) {
                    prop_assert!(over.is_none(), "two at once");
                    if let Some((since, took)) = rested {
                        let within_share = took.as_secs_f64() <= share * since.as_secs_f64() + 1e-9;
                        prop_assert!(within_share || since >= policy.longest_gap);
                        prop_assert!(since >= policy.shortest_gap);
                    }
                    last = Some((now, cost));
                    over = Some(now + cost);
                } else if over.is_none() {
                    prop_assert!(rested.is_some_and(|(since, _)| since < policy.longest_gap));
                }
            }
        }

        #[test]
        fn no_policy_and_no_clock_makes_it_panic(
            share in any::<f64>(), times in proptest::collection::vec((any::<u64>(), any::<bool>()), 0..50),
        ) {
            let mut schedule = Schedule::new(SchedulePolicy { share, ..SchedulePolicy::default() });
            for (millis, end) in times {
                let now = Duration::from_millis(millis);
                if end { schedule.finish(now) } else { schedule.begin(now, ThermalState::Nominal); }
            }
        }
    }
}
