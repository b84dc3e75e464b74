//! The emulator over real HTTPS: what it serves is what Entra serves, and every flaw is one.

mod control;
mod directory;
mod pop;
mod program;
mod token_endpoint;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;
use kubentra::emulator::{Directory, Emulator, RunningEmulator};
use reqwest::{Client, StatusCode};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";
const PIPELINE: &str = "b0700000-0000-4000-8000-000000000002";
const PIPELINE_APP: &str = "b07a0000-0000-4000-8000-000000000002";
const BACKUP_ID: &str = "/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/backup/providers/Microsoft.ManagedIdentity/userAssignedIdentities/backup";

fn directory() -> Directory {
    let text = format!(
        r#"
tenants: [{TENANT}]
users:
  - {{id: {ALICE}, tenant: {TENANT}, upn: alice@contoso.example, name: Alice}}
groups:
  - {{id: 90000000-0000-4000-8000-000000000001, name: developers, members: [{ALICE}]}}
  - id: 90000000-0000-4000-8000-000000000002
    members: [90000000-0000-4000-8000-000000000001, 90000000-0000-4000-8000-000000000003]
  - {{id: 90000000-0000-4000-8000-000000000003, members: [90000000-0000-4000-8000-000000000002]}}
  - {{id: 90000000-0000-4000-8000-000000000004}}
servicePrincipals:
  - {{id: {PIPELINE}, appId: {PIPELINE_APP}, secret: "pipeline secret", name: pipeline}}
managedIdentities:
  - id: c0700000-0000-4000-8000-000000000003
    appId: c07a0000-0000-4000-8000-000000000003
    resourceId: {BACKUP_ID}
    name: backup
"#
    );
    Directory::parse(&text).unwrap()
}

fn start() -> RunningEmulator {
    Emulator::start(directory(), "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// A client that trusts this emulator and nobody else.
pub(crate) fn client(emulator: &RunningEmulator) -> Client {
    client_of(emulator.ca_pem())
}

/// A client that trusts this CA and no other.
fn client_of(ca_pem: &str) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .use_preconfigured_tls(tls)
        .timeout(Duration::from_secs(10))
        .no_proxy()
        .build()
        .unwrap()
}

async fn get(emulator: &RunningEmulator, path: &str) -> Value {
    let url = format!("{}{path}", emulator.authority_url());
    let response = client(emulator).get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.json().await.unwrap()
}

/// The keys that the emulator serves for v1.
async fn served_keys(emulator: &RunningEmulator) -> Vec<Value> {
    let keys = get(emulator, &format!("/{TENANT}/discovery/keys")).await;
    keys["keys"].as_array().unwrap().clone()
}

/// Whether the served key that the header names verifies the signature. Only that: what the claims
/// and the rest of the header say is for others to judge.
async fn verifies(emulator: &RunningEmulator, token: &str) -> bool {
    let (Some((message, signature)), header) = (token.rsplit_once('.'), part(token, 0)) else {
        return false;
    };
    let served = served_keys(emulator).await;
    let Some(jwk) = served.into_iter().find(|key| key["kid"] == header["kid"]) else {
        return false;
    };
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    let Ok(algorithm) = header["alg"].as_str().unwrap().parse() else { return false };
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap_or(false)
}

/// A part of a token, unverified.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn discovery_names_the_authoritys_own_host_and_a_key_set_that_answers() {
    let emulator = start();
    let authority = emulator.authority_url();
    #[rustfmt::skip]
    let cases = [
        // (path below the tenant, issuer,                                why)
        ("",      format!("{authority}/{TENANT}/"),     "v1 issuers end in a slash"),
        ("/v2.0", format!("{authority}/{TENANT}/v2.0"), "v2 issuers do not, and MSAL wants the authority's host"),
    ];
    for (version, issuer, why) in cases {
        let path = format!("/{TENANT}{version}/.well-known/openid-configuration");
        let document = get(&emulator, &path).await;
        assert_eq!(document["issuer"], issuer, "{why}");
        let jwks = document["jwks_uri"].as_str().unwrap().strip_prefix(authority).unwrap();
        let keys = get(&emulator, jwks).await;
        let key = &keys["keys"][0];
        assert_eq!(key["kid"], key["x5t"], "Entra names keys by their certificate");
        assert_eq!(key["alg"], Value::Null, "Entra's RSA keys name no algorithm");
        let of_key = key["issuer"].as_str().unwrap().replace("{tenantid}", TENANT);
        assert_eq!(of_key, issuer, "a key's issuer is the token's after filling in the tenant");
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_entras_error() {
    let emulator = start();
    let other = "ffffffff-ffff-4fff-8fff-ffffffffffff";
    for path in ["v2.0/.well-known/openid-configuration", "discovery/keys"] {
        let url = format!("{}/{other}/{path}", emulator.authority_url());
        let response = client(&emulator).get(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error_codes"], json!([90002]));
    }
}

/// Posts to a control endpoint as a shell script does: without a JSON content type.
async fn control(emulator: &RunningEmulator, name: &str, body: &Value) -> (StatusCode, Value) {
    let url = format!("{}/_emulator/{name}", emulator.authority_url());
    let response = client(emulator).post(url).body(body.to_string()).send().await.unwrap();
    (response.status(), response.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_stopped_emulator_gives_its_port_back() {
    let emulator = start();
    let (address, client, url) =
        (emulator.address(), client(&emulator), emulator.authority_url().to_owned());
    client.get(&url).send().await.unwrap();
    emulator.stop();
    assert!(client.get(&url).send().await.is_err());
    Emulator::start(directory(), address).unwrap();
}
