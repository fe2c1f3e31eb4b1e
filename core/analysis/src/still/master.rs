//! The master: the upright, planar copy of a photo from which everything is derived.
//!
//! Rows are taken as the decoder makes them, while they are still in the cache; they are reduced by area averaging and
//! put where they belong upright, so a turned photo costs no second pass. Chroma is kept at half the master's size in
//! both directions (4:2:0), averaged straight from the stored samples: what a JPEG stores at half resolution is never
//! blown up. On photos with an odd side that are mirrored or turned, chroma lies up to half a chroma pixel off, as it
//! does after any lossless JPEG rotation.

use super::encode::scaled;
use super::turn::{Placer, Turn};
use super::{MASTER_LONG_SIDE, PixelFormat, RgbImage};
use crate::frame::{ChromaPlanes, SamplePlane};
use crate::reduce::{Averager, Axis, Grey, fit};

/// Value of a chroma sample without colour.
pub(super) const NEUTRAL: u8 = 128;

/// How decoded pixels lie in memory, 8 bits per channel, interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Luma,
    LumaAlpha,
    Rgb,
    Rgba,
    YCbCr,
}

impl Layout {
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Luma => 1,
            Self::LumaAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::Rgba => 4,
        }
    }

    fn is_grey(self) -> bool {
        matches!(self, Self::Luma | Self::LumaAlpha)
    }
}

impl From<PixelFormat> for Layout {
    fn from(format: PixelFormat) -> Self {
        match format {
            PixelFormat::Luma => Self::Luma,
            PixelFormat::Rgb => Self::Rgb,
            PixelFormat::Rgba => Self::Rgba,
            PixelFormat::YCbCr => Self::YCbCr,
        }
    }
}

/// Decoded pixels, as the file stores them (not upright).
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) data: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) row_stride: usize,
    pub(super) layout: Layout,
}

impl<'a> Source<'a> {
    /// Rows without a gap between them.
    pub(super) fn dense(data: &'a [u8], width: u32, height: u32, layout: Layout) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { data, width, height, row_stride: width * layout.channels(), layout }
    }
}

/// The upright planes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Master {
    pub(super) luma: Grey,
    /// Blue and red difference, half as wide and high (rounded up); none for a grey photo.
    pub(super) chroma: Option<[Grey; 2]>,
}

impl Master {
    /// Reduces and turns pixels that are all there. `orientation` is the EXIF value.
    pub(super) fn from_source(source: &Source<'_>, orientation: u8) -> Self {
        let grey = source.layout.is_grey();
        let whole = Sampling { width: source.width, height: source.height, across: (1, 1), down: (1, 1) };
        let planes = [whole; 3];
        let planes = if grey { &planes[..1] } else { &planes[..] };
        let mut builder = Builder::new((source.width, source.height), orientation, planes);
        let mut split = [(); 3].map(|()| vec![0u8; source.width]);
        for y in 0..source.height {
            let start = y * source.row_stride;
            let row = &source.data[start..start + source.width * source.layout.channels()];
            split_row(row, source.layout, &mut split);
            for (index, channel) in split.iter().enumerate().take(planes.len()) {
                builder.push(index, channel);
            }
        }
        builder.into_master()
    }

    /// RGB pixels at most as large as the master.
    pub(super) fn rgb(&self, width: u32, height: u32) -> RgbImage {
        let width = (width as usize).clamp(1, self.luma.width);
        let height = (height as usize).clamp(1, self.luma.height);
        let luma = scaled(&self.luma, width, height);
        let chroma = self.chroma.as_ref().map(|planes| {
            planes.each_ref().map(|plane| scaled(plane, width.min(plane.width), height.min(plane.height)))
        });
        let mut data = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            for (x, &brightness) in luma.row(y).iter().enumerate() {
                let [cb, cr] = chroma.as_ref().map_or([NEUTRAL; 2], |planes| {
                    planes
                        .each_ref()
                        .map(|plane| plane.row(y * plane.height / height)[x * plane.width / width])
                });
                data.extend(rgb(brightness, cb, cr));
            }
        }
        RgbImage { data, width: width as u32, height: height as u32 }
    }

    /// A view of the luma plane.
    pub(super) fn luma_plane(&self) -> SamplePlane<'_> {
        self.luma.samples()
    }

    /// A view of the chroma planes.
    pub(super) fn chroma_planes(&self) -> Option<ChromaPlanes<'_>> {
        let [u, v] = self.chroma.as_ref()?;
        Some(ChromaPlanes { u: u.samples(), v: v.samples() })
    }
}

/// How one stored plane samples the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampling {
    /// Samples per row.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// Samples per pixel of the picture along a row, as a fraction: 1/2 for the chroma of 4:2:0.
    pub(super) across: (usize, usize),
    /// The same down a column.
    pub(super) down: (usize, usize),
}

/// Takes the rows of stored planes in any turn and makes the master of them.
pub(super) struct Builder {
    /// Luma, or luma and both chroma planes.
    channels: Vec<Channel>,
}

/// A plane of the master in the making.
struct Channel {
    averager: Averager,
    placer: Placer,
}

impl Builder {
    /// `size` is the picture's, as stored; `planes` are luma alone, or luma and both chroma planes.
    pub(super) fn new(size: (usize, usize), orientation: u8, planes: &[Sampling]) -> Self {
        let turn = Turn::from_exif(orientation);
        let (width, height) = fit(size.0, size.1, MASTER_LONG_SIDE as usize);
        let axis = |samples, side, cells: usize, per_pixel: (usize, usize), shrink: usize| Axis {
            source: samples,
            cells: cells.div_ceil(shrink),
            step: (shrink * side * per_pixel.0, cells * per_pixel.1),
        };
        let channels = planes.iter().enumerate().map(|(index, plane)| {
            let shrink = if index == 0 { 1 } else { 2 };
            let across = axis(plane.width, size.0, width, plane.across, shrink);
            let down = axis(plane.height, size.1, height, plane.down, shrink);
            Channel {
                placer: Placer::new(turn, across.cells, down.cells),
                averager: Averager::new(across, down),
            }
        });
        Self { channels: channels.collect() }
    }

    /// Takes the next row of a plane.
    pub(super) fn push(&mut self, channel: usize, row: &[u8]) {
        let Channel { averager, placer } = &mut self.channels[channel];
        averager.push(row, |y, line| placer.place(line, y));
    }

    /// Whether every plane has got all its rows.
    pub(super) fn is_complete(&self) -> bool {
        self.channels.iter().all(|channel| channel.averager.is_complete())
    }

    /// The master; rows that never came are black.
    pub(super) fn into_master(self) -> Master {
        let mut planes = self.channels.into_iter().map(|channel| channel.placer.into_plane());
        let luma = planes.next().unwrap_or_default();
        Master { luma, chroma: planes.next().zip(planes.next()).map(<[Grey; 2]>::from) }
    }
}

/// Takes a row of interleaved pixels apart into luma and, where there is colour, chroma.
fn split_row(row: &[u8], layout: Layout, split: &mut [Vec<u8>; 3]) {
    let [luma, cb, cr] = split;
    let out = luma.iter_mut().zip(cb).zip(cr);
    match layout {
        Layout::Luma => luma.copy_from_slice(row),
        Layout::LumaAlpha => {
            for (out, pixel) in luma.iter_mut().zip(row.chunks_exact(2)) {
                *out = over_white(pixel[0], pixel[1]);
            }
        }
        Layout::YCbCr => {
            for (((luma, cb), cr), pixel) in out.zip(row.chunks_exact(3)) {
                (*luma, *cb, *cr) = (pixel[0], pixel[1], pixel[2]);
            }
        }
        Layout::Rgb => {
            for (((luma, cb), cr), pixel) in out.zip(row.chunks_exact(3)) {
                (*luma, *cb, *cr) = ycbcr([pixel[0], pixel[1], pixel[2]]);
            }
        }
        Layout::Rgba => {
            for (((luma, cb), cr), pixel) in out.zip(row.chunks_exact(4)) {
                (*luma, *cb, *cr) = ycbcr([0, 1, 2].map(|channel| over_white(pixel[channel], pixel[3])));
            }
        }
    }
}

/// ITU-R BT.601 full range (JFIF) in 16-bit fixed point.
fn ycbcr(rgb: [u8; 3]) -> (u8, u8, u8) {
    let [red, green, blue] = rgb.map(i32::from);
    // A half, less one bit: 255.5 must not become 256.
    let round = (1 << 15) - 1;
    let centre = (128 << 16) + round;
    (
        ((19_595 * red + 38_470 * green + 7_471 * blue + round) >> 16) as u8,
        ((-11_059 * red - 21_709 * green + 32_768 * blue + centre) >> 16) as u8,
        ((32_768 * red - 27_439 * green - 5_329 * blue + centre) >> 16) as u8,
    )
}

/// The way back.
fn rgb(luma: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(luma) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb]
        .map(|value| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8)
}

fn over_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
