//! What a camera hands over: how the bytes of a frame lie, and what the sensors knew.
//!
//! Checks nothing itself: the core's planes do.

use std::time::Duration;

use clearshot_analysis as core;
use clearshot_relevance as relevance;

use crate::error::CaptureError;
use crate::mirror::mirrored;
use crate::report::Region;

/// How the bytes of a luma plane lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct FrameLayout {
    /// Width in pixels, as delivered.
    pub width: u32,
    /// Height in pixels, as delivered.
    pub height: u32,
    /// Bytes from one row to the next. The last row may stop at its last pixel.
    pub row_stride: u32,
    /// Bytes from one pixel to the next.
    pub pixel_stride: u32,
    /// How values map to light.
    pub range: LumaRange,
    /// By how many degrees the frame must be turned clockwise to be upright: 0, 90, 180 or 270.
    pub rotation_degrees: i32,
}

/// How the bytes of both chroma planes lie. Those of semi-planar pictures (NV12, NV21) lie in one buffer: it is given twice,
/// the second time from one byte further on, with a pixel stride of 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ChromaLayout {
    /// Width of a plane in samples.
    pub width: u32,
    /// Height of a plane in samples.
    pub height: u32,
    /// Bytes from one row to the next.
    pub row_stride: u32,
    /// Bytes from one sample to the next.
    pub pixel_stride: u32,
}

/// When a frame was taken, and what the sensors knew then. Only the time is needed: analysis never depends on a sensor.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct FrameContext {
    /// When the frame was taken, in nanoseconds of any clock that only goes forward.
    pub taken_ns: u64,
    /// Exposure time in seconds.
    #[uniffi(default = None)]
    pub exposure_time_s: Option<f64>,
    /// Sensitivity as an ISO number.
    #[uniffi(default = None)]
    pub iso: Option<f64>,
    /// Aperture as an f-number.
    #[uniffi(default = None)]
    pub aperture: Option<f64>,
    /// Turn rate of the phone in radians per second.
    #[uniffi(default = None)]
    pub gyro_rate: Option<f64>,
    /// Direction of gravity.
    #[uniffi(default = None)]
    pub gravity: Option<Gravity>,
    /// What the autofocus is doing.
    #[uniffi(default = None)]
    pub focus: Option<FocusState>,
    /// Shortest distance the lens can focus at, in metres.
    #[uniffi(default = None)]
    pub min_focus_m: Option<f64>,
    /// Whether the torch is on.
    #[uniffi(default = None)]
    pub torch: Option<bool>,
    /// Where the shopper tapped: the defect. In fractions of the upright frame.
    #[uniffi(default = None)]
    pub region: Option<Region>,
    /// How hot the phone is: the hotter, the less often the relevance model looks. None counts as cool.
    #[uniffi(default = None)]
    pub thermal: Option<ThermalState>,
}

/// Direction of gravity in the phone's axes, in m/s².
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Gravity {
    /// To the right of the screen.
    pub x: f64,
    /// To its top.
    pub y: f64,
    /// Out of it.
    pub z: f64,
}

mirrored! {
    /// How luma values map to light.
    LumaRange = core::LumaRange {
        /// 0 is black, 255 is white (JPEG, Android camera, iOS full range).
        Full,
        /// 16 is black, 235 is white (video).
        Limited,
    }
}

mirrored! {
    /// What the autofocus is doing.
    FocusState = core::FocusState {
        /// Not moving, focus not confirmed.
        Inactive,
        /// Looking for focus.
        Scanning,
        /// In focus.
        Focused,
        /// Gave up.
        Failed,
    }
}

mirrored! {
    /// How hot the phone is, as its system says.
    ThermalState = relevance::ThermalState {
        /// Nothing to heed.
        Nominal,
        /// Slightly warm; the system asks for nothing yet.
        Fair,
        /// Hot: the system slows down.
        Serious,
        /// Too hot: everything that can wait must stop.
        Critical,
    }
}

impl FrameLayout {
    /// The plane that these bytes are, if they are one.
    pub(crate) fn plane(self, luma: &[u8]) -> Result<core::LumaPlane<'_>, CaptureError> {
        let [width, height, row_stride, pixel_stride] =
            [self.width, self.height, self.row_stride, self.pixel_stride].map(|value| value as usize);
        let rotation = core::Rotation::from_degrees(self.rotation_degrees)?;
        let plane = core::LumaPlane::new(luma, width, height, row_stride, pixel_stride)?;
        Ok(plane.with_range(self.range.into()).with_rotation(rotation))
    }
}

impl ChromaLayout {
    /// The planes that these bytes are, if they are such.
    pub(crate) fn planes<'a>(self, u: &'a [u8], v: &'a [u8]) -> Result<core::ChromaPlanes<'a>, CaptureError> {
        let [width, height, row_stride, pixel_stride] =
            [self.width, self.height, self.row_stride, self.pixel_stride].map(|value| value as usize);
        Ok(core::ChromaPlanes::new(u, v, width, height, row_stride, pixel_stride)?)
    }
}

impl FrameContext {
    /// When the frame was taken.
    pub(crate) fn taken(&self) -> Duration {
        Duration::from_nanos(self.taken_ns)
    }

    /// The core's context of a frame in a shot with this aim, before the relevance model looked.
    pub(crate) fn in_shot(&self, aim: core::Aim) -> core::FrameContext {
        core::FrameContext {
            exposure_time_s: self.exposure_time_s,
            iso: self.iso,
            aperture: self.aperture,
            gyro_rate: self.gyro_rate,
            gravity: self.gravity.map(|gravity| [gravity.x, gravity.y, gravity.z]),
            focus: self.focus.map(Into::into),
            min_focus_m: self.min_focus_m,
            torch: self.torch,
            region: self.region.map(Into::into),
            aim,
            sighting: None,
        }
    }
}
