//! One connection, from the handshake to its end.
//!
//! A stop never loses a request. HTTP/2 is told at once that the connection goes away, and what has
//! come is answered. HTTP/1.1 has no such message: answers ask the client to close, and an idle
//! connection stays open for [`Limits::linger`], since a request may be on its way.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::activity::{Activity, Overdue, Watched};
use super::limits::Limits;
use super::listener::Context;
use super::stop::Stop;
use crate::clock::Now;

/// How often a connection is looked at, as a part of [`Limits::head_time`].
const LOOKS_PER_HEAD: u32 = 4;

/// Serves `stream`, which `peer` opened, until either side ends it.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, context: &Context, stop: Stop) {
    // An answer is one small write; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &context.tls else {
        return serve_http(stream, Version::Http1, context, stop).await;
    };
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
    match timeout(context.limits.handshake_time, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Version::Http2,
                Some(_) | None => Version::Http1,
            };
            serve_http(stream, version, context, stop).await;
        }
        Ok(Err(error)) => handshake_failed(context, peer, &error),
        Err(_) => {
            context.metrics.handshake_failed("timeout");
            tracing::debug!(%peer, "a connection was closed: no TLS handshake in time");
        }
    }
}

/// Counts a failed handshake, and logs it, with the client's address, if the cause may be a
/// misconfigured client.
fn handshake_failed(context: &Context, peer: SocketAddr, error: &io::Error) {
    use rustls::Error::{InvalidCertificate, NoCertificatesPresented};
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reason = match cause {
        Some(NoCertificatesPresented | InvalidCertificate(_)) => "client_certificate",
        Some(_) => "protocol",
        None => "closed",
    };
    context.metrics.handshake_failed(reason);
    match cause {
        Some(NoCertificatesPresented | InvalidCertificate(_)) => {
            if let Some(held_back) = context.gate.admit(("handshake", reason), Now::read()) {
                tracing::warn!(
                    %peer, %error, held_back,
                    "a client was refused: check its certificate and `clientCaFile`"
                );
            }
        }
        Some(_) | None => tracing::debug!(%peer, %error, "a TLS handshake failed"),
    }
}

/// What the handshake agreed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Version {
    Http1,
    Http2,
}

async fn serve_http<S>(stream: S, version: Version, context: &Context, stop: Stop)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &context.limits;
    let activity = Activity::new(Now::read());
    let (watched, given_back) = Watched::new(stream, Arc::clone(&activity));
    let io = TokioIo::new(watched);
    let router = context.router.clone();
    let requests = Requests { router, version, activity: Arc::clone(&activity) };
    let result = match version {
        Version::Http1 => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(None)
                .max_headers(limits.headers)
                .max_header_size(limits.head_bytes)
                .serve_connection(io, requests);
            drive(connection, version, &activity, limits, stop).await
        }
        Version::Http2 => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.streams)
                .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
                .serve_connection(io, requests);
            drive(connection, version, &activity, limits, stop).await
        }
    };
    if let Err(error) = result {
        // The client's doing, or the network's: nobody waits for an answer any more.
        tracing::debug!(error = %error, "a connection ended early");
    }
    if let Ok(stream) = given_back.await {
        hear_out(stream, limits.linger).await;
    }
}

/// Ends a connection whose last answer was sent: reads what the client still says until it closes,
/// for `limit` at most. Closing at once would let the kernel answer those bytes, such as an HTTP/2
/// reset or the rest of a body over the limit, with a reset, which takes answers that the client has
/// not read yet from it.
async fn hear_out<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, limit: Duration) {
    let mut unheard = [0; 1024];
    let _ = timeout(limit, async {
        // hyper has done so unless it failed; then the answers end here.
        let _ = stream.shutdown().await;
        while stream.read(&mut unheard).await.is_ok_and(|count| count > 0) {}
    })
    .await;
}

/// Hands the requests of one connection to the router.
#[derive(Debug)]
struct Requests {
    router: Router,
    version: Version,
    activity: Arc<Activity>,
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let guard = self.activity.begin();
        let answer = self.router.clone().call(request.map(Body::new));
        let (version, activity) = (self.version, Arc::clone(&self.activity));
        Box::pin(async move {
            let mut response = answer.await?;
            if version == Version::Http1 && activity.is_closing() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            drop(guard);
            Ok(response)
        })
    }
}

/// A connection that can be asked to end.
trait Graceful: Future<Output = Result<(), hyper::Error>> {
    /// Finishes what has come and takes nothing new; the connection must be polled on.
    fn graceful_shutdown(self: Pin<&mut Self>);
}

impl<S> Graceful for http1::Connection<TokioIo<Watched<S>>, Requests>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S> Graceful for http2::Connection<TokioIo<Watched<S>>, Requests, TokioExecutor>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Runs a connection, watching over its times and for a stop.
async fn drive<C>(
    connection: C,
    version: Version,
    activity: &Activity,
    limits: &Limits,
    mut stop: Stop,
) -> Result<(), hyper::Error>
where
    C: Graceful,
{
    let mut connection = pin!(connection);
    let look = limits.head_time / LOOKS_PER_HEAD;
    let mut looks = interval_at(Instant::now() + look, look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // When an idle connection is closed after a stop was asked for.
    let mut close_at = None;
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            result = connection.as_mut() => return result,
            () = stop.requested(), if close_at.is_none() => {
                activity.close_soon();
                let goes_away = version == Version::Http2 && activity.has_served();
                let linger = if goes_away { Duration::ZERO } else { limits.linger };
                close_at = Some(Instant::now() + linger);
            }
            () = until(close_at), if !told => {
                connection.as_mut().graceful_shutdown();
                told = true;
            }
            _ = looks.tick() => {
                match activity.overdue(Now::read(), limits, version == Version::Http1) {
                    None => {}
                    Some(Overdue::Idle) if !told => {
                        connection.as_mut().graceful_shutdown();
                        told = true;
                    }
                    // Dropping the connection closes it.
                    Some(Overdue::Head | Overdue::Idle) => return Ok(()),
                }
            }
        }
    }
}

/// Ends at `at`; without one never.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::super::log_gate::LogGate;
    use super::super::tests::Log;
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn a_refused_client_is_named_by_its_address_once() {
        let context = Context {
            router: Router::new(),
            tls: None,
            limits: Limits::default(),
            metrics: Arc::new(Metrics::new()),
            gate: LogGate::default(),
        };
        let log = Log::default();
        tracing::subscriber::with_default(log.subscriber(), || {
            for port in 1000..1100 {
                let error = io::Error::other(rustls::Error::NoCertificatesPresented);
                handshake_failed(&context, SocketAddr::from(([192, 0, 2, 7], port)), &error);
            }
        });
        let lines = log.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("peer=192.0.2.7:1000"), "{lines:?}");
    }
}
