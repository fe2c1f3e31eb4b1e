//! JPEG encoders on the upload derivative of a photo: `cargo xtask bench encoders`. docs/adr/0011-jpeg-encoder.md is the
//! choice that came of it.
//!
//! All get the same planes, 4:2:0, at the same quality with the same (Annex K) tables where they have them. Time is this
//! thread's CPU time in turns; the picture's loss is the luma's, decoded by libjpeg-turbo.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use clearshot_analysis::{DerivativeSpec, Still, StillLimits};
use clearshot_benches::measure::{Side, interleaved};
use clearshot_benches::photo::photo;
use jpeg_encoder::{ChromaSubsamplingMethod, ImageBuffer, JpegColorType, SamplingFactor};
use libjpeg_turbo_rs::Subsampling;
use mozjpeg_rs::{Preset, QuantTableIdx};
use turbojpeg::{Subsamp, YuvImage, YuvPlanesImage};

const ROUNDS: usize = 31;
const QUALITY: u8 = 85;

/// What an encoder makes of the planes.
type Encode<'a> = &'a dyn Fn() -> Vec<u8>;

fn main() {
    let source = Planes::of(&photo());
    println!("{} × {}, 4:2:0, quality {QUALITY}", source.width, source.height);
    let sides: [(&str, Encode<'_>); 5] = [
        ("turbojpeg (C)", &|| by_turbojpeg(&source)),
        ("this crate's derivative", &|| {
            source.still.derivative(&DerivativeSpec::default()).expect("it encodes").bytes
        }),
        ("jpeg-encoder", &|| by_jpeg_encoder(&source)),
        ("libjpeg-turbo-rs", &|| by_libjpeg_turbo_rs(&source)),
        ("mozjpeg-rs, fastest", &|| by_mozjpeg_rs(&source)),
    ];
    let medians = interleaved(ROUNDS, sides.iter().map(|&(name, encode)| Side::new(name, encode)).collect());
    println!("{:<26} {:>8} {:>7} {:>10} {:>10}", "encoder", "ms", "ratio", "bytes", "PSNR, dB");
    for (median, (_, encode)) in medians.iter().zip(sides) {
        let file = encode();
        let loss = source.psnr(&file);
        let ratio = median.over(medians[0]);
        println!("{:<26} {:>8.1} {ratio:>7.2} {:>10} {loss:>10.2}", median.name, median.millis(), file.len());
    }
}

/// The planes of a derivative at full quality.
struct Planes {
    still: Still,
    width: usize,
    height: usize,
    yuv: Vec<u8>,
}

impl Planes {
    fn of(photo: &[u8]) -> Self {
        let limits = StillLimits::default();
        let decoded = Still::decode(photo, &limits).expect("a bench photo decodes");
        let spec = DerivativeSpec { quality: 100, ..DerivativeSpec::default() };
        let file = decoded.derivative(&spec).expect("it encodes").bytes;
        let image = yuv(&file);
        let still = Still::decode(&file, &limits).expect("what was encoded decodes");
        Self { still, width: image.width, height: image.height, yuv: image.pixels }
    }

    fn chroma_size(&self) -> (usize, usize) {
        (self.width.div_ceil(2), self.height.div_ceil(2))
    }

    fn split(&self) -> [&[u8]; 3] {
        let (luma, chroma) = self.yuv.split_at(self.width * self.height);
        let (cb, cr) = chroma.split_at(chroma.len() / 2);
        [luma, cb, cr]
    }

    fn psnr(&self, file: &[u8]) -> f64 {
        let decoded = yuv(file).pixels;
        let luma = self.split()[0];
        let squares: f64 = luma.iter().zip(&decoded).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum();
        10.0 * (255.0 * 255.0 * luma.len() as f64 / squares).log10()
    }
}

fn yuv(file: &[u8]) -> YuvImage<Vec<u8>> {
    turbojpeg::decompress_to_yuv(file).expect("turbojpeg decodes")
}

fn by_turbojpeg(planes: &Planes) -> Vec<u8> {
    let [y_plane, u_plane, v_plane] = planes.split();
    let chroma = planes.chroma_size().0;
    let image = YuvPlanesImage {
        y_plane,
        u_plane,
        v_plane,
        width: planes.width,
        height: planes.height,
        y_stride: planes.width,
        u_stride: chroma,
        v_stride: chroma,
        subsamp: Subsamp::Sub2x2,
    };
    turbojpeg::compress_yuv_planes(&image, QUALITY.into()).expect("turbojpeg encodes").to_vec()
}

fn by_libjpeg_turbo_rs(planes: &Planes) -> Vec<u8> {
    let (width, height) = planes.chroma_size();
    libjpeg_turbo_rs::compress_raw(
        &planes.split(),
        &[planes.width, width, width],
        &[planes.height, height, height],
        planes.width,
        planes.height,
        QUALITY,
        Subsampling::S420,
    )
    .expect("libjpeg-turbo-rs encodes")
}

fn by_mozjpeg_rs(planes: &Planes) -> Vec<u8> {
    let [y, cb, cr] = planes.split();
    mozjpeg_rs::Encoder::new(Preset::BaselineFastest)
        .quality(QUALITY)
        .quant_tables(QuantTableIdx::JpegAnnexK)
        .subsampling(mozjpeg_rs::Subsampling::S420)
        .encode_ycbcr_planar(y, cb, cr, planes.width as u32, planes.height as u32)
        .expect("mozjpeg-rs encodes")
}

fn by_jpeg_encoder(planes: &Planes) -> Vec<u8> {
    let mut file = Vec::with_capacity(planes.yuv.len() / 6);
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Nearest);
    encoder.encode_image(planes).expect("jpeg-encoder encodes");
    file
}

impl ImageBuffer for &Planes {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width as u16
    }

    fn height(&self) -> u16 {
        self.height as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let y = usize::from(y);
        let [luma, cb, cr] = self.split();
        buffers[0].extend_from_slice(&luma[y * self.width..(y + 1) * self.width]);
        let chroma = self.chroma_size().0;
        for (plane, buffer) in [cb, cr].into_iter().zip(&mut buffers[1..]) {
            let row = &plane[y / 2 * chroma..(y / 2 + 1) * chroma];
            buffer.extend(row.iter().flat_map(|&sample| [sample; 2]).take(self.width));
        }
    }
}
