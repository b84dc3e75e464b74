//! A tour of the whole: a small company, an authority, a webhook and a policy, all on loopback.
//!
//! ```text
//! demos/company ─▶ Folder ─┬─ directory.yaml ─▶ kubentra-emulator, a child process ──tokens──┐
//!                          └─ config.yaml, pki/, policy/ ─▶ App, in this process ◀─reviews── Demo
//! ```
//!
//! [`Demo`] plays the API server: it posts real `TokenReview`s and `SubjectAccessReview`s over mutual
//! TLS, and gives what came back beside what should have. Nothing here knows the rules, and nothing
//! is answered but by the server. How a tour looks is the command's business.
//!
//! The child ends with the [`Demo`], however that ends. The folder goes too, unless it is kept.

pub mod company;
mod emulator;
mod folder;
#[doc(hidden)]
pub mod layout;
mod steps;
mod webhook;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;
use url::Url;

pub use steps::{
    AccessAnswer, Change, Latency, MAX_MEASURED_REVIEWS, MAX_MEASURED_TIME, Outcome, TokenAnswer,
    TokenResult,
};

use crate::app::{App, RunningApp, StartError};
use crate::authz::scope::ParseScopeError;
use crate::authz::{ClusterScope, Scope};
use crate::azure::http::BuildClientError;
use crate::clock::Now;
use crate::config::{Config, ConfigError};
use crate::setup::pki::{self, CompletePkiError, Found, Pki};
use crate::setup::{Authority, InstalledPath, ParsePathError, Plan, config_file, names};
use emulator::Emulator;
use folder::Folder;
use webhook::{User, Webhook};

/// Name of the program that plays Entra; it lies beside `kubentra`.
const EMULATOR: &str = "kubentra-emulator";

/// Any free port of this machine, for this machine only.
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A company whose authority and webhook run. Dropping it ends both.
#[derive(Debug)]
pub struct Demo {
    // Dropped in this order: the folder last, when nobody writes into it any more.
    app: RunningApp,
    emulator: Emulator,
    webhook: Webhook,
    /// Who was authenticated, as the `TokenReview` said it.
    users: BTreeMap<&'static str, User>,
    folder: Folder,
}

impl Demo {
    /// Starts the emulator, `program` or the one beside this program, and the server, and waits until
    /// the server says that it is ready.
    ///
    /// # Errors
    ///
    /// [`DemoError`]; nothing runs then, and nothing is left on disk.
    pub async fn start(program: Option<&Path>) -> Result<Self, DemoError> {
        let program = emulator::find(program)?;
        let folder = Folder::create()?;
        company::write_into(&folder)?;
        let emulator = Emulator::start(&program, &folder).await?;
        let (config, pki) = set_up(&folder, emulator.authority())?;
        let app = App::start(&config).await?;
        let webhook = Webhook::new(app.webhook_addr(), &pki)?;
        webhook::until_ready(app.admin_addr()).await?;
        Ok(Self { app, emulator, webhook, users: BTreeMap::new(), folder })
    }

    /// Address of the webhook, `https://127.0.0.1:PORT`.
    pub fn webhook_url(&self) -> String {
        format!("https://{}", self.app.webhook_addr())
    }

    /// Address of health and metrics, `http://127.0.0.1:PORT`.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.app.admin_addr())
    }

    /// Address of the authority, `https://127.0.0.1:PORT`.
    pub fn authority_url(&self) -> &str {
        self.emulator.authority()
    }

    /// Process id of the emulator; none once it has ended.
    pub fn emulator_pid(&self) -> Option<u32> {
        self.emulator.pid()
    }

    /// The folder with everything in it: `config.yaml`, `directory.yaml`, `pki/`, `policy/`, `entra/`
    /// (the emulator's certificate) and `reviews/` (what was asked).
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is when the demo ends.
    pub fn keep_folder(&mut self) {
        self.folder.keep();
    }

    /// Ends the server and the emulator, and waits until the emulator is gone.
    pub async fn stop(self) {
        drop(self.app);
        self.emulator.stop().await;
    }
}

/// Writes certificates and configuration, with the text that `kubentra init` writes, and reads the
/// configuration as `kubentra serve` reads it.
fn set_up(folder: &Folder, authority: &str) -> Result<(Config, Pki), DemoError> {
    let path = folder.path().join(emulator::CA_FILE);
    let ca = fs::read_to_string(&path).map_err(|source| DemoError::File { path, source })?;
    let plan = Plan {
        cluster: ClusterScope::new(company::CLUSTER.parse::<Scope>()?, &[], None)
            .map_err(|error| DemoError::Company(error.to_string()))?,
        tenant: company::TENANT.parse().map_err(|_| DemoError::company("tenant"))?,
        listen: LOOPBACK,
        admin_listen: LOOPBACK,
        host: LOOPBACK.ip().into(),
        webhook_first: false,
        authority: Some(Authority {
            url: Url::parse(authority).map_err(|_| DemoError::answer("the authority's address"))?,
            ca: Some(ca.clone()),
        }),
        installed: InstalledPath::try_from(folder.path().to_owned())?,
    };
    let pki = pki::complete(Found::default(), &plan.host, Now::read().wall)?;
    for (certificate, key, pair) in [
        (names::CA, names::CA_KEY, &pki.ca),
        (names::SERVER, names::SERVER_KEY, &pki.server),
        (names::CLIENT, names::CLIENT_KEY, &pki.client),
    ] {
        folder.write(certificate, &pair.certificate)?;
        folder.write_secret(key, pair.key.as_deref().unwrap_or_default())?;
    }
    folder.write(names::AUTHORITY_CA, &ca)?;
    folder.write(names::CONFIG, &config_file::config(&plan))?;
    Ok((Config::load(&folder.path().join(names::CONFIG))?, pki))
}

/// Why there is no demo, or why it broke off. An answer that is not the expected one is no error.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The emulator is not where it should be.
    #[error(
        "`{}` is not there; build it with `cargo build --features emulator --bins`, or name it in \
         KUBENTRA_EMULATOR", .0.display()
    )]
    NoEmulator(PathBuf),
    /// The operating system does not start it.
    #[error("cannot start `{}`", program.display())]
    StartEmulator {
        /// The program.
        program: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The emulator ended by itself.
    #[error("kubentra-emulator ended with {status}: {said}")]
    EmulatorEnded {
        /// How.
        status: ExitStatus,
        /// The last line that it wrote.
        said: String,
    },
    /// Something does not come up in the time that is plenty for it.
    #[error("{what} is not ready after {} s", after.as_secs())]
    NotReady {
        /// What.
        what: &'static str,
        /// The time.
        after: Duration,
    },
    /// A file of the demo.
    #[error("cannot use `{}`", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The folder for temporary files has a name that cannot stand in a configuration file.
    #[error("cannot use the folder for temporary files; set TMPDIR to another one")]
    Folder(#[from] ParsePathError),
    /// There are no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The company's own files make no sense, which is a defect.
    #[error("the demo's company is broken: {0}")]
    Company(String),
    /// The certificates.
    #[error("cannot make certificates")]
    Pki(#[from] CompletePkiError),
    /// The configuration that was written is refused, which is a defect.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no client to ask with.
    #[error(transparent)]
    Client(#[from] BuildClientError),
    /// A question got no answer.
    #[error("{what} does not answer")]
    Request {
        /// Who.
        what: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer is an error, or makes no sense.
    #[error("cannot use the answer of {0}")]
    Answer(String),
}

impl DemoError {
    fn company(what: &str) -> Self {
        Self::Company(what.to_owned())
    }

    fn answer(what: impl Into<String>) -> Self {
        Self::Answer(what.into())
    }
}

impl From<ParseScopeError> for DemoError {
    fn from(error: ParseScopeError) -> Self {
        Self::Company(error.to_string())
    }
}
