//! The photo that the benchmarks of stills work on.

/// A real 12-megapixel photo where there is one, else a textured picture of that size; or the file that
/// `CLEARSHOT_BENCH_PHOTO` names.
///
/// # Panics
/// When the named file cannot be read.
#[allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]
pub fn photo() -> Vec<u8> {
    if let Some(path) = std::env::var_os("CLEARSHOT_BENCH_PHOTO") {
        return std::fs::read(path).expect("the photo can be read");
    }
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/photos/products/3d-printed-case.jpg");
    std::fs::read(shared).unwrap_or_else(|_| textured(4000, 3000))
}

#[allow(clippy::expect_used, reason = "as above")]
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
