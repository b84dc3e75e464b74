//! Certificates and authorities change while connections stay open.

use std::fs;
use std::time::{Duration, Instant};

use super::webhook::pki::{Authority, Pair};
use super::webhook::{Files, Http, Server, access_review, client, raw};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Sends a review on an open connection and expects it to be answered.
async fn review_on(stream: &mut TlsStream<TcpStream>) {
    let request = raw::request("/authorize", &access_review("get").to_string());
    raw::send(stream, &request).await;
    let answer = raw::answer(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The server's certificate as a new connection sees it.
async fn certificate(server: &Server) -> CertificateDer<'static> {
    let stream = raw::connect(server).await;
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn der(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()
}

/// Waits until `done` says so.
async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < Duration::from_secs(10), "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_open_connections_stay() {
    let server = Files::new().start().await;
    let mut open = raw::connect(&server).await;
    let keeping = server.client(Http::Two);
    review_on(&mut open).await;
    for _ in 0..3 {
        let next = server.files.authority.server();
        server.files.write_certificates(&next);
        until("the new certificate", async || certificate(&server).await == der(&next)).await;
        review_on(&mut open).await;
        let request = keeping.post(server.url("/authorize"));
        assert_eq!(
            request.body(access_review("get").to_string()).send().await.unwrap().status(),
            200
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn files_behind_a_symbolic_link_are_followed_as_in_a_mounted_secret() {
    let files = Files::new();
    let (first, second) = (files.authority.server(), files.authority.server());
    for (folder, pair) in [("one", &first), ("two", &second)] {
        files.write(&format!("{folder}/server.crt"), &pair.certificate);
        files.write(&format!("{folder}/server.key"), &pair.key);
    }
    let link = |target: &str| {
        let temporary = files.path("data.new");
        std::os::unix::fs::symlink(target, &temporary).unwrap();
        fs::rename(temporary, files.path("data")).unwrap();
    };
    link("one");
    for name in ["server.crt", "server.key"] {
        fs::remove_file(files.path(name)).unwrap();
        std::os::unix::fs::symlink(format!("data/{name}"), files.path(name)).unwrap();
    }
    let app = files.start().await;
    assert_eq!(certificate(&app).await, der(&first));
    let temporary = app.files.path("data.new");
    std::os::unix::fs::symlink("two", &temporary).unwrap();
    fs::rename(temporary, app.files.path("data")).unwrap();
    until("the second certificate", async || certificate(&app).await == der(&second)).await;
    app.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_used_keep_the_last_good_ones_and_say_so() {
    let server = Files::new().start().await;
    let good = certificate(&server).await;
    let other = Authority::new("other").server();
    let files = &server.files;
    let original = fs::read_to_string(files.path("server.key")).unwrap();
    #[rustfmt::skip]
    let cases = [
        ("server.key", Some(other.key.as_str()), "does not belong to the certificate"),
        ("server.key", Some(""),                 "holds no private key"),
        ("server.key", None,                     "No such file"),
        ("ca.crt",     Some("-----BEGIN"),       "holds no certificate"),
        ("server.crt", Some("what"),             "holds no certificate"),
    ];
    for (name, content, expected) in cases {
        let before = fs::read_to_string(files.path(name)).unwrap();
        match content {
            Some(content) => files.write(name, content),
            None => fs::remove_file(files.path(name)).unwrap(),
        }
        let (_, page) = server.until_ready_says(expected).await;
        assert!(page.contains("[+] tls: the certificate ends "), "{page}");
        assert!(page.contains("the last good certificates are kept"), "{page}");
        assert_eq!(server.metric("kubentra_tls_reload_failing").await.as_deref(), Some("1"));
        assert_eq!(certificate(&server).await, good, "{expected}");
        files.write(name, &before);
        until("mended", async || {
            server.metric("kubentra_tls_reload_failing").await.as_deref() == Some("0")
        })
        .await;
    }
    assert_eq!(fs::read_to_string(files.path("server.key")).unwrap(), original);
    server.stop().await;
}

#[tokio::test]
async fn a_new_client_authority_is_in_force_for_new_connections_at_once() {
    let server = Files::new().start().await;
    let files = &server.files;
    let next = Authority::new("next");
    let newcomer = next.client("kube-apiserver", &[]);
    let reaches = async |certificate: &Pair| {
        let client = client(&files.authority, Some(certificate), Http::Two);
        let request = client.post(server.url("/authorize")).body(access_review("get").to_string());
        request.send().await.is_ok()
    };
    assert!(reaches(&files.client).await && !reaches(&newcomer).await);
    let mut open = raw::connect(&server).await;
    review_on(&mut open).await;

    files.write("ca.crt", &format!("{}{}", files.authority.pem(), next.pem()));
    until("both authorities", async || reaches(&newcomer).await).await;
    assert!(reaches(&files.client).await);

    files.write("ca.crt", &next.pem());
    until("the old authority gone", async || !reaches(&files.client).await).await;
    assert!(reaches(&newcomer).await);
    review_on(&mut open).await;
    server.stop().await;
}
