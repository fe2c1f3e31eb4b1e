//! After the first frame of a size, analysing another one allocates nothing: counted by the allocator itself.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unsafe_code, reason = "an allocator cannot be written without; it only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use clearshot_analysis::{
    ActivationMap, Aim, ChromaPlanes, FrameContext, FrameScratch, LumaPlane, LumaRange, Policy, Region,
    Relevance, RelevanceLimits, Rotation, Scores, Sighting, Subject, analyse_frame,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more, and nobody who reads it.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is passed on as it comes; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

/// A scene with edges, texture, a burnt-out spot and a dark corner, which a shift moves.
fn scene(len: usize, stride: usize, shift: usize) -> Vec<u8> {
    let pixel = |index: usize| {
        let (x, y) = (index % stride + shift, index / stride);
        let stripe = if (x / 24 + y / 40) % 3 == 0 { 60 } else { 0 };
        let spot = x.abs_diff(stride / 2) < stride / 12 && y.abs_diff(100) < 40;
        if spot { 255 } else { (40 + stripe + (x * 7 + y * 13) % 23 + x * 60 / stride) as u8 }
    };
    (0..len).map(pixel).collect()
}

/// Analyses a frame that shows nothing and then one of the same size with much to find; says how much the second one
/// allocated.
fn second_frame([blank, full]: [&LumaPlane<'_>; 2], context: &FrameContext) -> u64 {
    let (policy, mut scratch) = (Policy::default(), FrameScratch::default());
    let mut analyse = |plane: &LumaPlane<'_>| {
        let report = analyse_frame(plane, context, &policy, &mut scratch).unwrap();
        assert!(report.exposure.p98 > 0.0 && report.relevance.is_some() == context.sighting.is_some());
    };
    let first = allocations_of(|| analyse(blank));
    assert!(first > 0, "the counter does not count");
    allocations_of(|| analyse(full))
}

/// A product on the left of a map of 10 × 10.
fn sighting() -> Sighting {
    let cells: Vec<f32> = (0..100).map(|cell| if cell % 10 < 5 { 0.9 } else { 0.1 }).collect();
    let left = Region { x: 0.0, y: 0.0, width: 0.5, height: 1.0 };
    Sighting {
        relevance: Relevance::new(Scores::new([(Subject::Product, 0.8), (Subject::Screen, 0.2)])),
        map: ActivationMap::new(10, 10, &cells).unwrap().with_subject(Some(left)),
        limits: RelevanceLimits { product: 0.3, document: 0.3 },
    }
}

#[test]
fn a_plain_vga_frame_allocates_nothing_after_the_first() {
    let frames = [vec![90; 640 * 480], scene(640 * 480, 640, 11)];
    let planes = frames.each_ref().map(|data| LumaPlane::new(data, 640, 480, 640, 1).unwrap());
    assert_eq!(second_frame([&planes[0], &planes[1]], &FrameContext::default()), 0);
}

#[test]
fn a_full_hd_frame_with_strides_colours_a_region_and_a_sighting_allocates_nothing_after_the_first() {
    let (width, height, stride) = (1920, 1080, 2 * 1920 + 64);
    let frames = [vec![90; stride * height], scene(stride * height, stride, 17)];
    let chroma: Vec<u8> = (0..width * height / 2).map(|index| (124 + index % 9) as u8).collect();
    let colours =
        ChromaPlanes::new(&chroma[..chroma.len() - 1], &chroma[1..], width / 2, height / 2, width, 2)
            .unwrap();
    let planes = frames.each_ref().map(|data| {
        LumaPlane::new(data, width, height, stride, 2)
            .unwrap()
            .with_chroma(colours)
            .with_range(LumaRange::Limited)
            .with_rotation(Rotation::Clockwise90)
    });
    let context = FrameContext {
        exposure_time_s: Some(0.01),
        iso: Some(200.0),
        aperture: Some(1.8),
        gyro_rate: Some(0.1),
        gravity: Some([0.0, -9.8, 0.3]),
        region: Some(Region { x: 0.3, y: 0.3, width: 0.3, height: 0.3 }),
        aim: Aim::Defect,
        sighting: Some(sighting()),
        ..FrameContext::default()
    };
    assert_eq!(second_frame([&planes[0], &planes[1]], &context), 0);
}
