//! Photos as files: which of a folder's files are photos, and reading one.

use std::io;
use std::path::{Path, PathBuf};

use clearshot_analysis::{StillError, StillLimits};
use clearshot_capture::CaptureError;

/// The endings by which a folder's photos are told from its other files. A file that is named itself may end in anything:
/// its content says what it is.
const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

/// Why a photo could not be read, judged or kept: a stable code, and a sentence that says what to do.
#[derive(Debug)]
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

impl From<CaptureError> for PhotoError {
    fn from(error: CaptureError) -> Self {
        let code = error.code().to_owned();
        Self { code, detail: format!("failed to {}. {}", causes(&error), error.advice()) }
    }
}

/// An error and its causes, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
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
