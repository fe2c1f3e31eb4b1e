//! More bytes, and the end of an upload that has them all.

use std::sync::Arc;

use axum::body::Body;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::{MAX_UPLOAD_LENGTH, header};
use serde_json::json;

use super::budget::Admission;
use super::command::{Append, Ending, Standing, Start};
use super::create::Opened;
use super::fields::check_length;
use super::finish::finish;
use super::keep_on::KeepOn;
use super::receive::{End, Incoming, Progress, commit, receive};
use super::refuse::{Refusal, Refused, refuse};
use super::right::{is_open, return_closed};
use super::standing::{kept, overtaken, reload, standing, take_turn};
use super::turns::Turn;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::problem::ApiError;
use crate::store::uploads::{UploadRow, UploadState};

/// Appends a body, and finishes the upload when it is complete.
///
/// When the client's connection breaks, its handler is dropped; this goes on, because what arrived must still be kept.
pub(super) async fn append(
    app: &Arc<App>,
    principal: &Principal,
    admission: Admission,
    opened: Opened,
    append: Append,
    progress: Progress,
    body: Body,
) -> Result<Standing, ApiError> {
    let (app, principal) = (app.clone(), principal.clone());
    KeepOn::new(app.tasks.clone(), async move {
        let _admission = admission;
        in_turn(&app, &principal, opened, append, progress, body).await
    })
    .await
}

async fn in_turn(
    app: &Arc<App>,
    principal: &Principal,
    opened: Opened,
    append: Append,
    progress: Progress,
    body: Body,
) -> Result<Standing, ApiError> {
    let mut turn = take_turn(app, &opened.upload).await?;
    // As this request has made it: nobody has changed it since, and its return was asked in the change that made it.
    let is_new = opened.spool.is_some() && turn.is_first();
    let spool = opened.spool.filter(|_| is_new);
    let mut upload = if is_new { opened.upload } else { reload(app, opened.upload.id).await? };
    let skip = match append.start {
        Start::At(_) => 0,
        Start::Beginning => upload.offset,
    };
    if upload.state == UploadState::Complete {
        check_complete(&upload, &append)?;
        return Ok(standing(&upload, app.clock.now()));
    }
    if !is_new && !is_open(app, &upload).await? {
        refuse(app, &upload, &turn, upload.offset, Refusal::ReturnClosed).await?;
        return Err(return_closed());
    }
    check_offset(&upload, append.start)?;
    let declared = declared_length(&upload, &append)?;
    if declared != upload.length {
        upload.length = declared;
        if !commit(app, &upload, &turn, upload.offset).await? {
            return Err(overtaken(reload(app, upload.id).await?.offset));
        }
    }
    let Append { ending, checksum, .. } = append;
    let incoming = Incoming { body, skip, ending, checksum, progress };
    let (spool, end) = receive(app, &upload, &mut turn, spool, incoming).await?;
    let offset = spool.offset();
    if is_whole(&upload, ending, end, offset)? {
        let whole = finish(app, principal, upload, &turn, spool).await?;
        return Ok(standing(&whole, app.clock.now()));
    }
    if end == End::TooMuch {
        drop(spool);
        return Err(too_much(app, &upload, &turn, offset).await?);
    }
    if !commit_if_moved(app, &upload, &turn, offset).await? {
        return Err(overtaken(reload(app, upload.id).await?.offset));
    }
    turn.leave_hash(spool.close());
    match end {
        End::Finished if ending == Ending::WithBody => Err(inconsistent(
            "the body ended, and should have been the last, but bytes of the declared length are missing",
        )
        .with_header(header::UPLOAD_OFFSET, offset)),
        End::Finished => Ok(standing(&reload(app, upload.id).await?, app.clock.now())),
        other => Err(unfinished(other, offset)),
    }
}

/// What is told of a request that ended before its body did.
fn unfinished(end: End, offset: u64) -> ApiError {
    match end {
        End::Mismatch => ApiError::new(
            ProblemCode::ChecksumMismatch,
            format!("the body has not its checksum and was not kept; send it again from byte {offset}"),
        )
        .with_header(header::UPLOAD_OFFSET, offset),
        End::Slow => kept(ProblemCode::TimedOut, offset, "too little arrived for too long"),
        End::Broken => kept(ProblemCode::InvalidRequest, offset, "the connection broke"),
        End::Cut => kept(ProblemCode::Busy, offset, "the server is shutting down"),
        End::Overtaken | End::Finished | End::TooMuch => overtaken(offset),
    }
}

/// Whether the upload has all its bytes.
fn is_whole(upload: &UploadRow, ending: Ending, end: End, offset: u64) -> Result<bool, ApiError> {
    match ending {
        _ if end != End::Finished => Ok(false),
        Ending::AtLength => Ok(upload.length == Some(offset)),
        Ending::Later => Ok(false),
        Ending::WithBody if upload.length.is_some_and(|length| length != offset) => Ok(false),
        Ending::WithBody => check_length(offset).map(|()| true),
    }
}

async fn commit_if_moved(
    app: &App,
    upload: &UploadRow,
    turn: &Turn,
    offset: u64,
) -> Result<bool, ServerError> {
    if offset == upload.offset { Ok(true) } else { commit(app, upload, turn, offset).await }
}

/// Ends an upload whose body went on behind its length: its bytes cannot be those that were meant
/// (draft-ietf-httpbis-resumable-upload, Upload Append).
async fn too_much(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &Turn,
    offset: u64,
) -> Result<ApiError, ApiError> {
    if refuse(app, upload, turn, offset, Refusal::Bytes).await? == Refused::Overtaken {
        return Ok(overtaken(upload.offset));
    }
    Ok(if upload.length.is_none() {
        ApiError::new(
            ProblemCode::TooLarge,
            format!("more than {MAX_UPLOAD_LENGTH} bytes came; the upload is gone"),
        )
    } else {
        inconsistent("more bytes came than the upload has; it is gone, create it again")
    })
}

/// What may still be asked of an upload that has all its bytes.
fn check_complete(upload: &UploadRow, append: &Append) -> Result<(), ApiError> {
    match (append.ending, append.start) {
        // The same creation again.
        (_, Start::Beginning) => Ok(()),
        (Ending::AtLength, Start::At(_)) => {
            check_offset(upload, append.start)?;
            declared_length(upload, append).map(|_| ())
        }
        _ if append.body_length == Some(0) => Err(ApiError::new(
            ProblemCode::UploadComplete,
            "the upload has all its bytes and was marked as complete; nothing is left to do",
        )
        .with_header(header::UPLOAD_OFFSET, upload.offset)),
        _ => Err(inconsistent("the upload is complete; no byte can be appended")
            .with_header(header::UPLOAD_OFFSET, upload.offset)),
    }
}

fn check_offset(upload: &UploadRow, start: Start) -> Result<(), ApiError> {
    match start {
        Start::At(offset) if offset != upload.offset => Err(ApiError::new(
            ProblemCode::OffsetMismatch,
            format!(
                "the upload has {} bytes, the request begins at {offset}; go on from Upload-Offset",
                upload.offset
            ),
        )
        .with_header(header::UPLOAD_OFFSET, upload.offset)
        .with_member("expected-offset", json!(upload.offset))
        .with_member("provided-offset", json!(offset))),
        _ => Ok(()),
    }
}

/// The length of the upload, as it was declared before or is by this request; they must agree. Refuses, before a byte
/// is read, a body that does not fit into it.
fn declared_length(upload: &UploadRow, append: &Append) -> Result<Option<u64>, ApiError> {
    let at = match append.start {
        Start::At(offset) => offset,
        Start::Beginning => 0,
    };
    let end_of_body = append.body_length.map(|length| at.saturating_add(length));
    let by_body = if append.ending == Ending::WithBody { end_of_body } else { None };
    let mut declared = upload.length;
    for length in [append.length, by_body].into_iter().flatten() {
        match declared {
            None => {
                check_length(length)?;
                if length < upload.offset {
                    return Err(inconsistent("the upload has more bytes already than are declared now")
                        .with_header(header::UPLOAD_OFFSET, upload.offset));
                }
                declared = Some(length);
            }
            Some(before) if before != length => {
                return Err(inconsistent(&format!(
                    "the upload was declared to have {before} bytes; by this request it would have {length}"
                ))
                .with_header(header::UPLOAD_OFFSET, upload.offset));
            }
            Some(_) => {}
        }
    }
    let limit = declared.unwrap_or(MAX_UPLOAD_LENGTH);
    if end_of_body.is_some_and(|end| end > limit) {
        let detail = format!(
            "the body has {} bytes, but only {} are missing; nothing of it was read",
            append.body_length.unwrap_or(0),
            limit - at.min(limit),
        );
        let refused = if append.ending == Ending::AtLength || declared.is_none() {
            ApiError::new(ProblemCode::TooLarge, detail)
        } else {
            inconsistent(&detail)
        };
        return Err(refused.with_header(header::UPLOAD_OFFSET, upload.offset));
    }
    Ok(declared)
}

fn inconsistent(detail: &str) -> ApiError {
    ApiError::new(ProblemCode::InconsistentLength, detail)
}
