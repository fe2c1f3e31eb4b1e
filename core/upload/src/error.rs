//! Why the uploader itself cannot go on. How a *step* went is a [`clearshot_capture::Outcome`], never an error.

use clearshot_protocol::CaptureId;

/// What keeps the uploader from working. Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The server's address cannot be used.
    #[error("use \"{address}\" as the server's address: {why}")]
    InvalidServer {
        /// The address as it was given, without any user name and password.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// Plain HTTP to another computer would show the token and the ids to everybody on the way.
    #[error("use \"{address}\": without https, only this computer itself may be addressed")]
    InsecureServer {
        /// The address as it was given.
        address: String,
    },
    /// A root certificate to trust in addition cannot be read.
    #[error("read the additional root certificate: {0}")]
    RootCertificate(String),
    /// The TLS settings were refused by the library.
    #[error("set TLS up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be made.
    #[error("set the HTTP client up")]
    Client(#[source] reqwest::Error),
    /// The sealed file of a capture cannot be read.
    #[error("read the sealed file of {capture}")]
    SealedFile {
        /// The capture.
        capture: CaptureId,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A body is to be written to a place where it cannot be: it has no folder, or it is in the queue's own.
    #[error(
        "write the body of a transfer: its file must be in a folder that is there, outside of the queue's"
    )]
    BodyPlace,
    /// A step that sends bytes came without the file that has them.
    #[error("send bytes of {capture}: its sealed file was not given")]
    NoSealedFile {
        /// The capture.
        capture: CaptureId,
    },
    /// A transfer is reported with a ticket that is none.
    #[error("understand the transfer: its ticket is not one")]
    Ticket,
    /// The queue could not be asked, or could not note an outcome.
    #[error("use the queue")]
    Queue(#[from] clearshot_capture::CaptureError),
    /// A worker thread of the runtime was lost.
    #[error("use a worker thread")]
    Worker(#[from] tokio::task::JoinError),
}

impl UploadError {
    /// The stable code, for foreign languages and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidServer { .. } => "invalid_server",
            Self::InsecureServer { .. } => "insecure_server",
            Self::RootCertificate(_) => "invalid_root_certificate",
            Self::Tls(_) => "tls_set_up",
            Self::Client(_) => "http_client",
            Self::SealedFile { .. } => "sealed_file",
            Self::BodyPlace => "body_place",
            Self::NoSealedFile { .. } => "no_sealed_file",
            Self::Ticket => "ticket",
            Self::Queue(_) => "queue",
            Self::Worker(_) => "worker",
        }
    }
}
