//! Memory over many photos: three hundred of 12 megapixels, judged, kept and deleted, leave none behind.
//!
//! Takes some minutes: `cargo test -p clearshot-ffi --test stills_memory -- --ignored --nocapture`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and a figure is to be seen")]

mod support;

use clearshot_ffi::{CaptureStore, ModelStore};
use jpeg_encoder::{ColorType, Encoder};
use support::{Phone, keep_request, now};

const WIDTH: u16 = 4_000;
const HEIGHT: u16 = 3_000;

/// Photos before the first one that counts: buffers grow, and the allocator's pools fill.
const WARM_UP: usize = 60;

/// Photos that count.
const STILLS: usize = 300;

/// By how much the memory may grow over [`STILLS`], by the fitted line.
const MOST_MIB: f64 = 2.0;

#[test]
#[ignore = "takes minutes; its figure stands in docs/benchmarks.md"]
fn three_hundred_stills_leave_no_memory_behind() {
    let phone = Phone::new();
    let models = ModelStore::bundled().unwrap();
    let store = CaptureStore::open(phone.setup(), phone.keys.clone(), Some(models), now()).unwrap();
    let jpeg = twelve_megapixels();
    let mut resident = Vec::with_capacity(STILLS);
    for still in 0..WARM_UP + STILLS {
        let pending = store.assess(phone.shots(&store)[0].clone(), &jpeg).unwrap();
        assert_eq!(pending.review().unwrap().report.width, u32::from(WIDTH), "it is judged at its full size");
        let saved = store.keep(pending, keep_request(), now()).unwrap();
        assert!(!store.thumbnail(saved.id).unwrap().is_empty());
        assert_eq!(store.delete_photos(None).unwrap().photos, 1);
        if still >= WARM_UP {
            resident.push(resident_mib());
        }
    }
    let growth = slope(&resident) * STILLS as f64;
    let line = format!(
        "{STILLS} stills: {growth:+.2} MiB by the fitted line; {:.1} MiB at first, {:.1} at last",
        resident[0],
        resident[STILLS - 1]
    );
    println!("{line}");
    assert!(growth.abs() <= MOST_MIB, "{line}");
}

/// Stripes of several widths, so that there is something to judge.
fn twelve_megapixels() -> Vec<u8> {
    let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let light = 90 + (x / 37 % 2 * 70 + y / 53 % 2 * 50) as u8;
            pixels.extend([light, light - 20, light - 40]);
        }
    }
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 90).encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb).unwrap();
    jpeg
}

/// Memory of this process that is in use now, in MiB.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Slope of the line of least squares, per sample.
fn slope(samples: &[f64]) -> f64 {
    let middle = (samples.len() - 1) as f64 / 2.0;
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let around = |index: usize| index as f64 - middle;
    let rise: f64 = samples.iter().enumerate().map(|(index, sample)| around(index) * (sample - mean)).sum();
    rise / (0..samples.len()).map(|index| around(index).powi(2)).sum::<f64>()
}
