//! Transfers that a platform performs: a background `URLSession`, say, which goes on while the app does not run.
//!
//! [`TransferPlanner::next`] gives a whole request with its token, and a [`Transfer::ticket`] that says all that is needed
//! to understand the answer, in this process or a later one; [`TransferPlanner::report`] takes the answer as it came.
//! What it means is decided where the [`crate::Uploader`]'s answers are, and what is sent next by the queue.
//!
//! Not responsible for performing anything, and not asynchronous: it reads and writes the queue, and asks for tokens.

mod ticket;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clearshot_capture::{CaptureState, CaptureStore, Conditions, Outcome, Plan, Step, WaitReason};
use clearshot_protocol::reconcile::ReconcileAnswer;
use clearshot_protocol::{CaptureId, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use self::ticket::{Errand, Ticket};
use crate::answer::{ANSWER_LIMIT, Answer, UNAUTHORIZED, fault, interpret, without_token};
use crate::reconcile::understood;
use crate::request::PlainRequest;
use crate::{AccessToken, ServerAddress, TokenError, UploadError, bytes_to_send};

/// How often the queue is offered to ask the server what it has. How often it is asked, the queue says.
const QUESTION_INTERVAL: Duration = Duration::from_mins(10);

/// Gives the planner its token; as [`crate::TokenProvider`], for callers that wait.
pub trait TokenSource: Send + Sync {
    /// The token in use; with `refresh` a fresh one, after the server has refused the last.
    fn token(&self, refresh: bool) -> Result<AccessToken, TokenError>;
}

/// A request to perform: exactly once, without following redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// To be given back with the answer. Holds ids, no token.
    pub ticket: String,
    /// The capture that it is for; `None` for a question about many.
    pub capture: Option<CaptureId>,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The headers, with the token. `Content-Length` is the performer's to add.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: TransferBody,
    /// When the request may be made by somebody else; `None` when it does not matter.
    pub leased_until: Option<Timestamp>,
}

/// What a request sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferBody {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A range of a file, which stays as it is until the transfer is reported.
    File {
        /// The file.
        path: PathBuf,
        /// The first byte.
        start: u64,
        /// How many bytes.
        length: u64,
    },
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextTransfer {
    /// Perform this, and report it.
    Perform(Box<Transfer>),
    /// Nothing can be done before `until`, or before what it waits for comes.
    Wait {
        /// When to ask again.
        until: Option<Timestamp>,
        /// What it waits for.
        reason: WaitReason,
    },
    /// Nothing is left to send.
    Done,
}

/// How a transfer went, as the platform saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferResult {
    /// Somebody answered.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body, or as much of it as came.
        body: Vec<u8>,
    },
    /// Nobody did.
    NoAnswer(NetworkFailure),
    /// It was told to stop. Costs no attempt.
    Cancelled,
}

/// Why nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkFailure {
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

/// What a report led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The capture; `None` for a question about many.
    pub capture: Option<CaptureId>,
    /// Where the capture stands now; `None` when the transfer was not its own any more, and for a question.
    pub state: Option<CaptureState>,
    /// The same request with a fresh token, to be performed and reported in its place.
    pub again: Option<Box<Transfer>>,
}

/// Plans transfers of one store to one server. The store should be opened with
/// [`clearshot_capture::StoreConfig::steps_end_with_process`] false.
pub struct TransferPlanner {
    store: Arc<CaptureStore>,
    server: ServerAddress,
    tokens: Arc<dyn TokenSource>,
    asked: Mutex<Option<Timestamp>>,
}

impl TransferPlanner {
    /// A planner of `store`'s captures for `server`, with the tokens of `tokens`.
    pub fn new(store: Arc<CaptureStore>, server: ServerAddress, tokens: Arc<dyn TokenSource>) -> Self {
        Self { store, server, tokens, asked: Mutex::new(None) }
    }

    /// What to perform now. Asking again while transfers are out gives those of other captures.
    pub fn next(&self, conditions: Conditions, now: Timestamp) -> Result<NextTransfer, UploadError> {
        if let Some(question) = self.question(conditions, now)? {
            return Ok(NextTransfer::Perform(Box::new(question)));
        }
        loop {
            let step = match self.store.next(conditions, now)? {
                Plan::Upload(step) => step,
                Plan::Wait { until, reason } => return Ok(NextTransfer::Wait { until, reason }),
                Plan::Done => return Ok(NextTransfer::Done),
            };
            let transfer = match self.tokens.token(false) {
                Ok(token) => self.transfer(&step, false, &token),
                Err(error) => Err(without_token(&error)),
            };
            match transfer {
                Ok(transfer) => return Ok(NextTransfer::Perform(Box::new(transfer))),
                // The queue hears why, and says what else there is.
                Err(outcome) => drop(self.store.report(step.lease, &outcome, now)?),
            }
        }
    }

    /// Takes how a transfer went. A token that was refused is refreshed once, and the request handed out again.
    pub fn report(
        &self,
        ticket: &str,
        result: &TransferResult,
        now: Timestamp,
    ) -> Result<Reported, UploadError> {
        let ticket = Ticket::parse(ticket)?;
        let answer = match result {
            TransferResult::Answer { status, headers, body } => Ok(answer(*status, headers, body)),
            TransferResult::NoAnswer(failure) => Err(fault(failure.detail().to_owned())),
            TransferResult::Cancelled => Err(Outcome::Cancelled),
        };
        match ticket.errand {
            Errand::Question => {
                let held = answer.ok().flatten().and_then(|answer| understood(&self.server, &answer));
                self.reconciled(held.as_ref(), now)?;
                Ok(Reported { capture: None, state: None, again: None })
            }
            Errand::Step(step) => {
                let outcome = match answer {
                    Ok(Some(answer)) => interpret(&step, &self.server, &answer, now),
                    Ok(None) => fault("the answer cannot be read".to_owned()),
                    Err(outcome) => outcome,
                };
                self.step_done(&step, ticket.renewed, outcome, now)
            }
        }
    }

    /// Writes the body of a transfer that sends a file's range to a file of its own, for platforms that send whole files
    /// only. They are sealed bytes; whoever asked for the file deletes it. What lies there is overwritten, so no file of the
    /// queue's folder may be named.
    pub fn write_body(&self, ticket: &str, to: &Path) -> Result<(), UploadError> {
        let Errand::Step(step) = Ticket::parse(ticket)?.errand else { return Err(UploadError::Ticket) };
        let capture = step.capture;
        let (offset, length) = bytes_to_send(&step.request).ok_or(UploadError::Ticket)?;
        if !is_outside(to, &self.store.sealed_path(capture)) {
            return Err(UploadError::BodyPlace);
        }
        let mut sealed = self.store.sealed_file(capture)?;
        let write = move || {
            sealed.file.seek(SeekFrom::Start(sealed.start + offset))?;
            let copied = io::copy(&mut sealed.file.take(length), &mut File::create(to)?)?;
            if copied < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
        };
        write().map_err(|source| UploadError::SealedFile { capture, source })
    }

    fn step_done(
        &self,
        step: &Step,
        renewed: bool,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Reported, UploadError> {
        let mut outcome = outcome;
        if !renewed && matches!(outcome, Outcome::Refused { status: UNAUTHORIZED, .. }) {
            let again = match self.tokens.token(true) {
                Ok(token) => self.transfer(step, true, &token),
                Err(error) => Err(without_token(&error)),
            };
            match again {
                Ok(again) => {
                    let again = Some(Box::new(again));
                    return Ok(Reported { capture: Some(step.capture), state: None, again });
                }
                Err(other) => outcome = other,
            }
        }
        let state = self.store.report(step.lease, &outcome, now)?;
        Ok(Reported { capture: Some(step.capture), state, again: None })
    }

    /// The step's transfer, or why there is none.
    fn transfer(&self, step: &Step, renewed: bool, token: &AccessToken) -> Result<Transfer, Outcome> {
        let request = PlainRequest::of_step(step, &self.server)?;
        let body = match bytes_to_send(&step.request) {
            None => TransferBody::Empty,
            Some((offset, length)) => {
                // Opening it notes in the queue when it is gone.
                let sealed =
                    self.store.sealed_file(step.capture).map_err(|error| fault(error.to_string()))?;
                let path = self.store.sealed_path(step.capture);
                TransferBody::File { path, start: sealed.start + offset, length }
            }
        };
        let ticket = Ticket { errand: Errand::Step(step.clone()), renewed };
        Ok(Transfer {
            capture: Some(step.capture),
            leased_until: Some(step.leased_until),
            ..filled_in(&ticket, request, body, token)
        })
    }

    /// The question what the server has, if the queue wants to know and there is a token.
    fn question(&self, conditions: Conditions, now: Timestamp) -> Result<Option<Transfer>, UploadError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back asks too early, and once.
        let is_early = asked.is_some_and(|at| now >= at && duration_since(now, at) < QUESTION_INTERVAL);
        if is_early || !conditions.online {
            return Ok(None);
        }
        *asked = Some(now);
        let Some(question) = self.store.reconcile_request(now)? else { return Ok(None) };
        let (Ok(token), Ok(body)) = (self.tokens.token(false), serde_json::to_vec(&question)) else {
            return Ok(None);
        };
        let ticket = Ticket { errand: Errand::Question, renewed: false };
        let request = PlainRequest::of_question(&self.server);
        Ok(Some(filled_in(&ticket, request, TransferBody::Bytes(body), &token)))
    }

    /// That a question came to nothing is no error: sending goes on without it.
    fn reconciled(&self, held: Option<&ReconcileAnswer>, now: Timestamp) -> Result<(), UploadError> {
        if let Some(held) = held {
            self.store.reconciled(held, now)?;
        }
        Ok(())
    }
}

impl NetworkFailure {
    /// What happened, for a person.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Unreachable => "the server could not be reached",
            Self::ConnectionLost => "the connection was lost",
            Self::TimedOut => "the server did not answer in time",
            Self::Tls => "the server could not prove who it is",
            Self::File => "this device failed to read the photo's file",
            Self::Other => "the request failed",
        }
    }
}

fn filled_in(ticket: &Ticket, request: PlainRequest, body: TransferBody, token: &AccessToken) -> Transfer {
    let mut headers = request.headers;
    headers.push((AUTHORIZATION.as_str().to_owned(), token.to_bearer()));
    Transfer {
        ticket: ticket.to_text(),
        capture: None,
        method: request.method.to_string(),
        url: request.url.to_string(),
        headers,
        body,
        leased_until: None,
    }
}

/// Whether a file would lie outside of the queue's folder, which is above the folder of the sealed file; links are followed.
fn is_outside(file: &Path, sealed: &Path) -> bool {
    let folder_of = |path: &Path| path.parent().and_then(|folder| folder.canonicalize().ok());
    let queue = sealed.parent().and_then(folder_of);
    let real = file.canonicalize().ok().or_else(|| folder_of(file));
    matches!((real, queue), (Some(real), Some(queue)) if !real.starts_with(&queue))
}

fn duration_since(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// The answer as the interpreter takes it; `None` when its status is none, or it is longer than any of the server's.
fn answer(status: u16, headers: &[(String, String)], body: &[u8]) -> Option<Answer> {
    if body.len() > ANSWER_LIMIT {
        return None;
    }
    let mut map = HeaderMap::new();
    // What is no header by the rules of HTTP is none of the server's.
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            map.append(name, value);
        }
    }
    Some(Answer { status: StatusCode::from_u16(status).ok()?, headers: map, body: body.to_vec() })
}
