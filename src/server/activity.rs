//! What one connection is doing, so that a slow or idle one can be told from a busy one.
//!
//! hyper's own limit on the time of a head also runs while a kept-alive connection is idle, so it
//! cannot be both short for the one and long for the other. Here the time of a head begins with its
//! first byte.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::limits::Limits;
use crate::clock::Now;

/// Counters of one connection. Times are milliseconds since it was opened.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Requests whose answer is not ready.
    in_flight: AtomicU32,
    /// When the last request began or ended.
    last_request: AtomicU64,
    /// When the first byte of an unfinished head came; 0: none.
    head_began: AtomicU64,
    /// Whether any request has come.
    served: AtomicBool,
    /// Whether answers should ask the client to close.
    closing: AtomicBool,
}

/// Why a connection is ended by the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Overdue {
    /// A head takes too long.
    Head,
    /// No request for too long.
    Idle,
}

impl Activity {
    pub(super) fn new(now: Now) -> Arc<Self> {
        Arc::new(Self {
            opened: now.monotonic,
            in_flight: AtomicU32::new(0),
            last_request: AtomicU64::new(0),
            head_began: AtomicU64::new(0),
            served: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        })
    }

    /// Milliseconds since the connection was opened, never 0.
    fn millis(&self, now: Now) -> u64 {
        let age = now.monotonic.saturating_duration_since(self.opened);
        u64::try_from(age.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// A request's head is complete. The guard lives until its answer is ready, or given up.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.head_began.store(0, Relaxed);
        self.served.store(true, Relaxed);
        InFlight(Arc::clone(self))
    }

    pub(super) fn has_served(&self) -> bool {
        self.served.load(Relaxed)
    }

    pub(super) fn close_soon(&self) {
        self.closing.store(true, Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Bytes have come; if no request is in flight they begin a head.
    fn read(&self) {
        if self.in_flight.load(Relaxed) == 0 && self.head_began.load(Relaxed) == 0 {
            self.head_began.store(self.millis(Now::read()), Relaxed);
        }
    }

    /// Says whether the connection should end. `heads`: whether bytes between requests are a head,
    /// which in HTTP/2 they need not be.
    pub(super) fn overdue(&self, now: Now, limits: &Limits, heads: bool) -> Option<Overdue> {
        if self.in_flight.load(Relaxed) > 0 {
            return None;
        }
        let now = self.millis(now);
        let longer =
            |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        let head = self.head_began.load(Relaxed);
        if heads && head > 0 && longer(head, limits.head_time) {
            return Some(Overdue::Head);
        }
        longer(self.last_request.load(Relaxed), limits.idle_time).then_some(Overdue::Idle)
    }
}

/// A request in flight; see [`Activity::begin`].
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let activity = &self.0;
        activity.last_request.store(activity.millis(Now::read()), Relaxed);
        activity.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A stream that tells an [`Activity`] when bytes come, and that is given back when hyper, which owns
/// it while it serves, has done with it.
#[derive(Debug)]
pub(super) struct Watched<S> {
    /// Here until the value is dropped.
    stream: Option<S>,
    activity: Arc<Activity>,
    back: Option<oneshot::Sender<S>>,
}

impl<S> Watched<S> {
    /// The receiver gets `stream` when the value is dropped.
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> (Self, oneshot::Receiver<S>) {
        let (back, given_back) = oneshot::channel();
        (Self { stream: Some(stream), activity, back: Some(back) }, given_back)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>>
    where
        S: Unpin,
    {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // Nobody waits for it if the whole connection is given up.
            let _ = back.send(stream);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = self.stream()?.poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.read();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}
