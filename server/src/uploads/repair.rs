//! What is done at start: whatever a crash left half-way is finished or undone. The rows decide.
//!
//! | row | spool file | evidence file | what happened | what is done |
//! | --- | --- | --- | --- | --- |
//! | – | yes | | the creation was not committed | the file is removed |
//! | open | longer than the row says | | bytes came that were not counted | nothing: the next request cuts them off |
//! | open | shorter than the row says | | the disk lost bytes | the row says what is there |
//! | open | yes or – | whole | the rows did not follow the file | the rows follow |
//! | open | – | – | the disk lost the file | the capture waits to be sent again |
//! | complete, attached | yes | whole | the spool was not cleared | the name in the spool is removed |
//! | complete, attached | yes | – | the rows went before the name | the file gets its name |
//! | complete, not attached | – | | the disk lost the file | the upload is gone |

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use clearshot_protocol::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::finish::{Whole, record};
use super::spool;
use crate::disk::DataFolder;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::store::Store;
use crate::store::uploads::{Move, UploadRow, UploadState};

/// Brings rows and files together. Nothing else uses them yet: the server has not begun to listen.
pub(crate) async fn repair(store: &Store, folder: &DataFolder, now: Timestamp) -> Result<(), ServerError> {
    let mut wanted = HashSet::new();
    for upload in &store.uploads_in_spool().await? {
        if repair_one(store, folder, upload, now).await? {
            wanted.insert(upload.id);
        }
    }
    for entry in fs::read_dir(folder.spool()).map_err(ServerError::disk(folder.spool()))? {
        let path = entry?.path();
        let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        if id.is_none_or(|id| !wanted.contains(&id)) {
            clear(store, folder, &path, id).await?;
        }
    }
    Ok(())
}

/// Removes a file that no row wants in the spool; first making sure that evidence has its own name.
async fn clear(store: &Store, folder: &DataFolder, path: &Path, id: Option<Uuid>) -> Result<(), ServerError> {
    if let Some(id) = id
        && let Some(upload) = store.upload(id).await?
        && upload.state == UploadState::Complete
        && let Some(attached) = upload.attached
    {
        let evidence = folder.evidence_file(attached.evidence_id);
        if !evidence.try_exists().map_err(ServerError::disk(&evidence))? {
            tracing::warn!(upload = %upload.id, "a photo had its name in the spool only; it got its place");
            spool::link(folder, id, &evidence).map_err(ServerError::disk(&evidence))?;
        }
    }
    fs::remove_file(path).map_err(ServerError::disk(path))
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
        match spool::digest_of(&folder.evidence_file(attached.evidence_id)) {
            Ok((length, digest)) if upload.length == Some(length) && upload.sha256 == Some(digest) => {
                record(store, upload, Whole { generation, length, digest }, now).await?;
                return Ok(false);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    let to = |offset, state| Move { generation, offset, length: None, sha256: None, state };
    let path = spool::path(folder, upload.id);
    match fs::metadata(&path) {
        Ok(file) if file.len() >= upload.offset => return Ok(true),
        Ok(file) if upload.state == UploadState::Open => {
            tracing::warn!(upload = %upload.id, "the disk lost bytes of an upload; they will be asked for again");
            let mut change = store.change().await?;
            change.move_upload(upload.id, &to(file.len(), UploadState::Open), now).await?;
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
