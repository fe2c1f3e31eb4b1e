//! One step, one request.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use clearshot_capture::{Outcome, SealedFile, Step, UploadRequest};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH};
use reqwest::{Body, Client, RequestBuilder};

use crate::answer::{ANSWER_LIMIT, Answer, fault, interpret};
use crate::body::{Activity, SentObserver, read_range};
use crate::request::PlainRequest;
use crate::{AccessToken, Clock, ServerAddress, Timeouts, Transport, UploadError};

/// Makes the request of a [`Step`]: exactly one, without repeating it, without following redirects.
///
/// Dropping the future of [`StepPerformer::perform`] drops the connection. Cloning is cheap, and clones share
/// connections.
#[derive(Clone)]
pub struct StepPerformer {
    pub(crate) client: Client,
    pub(crate) server: ServerAddress,
    pub(crate) timeouts: Timeouts,
    clock: Clock,
}

impl StepPerformer {
    /// A performer for one server. `clock` is asked when an answer names a date to wait for.
    pub fn new(server: ServerAddress, transport: &Transport, clock: Clock) -> Result<Self, UploadError> {
        let client = transport.client(&server)?;
        Ok(Self { client, server, timeouts: transport.timeouts, clock })
    }

    /// The server.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// Makes the step's request. `sealed` is needed where [`bytes_to_send`] says so; `observer` is told of every
    /// block of it that goes to the network.
    ///
    /// Whatever the server or the network does is an [`Outcome`]; an error means that the sealed file could not be
    /// read.
    pub async fn perform(
        &self,
        step: &Step,
        sealed: Option<SealedFile>,
        token: &AccessToken,
        observer: SentObserver,
    ) -> Result<Outcome, UploadError> {
        let (offset, length) = bytes_to_send(&step.request).unwrap_or_default();
        let activity = Activity::begin(length);
        let mut request = match self.head(step) {
            Ok(request) => request.header(AUTHORIZATION, token.header()),
            Err(refused) => return Ok(refused),
        };
        if length > 0 {
            let sealed = sealed.ok_or(UploadError::NoSealedFile { capture: step.capture })?;
            let body = read_range(sealed, offset, length, Arc::clone(&activity), observer)
                .await
                .map_err(|source| UploadError::SealedFile { capture: step.capture, source })?;
            // The stated length makes the body a plain one rather than a chunked one.
            request = request.header(CONTENT_LENGTH, length).body(Body::wrap_stream(body));
        }
        let answered = tokio::select! {
            answered = exchange(request, &activity) => answered,
            waited_for = activity.stalled(self.timeouts) => return Ok(fault(waited_for.to_owned())),
        };
        match answered {
            Ok(answer) => Ok(interpret(step, &self.server, &answer, (self.clock)())),
            Err(error) => match activity.take_read_error() {
                Some(source) => Err(UploadError::SealedFile { capture: step.capture, source }),
                None => Ok(fault(describe(error))),
            },
        }
    }

    /// The step's request, without token and body.
    fn head(&self, step: &Step) -> Result<RequestBuilder, Outcome> {
        let PlainRequest { method, url, headers } = PlainRequest::of_step(step, &self.server)?;
        let request = self.client.request(method, url);
        Ok(headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)))
    }
}

/// The offset and the number of the bytes that a request sends; `None` when it sends none.
pub fn bytes_to_send(request: &UploadRequest) -> Option<(u64, u64)> {
    match request {
        UploadRequest::Create { body, .. } if *body > 0 => Some((0, *body)),
        UploadRequest::Append { offset, body, .. } if *body > 0 => Some((*offset, *body)),
        _ => None,
    }
}

pub(crate) async fn exchange(request: RequestBuilder, activity: &Activity) -> Result<Answer, ExchangeError> {
    let mut response = request.send().await?;
    activity.touch();
    let mut body = Vec::new();
    while let Some(chunk) = next_chunk(&mut response).await? {
        activity.touch();
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(ExchangeError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), headers: response.headers().clone(), body })
}

/// A part of the answer's body. When the answer came before the whole request was sent, the server may close the
/// connection in the middle of a body that says nothing that the head has not said.
async fn next_chunk(response: &mut reqwest::Response) -> Result<Option<Bytes>, reqwest::Error> {
    match response.chunk().await {
        Err(_) if !response.status().is_success() => Ok(None),
        chunk => chunk,
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is longer than any of the server's")]
    TooLong,
}

/// The whole chain of causes in one line, without the address, which has ids in it.
fn describe(error: ExchangeError) -> String {
    let error = match error {
        ExchangeError::Http(error) => error.without_url(),
        ExchangeError::TooLong => return error.to_string(),
    };
    let mut text = if error.is_connect() {
        "the server could not be reached".to_owned()
    } else {
        "the connection was lost".to_owned()
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
