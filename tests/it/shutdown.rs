//! Stopping loses no request that was accepted.

use std::convert::Infallible;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::webhook::{Files, Http, Server, TENANT, access_review, raw, tuning};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use kubentra::app::Tuning;
use reqwest::StatusCode;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// A request whose body has only begun, on a connection of its own.
async fn half(stream: &mut TlsStream<TcpStream>) -> String {
    let request = raw::request("/authorize", &access_review("get").to_string());
    let (first, rest) = request.split_at(request.len() - 20);
    raw::send(stream, first).await;
    rest.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_requests_in_flight_are_all_answered() {
    let mut server = Files::new().start_tuned(patient()).await;
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut stream = raw::connect(&server).await;
        let rest = half(&mut stream).await;
        open.push((stream, rest));
    }
    let app = server.take();
    let stopping = tokio::spawn(app.stop());
    let (status, page) = server.until_ready_says("[-] running: stopping").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    // Longer than idle connections are kept.
    tokio::time::sleep(tuning().limits.linger * 2).await;
    assert!(TcpStream::connect(server.webhook).await.is_err(), "no new connections");
    for (stream, rest) in &mut open {
        raw::send(stream, rest).await;
    }
    for (stream, _) in &mut open {
        let answer = raw::answer(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(answer.contains("\"allowed\":true"), "{answer}");
    }
    stopping.await.unwrap();
}

/// Time enough for requests that the test holds back, on a machine that does much else.
fn patient() -> Tuning {
    let mut tuning = tuning();
    tuning.limits.access_time = Duration::from_secs(30);
    tuning.limits.grace = Duration::from_secs(30);
    tuning
}

/// Waits until the server has begun with so many reviews.
async fn until_in_flight(server: &Server, count: usize) {
    let (began, count) = (Instant::now(), count.to_string());
    while server.metric("kubentra_reviews_in_flight").await.as_ref() != Some(&count) {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A body whose second half waits until the gate is opened.
struct Gated {
    halves: [Option<Bytes>; 2],
    opened: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl Gated {
    fn new(body: &Bytes, mut gate: watch::Receiver<bool>) -> Self {
        let opened = Box::pin(async move {
            let _ = gate.wait_for(|&open| open).await;
        });
        Self { halves: [Some(body.slice(..20)), Some(body.slice(20..))], opened }
    }
}

impl Body for Gated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.halves[0].take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.halves[1].is_some() {
            ready!(self.opened.as_mut().poll(cx));
        }
        Poll::Ready(self.halves[1].take().map(|rest| Ok(Frame::data(rest))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_streams_of_one_connection_are_all_answered() {
    let mut server = Files::new().start_tuned(patient()).await;
    let client = server.client(Http::Two);
    let (open, gate) = watch::channel(false);
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let body = Bytes::from(access_review("get").to_string());
        let body = reqwest::Body::wrap(Gated::new(&body, gate.clone()));
        let request = client.post(server.url("/authorize")).body(body);
        requests.spawn(async move { request.send().await.unwrap().status() });
    }
    until_in_flight(&server, 200).await;
    let stopping = tokio::spawn(server.take().stop());
    server.until_ready_says("[-] running: stopping").await;
    tokio::time::sleep(tuning().limits.linger * 2).await;
    open.send_replace(true);
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_an_idle_connection_just_after_the_stop_is_answered() {
    let mut tuning = tuning();
    tuning.limits.linger = Duration::from_secs(2);
    let mut server = Files::new().start_tuned(tuning).await;
    let mut used = raw::connect(&server).await;
    let request = raw::request("/authorize", &access_review("get").to_string());
    raw::send(&mut used, &request).await;
    raw::answer(&mut used).await;
    let fresh = raw::connect(&server).await;
    // Connected, but neither side has said anything; the kernel has it, perhaps not the server.
    let queued = TcpStream::connect(server.webhook).await.unwrap();
    let app = server.take();
    let stopping = tokio::spawn(app.stop());
    server.until_ready_says("[-] running: stopping").await;
    let files = &server.files;
    let config = files.authority.client_config(Some(&files.client), &[b"http/1.1"]);
    let late = raw::handshake(queued, config).await.unwrap();
    for mut stream in [used, fresh, late] {
        raw::send(&mut stream, &request).await;
        let answer = raw::answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        raw::closed(&mut stream).await;
    }
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_under_load_see_only_refused_connections() {
    for http in [Http::One, Http::Two] {
        let mut tuning = tuning();
        // A client may pause longer than the short time of other tests on a busy machine.
        tuning.limits.linger = Duration::from_secs(5);
        let mut server = Files::new().start_tuned(tuning).await;
        let (answered, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            let (client, url) = (server.client(http), server.url("/authorize"));
            let (answered, over) = (Arc::clone(&answered), Arc::clone(&over));
            clients.spawn(async move {
                while !over.load(SeqCst) {
                    let body = access_review("get").to_string();
                    match client.post(&url).body(body).send().await {
                        Ok(response) => {
                            assert_eq!(response.status(), StatusCode::OK);
                            answered.fetch_add(1, SeqCst);
                        }
                        Err(error) if error.is_connect() => return,
                        Err(error) => panic!("{http:?}: an accepted request failed: {error:?}"),
                    }
                }
            });
        }
        while answered.load(SeqCst) < 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.take().stop().await;
        over.store(true, SeqCst);
        while let Some(result) = clients.join_next().await {
            result.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_is_cut_off_after_the_grace() {
    let mut tuning = tuning();
    tuning.limits.grace = Duration::from_millis(300);
    let mut server = Files::new().start_tuned(tuning).await;
    let mut stream = raw::connect(&server).await;
    half(&mut stream).await;
    let began = Instant::now();
    server.take().stop().await;
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(2), "{took:?}");
    raw::closed(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_uses_stops_at_once() {
    let server = Files::new().start().await;
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_answers_what_it_has_on_sigterm_and_exits_0() {
    let files = Files::new();
    let [webhook, admin] = free_ports();
    let config = files.config_file_at(webhook, admin);
    let mut program = Command::new(env!("CARGO_BIN_EXE_kubentra"))
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let server = files.attach(webhook, admin);
    server.until_ready_says("[+] policy: ").await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = raw::connect(&server).await;
        let rest = half(&mut stream).await;
        open.push((stream, rest));
    }
    let pid = program.id().unwrap().to_string();
    assert!(Command::new("kill").arg("-TERM").arg(pid).status().await.unwrap().success());
    server.until_ready_says("[-] running: stopping").await;
    for (stream, rest) in &mut open {
        raw::send(stream, rest).await;
        assert!(raw::answer(stream).await.starts_with("HTTP/1.1 200"));
    }
    let status = timeout(Duration::from_secs(10), program.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_what_it_serves_and_a_second_signal_cuts_it_off() {
    let files = Files::new();
    let [webhook, admin] = free_ports();
    let config = files.config_file_at(webhook, admin);
    let log = fs::File::create(files.path("log")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_kubentra"))
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let server = files.attach(webhook, admin);
    server.until_ready_says("[+] policy: ").await;
    let mut stream = raw::connect(&server).await;
    half(&mut stream).await;
    let pid = program.id().unwrap().to_string();
    let terminate = || Command::new("kill").arg("-TERM").arg(&pid).status();
    assert!(terminate().await.unwrap().success());
    server.until_ready_says("[-] running: stopping").await;
    let began = Instant::now();
    assert!(terminate().await.unwrap().success());
    let status = timeout(Duration::from_secs(10), program.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1), "it may have lost a request");
    // A stop that waits would take as long as a review may.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());

    let log = fs::read_to_string(server.files.path("log")).unwrap();
    let line = log.lines().find(|line| line.contains("\"serving\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    #[rustfmt::skip]
    let expected = [
        ("version", env!("CARGO_PKG_VERSION")), ("cloud", "custom"), ("client_auth", "required"),
        ("mode", "azureRbac"), ("ungranted", "noOpinion"), ("tenant", TENANT),
    ];
    for (field, value) in expected {
        assert_eq!(line[field], value, "{line}");
    }
    assert!(line["policy"].as_str().unwrap().ends_with("/policy"), "{line}");
}

#[tokio::test]
async fn the_program_exits_4_with_one_line_if_it_cannot_start() {
    let files = Files::new().with("groups: { source: graph }");
    let output = Command::new(env!("CARGO_BIN_EXE_kubentra"))
        .args(["serve", "--config"])
        .arg(files.write_config())
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let text = String::from_utf8(output.stderr).unwrap();
    insta::assert_snapshot!(text, @"error: `groups.source: graph` is not supported by this version; write `token`");
}

/// Two ports that were free a moment ago.
fn free_ports() -> [SocketAddr; 2] {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|socket| socket.local_addr().unwrap())
}
