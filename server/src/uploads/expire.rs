//! What nobody wants any more: abandoned uploads are removed from the spool after a week and remembered for a month,
//! rejected photos are removed from the evidence after a week, and files that no row wants as soon as they are seen.

use std::sync::Arc;
use std::time::Duration;

use clearshot_protocol::Timestamp;
use uuid::Uuid;

use super::finish::was_received;
use super::receive::blocking;
use super::repair::{clear, id_of, repair_upload};
use super::spool;
use super::standing::is_abandoned;
use super::terminate::end;
use crate::app::App;
use crate::config::{REJECTED_LIFETIME, TOMBSTONE_LIFETIME, UPLOAD_LIFETIME};
use crate::error::ServerError;
use crate::store::uploads::{UploadRow, UploadState};

/// Rows that are looked at between two questions to the database.
const BATCH: u32 = 100;

/// How long the row of a file in the spool may take to follow it: longer than any request waits for the database.
const CREATION_TIME: Duration = Duration::from_hours(1);

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
    remove_left_over(app, now).await?;
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
                match end(app, &upload, &turn, UploadState::Expired).await {
                    Ok(ended) => removed += usize::from(ended),
                    // One file that the disk holds on to keeps no other from being removed.
                    Err(error) => postpone(&error),
                }
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
    let mut removed = 0;
    for id in &rejected {
        if app.stopping.is_cancelled() {
            return Ok(false);
        }
        let (folder, path) = (app.folder.clone(), app.folder.evidence_file(*id));
        // Durably: once it is noted, nobody looks for it again.
        if let Err(error) = blocking(move || Ok(spool::unlink(&folder, &path)?)).await {
            postpone(&error);
            continue;
        }
        let mut change = app.store.change().await?;
        change.note_photo_removed(*id, now).await?;
        change.commit().await?;
        removed += 1;
    }
    Ok(rejected.len() == BATCH as usize && removed > 0)
}

/// Removes files that no row wants in the spool: of uploads that ended while the disk held on to their file, and of
/// creations that were not committed.
async fn remove_left_over(app: &Arc<App>, now: Timestamp) -> Result<(), ServerError> {
    let folder = app.folder.clone();
    let names = blocking(move || Ok(folder.vfs().list(&folder.spool())?)).await?;
    for name in names {
        if app.stopping.is_cancelled() {
            return Ok(());
        }
        let Some(id) = id_of(&name) else { continue };
        match app.store.upload(id).await? {
            None if is_young(id, now) => {}
            None => clear(&app.store, &app.folder, &name).await?,
            Some(found) if is_wanted(&found) => {}
            Some(found) => {
                // Whoever is about to finish it does so first.
                let Ok(_turn) = app.turns.take(id, found.generation).await else { continue };
                let Some(found) = app.store.upload(id).await? else { continue };
                if found.state == UploadState::Complete && !was_received(&app.store, &found).await? {
                    // Attached, and no more: what the client has asked for is done.
                    repair_upload(&app.store, &app.folder, &found, now).await?;
                    app.to_check.notify_one();
                } else if !is_wanted(&found) {
                    clear(&app.store, &app.folder, &name).await?;
                }
            }
        }
    }
    Ok(())
}

/// Whether the upload's file belongs into the spool.
fn is_wanted(upload: &UploadRow) -> bool {
    match upload.state {
        UploadState::Open => true,
        UploadState::Complete => upload.attached.is_none(),
        UploadState::Failed | UploadState::Terminated | UploadState::Expired => false,
    }
}

/// Whether the row of a file may be on its way: the file is made before it. Ids of uploads begin with their time.
fn is_young(id: Uuid, now: Timestamp) -> bool {
    id.get_timestamp().is_some_and(|made| {
        let age = now.as_second().saturating_sub_unsigned(made.to_unix().0);
        age < CREATION_TIME.as_secs().cast_signed()
    })
}

fn postpone(error: &ServerError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a file could not be removed; it is tried again"
    );
}
