//! One connection's socket, below the HTTP library: interim answers, and readers that do not read.
//!
//! The library can send no 1xx answer but 100, and an upload's address must reach a client before its bytes have come
//! (104, draft-ietf-httpbis-resumable-upload). An interim answer is a head and nothing else, so it can be put on the
//! socket between two answers, or before the one that is being made: wherever the library has nothing half-written.
//! That is known here, because the library flushes after each whole piece that it writes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Instant, Sleep};

use crate::config::SEND_TIMEOUT;

/// Sends interim answers on a request's connection, as long as its own answer is not there yet.
#[derive(Clone, Default)]
pub(crate) struct Interim(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    bytes: VecDeque<u8>,
    connection: Option<Waker>,
}

impl Interim {
    /// Sends the head of an interim answer, its empty line included.
    pub(crate) fn send(&self, head: impl AsRef<[u8]>) {
        let waker = {
            let mut waiting = self.lock();
            waiting.bytes.extend(head.as_ref());
            waiting.connection.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket as the HTTP library sees it.
pub(crate) struct Connection<T> {
    socket: T,
    interim: Interim,
    /// Interim bytes that are being written; begun, they must be ended before anything else.
    begun: VecDeque<u8>,
    /// The library has written something that it has not flushed.
    half_written: bool,
    /// Since when the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<T: Read + Write + Unpin> Connection<T> {
    pub(crate) fn new(socket: T, interim: Interim) -> Self {
        Self { socket, interim, begun: VecDeque::new(), half_written: false, stalled: None }
    }

    /// Writes what waits, where the library is between two pieces.
    fn poll_interim(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.half_written {
            return Poll::Ready(Ok(()));
        }
        {
            let mut waiting = self.interim.lock();
            self.begun.append(&mut waiting.bytes);
            waiting.connection = Some(context.waker().clone());
        }
        while !self.begun.is_empty() {
            let (bytes, _) = self.begun.as_slices();
            let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.begun.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Passes on what a write came to; an error when the client has taken nothing for too long.
    fn watch<V>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<V>>) -> Poll<io::Result<V>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(SEND_TIMEOUT)));
        if stalled.deadline() <= Instant::now() || stalled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<T: Read + Write + Unpin> Read for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<T: Read + Write + Unpin> Write for Connection<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match self.poll_interim(context) {
            Poll::Ready(Ok(())) => {
                self.half_written = true;
                Pin::new(&mut self.socket).poll_write(context, bytes)
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match self.poll_interim(context) {
            Poll::Ready(Ok(())) => {
                self.half_written = true;
                Pin::new(&mut self.socket).poll_write_vectored(context, buffers)
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.half_written = false;
        let interim = self.poll_interim(context);
        ready!(self.watch(context, interim))?;
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
