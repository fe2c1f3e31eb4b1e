//! The way of a 12-megapixel photo, stage by stage, against one turbojpeg RGB decode of the same file:
//! `cargo bench -p clearshot-benches --bench still`. Give another photo by `CLEARSHOT_BENCH_PHOTO`.
//!
//! turbojpeg is built from source; without nasm it has no SIMD and the ratio flatters us.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use clearshot_analysis::{DerivativeSpec, Policy, Still, StillLimits, StillScratch};
use criterion::Criterion;

/// Runs of each side for the printed ratio, taken in turns so that a busy machine slows both.
const ROUNDS: usize = 15;

fn main() {
    let file = photo();
    let limits = StillLimits::default();
    let policy = Policy::default();
    let mut scratch = StillScratch::default();
    let still = Still::decode_with(&file, &limits, &mut scratch).expect("a bench photo decodes");
    println!("{} × {}, {} bytes", still.width(), still.height(), file.len());

    let mut criterion = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2));
    criterion = criterion.warm_up_time(Duration::from_millis(500)).configure_from_args();
    let mut group = criterion.benchmark_group("still");
    group.bench_function("decode", |b| b.iter(|| Still::decode_with(&file, &limits, &mut scratch)));
    group.bench_function("report", |b| b.iter(|| still.report(&policy)));
    group.bench_function("thumbnail", |b| b.iter(|| still.thumbnail()));
    group.bench_function("hash", |b| b.iter(|| still.perceptual_hash()));
    group.bench_function("derivative", |b| b.iter(|| still.derivative(&DerivativeSpec::default())));
    let mut peer = Peer::new(&file);
    group.bench_function("peer: turbojpeg RGB decode", |b| b.iter(|| peer.decode(&file)));
    group.finish();

    let (mut ours, mut theirs, mut decode) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(timed(|| peer.decode(&file)));
        decode.push(timed(|| Still::decode_with(&file, &limits, &mut scratch).is_ok()));
        ours.push(timed(|| {
            let still = Still::decode_with(&file, &limits, &mut scratch).expect("a bench photo decodes");
            (
                still.report(&policy),
                still.thumbnail().is_ok(),
                still.derivative(&DerivativeSpec::default()).is_ok(),
            )
        }));
    }
    let (ours, theirs, decode) = (median(ours), median(theirs), median(decode));
    println!(
        "decode → report → thumbnail → derivative {ours:.1?}, decode alone {decode:.1?}, turbojpeg {theirs:.1?}: \
         ratio {:.2} (decode alone {:.2})",
        ours.as_secs_f64() / theirs.as_secs_f64(),
        decode.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// One decompressor and one buffer, reused: the fastest way turbojpeg has.
struct Peer {
    decompressor: turbojpeg::Decompressor,
    pixels: Vec<u8>,
}

impl Peer {
    fn new(file: &[u8]) -> Self {
        let header = turbojpeg::read_header(file).expect("turbojpeg reads the header");
        let decompressor = turbojpeg::Decompressor::new().expect("turbojpeg starts");
        Self { decompressor, pixels: vec![0; 3 * header.width * header.height] }
    }

    fn decode(&mut self, file: &[u8]) -> bool {
        let header = turbojpeg::read_header(file).expect("turbojpeg reads the header");
        let image = turbojpeg::Image {
            pixels: self.pixels.as_mut_slice(),
            width: header.width,
            pitch: 3 * header.width,
            height: header.height,
            format: turbojpeg::PixelFormat::RGB,
        };
        self.decompressor.decompress(file, image).is_ok()
    }
}

/// A real 12-megapixel photo where there is one, else a textured picture of that size.
fn photo() -> Vec<u8> {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/photos/products/3d-printed-case.jpg");
    let path = std::env::var("CLEARSHOT_BENCH_PHOTO").unwrap_or_else(|_| shared.to_owned());
    std::fs::read(path).unwrap_or_else(|_| textured(4000, 3000))
}

fn textured(width: usize, height: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            let wave = 50.0 * (x as f64 / 40.0).sin() * (y as f64 / 55.0).cos();
            let grain = (((x * 2_654_435_761) ^ (y * 40_503)) >> 7) & 31;
            pixels.extend([90, 110, 130].map(|base| (f64::from(base) + wave) as u8 + grain as u8));
        }
    }
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 92);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    encoder
        .encode(&pixels, width as u16, height as u16, jpeg_encoder::ColorType::Rgb)
        .expect("a picture encodes");
    file
}
