//! Every limit of the two listeners, in one place.

use std::time::Duration;

/// What a caller may take of the server. Not configuration: the defaults fit an API server, and
/// tests shorten the times.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request body; beyond it the answer is HTTP 413. The largest review that the API
    /// server sends has some ten thousand.
    pub body_bytes: usize,
    /// Bytes of a request's head; beyond it the answer is HTTP 431.
    pub head_bytes: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// From accepting a connection to the end of its TLS handshake. The API server itself gives
    /// up after 10 s.
    pub handshake_time: Duration,
    /// From the first byte of a request's head to its last (HTTP/1.1).
    pub head_time: Duration,
    /// Without any request; then the connection is closed. Longer than the 90 s after which the
    /// API server closes an idle connection, so that it never sends a request into a closed one.
    pub idle_time: Duration,
    /// Reading and answering one access review, HTTP 503 beyond it. Just under the 3 s that
    /// `kubentra init` sets as the API server's limit, so that its log shows our reason.
    pub access_time: Duration,
    /// Reading and answering one token review, HTTP 503 beyond it. A cold one fetches two
    /// documents, each within 5 s. The API server waits 30 s.
    pub token_time: Duration,
    /// Connections at once, for each listener. Beyond it new ones wait unaccepted: an API server
    /// opens more only when all of its own are busy, and a short wait is better than a refused
    /// review. Connections without a handshake or a request end by the times above.
    pub connections: usize,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// Reviews of one kind at once, for all connections. Beyond it the answer is HTTP 503. One API
    /// server has about 600 in flight at most. Each kind has its own: token reviews can wait for
    /// the network because of a token that anyone can make up, and access reviews go on meanwhile.
    pub reviews: usize,
    /// Bytes up to which a body is a usual one. With [`Self::reviews`] this bounds the memory of
    /// usual bodies, to 32 MiB for each kind.
    pub usual_body_bytes: usize,
    /// Reviews of one kind at once whose body is larger than a usual one. Beyond it the answer is
    /// HTTP 503. With [`Self::body_bytes`] this bounds the memory of such bodies, to 32 MiB for
    /// each kind.
    pub large_bodies: usize,
    /// After a stop was asked for: how long an idle HTTP/1.1 connection stays open, so that a
    /// request that is already on its way is answered.
    pub linger: Duration,
    /// After a stop was asked for: how long the requests in flight may take. More than a token
    /// review, less than the 30 s after which a kubelet kills.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            head_bytes: 32 * 1024,
            headers: 64,
            handshake_time: Duration::from_secs(5),
            head_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(120),
            access_time: Duration::from_millis(2_800),
            token_time: Duration::from_secs(12),
            connections: 2_048,
            streams: 256,
            reviews: 1_024,
            usual_body_bytes: 32 * 1024,
            large_bodies: 32,
            linger: Duration::from_millis(500),
            grace: Duration::from_secs(15),
        }
    }
}
