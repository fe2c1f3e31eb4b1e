//! PNG in: screenshots and exports. Limits are checked from the header, before pixels are allocated.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, ImageError, Limits};

use super::master::Layout;
use super::{Format, StillError, StillLimits};

/// A PNG whose header has been read.
pub(super) type Decoder<'a> = PngDecoder<Cursor<&'a [u8]>>;

/// Opens a PNG. Nothing but the header is decoded yet.
pub(super) fn open<'a>(bytes: &'a [u8], limits: &StillLimits) -> Result<Decoder<'a>, StillError> {
    let mut allocation = Limits::default();
    // Eight bytes per pixel is the deepest PNG there is; chunks of text count too.
    allocation.max_alloc = Some(limits.max_pixels.saturating_mul(8).saturating_add(limits.max_bytes as u64));
    PngDecoder::with_limits(Cursor::new(bytes), allocation).map_err(failed)
}

/// The EXIF orientation, 1 to 8; 1 when there is none.
pub(super) fn orientation(decoder: &mut Decoder<'_>) -> u8 {
    decoder.exif_metadata().ok().flatten().map_or(1, |tiff| super::jpeg::exif_orientation(&tiff))
}

/// Decodes the picture into `pixels` (reused), 8 bits per channel, and says how they lie there.
pub(super) fn decode(decoder: Decoder<'_>, pixels: &mut Vec<u8>) -> Result<Layout, StillError> {
    let colours = decoder.color_type();
    let size = usize::try_from(decoder.total_bytes())
        .map_err(|source| StillError::Corrupt { format: Format::Png, source: Box::new(source) })?;
    pixels.resize(size, 0);
    decoder.read_image(pixels).map_err(failed)?;
    let (layout, deep) = match colours {
        ColorType::L8 => (Layout::Luma, false),
        ColorType::La8 => (Layout::LumaAlpha, false),
        ColorType::Rgb8 => (Layout::Rgb, false),
        ColorType::Rgba8 => (Layout::Rgba, false),
        ColorType::L16 => (Layout::Luma, true),
        ColorType::La16 => (Layout::LumaAlpha, true),
        ColorType::Rgb16 => (Layout::Rgb, true),
        ColorType::Rgba16 => (Layout::Rgba, true),
        _ => return Err(StillError::UnsupportedFormat("this kind of PNG is not supported")),
    };
    if deep {
        keep_high_bytes(pixels);
    }
    Ok(layout)
}

/// 16 bits per sample in native order to 8.
fn keep_high_bytes(pixels: &mut Vec<u8>) {
    for index in 0..pixels.len() / 2 {
        pixels[index] = (u16::from_ne_bytes([pixels[2 * index], pixels[2 * index + 1]]) >> 8) as u8;
    }
    pixels.truncate(pixels.len() / 2);
}

fn failed(error: ImageError) -> StillError {
    match error {
        ImageError::Unsupported(_) => StillError::UnsupportedFormat("this kind of PNG is not supported"),
        ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            StillError::Truncated(Format::Png)
        }
        source => StillError::Corrupt { format: Format::Png, source: Box::new(source) },
    }
}
