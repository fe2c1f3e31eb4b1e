//! Whatever sensors, maps and planes say: a typed error or a report of numbers, never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use clearshot_analysis::{
    ActivationMap, Aim, ChromaPlanes, FocusState, FrameContext, FrameReport, Guide, GuidePolicy, Hint,
    LiveView, LumaPlane, LumaRange, Policy, Region, Relevance, RelevanceLimits, Rotation, Scores, Sighting,
    Subject, Verdict,
};
use proptest::option;
use proptest::prelude::*;

/// Numbers that no sensor should give, and some that it may.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(0.0),
        Just(-0.0),
        -2.0f64..2.0,
        any::<f64>(),
    ]
}

fn region() -> impl Strategy<Value = Region> {
    [number(), number(), number(), number()].prop_map(|[x, y, width, height]| Region { x, y, width, height })
}

fn map() -> impl Strategy<Value = ActivationMap> {
    (1u8..=10, 1u8..=10).prop_flat_map(|(columns, rows)| {
        let cell = prop_oneof![Just(0f32), Just(f32::NAN), 0f32..1.0, any::<f32>()];
        proptest::collection::vec(cell, usize::from(columns) * usize::from(rows))
            .prop_map(move |cells| ActivationMap::new(columns, rows, &cells).unwrap())
    })
}

fn sighting() -> impl Strategy<Value = Sighting> {
    let scores = [(); 7].map(|()| number());
    (scores, map(), option::of(region()), [number(), number()]).prop_map(
        |(scores, map, subject, [product, document])| Sighting {
            relevance: Relevance::new(Scores::new(Subject::ALL.into_iter().zip(scores))),
            map: map.with_subject(subject),
            limits: RelevanceLimits { product, document },
        },
    )
}

fn context() -> impl Strategy<Value = FrameContext> {
    let focus = prop_oneof![Just(FocusState::Scanning), Just(FocusState::Failed), Just(FocusState::Focused)];
    let aim = prop_oneof![
        Just(Aim::Any),
        Just(Aim::Overview),
        Just(Aim::Defect),
        Just(Aim::Label),
        Just(Aim::Serial),
        Just(Aim::Packaging),
        Just(Aim::Other)
    ];
    let numbers = [(); 5].map(|()| option::of(number()));
    let gravity = option::of([number(), number(), number()]);
    (
        numbers,
        gravity,
        option::of(focus),
        aim,
        option::of(region()),
        option::of(sighting()),
        any::<Option<bool>>(),
    )
        .prop_map(|(numbers, gravity, focus, aim, region, sighting, torch)| {
            let [exposure_time_s, iso, aperture, gyro_rate, min_focus_m] = numbers;
            FrameContext {
                exposure_time_s,
                iso,
                aperture,
                gyro_rate,
                gravity,
                focus,
                min_focus_m,
                torch,
                region,
                aim,
                sighting,
            }
        })
}

/// Luma of some kinds that break sums: black, white, stripes, noise.
fn luma(width: usize, height: usize, kind: usize, seed: u64) -> Vec<u8> {
    (0..width * height)
        .map(|i| match kind {
            0 => 0,
            1 => 255,
            2 => 255 * (i % 2) as u8,
            3 => (i % width * 255 / width) as u8,
            _ => ((i as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8,
        })
        .collect()
}

/// JSON has no word for what is not a number: a report that has one does not come back the same.
fn is_made_of_numbers(report: &FrameReport) -> bool {
    let json = serde_json::to_string(report).unwrap();
    serde_json::from_str::<FrameReport>(&json).is_ok_and(|read| read == *report)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_context_on_any_plane_gives_a_report_of_numbers(
        contexts in proptest::collection::vec(context(), 1..4),
        (width, height) in (1usize..200, 1usize..200),
        (kind, seed, degrees) in (0usize..5, any::<u64>(), 0i32..4),
        (chroma_width, chroma_height) in (1usize..110, 1usize..110),
        times in proptest::collection::vec(any::<u64>(), 4),
        limited in any::<bool>(),
    ) {
        let data = luma(width, height, kind, seed);
        let colours = luma(chroma_width, chroma_height, kind, seed / 3);
        let chroma = ChromaPlanes::new(&colours, &colours, chroma_width, chroma_height, chroma_width, 1).unwrap();
        let plane = LumaPlane::new(&data, width, height, width, 1).unwrap()
            .with_range(if limited { LumaRange::Limited } else { LumaRange::Full })
            .with_rotation(Rotation::from_degrees(90 * degrees).unwrap())
            .with_chroma(chroma);
        let mut view = LiveView::new(Guide::new(GuidePolicy::default()));
        for (context, time) in contexts.iter().zip(times) {
            let look = view.advance(&plane, context, &Policy::default(), Duration::from_nanos(time)).unwrap();
            prop_assert!(is_made_of_numbers(&look.report), "{:?}", look.report);
            prop_assert!(look.flicker.strength.is_finite());
            // Whoever is to take another photo is told why before.
            let told = look.report.hints.iter().any(Hint::is_fault);
            prop_assert!(told || look.report.verdict == Verdict::Good, "{:?}", look.report);
        }
    }
}

#[test]
fn planes_of_one_pixel_and_of_one_row_are_analysed() {
    for (width, height) in [(1, 1), (1, 640), (640, 1), (2, 2), (9, 11), (65_535, 1), (1, 65_535)] {
        let data = luma(width, height, 4, 1);
        let plane = LumaPlane::new(&data, width, height, width, 1).unwrap();
        let context = FrameContext { aim: Aim::Overview, ..FrameContext::default() };
        let mut view = LiveView::new(Guide::new(GuidePolicy::default()));
        let look = view.advance(&plane, &context, &Policy::default(), Duration::ZERO).unwrap();
        assert!(is_made_of_numbers(&look.report), "{width}×{height}");
    }
}

#[test]
fn a_clock_that_stands_still_goes_back_or_is_at_its_end_survives() {
    let data = luma(64, 48, 4, 1);
    let plane = LumaPlane::new(&data, 64, 48, 64, 1).unwrap();
    let mut view = LiveView::new(Guide::new(GuidePolicy::default()));
    for now in [5, 5, 5, 0, u64::MAX, u64::MAX, 0] {
        let now = Duration::from_secs(now);
        view.advance(&plane, &FrameContext::default(), &Policy::default(), now).unwrap();
    }
}

#[test]
fn a_map_of_a_wrong_size_is_a_typed_error() {
    for (columns, rows, cells) in
        [(0, 5, 0), (5, 0, 0), (11, 10, 110), (255, 255, 100), (3, 3, 8), (3, 3, 10)]
    {
        let error = ActivationMap::new(columns, rows, &vec![0.5; cells]).unwrap_err();
        assert_eq!(error.code(), "map_size");
        assert!(error.to_string().contains(&format!("it has {cells} cells")), "{error}");
    }
}
