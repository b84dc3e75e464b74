//! The API server without kubectl: where a story asks a lot, or for what kubectl does not show.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::ports::Ports;

/// Longest wait for one answer: above the 30 s for which the API server itself waits for a token.
const PATIENCE: Duration = Duration::from_secs(45);

/// An answer of the API server.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// A client of one API server, for every user.
pub(crate) struct Api {
    base: String,
    ca: PathBuf,
    admin: PathBuf,
    client: OnceLock<Client>,
    administrator: OnceLock<Client>,
    runtime: Runtime,
}

impl Api {
    pub(super) fn new(ports: &Ports, root: &Path) -> Self {
        Self {
            base: ports.api_server_url(),
            ca: root.join("kubeadm/pki/ca.crt"),
            admin: root.join("kubeadm/super-admin.conf"),
            client: OnceLock::new(),
            administrator: OnceLock::new(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// Where requests are made on.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// A client that says who it is by a bearer token in each request.
    pub(crate) fn client(&self) -> &Client {
        // After a 401 the API server closes an HTTP/2 connection, on which others of ours would be under
        // way; users have connections of their own.
        self.client.get_or_init(|| builder(&self.ca).http1_only().build().unwrap())
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Whether `/readyz` says yes to the local administrator.
    pub(super) fn is_ready(&self) -> bool {
        self.try_admin("/readyz").is_ok_and(|reply| reply.status == StatusCode::OK)
    }

    /// `GET` as the member of `system:masters`, whom no authorizer judges.
    pub(crate) fn admin(&self, path: &str) -> Reply {
        self.try_admin(path).unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    fn try_admin(&self, path: &str) -> reqwest::Result<Reply> {
        let client = self.administrator.get_or_init(|| {
            let identity = client_certificate(&self.admin);
            builder(&self.ca).identity(identity).build().unwrap()
        });
        self.runtime.block_on(read(client.get(self.url(path))))
    }

    /// `GET` with a token.
    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        let request = self.client().get(self.url(path)).bearer_auth(token);
        let reply = self.runtime.block_on(read(request));
        reply.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }
}

async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    Ok(Reply { status: response.status(), text: response.text().await? })
}

fn builder(ca: &Path) -> reqwest::ClientBuilder {
    // Whoever is first installs it; it is the same provider everywhere.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ca = Certificate::from_pem(&fs::read(ca).unwrap()).unwrap();
    Client::builder().no_proxy().tls_certs_only([ca]).timeout(PATIENCE)
}

/// Certificate and key that a kubeconfig of kubeadm holds.
fn client_certificate(kubeconfig: &Path) -> reqwest::Identity {
    use base64::Engine as _;

    let text = fs::read_to_string(kubeconfig).unwrap();
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    let part = |name: &str| {
        let encoded = config["users"][0]["user"][name].as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()
    };
    let pem = [part("client-certificate-data"), part("client-key-data")].concat();
    reqwest::Identity::from_pem(&pem).unwrap()
}
