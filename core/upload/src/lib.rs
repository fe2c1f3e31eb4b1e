//! Performs what the upload planner of `clearshot-capture` wants done: tus 1.0 over HTTP, on tokio.
//!
//! [`StepPerformer`] makes the one request of a step and says what its answer means. [`Uploader`] is the loop
//! around it: ask the server what it has, then ask the queue, perform a few steps at a time, report every one of them,
//! wait, until nothing is left, and tell how it goes as a stream of [`ProgressEvent`]s.
//!
//! ```text
//!  CaptureStore::next ──▶ Step ──▶ StepPerformer::perform ──▶ Outcome ──▶ CaptureStore::report
//!         ▲                              │ TokenProvider, Transport                 │
//!         └───────── wait: time, wake(), conditions ◀──────────────────────────────┘
//! ```
//!
//! Where the platform sends requests itself, a [`TransferPlanner`] takes the place of both: it gives a step's request as
//! plain data, and takes the answer.
//!
//! It is **not** responsible for deciding anything: what to send next, how long to back off, what a refusal means
//! for a capture and when it is safe are the planner's. It keeps no state of its own that matters; a killed process
//! loses nothing. It never holds a photo in memory, and reads the vault only through the store.

mod address;
mod answer;
mod body;
mod error;
mod performer;
mod progress;
mod reconcile;
mod request;
mod token;
mod totals;
mod transfer;
mod transport;
mod uploader;

use std::sync::Arc;

use clearshot_protocol::Timestamp;

pub use address::{PlainHttp, ServerAddress};
pub use body::SentObserver;
pub use error::UploadError;
pub use performer::{StepPerformer, bytes_to_send};
pub use progress::{Phase, PhotoProgress, ProgressEvent, SyncEnd, SyncReport};
pub use token::{AccessToken, FixedToken, TokenError, TokenProvider};
pub use totals::Totals;
pub use transfer::{
    NetworkFailure, NextTransfer, Reported, TokenSource, Transfer, TransferBody, TransferPlanner,
    TransferResult,
};
pub use transport::{ANSWER_TIMEOUT, CONNECT_TIMEOUT, STALL_TIMEOUT, Timeouts, Transport};
pub use uploader::{DEFAULT_PATIENCE, MAX_PARALLELISM, Uploader};

/// Tells the time: `Arc::new(Timestamp::now)` in a program, a fixed one in a test.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
