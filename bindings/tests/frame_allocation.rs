//! What a frame allocates on its way through the facade does not grow with the frame: counted by the allocator itself.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use clearshot_ffi::{FrameAnalyzer, FrameContext, FrameLayout, LumaRange};

struct Counting;

thread_local! {
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // A thread that is ending has no counter any more, and nobody who reads it.
    let _ = BYTES.try_with(|count| count.set(count.get() + bytes));
}

// SAFETY: everything is passed on as it comes; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that the lists of reasons and hints may take in one report: 17 hints and 14 reasons are all that there are.
const MOST_BYTES: usize = 256;

/// Bytes that the third frame of this size allocated.
fn third_frame(width: usize, height: usize) -> usize {
    let analyzer = FrameAnalyzer::new(None, None).unwrap();
    // Dark stripes: something to tell, so that the lists are not empty.
    let luma: Vec<u8> = (0..width * height).map(|index| (index % width / 8 % 2 * 30) as u8).collect();
    let layout = FrameLayout {
        width: width as u32,
        height: height as u32,
        row_stride: width as u32,
        pixel_stride: 1,
        range: LumaRange::Full,
        rotation_degrees: 90,
    };
    let mut bytes = 0;
    for frame in 0..3 {
        let context = FrameContext {
            taken_ns: frame * 66_000_000,
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
        };
        let before = BYTES.get();
        let look = analyzer.analyze(layout, &luma, context).unwrap();
        bytes = BYTES.get() - before;
        assert!(!look.report.hints.is_empty(), "the lists are not empty");
    }
    bytes
}

#[test]
fn a_full_hd_frame_allocates_what_a_small_one_does_and_that_is_next_to_nothing() {
    let [small, large] = [third_frame(160, 120), third_frame(1920, 1080)];
    assert!(small > 0, "the counter does not count");
    assert!(large <= MOST_BYTES && small <= MOST_BYTES, "{small} and {large} bytes");
}
