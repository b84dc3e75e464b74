//! Signed requests around tokens: the proof that the caller has the key that the token is bound to.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubentra::authn::MAX_NONCE_LENGTH;
use serde_json::{Map, Value};

use super::oracle::{self, Expected, Json};
use super::{CLUSTER, NOW, SKEW, VALIDITY, check_expected, check_outcome, judge, keys};

/// The caller's key. It is another in each run, which no input sees: it holds the places of the numbers.
struct Caller {
    pair: RsaKeyPair,
    /// The modulus in base64url.
    modulus: String,
    /// RFC 7638.
    thumbprint: String,
}

static CALLER: LazyLock<Caller> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let public: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
    let [modulus, exponent] = [public.n, public.e].map(|number| URL_SAFE_NO_PAD.encode(number));
    assert_eq!(exponent, "AQAB", "the seeds have it so");
    let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
    Caller { pair, modulus, thumbprint }
});

impl Caller {
    fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature);
        signed.expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Puts the caller's numbers where a text has their places.
    fn fill(&self, text: &str) -> String {
        text.replace("<kid>", &self.thumbprint).replace("<n>", &self.modulus)
    }
}

/// Holds a signed request around a token to its laws: without the caller's signature it proves nothing,
/// and with it exactly if a second reading of both says so. `wrapper` is a header, and behind the first
/// line a payload; `<kid>`, `<n>` and `<at>` stand for the key's thumbprint, its modulus and the token.
pub(super) fn check(header: &str, payload: &str, wrapper: &str) -> &'static str {
    let caller = &*CALLER;
    let payload = caller.fill(payload);
    let inner = keys::sign(&message(header, &payload));
    let (fields, content) = wrapper.split_once('\n').unwrap_or((wrapper, ""));
    let (fields, content) = (caller.fill(fields), caller.fill(content).replace("<at>", &inner));
    let message = message(&fields, &content);

    let unsigned = format!("{message}.{}", URL_SAFE_NO_PAD.encode([1; 256]));
    let outcome = judge(&unsigned, NOW);
    assert!(outcome.verified.is_none(), "verified without a signature: {fields} {content}");
    check_outcome(&unsigned, &outcome);

    let signed = caller.sign(&message);
    let outcome = judge(&signed, NOW);
    check_outcome(&signed, &outcome);
    let expected = if signed.len() > 64 * 1024 {
        Expected::Nobody
    } else {
        match proves(&fields, &content, &inner) {
            Some(true) => oracle::expected(header, &payload, Some(&caller.thumbprint)),
            Some(false) => Expected::Nobody,
            None => Expected::Unknown,
        }
    };
    check_expected(&outcome, expected, &format!("{header} {payload} in {fields} {content}"));
    outcome.word()
}

fn message(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

/// Semantics §11.8 once more: says if a wrapper that the caller signed proves the possession of the key
/// that `inner` is bound to, should it be; none if this reading is not able to say.
fn proves(header: &str, payload: &str, inner: &str) -> Option<bool> {
    let (header, payload) = match [header, payload].map(oracle::object) {
        [Json::Object(header), Json::Object(payload)] => (header, payload),
        [Json::Other, _] | [_, Json::Other] => return Some(false),
        _ => return None,
    };
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let is = |object: &Map<String, Value>, name: &str, value: &str| {
        object.get(name).is_some_and(|found| found == value)
    };
    let thumbprint = &CALLER.thumbprint;
    let never = ["crit", "jku", "jwk", "x5c", "x5u"];
    let kind = header.get("typ").and_then(Value::as_str).unwrap_or_default();
    let good_header = kind.eq_ignore_ascii_case("pop")
        && is(&header, "alg", "RS256")
        && is(&header, "kid", thumbprint)
        && !never.iter().any(|name| header.contains_key(*name));
    let seconds = match payload.get("ts") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    let in_time = seconds.is_some_and(|ts| ts <= NOW + SKEW && NOW < ts.saturating_add(VALIDITY));
    let nonce = text("nonce").unwrap_or_default();
    let good_payload = !payload.contains_key("iss")
        && text("at") == Some(inner)
        && (1..=MAX_NONCE_LENGTH).contains(&nonce.len())
        && text("u").is_some_and(|cluster| cluster.eq_ignore_ascii_case(CLUSTER))
        && in_time;
    let cnf = payload.get("cnf").and_then(Value::as_object);
    let jwk = cnf.and_then(|cnf| cnf.get("jwk")).and_then(Value::as_object);
    let (Some(cnf), Some(jwk), true, true) = (cnf, jwk, good_header, good_payload) else {
        return Some(false);
    };
    let private = ["d", "dp", "dq", "k", "oth", "p", "q", "qi", "jku", "x5c", "x5u"];
    let good_key = !cnf.contains_key("jku")
        && !cnf.contains_key("jwe")
        && !private.iter().any(|name| jwk.contains_key(*name))
        && is(jwk, "kty", "RSA")
        && is(jwk, "n", &CALLER.modulus)
        && is(jwk, "e", "AQAB")
        && (!jwk.contains_key("kid") || is(jwk, "kid", thumbprint));
    // Of what else a key says of itself, only the usual values are judged here.
    let usual = |name: &String| match name.as_str() {
        "kty" | "n" | "e" | "kid" => true,
        "alg" => is(jwk, "alg", "RS256"),
        "use" => is(jwk, "use", "sig"),
        _ => false,
    };
    if good_key && !jwk.keys().all(usual) { None } else { Some(good_key) }
}
