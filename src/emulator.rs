//! An emulator of Entra for tests and demos: it mints any token, good or bad.
//!
//! **Never let a real cluster trust it**: whoever reaches its port is whomever they like.
//!
//! ```text
//! directory.yaml ──▶ Directory ─┐                     ┌─ discovery, key sets   ◀── server under test
//!                               ├─ Emulator ─ HTTPS ──┼─ token endpoint        ◀── kubelogin, MSAL
//! keys, made at start ──────────┘      │              └─ /_emulator/…          ◀── tests, demos
//!                                      └─ RunningEmulator::mint, in process
//! ```
//!
//! It is a server with its own CA, not a mock: what is tested talks to it as to Entra. It shares no
//! code with what checks tokens, else that would be checked with itself. Policy is not here but in
//! the policy directory. Graph, ARM and further grants join later.
//!
//! ```no_run
//! use kubentra::emulator::{Directory, Emulator, Fault, Flaw, MintRequest, Rotation};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directory = Directory::parse(
//!     "tenants: [aaaabbbb-0000-4ccc-8111-dddd2222eeee]\n\
//!      users: [{id: a11ce000-0000-4000-8000-000000000001, \
//!               tenant: aaaabbbb-0000-4ccc-8111-dddd2222eeee, upn: alice@contoso.example}]",
//! )?;
//! let emulator = Emulator::start(directory, "127.0.0.1:0".parse()?)?;
//! // entra: {cloud: custom, authorityUrl: emulator.authority_url(), caFile: … emulator.ca_pem()}
//! let good = emulator.mint(&MintRequest::new("alice@contoso.example"))?;
//! let bad = emulator.mint(&MintRequest::new("alice@contoso.example").flaw(Flaw::Expired))?;
//! emulator.rotate(Rotation { keep_old: false, ..Rotation::default() })?;
//! emulator.faults().add(Fault::status(503).at("/aaaabbbb").times(2))?;
//! assert_eq!(emulator.faults().requests("/"), 0);
//! emulator.stop(); // or drop it
//! # Ok(())
//! # }
//! ```
//!
//! # Control endpoints (contract, programs)
//!
//! | call | body | answer |
//! | --- | --- | --- |
//! | `POST /_emulator/tokens` | [`MintRequest`] | `{token}` |
//! | `POST /_emulator/keys/rotate` | [`Rotation`] or nothing | `{kid}` |
//! | `POST /_emulator/faults` | [`Fault`] | 204 |
//! | `GET`, `DELETE /_emulator/faults` | | those in force; 204 |
//! | `GET /_emulator/requests` | | number of requests by path, control paths left out |
//!
//! Errors are `{error}` in words, with status 400.

mod directory;
mod entra;
mod faults;
mod keys;
mod server;
mod tls;
mod tokens;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use thiserror::Error;

pub use self::directory::{
    Directory, FindIdentityError, Identity, IdentityKind, LoadDirectoryError, MAX_DIRECTORY_BYTES,
    MAX_DIRECTORY_OBJECTS, ParseDirectoryError, Secret,
};
pub use self::faults::{
    AddFaultError, Fault, FaultKind, Faults, MAX_COUNTED_PATHS, MAX_FAULTS, MAX_LATENCY,
};
use self::keys::KeySet;
pub use self::keys::{Algorithm, MAX_PUBLISHED_KEYS, MAX_RETIRED_KEYS, MakeKeyError};
use self::server::Shared;
pub use self::server::{MAX_REQUEST_BYTES, Rotation};
pub use self::tls::MakeTlsError;
use self::tls::Tls;
pub use self::tokens::{
    AKS_CLIENT_APP, AKS_SERVER_APP, APP_TOKEN_LIFE, BACKDATED, Flaw, MAX_TOKEN_GROUPS, MintError,
    MintRequest, PopFlaw, PopRequest, TokenVersion, USER_TOKEN_LIFE,
};
use crate::clock::Now;

/// How long a connection may take over its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts emulators; holds nothing.
#[derive(Clone, Copy, Debug)]
pub struct Emulator;

impl Emulator {
    /// Makes keys and a CA, and listens on `listen` (port 0: any free one), on a thread and a
    /// runtime of its own: callers need no runtime, and may block theirs.
    ///
    /// Returns when it is listening.
    ///
    /// # Errors
    ///
    /// [`StartEmulatorError`]: the address is taken, or no keys can be made.
    pub fn start(
        directory: Directory,
        listen: SocketAddr,
    ) -> Result<RunningEmulator, StartEmulatorError> {
        let bind = |source| StartEmulatorError::Listen { listen, source };
        let now = Now::read();
        let keys = KeySet::generate(now.wall)?;
        let listener = TcpListener::bind(listen).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let tls = Tls::generate(address.ip(), now.wall)?;
        let shared = Shared::new(&authority(address), directory, keys);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartEmulatorError::Thread)?;
        let handle = Handle::new();
        let (service, stop) = (server::router(shared.clone()), handle.clone());
        let config = RustlsConfig::from_config(tls.server);
        let serve = async move {
            axum_server::from_tcp_rustls(listener, config)?
                .map(|acceptor| acceptor.handshake_timeout(HANDSHAKE_TIMEOUT))
                .handle(stop)
                .serve(service.into_make_service())
                .await
        };
        let thread = std::thread::Builder::new()
            .name("emulator".to_owned())
            .spawn(move || runtime.block_on(serve))
            .map_err(StartEmulatorError::Thread)?;
        Ok(RunningEmulator { shared, address, ca_pem: tls.ca_pem, handle, thread: Some(thread) })
    }
}

/// Where an emulator on `address` is found: loopback, if it listens on every address.
fn authority(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    format!("https://{}", SocketAddr::new(ip, address.port()))
}

/// An emulator that listens. Dropping it ends it.
#[derive(Debug)]
pub struct RunningEmulator {
    shared: Shared,
    address: SocketAddr,
    ca_pem: String,
    handle: Handle<SocketAddr>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl RunningEmulator {
    /// `https://127.0.0.1:PORT`, without a slash at the end: `entra.authorityUrl` of a custom cloud.
    pub fn authority_url(&self) -> &str {
        &self.shared.authority
    }

    /// Address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA that signed its certificate, in PEM: `entra.caFile` of a custom cloud.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Who exists in it.
    pub fn directory(&self) -> &Directory {
        &self.shared.directory
    }

    /// Mints a token now, as `POST /_emulator/tokens` does.
    ///
    /// # Errors
    ///
    /// [`MintError`]: the identity is unknown, or signing fails.
    pub fn mint(&self, request: &MintRequest) -> Result<String, MintError> {
        self.mint_at(request, Now::read())
    }

    /// Mints a token as if it were `now`.
    ///
    /// # Errors
    ///
    /// As [`RunningEmulator::mint`].
    pub fn mint_at(&self, request: &MintRequest, now: Now) -> Result<String, MintError> {
        self.shared.mint(request, now)
    }

    /// Makes a new signing key and returns its `kid`.
    ///
    /// # Errors
    ///
    /// [`MakeKeyError`].
    pub fn rotate(&self, rotation: Rotation) -> Result<String, MakeKeyError> {
        self.shared.rotate(rotation, Now::read())
    }

    /// The faults in force, to add to or to clear, and the requests counted.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Closes the listener and every connection, and waits for the thread to end.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for RunningEmulator {
    fn drop(&mut self) {
        self.handle.shutdown();
        if let Some(thread) = self.thread.take() {
            // How it ended is of no use any more.
            let _ = thread.join();
        }
    }
}

/// Why an emulator did not start.
#[derive(Debug, Error)]
pub enum StartEmulatorError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{listen}`")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// The operating system's word.
        source: io::Error,
    },
    /// No signing keys.
    #[error("cannot make signing keys")]
    Keys(#[from] MakeKeyError),
    /// No certificate.
    #[error("cannot make a certificate for the listener")]
    Tls(#[from] MakeTlsError),
    /// No thread or runtime.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}
