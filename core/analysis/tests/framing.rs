//! Framing and hints: what is told for which shot, and what may become a reason.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod pictures;

use std::ops::Range;

use clearshot_analysis::{
    ActivationMap, Aim, FocusState, FrameContext, FrameReport, FrameScratch, FramingSource, Hint, LumaPlane,
    PixelFormat, PixelView, Policy, Reason, Region, Relevance, RelevanceLimits, Rotation, Scores, Sides,
    Sighting, Still, StillLimits, Subject, Verdict, analyse_frame,
};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;

fn analyse(luma: &[u8], context: &FrameContext) -> FrameReport {
    turned(luma, context, Rotation::None)
}

fn turned(luma: &[u8], context: &FrameContext, rotation: Rotation) -> FrameReport {
    let plane = LumaPlane::new(luma, WIDTH, HEIGHT, WIDTH, 1).unwrap().with_rotation(rotation);
    analyse_frame(&plane, context, &policy(), &mut FrameScratch::default()).unwrap()
}

/// The shipped one, for a model whose map tells where a subject ends.
fn policy() -> Policy {
    Policy { map_edge_from: 0.8, ..Policy::default() }
}

fn aimed(aim: Aim) -> FrameContext {
    FrameContext { aim, ..FrameContext::default() }
}

/// A chequered patch on a plain background; the patch in pixels: x, y, width, height.
fn patch((left, top, width, height): (usize, usize, usize, usize)) -> Vec<u8> {
    let mut luma = vec![128; WIDTH * HEIGHT];
    for y in top..top + height {
        for x in left..left + width {
            luma[y * WIDTH + x] = if (x / 7 + y / 7) % 2 == 0 { 220 } else { 40 };
        }
    }
    luma
}

/// Large checks everywhere: edges that still are edges after a blur.
fn checks() -> Vec<u8> {
    (0..WIDTH * HEIGHT)
        .map(|i| if (i % WIDTH / 24 + i / WIDTH / 24).is_multiple_of(2) { 210 } else { 50 })
        .collect()
}

/// A fine texture everywhere.
fn texture() -> Vec<u8> {
    (0..WIDTH * HEIGHT).map(|i| 100 + (i.wrapping_mul(2_654_435_761) >> 7) as u8 % 60).collect()
}

fn blurred(luma: &[u8], reach: usize) -> Vec<u8> {
    let pass = |source: &[u8], step: usize, len: usize, place: fn(usize) -> usize| -> Vec<u8> {
        (0..source.len())
            .map(|i| {
                let at = place(i);
                let (from, to) = (at.saturating_sub(reach), (at + reach).min(len - 1));
                let sum: usize =
                    (from..=to).map(|near| usize::from(source[i + near * step - at * step])).sum();
                (sum / (to - from + 1)) as u8
            })
            .collect()
    };
    let across = pass(luma, 1, WIDTH, |i| i % WIDTH);
    pass(&across, WIDTH, HEIGHT, |i| i / WIDTH)
}

fn hints(report: &FrameReport) -> Vec<Hint> {
    report.hints.iter().collect()
}

#[test]
fn nothing_is_asked_of_the_framing_unless_the_shot_has_an_aim() {
    for luma in [patch((0, 0, 60, 60)), vec![120; WIDTH * HEIGHT]] {
        for aim in [Aim::Any, Aim::Packaging, Aim::Other] {
            let context = FrameContext { sighting: Some(product_in(0..2, 0..8)), ..aimed(aim) };
            assert_eq!(hints(&analyse(&luma, &context)), []);
            assert_eq!(hints(&analyse(&luma, &aimed(aim))), []);
        }
    }
}

#[test]
fn an_empty_frame_has_no_subject_and_a_patch_is_one() {
    let flat = analyse(&vec![120; WIDTH * HEIGHT], &aimed(Aim::Overview));
    assert_eq!(hints(&flat), [Hint::NoSubject]);
    assert_eq!(flat.verdict, Verdict::Good);
    let report = analyse(&patch((200, 140, 240, 200)), &aimed(Aim::Overview));
    assert_eq!(hints(&report), []);
    let subject = report.framing.subject.unwrap();
    assert!((subject.x - 0.31).abs() < 0.03 && (subject.width - 0.375).abs() < 0.04, "{subject:?}");
    assert_eq!((report.framing.source, report.framing.touches), (FramingSource::Edges, Sides::default()));
}

#[test]
fn edges_that_stand_clear_of_the_background_are_a_hint_and_never_a_reason() {
    let far = analyse(&patch((290, 210, 60, 60)), &aimed(Aim::Overview));
    assert_eq!((hints(&far), far.verdict), (vec![Hint::TooFar], Verdict::Good));
    let aside = analyse(&patch((20, 20, 160, 140)), &aimed(Aim::Overview));
    assert_eq!((hints(&aside), aside.verdict), (vec![Hint::OffCentre], Verdict::Good));
    assert!(aside.framing.offset > 0.5);
}

#[test]
fn a_textured_background_is_neither_off_centre_nor_too_far() {
    let mut luma = texture();
    for (pixel, patched) in luma.iter_mut().zip(patch((20, 20, 160, 140))) {
        if patched != 128 {
            *pixel = *pixel / 2 + patched / 2;
        }
    }
    for luma in [texture(), luma] {
        assert_eq!(hints(&analyse(&luma, &aimed(Aim::Overview))), []);
    }
}

/// What a model says that sees one thing in these columns and rows of a map of 8 × 8 cells.
fn seen(subject: Subject, columns: Range<usize>, rows: Range<usize>) -> Sighting {
    let inside = |cell: usize| columns.contains(&(cell % 8)) && rows.contains(&(cell / 8));
    let cells: Vec<f32> = (0..64).map(|cell| if inside(cell) { 0.9 } else { 0.05 }).collect();
    let eighths = |cells: usize| cells as f64 / 8.0;
    let subject_box = Region {
        x: eighths(columns.start),
        y: eighths(rows.start),
        width: eighths(columns.len()),
        height: eighths(rows.len()),
    };
    Sighting {
        relevance: Relevance::new(Scores::new([(subject, 0.9), (Subject::Surface, 0.1)])),
        map: ActivationMap::new(8, 8, &cells).unwrap().with_subject(Some(subject_box)),
        limits: RelevanceLimits { product: 0.3, document: 0.3 },
    }
}

fn product_in(columns: Range<usize>, rows: Range<usize>) -> Sighting {
    seen(Subject::Product, columns, rows)
}

/// What is told when the model sees a product in these columns and rows; for a label, a document.
fn by_map(aim: Aim, columns: Range<usize>, rows: Range<usize>) -> FrameReport {
    let subject = if aim == Aim::Label { Subject::Document } else { Subject::Product };
    let context = FrameContext { sighting: Some(seen(subject, columns, rows)), ..aimed(aim) };
    analyse(&patch((200, 140, 240, 200)), &context)
}

fn told(report: &FrameReport) -> (Vec<Hint>, Vec<Reason>) {
    (hints(report), report.reasons.iter().collect())
}

#[test]
fn what_the_map_says_of_a_whole_item_is_a_reason() {
    assert_eq!(told(&by_map(Aim::Overview, 2..6, 2..6)), (vec![], vec![]));
    assert_eq!(told(&by_map(Aim::Overview, 0..5, 2..6)), (vec![Hint::CutOff], vec![Reason::CutOff]));
    assert_eq!(told(&by_map(Aim::Overview, 0..8, 0..8)), (vec![Hint::TooClose], vec![Reason::TooClose]));
    assert_eq!(told(&by_map(Aim::Overview, 4..5, 4..5)), (vec![Hint::TooFar], vec![Reason::TooFar]));
    let aside = by_map(Aim::Overview, 1..4, 1..4);
    assert_eq!(told(&aside), (vec![], vec![]), "{:?}", aside.framing);
    assert_eq!(told(&by_map(Aim::Overview, 1..3, 1..3)), (vec![Hint::OffCentre], vec![]));
    assert_eq!(aside.framing.source, FramingSource::Map);
}

#[test]
fn a_map_that_cannot_tell_where_the_item_ends_is_not_asked_whether_it_is_cut_off() {
    let cut = FrameContext { sighting: Some(product_in(0..5, 2..6)), ..aimed(Aim::Overview) };
    let luma = patch((200, 140, 240, 200));
    assert_eq!(told(&analyse(&luma, &cut)), (vec![Hint::CutOff], vec![Reason::CutOff]));
    let plane = LumaPlane::new(&luma, WIDTH, HEIGHT, WIDTH, 1).unwrap();
    let shipped = analyse_frame(&plane, &cut, &Policy::default(), &mut FrameScratch::default()).unwrap();
    assert_eq!((told(&shipped), shipped.framing.source), ((vec![], vec![]), FramingSource::Map));
}

#[test]
fn the_edge_of_what_is_no_item_is_no_fault_and_its_box_not_the_subject() {
    let luma = patch((200, 140, 240, 200));
    let person = FrameContext { sighting: Some(seen(Subject::Person, 0..4, 0..8)), ..aimed(Aim::Overview) };
    let report = analyse(&luma, &person);
    assert_eq!(told(&report), (vec![Hint::WrongSubject], vec![Reason::Person]));
    assert_eq!(report.framing, analyse(&luma, &aimed(Aim::Overview)).framing);
    assert_eq!(report.relevance.unwrap().subject, Subject::Person);
}

#[test]
fn without_a_box_of_the_model_s_the_edges_tell_where_the_item_is() {
    let luma = patch((290, 210, 60, 60));
    let mut sighting = product_in(2..6, 2..6);
    sighting.map = sighting.map.with_subject(None);
    let context = FrameContext { sighting: Some(sighting), ..aimed(Aim::Overview) };
    let report = analyse(&luma, &context);
    assert_eq!(report.framing.source, FramingSource::Edges);
    assert_eq!(told(&report), (vec![Hint::TooFar], vec![]));
}

#[test]
fn an_empty_scene_asks_for_the_item_whatever_its_edges_are() {
    let scene = FrameContext { sighting: Some(seen(Subject::Scene, 0..8, 0..8)), ..aimed(Aim::Overview) };
    let report = analyse(&patch((200, 140, 240, 200)), &scene);
    assert_eq!(told(&report), (vec![Hint::NoSubject], vec![Reason::Irrelevant]));
    assert_eq!(report.verdict, Verdict::Retake);
}

#[test]
fn what_is_too_dark_to_see_is_not_called_irrelevant_but_a_person_in_the_dark_is_one() {
    let dark: Vec<u8> = patch((200, 140, 240, 200)).iter().map(|value| value / 6).collect();
    let reasons = |subject| {
        let context = FrameContext { sighting: Some(seen(subject, 0..8, 0..8)), ..aimed(Aim::Overview) };
        told(&analyse(&dark, &context)).1
    };
    assert_eq!(reasons(Subject::Scene), [Reason::TooDark]);
    assert_eq!(reasons(Subject::Person), [Reason::TooDark, Reason::Person]);
}

#[test]
fn an_animal_in_the_picture_is_told_as_the_wrong_subject_and_not_as_none() {
    let animal = FrameContext { sighting: Some(seen(Subject::Animal, 2..6, 2..6)), ..aimed(Aim::Overview) };
    let report = analyse(&patch((200, 140, 240, 200)), &animal);
    assert_eq!(told(&report), (vec![Hint::WrongSubject], vec![Reason::Irrelevant]));
}

#[test]
fn the_print_of_a_label_may_leave_the_frame_on_all_sides_but_must_be_large() {
    assert_eq!(told(&by_map(Aim::Label, 0..8, 0..8)), (vec![], vec![]));
    assert_eq!(told(&by_map(Aim::Label, 3..5, 3..5)), (vec![Hint::TooFar], vec![Reason::TooFar]));
    assert_eq!(told(&by_map(Aim::Label, 0..4, 2..6)), (vec![Hint::CutOff], vec![Reason::CutOff]));
}

#[test]
fn the_map_lies_over_the_upright_frame_however_the_camera_delivers_it() {
    let context = FrameContext { sighting: Some(product_in(0..4, 0..8)), ..aimed(Aim::Overview) };
    let luma = patch((200, 140, 240, 200));
    let upright = turned(&luma, &context, Rotation::None).framing;
    assert_eq!(turned(&luma, &context, Rotation::Clockwise90).framing, upright);
    assert!(upright.touches.left && !upright.touches.right && upright.centre_x < 0.3, "{upright:?}");
}

#[test]
fn a_label_at_a_slant_is_tilted_and_an_item_at_a_slant_is_not() {
    let (sin, cos) = 25f64.to_radians().sin_cos();
    let gravity = Some([9.81 * sin, -9.81 * cos, 0.0]);
    let luma = patch((100, 80, 440, 320));
    let label = FrameContext { gravity, ..aimed(Aim::Label) };
    let report = analyse(&luma, &label);
    assert_eq!(told(&report), (vec![Hint::Tilted], vec![]));
    assert_eq!(report.framing.roll_deg, Some(25.0));
    let with_map = FrameContext { sighting: Some(seen(Subject::Document, 1..7, 1..7)), ..label };
    assert_eq!(told(&analyse(&luma, &with_map)), (vec![Hint::Tilted], vec![Reason::Tilted]));
    assert_eq!(told(&analyse(&luma, &FrameContext { aim: Aim::Overview, ..label })), (vec![], vec![]));
    let level = FrameContext { gravity: Some([0.5, -9.7, 1.0]), ..label };
    assert_eq!(told(&analyse(&luma, &level)), (vec![], vec![]));
}

fn tapped(x: f64, y: f64, side: f64) -> FrameContext {
    FrameContext { region: Some(Region { x, y, width: side, height: side }), ..aimed(Aim::Defect) }
}

#[test]
fn a_tapped_region_must_lie_in_the_frame_and_be_large_enough() {
    let luma = patch((40, 40, 560, 400));
    assert_eq!(hints(&analyse(&luma, &tapped(0.4, 0.4, 0.2))), []);
    assert_eq!(hints(&analyse(&luma, &tapped(0.9, 0.4, 0.2))), [Hint::CutOff]);
    assert_eq!(hints(&analyse(&luma, &tapped(0.5, 0.5, 0.03))), [Hint::TooFar]);
    // A tap that is no area says nothing.
    assert_eq!(hints(&analyse(&luma, &tapped(0.5, 0.5, 0.0))), []);
    assert_eq!(hints(&analyse(&luma, &tapped(f64::NAN, 0.5, 0.2))), []);
}

#[test]
fn focus_is_judged_where_the_shopper_tapped() {
    let sharp = checks();
    let soft = blurred(&blurred(&sharp, 3), 3);
    // The left half is out of focus.
    let half: Vec<u8> = sharp
        .iter()
        .zip(&soft)
        .enumerate()
        .map(|(i, (s, b))| if i % WIDTH < 320 { *b } else { *s })
        .collect();
    assert!(!analyse(&half, &tapped(0.65, 0.4, 0.2)).hints.contains(Hint::Focusing));
    assert!(analyse(&half, &tapped(0.15, 0.4, 0.2)).hints.contains(Hint::Focusing));
    let upside_down = turned(&half, &tapped(0.65, 0.4, 0.2), Rotation::Clockwise180);
    assert!(upside_down.hints.contains(Hint::Focusing));
}

#[test]
fn a_lens_that_cannot_focus_this_near_asks_for_more_distance() {
    let soft = blurred(&blurred(&checks(), 4), 4);
    let context =
        |focus, metres| FrameContext { focus: Some(focus), min_focus_m: Some(metres), ..aimed(Aim::Defect) };
    let too_close = |context| analyse(&soft, &context).hints.contains(Hint::TooClose);
    assert!(too_close(context(FocusState::Failed, 0.1)));
    assert!(too_close(context(FocusState::Scanning, 0.1)));
    assert!(!too_close(context(FocusState::Focused, 0.1)));
    assert!(!too_close(context(FocusState::Failed, 0.02)));
    assert!(!too_close(FrameContext { aim: Aim::Overview, ..context(FocusState::Failed, 0.1) }));
    let sharp = analyse(&checks(), &context(FocusState::Failed, 0.1));
    assert!(!sharp.hints.contains(Hint::TooClose));
}

/// A context whose gyroscope says a streak of so many pixels.
fn shaken(streak_px: f64) -> FrameContext {
    FrameContext { gyro_rate: Some(streak_px / 6.11), exposure_time_s: Some(0.01), ..FrameContext::default() }
}

#[test]
fn blur_is_told_as_motion_or_as_focus_by_its_cause() {
    let soft = blurred(&blurred(&checks(), 4), 4);
    let moved = analyse(&soft, &shaken(3.0));
    assert_eq!(told(&moved), (vec![Hint::Moving], vec![Reason::Blurred]));
    assert!((moved.motion.unwrap() - 3.0).abs() < 1e-3);
    assert_eq!(told(&analyse(&soft, &shaken(0.1))), (vec![Hint::Focusing], vec![Reason::Blurred]));
}

#[test]
fn a_hand_that_shakes_hard_is_told_even_while_the_picture_looks_sharp() {
    let sharp = checks();
    assert_eq!(told(&analyse(&sharp, &shaken(2.0))), (vec![], vec![]));
    assert_eq!(told(&analyse(&sharp, &shaken(5.0))), (vec![Hint::Moving], vec![]));
}

#[test]
fn the_autofocus_is_heard_while_the_picture_is_not_sharp() {
    let focus = |focus| FrameContext { focus: Some(focus), ..FrameContext::default() };
    let flat = vec![120; WIDTH * HEIGHT];
    let scanning = analyse(&flat, &focus(FocusState::Scanning));
    assert_eq!((hints(&scanning), scanning.focusing), (vec![Hint::Focusing], true));
    assert_eq!(hints(&analyse(&flat, &focus(FocusState::Focused))), []);
    let sharp = analyse(&checks(), &focus(FocusState::Failed));
    assert_eq!((hints(&sharp), sharp.focusing), (vec![], true));
}

#[test]
fn a_still_is_judged_for_its_shot_as_the_frame_is() {
    let luma = patch((200, 140, 240, 200));
    let view = PixelView {
        data: &luma,
        width: WIDTH as u32,
        height: HEIGHT as u32,
        row_stride: WIDTH,
        format: PixelFormat::Luma,
    };
    let still = Still::from_pixels(&view, 1, &StillLimits::default()).unwrap();
    let cut = FrameContext { sighting: Some(product_in(0..4, 2..6)), ..aimed(Aim::Overview) };
    let report = still.report_in(&cut, &policy());
    assert_eq!((report.verdict, report.reasons), (Verdict::Retake, vec![Reason::CutOff]));
    let frame = analyse(&luma, &cut);
    assert_eq!((report.framing, report.relevance), (frame.framing, frame.relevance));
    assert!(report.relevance.is_some());
    assert_eq!(still.report(&Policy::default()).verdict, Verdict::Good);
}

#[test]
fn a_report_of_an_earlier_version_still_reads() {
    let report = analyse(&patch((200, 140, 240, 200)), &FrameContext::default());
    let mut json = serde_json::to_value(report).unwrap();
    let fields = json.as_object_mut().unwrap();
    for newer in ["lens", "screen", "relevance", "motion", "focusing"] {
        fields.remove(newer).unwrap();
    }
    let framing = fields["framing"].as_object_mut().unwrap();
    for newer in ["source", "offset", "touches", "roll_deg", "pitch_deg"] {
        framing.remove(newer).unwrap();
    }
    let read: FrameReport = serde_json::from_value(json).unwrap();
    assert_eq!((read.framing.subject, read.sharpness), (report.framing.subject, report.sharpness));
}
