//! Everything that can be wrong with a model, an update or an answer.

use std::path::PathBuf;

use crate::update::AppVersion;

/// Why a model cannot be used or says nothing. Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum RelevanceError {
    /// The file cannot be read from the disk.
    #[error("read the model file {}", path.display())]
    File {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is larger than any model of ours.
    #[error("use a model of {bytes} bytes: at most {limit} are allowed")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The file would take far more memory than it has bytes.
    #[error("use a model of more than {limit} {what}")]
    TooMany {
        /// Of what it has too many.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// The file is no ONNX model, or ends early.
    #[error("read the model: it is no ONNX file, or only a part of one")]
    NotOnnx(#[from] prost::DecodeError),
    /// Something that every model has is not in the file.
    #[error("find {0} in the model")]
    Missing(String),
    /// What the model says of itself makes no sense.
    #[error("use {key} of the model: {value:?} is not {expected}")]
    Metadata {
        /// The key of the metadata.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it should have said.
        expected: &'static str,
    },
    /// The model tells other subjects apart, or in another order.
    #[error("use the model's classes: they are {found}, not {expected}")]
    Classes {
        /// The model's.
        found: String,
        /// Ours.
        expected: String,
    },
    /// The network has an operation, or a form of one, that is not supported.
    #[error("run {operation} at {node}")]
    Operation {
        /// What it should do.
        operation: String,
        /// Which node it is.
        node: String,
    },
    /// Something in the network is not of the shape that is needed there.
    #[error("use {what} of shape {found:?}: it should be {expected:?}")]
    Shape {
        /// What it is.
        what: String,
        /// The shape it has.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// The network would take too long on a phone.
    #[error("run a network of {multiply_adds} multiply-adds: at most {limit} are allowed")]
    TooSlow {
        /// What one picture takes.
        multiply_adds: usize,
        /// What it may take.
        limit: usize,
    },
    /// A weight or an answer is not a number.
    #[error("use {0}: it holds something that is not a finite number")]
    NotFinite(String),
    /// The runtime that executes the network failed.
    #[error("run the model")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The runtime broke off in a way it should not.
    #[error("run the model: the runtime panicked: {0}")]
    Panicked(String),
    /// The file does not begin as an update does.
    #[error("read the model update: {0}")]
    NotAnUpdate(&'static str),
    /// The statement in front of an update is none.
    #[error("read the statement of the model update")]
    Statement(#[source] serde_json::Error),
    /// The update is not from whom it should be, or was altered.
    #[error("verify the signature of the model update")]
    Signature(#[source] ed25519_dalek::SignatureError),
    /// The signature is right, but the model is not the one that was signed.
    #[error("use the model update: the model in it is not the one that was signed")]
    NotTheSigned,
    /// The key is not 32 bytes in hex, or no point of the curve.
    #[error("use the key for model updates: it is not 32 bytes in hex")]
    Key,
    /// There is a newer model already, or this very one.
    #[error("use version {offered} of the model: version {current} is here already")]
    NotNewer {
        /// Version of the update.
        offered: u32,
        /// Version in use.
        current: u32,
    },
    /// The model is for newer apps.
    #[error("use the model update in version {app} of the app: it needs {needed}")]
    AppTooOld {
        /// The app that asks.
        app: AppVersion,
        /// The oldest app that the model works in.
        needed: AppVersion,
    },
}

impl RelevanceError {
    /// A stable code for logs and language borders.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "model_file",
            Self::TooLarge { .. } | Self::TooMany { .. } => "model_too_large",
            Self::NotOnnx(_) | Self::Missing(_) => "model_unreadable",
            Self::Metadata { .. } => "model_metadata",
            Self::Classes { .. } => "model_classes",
            Self::Operation { .. } => "model_operation",
            Self::Shape { .. } => "model_shape",
            Self::TooSlow { .. } => "model_too_slow",
            Self::NotFinite(_) => "not_finite",
            Self::Runtime(_) | Self::Panicked(_) => "runtime",
            Self::NotAnUpdate(_) | Self::Statement(_) => "update_unreadable",
            Self::Signature(_) | Self::NotTheSigned => "update_signature",
            Self::Key => "update_key",
            Self::NotNewer { .. } => "update_not_newer",
            Self::AppTooOld { .. } => "app_too_old",
        }
    }
}
