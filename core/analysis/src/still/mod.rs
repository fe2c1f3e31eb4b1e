//! A full-resolution photo: decoded once, then everything is derived from one upright copy.
//!
//! Decoding reduces the photo by area averaging to at most [`MASTER_LONG_SIDE`] pixels, upright, as planar `YCbCr`:
//! the *master*. Verdict, thumbnail, perceptual hash and upload derivative all start there. Of a usual JPEG no more
//! than a few rows are ever decoded at a time; other photos are decoded whole, into a buffer that can be reused for the
//! next one ([`StillScratch`]).
//!
//! Not responsible for: reading files, HEIC (the platform decodes it and hands pixels to [`Still::from_pixels`]).

mod baseline;
mod encode;
mod error;
mod hash;
mod jpeg;
mod master;
mod png;
mod preview;
mod turn;

pub use error::StillError;
pub use preview::{PREVIEW_LONG_SIDE, Preview};

use image::ImageDecoder as _;
use master::{Layout, Master, Source};

use crate::analyse;
use crate::frame::{FrameContext, LumaPlane, MAX_SIDE};
use crate::heat::HeatMap;
use crate::policy::Policy;
use crate::report::StillReport;
use crate::sharpness::SharpnessEvidence;

/// Longest side of the master and of any derivative, in pixels: the largest upload (design §4).
pub const MASTER_LONG_SIDE: u32 = 2_560;

/// Longest side of a thumbnail in pixels (design §4).
pub const THUMBNAIL_LONG_SIDE: u32 = 320;

/// JPEG quality of a thumbnail: nobody judges a defect on it.
const THUMBNAIL_QUALITY: u8 = 75;

/// Bits in which the hashes of two copies of one photo may differ (Zauner 2010: below 10 of 64 for the same picture;
/// 6 keeps two angles on one product apart).
pub const DUPLICATE_DISTANCE: u32 = 6;

/// What a photo's content says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// Pixels that the platform decoded.
    Pixels,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Pixels => "pixel buffer",
        })
    }
}

/// What a photo may cost. Checked from the header, before anything is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StillLimits {
    /// Input bytes.
    pub max_bytes: usize,
    /// Pixels, width × height.
    pub max_pixels: u64,
    /// Pixels on the shorter side.
    pub min_side: u32,
}

impl Default for StillLimits {
    /// 64 MiB, 50 megapixels (design §4), and at least 16 pixels, below which there is not even one full tile.
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_pixels: 50_000_000, min_side: 16 }
    }
}

/// Bytes kept from one photo to the next: what 12 megapixels take as RGB. The memory of a larger photo is given back.
const KEPT_BYTES: usize = 36 << 20;

/// Buffers that are worth keeping from one photo to the next, at most 36 MiB.
#[derive(Debug, Default)]
pub struct StillScratch {
    pixels: Vec<u8>,
}

/// A JPEG that this crate made. Carries no metadata of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jpeg {
    /// The file.
    pub bytes: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// What an upload derivative should look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivativeSpec {
    /// Longest side in pixels, 16 to [`MASTER_LONG_SIDE`]. Smaller photos are not enlarged.
    pub long_side: u32,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
}

impl Default for DerivativeSpec {
    /// 2,560 px at quality 85 (design §4).
    fn default() -> Self {
        Self { long_side: MASTER_LONG_SIDE, quality: 85 }
    }
}

/// 64 bits that stay nearly the same when a photo is scaled, recompressed or slightly brightened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PerceptualHash(pub u64);

impl PerceptualHash {
    /// Number of bits that differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Whether both show the same photo: at most [`DUPLICATE_DISTANCE`] bits differ.
    pub fn is_duplicate_of(self, other: Self) -> bool {
        self.distance(other) <= DUPLICATE_DISTANCE
    }
}

/// Pixels that somebody else decoded.
#[derive(Debug, Clone, Copy)]
pub struct PixelView<'a> {
    /// The bytes, rows from top to bottom; the last row may stop at its last pixel.
    pub data: &'a [u8],
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from one row to the next.
    pub row_stride: usize,
    /// What a pixel is made of.
    pub format: PixelFormat,
}

/// Decoded pixels, three bytes each: red, green, blue; dense, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// `3 × width × height` bytes.
    pub data: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// What a pixel is made of, 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// One byte of luma.
    Luma,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha (laid over white).
    Rgba,
    /// Luma, blue and red difference, full range (BT.601, as in JPEG).
    YCbCr,
}

/// A decoded photo, upright.
#[derive(Debug, Clone)]
pub struct Still {
    width: u32,
    height: u32,
    orientation: u8,
    format: Format,
    master: Master,
}

impl Still {
    /// Decodes a JPEG or PNG, told apart by content.
    pub fn decode(bytes: &[u8], limits: &StillLimits) -> Result<Self, StillError> {
        Self::decode_with(bytes, limits, &mut StillScratch::default())
    }

    /// Like [`Self::decode`], with buffers kept from photo to photo.
    pub fn decode_with(
        bytes: &[u8],
        limits: &StillLimits,
        scratch: &mut StillScratch,
    ) -> Result<Self, StillError> {
        let decoded = Self::decode_into(bytes, limits, &mut scratch.pixels);
        if scratch.pixels.capacity() > KEPT_BYTES {
            scratch.pixels.truncate(KEPT_BYTES);
            scratch.pixels.shrink_to(KEPT_BYTES);
        }
        decoded
    }

    fn decode_into(bytes: &[u8], limits: &StillLimits, pixels: &mut Vec<u8>) -> Result<Self, StillError> {
        if bytes.len() > limits.max_bytes {
            return Err(StillError::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
        }
        let format = sniff(bytes)?;
        let (size, orientation, master) = if format == Format::Png {
            let mut decoder = png::open(bytes, limits)?;
            let (width, height) = decoder.dimensions();
            limits.check_size(width, height)?;
            let orientation = png::orientation(&mut decoder);
            let layout = png::decode(decoder, pixels)?;
            (
                (width, height),
                orientation,
                Master::from_source(&Source::dense(pixels, width, height, layout), orientation),
            )
        } else {
            let header = jpeg::read_header(bytes)?;
            limits.check_size(header.width, header.height)?;
            ((header.width, header.height), header.orientation, jpeg::decode(bytes, &header, limits, pixels)?)
        };
        Ok(Self::new(size, orientation, format, master))
    }

    /// Takes pixels that the platform decoded (HEIC). `orientation` is the EXIF value, 1 to 8; others count as 1.
    pub fn from_pixels(
        pixels: &PixelView<'_>,
        orientation: u8,
        limits: &StillLimits,
    ) -> Result<Self, StillError> {
        limits.check_size(pixels.width, pixels.height)?;
        let layout = Layout::from(pixels.format);
        let (width, height) = (pixels.width as usize, pixels.height as usize);
        let row = width * layout.channels();
        let needed = pixels.row_stride.checked_mul(height - 1).and_then(|bytes| bytes.checked_add(row));
        if pixels.row_stride < row || needed.is_none_or(|needed| needed > pixels.data.len()) {
            return Err(StillError::Truncated(Format::Pixels));
        }
        let orientation = if (1..=8).contains(&orientation) { orientation } else { 1 };
        let source = Source { data: pixels.data, width, height, row_stride: pixels.row_stride, layout };
        let master = Master::from_source(&source, orientation);
        Ok(Self::new((pixels.width, pixels.height), orientation, Format::Pixels, master))
    }

    /// `size` is the picture's as stored.
    fn new((width, height): (u32, u32), orientation: u8, format: Format, master: Master) -> Self {
        let (width, height) = if orientation >= 5 { (height, width) } else { (width, height) };
        Self { width, height, orientation, format, master }
    }

    /// Upright width of the original in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Upright height of the original in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The EXIF orientation that was baked in, 1 to 8.
    pub fn orientation(&self) -> u8 {
        self.orientation
    }

    /// What the content was.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Judges the photo for what it is: nothing is asked of its framing.
    pub fn report(&self, policy: &Policy) -> StillReport {
        self.report_in(&FrameContext::default(), policy)
    }

    /// Judges the photo by what is known about the moment. Region and sighting are those of the upright
    /// photo.
    pub fn report_in(&self, context: &FrameContext, policy: &Policy) -> StillReport {
        let (luma, chroma) = (self.master.luma_plane(), self.master.chroma_planes());
        let findings = analyse::analyse_still(luma, chroma, context, policy);
        let reasons = findings.reasons();
        StillReport {
            verdict: reasons.verdict(),
            reasons: reasons.into(),
            width: self.width,
            height: self.height,
            sharpness: findings.sharpness,
            exposure: findings.exposure,
            noise: findings.noise,
            glare: findings.glare,
            framing: findings.framing,
            lens: findings.lens,
            screen: findings.screen,
            relevance: findings.relevance,
            policy_version: policy.version,
            policy_hash: policy.hash(),
        }
    }

    /// The measurements behind the sharpness score: for fitting and for looking into a verdict.
    pub fn sharpness_evidence(&self) -> SharpnessEvidence {
        analyse::measure_still(self.master.luma_plane())
    }

    /// Where in the photo the findings come from, tile by tile. Of the context only region and ISO number count.
    pub fn heat_map(&self, context: &FrameContext, policy: &Policy) -> HeatMap {
        analyse::map_still(self.master.luma_plane(), self.master.chroma_planes(), context, policy)
    }

    /// A JPEG of at most [`THUMBNAIL_LONG_SIDE`] pixels on the long side.
    pub fn thumbnail(&self) -> Jpeg {
        encode::encode(&self.master, THUMBNAIL_LONG_SIDE, THUMBNAIL_QUALITY)
    }

    /// The JPEG to upload: upright, no metadata.
    pub fn derivative(&self, spec: &DerivativeSpec) -> Result<Jpeg, StillError> {
        let in_range = |field, value, min, max| {
            if (min..=max).contains(&value) {
                Ok(())
            } else {
                Err(StillError::BadSpec { field, value, min, max })
            }
        };
        in_range("long_side", spec.long_side, 16, MASTER_LONG_SIDE)?;
        in_range("quality", u32::from(spec.quality), 1, 100)?;
        Ok(encode::encode(&self.master, spec.long_side, spec.quality))
    }

    /// A hash by which the same photo is found again.
    pub fn perceptual_hash(&self) -> PerceptualHash {
        hash::perceptual_hash(&self.master)
    }

    /// The photo as upright, full-range planes, at most [`MASTER_LONG_SIDE`] pixels long: what a model looks at.
    pub fn plane(&self) -> LumaPlane<'_> {
        LumaPlane::upright(self.master.luma_plane(), self.master.chroma_planes())
    }

    /// RGB pixels of exactly `width` × `height`, area-averaged, aspect not kept: the input of a model.
    /// Both are capped by the size of the photo's upload derivative; the answer says what it became.
    pub fn rgb(&self, width: u32, height: u32) -> RgbImage {
        self.master.rgb(width, height)
    }
}

impl StillLimits {
    fn check_size(&self, width: u32, height: u32) -> Result<(), StillError> {
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(StillError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        if width.max(height) as usize > MAX_SIDE {
            return Err(StillError::TooLong { width, height });
        }
        // One pixel is needed whatever the limit says: nothing can be averaged from none.
        let limit = self.min_side.max(1);
        if width.min(height) < limit {
            return Err(StillError::TooSmall { width, height, limit });
        }
        Ok(())
    }
}

/// Tells formats apart by their first bytes; a file's name means nothing.
fn sniff(bytes: &[u8]) -> Result<Format, StillError> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    match bytes {
        [] => Err(StillError::Empty),
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        _ if bytes.starts_with(PNG) => Ok(Format::Png),
        [0xFF] | [0xFF, 0xD8] => Err(StillError::Truncated(Format::Jpeg)),
        _ if PNG.starts_with(bytes) => Err(StillError::Truncated(Format::Png)),
        _ if bytes.get(4..8) == Some(b"ftyp") => {
            Err(StillError::UnsupportedFormat("HEIC and AVIF are decoded by the phone, not here"))
        }
        _ => Err(StillError::UnsupportedFormat("it is neither JPEG nor PNG")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_huge_photo_is_given_back_even_after_an_error() {
        for file in [&b"\xFF\xD8\xFF"[..], b"a text"] {
            let mut scratch = StillScratch { pixels: vec![0; 2 * KEPT_BYTES] };
            assert!(Still::decode_with(file, &StillLimits::default(), &mut scratch).is_err());
            assert!(scratch.pixels.capacity() <= KEPT_BYTES);
        }
    }
}
