//! The whole server: puts configuration, services and listeners together, starts and stops them.
//!
//! ```text
//! Config ─▶ KeyRing ─────▶ Authenticator ─┐
//!        └▶ PolicySync ─▶ PolicyStore ────┼─▶ AppState ─▶ webhook listener (TLS)
//!                                └────────┤
//!                          Authorizer ────┘    Probes ──▶ admin listener
//! ```
//!
//! Configuration, certificates and addresses must be good for a start. A missing or broken policy
//! directory and keys out of reach do not stop it: the server then answers 503, is not ready, and
//! mends itself.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::authz::{PolicyDocuments, PolicySetting, PolicySnapshot};
use crate::azure::http::{self, BuildClientError};
use crate::clock::Now;
use crate::config::policy::PolicyMode;
use crate::config::server::TlsConfig;
use crate::config::{Config, ConfigError};
use crate::metrics::Metrics;
use crate::policy_dir::ReadPolicyError;
use crate::server::admin::{self, AdminState};
use crate::server::health::{self, Health};
use crate::server::limits::Limits;
use crate::server::listener::Listener;
use crate::server::probes::Probes;
use crate::server::router;
use crate::server::state::AppState;
use crate::server::stop::{self, Stop, StopSender};
use crate::server::tls::{LoadTlsError, TlsFiles, TlsReloader};
use crate::service::authenticator::Authenticator;
use crate::service::authorizer::Authorizer;
use crate::service::key_ring::KeyRing;
use crate::service::policy_store::{PolicyReader, PolicyStore};
use crate::service::policy_sync::{PolicyStatus, PolicySync};

/// Why the server does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address is taken, or not one of this machine.
    #[error("cannot listen on `{address}` for {what}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Which listener.
        what: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// `entra.caFile` cannot be read.
    #[error("cannot read `{path}` (`entra.caFile`)")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The client that fetches signing keys cannot be made.
    #[error("cannot set up the client for Entra")]
    Client(#[from] BuildClientError),
    /// The configuration asks for what cannot be served.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `policy.operationsFile` cannot be used, or the list that is compiled in.
    #[error("cannot use the list of data operations")]
    Operations(#[source] ReadPolicyError),
    /// The certificates cannot be used.
    #[error("cannot use the certificates of `server.tls`")]
    Tls(#[from] LoadTlsError),
}

/// The server's parts before it runs.
#[derive(Debug)]
pub struct App;

/// What tests make shorter; everyone else takes the default.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Limits of the webhook listener.
    pub limits: Limits,
    /// How often the certificate files are looked at.
    pub certificate_interval: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { limits: Limits::default(), certificate_interval: Duration::from_secs(1) }
    }
}

impl App {
    /// Starts everything that `config` asks for. On return both listeners accept, and a policy
    /// directory that is in order has been read.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing runs then.
    pub async fn start(config: &Config) -> Result<RunningApp, StartError> {
        Self::start_tuned(config, Tuning::default()).await
    }

    /// Says for what faults of `config` and of the files that it names [`Self::start`] would fail.
    /// Opens no address, and reads no policy; empty: nothing is wrong with them now.
    #[must_use]
    pub fn faults(config: &Config) -> Vec<StartError> {
        if let Err(error) = config.check_serve() {
            return vec![error.into()];
        }
        let tls = config.server.tls.as_ref().map(TlsFiles::from);
        let tls = tls.and_then(|files| files.check().err()).map(StartError::from);
        tls.into_iter().chain(client(config).err()).collect()
    }

    /// As [`Self::start`], with other limits.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub async fn start_tuned(config: &Config, tuning: Tuning) -> Result<RunningApp, StartError> {
        let Tuning { limits, certificate_interval } = tuning;
        config.check_serve()?;
        let tls_config = config.server.tls.as_ref().ok_or(ConfigError::NoTls)?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let metrics = Arc::new(Metrics::new());
        let tls = load_tls(tls_config, &metrics)?.every(certificate_interval);
        let keys = Arc::new(KeyRing::new(config.key_ring_settings(), client(config)?));
        let setting = config.policy_setting().map_err(StartError::Operations)?;

        let (stop_webhook, webhook_stop) = stop::channel();
        let health = Arc::new(Health::default());
        let mut background = Background::new(&health, &webhook_stop);
        let (store, policy) = PolicyStore::new();
        let policy_status = start_policy(config, setting, store, &mut background).await;

        let (stop_admin, admin_stop) = stop::channel();
        let authenticator = Arc::new(Authenticator::new(
            config.authenticator_settings(),
            Arc::clone(&keys),
            policy.clone(),
        ));
        let probes = Probes {
            policy: policy.clone(),
            max_staleness: config.policy.max_staleness,
            decides_access: config.policy.mode == PolicyMode::AzureRbac,
            policy_status,
            keys: Arc::clone(&keys),
            authenticator: Arc::clone(&authenticator),
            health: Arc::clone(&health),
            tls: tls.status(),
            stop: webhook_stop.clone(),
        };
        let state = app_state(config, authenticator, policy, &metrics, &limits);
        let webhook = bind("the webhook", config.server.listen, |address| {
            let configuration = Some(tls.configuration());
            let router = router::router(Arc::new(state));
            Listener::bind(address, configuration, router, limits.clone(), Arc::clone(&metrics))
        });
        let webhook = webhook.await?;
        let admin_state = AdminState { probes: Arc::new(probes), metrics: Arc::clone(&metrics) };
        let admin = bind("health and metrics", config.server.admin_listen, |address| {
            Listener::bind(address, None, admin::router(admin_state), limits, metrics)
        });
        let admin = admin.await?;

        background.spawn("signing keys", keys.run());
        background.spawn("certificates", tls.run());
        let (webhook_addr, admin_addr) = (webhook.address(), admin.address());
        let mut running = RunningApp {
            webhook_addr,
            admin_addr,
            stop_webhook,
            stop_admin,
            webhook: JoinSet::new(),
            admin: JoinSet::new(),
            _background: background,
        };
        log_start(config, webhook_addr, admin_addr);
        let serving = webhook.serve(webhook_stop.clone());
        let serving = health::supervise("webhook", serving, Arc::clone(&health), webhook_stop);
        running.webhook.spawn(serving);
        let serving = admin.serve(admin_stop.clone());
        running.admin.spawn(health::supervise("admin", serving, health, admin_stop));
        Ok(running)
    }
}

/// Says what is served, to whom and by which rules.
fn log_start(config: &Config, webhook: SocketAddr, admin: SocketAddr) {
    let Config { cluster, server, entra, policy, .. } = config;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %webhook,
        %admin,
        cluster = cluster.id().as_str(),
        cloud = entra.cloud.name(),
        tenant = %entra.tenant_id,
        client_auth = server.tls.as_ref().map(|tls| tls.client_auth.name()),
        mode = policy.mode.name(),
        ungranted = policy.ungranted.name(),
        policy = policy.directory.as_ref().map(|dir| tracing::field::display(dir.display())),
        operations = policy.operations_file.as_ref().map_or_else(
            || "built in".to_owned(),
            |file| file.display().to_string()
        ),
        "serving"
    );
}

fn load_tls(tls: &TlsConfig, metrics: &Arc<Metrics>) -> Result<TlsReloader, LoadTlsError> {
    TlsReloader::load(TlsFiles::from(tls), Arc::clone(metrics))
}

/// The client for Entra, which trusts `entra.caFile` if there is one.
fn client(config: &Config) -> Result<reqwest::Client, StartError> {
    let pem = (config.entra.ca_file.as_ref())
        .map(|path| {
            fs::read(path).map_err(|source| StartError::CaFile { path: path.clone(), source })
        })
        .transpose()?;
    Ok(http::client(pem.as_deref())?)
}

fn app_state(
    config: &Config,
    authenticator: Arc<Authenticator>,
    policy: PolicyReader,
    metrics: &Arc<Metrics>,
    limits: &Limits,
) -> AppState {
    AppState::new(
        authenticator,
        Authorizer::new(config.authorizer_settings(), policy),
        config.caller_rules(),
        Arc::clone(metrics),
        limits.clone(),
    )
}

/// Tasks that must run as long as the server does; they end with the value.
#[derive(Debug)]
struct Background {
    tasks: JoinSet<()>,
    health: Arc<Health>,
    stop: Stop,
}

impl Background {
    fn new(health: &Arc<Health>, stop: &Stop) -> Self {
        Self { tasks: JoinSet::new(), health: Arc::clone(health), stop: stop.clone() }
    }

    fn spawn(&mut self, task: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let (health, stop) = (Arc::clone(&self.health), self.stop.clone());
        self.tasks.spawn(health::supervise(task, work, health, stop));
    }
}

/// Reads the policy directory once and keeps watching it. Without one (authentication only), puts an
/// empty policy in force, so that a token for trusted access is refused for want of a binding instead
/// of failing for ever.
async fn start_policy(
    config: &Config,
    setting: PolicySetting,
    store: PolicyStore,
    background: &mut Background,
) -> Option<tokio::sync::watch::Receiver<PolicyStatus>> {
    let Some(directory) = config.policy.directory.clone() else {
        store.publish(PolicySnapshot::new(&setting, PolicyDocuments::default()), Now::read());
        let pause = config.policy.max_staleness / 2;
        background.spawn("policy", async move {
            loop {
                sleep(pause).await;
                store.touch(Now::read());
            }
        });
        return None;
    };
    let operations = config.policy.operations_file.clone();
    let mut sync = PolicySync::new(directory, setting, store).with_operations(operations);
    let status = sync.status();
    sync.look(Now::read()).await;
    background.spawn("policy", sync.run());
    Some(status)
}

/// Binds one listener, naming it in the error.
async fn bind<F>(
    what: &'static str,
    address: SocketAddr,
    bind: impl FnOnce(SocketAddr) -> F,
) -> Result<Listener, StartError>
where
    F: Future<Output = io::Result<Listener>>,
{
    bind(address).await.map_err(|source| StartError::Bind { address, what, source })
}

/// A server that runs. Dropping it ends everything at once; [`Self::stop`] does it gently.
#[derive(Debug)]
pub struct RunningApp {
    webhook_addr: SocketAddr,
    admin_addr: SocketAddr,
    stop_webhook: StopSender,
    stop_admin: StopSender,
    webhook: JoinSet<()>,
    admin: JoinSet<()>,
    /// Watchers of keys, policy and certificates.
    _background: Background,
}

impl RunningApp {
    /// Where the webhook listens, with the real port if 0 was configured.
    #[must_use]
    pub fn webhook_addr(&self) -> SocketAddr {
        self.webhook_addr
    }

    /// Where health and metrics are, with the real port if 0 was configured.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Stops without losing a request: `/readyz` fails, no new connections are taken, what is in
    /// flight is answered within [`Limits::grace`], and then health ends too.
    pub async fn stop(mut self) {
        self.stop_webhook.stop();
        while self.webhook.join_next().await.is_some() {}
        self.stop_admin.stop();
        while self.admin.join_next().await.is_some() {}
        tracing::info!("stopped");
    }
}
