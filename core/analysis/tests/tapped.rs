//! Where the shopper tapped is what is judged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use clearshot_analysis::{
    FrameContext, FrameReport, FrameScratch, LumaPlane, Policy, Region, SharpnessState, analyse_frame,
};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;

/// Tiles of 24 pixels in many greys, crisp on the left and with ramps of 14 pixels on the right; the lowest fifth is bare.
fn half_in_focus() -> Vec<u8> {
    let crisp = |x: usize, y: usize| 50 + (x / 24 * 7 + y / 24 * 5) % 11 * 14;
    let soft = |x: usize, y: usize| {
        let sum: usize = (0..14)
            .flat_map(|dy| (0..14).map(move |dx| (dx, dy)))
            .map(|(dx, dy)| crisp(x + dx, y + dy))
            .sum();
        sum / 196
    };
    let luma = |x: usize, y: usize| match (x, y) {
        (_, y) if y >= HEIGHT * 4 / 5 => 120,
        (x, y) if x < WIDTH / 2 => crisp(x, y),
        (x, y) => soft(x, y),
    };
    (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| luma(x, y) as u8)).collect()
}

fn tapped(x: f64, y: f64) -> FrameReport {
    let data = half_in_focus();
    let plane = LumaPlane::new(&data, WIDTH, HEIGHT, WIDTH, 1).unwrap();
    let region = Some(Region { x, y, width: 0.3, height: 0.15 });
    let context = FrameContext { region, ..FrameContext::default() };
    analyse_frame(&plane, &context, &Policy::default(), &mut FrameScratch::default()).unwrap()
}

#[test]
fn a_tapped_spot_out_of_focus_is_blurred_although_the_rest_is_sharp() {
    assert_eq!(tapped(0.1, 0.3).sharpness.state, SharpnessState::Sharp);
    assert_eq!(tapped(0.6, 0.3).sharpness.state, SharpnessState::Blurred);
}

#[test]
fn a_tapped_spot_without_edges_is_judged_by_the_whole_frame() {
    let (bare, crisp) = (tapped(0.6, 0.83).sharpness, tapped(0.1, 0.3).sharpness);
    assert_eq!(bare.state, SharpnessState::Sharp);
    assert!((bare.score - crisp.score).abs() > 1e-6, "the whole frame is not the left spot");
}
