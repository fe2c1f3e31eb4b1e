//! Clearshot for Kotlin and Swift: a facade over the core, bound by UniFFI.
//!
//! Responsible for: the types that cross the border (plain records and enums of its own; the core crates know nothing of
//! UniFFI), turning them into the core's and back (`From`, one place per subject), one error type with stable codes
//! ([`CaptureError`]), and that neither a panic nor a foreign exception crosses the border as anything but that error.
//!
//! Not responsible for: any decision. What is judged, kept, sent and retried is decided in the core crates. Not API either:
//! apps use the hand-written packages in `bindings/kotlin` and `bindings/swift`.
//!
//! Every export is synchronous, because Kotlin and Swift bring the threads that suit their platform, and returns a
//! `Result`, because every call can at least meet a panic.

uniffi::setup_scaffolding!("clearshot_ffi");

mod analyzer;
mod config;
mod describe;
mod error;
mod foreign;
mod frame;
mod hint;
mod log;
mod mirror;
mod model;
mod photo;
mod progress;
mod queue;
mod report;
mod runner;
mod server;
mod session;
mod store;
mod time;
mod transfer;
mod words;

pub use analyzer::{FrameAnalyzer, FrameLook};
pub use config::{ConfigInfo, check_config};
pub use describe::{
    Words, describe_advice, describe_error, describe_hint, describe_reason, role_word, subject_word,
    verdict_word,
};
pub use error::{Advice, CaptureError, ErrorCode, panic_on_purpose};
pub use foreign::{DeviceKeyStore, ForeignError, LogLevel, LogSink, TokenProvider};
pub use frame::{ChromaLayout, FocusState, FrameContext, FrameLayout, Gravity, LumaRange, ThermalState};
pub use hint::{Guidance, Hint, TorchAdvice};
pub use model::{ModelInfo, ModelStore};
pub use photo::{
    AskState, KeepRequest, PendingPhoto, PixelFormat, PixelLayout, Review, SavedCapture, Stroke, StrokePoint,
};
pub use progress::{Phase, PhotoProgress, SyncEnd, SyncProgress, SyncReport, Waiting};
pub use queue::{Counters, Deleted, QueueEntry, RepairReport};
pub use report::{
    BlurCause, Exposure, ExposureState, Flicker, FrameReport, Framing, FramingSource, Glare, Lens, Reason,
    Region, Relevance, Screen, Sharpness, SharpnessState, ShotRole, Sides, StillReport, Subject,
    SubjectShare, Verdict,
};
pub use runner::{Cancellation, UploadRunner};
pub use server::{Conditions, ServerSetup};
pub use session::{Item, NewItem, Session, Shot};
pub use store::{CaptureStore, StoreSetup};
pub use transfer::{
    HttpHeader, NetworkFailure, NextTransfer, Reported, Transfer, TransferBody, TransferResult, UploadPlanner,
};
pub use words::{AskPolicy, CaptureState, Choice, NetworkPolicy, ReturnReason, WaitReason};
