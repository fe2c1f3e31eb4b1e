//! The markers of a JPEG: size, orientation, scans, and where the picture ends, read before a decoder allocates.

use exif::{In, Tag};

use super::scans::Coverage;
use super::{BLOCK, StillError, corrupt, truncated};

/// Restart markers a JPEG may have: one per block of the largest photo allowed by default, so that what is put before
/// each stays below 17 MB.
const MAX_RESTARTS: usize = 1 << 20;

const SOI: u8 = 0xD8;
pub(super) const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
pub(super) const EOI: u8 = 0xD9;
pub(super) const DNL: u8 = 0xDC;
const DRI: u8 = 0xDD;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;

/// Bytes of a restart marker.
const RESTART_LENGTH: usize = 2;

/// What a JPEG says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Header {
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    pub(in super::super) orientation: u8,
    /// Offset of the height in the frame header.
    pub(super) height_at: usize,
    /// Units of blocks in the picture, and how many of them stand between restarts.
    pub(super) units: usize,
    pub(super) restart_interval: usize,
    pub(super) picture: Picture,
}

/// Where the picture data lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// Offset of the end-of-image marker.
    pub(super) end: usize,
    /// Whether all of it is one run of entropy-coded data.
    pub(super) single_scan: bool,
    /// From the first to the last.
    pub(super) edits: Vec<Edit>,
}

/// A place that the decoder should see otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    /// Offset.
    pub(super) at: usize,
    /// Bytes to leave out: a marker that says nothing new. None at a restart, which wants room before it.
    pub(super) skip: usize,
}

/// Reads all markers and makes sure that the picture data comes to an end.
pub(in super::super) fn read_header(bytes: &[u8]) -> Result<Header, StillError> {
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
                let frame: Frame = frame.ok_or_else(|| corrupt("it has no frame header"))?;
                return frame.follow(bytes, payload, after, restart_interval, orientation);
            }
            // Start of frame: all of C0 to CF but DHT (C4), JPG (C8) and DAC (CC).
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let at = bytes.len() - after.len() - payload.len();
                frame = Some(read_frame(marker, payload, at)?);
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

/// The EXIF orientation in a TIFF block, 1 to 8; 1 when there is none. Damage elsewhere in the block does not matter.
pub(in super::super) fn exif_orientation(tiff: &[u8]) -> u8 {
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
            truncated()
        } else {
            corrupt("something stands where a marker should")
        });
    };
    loop {
        match rest.split_first() {
            Some((&0xFF, after)) => rest = after,
            Some((&marker, after)) => return Ok((marker, after)),
            None => return Err(truncated()),
        }
    }
}

/// A segment's payload and what follows the segment.
fn split_segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), StillError> {
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
    width: u16,
    /// Zero when a marker after the first scan says it.
    height: u16,
    height_at: usize,
    /// Blocks per unit, across and down.
    unit: (u8, u8),
    coverage: Coverage,
}

fn read_frame(marker: u8, payload: &[u8], at: usize) -> Result<Frame, StillError> {
    let Some((&[precision, h1, h0, w1, w0, count], components)) = payload.split_first_chunk::<6>() else {
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
    if !matches!(count, 1 | 3 | 4) {
        return Err(StillError::UnsupportedFormat("only grey, colour and CMYK JPEG are supported"));
    }
    let (components, _) = components.as_chunks::<3>();
    if components.len() != usize::from(count) {
        return Err(corrupt("its frame header does not list its planes"));
    }
    let ids = || components.iter().map(|&[id, _, _]| id);
    if ids().enumerate().any(|(index, id)| ids().take(index).any(|before| before == id)) {
        return Err(corrupt("two of its planes have one number"));
    }
    let sampling = components.iter().map(|&[_, both, _]| (both >> 4, both & 15));
    if sampling.clone().any(|(across, down)| !(1..=4).contains(&across) || !(1..=4).contains(&down)) {
        return Err(corrupt("its planes are sampled in a way that does not exist"));
    }
    if sampling.clone().any(|(across, down)| across == 3 || down == 3) {
        return Err(StillError::UnsupportedFormat(
            "JPEG whose planes are sampled in thirds is not supported",
        ));
    }
    // A single component is never interleaved, whatever its sampling says.
    let sampling = sampling.filter(|_| count > 1);
    Ok(Frame {
        width: u16::from_be_bytes([w1, w0]),
        height: u16::from_be_bytes([h1, h0]),
        height_at: at + 1,
        unit: sampling.fold((1, 1), |(h, v), (across, down)| (h.max(across), v.max(down))),
        coverage: Coverage::new(marker == 0xC2, components.iter().map(|&[id, sampling, _]| (id, sampling))),
    })
}

impl Frame {
    /// Follows the scans from the header of the first one, `payload`, to the end of the image.
    fn follow(
        mut self,
        bytes: &[u8],
        payload: &[u8],
        data: &[u8],
        restart_interval: usize,
        orientation: u8,
    ) -> Result<Header, StillError> {
        self.coverage.add(payload)?;
        let picture = self.find_end(data, bytes.len() - data.len())?;
        self.coverage.check()?;
        let units = |side: u16, factor: u8| usize::from(side).div_ceil(BLOCK * usize::from(factor));
        Ok(Header {
            width: self.width.into(),
            height: self.height.into(),
            orientation,
            height_at: self.height_at,
            units: units(self.width, self.unit.0) * units(self.height, self.unit.1),
            restart_interval,
            picture,
        })
    }

    /// Follows entropy-coded data over all scans to the end-of-image marker. What comes after it does not matter: phones
    /// append depth maps and films. `start` is where the data begins in the file.
    fn find_end(&mut self, data: &[u8], start: usize) -> Result<Picture, StillError> {
        let mut picture = Picture { single_scan: true, ..Picture::default() };
        let mut rest = data;
        loop {
            let at = rest.iter().position(|&byte| byte == 0xFF).ok_or_else(truncated)?;
            let marker = *rest.get(at + 1).ok_or_else(truncated)?;
            let offset = start + data.len() - rest.len() + at;
            rest = &rest[at + 1..];
            match marker {
                // Stuffed byte, fill byte.
                0x00 | 0x01 | 0xFF => continue,
                RST0..=RST7 => {
                    picture.edits.push(Edit { at: offset, skip: 0 });
                    if picture.edits.len() > MAX_RESTARTS {
                        return Err(corrupt("it has more restarts than blocks"));
                    }
                    continue;
                }
                _ => picture.drop_restart_before(offset),
            }
            if marker == EOI {
                if self.height == 0 {
                    return Err(corrupt("it does not say how high it is"));
                }
                picture.end = offset;
                return Ok(picture);
            }
            let (payload, after) = split_segment(&rest[1..])?;
            match marker {
                DNL => {
                    self.take_height(payload)?;
                    let skip = rest.len() + 1 - after.len();
                    picture.edits.push(Edit { at: offset, skip });
                }
                SOS => {
                    self.coverage.add(payload)?;
                    picture.single_scan = false;
                }
                // Tables of another scan.
                _ => picture.single_scan = false,
            }
            rest = after;
        }
    }

    /// The number of lines, as a marker after the first scan says it.
    fn take_height(&mut self, payload: &[u8]) -> Result<(), StillError> {
        let height = payload.first_chunk().map(|&pair| u16::from_be_bytes(pair));
        match (self.height, height) {
            (0, Some(height @ 1..)) => self.height = height,
            (stated, Some(height)) if stated == height => {}
            _ => return Err(corrupt("its headers contradict each other")),
        }
        Ok(())
    }
}

impl Picture {
    /// A restart that nothing follows restarts nothing; some encoders write it after the last full interval.
    fn drop_restart_before(&mut self, offset: usize) {
        if let Some(edit) = self.edits.last_mut()
            && edit.skip == 0
            && edit.at + RESTART_LENGTH == offset
        {
            edit.skip = RESTART_LENGTH;
        }
    }
}
