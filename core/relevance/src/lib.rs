//! The relevance model: of what a picture is, and where in it that lies.
//!
//! Responsible for: reading model files strictly ([`ModelFile`]), preparing pictures ([`Input`]), running the network
//! ([`Model`], by tract or by a [`Runtime`] of the platform), making calibrated shares and a subject's box of its answer,
//! signed updates ([`Update`], [`ModelStore`]), and which preview frames it looks at ([`Schedule`]).
//!
//! Not responsible for: training (`models/train`), fetching and keeping updates, threads, the clock, and what follows from
//! an answer. The feature `tract` brings the runtime; without it nothing of tract is linked.
//!
//! ```text
//! LumaPlane ─ area average, turn, letterbox → Input ─ network → Output ┬ softmax at a temperature → Relevance
//!                                                                      └ out of the letterbox → ActivationMap, box
//! ```

mod area;
mod card;
mod error;
#[cfg(test)]
mod example;
#[cfg_attr(
    not(feature = "tract"),
    allow(dead_code, reason = "only tract reads the layers that were checked")
)]
mod graph;
mod input;
mod locate;
mod model;
mod onnx;
mod output;
mod schedule;
mod store;
#[cfg(feature = "tract")]
mod tract;
mod update;
mod watch;

pub use card::ModelCard;
pub use error::RelevanceError;
pub use input::{CHANNELS, INPUT_VALUES, Input, Letterbox, SIDE};
pub use model::{MAX_MODEL_BYTES, Model, ModelFile, Runtime, read_file};
pub use output::{CLASSES, MAP_SIDE, Output};
pub use schedule::{Schedule, SchedulePolicy, ThermalState};
pub use store::ModelStore;
pub use update::{AppVersion, Statement, Update, UpdateKey, public_key, sign};
pub use watch::{SIGHTING_KEPT, SubjectWatch};
