//! A running server for the tests, over real sockets on loopback.

pub(crate) mod pki;
pub(crate) mod raw;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kubentra::app::{App, RunningApp, StartError, Tuning};
use kubentra::config::Config;
use kubentra::emulator::RunningEmulator;
use kubentra::server::limits::Limits;
use pki::{Authority, Pair};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";

/// Has the role Reader at the cluster, when the policy of [`Files::write_policy`] is there.
pub(crate) const READER: &str = "a0000000-0000-4000-8000-000000000001";

/// The ARM id of the cluster that the server decides for.
pub(crate) const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/demo";

/// `Azure Kubernetes Service RBAC Reader`.
const READER_ROLE: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";

/// Any free port.
const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Longest wait for something that takes a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server needs on disk.
pub(crate) struct Files {
    pub(crate) dir: TempDir,
    /// Signs the server's and the client's certificate.
    pub(crate) authority: Authority,
    pub(crate) client: Pair,
    /// Stands in the configuration's `server.tls`.
    pub(crate) tls: String,
    /// Stands at the end of the configuration.
    pub(crate) more: String,
    entra: String,
}

impl Files {
    /// Certificates and a policy, and keys that cannot be fetched.
    pub(crate) fn new() -> Self {
        let authority = Authority::new("first authority");
        let client = authority.client("kube-apiserver", &[]);
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
            client,
            tls: "clientCaFile: ca.crt".to_owned(),
            more: String::new(),
            // Nothing listens on the port of the discard protocol.
            entra: "cloud: custom, authorityUrl: 'https://127.0.0.1:9'".to_owned(),
            authority,
        };
        files.write_certificates(&files.authority.server());
        files.write("ca.crt", &files.authority.pem());
        files.write_policy();
        files
    }

    /// Takes keys from `emulator`.
    #[must_use]
    pub(crate) fn with_emulator(mut self, emulator: &RunningEmulator) -> Self {
        self.write("entra-ca.crt", emulator.ca_pem());
        let url = emulator.authority_url();
        self.entra = format!("cloud: custom, authorityUrl: '{url}', caFile: entra-ca.crt");
        self
    }

    /// Names an authority for Entra that is not there.
    #[must_use]
    pub(crate) fn with_missing_ca(mut self) -> Self {
        self.entra.push_str(", caFile: missing.crt");
        self
    }

    #[must_use]
    pub(crate) fn with_tls(mut self, tls: &str) -> Self {
        tls.clone_into(&mut self.tls);
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, more: &str) -> Self {
        more.clone_into(&mut self.more);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        write(&self.path(name), text);
    }

    pub(crate) fn write_certificates(&self, server: &Pair) {
        self.write("server.key", &server.key);
        self.write("server.crt", &server.certificate);
    }

    /// [`READER`] may read at the cluster.
    pub(crate) fn write_policy(&self) {
        let assignment = json!({
            "id": format!("{CLUSTER}/providers/Microsoft.Authorization/roleAssignments/c0000000-0000-4000-8000-000000000001"),
            "principalId": READER,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{READER_ROLE}"),
            "scope": CLUSTER,
        });
        self.write("policy/roleAssignments/reader.json", &assignment.to_string());
    }

    /// The configuration, with this address for the webhook.
    pub(crate) fn config_at(&self, listen: SocketAddr) -> Config {
        Config::load(&self.config_file_at(listen, FREE)).unwrap()
    }

    /// The configuration file's path, after writing it; both listeners take any free port.
    pub(crate) fn write_config(&self) -> PathBuf {
        self.config_file_at(FREE, FREE)
    }

    /// The same with addresses for both listeners.
    pub(crate) fn config_file_at(&self, listen: SocketAddr, admin: SocketAddr) -> PathBuf {
        let Self { tls, more, entra, .. } = self;
        let text = format!(
            "apiVersion: kubentra.io/v1alpha1\nkind: Configuration\n\
             cluster: {{ resourceId: {CLUSTER} }}\n\
             server:\n  listen: {listen}\n  adminListen: {admin}\n  \
             tls: {{ certificateFile: server.crt, privateKeyFile: server.key, {tls} }}\n\
             entra: {{ tenantId: {TENANT}, {entra} }}\n{more}\n"
        );
        self.write("config.yaml", &text);
        self.path("config.yaml")
    }

    /// A server that someone else has started with these files.
    pub(crate) fn attach(self, webhook: SocketAddr, admin: SocketAddr) -> Server {
        Server { webhook, admin, app: None, files: self }
    }

    pub(crate) async fn try_start(&self, tuning: Tuning) -> Result<RunningApp, StartError> {
        let config = Config::load(&self.write_config()).unwrap();
        App::start_tuned(&config, tuning).await
    }

    /// Starts with short times for what tests wait for.
    pub(crate) async fn start(self) -> Server {
        self.start_tuned(tuning()).await
    }

    pub(crate) async fn start_tuned(self, tuning: Tuning) -> Server {
        let app = self.try_start(tuning).await.unwrap();
        Server { webhook: app.webhook_addr(), admin: app.admin_addr(), app: Some(app), files: self }
    }
}

/// Short times for what tests wait for; limits otherwise as in production.
pub(crate) fn tuning() -> Tuning {
    let limits = Limits { linger: Duration::from_millis(100), ..Limits::default() };
    Tuning { limits, certificate_interval: Duration::from_millis(20) }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A running server.
pub(crate) struct Server {
    pub(crate) files: Files,
    pub(crate) webhook: SocketAddr,
    pub(crate) admin: SocketAddr,
    app: Option<RunningApp>,
}

/// Which HTTP a client speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Http {
    One,
    Two,
}

impl Server {
    /// A client as the API server is one: with its certificate, keeping connections.
    pub(crate) fn client(&self, http: Http) -> Client {
        let files = &self.files;
        client(&files.authority, Some(&files.client), http)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.webhook)
    }

    /// Posts `body` to `path` over HTTP/2.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.client(Http::Two).post(self.url(path)).body(body).send().await.unwrap()
    }

    pub(crate) async fn authorize(&self, review: &Value) -> Response {
        self.post("/authorize", review.to_string()).await
    }

    /// Status and body of a path of the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> (StatusCode, String) {
        self.try_admin(path).await.unwrap()
    }

    async fn try_admin(&self, path: &str) -> reqwest::Result<(StatusCode, String)> {
        let url = format!("http://{}{path}", self.admin);
        let response = plain_client().get(url).send().await?;
        Ok((response.status(), response.text().await?))
    }

    /// Waits until `/readyz` says `expected`.
    pub(crate) async fn until_ready_says(&self, expected: &str) -> (StatusCode, String) {
        let began = Instant::now();
        loop {
            // Empty while a program that was just started does not listen yet.
            let (status, page) = self.try_admin("/readyz").await.unwrap_or_default();
            if page.contains(expected) {
                return (status, page);
            }
            assert!(began.elapsed() < PATIENCE, "never `{expected}`: {page}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The value of one series of `/metrics`, named with its labels.
    pub(crate) async fn metric(&self, series: &str) -> Option<String> {
        let (_, page) = self.admin("/metrics").await;
        let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(ToOwned::to_owned)
    }

    /// Takes the running part out, to stop it while requests go on.
    pub(crate) fn take(&mut self) -> RunningApp {
        self.app.take().unwrap()
    }

    pub(crate) async fn stop(mut self) {
        self.take().stop().await;
    }
}

/// A client with or without a certificate, which trusts `authority`.
pub(crate) fn client(authority: &Authority, certificate: Option<&Pair>, http: Http) -> Client {
    let builder = Client::builder()
        .use_preconfigured_tls(match http {
            Http::One => authority.client_config(certificate, &[b"http/1.1"]),
            Http::Two => authority.client_config(certificate, &[b"h2"]),
        })
        .timeout(PATIENCE)
        .no_proxy();
    match http {
        Http::One => builder.http1_only(),
        Http::Two => builder.http2_prior_knowledge(),
    }
    .build()
    .unwrap()
}

/// A client for the admin listener: a connection for each request.
pub(crate) fn plain_client() -> Client {
    // reqwest wants a default provider even for plain HTTP.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().pool_max_idle_per_host(0).timeout(PATIENCE).no_proxy().build().unwrap()
}

/// May [`READER`] do this? In `v1`; the members can be changed by the caller.
pub(crate) fn access_review(verb: &str) -> Value {
    json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": "reader@contoso.example",
            "groups": ["system:authenticated"],
            "extra": { "oid": [READER] },
            "resourceAttributes": { "namespace": "dev", "verb": verb, "resource": "pods" },
        },
    })
}

/// Whose token is this? In `v1`.
pub(crate) fn token_review(token: &str) -> Value {
    json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": { "token": token },
    })
}
