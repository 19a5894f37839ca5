//! A stream that ends where a target sends more for one answer than any answer may need.
//!
//! hyper bounds a head and we bound a body, but `1xx` answers, chunk sizes and trailers come on top of both and may come
//! for ever. Counting the bytes of the stream bounds all of it, in memory and in time, whatever it calls itself.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream was ended here, and not by the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {0} bytes came for one answer")]
pub(super) struct Flooded(pub(super) usize);

/// Counts the bytes that came since the last request.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteMeter(Arc<AtomicUsize>);

impl ByteMeter {
    /// Begins anew, for the next answer.
    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Returns whether nothing has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// Counts what is read of a stream, and stops at a limit.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    meter: ByteMeter,
    limit: usize,
}

impl<S> Metered<S> {
    /// Bounds a stream.
    pub(super) const fn new(stream: S, meter: ByteMeter, limit: usize) -> Self {
        Self {
            stream,
            meter,
            limit,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let more = buffer.filled().len() - before;
        let counted = self.meter.0.fetch_add(more, Ordering::Relaxed) + more;
        if counted > self.limit {
            return Poll::Ready(Err(io::Error::other(Flooded(self.limit))));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
