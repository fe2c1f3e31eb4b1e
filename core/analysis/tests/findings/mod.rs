//! Reports made for tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::LazyLock;
use std::time::Duration;

use clearshot_analysis::{
    Exposure, ExposureState, FrameContext, FrameReport, FrameScratch, Glare, Guidance, Guide, GuidePolicy,
    Hint, HintSet, LumaPlane, Policy, Sharpness, SharpnessState, Verdict,
};

/// The report on a good frame with these hints instead.
pub(crate) fn frame(hints: impl IntoIterator<Item = Hint>) -> FrameReport {
    static GOOD: LazyLock<FrameReport> = LazyLock::new(|| {
        let plane = LumaPlane::new(&[118; 32 * 32], 32, 32, 32, 1).unwrap();
        let (context, policy) = (FrameContext::default(), Policy::default());
        let report =
            clearshot_analysis::analyse_frame(&plane, &context, &policy, &mut FrameScratch::default())
                .unwrap();
        FrameReport {
            verdict: Verdict::Good,
            sharpness: Sharpness { state: SharpnessState::Sharp, score: 0.8, cause: None },
            exposure: Exposure { state: ExposureState::Good, mean: 118.0, ..report.exposure },
            glare: Glare { present: false, area: 0.0 },
            hints: HintSet::default(),
            ..report
        }
    });
    FrameReport { hints: hints.into_iter().collect(), ..*GOOD }
}

/// A frame in the dark.
pub(crate) fn dark_frame(torch: Option<bool>) -> FrameReport {
    let report = frame([Hint::TooDark]);
    FrameReport { exposure: Exposure { state: ExposureState::TooDark, ..report.exposure }, torch, ..report }
}

/// A good frame with so much glare as can be there.
pub(crate) fn glossy_frame(area: f64, torch: Option<bool>) -> FrameReport {
    let report = frame([]);
    FrameReport { glare: Glare { area, ..report.glare }, torch, ..report }
}

/// A guide, and a clock that goes on by a frame with each report.
#[derive(Clone, Copy)]
pub(crate) struct Preview {
    pub(crate) guide: Guide,
    pub(crate) now: Duration,
    pub(crate) frame_time: Duration,
}

impl Preview {
    pub(crate) fn new(fps: u32) -> Self {
        let frame_time = Duration::from_secs(1) / fps;
        Self { guide: Guide::new(GuidePolicy::default()), now: Duration::from_secs(1_000), frame_time }
    }

    /// The next frame.
    pub(crate) fn advance(&mut self, report: &FrameReport) -> Guidance {
        let guidance = self.guide.advance(report, self.now);
        self.now += self.frame_time;
        guidance
    }

    /// The same frame for so many seconds; the last answer.
    pub(crate) fn hold(&mut self, report: &FrameReport, seconds: f64) -> Guidance {
        let end = self.now + Duration::from_secs_f64(seconds);
        let mut guidance = self.advance(report);
        while self.now < end {
            guidance = self.advance(report);
        }
        guidance
    }

    /// The same frame until the answer is as wanted; how many seconds that took. At most a minute.
    pub(crate) fn until(&mut self, report: &FrameReport, is_reached: impl Fn(&Guidance) -> bool) -> f64 {
        let start = self.now;
        while self.now < start + Duration::from_mins(1) {
            let at = self.now;
            if is_reached(&self.advance(report)) {
                return at.saturating_sub(start).as_secs_f64();
            }
        }
        panic!("not within a minute");
    }
}
