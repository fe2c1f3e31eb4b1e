//! What nobody wants any more: abandoned uploads are removed from the spool after a week and remembered for a month,
//! rejected photos are removed from the evidence after a week.

use std::sync::Arc;

use clearshot_protocol::Timestamp;

use super::receive::blocking;
use super::standing::is_abandoned;
use super::terminate::end;
use crate::app::App;
use crate::config::{REJECTED_LIFETIME, TOMBSTONE_LIFETIME, UPLOAD_LIFETIME};
use crate::disk::remove_file;
use crate::error::ServerError;
use crate::store::uploads::UploadState;

/// Rows that are looked at between two questions to the database.
const BATCH: u32 = 100;

/// Sweeps until the server stops. What could not be done is tried again with the next round.
pub(crate) async fn keep_clean(app: Arc<App>) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what nobody wants any more could not be removed"
            );
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(app.sweep_interval) => {}
        }
    }
}

async fn sweep(app: &Arc<App>) -> Result<(), ServerError> {
    let now = app.clock.now();
    while remove_abandoned(app, now).await? {}
    while remove_rejected(app, now).await? {}
    let mut change = app.store.change().await?;
    change.forget_uploads(now - TOMBSTONE_LIFETIME).await?;
    change.commit().await
}

/// Removes the bytes of uploads that nobody has touched for their lifetime. True when there may be more of them.
async fn remove_abandoned(app: &Arc<App>, now: Timestamp) -> Result<bool, ServerError> {
    let abandoned = app.store.abandoned_uploads(now - UPLOAD_LIFETIME, BATCH).await?;
    let mut removed = 0;
    for id in &abandoned {
        if app.stopping.is_cancelled() {
            return Ok(false);
        }
        let Some(found) = app.store.upload(*id).await? else { continue };
        // Whoever comes in this moment wants it: it is not abandoned any more.
        let Ok(turn) = app.turns.take(*id, found.generation).await else { continue };
        match app.store.upload(*id).await? {
            Some(upload)
                if matches!(upload.state, UploadState::Open | UploadState::Complete)
                    && is_abandoned(&upload, now) =>
            {
                removed += usize::from(end(app, &upload, &turn, UploadState::Expired).await?);
            }
            _ => {}
        }
    }
    if removed > 0 {
        tracing::info!(removed, "abandoned uploads were removed");
    }
    Ok(abandoned.len() == BATCH as usize && removed > 0)
}

/// Removes the photos of evidence that was rejected a while ago. True when there may be more of them.
async fn remove_rejected(app: &Arc<App>, now: Timestamp) -> Result<bool, ServerError> {
    let rejected = app.store.rejected_photos(now - REJECTED_LIFETIME, BATCH).await?;
    if rejected.is_empty() || app.stopping.is_cancelled() {
        return Ok(false);
    }
    let paths: Vec<_> = rejected.iter().map(|id| app.folder.evidence_file(*id)).collect();
    blocking(move || paths.iter().try_for_each(|path| remove_file(path).map_err(ServerError::disk(path))))
        .await?;
    let mut change = app.store.change().await?;
    for id in &rejected {
        change.note_photo_removed(*id, now).await?;
    }
    change.commit().await?;
    Ok(rejected.len() == BATCH as usize)
}
