//! The API server's side: reviews over mutual TLS.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Certificate, Client, Identity, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::DemoError;
use crate::azure::http::{BuildClientError, CONNECT_TIMEOUT, REQUEST_TIMEOUT};
use crate::setup::pki::Pki;

/// Longest wait for readiness.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// Who the webhook is in messages.
const WEBHOOK: &str = "the webhook";

/// Whom Kubernetes sees: `status.user` of a `TokenReview`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub(super) struct User {
    pub(super) username: String,
    #[serde(default)]
    pub(super) uid: String,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) extra: BTreeMap<String, Vec<String>>,
}

/// `status` of a `TokenReview`.
#[derive(Debug, Deserialize)]
pub(super) struct TokenStatus {
    #[serde(default)]
    pub(super) authenticated: bool,
    pub(super) user: Option<User>,
    pub(super) error: Option<String>,
}

/// `status` of a `SubjectAccessReview`.
#[derive(Debug, Deserialize)]
pub(super) struct AccessStatus {
    pub(super) allowed: bool,
    #[serde(default)]
    pub(super) denied: bool,
    #[serde(default)]
    pub(super) reason: String,
}

#[derive(Deserialize)]
struct Answered<S> {
    status: S,
}

/// A client with the API server's certificate.
#[derive(Debug)]
pub(super) struct Webhook {
    client: Client,
    base: String,
}

impl Webhook {
    /// For the webhook at `address`, with the certificates of `pki`.
    pub(super) fn new(address: SocketAddr, pki: &Pki) -> Result<Self, BuildClientError> {
        let key = pki.client.key.as_deref().unwrap_or_default();
        let identity = Identity::from_pem(format!("{}{key}", pki.client.certificate).as_bytes());
        let root = Certificate::from_pem(pki.ca.certificate.as_bytes());
        let builder = local()
            .https_only(true)
            .identity(identity.map_err(BuildClientError::Certificates)?)
            .tls_certs_only([root.map_err(BuildClientError::Certificates)?]);
        let client = builder.build().map_err(BuildClientError::Setup)?;
        Ok(Self { client, base: format!("https://{address}") })
    }

    /// Asks who a token is.
    pub(super) async fn who(&self, token: &str) -> Result<TokenStatus, DemoError> {
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": { "token": token },
        });
        read(&self.post("/authenticate", review.to_string().into()).await?)
    }

    /// Asks a `SubjectAccessReview`.
    pub(super) async fn may(&self, review: Bytes) -> Result<AccessStatus, DemoError> {
        read(&self.post("/authorize", review).await?)
    }

    /// Posts a review and gives the body of a good answer.
    pub(super) async fn post(&self, path: &str, body: Bytes) -> Result<Bytes, DemoError> {
        let failed = |source| DemoError::Request { what: WEBHOOK, source };
        let request = self.client.post(format!("{}{path}", self.base)).body(body);
        let request = request.header("content-type", "application/json");
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let body = response.bytes().await.map_err(failed)?;
        if status != StatusCode::OK {
            let said = String::from_utf8_lossy(&body);
            return Err(DemoError::answer(format!("{WEBHOOK}: HTTP {status}: {}", said.trim())));
        }
        Ok(body)
    }
}

/// The review that the API server makes of a user and a request.
pub(super) fn access_review(user: &User, request: (&'static str, Value)) -> Value {
    let User { username, uid, groups, extra } = user;
    let (kind, attributes) = request;
    // Every user that some authenticator knows is in this group; the API server adds it.
    let groups: Vec<_> =
        groups.iter().map(String::as_str).chain(["system:authenticated"]).collect();
    let mut review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": { "user": username, "uid": uid, "groups": groups, "extra": extra },
    });
    if let Some(Value::Object(spec)) = review.get_mut("spec") {
        spec.insert(kind.to_owned(), attributes);
    }
    review
}

/// Waits until the server's readiness page says yes.
pub(super) async fn until_ready(admin: SocketAddr) -> Result<(), DemoError> {
    let client = local().build().map_err(BuildClientError::Setup)?;
    let url = format!("http://{admin}/readyz");
    let ready = async {
        while !client.get(&url).send().await.is_ok_and(|page| page.status() == StatusCode::OK) {
            sleep(LOOK).await;
        }
    };
    timeout(PATIENCE, ready)
        .await
        .map_err(|_| DemoError::NotReady { what: WEBHOOK, after: PATIENCE })
}

/// A client for this machine: no proxy stands between.
fn local() -> reqwest::ClientBuilder {
    // Whoever is first installs it; it is the same provider everywhere in the program.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().connect_timeout(CONNECT_TIMEOUT).timeout(REQUEST_TIMEOUT)
}

fn read<S: DeserializeOwned>(body: &[u8]) -> Result<S, DemoError> {
    let answered: Answered<S> = serde_json::from_slice(body)
        .map_err(|error| DemoError::answer(format!("{WEBHOOK}: {error}")))?;
    Ok(answered.status)
}
