//! What is done at start: whatever a crash left half-way is finished or undone.
//!
//! | row | spool file | evidence file | what happened | what is done |
//! | --- | --- | --- | --- | --- |
//! | – | yes | | the creation was not committed | the file is removed |
//! | open | longer than the row says | | bytes came that were not counted | nothing: the next request cuts them off |
//! | open | shorter than the row says | | the disk lost bytes | the row says what is there |
//! | open | – | whole | the rows did not follow the file | the rows follow |
//! | open | – | – | the disk lost the file | the capture waits to be sent again |

use std::collections::HashSet;
use std::fs;
use std::io;

use clearshot_protocol::Timestamp;
use serde_json::Value;

use super::finish::record;
use super::spool;
use crate::disk::DataFolder;
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::store::Store;
use crate::store::uploads::{UploadRow, UploadState};

/// Brings rows and files together. Nothing else uses them yet: the server has not begun to listen.
pub(crate) async fn repair(store: &Store, folder: &DataFolder, now: Timestamp) -> Result<(), ServerError> {
    let open = store.open_uploads().await?;
    for upload in &open {
        repair_one(store, folder, upload, now).await?;
    }
    let wanted: HashSet<String> = open.iter().map(|upload| upload.id.hyphenated().to_string()).collect();
    for entry in fs::read_dir(folder.spool()).map_err(ServerError::disk(folder.spool()))? {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_none_or(|name| !wanted.contains(name)) {
            fs::remove_file(&path).map_err(ServerError::disk(path))?;
        }
    }
    Ok(())
}

async fn repair_one(
    store: &Store,
    folder: &DataFolder,
    upload: &UploadRow,
    now: Timestamp,
) -> Result<(), ServerError> {
    let path = spool::path(folder, upload.id);
    match fs::metadata(&path) {
        Ok(file) if file.len() >= upload.offset => return Ok(()),
        Ok(file) => {
            tracing::warn!(upload = %upload.id, "the disk lost bytes of an upload; they will be asked for again");
            let mut change = store.change().await?;
            change.move_upload(upload.id, file.len(), UploadState::Open, now).await?;
            return change.commit().await;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(ServerError::Disk { path, source }),
    }
    match spool::digest_of(&folder.evidence_file(upload.evidence_id)) {
        Ok(found) if found == (upload.length, upload.sha256) => return record(store, upload, now).await,
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    tracing::warn!(upload = %upload.id, "the disk lost an upload; its capture will be asked for again");
    let mut change = store.change().await?;
    change.move_upload(upload.id, 0, UploadState::Terminated, now).await?;
    change.step(upload.evidence_id, EvidenceStep::Withdraw, &Value::Null, now).await?;
    change.commit().await
}
