//! Connections driven byte by byte, for what no HTTP client does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Server;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a connection with TLS as the API server does.
pub(crate) async fn connect(server: &Server) -> TlsStream<TcpStream> {
    let files = &server.files;
    let config = files.authority.client_config(Some(&files.client), &[b"http/1.1"]);
    connect_with(server, config).await.unwrap()
}

/// Opens a connection; an error is the handshake's.
pub(crate) async fn connect_with(
    server: &Server,
    config: ClientConfig,
) -> io::Result<TlsStream<TcpStream>> {
    handshake(TcpStream::connect(server.webhook).await?, config).await
}

/// Makes a connection of an open socket.
pub(crate) async fn handshake(
    stream: TcpStream,
    config: ClientConfig,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A whole HTTP/1.1 request.
pub(crate) fn request(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: webhook\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Sends `bytes`, all of them.
pub(crate) async fn send(stream: &mut TlsStream<TcpStream>, bytes: &str) {
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Reads one answer: head and body.
pub(crate) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = Vec::new();
    timeout(PATIENCE, async {
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if length.is_some_and(|length| body.len() >= length.parse().unwrap()) {
                    return text;
                }
            }
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return text,
                Ok(count) => read.extend(&chunk[..count]),
            }
        }
    })
    .await
    .unwrap()
}

/// Waits for the server to close, and says what it had sent before.
pub(crate) async fn closed(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("still open");
    String::from_utf8_lossy(&read).into_owned()
}
