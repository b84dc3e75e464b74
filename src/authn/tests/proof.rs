//! Signed requests around tokens: every member wrong in every way.

mod forged;

use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::{
    ALICE, CLUSTER, NOW, V1_ISSUER, bind, callers, encode, foreign, own, remove,
};
use super::super::*;
use super::{Edit, SKEW, expectations, keys};

/// Longer than the skew, so that the two cannot be taken for each other.
const VALIDITY: Duration = Duration::from_secs(900);

/// What the service would do with a text whose inner token is ours.
fn verify_at(text: &str, now: Duration) -> Option<Result<VerifiedToken, TokenError>> {
    let outer = UnverifiedToken::parse(text)?;
    let proof = UnverifiedProof::parse(&outer)?;
    let inner = UnverifiedToken::parse(proof.token())?;
    inner.issuers().find(|name| *name == V1_ISSUER)?;
    let cluster = CLUSTER.to_lowercase();
    let expected = ProofExpectations { cluster: &cluster, validity: VALIDITY, clock_skew: SKEW };
    let claims = ["upn".to_owned()];
    let expected = expectations(&claims, Possession::Proof(&proof, expected));
    Some(inner.examine(&expected, now).and_then(|examined| examined.verify(&keys())))
}

fn outcome_at(text: &str, now: Duration) -> &'static str {
    match verify_at(text, now) {
        None => "not ours",
        Some(Ok(_)) => "ok",
        Some(Err(error)) => error.reason(),
    }
}

fn outcome(text: &str) -> &'static str {
    outcome_at(text, Duration::from_secs(NOW))
}

/// A token of Alice's, bound to her key.
fn bound() -> String {
    own().mint(|_, payload| bind(payload))
}

#[test]
fn a_good_proof_says_whose_token_it_is() {
    let verified = verify_at(&callers().wrap(&bound(), |_, _| ()), Duration::from_secs(NOW));
    let verified = verified.unwrap().unwrap();
    assert_eq!(verified.claims().object_id.to_string(), ALICE);
    let proof = verified.proof().unwrap();
    assert_eq!(proof.key_id(), callers().thumbprint());
    assert_eq!(proof.nonce(), "c2f1b7b7a3e14f3fa4f3c0a9d4f1e2b0");
    assert_eq!(proof.ends(), Duration::from_secs(NOW) + VALIDITY);
}

#[test]
fn the_thumbprint_is_the_one_of_rfc_7638() {
    // The example of RFC 7638 §3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B\
             JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F\
             DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4\
             vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    assert_eq!(proof::thumbprint(n, "AQAB"), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn a_request_is_accepted_to_the_letter_or_refused() {
    #[rustfmt::skip]
    let cases: [(Edit, &str, &str); 73] = [
        (|_, _| (),                                         "ok",              "as kubelogin makes it"),
        // The header.
        (|h, _| h["typ"] = json!("PoP"),                    "ok",              "a media type has no letter case"),
        (|h, _| h["x"] = json!("y"),                        "ok",              "an unknown member"),
        (|h, _| h["typ"] = json!("JWT"),                    "proof_malformed", "not a signed request"),
        (|h, _| remove(h, "typ"),                           "proof_malformed", "does not say what it is"),
        (|h, _| h["typ"] = json!(1),                        "malformed",       "a number is no type"),
        (|h, _| h["alg"] = json!("none"),                   "algorithm",       "none"),
        (|h, _| h["alg"] = json!("HS256"),                  "algorithm",       "the public key as a secret"),
        (|h, _| h["alg"] = json!("PS256"),                  "proof_malformed", "RSA, but not this one"),
        (|h, _| h["alg"] = json!("ES256"),                  "proof_malformed", "another family"),
        (|h, _| remove(h, "kid"),                           "malformed",       "no key id"),
        (|h, _| h["kid"] = json!("x"),                      "proof_key",       "not the key's thumbprint"),
        (|h, _| h["kid"] = json!(own().kid),                "proof_key",       "the issuer's key"),
        (|h, _| h["kid"] = json!("x".repeat(257)),          "malformed",       "too long for a key id"),
        (|h, _| h["jwk"] = callers().confirmation()["jwk"].clone(), "header",  "a key where it does not belong"),
        (|h, _| h["jku"] = json!("https://evil.test/"),     "header",          "keys elsewhere"),
        (|h, _| h["x5c"] = json!([]),                       "header",          "a certificate"),
        (|h, _| h["x5u"] = json!("https://evil.test/"),     "header",          "a certificate elsewhere"),
        (|h, _| h["crit"] = json!(["ts"]),                  "header",          "an extension that we must know"),
        // The cluster.
        (|_, p| p["u"] = json!(CLUSTER.to_uppercase()),     "ok",              "ARM ids have no letter case"),
        (|_, p| p["u"] = json!(CLUSTER.replace("edge", "other")), "proof_cluster", "another cluster"),
        (|_, p| p["u"] = json!(format!("{CLUSTER}/")),      "proof_cluster",   "not equal"),
        (|_, p| p["u"] = json!(format!("{CLUSTER}x")),      "proof_cluster",   "only begins so"),
        (|_, p| p["u"] = json!("/subscriptions/s"),         "proof_cluster",   "an ancestor"),
        (|_, p| p["u"] = json!(""),                         "proof_cluster",   "no cluster"),
        (|_, p| p["u"] = json!(CLUSTER.replace('s', "\u{17f}")), "proof_cluster", "a long s is no s"),
        (|_, p| remove(p, "u"),                             "proof_malformed", "for any cluster"),
        (|_, p| p["u"] = Value::Null,                       "proof_malformed", "null is no cluster"),
        (|_, p| p["u"] = json!([CLUSTER]),                  "proof_malformed", "nor is a list"),
        // The time.
        (|_, p| p["ts"] = json!(NOW.to_string()),           "ok",              "digits, as Guard reads them"),
        (|_, p| p["ts"] = json!(format!("+{NOW}")),         "proof_malformed", "not digits alone"),
        (|_, p| p["ts"] = json!(""),                        "proof_malformed", "no digit"),
        (|_, p| p["ts"] = json!(NOW as f64 + 0.5),          "proof_malformed", "half a second"),
        (|_, p| p["ts"] = json!(-1),                        "proof_malformed", "before 1970"),
        (|_, p| p["ts"] = json!("2026-11-22T00:00:00Z"),    "proof_malformed", "a date"),
        (|_, p| p["ts"] = Value::Null,                      "proof_malformed", "null is no time"),
        (|_, p| p["ts"] = json!([NOW]),                     "proof_malformed", "nor is a list"),
        (|_, p| remove(p, "ts"),                            "proof_malformed", "it would live for ever"),
        (|_, p| p["ts"] = json!(u64::MAX),                  "proof_time",      "the end of time"),
        (|_, p| p["ts"] = json!("99999999999999999999"),    "proof_malformed", "beyond it"),
        (|_, p| p["ts"] = json!(0),                         "proof_time",      "1970"),
        // The nonce.
        (|_, p| p["nonce"] = json!("x".repeat(256)),        "ok",              "as long as may be"),
        (|_, p| p["nonce"] = json!("x".repeat(257)),        "proof_malformed", "too long"),
        (|_, p| p["nonce"] = json!(""),                     "proof_malformed", "nothing is no nonce"),
        (|_, p| p["nonce"] = json!(7),                      "proof_malformed", "nor is a number"),
        (|_, p| remove(p, "nonce"),                         "proof_malformed", "a replay could not be told"),
        // The key.
        (|_, p| remove(p, "cnf"),                           "proof_malformed", "no key"),
        (|_, p| p["cnf"] = json!("x"),                      "proof_malformed", "text is no key"),
        (|_, p| p["cnf"] = json!({"kid": "x"}),             "proof_malformed", "a name is no key"),
        (|_, p| p["cnf"]["jku"] = json!("https://evil.test/"), "proof_malformed", "keys elsewhere, beside it"),
        (|_, p| p["cnf"]["jwe"] = json!("x"),               "proof_malformed", "two keys"),
        (|_, p| p["cnf"]["jwk"] = json!([]),                "proof_malformed", "a list is no key"),
        (|_, p| remove(&mut p["cnf"]["jwk"], "alg"),        "ok",              "it says RS256 by its type"),
        (|_, p| remove(&mut p["cnf"]["jwk"], "kid"),        "ok",              "its name is its thumbprint"),
        (|_, p| p["cnf"]["jwk"]["use"] = json!("sig"),      "ok",              "for signatures"),
        (|_, p| p["cnf"]["jwk"]["use"] = json!("enc"),      "proof_key",       "not for signatures"),
        (|_, p| p["cnf"]["jwk"]["alg"] = json!("PS256"),    "proof_key",       "for another algorithm"),
        (|_, p| p["cnf"]["jwk"]["alg"] = json!("RS512"),    "proof_key",       "for another one still"),
        (|_, p| p["cnf"]["jwk"]["alg"] = json!(1),          "proof_key",       "a number is no algorithm"),
        (|_, p| p["cnf"]["jwk"]["kid"] = json!("x"),        "proof_key",       "two names for one key"),
        (|_, p| p["cnf"]["jwk"]["kid"] = json!(1),          "proof_key",       "a number is no name"),
        (|_, p| p["cnf"]["jwk"]["d"] = json!("AQAB"),       "proof_key",       "a private key, shown to all"),
        (|_, p| p["cnf"]["jwk"]["x5c"] = json!([]),         "proof_key",       "a certificate beside it"),
        (|_, p| p["cnf"]["jwk"]["kty"] = json!("oct"),      "proof_key",       "a secret"),
        (|_, p| p["cnf"]["jwk"]["kty"] = json!("rsa"),      "proof_key",       "types have a letter case"),
        (|_, p| p["cnf"]["jwk"]["n"] = json!(encode([0xff; 128])), "proof_key", "1024 bits"),
        (|_, p| p["cnf"]["jwk"]["n"] = json!(encode([0xff; 513])), "proof_key", "4104 bits"),
        (|_, p| p["cnf"]["jwk"]["n"] = json!(""),           "proof_key",       "no modulus"),
        (|_, p| p["cnf"]["jwk"]["e"] = json!(encode([0, 1, 0, 1])), "proof_key", "a second spelling of one key"),
        (|_, p| p["cnf"]["jwk"]["e"] = json!("AQAB="),      "proof_key",       "a padded one"),
        // What does not belong there.
        (|_, p| p["iss"] = json!(7),                        "proof_malformed", "half a token"),
        (|_, p| p["iss"] = json!("https://issuer.test/"),   "not ours",        "a token of somebody else"),
        (|_, p| p["x"] = json!({"y": "z"}),                 "ok",              "an unknown member"),
    ];
    let token = bound();
    for (edit, expected, why) in cases {
        assert_eq!(outcome(&callers().wrap(&token, edit)), expected, "{why}");
    }
}

#[test]
fn the_token_inside_must_be_good_and_bound_to_the_key() {
    #[rustfmt::skip]
    let cases: [(Edit, &str, &str); 16] = [
        (|_, p| remove(p, "cnf"),                           "proof_key",  "a bearer token: who saw it could wrap it"),
        (|_, p| p["cnf"] = json!({"kid": foreign().thumbprint()}), "proof_key", "bound to another key"),
        (|_, p| p["cnf"] = json!({"kid": callers().thumbprint().to_uppercase()}), "proof_key", "thumbprints have a letter case"),
        (|_, p| p["cnf"] = json!({"kid": 7}),               "proof_key",  "bound to nothing known"),
        (|_, p| p["cnf"] = json!({"x5t#S256": callers().thumbprint()}), "proof_key", "bound to a certificate"),
        (|_, p| p["cnf"] = callers().confirmation(),        "proof_key",  "the whole key, which Entra never writes"),
        (|_, p| p["cnf"]["jwk"] = foreign().confirmation()["jwk"].clone(), "proof_key", "two keys"),
        (|_, p| p["cnf"] = json!([]),                       "malformed",  "a list binds to nothing"),
        (|_, p| p["exp"] = json!(NOW - 60),                 "expired",    "its own time counts too"),
        (|_, p| p["nbf"] = json!(NOW + 61),                 "not_yet_valid", "at both ends"),
        (|_, p| p["tid"] = json!(ALICE),                    "tenant",     "another tenant"),
        (|_, p| p["iss"] = json!("https://evil.test/"),     "not ours",   "another issuer"),
        (|_, p| remove(p, "oid"),                           "malformed",  "nobody"),
        (|h, _| h["alg"] = json!("none"),                   "algorithm",  "unsigned"),
        (|h, _| h["kid"] = json!("x"),                      "key",        "a key that nobody published"),
        (|h, _| h["jwk"] = json!({}),                       "header",     "a key of its own"),
    ];
    for (edit, expected, why) in cases {
        let token = own().mint(|header, payload| {
            bind(payload);
            edit(header, payload);
        });
        assert_eq!(outcome(&callers().wrap(&token, |_, _| ())), expected, "{why}");
    }
}

#[test]
fn times_of_a_proof_hold_to_the_moment() {
    let text = callers().wrap(&bound(), |_, _| ());
    let (made, tick) = (Duration::from_secs(NOW), Duration::from_nanos(1));
    #[rustfmt::skip]
    let cases = [
        (made - SKEW - tick,     "proof_time", "a moment before ts less the skew"),
        (made - SKEW,            "ok",         "ts less the skew"),
        (made,                   "ok",         "ts"),
        (made + VALIDITY - tick, "ok",         "a moment before its end"),
        (made + VALIDITY,        "proof_time", "its end, which has no leeway"),
        (made + VALIDITY + SKEW, "proof_time", "long after"),
    ];
    for (now, expected, why) in cases {
        assert_eq!(outcome_at(&text, now), expected, "{why}");
        if let Some(Ok(verified)) = verify_at(&text, Duration::from_secs(NOW)) {
            let again =
                verified.check_time(SKEW, now).map_or_else(|error| error.reason(), |()| "ok");
            assert_eq!(again, expected, "once verified: {why}");
        }
    }
}

#[test]
fn what_is_left_of_a_proof_and_its_token_is_the_shorter_time() {
    #[rustfmt::skip]
    let cases = [
        (3600, 0,   900, "the proof ends first"),
        (100,  0,   160, "the token ends first, leeway included"),
        (3600, 899, 1,   "the last second"),
        (3600, 900, 0,   "nothing"),
    ];
    for (life, later, expected, why) in cases {
        let token = own().mint(|_, payload| {
            bind(payload);
            payload["exp"] = json!(NOW + life);
        });
        let verified = verify_at(&callers().wrap(&token, |_, _| ()), Duration::from_secs(NOW));
        let left = verified.unwrap().unwrap().remaining(SKEW, Duration::from_secs(NOW + later));
        assert_eq!(left, Duration::from_secs(expected), "{why}");
    }
}

#[test]
fn a_message_about_a_proof_holds_no_part_of_it() {
    let text = callers().wrap(&bound(), |header, payload| {
        header["SECRET"] = json!("SECRET");
        payload["u"] = json!("/SECRET");
        payload["nonce"] = json!("SECRET");
    });
    let error = verify_at(&text, Duration::from_secs(NOW)).unwrap().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
}

#[test]
fn every_refusal_of_a_proof_says_what_to_do() {
    let all = [
        ProofError::Algorithm,
        ProofError::Cluster,
        ProofError::Early(Duration::from_secs(61)),
        ProofError::Key("it is not an RSA key"),
        ProofError::KeyId,
        ProofError::Malformed("`ts` is not a whole number of seconds".to_owned()),
        ProofError::OtherKey,
        ProofError::Replayed,
        ProofError::Required,
        ProofError::Signature,
        ProofError::Stale(Duration::from_secs(7)),
        ProofError::TooMany,
        ProofError::Unbound,
    ];
    let lines = all.map(|error| format!("{}: {error}", error.reason()));
    insta::assert_snapshot!(lines.join("\n"));
}
