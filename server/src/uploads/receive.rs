//! Bytes from the network into the spool, for as long as it is this request's turn.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use clearshot_protocol::upload::MAX_UPLOAD_LENGTH;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::checksum::{Checksum, RunningChecksum};
use super::command::Ending;
use super::gather::Gathered;
use super::spool::{HashState, Spool};
use super::turns::Turn;
use crate::app::App;
use crate::config::{UploadPace, WRITE_PAUSE};
use crate::error::ServerError;
use crate::lifecycle::EvidenceStep;
use crate::store::uploads::{Move, UploadRow, UploadState};

/// Why no more bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The body ended, or the upload has all its bytes.
    Finished,
    /// The body goes on behind the declared length.
    TooMuch,
    /// The body ended, and has not its checksum. Nothing of it is kept.
    Mismatch,
    /// A newer request wants the upload.
    Overtaken,
    /// The connection broke.
    Broken,
    /// Nothing came for too long, or too little.
    Slow,
    /// The server stops.
    Cut,
}

/// What a request sends, and how it is to be taken.
pub(super) struct Incoming {
    pub(super) body: Body,
    /// So many of its first bytes are there already.
    pub(super) skip: u64,
    pub(super) ending: Ending,
    pub(super) checksum: Option<Checksum>,
    /// Is told of every offset that became durable while the request goes on.
    pub(super) progress: Progress,
}

/// Is told of an offset.
pub(super) type Progress = Option<Arc<dyn Fn(u64) + Send + Sync>>;

/// Receives a body behind the bytes that the upload has, into its file where that is open already. When this returns, all that arrived is on the disk; it is
/// counted by [`commit`], or by the end of the upload when it is complete.
pub(super) async fn receive(
    app: &Arc<App>,
    upload: &UploadRow,
    turn: &mut Turn,
    opened: Option<Spool>,
    incoming: Incoming,
) -> Result<(Spool, End), ServerError> {
    let (known, folder, id, offset) = (turn.take_hash(), app.folder.clone(), upload.id, upload.offset);
    let mut spool = match opened {
        Some(spool) => spool,
        None => blocking(move || Ok(Spool::open(&folder, id, offset, known)?)).await?,
    };
    if spool.has_surplus() {
        // Not before the row was written again. A commit that failed may survive a crash all the same, and these bytes
        // are then the end of a photo.
        if !commit(app, upload, turn, offset).await? {
            return Ok((spool, End::Overtaken));
        }
        spool = blocking(move || {
            spool.cut_off_surplus()?;
            Ok(spool)
        })
        .await?;
    }
    let mark = incoming.checksum.is_some().then(|| spool.mark());
    let Incoming { body, skip, ending, checksum, progress } = incoming;
    let missing = upload.length.unwrap_or(MAX_UPLOAD_LENGTH) - offset;
    let source = Source { app, turn, body, pace: Pace::new(app.upload_pace) };
    let checksum = checksum.map(Checksum::begin);
    Intake { source, skip, missing, ending, checksum, mark, progress }.run(upload, spool).await
}

/// A body on its way into the spool.
struct Intake<'a> {
    source: Source<'a>,
    skip: u64,
    missing: u64,
    ending: Ending,
    checksum: Option<RunningChecksum>,
    /// Where to go back to when the checksum does not hold.
    mark: Option<HashState>,
    progress: Progress,
}

impl Intake<'_> {
    async fn run(mut self, upload: &UploadRow, mut spool: Spool) -> Result<(Spool, End), ServerError> {
        let app = self.source.app;
        let mut gathered = Gathered::default();
        let mut checkpoint = Instant::now() + app.checkpoint_interval;
        let end = loop {
            if self.missing == 0 && self.ending == Ending::AtLength {
                break End::Finished;
            }
            let mut bytes = match self.source.next(!gathered.is_empty()).await {
                Next::Bytes(bytes) => bytes,
                Next::Pause => {
                    // A client that pauses holds no memory.
                    spool = write(spool, std::mem::take(&mut gathered), Durable::Later).await?;
                    continue;
                }
                Next::End(end) => break end,
            };
            if let Some(checksum) = &mut self.checksum {
                checksum.update(&bytes);
            }
            let passed = self.skip.min(bytes.len() as u64);
            self.skip -= passed;
            let _ = bytes.split_to(passed as usize);
            let fits = self.missing.min(bytes.len() as u64);
            let too_much = fits < bytes.len() as u64 && self.ending != Ending::AtLength;
            bytes.truncate(fits as usize);
            self.missing -= fits;
            gathered.add(bytes, &app.budget);
            if too_much {
                break End::TooMuch;
            }
            if gathered.is_full() {
                spool = write(spool, std::mem::take(&mut gathered), Durable::Later).await?;
            }
            // Bytes with a checksum are counted when it holds, and not before.
            if self.missing > 0 && self.mark.is_none() && Instant::now() >= checkpoint {
                spool = write(spool, std::mem::take(&mut gathered), Durable::Now).await?;
                if !commit(app, upload, self.source.turn, spool.offset()).await? {
                    break End::Overtaken;
                }
                if let Some(progress) = &self.progress {
                    progress(spool.offset());
                }
                checkpoint = Instant::now() + app.checkpoint_interval;
            }
        };
        let (end, back_to) = match (self.checksum, self.mark) {
            (Some(checksum), Some(mark)) if end == End::Finished => {
                if checksum.holds() {
                    (end, None)
                } else {
                    (End::Mismatch, Some(mark))
                }
            }
            (_, mark) => (end, mark),
        };
        if let Some(mark) = back_to {
            let spool = blocking(move || {
                spool.rewind(mark)?;
                Ok(spool)
            });
            return Ok((spool.await?, end));
        }
        Ok((write(spool, gathered, Durable::Now).await?, end))
    }
}

/// Counts bytes that are durable, of an upload that still misses some. False when a later turn has written before.
pub(super) async fn commit(
    app: &App,
    upload: &UploadRow,
    turn: &Turn,
    offset: u64,
) -> Result<bool, ServerError> {
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    let to = Move {
        generation: turn.generation(),
        offset,
        length: upload.length,
        sha256: None,
        state: UploadState::Open,
    };
    if !change.move_upload(upload.id, &to, now).await? {
        return Ok(false);
    }
    if let Some(attached) = upload.attached
        && offset > 0
    {
        // Only the first bytes are a step; after them it cannot be taken again.
        change.step(attached.evidence_id, EvidenceStep::Begin, &Value::Null, now).await?;
    }
    change.commit().await?;
    Ok(true)
}

enum Next {
    Bytes(Bytes),
    /// Nothing came for a moment; asked for only while something waits to be written.
    Pause,
    End(End),
}

/// Where the bytes come from.
struct Source<'a> {
    app: &'a Arc<App>,
    turn: &'a mut Turn,
    body: Body,
    pace: Pace,
}

impl Source<'_> {
    async fn next(&mut self, may_pause: bool) -> Next {
        let idle = self.app.upload_pace.idle;
        let begun = Instant::now();
        let patience = if may_pause { idle.min(WRITE_PAUSE) } else { idle };
        let frame = tokio::select! {
            biased;
            () = self.turn.overtaken() => return Next::End(End::Overtaken),
            () = self.app.cut.cancelled() => return Next::End(End::Cut),
            frame = timeout(patience, self.body.frame()) => frame,
        };
        let waited = begun.elapsed();
        match frame {
            Err(_) if may_pause && self.pace.bear(waited, 0) => Next::Pause,
            Err(_) => Next::End(End::Slow),
            Ok(None) => Next::End(End::Finished),
            Ok(Some(Err(_))) => Next::End(End::Broken),
            Ok(Some(Ok(frame))) => {
                // Trailers carry no bytes.
                let bytes = frame.into_data().unwrap_or_default();
                if self.pace.bear(waited, bytes.len() as u64) {
                    Next::Bytes(bytes)
                } else {
                    Next::End(End::Slow)
                }
            }
        }
    }
}

/// How fast bytes come, in windows of waiting for them: time that the server's own disk takes does not count.
struct Pace {
    limits: UploadPace,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    fn new(limits: UploadPace) -> Self {
        Self { limits, waited: Duration::ZERO, bytes: 0 }
    }

    /// Whether the request may go on, after it was `waited` for and brought so many bytes.
    fn bear(&mut self, waited: Duration, bytes: u64) -> bool {
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < self.limits.window {
            return true;
        }
        let enough = self.bytes >= self.limits.bytes_per_window;
        *self = Self::new(self.limits);
        enough
    }
}

/// When bytes must be on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durable {
    Now,
    Later,
}

async fn write(mut spool: Spool, gathered: Gathered, durable: Durable) -> Result<Spool, ServerError> {
    if gathered.is_empty() && durable == Durable::Later {
        return Ok(spool);
    }
    blocking(move || {
        gathered.write(&mut spool)?;
        if durable == Durable::Now {
            spool.sync()?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_too_slow_when_a_whole_window_brings_too_little() {
        let limits = UploadPace {
            idle: Duration::from_secs(45),
            window: Duration::from_mins(1),
            bytes_per_window: 600,
        };
        let mut pace = Pace::new(limits);
        for _ in 0..10 {
            assert!(pace.bear(Duration::from_secs(30), 300), "600 bytes a minute are enough");
        }
        assert!(pace.bear(Duration::from_secs(40), 300));
        assert!(!pace.bear(Duration::from_secs(40), 299));
    }
}
