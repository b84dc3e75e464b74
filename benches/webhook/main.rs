//! What a whole review costs: from the client's request to its answer, over mutual TLS on one warm
//! connection, as the API server asks.
//!
//! The server is the real one, on a runtime of its own with the program's number of threads; the
//! client runs in the same process on another thread, so both share the machine. The floor is the
//! same listener, TLS and HTTP with a handler that reads the body and answers 200 with nothing: what
//! is above it is ours. Budget: half of all access reviews under 150 µs.
//!
//! `cargo bench --bench webhook` measures; `-- TokenReview` only what has this in its name, and
//! `-- --test` asks each question a few times only.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints"
)]

mod world;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use world::{Question, World};

/// Requests before the measurement, for caches, branch predictors and the connection's window.
const WARM_UP: usize = 500;
/// Requests measured for each line.
const REQUESTS: usize = 5_000;
/// Requests at once where throughput is measured.
const IN_FLIGHT: usize = 32;

/// One connection, of either protocol.
enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    async fn connect(world: &World, address: SocketAddr, protocol: &[u8]) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = world.connector(protocol).connect(name, stream).await.unwrap();
        let io = TokioIo::new(stream);
        if protocol == b"h2" {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            Self::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            Self::One(sender)
        }
    }

    async fn post(&mut self, question: &Question) -> Bytes {
        let host = match self {
            Self::One(_) => "",
            Self::Two(_) => "https://127.0.0.1",
        };
        let request = Request::post(format!("{host}{}", question.path))
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .body(Full::new(question.body.clone()))
            .unwrap();
        let response = match self {
            Self::One(sender) => sender.send_request(request).await,
            Self::Two(sender) => sender.send_request(request).await,
        }
        .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap().to_bytes()
    }

    /// Asks some times, and checks the answers.
    async fn warm_up(&mut self, question: &Question, requests: usize) {
        for _ in 0..WARM_UP.min(requests) {
            let answer = self.post(question).await;
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.contains(question.expected), "{answer}");
        }
    }
}

/// Asks one after another, and prints a line of percentiles.
async fn latency(world: &World, question: &Question, protocol: &'static str, requests: usize) {
    let mut sender = Sender::connect(world, question.address, protocol.as_bytes()).await;
    sender.warm_up(question, requests).await;
    let mut times = Vec::with_capacity(requests);
    let began = Instant::now();
    for _ in 0..requests {
        let began = Instant::now();
        sender.post(question).await;
        times.push(began.elapsed());
    }
    let whole = began.elapsed();
    times.sort_unstable();
    let at = |percent: usize| {
        let index = (times.len() * percent / 100).min(times.len() - 1);
        micros(times.get(index).copied().unwrap())
    };
    println!(
        "{:<9} {:<34} {:>8} {:>8} {:>8} {:>9.0}",
        protocol,
        question.name,
        at(50),
        at(90),
        at(99),
        requests as f64 / whole.as_secs_f64(),
    );
}

fn micros(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e6)
}

/// Asks many at once on one HTTP/2 connection, and prints how many are answered in a second.
async fn throughput(world: &World, question: &Question, requests: usize) {
    let mut sender = Sender::connect(world, question.address, b"h2").await;
    sender.warm_up(question, requests).await;
    let Sender::Two(sender) = sender else { return };
    let began = Instant::now();
    let mut askers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (mut sender, question) = (Sender::Two(sender.clone()), question.clone());
        askers.spawn(async move {
            for _ in 0..requests.div_ceil(IN_FLIGHT) {
                sender.post(&question).await;
            }
        });
    }
    askers.join_all().await;
    let answered = requests.div_ceil(IN_FLIGHT) * IN_FLIGHT;
    println!("{:<34} {:>9.0}", question.name, answered as f64 / began.elapsed().as_secs_f64());
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let requests = if arguments.iter().any(|a| a == "--test") { 10 } else { REQUESTS };
    let only: Vec<_> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let world = World::start();
    let client = Builder::new_current_thread().enable_all().build().unwrap();
    let mut questions = world.questions();
    questions.retain(|question| only.is_empty() || only.iter().any(|o| question.name.contains(*o)));
    println!("one after another, on one connection, in µs:");
    println!(
        "{:<9} {:<34} {:>8} {:>8} {:>8} {:>9}",
        "protocol", "question", "p50", "p90", "p99", "per s"
    );
    for protocol in ["http/1.1", "h2"] {
        for question in &questions {
            client.block_on(latency(&world, question, protocol, requests));
        }
    }
    println!("\n{IN_FLIGHT} at once, on one HTTP/2 connection:");
    println!("{:<34} {:>9}", "question", "per s");
    for question in &questions {
        client.block_on(throughput(&world, question, requests));
    }
}
