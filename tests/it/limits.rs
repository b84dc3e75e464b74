//! What a caller may take of the server: size, time, number.

use std::time::{Duration, Instant};

use super::webhook::{Files, Http, Server, access_review, raw, token_review, tuning};
use kubentra::server::limits::Limits;
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// A short time for a limit.
const SHORT: Duration = Duration::from_millis(200);

/// Starts a server with one limit changed.
async fn start(change: impl FnOnce(&mut Limits)) -> Server {
    let mut tuning = tuning();
    change(&mut tuning.limits);
    Files::new().start_tuned(tuning).await
}

fn request() -> String {
    raw::request("/authorize", &access_review("get").to_string())
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_just_below_it_is_read() {
    let server = start(|_| {}).await;
    let limit = Limits::default().body_bytes;
    assert_eq!(limit, 1024 * 1024);
    let mut review = access_review("get").to_string();
    review.push_str(&" ".repeat(limit - review.len()));
    for http in [Http::One, Http::Two] {
        let client = server.client(http);
        for (body, expected) in [
            (review.clone(), StatusCode::OK),
            (format!("{review} "), StatusCode::PAYLOAD_TOO_LARGE),
            (" ".repeat(3 * limit), StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            for path in ["/authorize", "/authenticate"] {
                let length = body.len();
                let response = client.post(server.url(path)).body(body.clone()).send().await;
                let status = response.unwrap().status();
                let other_kind = path == "/authenticate" && expected == StatusCode::OK;
                let expected = if other_kind { StatusCode::BAD_REQUEST } else { expected };
                assert_eq!(status, expected, "{http:?} {path} {length}");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_without_a_length_is_limited_too() {
    let server = start(|limits| limits.body_bytes = 1000).await;
    let mut stream = raw::connect(&server).await;
    let head = "POST /authorize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    raw::send(&mut stream, head).await;
    for _ in 0..30 {
        raw::send(&mut stream, &format!("64\r\n{}\r\n", " ".repeat(100))).await;
    }
    raw::send(&mut stream, "0\r\n\r\n").await;
    let answer = raw::answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_announced_as_huge_is_refused_unread() {
    let server = start(|_| {}).await;
    let mut stream = raw::connect(&server).await;
    let head = "POST /authorize HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n";
    raw::send(&mut stream, head).await;
    assert!(raw::answer(&mut stream).await.starts_with("HTTP/1.1 413"));
    server.stop().await;
}

#[tokio::test]
async fn a_head_over_the_limit_is_431() {
    let server = start(|_| {}).await;
    for name in ["X-Filler: ", "X-Filler-"] {
        let mut stream = raw::connect(&server).await;
        let filler: String = match name {
            "X-Filler: " => format!("{name}{}\r\n", "a".repeat(40_000)),
            _ => (0..100).map(|n| format!("{name}{n}: a\r\n")).collect(),
        };
        let head = format!("POST /authorize HTTP/1.1\r\nHost: a\r\n{filler}\r\n");
        raw::send(&mut stream, &head).await;
        let answer = raw::answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{name}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_connection_without_a_handshake_is_closed() {
    let server = start(|limits| limits.handshake_time = SHORT).await;
    for first in [&b""[..], &b"\x16\x03\x01"[..]] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(server.webhook).await.unwrap();
        stream.write_all(first).await.unwrap();
        raw::closed(&mut stream).await;
        assert!(began.elapsed() >= SHORT, "{:?}", began.elapsed());
    }
    let series = r#"kubentra_handshake_failures_total{reason="timeout"}"#;
    assert_eq!(server.metric(series).await.as_deref(), Some("2"));
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off() {
    let server = start(|limits| limits.head_time = SHORT).await;
    let mut stream = raw::connect(&server).await;
    raw::send(&mut stream, "POST /authorize HTTP/1.1\r\n").await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let trickle = tokio::spawn(async move {
        while writer.write_all(b"X: y\r\n").await.is_ok() && writer.flush().await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let began = Instant::now();
    assert_eq!(raw::closed(&mut reader).await, "");
    assert!(began.elapsed() < SHORT * 10, "{:?}", began.elapsed());
    trickle.abort();
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_of_a_head() {
    let server = start(|limits| limits.head_time = SHORT / 4).await;
    let mut stream = raw::connect(&server).await;
    for _ in 0..3 {
        tokio::time::sleep(SHORT).await;
        raw::send(&mut stream, &request()).await;
        assert!(raw::answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_ends_with_its_own_limit() {
    let server = start(|limits| {
        limits.head_time = SHORT / 4;
        limits.idle_time = SHORT;
    })
    .await;
    let mut fresh = raw::connect(&server).await;
    let mut used = raw::connect(&server).await;
    raw::send(&mut used, &request()).await;
    assert!(raw::answer(&mut used).await.starts_with("HTTP/1.1 200"));
    for stream in [&mut fresh, &mut used] {
        assert_eq!(raw::closed(stream).await, "");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_idle_http_2_connection_ends_too_and_the_next_request_opens_another() {
    let server = start(|limits| {
        limits.head_time = SHORT / 4;
        limits.idle_time = SHORT;
    })
    .await;
    let files = &server.files;
    let config = files.authority.client_config(Some(&files.client), &[b"h2"]);
    let mut silent = raw::connect_with(&server, config).await.unwrap();
    raw::closed(&mut silent).await;
    let client = server.client(Http::Two);
    for _ in 0..2 {
        let request = client.post(server.url("/authorize")).body(access_review("get").to_string());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
        tokio::time::sleep(SHORT * 3).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_503() {
    let server = start(|limits| {
        limits.access_time = SHORT;
        limits.token_time = SHORT;
    })
    .await;
    for path in ["/authorize", "/authenticate"] {
        let mut stream = raw::connect(&server).await;
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{{");
        raw::send(&mut stream, &head).await;
        let answer = raw::answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("retry-after"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn more_reviews_than_there_is_room_for_are_503() {
    let server = start(|limits| limits.reviews = 1).await;
    let mut first = raw::connect(&server).await;
    let (head, body) = {
        let request = request();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (format!("{head}\r\n\r\n"), body.to_owned())
    };
    raw::send(&mut first, &head).await;
    // Wait until the first has its place.
    let began = Instant::now();
    while server.authorize(&access_review("get")).await.status() == StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    let response = server.authorize(&access_review("get")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    raw::send(&mut first, &body).await;
    assert!(raw::answer(&mut first).await.starts_with("HTTP/1.1 200"));
    assert_eq!(server.authorize(&access_review("get")).await.status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn tokens_that_wait_take_no_place_of_a_decision() {
    let server = start(|limits| {
        limits.reviews = 1;
        limits.large_bodies = 1;
    })
    .await;
    let mut token = raw::connect(&server).await;
    let head = "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
    raw::send(&mut token, head).await;
    // Wait until it has its place.
    let began = Instant::now();
    let review = token_review("no.to.ken").to_string();
    while server.post("/authenticate", review.clone()).await.status() == StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(server.authorize(&access_review("get")).await.status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn large_bodies_have_fewer_places_than_usual_ones() {
    let server = start(|limits| limits.large_bodies = 1).await;
    let usual = Limits::default().usual_body_bytes;
    let mut large = access_review("get").to_string();
    large.push_str(&" ".repeat(usual));
    let request = raw::request("/authorize", &large);
    let (first, last) = request.split_at(request.len() - 1);
    let mut open = raw::connect(&server).await;
    raw::send(&mut open, first).await;
    let began = Instant::now();
    while server.post("/authorize", large.clone()).await.status() == StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(server.authorize(&access_review("get")).await.status(), StatusCode::OK, "usual");
    raw::send(&mut open, last).await;
    assert!(raw::answer(&mut open).await.starts_with("HTTP/1.1 200"));
    let status = server.post("/authorize", large).await.status();
    assert_eq!(status, StatusCode::OK, "its place is free again");
    server.stop().await;
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_wait() {
    let server = start(|limits| limits.connections = 2).await;
    let one = raw::connect(&server).await;
    let two = raw::connect(&server).await;
    let mut third = Box::pin(raw::connect(&server));
    assert!(tokio::time::timeout(SHORT, &mut third).await.is_err(), "must wait");
    drop(one);
    let mut third = tokio::time::timeout(Duration::from_secs(10), third).await.unwrap();
    raw::send(&mut third, &request()).await;
    assert!(raw::answer(&mut third).await.starts_with("HTTP/1.1 200"));
    drop(two);
    server.stop().await;
}
