//! The best of several frames and photos.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod findings;
mod pictures;

use std::time::Duration;

use clearshot_analysis::{
    BestOf, Exposure, FrameReport, Hint, HintSet, Policy, Rank, Reason, Sharpness, Still, StillLimits,
    StillReport, Verdict, choose,
};
use findings::frame;
use proptest::prelude::*;

fn with_score(report: &FrameReport, score: f64) -> FrameReport {
    FrameReport { sharpness: Sharpness { score, ..report.sharpness }, ..*report }
}

fn with_mean(report: &FrameReport, mean: f64) -> FrameReport {
    FrameReport { exposure: Exposure { mean, ..report.exposure }, ..*report }
}

fn best_of(reports: &[FrameReport]) -> u64 {
    let mut best = BestOf::<8>::new();
    for (id, report) in reports.iter().enumerate() {
        best.push(id as u64, report, Duration::from_millis(66 * id as u64));
    }
    best.best().unwrap().id
}

#[test]
fn nothing_is_the_best_of_nothing() {
    assert_eq!(BestOf::<4>::default().best(), None);
    assert_eq!(choose(&[]), None);
}

#[test]
fn faults_decide_before_sharpness_motion_before_light_and_the_newest_of_equals_wins() {
    let sharp = with_score(&frame([]), 0.9);
    let still = FrameReport { motion: Some(0.2), ..frame([]) };
    let shaken = FrameReport { motion: Some(3.0), ..with_mean(&frame([]), 118.0) };
    assert_eq!(best_of(&[frame([]), with_score(&frame([Hint::Glare]), 1.0)]), 0);
    assert_eq!(best_of(&[frame([Hint::Glare]), frame([Hint::LensBlocked])]), 0);
    assert_eq!(best_of(&[frame([Hint::Glare]), frame([Hint::Glare, Hint::Soft])]), 0);
    assert_eq!(best_of(&[sharp, frame([])]), 0);
    assert_eq!(best_of(&[with_mean(&still, 90.0), shaken]), 0);
    assert_eq!(best_of(&[with_mean(&frame([]), 110.0), with_mean(&frame([]), 60.0)]), 0);
    assert_eq!(best_of(&[sharp, frame([]), sharp]), 2);
}

#[test]
fn only_the_last_frames_count() {
    let mut best = BestOf::<3>::new();
    best.push(7, &with_score(&frame([]), 0.99), Duration::ZERO);
    for id in 8..11 {
        assert_eq!(best.best().unwrap().id, 7);
        best.push(id, &with_score(&frame([]), 0.5), Duration::from_secs(id));
    }
    let ranked = best.best().unwrap();
    assert_eq!((ranked.id, ranked.at), (10, Duration::from_secs(10)));
}

fn still() -> StillReport {
    Still::decode(&pictures::plain_jpeg(320, 240), &StillLimits::default())
        .unwrap()
        .report(&Policy::default())
}

fn still_with(score: f64, reasons: &[Reason]) -> StillReport {
    let mut report = still();
    (report.verdict, report.reasons) = (Verdict::Good, Vec::new());
    report.sharpness.score = score;
    for &reason in reasons {
        report.add_reason(reason);
    }
    report
}

#[test]
fn of_photos_a_good_one_wins_then_the_sharpest_then_the_last() {
    let refused = still_with(0.9, &[Reason::Glare]);
    let duplicate = still_with(0.9, &[Reason::Duplicate]);
    let (plain, sharp) = (still_with(0.5, &[]), still_with(0.8, &[]));
    assert_eq!(choose(&[refused.clone(), plain.clone(), duplicate]), Some(1));
    assert_eq!(choose(&[sharp.clone(), plain.clone()]), Some(0));
    assert_eq!(choose(&[plain.clone(), refused, plain]), Some(2));
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.0, -300.0..300.0, any::<f64>(), Just(f64::NAN)]
}

prop_compose! {
    fn any_report()(
        mask in any::<u16>(), none in any::<bool>(), retake in any::<bool>(), score in any_number(),
        mean in any_number(), motion in prop::option::of(any_number()),
    ) -> FrameReport {
        let hints = Hint::ALL.into_iter().filter(|&hint| !none && hint != Hint::Good && mask & (1 << hint as u16) != 0);
        let hints: HintSet = hints.collect();
        let verdict = if retake && !hints.is_empty() { Verdict::Retake } else { Verdict::Good };
        with_mean(&with_score(&FrameReport { hints, verdict, motion, ..frame([]) }, score), mean)
    }
}

proptest! {
    #[test]
    fn the_order_of_the_frames_does_not_change_how_good_the_winner_is(
        (reports, shuffled) in prop::collection::vec(any_report(), 1..8)
            .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle())),
    ) {
        let rank = |reports: &[FrameReport]| Rank::of_frame(&reports[best_of(reports) as usize]);
        prop_assert_eq!(rank(&reports), rank(&shuffled));
        prop_assert!(reports.iter().all(|report| Rank::of_frame(report) <= rank(&reports)));
    }

    #[test]
    fn a_good_frame_beats_a_faulty_one_whatever_the_numbers(good in any_report(), faulty in any_report()) {
        let good = FrameReport { hints: HintSet::default(), verdict: Verdict::Good, ..good };
        prop_assume!(!faulty.hints.is_empty());
        prop_assert!(Rank::of_frame(&good) > Rank::of_frame(&faulty));
    }

    #[test]
    fn less_that_is_wrong_is_never_worse(report in any_report(), solved in prop::sample::select(&Hint::ALL[..16])) {
        let hints = report.hints.iter().filter(|&hint| hint != solved).collect();
        let better = FrameReport { hints, ..report };
        prop_assert!(Rank::of_frame(&better) >= Rank::of_frame(&report));
    }
}
