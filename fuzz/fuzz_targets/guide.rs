//! Whatever is reported and whenever, the guide keeps its promises and gives the same for the same.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use clearshot_analysis::{
    FrameContext, FrameReport, FrameScratch, Guidance, Guide, GuidePolicy, Hint, LumaPlane, Policy, Reason,
    analyse_frame,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Step {
    /// A frame after so many ms.
    Frame { after_ms: u16, reasons: u16, torch: Option<bool>, glare: f64 },
    /// A frame at any time, also before the last one.
    Jump { at: Duration },
    /// The next shot.
    Restart,
}

fuzz_target!(|steps: Vec<Step>| {
    assert_eq!(play(&steps), play(&steps));
});

fn play(steps: &[Step]) -> Vec<Guidance> {
    let policy = GuidePolicy::default();
    let mut guide = Guide::new(policy);
    let mut report = plain_report();
    let longest = Duration::from_millis(u64::from(policy.window_ms));
    let (mut now, mut last, mut elapsed) = (Duration::ZERO, None::<Duration>, Duration::ZERO);
    let (mut shown, mut shown_at, mut offered) = (None, Duration::ZERO, false);
    let mut said = Vec::new();
    for step in steps {
        match *step {
            Step::Restart => {
                guide.restart(now);
                (last, elapsed) = (Some(now), Duration::ZERO);
                (shown, shown_at, offered) = (None, Duration::ZERO, false);
                continue;
            }
            Step::Jump { at } => now = at,
            Step::Frame { after_ms, reasons, torch, glare } => {
                now = now.saturating_add(Duration::from_millis(u64::from(after_ms)));
                let of = |(index, reason): (usize, Reason)| {
                    (reasons >> (index % 16) & 1 == 1).then(|| Hint::for_reason(reason)).flatten()
                };
                report.hints = Reason::ALL.into_iter().enumerate().filter_map(of).collect();
                report.torch = torch;
                report.glare.area = if glare.is_finite() { glare.abs().fract() } else { 0.0 };
            }
        }
        // Time as the guide may believe it: going back adds nothing, a gap no more than its window.
        elapsed += last.map_or(Duration::ZERO, |last| now.saturating_sub(last)).min(longest);
        last = Some(now);
        let guidance = guide.advance(&report, now);
        assert!((0.0..=1.0).contains(&guidance.progress));
        assert!(!offered || guidance.offer_override, "an offer is not taken back");
        assert!(!guidance.auto_capture || guidance.hint == Some(Hint::Good));
        offered = guidance.offer_override;
        if guidance.hint != shown {
            let least = match shown {
                None => policy.silent_ms,
                Some(hint) if hint.is_fault() => policy.fault_ms,
                Some(_) => policy.neutral_ms,
            };
            let stayed = elapsed.saturating_sub(shown_at);
            assert!(stayed >= Duration::from_millis(u64::from(least)), "{shown:?} left after {stayed:?}");
            (shown, shown_at) = (guidance.hint, elapsed);
        }
        said.push(guidance);
    }
    said
}

fn plain_report() -> FrameReport {
    let data = vec![120; 64 * 48];
    let plane = LumaPlane::new(&data, 64, 48, 64, 1).expect("the plane fits its buffer");
    analyse_frame(&plane, &FrameContext::default(), &Policy::default(), &mut FrameScratch::default())
        .expect("the plane fits its buffer")
}
