//! How the core's errors become the one of the border: every variant of every crate has its code here, and nowhere else.

use std::error::Error;
use std::io;

use clearshot_analysis::{Format, FrameError, StillError};
use clearshot_capture::{CaptureError as StoreError, QuotaLimit};
use clearshot_relevance::RelevanceError;
use clearshot_upload::{TokenError, UploadError};

use super::{Advice, CaptureError, ErrorCode};

impl From<FrameError> for CaptureError {
    fn from(error: FrameError) -> Self {
        Self::new(ErrorCode::InvalidFrame, error.to_string())
    }
}

impl From<StillError> for CaptureError {
    fn from(error: StillError) -> Self {
        Self::new(still_code(&error), error.to_string())
    }
}

impl From<RelevanceError> for CaptureError {
    fn from(error: RelevanceError) -> Self {
        (&error).into()
    }
}

impl From<&RelevanceError> for CaptureError {
    fn from(error: &RelevanceError) -> Self {
        let code = match error {
            RelevanceError::NotNewer { .. } => ErrorCode::ModelNotNewer,
            RelevanceError::AppTooOld { .. } => ErrorCode::AppTooOld,
            RelevanceError::Key => ErrorCode::InvalidConfig,
            _ => ErrorCode::InvalidModel,
        };
        let reason = match error {
            // Its text has the path.
            RelevanceError::File { source, .. } => format!("read the model file: {source}"),
            RelevanceError::Panicked(_) => "run the model: the runtime panicked".to_owned(),
            _ => error.to_string(),
        };
        Self::new(code, reason)
    }
}

impl From<StoreError> for CaptureError {
    fn from(error: StoreError) -> Self {
        use StoreError as E;
        let code = match &error {
            E::Folder { .. } | E::Write(_) | E::Read { .. } | E::Database(_) => ErrorCode::Storage,
            E::DiskFull(_) => ErrorCode::DiskFull,
            E::Quota(_) => ErrorCode::Quota,
            E::NoPhoto { .. } => ErrorCode::NoPhoto,
            E::Envelope(_) | E::LabelUnreadable(_) => ErrorCode::Sealing,
            E::Photo(error) => still_code(error),
            E::NewerDatabase { .. } | E::Row(_) => ErrorCode::AppTooOld,
            E::DatabaseDamaged(_) => ErrorCode::Damaged,
            E::DatabaseBusy(_) => ErrorCode::InUse,
            E::Paused => ErrorCode::Paused,
            E::UnknownSession(_) | E::UnknownItem(_) | E::UnknownShot(_) | E::UnknownCapture(_) => {
                ErrorCode::NotFound
            }
            E::DeviceKey(_) => ErrorCode::KeyStore,
            E::BadItem(_) | E::BadAnnotation(_) => ErrorCode::InvalidArgument,
            E::AskFirst { .. } => ErrorCode::AskFirst,
            E::WrongState { .. } => ErrorCode::WrongState,
        };
        let advice = match &error {
            E::Quota(QuotaLimit::DiskShare { .. }) => Advice::FreeSpace,
            E::Write(_) => Advice::TakeAgain,
            _ => code.advice(),
        };
        let reason = match &error {
            // Its text has the path, which may have a person's name in it.
            E::Folder { source, .. } => format!("use the queue's folder: {source}"),
            _ => explained(&error),
        };
        Self::with_advice(code, reason, advice)
    }
}

impl From<UploadError> for CaptureError {
    fn from(error: UploadError) -> Self {
        use UploadError as E;
        let code = match error {
            E::Queue(error) => return error.into(),
            E::InvalidServer { .. } | E::InsecureServer { .. } | E::RootCertificate(_) => {
                ErrorCode::InvalidServer
            }
            E::SealedFile { ref source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                ErrorCode::DiskFull
            }
            E::SealedFile { .. } => ErrorCode::Storage,
            E::Ticket | E::BodyPlace => ErrorCode::InvalidArgument,
            E::Tls(_) | E::Client(_) | E::NoSealedFile { .. } | E::Worker(_) => ErrorCode::Internal,
        };
        Self::new(code, explained(&error))
    }
}

impl From<TokenError> for CaptureError {
    fn from(error: TokenError) -> Self {
        Self::new(ErrorCode::Token, error.to_string())
    }
}

fn still_code(error: &StillError) -> ErrorCode {
    match error {
        // Pixels that do not fit their description: the file they came from may be whole.
        StillError::Truncated(Format::Pixels)
        | StillError::UnsupportedFormat(_)
        | StillError::TooLarge { .. }
        | StillError::TooManyPixels { .. }
        | StillError::TooLong { .. }
        | StillError::TooSmall { .. } => ErrorCode::UnsupportedPhoto,
        StillError::Empty | StillError::Truncated(_) | StillError::Corrupt { .. } => ErrorCode::DamagedPhoto,
        StillError::BadSpec { .. } => ErrorCode::InvalidArgument,
    }
}

/// What an error says, with the system's own words where it is the cause. Other causes are left out: a database's text may
/// have a path in it.
fn explained(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let told = causes.filter(|cause| cause.is::<io::Error>());
    told.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
