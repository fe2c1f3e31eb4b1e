//! A preview frame as the camera hands it over: a borrowed luma plane, optional chroma, and what the sensors knew.
//!
//! Responsible for geometry: whatever a caller claims about sizes and strides is checked here once, and everything
//! behind it indexes without asking. Not responsible for what pixels mean: here they are only handed on.

use serde::{Deserialize, Serialize};

use crate::report::Region;
use crate::sighting::{MAX_MAP_CELLS, Sighting};

/// Largest width or height of a plane in pixels, above any camera's: a pixel of the reduced plane covers at most 103 of
/// the source, few enough for its weights, which are whole 256ths.
pub const MAX_SIDE: usize = 65_535;

/// Why a frame's description does not fit its data. Reads on after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Width or height is zero.
    #[error("use a plane of {width}×{height} pixels: a side is zero")]
    ZeroSize {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// Width or height is above [`MAX_SIDE`].
    #[error("use a plane of {width}×{height} pixels: the longest side allowed is {MAX_SIDE}")]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// The pixel stride is zero.
    #[error("step from pixel to pixel by a stride of zero")]
    ZeroPixelStride,
    /// Rows overlap: `row_stride < pixel_stride * width`.
    #[error("fit a row into a stride of {row_stride} bytes: it needs {needed}")]
    RowStrideTooSmall {
        /// The row stride given, in bytes.
        row_stride: usize,
        /// The bytes that a row's pixels take up.
        needed: usize,
    },
    /// The buffer ends before the last pixel of the last row.
    #[error("read the plane: it needs {needed} bytes, the buffer has {available}")]
    BufferTooShort {
        /// Bytes needed up to and including the last pixel.
        needed: usize,
        /// Bytes given.
        available: usize,
    },
    /// The sizes do not fit the address space.
    #[error("compute the plane's length: it overflows")]
    Overflow,
    /// The rotation is no multiple of 90°.
    #[error("turn by {0}°: only 0, 90, 180 and 270 are known")]
    UnknownRotation(i32),
    /// An activation map without cells, with too many, or with another number than it says.
    #[error(
        "lay an activation map of {columns}×{rows} over the frame: it has {cells} cells, and needs as many as it \
         says, 1 to {MAX_MAP_CELLS}"
    )]
    MapSize {
        /// Cells from left to right.
        columns: u8,
        /// Cells from top to bottom.
        rows: u8,
        /// Cells given.
        cells: usize,
    },
}

impl FrameError {
    /// A stable code for logs and language borders.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ZeroSize { .. } => "zero_size",
            Self::TooLarge { .. } => "too_large",
            Self::ZeroPixelStride => "zero_pixel_stride",
            Self::RowStrideTooSmall { .. } => "row_stride_too_small",
            Self::BufferTooShort { .. } => "buffer_too_short",
            Self::Overflow => "overflow",
            Self::UnknownRotation(_) => "unknown_rotation",
            Self::MapSize { .. } => "map_size",
        }
    }
}

/// How luma values map to light.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LumaRange {
    /// 0 is black, 255 is white (JPEG, Android camera, iOS `FullRange`).
    #[default]
    Full,
    /// 16 is black, 235 is white (video).
    Limited,
}

/// By how much the frame must be turned clockwise to be upright.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Already upright.
    #[default]
    None,
    /// A quarter turn clockwise.
    Clockwise90,
    /// Upside down.
    Clockwise180,
    /// A quarter turn anticlockwise.
    Clockwise270,
}

impl Rotation {
    /// From degrees clockwise, as `ImageInfo.rotationDegrees` and friends give them.
    pub fn from_degrees(degrees: i32) -> Result<Self, FrameError> {
        match degrees {
            0 => Ok(Self::None),
            90 => Ok(Self::Clockwise90),
            180 => Ok(Self::Clockwise180),
            270 => Ok(Self::Clockwise270),
            other => Err(FrameError::UnknownRotation(other)),
        }
    }

    /// Where a box of the frame lies once the frame is upright. All in fractions.
    pub fn upright(self, region: Region) -> Region {
        let Region { x, y, width, height } = region;
        match self {
            Self::None => region,
            Self::Clockwise90 => Region { x: 1.0 - y - height, y: x, width: height, height: width },
            Self::Clockwise180 => Region { x: 1.0 - x - width, y: 1.0 - y - height, width, height },
            Self::Clockwise270 => Region { x: y, y: 1.0 - x - width, width: height, height: width },
        }
    }

    /// Where a box of the upright frame lies in the frame as the camera delivers it: undoes [`Self::upright`].
    pub fn as_delivered(self, region: Region) -> Region {
        let back = match self {
            Self::Clockwise90 => Self::Clockwise270,
            Self::Clockwise270 => Self::Clockwise90,
            other => other,
        };
        back.upright(region)
    }
}

/// A borrowed view of 8-bit samples with strides whose geometry has been checked; the last row may stop at its last
/// pixel. One channel of interleaved pixels is such a plane, too: its pixel stride is the size of a pixel.
#[derive(Debug, Clone, Copy)]
pub struct SamplePlane<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) row_stride: usize,
    pub(crate) pixel_stride: usize,
    pub(crate) data: &'a [u8],
}

impl<'a> SamplePlane<'a> {
    /// `row_stride` and `pixel_stride` are in bytes; the buffer must hold
    /// `row_stride * (height - 1) + pixel_stride * (width - 1) + 1` of them.
    pub fn new(
        data: &'a [u8],
        width: usize,
        height: usize,
        row_stride: usize,
        pixel_stride: usize,
    ) -> Result<Self, FrameError> {
        if width == 0 || height == 0 {
            return Err(FrameError::ZeroSize { width, height });
        }
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(FrameError::TooLarge { width, height });
        }
        if pixel_stride == 0 {
            return Err(FrameError::ZeroPixelStride);
        }
        let row = pixel_stride.checked_mul(width).ok_or(FrameError::Overflow)?;
        if row_stride < row {
            return Err(FrameError::RowStrideTooSmall { row_stride, needed: row });
        }
        let needed = row_stride
            .checked_mul(height - 1)
            .and_then(|bytes| bytes.checked_add(pixel_stride * (width - 1) + 1))
            .ok_or(FrameError::Overflow)?;
        if data.len() < needed {
            return Err(FrameError::BufferTooShort { needed, available: data.len() });
        }
        Ok(Self { width, height, row_stride, pixel_stride, data })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes from one pixel to the next.
    pub fn pixel_stride(&self) -> usize {
        self.pixel_stride
    }

    /// The bytes of row `y`, which is below the height, from its first to its last pixel; pixels are
    /// [`Self::pixel_stride`] apart.
    pub fn row(&self, y: usize) -> &'a [u8] {
        let start = y * self.row_stride;
        &self.data[start..=start + self.pixel_stride * (self.width - 1)]
    }

    /// The sample at a column and a row.
    pub(crate) fn at(&self, x: usize, y: usize) -> u8 {
        self.data[y * self.row_stride + x * self.pixel_stride]
    }
}

/// A borrowed luma plane whose geometry has been checked.
#[derive(Debug, Clone, Copy)]
pub struct LumaPlane<'a> {
    pub(crate) samples: SamplePlane<'a>,
    pub(crate) chroma: Option<ChromaPlanes<'a>>,
    range: LumaRange,
    rotation: Rotation,
}

impl<'a> LumaPlane<'a> {
    /// A full-range, upright plane. `row_stride` and `pixel_stride` are in bytes; the buffer must hold
    /// `row_stride * (height - 1) + pixel_stride * (width - 1) + 1` of them.
    pub fn new(
        data: &'a [u8],
        width: usize,
        height: usize,
        row_stride: usize,
        pixel_stride: usize,
    ) -> Result<Self, FrameError> {
        let samples = SamplePlane::new(data, width, height, row_stride, pixel_stride)?;
        Ok(Self { samples, chroma: None, range: LumaRange::Full, rotation: Rotation::None })
    }

    /// Planes whose geometry is right by construction: full range, upright.
    pub(crate) fn upright(samples: SamplePlane<'a>, chroma: Option<ChromaPlanes<'a>>) -> Self {
        Self { samples, chroma, range: LumaRange::Full, rotation: Rotation::None }
    }

    /// The same plane with another range.
    #[must_use]
    pub fn with_range(self, range: LumaRange) -> Self {
        Self { range, ..self }
    }

    /// The same plane with the turn that makes it upright. No pixel moves.
    #[must_use]
    pub fn with_rotation(self, rotation: Rotation) -> Self {
        Self { rotation, ..self }
    }

    /// The same plane with its colours, which tell glare from white paint.
    #[must_use]
    pub fn with_chroma(self, chroma: ChromaPlanes<'a>) -> Self {
        Self { chroma: Some(chroma), ..self }
    }

    /// Width in pixels as delivered, not turned.
    pub fn width(&self) -> usize {
        self.samples.width
    }

    /// Height in pixels as delivered, not turned.
    pub fn height(&self) -> usize {
        self.samples.height
    }

    /// The luma samples as delivered: not turned, and in the plane's own range.
    pub fn luma(&self) -> SamplePlane<'a> {
        self.samples
    }

    /// The blue and the red difference (Cb, Cr) as delivered, 128 for no colour, at any size: a sample of theirs belongs
    /// to the same place in fractions of the plane. None when they are not known.
    pub fn colours(&self) -> Option<[SamplePlane<'a>; 2]> {
        self.chroma.map(|chroma| [chroma.u, chroma.v])
    }

    /// How values map to light.
    pub fn range(&self) -> LumaRange {
        self.range
    }

    /// The turn that makes it upright.
    pub fn rotation(&self) -> Rotation {
        self.rotation
    }
}

/// Borrowed chroma planes of the same picture, at any subsampling. Both use one geometry: for semi-planar
/// NV12/NV21 pass the interleaved buffer twice, the second one byte further on, with a pixel stride of 2.
#[derive(Debug, Clone, Copy)]
pub struct ChromaPlanes<'a> {
    pub(crate) u: SamplePlane<'a>,
    pub(crate) v: SamplePlane<'a>,
}

impl<'a> ChromaPlanes<'a> {
    /// Checks both planes; sizes are those of the chroma planes, strides are in bytes.
    pub fn new(
        u: &'a [u8],
        v: &'a [u8],
        width: usize,
        height: usize,
        row_stride: usize,
        pixel_stride: usize,
    ) -> Result<Self, FrameError> {
        Ok(Self {
            u: SamplePlane::new(u, width, height, row_stride, pixel_stride)?,
            v: SamplePlane::new(v, width, height, row_stride, pixel_stride)?,
        })
    }
}

/// What the sensors knew when the frame was taken. All of it is optional: analysis never depends on a sensor.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FrameContext {
    /// Exposure time in seconds.
    pub exposure_time_s: Option<f64>,
    /// Sensitivity as an ISO number.
    pub iso: Option<f64>,
    /// Aperture as an f-number.
    pub aperture: Option<f64>,
    /// Turn rate of the phone in radians per second.
    pub gyro_rate: Option<f64>,
    /// Direction of gravity in the phone's axes, in m/s².
    pub gravity: Option<[f64; 3]>,
    /// What the autofocus is doing.
    pub focus: Option<FocusState>,
    /// Shortest distance the lens can focus at, in metres.
    pub min_focus_m: Option<f64>,
    /// Whether the torch is on.
    pub torch: Option<bool>,
    /// Where the shopper tapped: the defect. In fractions of the upright frame.
    pub region: Option<Region>,
    /// What the shot is to show.
    pub aim: Aim,
    /// What the relevance model saw, and where in the upright frame: in this frame, or in one not long before.
    pub sighting: Option<Sighting>,
}

/// What a shot is to show: by it framing and subject are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// No shot is known: nothing is asked of the framing, and an item is expected.
    #[default]
    Any,
    /// The whole item.
    Overview,
    /// One spot of it, near by: where the shopper tapped, else the middle.
    Defect,
    /// Something with print on it, straight on.
    Label,
    /// A serial number, which may be on a screen; else as a label.
    Serial,
    /// What the item came in, framed in any way.
    Packaging,
    /// Anything, framed in any way.
    Other,
}

impl Aim {
    /// The aim of a shot's role, by the role's code on the wire (`overview`, `defect`, `label`, `serial`, …). A role that
    /// is not known here asks for nothing. Phone and server both ask here, so that they judge alike.
    pub fn for_role(code: &str) -> Self {
        match code {
            "overview" => Self::Overview,
            "defect" => Self::Defect,
            "label" => Self::Label,
            "serial" => Self::Serial,
            "packaging" => Self::Packaging,
            _ => Self::Other,
        }
    }

    /// Whether it is print that is to be read.
    pub(crate) fn is_print(self) -> bool {
        matches!(self, Self::Label | Self::Serial)
    }
}

/// What the autofocus is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FocusState {
    /// Not moving, focus not confirmed.
    Inactive,
    /// Looking for focus.
    Scanning,
    /// In focus.
    Focused,
    /// Gave up.
    Failed,
}

impl FocusState {
    /// Whether the lens has no focus: it still looks for it, or gave up.
    pub(crate) fn is_lost(self) -> bool {
        matches!(self, Self::Scanning | Self::Failed)
    }
}
