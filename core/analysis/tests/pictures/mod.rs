//! Pictures made for tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// An RGB picture with edges, texture and colour; the same for the same size.
pub(crate) fn rgb(width: usize, height: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            let disc = (x as f64 / width as f64 - 0.4).hypot(y as f64 / height as f64 - 0.6) < 0.25;
            let base = if disc { [190, 90, 60] } else { [70, 110, 140] };
            let stripe = if (x / 24 + y / 40) % 3 == 0 { 40 } else { 0 };
            data.extend(base.map(|channel: usize| (channel + stripe + (x * 7 + y * 13) % 11) as u8));
        }
    }
    data
}

/// How a test JPEG is written.
#[derive(Clone, Copy)]
pub(crate) struct Flavour {
    pub(crate) sampling: SamplingFactor,
    pub(crate) progressive: bool,
    pub(crate) restarts: u16,
    pub(crate) quality: u8,
}

impl Default for Flavour {
    fn default() -> Self {
        Self { sampling: SamplingFactor::R_4_4_4, progressive: false, restarts: 0, quality: 95 }
    }
}

/// A JPEG of pixels in any of the encoder's colour types; `exif` is a TIFF block.
pub(crate) fn jpeg(
    data: &[u8],
    (width, height): (usize, usize),
    colours: ColorType,
    flavour: Flavour,
    exif: Option<&[u8]>,
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, flavour.quality);
    encoder.set_sampling_factor(flavour.sampling);
    encoder.set_progressive(flavour.progressive);
    encoder.set_restart_interval(flavour.restarts);
    if let Some(exif) = exif {
        encoder.add_exif_metadata(exif).unwrap();
    }
    encoder.encode(data, width as u16, height as u16, colours).unwrap();
    file
}

/// A plain JPEG of [`rgb`].
pub(crate) fn plain_jpeg(width: usize, height: usize) -> Vec<u8> {
    jpeg(&rgb(width, height), (width, height), ColorType::Rgb, Flavour::default(), None)
}

/// A PNG of [`rgb`].
pub(crate) fn png(width: usize, height: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let picture = image::RgbImage::from_raw(width as u32, height as u32, rgb(width, height)).unwrap();
    picture.write_to(&mut std::io::Cursor::new(&mut file), image::ImageFormat::Png).unwrap();
    file
}

/// A TIFF block that says nothing but the orientation.
pub(crate) fn orientation_tiff(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff
}
