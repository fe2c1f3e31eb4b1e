//! What holds for the guide whatever the frames say and however the clock runs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "whole progress is written as 1, not computed")]

mod findings;

use std::time::Duration;

use clearshot_analysis::{FrameReport, Guidance, Guide, GuidePolicy, Hint, TorchAdvice};
use findings::{dark_frame, frame, glossy_frame};
use proptest::prelude::*;

/// One frame: its hints, in an order and perhaps twice, and the time since the one before.
#[derive(Debug, Clone)]
struct Frame {
    hints: Vec<Hint>,
    step: Duration,
}

/// Nothing in half of the cases, else up to four hints.
fn any_hints() -> impl Strategy<Value = Vec<Hint>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(prop::sample::select(&Hint::ALL[..16]), 1..5)]
}

/// Scenes that last from one frame to four seconds, at a frame rate of 5 to 60 that is not quite regular.
fn any_sequence() -> impl Strategy<Value = Vec<Frame>> {
    let scene = (any_hints(), any_hints(), 1usize..60, 0usize..4);
    (prop::collection::vec(scene, 1..25), 16u64..=200).prop_map(|(scenes, frame_ms)| {
        let mut frames = Vec::new();
        for (hints, flicker, count, odd_every) in scenes {
            for index in 0..count {
                let is_odd = odd_every > 0 && index % (odd_every + 1) == 0;
                let hints = if is_odd { flicker.clone() } else { hints.clone() };
                let jitter = (index as u64 * 7) % 5;
                frames.push(Frame { hints, step: Duration::from_millis((frame_ms - 4 + jitter).min(200)) });
            }
        }
        frames
    })
}

struct Moment {
    at: Duration,
    guidance: Guidance,
}

fn play(frames: &[Frame]) -> Vec<Moment> {
    let mut guide = Guide::new(GuidePolicy::default());
    let mut at = Duration::ZERO;
    let advance = |seen: &Frame| {
        let moment = Moment { at, guidance: guide.advance(&frame(seen.hints.iter().copied()), at) };
        at += seen.step;
        moment
    };
    frames.iter().map(advance).collect()
}

fn least_time(hint: Option<Hint>) -> Duration {
    Duration::from_millis(match hint {
        None => 800,
        Some(hint) if hint.is_fault() => 1_500,
        Some(_) => 1_000,
    })
}

fn is_good(seen: &Frame) -> bool {
    seen.hints.is_empty()
}

proptest! {
    #[test]
    fn what_is_shown_stays_its_least_time(frames in any_sequence()) {
        let mut shown = (None, Duration::ZERO);
        for Moment { at, guidance } in play(&frames) {
            if guidance.hint != shown.0 {
                prop_assert!(at.saturating_sub(shown.1) >= least_time(shown.0), "{:?} for {:?}", shown.0, at.saturating_sub(shown.1));
                shown = (guidance.hint, at);
            }
            prop_assert_eq!(guidance.since, shown.1);
        }
    }

    #[test]
    fn a_hint_appears_only_with_a_frame_that_has_it(frames in any_sequence()) {
        let mut shown = None;
        for (seen, Moment { guidance, .. }) in frames.iter().zip(play(&frames)) {
            if let Some(hint) = guidance.hint.filter(|&hint| Some(hint) != shown) {
                prop_assert!(hint == Hint::Good || seen.hints.contains(&hint), "{hint}");
            }
            shown = guidance.hint;
        }
    }

    #[test]
    fn a_fault_that_every_frame_has_is_shown_within_two_and_a_half_seconds_or_a_more_urgent_one_is(
        frames in any_sequence(), lasting in prop::sample::select(&Hint::ALL[..15]), from in 0usize..300,
    ) {
        let mut frames = frames;
        for seen in frames.iter_mut().skip(from) {
            seen.hints.push(lasting);
        }
        let moments = play(&frames);
        let start = moments.get(from).map_or(Duration::MAX, |moment| moment.at);
        for Moment { at, guidance } in moments {
            if at.saturating_sub(start) >= Duration::from_millis(2_500) {
                prop_assert!(guidance.hint.is_some_and(|hint| hint <= lasting), "{:?} at {at:?}", guidance.hint);
            }
        }
    }

    #[test]
    fn good_is_known_after_a_second_of_good_frames_and_shown_unless_a_hint_still_has_its_time(
        frames in any_sequence(),
    ) {
        let mut good_since = None;
        for (seen, Moment { at, guidance }) in frames.iter().zip(play(&frames)) {
            good_since = if is_good(seen) { good_since.or(Some(at)) } else { None };
            if good_since.is_some_and(|since| at.saturating_sub(since) >= Duration::from_secs(1)) {
                prop_assert_eq!(guidance.progress, 1.0);
                let has_its_time = at.saturating_sub(guidance.since) < least_time(guidance.hint);
                prop_assert!(guidance.hint == Some(Hint::Good) || has_its_time, "{:?} at {:?}", guidance.hint, at);
            }
        }
    }

    #[test]
    fn the_photo_is_never_taken_of_a_frame_with_a_hint_or_while_another_hint_is_shown(frames in any_sequence()) {
        for (seen, Moment { guidance, .. }) in frames.iter().zip(play(&frames)) {
            if guidance.auto_capture {
                prop_assert!(is_good(seen));
                prop_assert_eq!(guidance.hint, Some(Hint::Good));
                prop_assert_eq!(guidance.progress, 1.0);
            }
        }
    }

    #[test]
    fn the_way_out_comes_by_the_tenth_second_without_good_and_stays(frames in any_sequence()) {
        let (mut spent, mut offered) = (Duration::ZERO, false);
        let mut last = Duration::ZERO;
        for Moment { at, guidance } in play(&frames) {
            prop_assert!((0.0..=1.0).contains(&guidance.progress));
            if guidance.progress < 1.0 {
                spent += at.saturating_sub(last);
            }
            last = at;
            prop_assert!(guidance.offer_override || !offered);
            offered = guidance.offer_override;
            prop_assert_eq!(offered, spent >= Duration::from_secs(10));
        }
    }

    #[test]
    fn neither_order_nor_repetition_within_a_frame_matters_and_the_same_frames_give_the_same_answers(
        frames in any_sequence(),
    ) {
        let mut turned = frames.clone();
        for seen in &mut turned {
            seen.hints.reverse();
            let again = seen.hints.first().copied();
            seen.hints.extend(again);
        }
        for (first, second) in play(&frames).iter().zip(play(&turned)) {
            prop_assert_eq!(first.guidance, second.guidance);
        }
    }

    #[test]
    fn only_the_order_of_urgency_matters_not_which_hints_they_are(
        frames in any_sequence(), mut names in prop::sample::subsequence(Hint::ALL[..15].to_vec(), 8),
    ) {
        // Two sets of eight faults, in the same order, with other codes of other lengths.
        let plain: Vec<Hint> = Hint::ALL[..8].to_vec();
        names.sort();
        let renamed = |hint: Hint, names: &[Hint]| match hint {
            Hint::Good | Hint::Soft => hint,
            fault => names[fault as usize % 8],
        };
        let rename = |names: &[Hint]| -> Vec<Frame> {
            let hints = |seen: &Frame| seen.hints.iter().map(|&hint| renamed(hint, names)).collect();
            frames.iter().map(|seen| Frame { hints: hints(seen), step: seen.step }).collect()
        };
        for (first, second) in play(&rename(&plain)).iter().zip(play(&rename(&names))) {
            prop_assert_eq!(first.guidance.hint.map(|hint| renamed(hint, &names)), second.guidance.hint);
            prop_assert_eq!(first.guidance.auto_capture, second.guidance.auto_capture);
            prop_assert_eq!(first.guidance.since, second.guidance.since);
        }
    }

    #[test]
    fn a_clock_that_jumps_to_and_fro_never_takes_the_way_out_back_or_leaves_the_guide_stuck(
        frames in prop::collection::vec((any_hints(), any::<u64>(), any::<u32>()), 0..80),
    ) {
        let mut guide = Guide::new(GuidePolicy::default());
        let mut offered = false;
        for (hints, seconds, nanos) in frames {
            let now = Duration::new(seconds, nanos % 1_000_000_000);
            let guidance = guide.advance(&frame(hints), now);
            prop_assert!((0.0..=1.0).contains(&guidance.progress));
            prop_assert!(guidance.offer_override || !offered);
            offered = guidance.offer_override;
        }
        let mut shown = None;
        for index in 0..40 {
            shown = guide.advance(&frame([Hint::TooDark]), Duration::from_millis(66 * index)).hint;
        }
        prop_assert_eq!(shown, Some(Hint::TooDark));
    }

    #[test]
    fn the_torch_is_withdrawn_only_while_on_and_suggested_only_while_not(
        scenes in prop::collection::vec((0u8..3, prop::option::of(any::<bool>()), 0.0..0.1, 1usize..60), 1..20),
    ) {
        let mut guide = Guide::new(GuidePolicy::default());
        let mut now = Duration::ZERO;
        for (kind, torch, glare, frames) in scenes {
            let report = match kind {
                0 => dark_frame(torch),
                1 => glossy_frame(glare, torch),
                _ => FrameReport { torch, ..frame([]) },
            };
            for _ in 0..frames {
                let advice = guide.advance(&report, now).torch;
                let allowed = if torch == Some(true) { TorchAdvice::Withdraw } else { TorchAdvice::Suggest };
                prop_assert!(advice == TorchAdvice::None || advice == allowed, "{advice:?} with {torch:?}");
                now += Duration::from_millis(66);
            }
        }
    }
}
