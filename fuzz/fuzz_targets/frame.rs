//! Any frame with any context gives a report or a typed error.
#![no_main]

use arbitrary::Arbitrary;
use clearshot_analysis::{
    ActivationMap, Aim, ChromaPlanes, FocusState, FrameContext, FrameScratch, LumaPlane, LumaRange, Policy,
    Region, Relevance, RelevanceLimits, Rotation, Scores, Sighting, Subject, analyse_frame,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    width: usize,
    height: usize,
    row_stride: usize,
    pixel_stride: usize,
    /// Sizes as they come only now and then: most of them are refused at once.
    wild: bool,
    chroma: Option<(u8, u8, u8, u8)>,
    rotation: i32,
    limited: bool,
    numbers: [Option<f64>; 5],
    gravity: Option<[f64; 3]>,
    focus: Option<u8>,
    torch: Option<bool>,
    region: Option<[f64; 4]>,
    aim: u8,
    map: Option<(u8, u8, Vec<f32>)>,
    subject: Option<[f64; 4]>,
    scores: [f64; 7],
    limits: [f64; 2],
    data: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let (width, height, row_stride, pixel_stride) = if input.wild {
        (input.width, input.height, input.row_stride, input.pixel_stride)
    } else {
        let (width, height, pixel_stride) =
            (input.width % 900 + 1, input.height % 60 + 1, input.pixel_stride % 3 + 1);
        (width, height, width * pixel_stride + input.row_stride % 40, pixel_stride)
    };
    // Short inputs are repeated, so that large planes have pixels, too.
    let needed = row_stride.saturating_mul(height);
    let data: Vec<u8> = input.data.iter().copied().cycle().take(needed.min(1 << 20)).collect();
    let Ok(plane) = LumaPlane::new(&data, width, height, row_stride, pixel_stride) else { return };
    let rotation = Rotation::from_degrees(input.rotation).or(Rotation::from_degrees(input.rotation % 4 * 90));
    let range = if input.limited { LumaRange::Limited } else { LumaRange::Full };
    let mut plane = plane.with_range(range).with_rotation(rotation.unwrap_or_default());
    let colours = input.chroma.and_then(|(width, height, padding, pixel_stride)| {
        let (width, pixel_stride) = (usize::from(width), usize::from(pixel_stride));
        let row_stride = width * pixel_stride + usize::from(padding);
        let v = data.get(1..).unwrap_or_default();
        ChromaPlanes::new(&data, v, width, usize::from(height), row_stride, pixel_stride).ok()
    });
    if let Some(colours) = colours {
        plane = plane.with_chroma(colours);
    }
    let [exposure_time_s, iso, aperture, gyro_rate, min_focus_m] = input.numbers;
    let focus = [FocusState::Inactive, FocusState::Scanning, FocusState::Focused, FocusState::Failed];
    let aim = [
        Aim::Any,
        Aim::Overview,
        Aim::Defect,
        Aim::Label,
        Aim::Serial,
        Aim::Packaging,
        Aim::Other,
    ];
    let context = FrameContext {
        exposure_time_s,
        iso,
        aperture,
        gyro_rate,
        gravity: input.gravity,
        focus: input.focus.map(|index| focus[usize::from(index) % focus.len()]),
        min_focus_m,
        torch: input.torch,
        region: input.region.map(region_of),
        aim: aim[usize::from(input.aim) % aim.len()],
        sighting: input.map.and_then(|(columns, rows, cells)| {
            let map = ActivationMap::new(columns, rows, &cells).ok()?;
            let [product, document] = input.limits;
            Some(Sighting {
                relevance: Relevance::new(Scores::new(Subject::ALL.into_iter().zip(input.scores))),
                map: map.with_subject(input.subject.map(region_of)),
                limits: RelevanceLimits { product, document },
            })
        }),
    };
    let (policy, mut scratch) = (Policy::default(), FrameScratch::default());
    let first = analyse_frame(&plane, &context, &policy, &mut scratch).expect("the geometry was checked");
    let again = analyse_frame(&plane, &context, &policy, &mut scratch).expect("the geometry was checked");
    assert_eq!(first, again);
    for number in [first.sharpness.score, first.exposure.mean, first.noise.sigma, first.glare.area] {
        assert!(number.is_finite());
    }
});

fn region_of([x, y, width, height]: [f64; 4]) -> Region {
    Region { x, y, width, height }
}
