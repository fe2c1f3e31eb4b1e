//! JPEG in: header and scans are checked here, so that limits hold and damage is named before a decoder allocates.

mod header;
mod scans;

use std::borrow::Cow;

use header::{DNL, EOI, Edit, Picture, RST0};
pub(super) use header::{Header, exif_orientation, read_header};
use scans::MAX_SCANS;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::{JpegDecoder, PlaneInfo, RawImcuRowStatus};

use super::master::{Builder, Layout, Master, Sampling, Source};
use super::{Format, StillError, StillLimits};

/// Bytes that zune-jpeg may read beyond the last one it needs: its bit buffer holds eight.
const READ_AHEAD: usize = 16;

/// Side of a block of samples.
const BLOCK: usize = 8;

impl Header {
    /// The file as the decoder should see it. zune-jpeg reads ahead, and a marker that it comes upon
    /// has its effect at the end of a row of blocks even when the bits before it are not used up:
    ///
    /// - On an end-of-image marker that comes too early it makes up the rest of the picture without a word. So a single
    ///   scan ends in a marker that is an error while blocks are missing and skipped after the last one (DNL, which says
    ///   how many rows there are, once more).
    /// - A restart throws the bits away. So zeros enough to read ahead stand before every marker; decoders skip
    ///   what is left before a marker.
    /// - The number of lines goes into the frame header, where it is not said by a marker after the first scan.
    fn as_decoder_input<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Picture { end, single_scan, edits } = &self.picture;
        if !single_scan && edits.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut input = Vec::with_capacity(end + (edits.len() + 2) * READ_AHEAD);
        let mut copied = 0;
        for &Edit { at, skip } in edits {
            input.extend_from_slice(&bytes[copied..at]);
            if skip == 0 {
                input.extend([0; READ_AHEAD]);
            }
            copied = at + skip;
        }
        input.extend_from_slice(&bytes[copied..*end]);
        let height = (self.height as u16).to_be_bytes();
        input[self.height_at..self.height_at + height.len()].copy_from_slice(&height);
        if *single_scan {
            input.extend([0; READ_AHEAD]);
            if self.restart_interval > 0 && self.units.is_multiple_of(self.restart_interval) {
                // After a full interval the decoder looks for a restart.
                input.extend([0xFF, RST0]);
            }
            input.extend([0xFF, DNL, 0, 4, height[0], height[1]]);
        }
        input.extend([0xFF, EOI]);
        Cow::Owned(input)
    }
}

/// Decodes the picture. `buffer` is only kept from photo to photo.
pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    limits: &StillLimits,
    buffer: &mut Vec<u8>,
) -> Result<Master, StillError> {
    let side = usize::try_from(limits.max_pixels).unwrap_or(usize::MAX).min(usize::from(u16::MAX));
    let options = DecoderOptions::new_fast()
        .set_max_width(side)
        .set_max_height(side)
        .set_strict_mode(true)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let input = header.as_decoder_input(bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&input[..]), options);
    decoder.decode_headers().map_err(failed)?;
    let size = decoder.info().map(|info| (u32::from(info.width), u32::from(info.height)));
    if size != Some((header.width, header.height)) {
        return Err(corrupt("its headers contradict each other"));
    }
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma | ColorSpace::YCbCr) => decode_planes(decoder, header, buffer),
        _ => decode_pixels(decoder, header, buffer),
    }
}

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// Luma and chroma as they are stored, a row of blocks at a time: nothing is converted or blown up.
fn decode_planes(
    mut decoder: Decoder<'_>,
    header: &Header,
    buffer: &mut Vec<u8>,
) -> Result<Master, StillError> {
    let mut rows = decoder.raw_output();
    let unknown = || corrupt("its size is unknown");
    let count = rows.num_components().filter(|count| matches!(count, 1 | 3)).ok_or_else(unknown)?;
    let layout = rows.layout().ok_or_else(unknown)?;
    let layout = &layout[..count];
    let most = |factor: fn(&PlaneInfo) -> usize| layout.iter().map(factor).max().unwrap_or(1);
    let (across, down) =
        (most(|plane| plane.horizontal_sampling_factor), most(|plane| plane.vertical_sampling_factor));
    let planes: Vec<Sampling> = layout
        .iter()
        .map(|plane| Sampling {
            width: plane.width,
            height: plane.height,
            across: (plane.horizontal_sampling_factor, across),
            down: (plane.vertical_sampling_factor, down),
        })
        .collect();
    let strides: Vec<usize> = layout.iter().map(|plane| plane.stride).collect();
    let lengths: Vec<usize> =
        layout.iter().map(|plane| plane.stride * BLOCK * plane.vertical_sampling_factor).collect();
    buffer.resize(lengths.iter().sum(), 0);
    let size = (header.width as usize, header.height as usize);
    let mut builder = Builder::new(size, header.orientation, &planes);
    loop {
        let mut rest = &mut buffer[..];
        let mut band: Vec<&mut [u8]> =
            lengths.iter().filter_map(|&length| rest.split_off_mut(..length)).collect();
        match rows.decode_next_imcu_row(&mut band, &strides).map_err(failed)? {
            RawImcuRowStatus::RowReady { rows_written } => {
                for (index, plane) in band.iter().enumerate() {
                    for row in plane.chunks(strides[index]).take(rows_written[index]) {
                        builder.push(index, &row[..planes[index].width]);
                    }
                }
            }
            RawImcuRowStatus::NeedMoreInput => return Err(truncated()),
            _ => break,
        }
    }
    if builder.is_complete() { Ok(builder.into_master()) } else { Err(corrupt("rows are missing")) }
}

/// The whole picture as RGB: for files that store RGB or CMYK, which no phone does.
fn decode_pixels(
    mut decoder: Decoder<'_>,
    header: &Header,
    buffer: &mut Vec<u8>,
) -> Result<Master, StillError> {
    let length = decoder.output_buffer_size().ok_or_else(|| corrupt("its size is unknown"))?;
    if length != header.width as usize * header.height as usize * Layout::Rgb.channels() {
        return Err(corrupt("its headers contradict each other"));
    }
    buffer.resize(length, 0);
    decoder.decode_into(buffer).map_err(failed)?;
    let source = Source::dense(buffer, header.width, header.height, Layout::Rgb);
    Ok(Master::from_source(&source, header.orientation))
}

fn failed(source: DecodeErrors) -> StillError {
    match source {
        DecodeErrors::ExhaustedData => truncated(),
        source => StillError::Corrupt { format: Format::Jpeg, source: Box::new(source) },
    }
}

fn truncated() -> StillError {
    StillError::Truncated(Format::Jpeg)
}

fn corrupt(what: &'static str) -> StillError {
    StillError::Corrupt { format: Format::Jpeg, source: what.into() }
}
