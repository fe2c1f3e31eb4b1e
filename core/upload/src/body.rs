//! The body of a request: a range of a sealed file, read block by block, and who watches that it moves.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use clearshot_capture::SealedFile;
use futures_util::Stream;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, Take};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use crate::Timeouts;

/// What is read from the file at a time. Two blocks a second are 2 Mbit/s, so that progress is smooth on a phone
/// network, and a block is large enough that handing it to a worker thread costs nothing beside reading it.
pub(crate) const BLOCK: usize = 128 * 1024;

/// Is told how many bytes have just been handed to the network.
pub type SentObserver = Arc<dyn Fn(u64) + Send + Sync>;

/// When a request last moved, and what stopped its body.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<ActivityState>,
    /// Told when the last byte is handed over: from then on another limit holds, which may be the shorter one.
    all_sent: Notify,
}

#[derive(Debug)]
struct ActivityState {
    last: Instant,
    /// Bytes of the body that are yet to be handed to the network.
    body_left: u64,
    read_error: Option<io::Error>,
}

impl Activity {
    pub(crate) fn begin(body: u64) -> Arc<Self> {
        let state = ActivityState { last: Instant::now(), body_left: body, read_error: None };
        Arc::new(Self { state: Mutex::new(state), all_sent: Notify::new() })
    }

    /// Something of the answer arrived.
    pub(crate) fn touch(&self) {
        self.lock().last = Instant::now();
    }

    /// The error of the file that ended the body, if that is what ended the request.
    pub(crate) fn take_read_error(&self) -> Option<io::Error> {
        self.lock().read_error.take()
    }

    /// Ends when the request has not moved for too long; says what it waited for.
    pub(crate) async fn stalled(&self, timeouts: Timeouts) -> &'static str {
        loop {
            let (deadline, waits_for) = {
                let state = self.lock();
                match state.body_left {
                    0 => (deadline(state.last, timeouts.answer), "the server did not answer in time"),
                    _ => (deadline(state.last, timeouts.stall), "the upload made no progress for too long"),
                }
            };
            if deadline <= Instant::now() {
                return waits_for;
            }
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => {}
                () = self.all_sent.notified() => {}
            }
        }
    }

    fn sent(&self, count: u64) {
        let mut state = self.lock();
        state.last = Instant::now();
        state.body_left = state.body_left.saturating_sub(count);
        if state.body_left == 0 {
            self.all_sent.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ActivityState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn deadline(last: Instant, limit: Duration) -> Instant {
    // Far enough away for any limit that does not fit the clock.
    last.checked_add(limit).unwrap_or_else(|| last + Duration::from_hours(365 * 24))
}

/// The bytes `offset..offset + length` of the upload.
pub(crate) async fn read_range(
    sealed: SealedFile,
    offset: u64,
    length: u64,
    activity: Arc<Activity>,
    observer: SentObserver,
) -> io::Result<SealedBody> {
    if offset.checked_add(length).is_none_or(|end| end > sealed.length) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the sealed file is shorter than the step"));
    }
    let mut file = File::from_std(sealed.file);
    file.seek(SeekFrom::Start(sealed.start + offset)).await?;
    let blocks = ReaderStream::with_capacity(file.take(length), BLOCK);
    Ok(SealedBody { blocks, left: length, activity, observer })
}

/// A range of a sealed file as a stream of blocks. A file that ends too early is an error, never a shorter body.
pub(crate) struct SealedBody {
    blocks: ReaderStream<Take<File>>,
    left: u64,
    activity: Arc<Activity>,
    observer: SentObserver,
}

impl Stream for SealedBody {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let error = match ready!(Pin::new(&mut self.blocks).poll_next(cx)) {
            Some(Ok(block)) => {
                let count = block.len() as u64;
                self.left = self.left.saturating_sub(count);
                self.activity.sent(count);
                (self.observer)(count);
                return Poll::Ready(Some(Ok(block)));
            }
            None if self.left == 0 => return Poll::Ready(None),
            None => io::Error::new(io::ErrorKind::UnexpectedEof, "the sealed file has become shorter"),
            Some(Err(error)) => error,
        };
        // The HTTP library gets a copy; the error itself says more than what comes back through it.
        let copy = io::Error::new(error.kind(), error.to_string());
        self.activity.lock().read_error = Some(error);
        Poll::Ready(Some(Err(copy)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::TryStreamExt as _;

    use super::*;

    fn sealed(bytes: &[u8], start: u64) -> SealedFile {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![0xEE; start as usize]).unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        SealedFile { file, start, length: bytes.len() as u64 }
    }

    async fn collect(
        sealed: SealedFile,
        offset: u64,
        length: u64,
    ) -> (io::Result<Vec<u8>>, u64, Option<io::Error>) {
        let activity = Activity::begin(length);
        let seen = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&seen);
        let observer: SentObserver = Arc::new(move |count| {
            counter.fetch_add(count, Ordering::Relaxed);
        });
        let result = match read_range(sealed, offset, length, Arc::clone(&activity), observer).await {
            Ok(body) => {
                body.try_fold(Vec::new(), |mut all, block| async move {
                    assert!(block.len() <= BLOCK);
                    all.extend_from_slice(&block);
                    Ok(all)
                })
                .await
            }
            Err(error) => Err(error),
        };
        (result, seen.load(Ordering::Relaxed), activity.take_read_error())
    }

    #[tokio::test]
    async fn a_range_is_read_from_after_the_header_in_blocks() {
        let bytes: Vec<u8> = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
        let (read, seen, error) = collect(sealed(&bytes, 77), 1_000, 300_000).await;
        assert_eq!(read.unwrap(), bytes[1_000..301_000]);
        assert_eq!(seen, 300_000);
        assert!(error.is_none());
    }

    #[tokio::test]
    async fn a_file_that_was_cut_is_an_error_and_not_a_shorter_body() {
        let mut file = sealed(&[7; 1_000], 16);
        file.length = 2_000;
        let (read, _, error) = collect(file, 0, 2_000).await;
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(error.is_some());
        let (read, seen, _) = collect(sealed(&[7; 1_000], 16), 900, 101).await;
        assert_eq!((read.unwrap_err().kind(), seen), (io::ErrorKind::UnexpectedEof, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_moves_is_never_stalled_however_long_it_takes() {
        let timeouts = Timeouts {
            stall: Duration::from_secs(30),
            answer: Duration::from_mins(1),
            ..Timeouts::default()
        };
        let activity = Activity::begin(100);
        let begun = Instant::now();
        let feed = async {
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_secs(29)).await;
                activity.sent(1);
            }
            std::future::pending::<()>().await;
        };
        let waited_for = tokio::select! { () = feed => unreachable!(), waits_for = activity.stalled(timeouts) => waits_for };
        assert_eq!(waited_for, "the server did not answer in time");
        assert_eq!(begun.elapsed().as_secs(), 29 * 100 + 60);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_from_the_last_byte_on_also_where_its_limit_is_the_shorter_one() {
        let timeouts = Timeouts { answer: Duration::from_secs(3), ..Timeouts::default() };
        let activity = Activity::begin(100);
        let begun = Instant::now();
        let feed = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            activity.sent(100);
            std::future::pending::<()>().await;
        };
        let waited_for = tokio::select! { () = feed => unreachable!(), waits_for = activity.stalled(timeouts) => waits_for };
        assert_eq!((waited_for, begun.elapsed().as_secs()), ("the server did not answer in time", 5 + 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_move_is_stalled_after_the_limit() {
        let activity = Activity::begin(100);
        let begun = Instant::now();
        assert_eq!(activity.stalled(Timeouts::default()).await, "the upload made no progress for too long");
        assert_eq!(begun.elapsed(), crate::STALL_TIMEOUT);
    }
}
