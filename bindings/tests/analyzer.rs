//! The analyser as a package meets it: bad input, several threads, closing, and what a panic leaves behind.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use clearshot_ffi::{
    Advice, ErrorCode, FrameAnalyzer, FrameContext, FrameLayout, LumaRange, ModelStore, ShotRole,
    check_config, panic_on_purpose,
};

const LAYOUT: FrameLayout = FrameLayout {
    width: 64,
    height: 48,
    row_stride: 64,
    pixel_stride: 1,
    range: LumaRange::Full,
    rotation_degrees: 0,
};

fn taken(millis: u64) -> FrameContext {
    FrameContext {
        taken_ns: millis * 1_000_000,
        exposure_time_s: None,
        iso: None,
        aperture: None,
        gyro_rate: None,
        gravity: None,
        focus: None,
        min_focus_m: None,
        torch: None,
        region: None,
        thermal: None,
    }
}

fn frame() -> Vec<u8> {
    (0..64 * 48).map(|index| (index * 7 % 251) as u8).collect()
}

#[test]
fn a_panic_comes_back_as_an_error_and_the_next_call_works() {
    let error = panic_on_purpose().unwrap_err();
    assert_eq!((error.code(), error.advice()), (ErrorCode::Panic, Advice::RestartApp));
    assert!(!error.to_string().contains("on purpose"), "what a panic says may quote the shopper");
    assert!(check_config(None).is_ok());
}

#[test]
fn a_frame_that_does_not_fit_changes_nothing() {
    let [good, bad] = [(); 2].map(|()| FrameAnalyzer::new(None, None).unwrap());
    for millis in [0, 100, 200] {
        let error = bad.analyze(LAYOUT, &frame()[1..], taken(millis)).unwrap_err();
        assert_eq!((error.code(), error.advice()), (ErrorCode::InvalidFrame, Advice::TellShop));
        let [a, b] = [&good, &bad].map(|analyzer| analyzer.analyze(LAYOUT, &frame(), taken(millis)).unwrap());
        assert_eq!((a.report, a.guidance), (b.report, b.guidance));
    }
}

#[test]
fn times_from_the_first_to_the_last_nanosecond_are_no_trouble() {
    let analyzer = FrameAnalyzer::new(None, Some(ModelStore::bundled().unwrap())).unwrap();
    for taken_ns in [u64::MAX, 0, u64::MAX / 2, u64::MAX] {
        let context = FrameContext { taken_ns, ..taken(0) };
        let look = analyzer.analyze(LAYOUT, &frame(), context).unwrap();
        assert!(look.report.relevance.is_some() && look.analysis_ns > 0);
        analyzer.begin_shot(ShotRole::Label, u32::MAX, taken_ns).unwrap();
    }
}

#[test]
fn frames_of_several_threads_are_taken_one_after_the_other() {
    let analyzer = FrameAnalyzer::new(None, None).unwrap();
    let expected = analyzer.analyze(LAYOUT, &frame(), taken(0)).unwrap().report;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let analyzer = Arc::clone(&analyzer);
            scope.spawn(|| {
                for millis in 0..20 {
                    let look = analyzer.analyze(LAYOUT, &frame(), taken(millis)).unwrap();
                    assert_eq!(look.report, expected);
                }
                drop(analyzer);
            });
        }
    });
}

#[test]
fn a_closed_analyser_says_so_and_may_be_closed_again() {
    let analyzer = FrameAnalyzer::new(None, None).unwrap();
    analyzer.close().unwrap();
    analyzer.close().unwrap();
    let errors = [
        analyzer.analyze(LAYOUT, &frame(), taken(0)).unwrap_err(),
        analyzer.begin_shot(ShotRole::Defect, 0, 0).unwrap_err(),
        analyzer.reset().unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.code()), [ErrorCode::Closed; 3]);
}

#[test]
fn an_analyser_that_is_reset_is_as_new() {
    let [used, new] = [(); 2].map(|()| FrameAnalyzer::new(None, None).unwrap());
    used.begin_shot(ShotRole::Overview, 2, 0).unwrap();
    for millis in 0..30 {
        assert!(used.analyze(LAYOUT, &[0; 64 * 48], taken(millis * 100)).unwrap().guidance.offer_override);
    }
    used.reset().unwrap();
    let [used, new] = [used, new].map(|analyzer| analyzer.analyze(LAYOUT, &frame(), taken(0)).unwrap());
    assert_eq!((used.report, used.guidance, used.flicker), (new.report, new.guidance, new.flicker));
}

#[test]
fn the_next_shot_knows_nothing_of_what_the_model_saw_in_the_last() {
    let analyzer = FrameAnalyzer::new(None, Some(ModelStore::bundled().unwrap())).unwrap();
    let seen = |millis| analyzer.analyze(LAYOUT, &frame(), taken(millis)).unwrap().report.relevance;
    assert!(seen(0).is_some() && seen(50).is_some(), "kept until the next look");
    analyzer.begin_shot(ShotRole::Other, 0, 60_000_000).unwrap();
    assert!(seen(60).is_none(), "too early for another look");
    assert!(seen(2_100).is_some());
}

#[test]
fn a_model_that_is_refused_leaves_the_one_in_use() {
    let models = ModelStore::bundled().unwrap();
    let before = models.info().unwrap();
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let error = models.offer(b"no update", key.to_owned(), "1.0.0".to_owned()).unwrap_err();
    assert_eq!((error.code(), error.advice()), (ErrorCode::InvalidModel, Advice::Nothing));
    assert_eq!(models.info().unwrap(), before);
    assert_eq!((before.version > 0, before.sha256.len()), (true, 64));
}

#[test]
fn a_configuration_changes_the_hash_that_is_recorded() {
    let shipped = check_config(None).unwrap();
    assert_eq!(check_config(Some("{}".to_owned())).unwrap(), shipped);
    let other = check_config(Some(r#"{"analysis":{"sharp_from":0.5}}"#.to_owned())).unwrap();
    assert_ne!(other.policy_hash, shipped.policy_hash);
    let error = check_config(Some(" ".repeat(300_000))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfig);
    assert!(error.to_string().contains("300000 bytes"), "refused before it is read: {error}");
}
