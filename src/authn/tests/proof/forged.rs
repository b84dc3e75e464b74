//! What an attacker might try who has seen a token, or a whole request, but has not the key; and texts
//! that two readers could read differently.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::testing::{NOW, bind, callers, encode, foreign, own, p256};
use super::super::super::*;
use super::{bound, outcome, verify_at};

#[test]
fn who_has_not_the_key_gets_nowhere() {
    let token = bound();
    let good = callers().wrap(&token, |_, _| ());
    let parts: Vec<&str> = good.split('.').collect();
    let other_time = {
        let later = callers().wrap(&token, |_, p| p["ts"] = json!(NOW + 5));
        let payload = later.split('.').nth(1).unwrap().to_owned();
        format!("{}.{payload}.{}", parts[0], parts[2])
    };
    let as_caller = |h: &mut Value, p: &mut Value| {
        h["kid"] = json!(callers().thumbprint());
        p["cnf"] = callers().confirmation();
    };
    let of_mallory = foreign().mint(|_, payload| bind(payload));
    let mut nobody = own().mint(|_, payload| bind(payload));
    nobody.truncate(nobody.len() - 4);
    let ends_otherwise = {
        let mut text = good.clone();
        let last = text.pop();
        text.push(if last == Some('B') { 'C' } else { 'B' });
        text
    };
    #[rustfmt::skip]
    let cases = [
        (foreign().wrap(&token, |_, _| ()),          "proof_key",       "a stolen token in a request of one's own"),
        (foreign().wrap(&token, as_caller),          "proof_signature", "the same under the caller's key"),
        (own().wrap(&token, as_caller),              "proof_signature", "signed by the issuer's key"),
        (other_time,                                 "proof_signature", "a stolen request, made younger"),
        (format!("{}.{}.", parts[0], parts[1]),      "proof_signature", "without its signature"),
        (format!("{}.{}.!", parts[0], parts[1]),     "proof_signature", "with one that is no base64"),
        (ends_otherwise,                             "proof_signature", "with its last bits changed"),
        (callers().wrap(&of_mallory, |_, _| ()),     "key",             "a token that another issuer signed"),
        (callers().wrap(&nobody, |_, _| ()),         "signature",       "a token whose signature is cut"),
        (callers().wrap(&good, |_, _| ()),           "not ours",        "a request in a request"),
        (callers().wrap("a.b.c", |_, _| ()),         "not ours",        "no token inside"),
        (callers().wrap("", |_, _| ()),              "not ours",        "nothing inside"),
        (callers().wrap(&token, |_, p| p["at"] = json!([p["at"]])), "not ours", "a list of tokens"),
        (token.clone(),                              "not ours",        "no request at all"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(outcome(&text), expected, "{why}");
    }
}

#[test]
fn a_weak_exponent_proves_nothing() {
    // The holder of a key with such an exponent, and whoever sees it, could sign anything.
    for exponent in [vec![1], vec![2], vec![1, 0], vec![0xff; 64]] {
        let (n, e) = (encode(callers().numbers().0), encode(&exponent));
        let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let thumbprint =
            encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, members.as_bytes()));
        let token = own().mint(|_, payload| payload["cnf"] = json!({"kid": thumbprint}));
        let text = callers().wrap(&token, |header, payload| {
            header["kid"] = json!(thumbprint);
            payload["cnf"] = json!({"jwk": {"kty": "RSA", "n": n, "e": e}});
        });
        assert_eq!(outcome(&text), "proof_signature", "{exponent:?}");
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let (_, _, point) = p256("x");
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]),
    });
    let text = callers().wrap(&bound(), |_, payload| payload["cnf"] = json!({"jwk": jwk}));
    assert_eq!(outcome(&text), "proof_key");
}

#[test]
fn no_two_readers_read_a_request_differently() {
    let token = bound();
    let header = json!({"typ": "pop", "alg": "RS256", "kid": callers().thumbprint()}).to_string();
    let good = callers().wrap(&token, |_, _| ());
    let payload = good.split('.').nth(1).unwrap();
    let payload = String::from_utf8(unverified::decode(payload).unwrap()).unwrap();
    let twice = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let at = |text: &str| format!(r#""at":"{text}""#);
    let deep = format!(r#""x":{}{}"#, "[".repeat(200), "]".repeat(200));
    #[rustfmt::skip]
    let cases = [
        (header.clone(), payload.clone(),                                  "ok",        "the same without"),
        (twice(&header, r#""alg":"none""#), payload.clone(),               "malformed", "two algorithms"),
        (header.clone(), twice(&payload, r#""u":"x""#),                    "malformed", "two clusters"),
        (header.clone(), twice(&payload, r#""\u0074s":1"#),                "malformed", "two times, one escaped"),
        (header.clone(), twice(&payload, &at("x.y.z")),                    "malformed", "two tokens, ours last"),
        (header.clone(), payload.replacen('}', &format!(",{}}}", at("x.y.z")), 1), "ok", "not the request's own member"),
        (header.clone(), payload.replacen(r#""jwk":{"#, r#""jwk":{"kty":"oct","#, 1), "malformed", "two kinds of key"),
        (header.clone(), twice(&payload, &deep),                           "malformed", "a deep member"),
        (header.clone(), format!("{payload}x"),                            "not ours",  "something after it"),
        (header.clone(), format!("[{payload}]"),                           "not ours",  "a list"),
        ("{".to_owned(), payload.clone(),                                  "malformed", "a header that is no object"),
    ];
    for (header, payload, expected, why) in cases {
        assert_eq!(outcome(&callers().rs256(&header, &payload)), expected, "{why}");
    }
    let ours_first = payload.strip_suffix('}').map(|open| format!("{open},{}}}", at("x.y.z")));
    let found = outcome(&callers().rs256(&header, &ours_first.unwrap()));
    assert_eq!(found, "not ours", "two tokens, ours first: nobody's, and not let in either");
}

#[test]
fn the_limit_of_a_token_is_the_limit_of_the_request_around_it() {
    let padded = |bytes: usize| {
        let token = own().mint(|_, payload| {
            bind(payload);
            payload["padding"] = json!("x".repeat(bytes));
        });
        callers().wrap(&token, |_, _| ())
    };
    // Base64 twice: each byte of padding takes 16/9 of a byte.
    let room = (MAX_TOKEN_LENGTH - padded(0).len()) * 9 / 16;
    let (fits, too_long) = (padded(room - 8), padded(room + 8));
    assert!(fits.len() <= MAX_TOKEN_LENGTH && too_long.len() > MAX_TOKEN_LENGTH);
    assert_eq!((outcome(&fits), outcome(&too_long)), ("ok", "malformed"));
}

proptest! {
    /// Whatever arrives, reading it answers; it never panics, and never authenticates.
    #[test]
    fn reading_a_request_never_panics(header in "\\PC*", payload in "\\PC*", at in "\\PC*") {
        let wrapped = json!({"at": at, "cnf": {"jwk": {"kty": "RSA", "n": header, "e": payload}}});
        for payload in [&payload, &wrapped.to_string()] {
            let text = format!("{}.{}.{}", encode(&header), encode(payload), encode(&at));
            prop_assert!(!matches!(verify_at(&text, Duration::from_secs(NOW)), Some(Ok(_))));
        }
    }

    /// One bit that changes anywhere in a good request is enough.
    #[test]
    fn a_changed_request_does_not_authenticate(place in any::<prop::sample::Index>(), bit in 0..7u8) {
        let mut bytes = callers().wrap(&bound(), |_, _| ()).into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_ne!(outcome(&text), "ok");
    }
}
