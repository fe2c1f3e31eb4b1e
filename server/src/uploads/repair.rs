//! What is done at start: whatever a crash left half-way is finished or undone. The rows decide.
//!
//! | row | spool file | evidence file | what happened | what is done |
//! | --- | --- | --- | --- | --- |
//! | – | yes | | the creation was not committed | the file is removed |
//! | open | longer than the row says | | bytes came that were not counted | nothing: the next request cuts them off |
//! | open | shorter than the row says | | the disk lost bytes | the row says what is there |
//! | open | yes or – | whole | the rows did not follow the file | the rows follow |
//! | open | – | – | the disk lost the file | the capture waits to be sent again |
//! | complete, attached, evidence not received | yes or – | yes or – | a whole upload was attached, and no more | it becomes evidence |
//! | complete, attached | yes | whole | the spool was not cleared | the name in the spool is removed |
//! | complete, attached | yes | – | the rows went before the name | the file gets its name |
//! | complete, not attached | – | | the disk lost the file | the upload is gone |
//!
//! A file that the disk does not give keeps only its own upload from being mended, and nobody from starting.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;

use clearshot_protocol::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::finish::{Whole, record};
use super::receive::blocking;
use super::spool;
use crate::disk::{DataFolder, parent_of};
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::store::Store;
use crate::store::uploads::{Attachment, Move, UploadRow, UploadState};
use crate::vfs::exists;

/// Brings rows and files together. Nothing else uses them yet: the server has not begun to listen.
pub(crate) async fn repair(store: &Store, folder: &DataFolder, now: Timestamp) -> Result<(), ServerError> {
    let mut wanted = HashSet::new();
    for upload in &store.uploads_to_repair().await? {
        if repair_upload(store, folder, upload, now).await? {
            wanted.insert(upload.id);
        }
    }
    for name in folder.vfs().list(&folder.spool()).map_err(ServerError::disk(folder.spool()))? {
        if !id_of(&name).is_some_and(|id| wanted.contains(&id)) {
            clear(store, folder, &name).await?;
        }
    }
    Ok(())
}

/// Brings one upload's rows and files together. True when its file belongs into the spool still, as does one that the
/// disk does not give: it stays as it is.
pub(super) async fn repair_upload(
    store: &Store,
    folder: &DataFolder,
    upload: &UploadRow,
    now: Timestamp,
) -> Result<bool, ServerError> {
    match repair_one(store, folder, upload, now).await {
        Err(error @ (ServerError::Disk { .. } | ServerError::Io(_))) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(upload = %upload.id, error, "an upload could not be repaired; it stays as it is");
            Ok(true)
        }
        other => other,
    }
}

/// The upload whose file in the spool has this name.
pub(super) fn id_of(name: &OsStr) -> Option<Uuid> {
    name.to_str()?.parse().ok()
}

/// Removes a file that no row wants in the spool; first making sure that evidence has its own name. One that cannot be
/// removed now is left to the next sweep.
pub(super) async fn clear(store: &Store, folder: &DataFolder, name: &OsStr) -> Result<(), ServerError> {
    let upload = match id_of(name) {
        Some(id) => store.upload(id).await?,
        None => None,
    };
    let mut evidence_file = None;
    if let Some(UploadRow { state: UploadState::Complete, attached: Some(attached), .. }) = upload
        && !store.photo_was_removed(attached.evidence_id).await?
    {
        evidence_file = Some(folder.evidence_file(attached.evidence_id));
    }
    let (folder, path) = (folder.clone(), folder.spool().join(name));
    let cleared = blocking(move || {
        if let (Some(upload), Some(evidence)) = (&upload, &evidence_file)
            && !exists(&**folder.vfs(), evidence).map_err(ServerError::disk(evidence))?
        {
            tracing::warn!(upload = %upload.id, "a photo had its name in the spool only; it got its place");
            spool::link(&folder, upload.id, evidence).map_err(ServerError::disk(evidence))?;
        }
        folder.vfs().remove(&path).map_err(ServerError::disk(path))
    });
    if let Err(error) = cleared.await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "a file that nobody wants in the spool could not be removed; it will be swept");
    }
    Ok(())
}

/// True when the upload's file belongs into the spool still.
async fn repair_one(
    store: &Store,
    folder: &DataFolder,
    upload: &UploadRow,
    now: Timestamp,
) -> Result<bool, ServerError> {
    // Nobody who held a turn before can write after this one.
    let generation = upload.generation + 1;
    if let Some(attached) = upload.attached {
        let (on, of) = (folder.clone(), upload.clone());
        let whole = blocking(move || whole_evidence(&on, &of, attached, generation, now)).await?;
        if let Some(whole) = whole {
            record(store, None, upload, whole).await?;
            return Ok(false);
        }
    }
    let to = |offset, state| Move { generation, offset, length: None, sha256: None, state };
    let path = spool::path(folder, upload.id);
    match folder.vfs().file_length(&path) {
        // Whole and attached, and still here: its bytes are not those that were received.
        Ok(_) if upload.state == UploadState::Complete && upload.attached.is_some() => {}
        Ok(length) if length >= upload.offset => return Ok(true),
        Ok(length) if upload.state == UploadState::Open => {
            tracing::warn!(upload = %upload.id, "the disk lost bytes of an upload; they will be asked for again");
            let mut change = store.change().await?;
            change.move_upload(upload.id, &to(length, UploadState::Open), now).await?;
            change.commit().await?;
            return Ok(true);
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(ServerError::Disk { path, source }),
    }
    tracing::warn!(upload = %upload.id, "the disk lost an upload; its capture will be asked for again");
    let mut change = store.change().await?;
    change.move_upload(upload.id, &to(upload.offset, UploadState::Terminated), now).await?;
    if let Some(attached) = upload.attached {
        change.step(attached.evidence_id, EvidenceStep::Withdraw, &Value::Null, now).await?;
    }
    change.commit().await?;
    Ok(false)
}

/// All bytes of an upload where they have their name among the evidence, or are to get it: durably, for the rows follow.
/// Blocking.
fn whole_evidence(
    folder: &DataFolder,
    upload: &UploadRow,
    attached: Attachment,
    generation: u64,
    now: Timestamp,
) -> Result<Option<Whole>, ServerError> {
    let (Some(length), Some(digest)) = (upload.length, upload.sha256) else { return Ok(None) };
    let evidence = folder.evidence_file(attached.evidence_id);
    let found = match spool::digest_of(&**folder.vfs(), &evidence) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.map_err(ServerError::disk(&evidence))?),
    };
    if found == Some((length, digest)) {
        // The process may have been killed before it came to this.
        folder.vfs().sync_folder(&parent_of(&evidence)).map_err(ServerError::disk(&evidence))?;
    } else if upload.state == UploadState::Complete {
        match spool::digest_of(&**folder.vfs(), &spool::path(folder, upload.id)) {
            Ok(found) if found == (length, digest) => {
                spool::link(folder, upload.id, &evidence).map_err(ServerError::disk(evidence))?;
            }
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ServerError::Disk { path: evidence, source }),
        }
    } else {
        return Ok(None);
    }
    Ok(Some(Whole { generation, length, digest, at: now }))
}
