//! Capturing on the phone: sessions, shots, captures, the vault of sealed photos, the queue and the upload planner.
//!
//! # Responsible for
//!
//! - **Saved means saved.** [`CaptureStore::keep`] returns once a photo is sealed, its file and folder are synced and
//!   its row is committed, in this order. A kill at any point before leaves nothing, or a file that the next
//!   [`CaptureStore::open`] adopts.
//! - **Nothing is lost.** What is not accepted by the server is never evicted, dropped or overwritten. A retake
//!   supersedes; a full queue refuses the next photo; what is damaged goes to `quarantine/`.
//! - **What to send next.** [`CaptureStore::next`] hands out one leased [`Step`] at a time, [`CaptureStore::report`]
//!   takes its [`Outcome`].
//! - **That the promise can be checked.** [`CaptureStore::reconcile_request`] asks the server what it has,
//!   [`CaptureStore::reconciled`] makes up for what the two disagree on; [`CaptureStore::counters`] always add up.
//!
//! # Not responsible for
//!
//! Judging pixels (`clearshot-analysis`), the sealed format (`clearshot-protocol`), performing requests
//! (`clearshot-upload`), wrapping the device key (the platform), or knowing the time: every call that needs it
//! takes `now`, and there is no thread, socket or clock in here.
//!
//! # The folder
//!
//! ```text
//! device.key                  the device key, wrapped by the platform's key store ([`DeviceKey`])
//! queue.sqlite (-wal, -shm)   rows: sessions, items (labels sealed), shots, captures with their upload's progress
//! queue.sqlite.corrupt-<n>    a database that could not be read, moved aside; the queue was rebuilt from the vault
//! capture.lock                held while a photo is being kept or the folder repaired, by one process at a time; with
//!                             the id of a photo that is not finished
//! vault/<capture id>.sealed   a photo each: routing header in clear (ids, length, digest), then the age stream
//! senders/<sender>.lock       held by a store that is sending, each its own, so that the leases of dead ones are known
//! tmp/                        photos on their way into the vault
//! quarantine/                 files of the vault that are damaged or nobody's; kept for a person to look at
//! ```
//!
//! Several processes may work on one folder at the same time.

mod choices;
mod config;
mod database;
mod device_key;
mod erase;
mod error;
mod folder_lock;
mod forget;
mod keep;
mod pace;
mod photo;
mod plan;
mod planner;
mod queue;
mod repair;
mod row;
mod sealed;
mod senders;
mod session;
mod shots;
mod store;
mod sweep;
mod vault;

pub use choices::Choice;
pub use config::{AskPolicy, MeteredPolicy, StoreConfig, StoreKeys};
pub use device_key::{DeviceKey, KeyWrap, KeyWrapError};
pub use error::{CaptureError, QuotaLimit};
pub use keep::{ASKS, AskState, Assessment, Keep, NewCapture, SavedCapture};
pub use photo::{JudgedPhoto, ModelMark};
pub use plan::{Conditions, LeaseId, Outcome, Plan, Step, UploadRequest, WaitReason};
pub use queue::{CaptureState, Counters, QueueEntry};
pub use repair::RepairReport;
pub use sealed::SealedFile;
pub use session::{ItemView, NewItem, NewSession, SessionView, ShotView};
pub use shots::{ShotTemplate, shot_list};
pub use store::CaptureStore;
pub use sweep::Swept;
pub use vault::{RealDisk, Vfs};
