//! The guide: what a shopper sees of a scene, and for how long.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "whole progress is written as 1, not computed")]

mod findings;

use std::time::Duration;

use clearshot_analysis::{Guidance, Guide, GuidePolicy, Hint, TorchAdvice};
use findings::{Preview, dark_frame, frame, glossy_frame};

fn shows(hint: Hint) -> impl Fn(&Guidance) -> bool {
    move |guidance| guidance.hint == Some(hint)
}

#[test]
fn nothing_is_said_in_the_first_800_ms() {
    let mut preview = Preview::new(60);
    let after = preview.until(&frame([Hint::TooDark]), |guidance| guidance.hint.is_some());
    assert!((0.8..0.82).contains(&after), "{after}");
}

#[test]
fn the_silence_of_a_shot_begins_with_its_first_frame_however_long_the_camera_takes_to_start() {
    let mut preview = Preview::new(60);
    preview.guide.restart(preview.now);
    preview.now += Duration::from_millis(2_500);
    let after = preview.until(&frame([Hint::TooDark]), |guidance| guidance.hint.is_some());
    assert!((0.8..0.82).contains(&after), "{after}");
}

#[test]
fn a_camera_that_gives_a_frame_every_four_seconds_is_guided_all_the_same() {
    let mut guide = Guide::new(GuidePolicy::default());
    let hints =
        [0, 4, 8].map(|second| guide.advance(&frame([Hint::TooDark]), Duration::from_secs(second)).hint);
    assert_eq!(hints, [None, Some(Hint::TooDark), Some(Hint::TooDark)]);
}

#[test]
fn of_several_lasting_faults_the_most_urgent_is_shown_and_then_the_next() {
    let mut preview = Preview::new(15);
    let all = frame([Hint::Glare, Hint::TooDark, Hint::CutOff]);
    assert_eq!(preview.hold(&all, 2.5).hint, Some(Hint::TooDark));
    let after = preview.until(&frame([Hint::Glare, Hint::CutOff]), shows(Hint::CutOff));
    assert!(after < 0.6, "{after}");
}

#[test]
fn good_follows_a_fault_that_has_had_its_time_within_half_a_second_at_any_frame_rate() {
    for fps in [5, 10, 15, 30, 60] {
        let mut preview = Preview::new(fps);
        preview.hold(&frame([Hint::Moving]), 4.0);
        let after = preview.until(&frame([]), shows(Hint::Good));
        assert!((0.39..=0.5).contains(&after), "{fps} fps: {after}");
    }
}

#[test]
fn a_fault_that_has_just_appeared_stays_its_time_while_progress_tells_that_the_scene_is_good() {
    let mut preview = Preview::new(15);
    preview.until(&frame([Hint::TooFar]), shows(Hint::TooFar));
    let known = preview.clone().until(&frame([]), |guidance| guidance.progress == 1.0);
    assert!(known < 0.5, "{known}");
    let after = preview.until(&frame([]), shows(Hint::Good));
    assert!((1.4..1.6).contains(&after), "{after}");
}

#[test]
fn a_new_fault_takes_over_in_comparable_time_at_any_frame_rate() {
    for fps in [5, 10, 15, 30, 60] {
        let mut preview = Preview::new(fps);
        preview.hold(&frame([]), 5.0);
        let after = preview.until(&frame([Hint::TooDark]), shows(Hint::TooDark));
        assert!((0.5..=0.8).contains(&after), "{fps} fps: {after}");
    }
}

#[test]
fn a_single_odd_frame_changes_nothing() {
    let mut preview = Preview::new(15);
    preview.hold(&frame([]), 3.0);
    for _ in 0..20 {
        assert_eq!(preview.advance(&frame([Hint::Glare])).hint, Some(Hint::Good));
        assert_eq!(preview.hold(&frame([]), 0.5).hint, Some(Hint::Good));
    }
}

#[test]
fn a_scene_that_was_good_takes_as_long_as_any_to_become_what_it_was_before() {
    let mut preview = Preview::new(15);
    preview.hold(&frame([Hint::TooDark]), 4.0);
    assert_eq!(preview.hold(&frame([]), 1.45).hint, Some(Hint::Good));
    assert_eq!(preview.hold(&frame([Hint::TooDark]), 0.2).hint, Some(Hint::Good), "a wobble");
}

#[test]
fn a_fault_stays_at_a_share_that_would_not_have_made_it_appear() {
    let mut preview = Preview::new(15);
    let flicker = |index: usize| {
        frame((index.is_multiple_of(3)).then_some(Hint::TooDark).into_iter().chain([Hint::CutOff]))
    };
    for index in 0..60 {
        assert_ne!(preview.advance(&flicker(index)).hint, Some(Hint::TooDark));
    }
    preview.hold(&frame([Hint::TooDark, Hint::CutOff]), 3.0);
    for index in 0..60 {
        assert_eq!(preview.advance(&flicker(index)).hint, Some(Hint::TooDark));
    }
}

#[test]
fn faults_that_take_turns_in_every_frame_still_show_one_of_them() {
    let mut preview = Preview::new(15);
    let turns = [Hint::TooFar, Hint::OffCentre, Hint::Tilted, Hint::Glare, Hint::Moving];
    let mut shown = Vec::new();
    for index in 0..300 {
        let hint = preview.advance(&frame([turns[index % turns.len()]])).hint;
        if shown.last() != Some(&hint) {
            shown.push(hint);
        }
    }
    assert_eq!(shown.len(), 2, "nothing, then one of them for good: {shown:?}");
    assert!(turns.map(Some).contains(&shown[1]));
}

#[test]
fn a_fault_that_is_gone_gives_way_to_a_rarer_one_that_is_not() {
    let mut preview = Preview::new(15);
    preview.hold(&frame([Hint::TooDark]), 3.0);
    let mut hint = None;
    for index in 0..45 {
        hint = preview.advance(&frame((index % 3 == 0).then_some(Hint::Glare))).hint;
    }
    assert_eq!(hint, Some(Hint::Glare));
}

#[test]
fn a_soft_scene_says_so_after_the_faults_and_gives_way_to_good() {
    let mut preview = Preview::new(15);
    assert_eq!(preview.hold(&frame([Hint::Soft, Hint::Glare]), 3.0).hint, Some(Hint::Glare));
    assert_eq!(preview.hold(&frame([Hint::Soft]), 3.0).hint, Some(Hint::Soft));
    assert_eq!(preview.hold(&frame([]), 1.0).hint, Some(Hint::Good));
}

#[test]
fn a_scene_that_is_now_soft_now_moving_and_rarely_good_is_no_longer_called_so() {
    let mut preview = Preview::new(15);
    preview.hold(&frame([]), 3.0);
    let mut hint = None;
    for index in 0..30 {
        hint = preview.advance(&frame([[Hint::Soft], [Hint::Moving], [Hint::Good]][index % 3])).hint;
    }
    assert_eq!(hint, Some(Hint::Soft));
}

#[test]
fn progress_grows_as_the_urgent_faults_are_solved_and_is_whole_only_when_good() {
    let mut preview = Preview::new(15);
    let dark = preview.hold(&frame([Hint::TooDark, Hint::Soft]), 3.0).progress;
    let far = preview.hold(&frame([Hint::TooFar, Hint::Soft]), 3.0).progress;
    let soft = preview.hold(&frame([Hint::Soft]), 3.0).progress;
    assert!(0.0 < dark && dark < far && far < soft && soft < 1.0, "{dark} {far} {soft}");
    assert_eq!(preview.hold(&frame([]), 0.5).progress, 1.0);
}

#[test]
fn the_photo_is_taken_only_while_good_is_shown_and_every_recent_frame_is() {
    let mut preview = Preview::new(15);
    let after = preview.until(&frame([]), |guidance| guidance.auto_capture);
    assert!((0.8..1.0).contains(&after), "{after}");
    let odd = preview.advance(&frame([Hint::Moving]));
    assert_eq!((odd.hint, odd.auto_capture), (Some(Hint::Good), false));
    assert!(preview.hold(&frame([]), 0.5).auto_capture);

    let mut preview = Preview::new(15);
    preview.until(&frame([Hint::TooFar]), shows(Hint::TooFar));
    while let guidance = preview.advance(&frame([]))
        && guidance.hint != Some(Hint::Good)
    {
        assert!(!guidance.auto_capture, "while another hint is shown");
    }
}

#[test]
fn an_example_comes_after_6_s_without_progress_and_the_way_out_after_10() {
    let mut preview = Preview::new(15);
    let far = frame([Hint::TooFar]);
    let example = preview.until(&far, |guidance| guidance.show_example);
    let way_out = example + preview.until(&far, |guidance| guidance.offer_override);
    assert!((5.9..6.6).contains(&example), "{example}");
    assert!((9.9..10.1).contains(&way_out), "{way_out}");
}

#[test]
fn no_example_is_shown_while_the_scene_is_good() {
    let mut preview = Preview::new(15);
    preview.hold(&frame([]), 3.0);
    assert!(preview.hold(&frame([Hint::TooFar]), 7.0).show_example);
    assert!(!preview.hold(&frame([]), 1.0).show_example);
}

#[test]
fn flicker_between_good_and_faults_never_takes_the_way_out_back() {
    let mut preview = Preview::new(15);
    let mut offered = false;
    for index in 0..600 {
        let flicker = (index % 10 < 8).then_some(Hint::ALL[index / 40 % 16]);
        let guidance = preview.advance(&frame(flicker));
        assert!(!offered || guidance.offer_override, "frame {index}");
        offered = guidance.offer_override;
        assert!(offered || index <= 151, "not offered in time");
    }
}

#[test]
fn the_next_shot_starts_with_silence_and_a_full_budget() {
    let mut preview = Preview::new(15);
    assert!(preview.hold(&frame([Hint::TooFar]), 11.0).offer_override);
    preview.guide.restart(preview.now);
    let first = preview.advance(&frame([Hint::TooFar]));
    assert_eq!((first.hint, first.offer_override, first.progress), (None, false, 0.0));
    assert_eq!(first.since, preview.now.saturating_sub(preview.frame_time));
    assert!((9.9..10.1).contains(&preview.until(&frame([Hint::TooFar]), |guidance| guidance.offer_override)));
}

#[test]
fn the_torch_is_suggested_after_a_second_and_a_half_of_dark_and_not_once_it_is_light() {
    let mut preview = Preview::new(15);
    let after = preview.until(&dark_frame(Some(false)), |guidance| guidance.torch == TorchAdvice::Suggest);
    assert!((1.5..1.6).contains(&after), "{after}");
    assert_eq!(preview.hold(&dark_frame(Some(true)), 3.0).torch, TorchAdvice::None);

    let mut preview = Preview::new(15);
    assert_eq!(preview.hold(&dark_frame(None), 3.0).torch, TorchAdvice::Suggest);
    assert_eq!(preview.hold(&frame([]), 1.0).torch, TorchAdvice::None, "it is light again");
}

#[test]
fn where_the_lens_seems_covered_the_torch_is_offered_once_there_was_time_to_uncover_it() {
    let mut covered = dark_frame(None);
    covered.hints.insert(Hint::LensBlocked);
    let is_suggested = |guidance: &Guidance| guidance.torch == TorchAdvice::Suggest;
    let mut preview = Preview::new(15);
    let after = preview.until(&covered, is_suggested);
    assert!((3.0..3.1).contains(&after), "{after}");

    let mut preview = Preview::new(15);
    preview.hold(&covered, 2.0);
    let after = preview.until(&dark_frame(None), is_suggested);
    assert!(after < 1.6, "the finger is gone and it is dark: {after}");
    let mut preview = Preview::new(15);
    preview.hold(&covered, 2.0);
    assert_eq!(preview.hold(&frame([]), 2.0).torch, TorchAdvice::None, "the finger is gone and it is light");
}

#[test]
fn the_torch_is_withdrawn_when_glare_grows_with_it_and_not_suggested_again_in_that_darkness() {
    let mut preview = Preview::new(15);
    preview.hold(&dark_frame(Some(false)), 2.0);
    assert_eq!(preview.hold(&glossy_frame(0.009, Some(true)), 2.0).torch, TorchAdvice::None);
    let after =
        preview.until(&glossy_frame(0.03, Some(true)), |guidance| guidance.torch == TorchAdvice::Withdraw);
    assert!(after < 0.5, "{after}");
    assert_eq!(preview.hold(&dark_frame(Some(false)), 5.0).torch, TorchAdvice::None);
    preview.hold(&frame([]), 3.0);
    assert_eq!(preview.hold(&dark_frame(Some(false)), 3.0).torch, TorchAdvice::Suggest, "another darkness");
}

#[test]
fn glare_that_was_there_before_the_torch_does_not_speak_against_it() {
    let mut preview = Preview::new(15);
    preview.hold(&glossy_frame(0.03, Some(false)), 4.0);
    assert_eq!(preview.hold(&glossy_frame(0.035, Some(true)), 3.0).torch, TorchAdvice::None);
    preview.guide.restart(preview.now);
    assert_eq!(preview.hold(&glossy_frame(0.035, Some(true)), 3.0).torch, TorchAdvice::None);
    assert_eq!(preview.hold(&glossy_frame(0.05, Some(true)), 3.0).torch, TorchAdvice::Withdraw);
}

#[test]
fn a_torch_that_is_on_since_the_shot_before_is_withdrawn_for_the_glare_it_brought() {
    let mut preview = Preview::new(15);
    preview.hold(&dark_frame(Some(false)), 2.0);
    preview.hold(&frame([]), 1.0);
    preview.hold(&glossy_frame(0.0, Some(true)), 1.0);
    preview.guide.restart(preview.now);
    assert_eq!(preview.hold(&glossy_frame(0.03, Some(true)), 1.0).torch, TorchAdvice::Withdraw);
}

#[test]
fn a_clock_that_stands_still_says_nothing_and_offers_nothing() {
    let mut guide = Guide::new(GuidePolicy::default());
    for _ in 0..10_000 {
        let guidance = guide.advance(&frame([Hint::TooDark]), Duration::MAX);
        assert_eq!((guidance.hint, guidance.offer_override), (None, false));
    }
}

#[test]
fn an_app_that_comes_back_after_a_day_goes_on_and_forgets_what_the_scene_was() {
    let mut preview = Preview::new(15);
    preview.hold(&frame([]), 3.0);
    preview.now += Duration::from_hours(24);
    let back = preview.advance(&frame([]));
    assert_eq!((back.hint, back.auto_capture), (Some(Hint::Good), false));
    assert!(back.progress < 1.0);
    assert!(!preview.hold(&frame([Hint::Moving]), 5.0).offer_override, "being away costs 3 s at most");
    assert_eq!(preview.advance(&frame([Hint::Moving])).hint, Some(Hint::Moving));
}

#[test]
fn guidance_travels_as_json() {
    let guidance = Preview::new(15).hold(&dark_frame(Some(false)), 3.0);
    let json = serde_json::to_string(&guidance).unwrap();
    assert!(json.contains(r#""hint":"too_dark""#) && json.contains(r#""torch":"suggest""#), "{json}");
    assert_eq!(serde_json::from_str::<Guidance>(&json).unwrap(), guidance);
}
