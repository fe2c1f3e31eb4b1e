//! JPEG in: reads the header itself, so that limits are checked and damage is named before a decoder allocates.

use std::borrow::Cow;

use exif::{In, Tag};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::{JpegDecoder, PlaneInfo, RawImcuRowStatus};

use super::master::{Builder, Layout, Master, Sampling, Source};
use super::{Format, StillError, StillLimits};

/// Scans a progressive JPEG may have: encoders write about ten, each more costs a pass over all coefficients.
const MAX_SCANS: usize = 32;

/// Bytes that zune-jpeg may read beyond the last one it needs: its bit buffer holds eight.
const READ_AHEAD: usize = 16;

/// Restart markers a JPEG may have: one per block of the largest photo allowed by default, so that what is put before
/// each stays below 17 MB.
const MAX_RESTARTS: usize = 1 << 20;

/// Side of a block of samples.
const BLOCK: usize = 8;

const SOI: u8 = 0xD8;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
const EOI: u8 = 0xD9;
const DNL: u8 = 0xDC;
const DRI: u8 = 0xDD;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;

/// What a JPEG says about itself before its picture data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) orientation: u8,
    /// Units of blocks in the picture, and how many of them stand between restarts.
    units: usize,
    restart_interval: usize,
    picture: Picture,
}

/// Where the picture data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    /// Offset of the end-of-image marker.
    end: usize,
    /// Whether all of it is one run of entropy-coded data.
    single_scan: bool,
    /// Offsets of the restart markers.
    restarts: Vec<usize>,
}

impl Header {
    /// The file as the decoder should see it. zune-jpeg reads ahead, and a marker that it comes upon
    /// has its effect at the end of a row of blocks even when the bits before it are not used up:
    ///
    /// - On an end-of-image marker that comes too early it makes up the rest of the picture without a word. So a single
    ///   scan ends in a marker that is an error while blocks are missing and skipped after the last one (DNL, which says
    ///   how many rows there are, once more).
    /// - A restart throws the bits away. So zeros enough to read ahead stand before every marker; decoders skip
    ///   what is left before a marker.
    fn as_decoder_input<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Picture { end, single_scan, restarts } = &self.picture;
        if !single_scan && restarts.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut input = Vec::with_capacity(end + (restarts.len() + 2) * READ_AHEAD);
        let mut copied = 0;
        for &restart in restarts {
            input.extend_from_slice(&bytes[copied..restart]);
            input.extend([0; READ_AHEAD]);
            copied = restart;
        }
        input.extend_from_slice(&bytes[copied..*end]);
        if *single_scan {
            input.extend([0; READ_AHEAD]);
            if self.restart_interval > 0 && self.units.is_multiple_of(self.restart_interval) {
                // After a full interval the decoder looks for a restart.
                input.extend([0xFF, RST0]);
            }
            let [high, low] = (self.height as u16).to_be_bytes();
            input.extend([0xFF, DNL, 0, 4, high, low]);
        }
        input.extend([0xFF, EOI]);
        Cow::Owned(input)
    }
}

/// Reads the header and makes sure that the picture data comes to an end.
pub(super) fn read_header(bytes: &[u8]) -> Result<Header, StillError> {
    let mut frame = None;
    let (mut orientation, mut has_exif) = (1, false);
    let mut restart_interval = 0;
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        let (marker, after) = next_marker(rest)?;
        rest = after;
        match marker {
            0x01 | 0xD0..=SOI => continue, // no payload
            EOI => return Err(corrupt("it ends before its picture")),
            _ => {}
        }
        let (payload, after) = split_segment(rest)?;
        match marker {
            SOS => {
                let Frame { width, height, units } =
                    frame.ok_or_else(|| corrupt("it has no frame header"))?;
                let offset = bytes.len() - after.len();
                let picture = find_end(after, offset).ok_or(StillError::Truncated(Format::Jpeg))?;
                if picture.restarts.len() > MAX_RESTARTS {
                    return Err(corrupt("it has more restarts than blocks"));
                }
                return Ok(Header { width, height, orientation, units, restart_interval, picture });
            }
            // Start of frame: all of C0 to CF but DHT (C4), JPG (C8) and DAC (CC).
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                frame = Some(read_frame(marker, payload)?);
            }
            DRI => {
                restart_interval =
                    payload.first_chunk().map_or(0, |&pair| usize::from(u16::from_be_bytes(pair)));
            }
            APP1 => {
                // The first block counts: editors append others.
                if let Some(tiff) = payload.strip_prefix(b"Exif\0\0")
                    && !has_exif
                {
                    has_exif = true;
                    orientation = exif_orientation(tiff);
                }
            }
            _ => {}
        }
        rest = after;
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
            RawImcuRowStatus::NeedMoreInput => return Err(StillError::Truncated(Format::Jpeg)),
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
        DecodeErrors::ExhaustedData => StillError::Truncated(Format::Jpeg),
        source => StillError::Corrupt { format: Format::Jpeg, source: Box::new(source) },
    }
}

/// The EXIF orientation in a TIFF block, 1 to 8; 1 when there is none. Damage elsewhere in the block does not matter.
pub(super) fn exif_orientation(tiff: &[u8]) -> u8 {
    exif::Reader::new()
        .continue_on_error(true)
        .read_raw(tiff.to_vec())
        .or_else(|error| error.distill_partial_result(|_| ()))
        .ok()
        .and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}

/// The next marker and what follows it. Fill bytes may stand before a marker.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), StillError> {
    let Some((&0xFF, mut rest)) = bytes.split_first() else {
        return Err(if bytes.is_empty() {
            StillError::Truncated(Format::Jpeg)
        } else {
            corrupt("something stands where a marker should")
        });
    };
    loop {
        match rest.split_first() {
            Some((&0xFF, after)) => rest = after,
            Some((&marker, after)) => return Ok((marker, after)),
            None => return Err(StillError::Truncated(Format::Jpeg)),
        }
    }
}

/// A segment's payload and what follows the segment.
fn split_segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), StillError> {
    let truncated = || StillError::Truncated(Format::Jpeg);
    let length = bytes.first_chunk::<2>().map(|&pair| usize::from(u16::from_be_bytes(pair)));
    let length = length.ok_or_else(truncated)?;
    if length < 2 {
        return Err(corrupt("a segment is shorter than its own length"));
    }
    let (segment, after) = bytes.split_at_checked(length).ok_or_else(truncated)?;
    Ok((&segment[2..], after))
}

/// What the frame header says.
struct Frame {
    width: u32,
    height: u32,
    /// Units of interleaved blocks in the picture.
    units: usize,
}

fn read_frame(marker: u8, payload: &[u8]) -> Result<Frame, StillError> {
    let Some((&[precision, h1, h0, w1, w0, components], sampling)) = payload.split_first_chunk::<6>() else {
        return Err(corrupt("its frame header is too short"));
    };
    match marker {
        0xC0..=0xC2 => {}
        0xC9 | 0xCA => return Err(StillError::UnsupportedFormat("arithmetic coding is not supported")),
        _ => return Err(StillError::UnsupportedFormat("lossless and hierarchical JPEG are not supported")),
    }
    if precision != 8 {
        return Err(StillError::UnsupportedFormat("only 8 bits per sample are supported"));
    }
    if !matches!(components, 1 | 3 | 4) {
        return Err(StillError::UnsupportedFormat("only grey, colour and CMYK JPEG are supported"));
    }
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    // A single component is never interleaved, whatever its sampling says.
    let factors = sampling.chunks_exact(3).filter(|_| components > 1).map(|component| component[1]);
    let (across, down) = factors.fold((1, 1), |(h, v), both| (h.max(both >> 4), v.max(both & 15)));
    let units = |side: u16, factor: u8| usize::from(side).div_ceil(BLOCK * usize::from(factor));
    Ok(Frame {
        width: width.into(),
        height: height.into(),
        units: units(width, across) * units(height, down),
    })
}

/// Follows entropy-coded data over all scans to the end-of-image marker. What comes after it does not matter: phones
/// append depth maps and films. `start` is where the data begins in the file.
fn find_end(data: &[u8], start: usize) -> Option<Picture> {
    let (mut single_scan, mut restarts) = (true, Vec::new());
    let mut rest = data;
    loop {
        let at = rest.iter().position(|&byte| byte == 0xFF)?;
        let marker = *rest.get(at + 1)?;
        let offset = start + data.len() - rest.len() + at;
        rest = &rest[at + 1..];
        match marker {
            EOI => return Some(Picture { end: offset, single_scan, restarts }),
            // Stuffed byte, fill byte.
            0x00 | 0x01 | 0xFF => {}
            // One more than allowed is enough to refuse the file.
            RST0..=RST7 if restarts.len() <= MAX_RESTARTS => restarts.push(offset),
            RST0..=RST7 => {}
            // Tables or the header of another scan.
            _ => {
                single_scan = false;
                (_, rest) = split_segment(&rest[1..]).ok()?;
            }
        }
    }
}

fn corrupt(what: &'static str) -> StillError {
    StillError::Corrupt { format: Format::Jpeg, source: what.into() }
}
