//! The re-check: every received photo is opened and judged again, off the upload's path.
//!
//! The queue is the table: evidence that is `received`. It cannot overflow or be lost, and after a restart it goes on
//! where it was. A few workers take one at a time, so that memory is bounded by their number, and the pixels are
//! judged on blocking threads, so that requests do not wait for them.
//!
//! The relevance model looks at the same photo; what it saw, which model it was, and whether the phone's saw the same is
//! kept with the evidence ([`model`]). What the phone's analysis said is advice, and so is the server's: a photo that
//! either would retake is still accepted and shown to the agent. Refused is only what is no photo of this capture
//! ([`judge`]).

mod judge;
mod model;

use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use clearshot_protocol::api::{EvidenceView, Rejection};
use clearshot_protocol::relevance::RelevanceView;
use serde_json::json;

pub(crate) use self::judge::SEEN_BY_MODELS;
use self::judge::{Expected, Judgement, judge};
pub(crate) use self::model::Model;
use crate::app::App;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;

/// Bytes read from a sealed photo at a time: age works in chunks of 64 KiB.
const READ_BUFFER: usize = 64 * 1024;

/// How long a worker waits after the disk or the database failed. The evidence waits with it, it is not refused.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// Starts the workers; the first of them also finishes what a restart interrupted.
pub(crate) async fn start(app: &Arc<App>, workers: usize) -> Result<(), ServerError> {
    let mut interrupted = app.store.interrupted_checks().await?;
    for _ in 0..workers.max(1) {
        let (app, first) = (app.clone(), std::mem::take(&mut interrupted));
        let tasks = app.tasks.clone();
        tasks.spawn(work(app, first));
    }
    Ok(())
}

async fn work(app: Arc<App>, mut interrupted: Vec<EvidenceView>) {
    while !app.stopping.is_cancelled() {
        let done = match check_next(&app).await {
            Ok(false) => match interrupted.pop() {
                Some(evidence) => check(&app, &evidence).await.map(|()| true),
                None => Ok(false),
            },
            other => other,
        };
        match done {
            Ok(true) => {}
            Ok(false) => tokio::select! {
                () = app.stopping.cancelled() => {}
                () = app.to_check.notified() => {}
            },
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a re-check could not be done; it waits"
                );
                tokio::select! {
                    () = app.stopping.cancelled() => {}
                    () = tokio::time::sleep(FAILURE_PAUSE) => {}
                }
                interrupted = app.store.interrupted_checks().await.unwrap_or(interrupted);
            }
        }
    }
}

/// Checks the evidence that has waited longest; false when none waits.
async fn check_next(app: &Arc<App>) -> Result<bool, ServerError> {
    let mut change = app.store.change().await?;
    let Some(evidence) = change.claim_check(app.clock.now()).await? else { return Ok(false) };
    change.commit().await?;
    // One notification wakes one worker: pass it on, there may be more.
    app.to_check.notify_one();
    check(app, &evidence).await?;
    Ok(true)
}

async fn check(app: &Arc<App>, evidence: &EvidenceView) -> Result<(), ServerError> {
    let expected = Expected { capture: evidence.id, return_id: evidence.return_id, item: evidence.item_id };
    let opening = app.clone();
    let judged = tokio::task::spawn_blocking(move || {
        let sealed = match opening.folder.open_evidence(expected.capture) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(lost()),
            other => other.map_err(ServerError::disk(opening.folder.evidence_file(expected.capture)))?,
        };
        let sealed = BufReader::with_capacity(READ_BUFFER, sealed);
        judge(&opening.store.keys.identity, &opening.model, sealed, &expected)
    });
    let judgement = match judged.await {
        Ok(judgement) => judgement?,
        // A photo that makes the decoder panic must neither end the worker nor be tried for ever.
        Err(panic) => {
            tracing::error!(evidence = %evidence.id, error = %panic, "a re-check panicked");
            set_aside("check_failed", "The server's check broke on this photo. Look at it with care.")
        }
    };
    record(app, evidence, judgement).await
}

fn lost() -> Judgement {
    set_aside("photo_lost", "The server's disk no longer has this photo. Restore it from a backup.")
}

fn set_aside(code: &str, detail: &str) -> Judgement {
    let rejection = Rejection { code: code.to_owned(), detail: detail.to_owned() };
    Judgement::Quarantined { rejection, capture: None }
}

async fn record(app: &App, evidence: &EvidenceView, judgement: Judgement) -> Result<(), ServerError> {
    let (id, now) = (evidence.id, app.clock.now());
    let mut change = app.store.change().await?;
    match judgement {
        Judgement::Accepted { capture, analysis, activation } => {
            let agreement = judge::agree(&capture.device_analysis, &analysis);
            let relevance = RelevanceView::of(Some(&capture.device_analysis), Some(&analysis));
            let data = json!({
                "verdict": analysis.verdict,
                "agreement": agreement,
                "subject_agreement": relevance.and_then(|relevance| relevance.agreement),
            });
            if change.step(id, EvidenceStep::Accept, &data, now).await? {
                change.keep_capture(id, &capture).await?;
                change.keep_analysis(id, &analysis, agreement, activation.as_deref()).await?;
                change.settle_retakes(id, now).await?;
            }
        }
        Judgement::Rejected { rejection, capture } => {
            refuse(&mut change, id, EvidenceStep::Reject, &rejection, capture.as_deref(), now).await?;
        }
        Judgement::Quarantined { rejection, capture } => {
            refuse(&mut change, id, EvidenceStep::Quarantine, &rejection, capture.as_deref(), now).await?;
            change.settle_retakes(id, now).await?;
        }
    }
    change.commit().await
}

async fn refuse(
    change: &mut crate::store::Change,
    id: clearshot_protocol::CaptureId,
    step: EvidenceStep,
    rejection: &Rejection,
    capture: Option<&clearshot_protocol::api::CaptureView>,
    now: clearshot_protocol::Timestamp,
) -> Result<(), ServerError> {
    if change.refuse(id, step, rejection, now).await?
        && let Some(capture) = capture
    {
        change.keep_capture(id, capture).await?;
    }
    Ok(())
}
