//! Why a server could not be started, or one of its tools not do its work.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clearshot_protocol::field::FieldError;
use clearshot_protocol::seal::SealError;

/// Why the server, or a tool on its data folder, failed. Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A folder or file of the data folder cannot be made, read or written.
    #[error("use {path}")]
    Disk {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another server holds the data folder.
    #[error("open {0}: another server is using it; stop that one or choose another folder with --data")]
    DataInUse(PathBuf),
    /// A key file holds no key.
    #[error(
        "read the key in {path}: {detail}; restore it from a backup, for without it no photo can be opened"
    )]
    Key {
        /// The key's file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The address cannot be listened on.
    #[error("listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database answered with an error.
    #[error("use the database")]
    Database(#[from] sqlx::Error),
    /// A change could not be made durable, nor those that were committed with it.
    #[error("commit a change to the database")]
    Commit(#[source] Arc<sqlx::Error>),
    /// The database's schema cannot be brought up to date.
    #[error("bring the database up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A sealed column does not open.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A photo's seal failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A row holds what this version never writes.
    #[error("read the column {column}: {detail}")]
    Column {
        /// The column.
        column: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A token could not be made.
    #[error("make a token")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The system's randomness failed.
    #[error("get random bytes from the system")]
    Random,
    /// A blocking thread died.
    #[error("finish a task on a blocking thread")]
    Task(#[from] tokio::task::JoinError),
    /// The relevance model that was named cannot be used.
    #[error("load the relevance model in {path}")]
    Model {
        /// The model's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A relevance model was named, and this program runs none.
    #[error("load the relevance model in {0}: this server was built without the feature `relevance`")]
    ModelsNotBuilt(PathBuf),
    /// A disk operation on a file of the data folder failed while the server ran.
    #[error("read or write a file of the data folder")]
    Io(#[from] io::Error),
}

impl ServerError {
    /// Wraps an I/O error with the path it happened to.
    pub(crate) fn disk(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { path, source }
    }

    /// Wraps what is wrong with a model with the file that it is in.
    #[cfg(feature = "relevance")]
    pub(crate) fn model<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Model { path, source: source.into() }
    }
}
