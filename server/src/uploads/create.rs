//! A new upload, or the one that the same creation has already made.

use std::sync::Arc;

use clearshot_protocol::Timestamp;
use clearshot_protocol::api::EvidenceView;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::UploadMetadata;
use uuid::Uuid;

use super::budget::check_share;
use super::command::Creation;
use super::finish::remove_file;
use super::receive::blocking;
use super::refuse::{Refused, check_not_refused, digest_mismatch};
use super::right::check_in;
use super::spool::Spool;
use crate::app::App;
use crate::auth::Principal;
use crate::keys;
use crate::problem::ApiError;
use crate::routes::returns::find_item;
use crate::store::uploads::{Attachment, NewUpload, UploadRow, UploadState};
use crate::token::Role;

/// An upload to go on with.
pub(super) struct Opened {
    pub(super) upload: UploadRow,
    /// Its empty file, where this request has made it.
    pub(super) spool: Option<Spool>,
}

impl From<UploadRow> for Opened {
    fn from(upload: UploadRow) -> Self {
        Self { upload, spool: None }
    }
}

/// Finds the upload of this creation, or makes it: file first, then the rows, so that a row always has its file. The
/// file is made before the change begins, so that no other change waits for it.
pub(super) async fn open(
    app: &Arc<App>,
    principal: &Principal,
    creation: &Creation,
) -> Result<Opened, ApiError> {
    principal.require_sender()?;
    if let Some(capture) = &creation.capture {
        find_item(app, principal, capture.return_id, capture.item).await?;
        if let Some(known) = app.store.evidence(capture.capture).await? {
            check_same(&known, capture, creation.length)?;
            if let Some(upload) = app.store.upload_of(capture.capture).await? {
                return Ok(upload.into());
            }
            check_not_refused(&known)?;
        }
    }
    let now = app.clock.now();
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &*keys::random::<10>()?).into_uuid();
    let folder = app.folder.clone();
    let spool = blocking(move || Ok(Spool::create(&folder, id)?)).await?;
    let recorded = record(app, principal, id, creation, now).await;
    let found = match recorded {
        Ok(upload) if upload.id == id => return Ok(Opened { upload, spool: Some(spool) }),
        found => found,
    };
    drop(spool);
    // A commit that failed may have survived all the same: the rows know.
    if let Some(made) = app.store.upload(id).await? {
        return Ok(made.into());
    }
    remove_file(app, id).await;
    found.map(Opened::from)
}

/// The rows of a new upload; or the upload that the same creation, sent twice at once, has made in the meantime.
async fn record(
    app: &App,
    principal: &Principal,
    id: Uuid,
    creation: &Creation,
    now: Timestamp,
) -> Result<UploadRow, ApiError> {
    let mut change = app.store.change().await?;
    let mut key = None;
    if let Some(capture) = &creation.capture {
        let length = creation.length.unwrap_or_default();
        let known = change.find_evidence(capture.capture).await?;
        if let Some(known) = &known {
            let upload = change.upload_of(capture.capture).await?;
            if let Err(other) = check_same(known, capture, creation.length) {
                change.commit().await?;
                return Err(other);
            }
            if let Some(upload) = upload {
                change.commit().await?;
                return Ok(upload);
            }
        }
        let allowed = check_in(&mut change, principal, capture.return_id).await?;
        if let Err(refused) = known.as_ref().map_or(Ok(()), check_not_refused).and(allowed) {
            change.commit().await?;
            return Err(refused);
        }
        if known.is_none() {
            change.announce(capture, length, now).await?;
        }
    } else if let Some(used) = &creation.key {
        let keys = &app.store.keys;
        let declared = format!("{:?} {:?} {:?}", creation.length, creation.sha256, creation.metadata);
        let declared = keys.blind("uploads.creation", declared.as_bytes());
        let used = keys.blind("uploads.key", &[&principal.owner, used.as_bytes()].concat());
        if let Some(upload) = change.upload_by_key(&used).await? {
            change.commit().await?;
            return if upload.creation.as_deref() == Some(&declared[..]) {
                usable(upload)
            } else {
                Err(ApiError::new(
                    ProblemCode::IdempotencyConflict,
                    "this Idempotency-Key came with another upload before; use a new key for a new upload",
                ))
            };
        }
        key = Some((used, declared));
    }
    if principal.role == Role::Shopper {
        check_share(change.spool_share(&principal.owner).await?, creation.length.unwrap_or(0))?;
    }
    let upload = NewUpload {
        id,
        attached: creation
            .capture
            .map(|capture| Attachment { evidence_id: capture.capture, return_id: capture.return_id }),
        owner: principal.owner.clone(),
        key,
        metadata: creation.metadata.clone(),
        length: creation.length,
        sha256: creation.sha256,
    };
    let made = change.create_upload(upload, now).await?;
    change.commit().await?;
    Ok(made)
}

/// An upload that is attached to nothing has no other word on its bytes than its key.
fn usable(upload: UploadRow) -> Result<UploadRow, ApiError> {
    if upload.state == UploadState::Failed { Err(digest_mismatch(Refused::ForGood)) } else { Ok(upload) }
}

/// Whether a capture is declared as it was before. `length` is absent where it was not declared.
pub(super) fn check_same(
    known: &EvidenceView,
    capture: &UploadMetadata,
    length: Option<u64>,
) -> Result<(), ApiError> {
    if (known.return_id, known.item_id, known.sha256) == (capture.return_id, capture.item, capture.sha256)
        && length.is_none_or(|length| length == known.length)
    {
        Ok(())
    } else {
        Err(ApiError::new(
            ProblemCode::IdempotencyConflict,
            "this capture was announced with another return, item, length or digest; a new photo needs a new id",
        ))
    }
}
