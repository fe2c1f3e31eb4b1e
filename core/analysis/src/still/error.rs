//! Why a still cannot be used, as an error a person can act on.

use crate::frame::MAX_SIDE;
use crate::still::Format;

/// Why a photo could not be read. Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// No bytes at all.
    #[error("read the photo: it is empty")]
    Empty,
    /// The bytes are neither JPEG nor PNG, or of a kind of JPEG that no camera writes.
    #[error("recognise the photo: {0}")]
    UnsupportedFormat(&'static str),
    /// The file ends before its picture does.
    #[error("read the photo to its end: the {0} is cut short")]
    Truncated(Format),
    /// More input bytes than allowed.
    #[error("accept {bytes} bytes: the limit is {limit}")]
    TooLarge {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More pixels than allowed; found in the header, before anything is allocated.
    #[error("accept {width}×{height} pixels: the limit is {limit} in all")]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixels allowed.
        limit: u64,
    },
    /// A side is longer than [`MAX_SIDE`].
    #[error("accept {width}×{height} pixels: the longest side allowed is {MAX_SIDE}")]
    TooLong {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A side is too short to be a photo of anything.
    #[error("accept {width}×{height} pixels: the shorter side needs at least {limit}")]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixels needed on the shorter side.
        limit: u32,
    },
    /// The header or the picture data contradict themselves.
    #[error("decode the {format}")]
    Corrupt {
        /// What the content claims to be.
        format: Format,
        /// What the decoder said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A derivative was asked for with a size or quality out of range.
    #[error("derive a JPEG with {field} = {value}: it must be {min} to {max}")]
    BadSpec {
        /// The field out of range.
        field: &'static str,
        /// Its value.
        value: u32,
        /// Smallest value allowed.
        min: u32,
        /// Largest value allowed.
        max: u32,
    },
}

impl StillError {
    /// A stable code for the CLI, the server's problems and language borders.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnsupportedFormat(_) => "unsupported_format",
            Self::Truncated(_) => "truncated",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::TooLong { .. } => "too_long",
            Self::TooSmall { .. } => "too_small",
            Self::Corrupt { .. } => "corrupt",
            Self::BadSpec { .. } => "bad_spec",
        }
    }

    /// One sentence that says what to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Empty => "Choose a photo that is not empty.",
            Self::UnsupportedFormat(_) => "Save the photo as JPEG or PNG and try again.",
            Self::Truncated(_) => "Copy the photo again; it did not arrive completely.",
            Self::TooLarge { .. } => "Save the photo at a lower quality or size and try again.",
            Self::TooManyPixels { .. } | Self::TooLong { .. } => "Scale the photo down and try again.",
            Self::TooSmall { .. } => "Choose the original photo instead of a preview.",
            Self::Corrupt { .. } => "Take the photo again; the file is damaged.",
            Self::BadSpec { .. } => "Choose a size and quality within the range.",
        }
    }
}
