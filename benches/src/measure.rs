//! Timing that a busy machine disturbs least: CPU time of this thread, the sides of a comparison taken in turns, medians.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that this thread has used.
pub fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// One side of a comparison.
pub struct Side<'a> {
    name: &'a str,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Side<'a> {
    /// What `run` gives is kept from being optimised away.
    pub fn new<T>(name: &'a str, mut run: impl FnMut() -> T + 'a) -> Self {
        Self { name, run: Box::new(move || drop(std::hint::black_box(run()))) }
    }
}

/// What one side took.
#[derive(Debug, Clone, Copy)]
pub struct Median<'a> {
    /// The side's name.
    pub name: &'a str,
    /// Median CPU time of a run.
    pub time: Duration,
}

impl Median<'_> {
    /// This side's time in units of another's.
    pub fn over(self, other: Self) -> f64 {
        self.time.as_secs_f64() / other.time.as_secs_f64()
    }

    /// In milliseconds.
    pub fn millis(self) -> f64 {
        self.time.as_secs_f64() * 1e3
    }
}

/// Runs every side once to warm up, then `rounds` times in turns, so that whatever else the machine does slows all alike.
pub fn interleaved(rounds: usize, mut sides: Vec<Side<'_>>) -> Vec<Median<'_>> {
    let mut times = vec![Vec::with_capacity(rounds); sides.len()];
    for round in 0..=rounds {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            let start = thread_time();
            (side.run)();
            let took = thread_time().saturating_sub(start);
            if round > 0 {
                times.push(took);
            }
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    sides
        .iter()
        .zip(&mut times)
        .map(|(side, times)| Median { name: side.name, time: median(times) })
        .collect()
}
