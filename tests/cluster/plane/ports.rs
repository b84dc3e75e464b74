//! Addresses of this machine for the programs of one control plane.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Ports below those that the system hands out by itself, so that none is taken between the choice and
/// its use.
const FIRST: u16 = 20_000;
const NUMBER: u16 = 12_000;
/// Longest wait for a plain answer.
const PATIENCE: Duration = Duration::from_secs(5);

static NEXT: AtomicU16 = AtomicU16::new(0);

/// One address for each listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) etcd: SocketAddr,
    pub(crate) etcd_peer: SocketAddr,
    pub(crate) etcd_metrics: SocketAddr,
    pub(crate) api_server: SocketAddr,
    pub(crate) controllers: SocketAddr,
    pub(crate) kubentra: SocketAddr,
    pub(crate) kubentra_admin: SocketAddr,
}

impl Ports {
    pub(crate) fn choose() -> Self {
        Self {
            etcd: free(),
            etcd_peer: free(),
            etcd_metrics: free(),
            api_server: free(),
            controllers: free(),
            kubentra: free(),
            kubentra_admin: free(),
        }
    }

    pub(crate) fn api_server_url(&self) -> String {
        format!("https://{}", self.api_server)
    }
}

/// The next address that nobody listens on. Runs beside this one begin elsewhere: their process ids are
/// near each other, and a run takes less than a hundred ports.
fn free() -> SocketAddr {
    let begin = u64::from(std::process::id()) * 101 % u64::from(NUMBER);
    let begin = u16::try_from(begin).unwrap();
    for _ in 0..NUMBER {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin + step % NUMBER) % NUMBER;
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port from {FIRST} on is free");
}

/// Says whether somebody listens.
pub(crate) fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}

/// A whole answer without TLS, its head included; none if there is none.
pub(crate) fn http_get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
