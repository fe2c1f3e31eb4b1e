//! Photos as files: which of a folder's files are photos, and reading one.

use std::io;
use std::path::{Path, PathBuf};

use clearshot_analysis::{FrameError, SightingError, StillError, StillLimits};
use clearshot_capture::CaptureError;
use serde::Serialize;

use crate::output;

/// The endings by which a folder's photos are told from its other files. A file that is named itself may end in anything:
/// its content says what it is.
const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

/// Why a photo could not be read, judged or kept: a stable code, and a sentence that says what to do.
#[derive(Debug, Serialize)]
pub(crate) struct PhotoError {
    pub(crate) code: String,
    pub(crate) detail: String,
}

impl PhotoError {
    pub(crate) fn unreadable(what: &str, error: &io::Error) -> Self {
        Self { code: "unreadable".to_owned(), detail: format!("failed to read the {what}: {error}") }
    }
}

impl From<StillError> for PhotoError {
    fn from(error: StillError) -> Self {
        let code = error.code().to_owned();
        Self { code, detail: format!("failed to {}. {}", causes(&error), error.advice()) }
    }
}

impl From<FrameError> for PhotoError {
    fn from(error: FrameError) -> Self {
        Self { code: error.code().to_owned(), detail: format!("failed to {error}") }
    }
}

impl From<SightingError> for PhotoError {
    fn from(error: SightingError) -> Self {
        let detail = format!("failed to {}; --no-model judges without the model", causes(&error));
        Self { code: "relevance".to_owned(), detail }
    }
}

impl From<CaptureError> for PhotoError {
    fn from(error: CaptureError) -> Self {
        let code = error.code().to_owned();
        Self { code, detail: format!("failed to {}. {}", causes(&error), error.advice()) }
    }
}

/// A photo that could not be read or judged, as it is printed in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct FailedPhoto {
    pub(crate) path: String,
    pub(crate) error: PhotoError,
}

impl FailedPhoto {
    pub(crate) fn new(path: &Path, error: impl Into<PhotoError>) -> Self {
        Self { path: path.display().to_string(), error: error.into() }
    }

    /// Prints it, for people or as a line of JSON.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::print_json(self);
        }
        let label = console::style("error ").red().bold();
        output::print_line(&format!("{label}  {}: {}", self.path, self.error.detail))
    }
}

/// An error and its causes, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A path itself, or the photos in the folder and below it. A folder without photos is an error.
pub(crate) fn photos_of(path: &Path) -> Vec<Result<PathBuf, FailedPhoto>> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())];
    }
    match photos_in(path) {
        Ok(photos) if photos.is_empty() => {
            let detail = "there is no .jpg, .jpeg or .png in it; name photos, or their folder".to_owned();
            vec![Err(FailedPhoto::new(path, PhotoError { code: "no_photos".to_owned(), detail }))]
        }
        Ok(photos) => photos.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(FailedPhoto::new(path, PhotoError::unreadable("folder", &error)))],
    }
}

/// The photos in a folder and those below it, by name. Links to folders are not followed.
pub(crate) fn photos_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut photos = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            photos.extend(photos_in(&path)?);
            continue;
        }
        let is_photo =
            |found: &std::ffi::OsStr| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known));
        if path.extension().is_some_and(is_photo) {
            photos.push(path);
        }
    }
    photos.sort();
    Ok(photos)
}

/// Reads a photo's file; one that is longer than any photo may be is not read at all.
pub(crate) fn read_photo(path: &Path, limits: &StillLimits) -> Result<Vec<u8>, PhotoError> {
    let unreadable = |error: io::Error| PhotoError::unreadable("file", &error);
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(io::Error::other("it is not a file")));
    }
    if metadata.len() > limits.max_bytes as u64 {
        let bytes = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        return Err(StillError::TooLarge { bytes, limit: limits.max_bytes }.into());
    }
    std::fs::read(path).map_err(unreadable)
}
