//! Any bytes are a photo within the limits, or a typed error; and whatever was decoded can be judged and encoded.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use clearshot_analysis::{DerivativeSpec, PixelFormat, PixelView, Policy, Still, StillLimits};
use libfuzzer_sys::fuzz_target;

/// Small, so that a run takes milliseconds.
const LIMITS: StillLimits = StillLimits { max_bytes: 1 << 20, max_pixels: 400 * 400, min_side: 16 };

/// A photo of our own with some bytes changed, so that the fuzzer gets past the header without a corpus.
#[derive(Arbitrary, Debug)]
struct Damaged {
    width: u8,
    height: u8,
    orientation: u8,
    grain: u8,
    changes: Vec<(u16, u8)>,
    cut: u16,
}

fuzz_target!(|bytes: &[u8]| {
    // A JPEG or PNG begins with a byte above 127.
    match bytes.split_first() {
        Some((&kind, rest)) if kind < 128 => {
            let Ok(damaged) = Damaged::arbitrary(&mut Unstructured::new(rest)) else { return };
            check(&photo(&damaged));
        }
        _ => check(bytes),
    }
});

fn check(bytes: &[u8]) {
    let Ok(still) = Still::decode(bytes, &LIMITS) else { return };
    assert!(u64::from(still.width()) * u64::from(still.height()) <= LIMITS.max_pixels);
    let report = still.report(&Policy::default());
    assert!(report.sharpness.score.is_finite());
    still.perceptual_hash();
    let spec = DerivativeSpec { long_side: 64, quality: 60 };
    for made in [still.thumbnail(), still.derivative(&spec).expect("the derivative is within bounds")] {
        Still::decode(&made.bytes, &StillLimits { min_side: 1, ..LIMITS }).expect("our own photos decode");
    }
}

fn photo(damaged: &Damaged) -> Vec<u8> {
    let (width, height) = (u32::from(damaged.width).max(16), u32::from(damaged.height).max(16));
    let data: Vec<u8> = (0..3 * width * height)
        .map(|index| {
            (index / 9 % 200) as u8 ^ (index.wrapping_mul(2_654_435_761) >> 24) as u8 & damaged.grain
        })
        .collect();
    let view =
        PixelView { data: &data, width, height, row_stride: 3 * width as usize, format: PixelFormat::Rgb };
    let still =
        Still::from_pixels(&view, damaged.orientation, &LIMITS).expect("the view is within its limits");
    let spec = DerivativeSpec { long_side: 256, quality: 75 };
    let mut bytes = still.derivative(&spec).expect("the derivative is within bounds").bytes;
    for &(at, value) in &damaged.changes {
        let at = usize::from(at) % bytes.len();
        bytes[at] ^= value;
    }
    let len = bytes.len();
    bytes.truncate(len - usize::from(damaged.cut) % len);
    bytes
}
