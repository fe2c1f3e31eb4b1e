//! JPEG out: thumbnail and upload derivative, with nothing in the file but tables and picture.

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use super::master::{Master, NEUTRAL, samples};
use super::{Jpeg, StillError};
use crate::reduce::{Grey, Reducer, fit};

/// Scales the master down (never up) and encodes it as 4:2:0.
pub(super) fn encode(master: &Master, long_side: u32, quality: u8) -> Result<Jpeg, StillError> {
    let (width, height) = fit(master.luma.width, master.luma.height, long_side as usize);
    if (width, height) == (master.luma.width, master.luma.height) {
        encode_planes(&master.luma, master.chroma.as_ref(), quality)
    } else {
        let luma = scaled(&master.luma, width, height);
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let chroma = master
            .chroma
            .as_ref()
            .map(|planes| planes.each_ref().map(|plane| scaled(plane, chroma_width, chroma_height)));
        encode_planes(&luma, chroma.as_ref(), quality)
    }
}

/// A plane at exactly this size, which must not exceed its own.
pub(super) fn scaled(plane: &Grey, width: usize, height: usize) -> Grey {
    let mut out = Grey::default();
    Reducer::default().reduce_to(&samples(plane), width, height, &mut out);
    out
}

fn encode_planes(luma: &Grey, chroma: Option<&[Grey; 2]>, quality: u8) -> Result<Jpeg, StillError> {
    // A photo at quality 85 takes about two bits per pixel.
    let mut file = Vec::with_capacity(luma.data.len() / 4 + 1024);
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // Chroma is averaged already; picking every second sample gives exactly our planes back.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Nearest);
    encoder.encode_image(Planes { luma, chroma })?;
    Ok(Jpeg { bytes: without_segments(&file), width: luma.width as u32, height: luma.height as u32 })
}

struct Planes<'a> {
    luma: &'a Grey,
    chroma: Option<&'a [Grey; 2]>,
}

impl ImageBuffer for Planes<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.chroma.is_some() { JpegColorType::Ycbcr } else { JpegColorType::Luma }
    }

    fn width(&self) -> u16 {
        self.luma.width as u16
    }

    fn height(&self) -> u16 {
        self.luma.height as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let y = usize::from(y);
        buffers[0].extend_from_slice(self.luma.row(y));
        for (plane, buffer) in self.chroma.into_iter().flatten().zip(&mut buffers[1..]) {
            let start = buffer.len();
            // Odd rows are never picked; they only have to be there.
            buffer.resize(start + self.luma.width, NEUTRAL);
            if y % 2 == 0 {
                for (pair, &sample) in buffer[start..].chunks_mut(2).zip(plane.row(y / 2)) {
                    pair.fill(sample);
                }
            }
        }
    }
}

/// Copies a JPEG without its application and comment segments: the encoder writes a JFIF header of its own, and a
/// file that is promised to hold no metadata should hold none. Without that header decoders go by component
/// numbers, so these become the 1, 2, 3 that all of them take for `YCbCr`.
fn without_segments(file: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(file.len());
    bare.extend_from_slice(&file[..2]);
    let mut at = 2;
    while let Some(&[_, marker, high, low]) = file[at..].first_chunk::<4>() {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        let kept = bare.len();
        match marker {
            0xE0..=0xEF | 0xFE => {}
            _ => bare.extend_from_slice(&file[at..end]),
        }
        match marker {
            0xC0 => bare[kept..].iter_mut().skip(10).step_by(3).for_each(|id| *id += 1),
            0xDA => {
                let components = usize::from(bare[kept + 4]);
                bare[kept + 5..].iter_mut().step_by(2).take(components).for_each(|id| *id += 1);
                bare.extend_from_slice(&file[end..]);
                break;
            }
            _ => {}
        }
        at = end;
    }
    bare
}
