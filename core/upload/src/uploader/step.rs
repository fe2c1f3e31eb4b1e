//! One step from its lease to its report, with the token's refresh in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clearshot_capture::{CaptureState, CaptureStore, Outcome, Step};
use clearshot_protocol::Timestamp;
use tokio::sync::{Mutex, broadcast};
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::duration_until;
use crate::answer::{UNAUTHORIZED, fault, without_token};
use crate::progress::{HighWater, SendTimes, confirmed, failure, phase_after};
use crate::{
    AccessToken, Clock, Phase, PhotoProgress, ProgressEvent, SentObserver, StepPerformer, SyncEnd,
    SyncReport, TokenError, TokenProvider, UploadError, bytes_to_send,
};

/// A request is given up this long before its lease ends, so that it is dropped and reported before the queue gives
/// the step to somebody else. At most a tenth of the lease.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// What a synchronisation has done so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) steps: AtomicU64,
    failures: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_resent: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
}

impl Tally {
    pub(super) fn report(&self, end: SyncEnd) -> SyncReport {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SyncReport {
            end,
            steps: read(&self.steps),
            failures: read(&self.failures),
            bytes_sent: read(&self.bytes_sent),
            bytes_resent: read(&self.bytes_resent),
            accepted: read(&self.accepted),
            rejected: read(&self.rejected),
        }
    }
}

/// Runs steps. Clones share everything.
#[derive(Clone)]
pub(super) struct StepRunner {
    pub(super) performer: StepPerformer,
    pub(super) tokens: Arc<dyn TokenProvider>,
    pub(super) clock: Clock,
    /// Held while a token is refreshed, so that photos which are refused together share one fresh token.
    pub(super) refreshing: Arc<Mutex<()>>,
    pub(super) high_water: Arc<HighWater>,
    pub(super) send_times: Arc<SendTimes>,
    pub(super) events: broadcast::Sender<ProgressEvent>,
}

impl StepRunner {
    /// Performs the step and reports it, whatever happens; an error is the queue's.
    pub(super) async fn run(
        &self,
        store: Arc<CaptureStore>,
        step: Step,
        cancel: &CancellationToken,
        tally: &Arc<Tally>,
    ) -> Result<(), UploadError> {
        let begun = Instant::now();
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => Outcome::Cancelled,
            () = tokio::time::sleep(self.time_for(&step)) => fault("the request took longer than its lease".to_owned()),
            outcome = self.perform(&store, &step, tally) => outcome,
        };
        tracing::debug!(capture = %step.capture, failed = failure(&outcome).is_some(), "step done");
        if bytes_to_send(&step.request).is_some() {
            self.send_times.add(step.capture, begun.elapsed());
        }
        self.report(store, step, outcome, tally).await
    }

    /// Tells whoever listens; nobody need.
    pub(super) fn emit(&self, event: ProgressEvent) {
        // An error means that there is no reader now.
        let _ = self.events.send(event);
    }

    fn time_for(&self, step: &Step) -> Duration {
        let lease = duration_until(step.leased_until, (self.clock)());
        lease.saturating_sub(LEASE_MARGIN.min(lease / 10))
    }

    async fn perform(&self, store: &Arc<CaptureStore>, step: &Step, tally: &Arc<Tally>) -> Outcome {
        let token = match self.tokens.token().await {
            Ok(token) => token,
            Err(error) => return without_token(&error),
        };
        let refused = match self.attempt(store, step, &token, tally).await {
            outcome @ Outcome::Refused { status: UNAUTHORIZED, .. } => outcome,
            outcome => return outcome,
        };
        match self.refreshed(&token).await {
            Ok(fresh) if fresh != token => self.attempt(store, step, &fresh, tally).await,
            Ok(_) => refused,
            Err(error) => without_token(&error),
        }
    }

    /// A token other than the one that was refused, if there is one.
    async fn refreshed(&self, refused: &AccessToken) -> Result<AccessToken, TokenError> {
        let _one_at_a_time = self.refreshing.lock().await;
        // Another photo may have been refused with the same token, and have refreshed it meanwhile.
        let current = self.tokens.token().await?;
        if current == *refused { self.tokens.refresh().await } else { Ok(current) }
    }

    async fn attempt(
        &self,
        store: &Arc<CaptureStore>,
        step: &Step,
        token: &AccessToken,
        tally: &Arc<Tally>,
    ) -> Outcome {
        let mut sealed = None;
        if bytes_to_send(&step.request).is_some() {
            let (store, capture) = (Arc::clone(store), step.capture);
            match spawn_blocking(move || store.sealed_file(capture)).await {
                Ok(Ok(file)) => sealed = Some(file),
                // The queue has noted what is wrong with the photo; the step is still to be given back.
                Ok(Err(error)) => return fault(error.to_string()),
                Err(error) => return fault(error.to_string()),
            }
        }
        let observer = self.observer(step, tally);
        match self.performer.perform(step, sealed, token, observer).await {
            Ok(outcome) => outcome,
            Err(error) => fault(error.to_string()),
        }
    }

    fn observer(&self, step: &Step, tally: &Arc<Tally>) -> SentObserver {
        let (capture, total) = (step.capture, step.length);
        let from = AtomicU64::new(bytes_to_send(&step.request).map_or(0, |(offset, _)| offset));
        let (runner, tally) = (self.clone(), Arc::clone(tally));
        Arc::new(move |count| {
            let from = from.fetch_add(count, Ordering::Relaxed);
            let (sent, resent) = runner.high_water.sent(capture, from, count);
            tally.bytes_sent.fetch_add(count, Ordering::Relaxed);
            tally.bytes_resent.fetch_add(resent, Ordering::Relaxed);
            runner.emit(ProgressEvent::Photo(PhotoProgress { capture, sent, total, phase: Phase::Sending }));
        })
    }

    async fn report(
        &self,
        store: Arc<CaptureStore>,
        step: Step,
        outcome: Outcome,
        tally: &Tally,
    ) -> Result<(), UploadError> {
        let failed = failure(&outcome).is_some();
        tally.failures.fetch_add(u64::from(failed), Ordering::Relaxed);
        let sent = self.high_water.known(step.capture, confirmed(&step, &outcome));
        let (lease, capture, now) = (step.lease, step.capture, (self.clock)());
        let send_times = Arc::clone(&self.send_times);
        let (state, next_at, outcome) = spawn_blocking(move || {
            let state = store.report(lease, &outcome, now)?;
            if state == Some(CaptureState::Uploaded)
                && let Some(took) = send_times.take(capture)
            {
                store.note_upload_time(took)?;
            }
            let next_at = match state {
                Some(_) if failed => store.entry(capture)?.next_at,
                _ => None,
            };
            Ok::<(Option<CaptureState>, Option<Timestamp>, Outcome), UploadError>((state, next_at, outcome))
        })
        .await??;
        // Without a state, the step is somebody else's by now, and so is what there is to tell.
        let Some(state) = state else { return Ok(()) };
        let phase = phase_after(&outcome, state, next_at);
        match phase {
            Phase::Accepted => tally.accepted.fetch_add(1, Ordering::Relaxed),
            Phase::Rejected { .. } => tally.rejected.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        self.emit(ProgressEvent::Photo(PhotoProgress { capture, sent, total: step.length, phase }));
        Ok(())
    }
}
