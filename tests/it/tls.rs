//! Who gets a connection at all.

use super::webhook::pki::{Authority, Pair};
use super::webhook::{Files, Http, Server, access_review, client, raw};
use reqwest::StatusCode;
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Posts a review with this client certificate. An error is the handshake's, or the connection's
/// before any answer.
async fn post(server: &Server, certificate: Option<&Pair>, http: Http) -> reqwest::Result<u16> {
    let request = client(&server.files.authority, certificate, http).post(server.url("/authorize"));
    let response = request.body(access_review("get").to_string()).send().await?;
    Ok(response.status().as_u16())
}

#[tokio::test]
async fn a_client_certificate_of_the_right_authority_is_required() {
    let files = Files::new();
    let authority = &files.authority;
    let (stranger, server_pair) = (Authority::new("stranger"), authority.server());
    #[rustfmt::skip]
    let cases = [
        (Some(authority.client("anyone", &[])),        true,  "any name will do"),
        (None,                                         false, "no certificate"),
        (Some(stranger.client("kube-apiserver", &[])), false, "another authority"),
        (Some(server_pair),                            false, "not for clients"),
    ];
    let server = files.start().await;
    for (certificate, expected, why) in cases {
        for http in [Http::One, Http::Two] {
            let result = post(&server, certificate.as_ref(), http).await;
            assert_eq!(result.is_ok(), expected, "{why}, {http:?}: {result:?}");
        }
    }
    let series = r#"kubentra_handshake_failures_total{reason="client_certificate"}"#;
    assert_eq!(server.metric(series).await.as_deref(), Some("6"));
    server.stop().await;
}

#[tokio::test]
async fn only_named_clients_get_in_if_there_are_names() {
    let tls = "clientCaFile: ca.crt, clientNames: [kube-apiserver, proxy.example.com]";
    let files = Files::new().with_tls(tls);
    let (authority, stranger) = (&files.authority, Authority::new("stranger"));
    #[rustfmt::skip]
    let cases = [
        (authority.client("kube-apiserver", &[]),              true,  "by common name"),
        (authority.client("Kube-apiserver", &[]),              false, "common names compare exactly"),
        (authority.client("x", &["proxy.example.com"]),        true,  "by DNS name"),
        (authority.client("x", &["a.b", "PROXY.example.com"]), true,  "DNS names know no case"),
        (authority.client("x", &["kube-apiserver.evil.com"]),  false, "no part of a name"),
        (authority.client("x", &["*.example.com"]),            false, "a wildcard is no name"),
        (authority.client("", &[]),                            false, "no name"),
        (stranger.client("kube-apiserver", &[]),               false, "the authority comes first"),
    ];
    let server = files.start().await;
    for (certificate, expected, why) in cases {
        let result = post(&server, Some(&certificate), Http::Two).await;
        assert_eq!(result.is_ok(), expected, "{why}: {result:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn no_certificate_is_asked_for_if_configured_so() {
    let server = Files::new().with_tls("clientAuth: none").start().await;
    for http in [Http::One, Http::Two] {
        assert_eq!(post(&server, None, http).await.unwrap(), 200, "{http:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_authority_file_may_hold_several() {
    let (files, second) = (Files::new(), Authority::new("second"));
    files.write("ca.crt", &format!("{}{}", files.authority.pem(), second.pem()));
    let server = files.start().await;
    for certificate in [server.files.client.clone(), second.client("second", &[])] {
        assert_eq!(post(&server, Some(&certificate), Http::Two).await.unwrap(), 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn plain_http_gets_no_answer() {
    let server = Files::new().start().await;
    let mut stream = TcpStream::connect(server.webhook).await.unwrap();
    let request = raw::request("/authorize", &access_review("get").to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = raw::closed(&mut stream).await;
    assert!(!answer.contains("HTTP/"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn both_tls_versions_and_no_resumption() {
    let server = Files::new().start().await;
    let files = &server.files;
    for version in [&TLS12, &TLS13] {
        let config = files.authority.client_config_of(version, &files.client, &[b"http/1.1"]);
        for _ in 0..2 {
            let mut stream = raw::connect_with(&server, config.clone()).await.unwrap();
            let review = access_review("get").to_string();
            raw::send(&mut stream, &raw::request("/authorize", &review)).await;
            assert!(raw::answer(&mut stream).await.starts_with("HTTP/1.1 200"), "{version:?}");
            let kind = stream.get_ref().1.handshake_kind();
            assert_eq!(kind, Some(rustls::HandshakeKind::Full), "{version:?}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn http_2_is_preferred_and_http_1_the_default() {
    let server = Files::new().start().await;
    let files = &server.files;
    #[rustfmt::skip]
    let cases: [(&[&[u8]], _); 4] = [
        (&[b"h2", b"http/1.1"], Some(&b"h2"[..])),
        (&[b"http/1.1", b"h2"], Some(&b"h2"[..])),
        (&[b"http/1.1"],        Some(&b"http/1.1"[..])),
        (&[],                   None),
    ];
    for (offered, expected) in cases {
        let config = files.authority.client_config(Some(&files.client), offered);
        let mut stream = raw::connect_with(&server, config).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), expected);
        if expected.is_none() {
            raw::send(&mut stream, &raw::request("/authorize", "{")).await;
            assert!(raw::answer(&mut stream).await.starts_with("HTTP/1.1 400"));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_admin_listener_speaks_plain_http() {
    let server = Files::new().start().await;
    assert_eq!(server.admin("/livez").await.0, StatusCode::OK);
    server.stop().await;
}
