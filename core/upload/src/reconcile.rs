//! Asking the server what it has of the queue's captures, before anything is sent.

use std::sync::Arc;

use clearshot_capture::CaptureStore;
use clearshot_protocol::reconcile::{ReconcileAnswer, ReconcileRequest};
use clearshot_protocol::upload::header;
use reqwest::header::AUTHORIZATION;
use tokio::task::spawn_blocking;

use crate::address::to_stored_location;
use crate::answer::Answer;
use crate::body::Activity;
use crate::performer::exchange;
use crate::request::PlainRequest;
use crate::{AccessToken, Clock, ServerAddress, StepPerformer, TokenProvider, UploadError};

/// Asks, if the queue wants to; says how many captures stand elsewhere now. That the question came to nothing is no
/// error: sending goes on without it. An error is the queue's.
pub(crate) async fn reconcile(
    store: &Arc<CaptureStore>,
    performer: &StepPerformer,
    tokens: &dyn TokenProvider,
    clock: &Clock,
) -> Result<u64, UploadError> {
    let (asking, now) = (Arc::clone(store), clock());
    let Some(request) = spawn_blocking(move || asking.reconcile_request(now)).await?? else { return Ok(0) };
    let Ok(token) = tokens.token().await else { return Ok(0) };
    let Some(answer) = performer.reconcile(&request, &token).await else { return Ok(0) };
    let (noting, now) = (Arc::clone(store), clock());
    let changed = spawn_blocking(move || noting.reconciled(&answer, now)).await??;
    tracing::debug!(asked = request.captures.len(), changed, "reconciled");
    Ok(changed)
}

impl StepPerformer {
    /// Makes the request. `None` when there is no answer of the server's; an empty one when it does not know the
    /// question.
    async fn reconcile(&self, request: &ReconcileRequest, token: &AccessToken) -> Option<ReconcileAnswer> {
        let activity = Activity::begin(0);
        let PlainRequest { method, url, headers } = PlainRequest::of_question(&self.server);
        let mut question = self.client.request(method, url).header(AUTHORIZATION, token.header());
        for (name, value) in headers {
            question = question.header(name, value);
        }
        // Ids and digests: writing them cannot fail.
        let question = question.body(serde_json::to_vec(request).unwrap_or_default());
        let answer = tokio::select! {
            answered = exchange(question, &activity) => answered.ok()?,
            _ = activity.stalled(self.timeouts) => return None,
        };
        understood(&self.server, &answer)
    }
}

/// What the server's answer says that it has; `None` when it is no answer of the server's, nothing where the server does
/// not know the question.
pub(crate) fn understood(server: &ServerAddress, answer: &Answer) -> Option<ReconcileAnswer> {
    if matches!(answer.status.as_u16(), 404 | 405) && answer.is_the_servers() {
        return Some(ReconcileAnswer { captures: Vec::new() });
    }
    if !answer.status.is_success() || !answer.is_json() {
        return None;
    }
    let mut understood: ReconcileAnswer = serde_json::from_slice(&answer.body).ok()?;
    for held in &mut understood.captures {
        // An address that must not be given the token is none; the upload is then found by its creation.
        let location = held.location.take().and_then(|location| server.locate(&location).ok());
        held.location = location.as_ref().map(to_stored_location);
    }
    Some(understood)
}

impl Answer {
    /// Whether the answer, a refusal, is the server's own.
    fn is_the_servers(&self) -> bool {
        self.problem().is_some() || self.headers.contains_key(header::TUS_RESUMABLE)
    }
}
