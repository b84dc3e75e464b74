//! What one token costs that was not seen before: reading it, and checking its signature.
//!
//! Tokens are remembered after that (10 minutes at most), so this is paid once for each login and
//! replica, not at every review. Budget: 200 µs with RS256 and 2048 bits, Entra's kind.

// `cfg(test)`-like helpers: a bench fails by panicking.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan::Bencher;
use kubentra::authn::{Expectations, GroupsSource, KeySet, UnverifiedToken};
use kubentra::wire::oidc::parse_keys;
use serde_json::json;

const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
const ISSUER: &str = "https://sts.windows.net/aaaabbbb-0000-4ccc-8111-dddd2222eeee/";
/// The moment of the bench, in seconds since the Unix epoch.
const NOW: u64 = 1_795_340_000;
/// Groups in the token: one, a usual number, and all that a token can name.
const GROUPS: [u64; 3] = [1, 20, 200];

fn main() {
    divan::main();
}

/// A token with so many groups, and the key set that its issuer publishes.
fn token(groups: u64) -> (String, KeySet) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = pair.public_key();
    let set = json!({"keys": [{
        "kty": "RSA", "use": "sig", "kid": "key",
        "n": encode(public.modulus().big_endian_without_leading_zero()),
        "e": encode(public.exponent().big_endian_without_leading_zero()),
    }]});
    let groups: Vec<_> = (1..=groups).map(|n| format!("9e0f0000-0000-4000-8000-{n:012}")).collect();
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "key"}).to_string();
    let payload = json!({
        "aud": "6dae42f8-4368-4678-94ff-3960e28e3630", "iss": ISSUER, "tid": TENANT, "ver": "1.0",
        "iat": NOW - 600, "nbf": NOW - 600, "exp": NOW + 3600, "groups": groups,
        "oid": "a11ce000-0000-4000-8000-000000000001", "upn": "alice@contoso.example",
    })
    .to_string();
    let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    let keys = parse_keys(set.to_string().as_bytes()).unwrap();
    (format!("{message}.{}", encode(&signature)), keys)
}

fn expectations(username_claims: &[String]) -> Expectations<'_> {
    Expectations {
        issuer: ISSUER,
        tenant: TENANT.parse().unwrap(),
        clock_skew: Duration::from_secs(60),
        username_claims,
        groups: GroupsSource::Token,
    }
}

/// Everything up to the signature.
#[divan::bench(args = GROUPS)]
fn read(bencher: Bencher<'_, '_>, groups: u64) {
    let (token, _) = token(groups);
    let names = ["upn".to_owned()];
    let (expected, now) = (expectations(&names), Duration::from_secs(NOW));
    bencher.bench(|| {
        let token = UnverifiedToken::parse(black_box(&token)).unwrap();
        token.examine(&expected, now).unwrap().kid().len()
    });
}

/// The signature alone.
#[divan::bench(args = GROUPS)]
fn verify(bencher: Bencher<'_, '_>, groups: u64) {
    let (token, keys) = token(groups);
    let names = ["upn".to_owned()];
    let (expected, now) = (expectations(&names), Duration::from_secs(NOW));
    let token = UnverifiedToken::parse(&token).unwrap();
    bencher
        .with_inputs(|| token.examine(&expected, now).unwrap())
        .bench_values(|examined| examined.verify(black_box(&keys)).unwrap());
}
