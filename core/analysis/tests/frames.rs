//! Preview frames: geometry, agreement with stills, and frames without anything in them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod pictures;

use clearshot_analysis::{
    ChromaPlanes, FrameContext, FrameError, FrameReport, FrameScratch, LumaPlane, LumaRange, PixelFormat,
    PixelView, Policy, Reason, Region, Rotation, SamplePlane, SharpnessState, Still, StillLimits,
};
use proptest::prelude::*;

fn analyse(plane: &LumaPlane<'_>) -> FrameReport {
    let mut scratch = FrameScratch::default();
    clearshot_analysis::analyse_frame(plane, &FrameContext::default(), &Policy::default(), &mut scratch)
        .unwrap()
}

/// The green channel as luma.
fn luma(width: usize, height: usize) -> Vec<u8> {
    pictures::rgb(width, height).chunks(3).map(|pixel| pixel[1]).collect()
}

#[test]
fn each_wrong_geometry_has_its_own_error() {
    let data = [0; 100];
    let error = |width, height, row_stride, pixel_stride| {
        LumaPlane::new(&data, width, height, row_stride, pixel_stride).unwrap_err()
    };
    assert_eq!(error(0, 10, 10, 1).code(), "zero_size");
    assert_eq!(error(10, 0, 10, 1).code(), "zero_size");
    assert_eq!(error(10, 10, 10, 0).code(), "zero_pixel_stride");
    assert_eq!(error(10, 10, 9, 1).code(), "row_stride_too_small");
    assert_eq!(error(10, 10, 19, 2).code(), "row_stride_too_small");
    assert_eq!(error(70_000, 10, 70_000, 1).code(), "too_large");
    assert_eq!(error(2, 3, usize::MAX, 1).code(), "overflow");
    assert_eq!(error(3, 3, usize::MAX, usize::MAX).code(), "overflow");
    assert_eq!(error(10, 11, 10, 1), FrameError::BufferTooShort { needed: 110, available: 100 });
    assert_eq!(Rotation::from_degrees(45), Err(FrameError::UnknownRotation(45)));
}

#[test]
fn the_last_row_may_stop_at_its_last_pixel_but_not_before() {
    let (width, height, row_stride, pixel_stride) = (20, 20, 64, 2);
    let needed = row_stride * (height - 1) + pixel_stride * (width - 1) + 1;
    let data = vec![100; needed];
    analyse(&LumaPlane::new(&data, width, height, row_stride, pixel_stride).unwrap());
    let short = LumaPlane::new(&data[1..], width, height, row_stride, pixel_stride);
    assert_eq!(short.unwrap_err(), FrameError::BufferTooShort { needed, available: needed - 1 });
}

#[test]
fn a_model_reads_the_samples_as_delivered_through_any_strides() {
    let luma: Vec<u8> = (0..64).collect();
    let plane = LumaPlane::new(&luma, 4, 4, 16, 3).unwrap();
    let samples = |plane: SamplePlane<'_>, y| -> Vec<u8> {
        plane.row(y).iter().copied().step_by(plane.pixel_stride()).collect()
    };
    assert_eq!(samples(plane.luma(), 2), [32, 35, 38, 41]);
    assert!(plane.colours().is_none());
    // NV12: two by two pairs of Cb and Cr.
    let pairs = [10, 110, 20, 120, 30, 130, 40, 140];
    let plane = plane.with_chroma(ChromaPlanes::new(&pairs, &pairs[1..], 2, 2, 4, 2).unwrap());
    let [cb, cr] = plane.colours().unwrap();
    assert_eq!((cb.width(), cb.height()), (2, 2));
    assert_eq!((samples(cb, 0), samples(cr, 1)), (vec![10, 20], vec![130, 140]));
}

proptest! {
    #[test]
    fn any_geometry_is_refused_or_analysed(
        width in 0usize..90, height in 0usize..90, row_stride in 0usize..300, pixel_stride in 0usize..4,
        len in 0usize..30_000, degrees in 0i32..4,
    ) {
        let data: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
        if let Ok(plane) = LumaPlane::new(&data, width, height, row_stride, pixel_stride) {
            let report = analyse(&plane.with_rotation(Rotation::from_degrees(90 * degrees).unwrap()));
            prop_assert!((0.0..=1.0).contains(&report.sharpness.score));
        }
    }

    #[test]
    fn sizes_at_the_end_of_the_address_space_never_overflow(
        width in any::<usize>(), height in any::<usize>(), row_stride in any::<usize>(), pixel_stride in any::<usize>(),
    ) {
        prop_assert!(LumaPlane::new(&[1, 2, 3], width, height, row_stride, pixel_stride).is_err());
    }

    #[test]
    fn strides_do_not_change_the_report(pad in 0usize..50, pixel_stride in 1usize..4) {
        let (width, height) = (120, 90);
        let dense = luma(width, height);
        let row_stride = width * pixel_stride + pad;
        let mut spread = vec![7; row_stride * height];
        for y in 0..height {
            for x in 0..width {
                spread[y * row_stride + x * pixel_stride] = dense[y * width + x];
            }
        }
        let plain = analyse(&LumaPlane::new(&dense, width, height, width, 1).unwrap());
        prop_assert_eq!(analyse(&LumaPlane::new(&spread, width, height, row_stride, pixel_stride).unwrap()), plain);
    }
}

#[test]
fn a_frame_and_a_still_of_the_same_scene_agree() {
    let (width, height) = (1280, 960);
    let data = luma(width, height);
    let frame = analyse(&LumaPlane::new(&data, width, height, width, 1).unwrap());
    let (w, h) = (width as u32, height as u32);
    let view = PixelView { data: &data, width: w, height: h, row_stride: width, format: PixelFormat::Luma };
    let still = Still::from_pixels(&view, 1, &StillLimits::default()).unwrap().report(&Policy::default());
    assert_eq!(frame.sharpness, still.sharpness);
    assert_eq!(frame.exposure, still.exposure);
    assert_eq!(frame.framing, still.framing);
}

#[test]
fn a_scratch_used_for_another_size_changes_nothing() {
    let (policy, context) = (Policy::default(), FrameContext::default());
    let mut scratch = FrameScratch::default();
    let (large, small) = (luma(1000, 700), luma(333, 211));
    let large = LumaPlane::new(&large, 1000, 700, 1000, 1).unwrap();
    let small = LumaPlane::new(&small, 333, 211, 333, 1).unwrap();
    clearshot_analysis::analyse_frame(&large, &context, &policy, &mut scratch).unwrap();
    let again = clearshot_analysis::analyse_frame(&small, &context, &policy, &mut scratch).unwrap();
    assert_eq!(again, analyse(&small));
}

#[test]
fn a_black_frame_is_dark_with_a_covered_lens_and_never_blurred() {
    let report = analyse(&LumaPlane::new(&vec![2; 640 * 480], 640, 480, 640, 1).unwrap());
    assert_eq!(report.sharpness.state, SharpnessState::Unknown);
    assert!(report.reasons.contains(Reason::TooDark) && report.reasons.contains(Reason::LensBlocked));
}

#[test]
fn a_white_frame_is_too_bright_and_a_grey_one_is_good() {
    let flat = |value| analyse(&LumaPlane::new(&vec![value; 640 * 480], 640, 480, 640, 1).unwrap());
    assert!(flat(255).reasons.contains(Reason::TooBright));
    assert!(flat(120).reasons.is_empty());
}

#[test]
fn limited_range_black_is_black() {
    let data = vec![16; 64 * 64];
    let plane = LumaPlane::new(&data, 64, 64, 64, 1).unwrap();
    assert!((analyse(&plane.with_range(LumaRange::Limited)).exposure.mean - 0.0).abs() < 1e-9);
    assert!((analyse(&plane).exposure.mean - 16.0).abs() < 1e-9);
}

/// A mid-grey frame with a burnt-out disc in its middle.
fn with_reflection() -> Vec<u8> {
    (0..640 * 480)
        .map(|i: i32| if (i % 640 - 320).pow(2) + (i / 640 - 240).pow(2) < 60 * 60 { 255 } else { 110 })
        .collect()
}

#[test]
fn a_burnt_out_colourless_disc_is_glare_and_a_coloured_lamp_is_not() {
    let data = with_reflection();
    let plane = LumaPlane::new(&data, 640, 480, 640, 1).unwrap();
    let report = analyse(&plane);
    assert!(report.glare.present && (0.02..0.06).contains(&report.glare.area), "{:?}", report.glare);
    for (value, glares) in [(128, true), (190, false)] {
        let chroma = vec![value; 320 * 240];
        let chroma = ChromaPlanes::new(&chroma, &chroma, 320, 240, 320, 1).unwrap();
        assert_eq!(analyse(&plane.with_chroma(chroma)).glare.present, glares);
    }
}

#[test]
fn a_bright_cloth_that_fades_away_from_a_dark_item_is_not_glare() {
    let frame = |fade: i32| {
        let luma = |x: i32, y: i32| match (x - 320, y - 240) {
            (dx, dy) if dx.abs() < 100 && dy.abs() < 140 => 30,
            (dx, dy) if dx > 0 && dx < 180 && dy.abs() < 60 => 255,
            (dx, dy) if dx > 0 => (255 - fade * (dx - 170).max(dy.abs() - 50).max(0)).clamp(90, 250),
            _ => 90,
        };
        let data: Vec<u8> = (0..640 * 480).map(|i| luma(i % 640, i / 640) as u8).collect();
        analyse(&LumaPlane::new(&data, 640, 480, 640, 1).unwrap()).glare.present
    };
    // The rim is dark on the item's side in both; the light breaks off on the others only in the second.
    assert!(!frame(1));
    assert!(frame(20));
}

#[test]
fn glare_is_asked_for_in_the_tapped_region_of_the_upright_frame() {
    let mut data = vec![110; 640 * 480];
    for y in 20..100 {
        data[y * 640 + 20..y * 640 + 100].fill(255);
    }
    let plane = LumaPlane::new(&data, 640, 480, 640, 1).unwrap().with_rotation(Rotation::Clockwise90);
    let present = |x| {
        let region = Some(Region { x, y: 0.0, width: 0.4, height: 0.4 });
        let context = FrameContext { region, ..FrameContext::default() };
        let mut scratch = FrameScratch::default();
        clearshot_analysis::analyse_frame(&plane, &context, &Policy::default(), &mut scratch)
            .unwrap()
            .glare
            .present
    };
    // Turned clockwise, the top left corner as delivered is at the top right.
    assert!(present(0.6));
    assert!(!present(0.0));
}

#[test]
fn framing_is_told_in_the_upright_frame() {
    let mut data = vec![128; 640 * 480];
    for y in 40..140 {
        for x in 40..140 {
            data[y * 640 + x] = if (x / 10 + y / 10) % 2 == 0 { 220 } else { 30 };
        }
    }
    let plane = LumaPlane::new(&data, 640, 480, 640, 1).unwrap();
    let delivered = analyse(&plane).framing;
    assert!(delivered.centre_x < 0.2 && delivered.centre_y < 0.25, "{delivered:?}");
    let turned = analyse(&plane.with_rotation(Rotation::Clockwise90)).framing;
    assert!(turned.centre_x > 0.75 && turned.centre_y < 0.2, "{turned:?}");
    assert!((turned.fill - delivered.fill).abs() < 1e-3);
}

#[test]
fn a_dim_scene_is_known_by_its_exposure_value() {
    let data: Vec<u8> = luma(640, 480).iter().map(|&value| value / 3).collect();
    let mut brightened = data;
    brightened[..640 * 20].fill(120);
    let plane = LumaPlane::new(&brightened, 640, 480, 640, 1).unwrap();
    let dark = |iso| {
        let context = FrameContext {
            exposure_time_s: Some(0.1),
            aperture: Some(1.8),
            iso: Some(iso),
            ..FrameContext::default()
        };
        let mut scratch = FrameScratch::default();
        let report =
            clearshot_analysis::analyse_frame(&plane, &context, &Policy::default(), &mut scratch).unwrap();
        report.reasons.contains(Reason::TooDark)
    };
    assert!(dark(3200.0));
    assert!(!dark(100.0));
}
