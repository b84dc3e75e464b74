//! One listener: accepts, hands each connection to a task of its own, and stops without losing a
//! request.
//!
//! Stopping, in order: the connections that the kernel has already taken are accepted, the socket is
//! closed, every connection finishes what it has (see `connection.rs`), and what is left after
//! [`Limits::grace`] is cut off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection;
use super::limits::Limits;
use super::log_gate::LogGate;
use super::stop::Stop;
use crate::clock::Now;
use crate::metrics::Metrics;

/// Connections that are taken from the kernel's queue at a stop; the queue has 1,024 places.
const MAX_QUEUED: usize = 2_048;

/// Pause after a failed accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound listener and what its connections need.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    context: Arc<Context>,
}

/// What every connection of a listener shares.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) router: Router,
    /// The newest TLS configuration; none: plain HTTP.
    pub(super) tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) gate: LogGate,
}

impl Listener {
    /// Binds `address`. With `tls` each new connection takes the newest configuration.
    ///
    /// # Errors
    ///
    /// The operating system's: the address is taken or not ours.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<watch::Receiver<Arc<ServerConfig>>>,
        router: Router,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        let context = Arc::new(Context { router, tls, limits, metrics, gate: LogGate::default() });
        Ok(Self { socket, address, context })
    }

    /// The address in use, with the real port if 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, and then until the last request is answered or
    /// [`Limits::grace`] is over. Dropping the future cuts all connections off.
    pub async fn serve(self, mut stop: Stop) {
        let Self { socket, context, .. } = self;
        let room = Arc::new(Semaphore::new(context.limits.connections));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.requested() => break,
                accepted = accept(&socket, &room) => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    let (context, stop) = (Arc::clone(&context), stop.clone());
                    connections.spawn(async move {
                        connection::serve(stream, peer, &context, stop).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    if let Some(held_back) = context.gate.admit(("accept", "failed"), Now::read()) {
                        tracing::warn!(%error, held_back, "cannot accept a connection");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
        for (stream, peer) in close(socket) {
            let (context, stop, room) = (Arc::clone(&context), stop.clone(), Arc::clone(&room));
            connections.spawn(async move {
                let permit = room.acquire_owned().await;
                connection::serve(stream, peer, &context, stop).await;
                drop(permit);
            });
        }
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(context.limits.grace, all).await.is_err() {
            let open = connections.len();
            tracing::warn!(open, "connections were cut off: requests took longer than the grace");
        }
    }
}

/// Accepts one connection once there is room for it.
async fn accept(
    socket: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = socket.accept().await?;
    Ok((stream, peer, permit))
}

/// Closes the socket and returns what the kernel had taken for us: their clients have a connection
/// and may have sent a request. Does not wait for more, of which there may be no end.
fn close(socket: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    // A socket of tokio's never blocks, so the first failure is an empty queue.
    let Ok(socket) = socket.into_std() else { return Vec::new() };
    let queued = std::iter::from_fn(|| socket.accept().ok()).take(MAX_QUEUED);
    queued.filter_map(|(stream, peer)| Some((adopt(stream).ok()?, peer))).collect()
}

fn adopt(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}
