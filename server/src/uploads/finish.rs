//! From the last byte to evidence.

use std::sync::Arc;

use clearshot_protocol::upload::header;
use clearshot_protocol::{Sha256Digest, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::receive::blocking;
use super::refuse::{Refusal, Refused, digest_mismatch, refuse, refuse_in};
use super::right::return_closed;
use super::spool::{self, Spool};
use super::standing::overtaken;
use super::terminate::take_name_back;
use super::turns::Turn;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::lifecycle::{EvidenceStep, takes_evidence};
use crate::problem::ApiError;
use crate::routes::returns::unknown_return;
use crate::store::Store;
use crate::store::uploads::{Attachment, Move, UploadRow, UploadState};

/// Takes a whole, durable spool to evidence, or refuses it for its digest. An upload that is attached to nothing only
/// becomes complete: its file waits in the spool. Answers with its row.
pub(super) async fn finish(
    app: &Arc<App>,
    principal: &Principal,
    upload: UploadRow,
    turn: &Turn,
    spool: Spool,
) -> Result<UploadRow, ApiError> {
    let (length, digest) = (spool.offset(), spool.digest());
    drop(spool);
    if upload.sha256.is_some_and(|declared| declared != digest) {
        return Err(match refuse(app, &upload, turn, length, Refusal::Bytes).await? {
            Refused::Overtaken => overtaken(upload.offset),
            refused => digest_mismatch(refused).with_header(header::UPLOAD_OFFSET, length),
        });
    }
    let whole = Whole { generation: turn.generation(), length, digest, at: app.clock.now() };
    settle(app, principal, &upload, whole).await?;
    Ok(UploadRow {
        length: Some(length),
        offset: length,
        sha256: Some(digest),
        state: UploadState::Complete,
        generation: whole.generation,
        updated_at: whole.at,
        ..upload
    })
}

/// A whole file becomes evidence, where the upload is attached: it gets its name, the rows follow, and the name in the
/// spool goes. Refused where the return takes no evidence any more, or none of this sender's.
pub(super) async fn settle(
    app: &Arc<App>,
    principal: &Principal,
    upload: &UploadRow,
    whole: Whole,
) -> Result<(), ApiError> {
    if let Some(attached) = upload.attached {
        let (folder, id, evidence) =
            (app.folder.clone(), upload.id, app.folder.evidence_file(attached.evidence_id));
        blocking(move || Ok(spool::link(&folder, id, &evidence)?)).await?;
    }
    let recorded = match record(&app.store, Some(principal), upload, whole).await {
        Ok(recorded) => recorded,
        // A commit that failed may have survived all the same. The rows know, and the file has both its names.
        Err(error) => match app.store.upload(upload.id).await?.map(|upload| upload.state) {
            Some(UploadState::Complete) if was_received(&app.store, upload).await? => Recorded::Whole,
            Some(UploadState::Failed) => Recorded::Closed,
            _ => return Err(error.into()),
        },
    };
    match recorded {
        Recorded::Whole => {}
        Recorded::Overtaken => return Err(overtaken(upload.offset)),
        Recorded::NotTheirs => {
            take_name_back(app, upload).await?;
            return Err(unknown_return());
        }
        Recorded::Closed => {
            app.turns.forget(upload.id);
            remove_file(app, upload.id).await;
            take_name_back(app, upload).await?;
            return Err(return_closed());
        }
    }
    app.turns.forget(upload.id);
    if upload.attached.is_some() {
        remove_file(app, upload.id).await;
        app.to_check.notify_one();
    }
    Ok(())
}

/// Removes the file of an upload whose rows say that it is not wanted any more. They are what was asked for; a file that
/// cannot be removed now is [swept](super::expire) later.
pub(super) async fn remove_file(app: &App, id: Uuid) {
    let folder = app.folder.clone();
    if let Err(error) = blocking(move || Ok(spool::remove(&folder, id)?)).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(upload = %id, error, "a file could not be removed from the spool; it will be swept");
    }
}

/// Whether the rows say of the upload's evidence, where it has some, that it was received.
pub(super) async fn was_received(store: &Store, upload: &UploadRow) -> Result<bool, ServerError> {
    let Some(attached) = upload.attached else { return Ok(true) };
    let evidence = store.evidence(attached.evidence_id).await?;
    Ok(evidence.is_some_and(|evidence| evidence.received_at.is_some()))
}

/// All bytes of an upload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole {
    pub(super) generation: u64,
    pub(super) length: u64,
    pub(super) digest: Sha256Digest,
    /// When they were found to be all.
    pub(super) at: Timestamp,
}

/// What was recorded of an upload whose file is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It is complete, and its evidence received.
    Whole,
    /// A later turn has written before: nothing.
    Overtaken,
    /// The return is not the sender's any more: nothing.
    NotTheirs,
    /// The return takes no evidence any more: the upload is over and its evidence rejected.
    Closed,
}

/// The rows of an upload whose file is whole, and has its name among the evidence where it is attached; if `sender`, where
/// there is one, may still send to the return.
pub(super) async fn record(
    store: &Store,
    sender: Option<&Principal>,
    upload: &UploadRow,
    whole: Whole,
) -> Result<Recorded, ServerError> {
    let Whole { generation, length, digest, at } = whole;
    let mut change = store.change().await?;
    if let Some(attached) = upload.attached {
        let of = change.find_return(attached.return_id).await?;
        if let Some(sender) = sender
            && !of.as_ref().is_some_and(|of| sender.may_see(of))
        {
            change.commit().await?;
            return Ok(Recorded::NotTheirs);
        }
        if !of.is_some_and(|of| takes_evidence(of.status)) {
            let refused =
                refuse_in(&mut change, upload, generation, length, Refusal::ReturnClosed, at).await?;
            if refused == Refused::Overtaken {
                return Ok(Recorded::Overtaken);
            }
            change.commit().await?;
            return Ok(Recorded::Closed);
        }
    }
    let to = Move {
        generation,
        offset: length,
        length: Some(length),
        sha256: Some(digest),
        state: UploadState::Complete,
    };
    if !change.move_upload(upload.id, &to, at).await? {
        return Ok(Recorded::Overtaken);
    }
    if let Some(Attachment { evidence_id, .. }) = upload.attached {
        change.steps(evidence_id, &[EvidenceStep::Begin, EvidenceStep::Complete], &Value::Null, at).await?;
    }
    change.commit().await?;
    Ok(Recorded::Whole)
}
