//! A photo between the shutter and the vault: judged, in memory only, and the shopper's to decide.

use std::sync::{Mutex, MutexGuard, PoisonError};

use clearshot_analysis::{PixelFormat as CoreFormat, PixelView};
use clearshot_capture as core;
use clearshot_protocol::ShotId;
use clearshot_protocol::manifest;

use crate::error::{CaptureError, ErrorCode, guarded};
use crate::mirror::mirrored;
use crate::report::StillReport;
use crate::words::NetworkPolicy;

mirrored! {
    /// What a pixel is made of, 8 bits each.
    PixelFormat = CoreFormat {
        /// One byte of luma.
        Luma,
        /// Red, green, blue.
        Rgb,
        /// Red, green, blue, alpha (laid over white).
        Rgba,
        /// Luma, blue and red difference, full range (BT.601, as in JPEG).
        YCbCr,
    }
}

/// How decoded pixels lie in memory: rows from top to bottom, the last one may stop at its last pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct PixelLayout {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from one row to the next.
    pub row_stride: u32,
    /// What a pixel is made of.
    pub format: PixelFormat,
    /// How the pixels are to be turned: the EXIF value, 1 to 8; others count as 1.
    pub orientation: u8,
}

/// What is known of a photo before the shopper decides.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Review {
    /// What analysis says of it.
    pub report: StillReport,
    /// The session's photo that shows the same.
    pub duplicate_of: Option<String>,
    /// Where asking for another photo stands.
    pub asks: AskState,
}

/// Where asking for another photo of a shot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct AskState {
    /// Asks made since the shot's last photo was kept.
    pub asks: u8,
    /// Asks left; at 0 the photo is kept whatever analysis says.
    pub asks_left: u8,
    /// Whether insisting on the photo would keep it now.
    pub may_insist: bool,
}

/// How a photo is to be kept.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct KeepRequest {
    /// Whether the shopper insists on a photo that analysis would have retaken. Makes no difference for a good one.
    pub insist: bool,
    /// When the shutter was pressed, in milliseconds since 1970.
    pub taken_at: i64,
    /// The same moment in milliseconds of a monotonic clock, since the session began.
    pub monotonic_millis: u64,
    /// What the shopper drew on it. Kept beside the pixels, which stay as they were taken.
    pub annotation: Vec<Stroke>,
    /// Which networks it may use; absent: as its item says.
    pub network: Option<NetworkPolicy>,
}

/// One line that the shopper drew, in fractions of the upright photo's width and height.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Stroke {
    /// Its points.
    pub points: Vec<StrokePoint>,
    /// Width as a fraction of the photo's longer side.
    pub width: f32,
}

/// A point of a stroke.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct StrokePoint {
    /// From the left edge, 0 to 1.
    pub x: f32,
    /// From the upper edge, 0 to 1.
    pub y: f32,
}

/// A photo that is saved: sealed, on the disk, and in the queue.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SavedCapture {
    /// Its id.
    pub id: String,
    /// The photo that it replaces.
    pub supersedes: Option<String>,
    /// Its place in the session, from 0.
    pub sequence: u32,
    /// Sealed bytes.
    pub length: u64,
    /// Digest of the sealed bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// Whether analysis would have retaken it.
    pub kept_anyway: bool,
}

/// A judged photo that is not kept yet. Holds about a megabyte until it is kept or closed.
#[derive(Debug, uniffi::Object)]
pub struct PendingPhoto {
    pub(crate) shot: ShotId,
    review: Review,
    judged: Mutex<Option<core::JudgedPhoto>>,
}

#[uniffi::export]
impl PendingPhoto {
    /// What is known of it.
    pub fn review(&self) -> Result<Review, CaptureError> {
        guarded(|| Ok(self.review.clone()))
    }

    /// Its thumbnail: a JPEG, at most 320 pixels on the longer side.
    pub fn thumbnail(&self) -> Result<Vec<u8>, CaptureError> {
        guarded(|| self.with(|photo| photo.thumbnail().bytes.clone()))
    }

    /// The photo as it would be kept: an upright JPEG without metadata.
    pub fn photo(&self) -> Result<Vec<u8>, CaptureError> {
        guarded(|| self.with(|photo| photo.photo().bytes.clone()))
    }

    /// Gives its memory back. Nothing of it was on the disk.
    pub fn close(&self) -> Result<(), CaptureError> {
        guarded(|| {
            *self.judged() = None;
            Ok(())
        })
    }
}

impl PendingPhoto {
    pub(crate) fn new(shot: ShotId, photo: core::JudgedPhoto, assessment: &core::Assessment) -> Self {
        let review = Review {
            report: StillReport::from(photo.report()),
            duplicate_of: assessment.duplicate_of.map(|capture| capture.to_string()),
            asks: assessment.asks.into(),
        };
        Self { shot, review, judged: Mutex::new(Some(photo)) }
    }

    /// The photo, until it is closed.
    pub(crate) fn judged(&self) -> MutexGuard<'_, Option<core::JudgedPhoto>> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, look: impl FnOnce(&core::JudgedPhoto) -> T) -> Result<T, CaptureError> {
        self.judged().as_ref().map(look).ok_or_else(photo_is_closed)
    }
}

/// A photo that was kept or closed is used again.
pub(crate) fn photo_is_closed() -> CaptureError {
    CaptureError::new(ErrorCode::Closed, "use the photo: it was kept or closed before".to_owned())
}

impl PixelLayout {
    pub(crate) fn view(self, data: &[u8]) -> PixelView<'_> {
        PixelView {
            data,
            width: self.width,
            height: self.height,
            row_stride: self.row_stride as usize,
            format: self.format.into(),
        }
    }
}

impl From<core::AskState> for AskState {
    fn from(state: core::AskState) -> Self {
        Self { asks: state.asks, asks_left: state.asks_left, may_insist: state.may_override }
    }
}

impl From<Stroke> for manifest::Stroke {
    fn from(stroke: Stroke) -> Self {
        Self { points: stroke.points.iter().map(|point| (point.x, point.y)).collect(), width: stroke.width }
    }
}

impl From<core::SavedCapture> for SavedCapture {
    fn from(saved: core::SavedCapture) -> Self {
        Self {
            id: saved.id.to_string(),
            supersedes: saved.supersedes.map(|capture| capture.to_string()),
            sequence: saved.sequence,
            length: saved.length,
            sha256: saved.sha256.to_string(),
            kept_anyway: saved.kept_anyway.is_some(),
        }
    }
}
