//! The emulator over real HTTPS: what it serves is what Entra serves, and every flaw is one.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use kubentra::clock::Now;
use kubentra::emulator::{
    AKS_SERVER_APP, Algorithm, Directory, Emulator, Fault, FaultKind, Flaw, MAX_TOKEN_GROUPS,
    MintRequest, Rotation, RunningEmulator, TokenVersion,
};
use reqwest::{Client, StatusCode};
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
fn client(emulator: &RunningEmulator) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(emulator.ca_pem().as_bytes()).unwrap()).unwrap();
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

/// The claims of a token, if a served key with its `kid` verifies it and nothing in the header
/// asks for more. Only signature and form; judging the claims is not the emulator's business.
async fn verified(emulator: &RunningEmulator, token: &str) -> Option<Value> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let kid = header.kid?;
    let jwk = served_keys(emulator).await.into_iter().find(|key| key["kid"] == kid.as_str())?;
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|token| token.claims)
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
async fn an_honest_token_verifies_with_the_served_keys() {
    let emulator = start();
    let token = emulator.mint(&MintRequest::new("alice")).unwrap();
    let claims = verified(&emulator, &token).await.unwrap();
    assert_eq!(claims["oid"], ALICE);
}

#[tokio::test]
async fn every_flaw_mints() {
    let emulator = start();
    for flaw in Flaw::ALL {
        let token = emulator.mint(&MintRequest::new("alice").flaw(flaw)).unwrap();
        assert!(token.contains('.'), "{flaw:?}");
    }
}
