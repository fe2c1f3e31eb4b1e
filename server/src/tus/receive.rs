//! Bytes from the network into the spool, for as long as it is this request's turn.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::spool::Spool;
use super::turns::Turn;
use crate::app::App;
use crate::config::{CHECKPOINT_INTERVAL, WRITE_BUFFER};
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::store::uploads::{UploadRow, UploadState};

/// Why no more bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The body ended, or the upload has all its bytes.
    Finished,
    /// A newer request wants the upload.
    Overtaken,
    /// The connection broke.
    Broken,
    /// Nothing came for too long.
    Silent,
    /// The server stops.
    Cut,
}

/// Receives `body` behind the bytes that the upload has, passing over its first `skip`. When this returns, all that
/// arrived is on the disk; it is counted by [`commit`], or by the end of the upload when it is complete.
pub(super) async fn receive(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &mut Turn,
    mut body: Body,
    mut skip: u64,
) -> Result<(Spool, End), ServerError> {
    let (known, opening, id, offset) = (turn.take_hash(), app.clone(), upload.id, upload.offset);
    let mut spool = blocking(move || Ok(Spool::open(&opening.folder, id, offset, known)?)).await?;
    let mut buffer = Vec::new();
    let mut missing = upload.length - upload.offset;
    let mut checkpoint = Instant::now() + CHECKPOINT_INTERVAL;
    let end = loop {
        if missing == 0 {
            break End::Finished;
        }
        let mut bytes = match next_bytes(app, turn, &mut body).await {
            Ok(bytes) => bytes,
            Err(end) => break end,
        };
        let passed = skip.min(bytes.len() as u64);
        skip -= passed;
        let _ = bytes.split_to(passed as usize);
        // More than was declared is not read.
        bytes.truncate(missing.min(bytes.len() as u64) as usize);
        missing -= bytes.len() as u64;
        buffer.extend_from_slice(&bytes);
        if buffer.len() >= WRITE_BUFFER {
            (spool, buffer) = append(spool, buffer).await?;
        }
        if missing > 0 && Instant::now() >= checkpoint {
            (spool, buffer) = append(spool, buffer).await?;
            spool = sync(spool).await?;
            commit(app, upload, spool.offset()).await?;
            checkpoint = Instant::now() + CHECKPOINT_INTERVAL;
        }
    };
    (spool, _) = append(spool, buffer).await?;
    Ok((sync(spool).await?, end))
}

/// Counts bytes that are durable, of an upload that still misses some.
pub(super) async fn commit(app: &App, upload: &UploadRow, offset: u64) -> Result<(), ServerError> {
    if offset == upload.offset {
        return Ok(());
    }
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    change.move_upload(upload.id, offset, UploadState::Open, now).await?;
    // Only the first bytes are a step; after them it cannot be taken again.
    change.step(upload.evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
    change.commit().await
}

async fn next_bytes(app: &App, turn: &mut Turn, body: &mut Body) -> Result<Bytes, End> {
    let idle: Duration = app.upload_idle_timeout;
    let frame = tokio::select! {
        biased;
        () = turn.overtaken() => return Err(End::Overtaken),
        () = app.cut.cancelled() => return Err(End::Cut),
        frame = timeout(idle, body.frame()) => frame,
    };
    match frame {
        Err(_) => Err(End::Silent),
        Ok(None) => Err(End::Finished),
        Ok(Some(Err(_))) => Err(End::Broken),
        // Trailers carry no bytes.
        Ok(Some(Ok(frame))) => Ok(frame.into_data().unwrap_or_default()),
    }
}

async fn append(mut spool: Spool, mut buffer: Vec<u8>) -> Result<(Spool, Vec<u8>), ServerError> {
    if buffer.is_empty() {
        return Ok((spool, buffer));
    }
    blocking(move || {
        spool.append(&buffer)?;
        buffer.clear();
        Ok((spool, buffer))
    })
    .await
}

async fn sync(mut spool: Spool) -> Result<Spool, ServerError> {
    blocking(move || {
        spool.sync()?;
        Ok(spool)
    })
    .await
}

/// Runs file operations on a thread that may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> Result<T, ServerError> {
    tokio::task::spawn_blocking(work).await?
}
