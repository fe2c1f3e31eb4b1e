//! The words of codes: what travels, what is logged, and what a shopper reads in English. Each is written once, in Rust.

use clearshot_analysis as core;
use clearshot_protocol::api;

use crate::error::{Advice, CaptureError, ErrorCode, guarded};
use crate::hint::Hint;
use crate::report::{Reason, ShotRole, Subject, Verdict};

/// A code's stable word and its sentence.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Words {
    /// The word that never changes: for logs, the wire, and keys of translations.
    pub code: String,
    /// A few words or one sentence in English.
    pub text: String,
}

impl Words {
    fn of(code: &str, text: &str) -> Self {
        Self { code: code.to_owned(), text: text.to_owned() }
    }
}

/// The word of a hint, and what the shopper reads at arm's length.
#[uniffi::export]
pub fn describe_hint(hint: Hint) -> Result<Words, CaptureError> {
    let hint = core::Hint::from(hint);
    guarded(|| Ok(Words::of(hint.code(), hint.text())))
}

/// The word of a reason, and the sentence that says what to do about it.
#[uniffi::export]
pub fn describe_reason(reason: Reason) -> Result<Words, CaptureError> {
    let reason = core::Reason::from(reason);
    guarded(|| Ok(Words::of(reason.code(), reason.hint())))
}

/// The word of a kind of failure, and what it means.
#[uniffi::export]
pub fn describe_error(code: ErrorCode) -> Result<Words, CaptureError> {
    guarded(|| Ok(Words::of(code.word(), code.text())))
}

/// The word of an advice, and the sentence that the shopper reads.
#[uniffi::export]
pub fn describe_advice(advice: Advice) -> Result<Words, CaptureError> {
    guarded(|| Ok(Words::of(advice.word(), advice.text())))
}

/// The stable word of a verdict.
#[uniffi::export]
pub fn verdict_word(verdict: Verdict) -> Result<String, CaptureError> {
    guarded(|| Ok(core::Verdict::from(verdict).code().to_owned()))
}

/// The stable word of a subject.
#[uniffi::export]
pub fn subject_word(subject: Subject) -> Result<String, CaptureError> {
    guarded(|| Ok(core::Subject::from(subject).code().to_owned()))
}

/// The stable word of a shot's role.
#[uniffi::export]
pub fn role_word(role: ShotRole) -> Result<String, CaptureError> {
    guarded(|| Ok(api::ShotRole::from(role).as_str().to_owned()))
}
