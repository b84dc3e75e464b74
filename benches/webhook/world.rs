//! The servers under measurement, their policy, and the questions.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use hyper::StatusCode;
use kubentra::app::{App, RunningApp};
use kubentra::clock::Now;
use kubentra::config::Config;
use kubentra::emulator::{Directory, Emulator, MintRequest, RunningEmulator};
use kubentra::metrics::Metrics;
use kubentra::server::limits::Limits;
use kubentra::server::listener::Listener;
use kubentra::server::stop::{self, StopSender};
use kubentra::server::tls::{TlsFiles, TlsReloader};
use kubentra::setup::pki::{self, Found, Pki};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;
use uuid::Uuid;

const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
const CALLER: &str = "a11ce000-0000-4000-8000-000000000001";
const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";

/// Groups of the caller: one, a usual number, and all that a token can name.
const GROUPS: [u32; 3] = [1, 20, 200];

/// A caller's group; the groups of callers with another number of groups are others.
fn group(of: u32, number: u32) -> String {
    Uuid::from_u128((u128::from(of) << 64) | u128::from(number)).to_string()
}

fn groups(of: u32) -> Vec<String> {
    (1..=of).map(|number| group(of, number)).collect()
}

/// Each group reads one namespace of its own; the last of each caller's is Cluster Admin.
fn role_assignments() -> Value {
    let mut number = 0_u128;
    let mut assignment = |principal: String, role: &str, scope: String| {
        number += 1;
        json!({
            "id": format!("{CLUSTER}/providers/Microsoft.Authorization/roleAssignments/{}", Uuid::from_u128(number)),
            "principalId": principal,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "scope": scope,
        })
    };
    let mut all = Vec::new();
    for of in GROUPS {
        for n in 1..of {
            let scope = format!("{CLUSTER}/namespaces/ns{n}");
            all.push(assignment(group(of, n), READER, scope));
        }
        all.push(assignment(group(of, of), CLUSTER_ADMIN, CLUSTER.to_owned()));
    }
    Value::from(all)
}

fn access_review(groups: &[String]) -> Vec<u8> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": { "creationTimestamp": null },
        "spec": {
            "resourceAttributes": { "namespace": "ns1", "verb": "get", "version": "v1", "resource": "secrets", "name": "one" },
            "user": "alice@contoso.example",
            "groups": groups,
            "extra": { "oid": [CALLER], "kubentra.io/tid": [TENANT] },
        },
        "status": { "allowed": false },
    });
    serde_json::to_vec(&review).unwrap()
}

fn token_review(token: &str) -> Vec<u8> {
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "metadata": { "creationTimestamp": null },
        "spec": { "token": token, "audiences": ["https://kubernetes.default.svc"] },
        "status": { "user": {} },
    });
    serde_json::to_vec(&review).unwrap()
}

/// The servers under measurement, and what they need.
pub(crate) struct World {
    _files: TempDir,
    pki: Pki,
    emulator: RunningEmulator,
    webhook: SocketAddr,
    floor: SocketAddr,
    _app: RunningApp,
    _stop: StopSender,
    // Last: the servers end before it.
    _runtime: Runtime,
}

impl World {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = pki::complete(Found::default(), &"127.0.0.1".parse().unwrap(), Now::read().wall);
        let pki = pki.unwrap();
        let directory = format!(
            "tenants: [{TENANT}]\nusers: [{{id: {CALLER}, tenant: {TENANT}, upn: alice@contoso.example}}]"
        );
        let any = "127.0.0.1:0".parse().unwrap();
        let emulator = Emulator::start(Directory::parse(&directory).unwrap(), any).unwrap();
        let config = Config::load(&write_files(dir.path(), &pki, &emulator)).unwrap();
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let app = runtime.block_on(App::start(&config)).unwrap();
        let (stop, floor) = runtime.block_on(start_floor(&config));
        let webhook = app.webhook_addr();
        Self {
            _files: dir,
            pki,
            emulator,
            webhook,
            floor,
            _app: app,
            _stop: stop,
            _runtime: runtime,
        }
    }

    pub(crate) fn connector(&self, protocol: &[u8]) -> TlsConnector {
        let client = &self.pki.client;
        let key = client.key.as_deref().unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.pki.ca.certificate.as_bytes()).unwrap())
            .unwrap();
        let mut config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(client.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

fn write_files(dir: &Path, pki: &Pki, emulator: &RunningEmulator) -> PathBuf {
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("ca.crt", &pki.ca.certificate);
    write("server.crt", &pki.server.certificate);
    write("server.key", pki.server.key.as_deref().unwrap());
    write("entra-ca.crt", emulator.ca_pem());
    write("policy/roleAssignments/all.json", &role_assignments().to_string());
    let authority = emulator.authority_url();
    let config = format!(
        "apiVersion: kubentra.io/v1alpha1\nkind: Configuration\n\
         cluster: {{ resourceId: {CLUSTER} }}\n\
         server:\n  listen: 127.0.0.1:0\n  adminListen: 127.0.0.1:0\n  \
         tls: {{ certificateFile: server.crt, privateKeyFile: server.key, clientCaFile: ca.crt }}\n\
         entra: {{ tenantId: {TENANT}, cloud: custom, authorityUrl: '{authority}', caFile: entra-ca.crt }}\n\
         groups: {{ source: token }}\n\
         policy: {{ source: files, directory: policy/ }}\n"
    );
    write("config.yaml", &config);
    dir.join("config.yaml")
}

/// The same listener with a handler that does nothing.
async fn start_floor(config: &Config) -> (StopSender, SocketAddr) {
    let metrics = Arc::new(Metrics::new());
    let files = TlsFiles::from(config.server.tls.as_ref().unwrap());
    let tls = TlsReloader::load(files, Arc::clone(&metrics)).unwrap().configuration();
    let router = Router::new().fallback(async |_: Bytes| StatusCode::OK);
    let any = "127.0.0.1:0".parse().unwrap();
    let listener =
        Listener::bind(any, Some(tls), router, Limits::default(), metrics).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = stop::channel();
    tokio::spawn(listener.serve(stopped));
    (stop, address)
}

/// What is asked, of whom, and what the answer must hold.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) body: Bytes,
    pub(crate) expected: &'static str,
}

impl World {
    /// Floors first, then both reviews, each with more and more groups.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let floor = |what: &str, body: &[u8]| Question {
            name: format!("floor: nothing, {what}"),
            address: self.floor,
            path: "/",
            body: body.to_vec().into(),
            expected: "",
        };
        let token = |of: u32| {
            let request = MintRequest::new(CALLER).claim("groups", groups(of));
            token_review(&self.emulator.mint(&request).unwrap())
        };
        let access = |name: String, groups: &[String], expected: &'static str| Question {
            name: format!("SubjectAccessReview, {name}"),
            address: self.webhook,
            path: "/authorize",
            body: access_review(groups).into(),
            expected,
        };
        let mut questions = Vec::new();
        for of in GROUPS {
            let groups = groups(of);
            let allowed = access(format!("{of} groups"), &groups, r#""allowed":true"#);
            questions.push(floor(&format!("{} bytes", allowed.body.len()), &allowed.body));
            questions.push(allowed);
            // Without the last group nothing grants, and every assignment is a miss.
            let fewer = groups.split_last().unwrap().1;
            let refused =
                access(format!("{} groups, refused", of - 1), fewer, r#""allowed":false"#);
            questions.push(refused);
            questions.push(Question {
                name: format!("TokenReview, {of} groups"),
                address: self.webhook,
                path: "/authenticate",
                body: token(of).into(),
                expected: r#""authenticated":true"#,
            });
        }
        questions.sort_by_key(|question| question.path);
        questions
    }
}
