//! Tokens that no issuer signed, and texts that are hardly tokens.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::testing::{NOW, V1_ISSUER, V2_ISSUER, encode, es256, foreign, own, p256, user};
use super::super::*;
use super::{judge, judge_as, outcome};

#[test]
fn a_member_that_occurs_twice_makes_the_token_malformed() {
    let (header, payload) = (own().header().to_string(), user().to_string());
    let twice = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let iss = |name: &str| format!(r#""iss":"{name}""#);
    #[rustfmt::skip]
    let cases = [
        (twice(&header, r#""alg":"none""#), payload.clone(),                       "malformed", "two algorithms"),
        (twice(&header, r#""kid":"own-key""#), payload.clone(),                    "malformed", "the same key id twice"),
        (header.clone(), twice(&payload, r#""oid":"x""#),                          "malformed", "two object ids"),
        (header.clone(), twice(&payload, r#""\u0061ud":"x""#),                     "malformed", "two audiences, one escaped"),
        (header.clone(), twice(&payload, r#""a":{"b":1,"b":1}"#),                  "malformed", "within a claim"),
        (header.clone(), twice(&payload, &iss("https://evil.test/")),              "malformed", "another issuer, then ours"),
        (header.clone(), twice(&twice(&payload, &iss("x")), &iss("y")),            "malformed", "three issuers"),
        (header.clone(), payload.clone(),                                          "ok",        "the same without"),
    ];
    for (header, payload, expected, why) in cases {
        assert_eq!(outcome(&own().rs256(&header, &payload)), expected, "{why}");
    }
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn what_is_not_a_jwt_is_not_ours() {
    let good = own().mint(|_, _| ());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let payload = encode(user().to_string());
    #[rustfmt::skip]
    let cases = [
        (String::new(),                                      "not ours",  "nothing"),
        ("bootstrap.token".to_owned(),                       "not ours",  "another kind of token"),
        ("a.b.c".to_owned(),                                 "not ours",  "three parts of nothing"),
        (head.to_owned(),                                    "not ours",  "no signature part"),
        (format!("{good}.x"),                                "not ours",  "four parts"),
        (format!("{good}.x.y"),                              "not ours",  "five parts, as an encrypted token has"),
        (format!(" {good}"),                                 "malformed", "a header that does not decode"),
        (format!("{good}="),                                 "signature", "a padded signature"),
        (format!("{good} "),                                 "signature", "space after it"),
        (format!("{head}."),                                 "signature", "an empty signature"),
        (format!("{head}.{}", encode("x")),                  "signature", "a short signature"),
        (format!("{head}.!{signature}"),                     "signature", "no base64"),
        (format!(".{payload}.{signature}"),                  "malformed", "an empty header"),
        (format!("{}.{payload}.{signature}", encode("[]")),  "malformed", "a header that is no object"),
        (format!("{}.{payload}.", encode(r#"{"alg":"none"}"#)), "algorithm", "the classic"),
        (format!("{}.{}==.{signature}", encode("{}"), payload), "not ours", "a padded payload"),
        (own().rs256("{}", "[]"),                            "not ours",  "a payload that is no object"),
        (own().rs256("{}", &"[".repeat(60_000)),             "not ours",  "a deep payload that is no object"),
        (own().mint(|_, p| p["x"] = deep(200)),              "malformed", "a deep claim"),
        (own().rs256(&format!("{{\"a\":{}", "[".repeat(60_000)), &user().to_string()), "malformed", "a deep header"),
        (own().mint(|_, p| p["x"] = json!("y".repeat(MAX_TOKEN_LENGTH))), "malformed", "too long"),
    ];
    for (token, expected, why) in cases {
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

#[test]
fn only_the_issuers_own_signature_counts() {
    let payload = user().to_string();
    let other = user_with("upn", "eve@contoso.example");
    let good = own().mint(|_, _| ());
    let parts: Vec<&str> = good.split('.').collect();
    let as_own = json!({"alg": "RS256", "kid": own().kid}).to_string();
    #[rustfmt::skip]
    let cases = [
        (foreign().rs256(&as_own, &payload),                  "signature", "signed by another under our key id"),
        (foreign().mint(|_, _| ()),                           "key",       "signed by another under its own key id"),
        (format!("{}.{}.{}", parts[0], encode(other), parts[2]), "signature", "another payload under a good signature"),
        (own().ps256(&as_own, &payload),                      "signature", "another padding than the header says"),
    ];
    for (token, expected, why) in cases {
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

fn user_with(name: &str, value: &str) -> String {
    let mut payload = user();
    payload[name] = json!(value);
    payload.to_string()
}

#[test]
fn a_key_signs_for_its_own_algorithm_and_issuer_only() {
    let payload = user().to_string();
    let header = |alg: &str| json!({"alg": alg, "kid": own().kid}).to_string();
    let (pair, point, _) = p256(own().kid);
    let (rs, ps) =
        (own().rs256(&header("RS256"), &payload), own().ps256(&header("PS256"), &payload));
    let es = es256(&pair, &header("ES256"), &payload);
    let (rsa, pss) = (|| own().key(Algorithm::Rs256, None), || own().key(Algorithm::Ps256, None));
    let of = |issuer| own().key(Algorithm::Rs256, Some(issuer));
    #[rustfmt::skip]
    let cases = [
        (&rs, vec![rsa()],                "ok",        "RS256 with its key"),
        (&ps, vec![pss()],                "ok",        "PS256 with a key that says so"),
        (&es, vec![point.clone()],        "ok",        "ES256 with a P-256 key"),
        (&rs, vec![pss()],                "algorithm", "RS256 with a key for PS256"),
        (&ps, vec![rsa()],                "algorithm", "PS256 with a key that does not say so"),
        (&es, vec![rsa()],                "algorithm", "ES256 with an RSA key"),
        (&rs, vec![point],                "algorithm", "RS256 with a P-256 key"),
        (&ps, vec![rsa(), pss()],         "ok",        "one number for two algorithms"),
        (&rs, vec![],                     "key",       "no key at all"),
        (&rs, vec![of(V1_ISSUER)],        "ok",        "the key of this issuer"),
        (&rs, vec![of("https://sts.windows.net/{tenantid}/")], "ok", "the key of this issuer, for all tenants"),
        (&rs, vec![of(V2_ISSUER)],        "key",       "the key of another issuer"),
        (&rs, vec![of("https://login.microsoftonline.com/{tenantid}/v2.0")], "key", "the same, for all tenants"),
        (&rs, vec![of("")],               "key",       "the key of nobody"),
    ];
    for (token, keys, expected, why) in cases {
        let keys = KeySet::from_iter(keys);
        let now = Duration::from_secs(NOW);
        let verdict = judge_as(token, &keys, V1_ISSUER, GroupsSource::Token, now).unwrap();
        assert_eq!(verdict.map_or_else(|error| error.reason(), |_| "ok"), expected, "{why}");
    }
}

#[test]
fn a_message_holds_no_part_of_the_token() {
    let token = own().mint(|_, payload| {
        payload["upn"] = json!("system:SECRET");
        payload["groups"] = json!(["SECRET"]);
        payload["SECRET"] = json!("SECRET");
    });
    let error = judge(&token).unwrap().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
}

proptest! {
    /// Whatever arrives as a token, reading it answers; it never panics, and never authenticates.
    #[test]
    fn reading_never_panics(text in "\\PC*", header in "\\PC*", payload in "\\PC*") {
        prop_assert!(judge(&text).is_none());
        let parts = format!("{}.{}.{}", encode(&header), encode(&payload), encode(&text));
        prop_assert!(!matches!(judge(&parts), Some(Ok(_))));
    }

    /// One bit that changes anywhere in a good token is enough.
    #[test]
    fn a_changed_token_does_not_authenticate(place in any::<prop::sample::Index>(), bit in 0..7u8) {
        let mut bytes = own().mint(|_, _| ()).into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(!matches!(judge(&text), Some(Ok(_))));
    }
}
