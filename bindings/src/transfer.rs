//! Transfers that the platform performs: requests and answers as plain records.
//!
//! Not responsible for what an answer means; that is decided in `clearshot-upload`.

use std::path::Path;
use std::sync::Arc;

use clearshot_upload as core;

use crate::error::{CaptureError, guarded};
use crate::foreign::{TokenAdapter, TokenProvider};
use crate::mirror::mirrored;
use crate::server::{Conditions, ServerSetup};
use crate::store::CaptureStore;
use crate::time::moment;
use crate::words::{CaptureState, WaitReason};

/// A request to perform: exactly once, without following redirects.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Transfer {
    /// To be given back with the answer, also by a later process. Holds ids, no token.
    pub ticket: String,
    /// The capture that it is for; absent for a question about many.
    pub capture: Option<String>,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The headers, with the token. `Content-Length` is the performer's to add.
    pub headers: Vec<HttpHeader>,
    /// The body.
    pub body: TransferBody,
    /// When the request may be made by somebody else, in milliseconds since 1970; absent when it does not matter.
    pub leased_until: Option<i64>,
}

/// A header of a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a request sends.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum TransferBody {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A range of a file, which stays as it is until the transfer is reported.
    /// [`UploadPlanner::write_body`] makes a file of its own of it.
    File {
        /// The file.
        path: String,
        /// The first byte.
        start: u64,
        /// How many bytes.
        length: u64,
    },
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum NextTransfer {
    /// Perform this, and report it.
    Perform {
        /// The request.
        transfer: Transfer,
    },
    /// Nothing can be done before `until`, or before what it waits for comes.
    Wait {
        /// When to ask again, in milliseconds since 1970.
        until: Option<i64>,
        /// What it waits for.
        reason: WaitReason,
    },
    /// Nothing is left to send.
    Done,
}

/// How a transfer went, as the platform saw it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum TransferResult {
    /// Somebody answered.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<HttpHeader>,
        /// The body, or as much of it as came.
        body: Vec<u8>,
    },
    /// Nobody did.
    NoAnswer {
        /// Why.
        failure: NetworkFailure,
    },
    /// It was told to stop. Costs no attempt.
    Cancelled,
}

mirrored! {
    /// Why nobody answered.
    NetworkFailure = clearshot_upload::NetworkFailure {
        /// There was no network, or no way to the server.
        Unreachable,
        /// The connection was cut.
        ConnectionLost,
        /// Nothing moved for too long.
        TimedOut,
        /// The server could not prove who it is.
        Tls,
        /// The file with the photo could not be read.
        File,
        /// Anything else.
        Other,
    }
}

/// What a report led to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Reported {
    /// The capture; absent for a question about many.
    pub capture: Option<String>,
    /// Where the capture stands now; absent when the transfer was not its own any more, and for a question.
    pub state: Option<CaptureState>,
    /// The same request with a fresh token, to be performed and reported in its place.
    pub again: Option<Transfer>,
}

/// Plans transfers for a platform that performs them itself. Open the store with
/// [`crate::StoreSetup::platform_performs_transfers`].
#[derive(uniffi::Object)]
pub struct UploadPlanner {
    store: Arc<CaptureStore>,
    planner: core::TransferPlanner,
}

#[uniffi::export]
impl UploadPlanner {
    /// A planner of the store's photos for a server, with the app's tokens.
    #[uniffi::constructor]
    pub fn new(
        store: Arc<CaptureStore>,
        server: ServerSetup,
        tokens: Arc<dyn TokenProvider>,
    ) -> Result<Arc<Self>, CaptureError> {
        guarded(|| {
            let tokens = Arc::new(TokenAdapter(tokens));
            let planner = core::TransferPlanner::new(store.core()?, server.address()?, tokens);
            Ok(Arc::new(Self { store, planner }))
        })
    }

    /// What to perform now. Asking again while transfers are out gives those of other photos.
    pub fn next(&self, conditions: Conditions, now: i64) -> Result<NextTransfer, CaptureError> {
        self.with(|planner| Ok(planner.next(conditions.into(), moment(now)?)?.into()))
    }

    /// Takes how a transfer went.
    pub fn report(&self, ticket: String, result: TransferResult, now: i64) -> Result<Reported, CaptureError> {
        self.with(|planner| Ok(planner.report(&ticket, &result.into(), moment(now)?)?.into()))
    }

    /// Writes the body of a transfer that sends a file's range to a file of its own (sealed bytes), for platforms that send
    /// whole files only. The app deletes it when the transfer is reported.
    pub fn write_body(&self, ticket: String, path: String) -> Result<(), CaptureError> {
        self.with(|planner| Ok(planner.write_body(&ticket, Path::new(&path))?))
    }
}

impl UploadPlanner {
    fn with<T>(
        &self,
        body: impl FnOnce(&core::TransferPlanner) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        guarded(|| {
            self.store.core()?;
            body(&self.planner).map_err(|error| self.store.closed_or(error))
        })
    }
}

impl From<core::Transfer> for Transfer {
    fn from(transfer: core::Transfer) -> Self {
        let headers = transfer.headers.into_iter();
        Self {
            ticket: transfer.ticket,
            capture: transfer.capture.map(|capture| capture.to_string()),
            method: transfer.method,
            url: transfer.url,
            headers: headers.map(|(name, value)| HttpHeader { name, value }).collect(),
            body: transfer.body.into(),
            leased_until: transfer.leased_until.map(clearshot_protocol::Timestamp::as_millisecond),
        }
    }
}

impl From<core::TransferBody> for TransferBody {
    fn from(body: core::TransferBody) -> Self {
        match body {
            core::TransferBody::Empty => Self::Empty,
            core::TransferBody::Bytes(bytes) => Self::Bytes { bytes },
            core::TransferBody::File { path, start, length } => {
                // It lies in the folder that the app named by a text.
                Self::File { path: path.to_string_lossy().into_owned(), start, length }
            }
        }
    }
}

impl From<core::NextTransfer> for NextTransfer {
    fn from(next: core::NextTransfer) -> Self {
        match next {
            core::NextTransfer::Perform(transfer) => Self::Perform { transfer: (*transfer).into() },
            core::NextTransfer::Wait { until, reason } => Self::Wait {
                until: until.map(clearshot_protocol::Timestamp::as_millisecond),
                reason: reason.into(),
            },
            core::NextTransfer::Done => Self::Done,
        }
    }
}

impl From<TransferResult> for core::TransferResult {
    fn from(result: TransferResult) -> Self {
        match result {
            TransferResult::Answer { status, headers, body } => {
                let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
                Self::Answer { status, headers, body }
            }
            TransferResult::NoAnswer { failure } => Self::NoAnswer(failure.into()),
            TransferResult::Cancelled => Self::Cancelled,
        }
    }
}

impl From<core::Reported> for Reported {
    fn from(reported: core::Reported) -> Self {
        Self {
            capture: reported.capture.map(|capture| capture.to_string()),
            state: reported.state.map(CaptureState::from),
            again: reported.again.map(|transfer| (*transfer).into()),
        }
    }
}
