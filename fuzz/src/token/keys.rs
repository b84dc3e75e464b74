//! The keys of the issuers.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubentra::authn::KeySet;
use kubentra::wire::oidc::parse_keys;

/// As an issuer publishes them. `rsa` has signed the genuine tokens among the seeds, and its private
/// half is gone; `ec` signs what the fuzzer makes up; `foreign` is the same key of another issuer.
const PUBLISHED: &str = r#"{"keys": [
  {"kty": "RSA", "use": "sig", "kid": "rsa", "e": "AQAB", "n": "uhIL7Wj8BOkIGSXw8QzO-zEVFF8MOCJhqhLRPJqQfJC4YCTWSyeEei-2nfuv1upPkaOYAQHcyAKwm2SpOFIDWw5RczaTRsuv8-nAVt5hZ-twZACzYkBPkmgRmH4z4xvCya-qJxTRf47CnC2rd04KmvisV3lRQYgAjxYNpmaFM0sKEp4FWyvVOIGNZg9Jn93IY-ghMrKu9bhimiGIfP7QTPwucLRJiqYQmU2LHlAVPkZMK7Ruosrf6Tm-H9O1LGc8NsdtwotigdcGap_EShnmnqX0iOVY1qVodhNHZrsKAFs-VKOIUlh3LfVROMcgYXUPRIXqnjIhJd4t8mRj9Go6mw"},
  {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "HhhTL9R1TALzBB2cdc6zO4P_2BrHzk_ogsyxyYvFiW4", "y": "pGwxHE4v9A3ZajZT5uRURdMt_khuztdcepDGoYiBwKM"},
  {"kty": "EC", "crv": "P-256", "kid": "foreign", "x": "HhhTL9R1TALzBB2cdc6zO4P_2BrHzk_ogsyxyYvFiW4", "y": "pGwxHE4v9A3ZajZT5uRURdMt_khuztdcepDGoYiBwKM", "issuer": "https://login.partner.microsoftonline.cn/{tenantid}/v2.0"}
]}"#;

pub(super) static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| parse_keys(PUBLISHED.as_bytes()).expect("keys"));

/// The private half of `ec`: no secret, but a number that anybody would think of.
static PAIR: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let [x, y] = [
        "HhhTL9R1TALzBB2cdc6zO4P_2BrHzk_ogsyxyYvFiW4",
        "pGwxHE4v9A3ZajZT5uRURdMt_khuztdcepDGoYiBwKM",
    ]
    .map(|number| URL_SAFE_NO_PAD.decode(number).expect("base64"));
    let point = [[4].as_slice(), &x, &y].concat();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, &[7; 32], &point).expect("a pair")
});

/// Signs `message` with `ec`. The bytes of the signature differ each time.
pub(super) fn sign(message: &str) -> String {
    let signature = PAIR.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
