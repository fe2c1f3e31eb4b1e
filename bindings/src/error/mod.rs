//! The one error that crosses the border, and the guard that every export runs under.
//!
//! Not responsible for words on a screen in other languages: an app shows an [`Advice`] in the shopper's language by its word.

mod code;
mod convert;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use code::{Advice, ErrorCode};

/// Why a call did not do what was asked. Apps decide by the code, show the advice and log the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CaptureError {
    /// The only variant: an app should need one branch, and a new kind of failure is a new code.
    #[error("{reason}")]
    Failed {
        /// What kind of failure it is. Stable over versions.
        code: ErrorCode,
        /// What happened, for logs: English, lower case, no personal data and no path. Reads on after "failed to".
        reason: String,
        /// What the shopper can do about it.
        advice: Advice,
    },
}

impl CaptureError {
    /// A failure of this kind, with the advice that belongs to it.
    pub(crate) fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self::with_advice(code, reason, code.advice())
    }

    /// A failure for which the shopper can do something else than usually.
    pub(crate) fn with_advice(code: ErrorCode, reason: impl Into<String>, advice: Advice) -> Self {
        Self::Failed { code, reason: reason.into(), advice }
    }

    /// What kind of failure it is.
    pub fn code(&self) -> ErrorCode {
        let Self::Failed { code, .. } = self;
        *code
    }

    /// What the shopper can do about it.
    pub fn advice(&self) -> Advice {
        let Self::Failed { advice, .. } = self;
        *advice
    }
}

/// Runs the body of an export: a panic in it becomes [`ErrorCode::Panic`]. What the panic said is not repeated, because it
/// may quote what the shopper wrote; it went to the process's standard error.
///
/// State behind a lock that was held during the panic is poisoned; whoever locks it next decides what it is still worth.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T, CaptureError>) -> Result<T, CaptureError> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        Err(CaptureError::new(ErrorCode::Panic, "do what was asked: a bug of Clearshot was met"))
    })
}

/// Panics, so that each package can test that a panic comes back as an error. Does nothing else.
#[uniffi::export]
#[expect(clippy::missing_panics_doc, reason = "the panic does not leave it")]
pub fn panic_on_purpose() -> Result<(), CaptureError> {
    guarded(|| panic!("on purpose"))
}
