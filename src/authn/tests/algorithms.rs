//! Algorithm confusion, and keys that a token would like to bring or choose itself (semantics §11.4).

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::testing::{NOW, V1_ISSUER, encode, es256, foreign, own, p256, user};
use super::super::*;
use super::{judge_as, outcome};

fn header(alg: &str) -> String {
    json!({"alg": alg, "kid": own().kid}).to_string()
}

/// The outcome for an issuer with these keys.
fn outcome_with(token: &str, keys: impl IntoIterator<Item = SigningKey>) -> &'static str {
    let now = Duration::from_secs(NOW);
    let verdict = judge_as(token, &keys.into_iter().collect(), V1_ISSUER, GroupsSource::Token, now);
    verdict.unwrap().map_or_else(|error| error.reason(), |_| "ok")
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let (n, _) = own().numbers();
    let pem = STANDARD.encode(own().spki());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
    let jwk = own().jwk().to_string();
    let secrets = [
        (n.clone(), "the modulus"),
        (encode(&n).into_bytes(), "the modulus as text"),
        (own().spki(), "the key as DER"),
        (pem.into_bytes(), "the key as PEM"),
        (jwk.into_bytes(), "the key as JWK"),
        (vec![], "nothing"),
    ];
    let algorithms =
        [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)];
    for (secret, why) in secrets {
        for (name, algorithm) in algorithms {
            let message = format!("{}.{}", encode(header(name)), encode(user().to_string()));
            let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), message.as_bytes());
            assert_eq!(
                outcome(&format!("{message}.{}", encode(tag))),
                "algorithm",
                "{name}, {why}"
            );
        }
        // The same behind the name of an algorithm that is accepted.
        let message = format!("{}.{}", encode(header("RS256")), encode(user().to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        assert_eq!(outcome(&format!("{message}.{}", encode(tag))), "signature", "{why}");
    }
}

#[test]
fn no_spelling_of_none_is_an_algorithm() {
    let names = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "NoNe",
        "none ",
        " none",
        "none\0",
        "n\u{f6}ne",
        "",
        "null",
        "false",
        "undefined",
        "RS256,none",
        "none,RS256",
        "plain",
    ];
    let payload = user().to_string();
    for name in names {
        let signed = own().rs256(&header(name), &payload);
        let (head, _) = signed.rsplit_once('.').unwrap();
        for token in [signed.clone(), format!("{head}."), format!("{head}.AA")] {
            assert_eq!(outcome(&token), "algorithm", "{name:?}: {token}");
        }
    }
    for value in [json!(null), json!(false), json!(0), json!(["none"]), json!({"none": 1})] {
        let token = own().mint(|header, _| header["alg"] = value.clone());
        assert_eq!(outcome(&token), "malformed", "{value}");
    }
}

#[test]
fn only_three_names_are_algorithms_at_all() {
    let payload = user().to_string();
    let others = [
        "RS1",
        "RS384",
        "RS512",
        "PS384",
        "PS512",
        "ES384",
        "ES512",
        "ES256K",
        "EdDSA",
        "Ed25519",
        "rs256",
        "Rs256",
        "RS256 ",
        "RSA-OAEP",
        "RSA1_5",
        "dir",
        "A256KW",
        "SHA256",
        "RSASHA256",
    ];
    for name in others {
        assert_eq!(outcome(&own().rs256(&header(name), &payload)), "algorithm", "{name}");
    }
}

#[test]
fn the_key_and_not_the_header_chooses_the_algorithm() {
    let payload = user().to_string();
    let (pair, point, _) = p256(own().kid);
    let (rs, ps) =
        (|alg| own().rs256(&header(alg), &payload), |alg| own().ps256(&header(alg), &payload));
    let es = |alg: &str| es256(&pair, &header(alg), &payload);
    let rsa = || own().key(Algorithm::Rs256, None);
    let pss = || own().key(Algorithm::Ps256, None);
    #[rustfmt::skip]
    let cases = [
        // (token,     keys,           expected,    why)
        (rs("PS256"), vec![rsa()],        "algorithm", "PS256 over an RS256 signature, for an RS256 key"),
        (rs("PS256"), vec![pss()],        "signature", "PS256 over an RS256 signature, for a PS256 key"),
        (ps("RS256"), vec![pss()],        "algorithm", "RS256 over a PS256 signature, for a PS256 key"),
        (ps("RS256"), vec![rsa()],        "signature", "RS256 over a PS256 signature, for an RS256 key"),
        (rs("PS256"), vec![rsa(), pss()], "signature", "one number for two algorithms; the signature is of one"),
        (ps("RS256"), vec![pss(), rsa()], "signature", "the same the other way round"),
        (rs("ES256"), vec![rsa()],        "algorithm", "ES256 over an RSA signature, for an RSA key"),
        (rs("ES256"), vec![point.clone()], "signature", "ES256 over an RSA signature, for a P-256 key"),
        (es("RS256"), vec![point.clone()], "algorithm", "RS256 over an ES256 signature, for a P-256 key"),
        (es("RS256"), vec![rsa()],        "signature", "RS256 over an ES256 signature, for an RSA key"),
        (es("ES384"), vec![point.clone()], "algorithm", "another curve's algorithm"),
        (es("ES256"), vec![rsa(), point], "ok",        "one name for two keys; the one that fits is found"),
    ];
    for (token, keys, expected, why) in cases {
        assert_eq!(outcome_with(&token, keys), expected, "{why}");
    }
}

#[test]
fn a_curve_signature_has_one_form_and_is_never_zero() {
    let payload = user().to_string();
    let (pair, point, _) = p256(own().kid);
    let good = es256(&pair, &header("ES256"), &payload);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let bytes = unverified::decode(signature).unwrap();
    let integer = |number: &[u8]| [&[2, 33, 0], number].concat();
    let der = [vec![48, 70], integer(&bytes[..32]), integer(&bytes[32..])].concat();
    #[rustfmt::skip]
    let cases = [
        (bytes.clone(),                         "ok",        "r and s, 32 bytes each"),
        (der,                                   "signature", "the same as ASN.1"),
        (vec![0; 64],                           "signature", "r and s are zero"),
        ([&bytes[..32], &[0; 32]].concat(),     "signature", "s is zero"),
        ([&[0; 32], &bytes[32..]].concat(),     "signature", "r is zero"),
        ([&[0], bytes.as_slice()].concat(),     "signature", "a byte more in front"),
        ([bytes.as_slice(), &[0]].concat(),     "signature", "a byte more behind"),
        (bytes[..63].to_vec(),                  "signature", "a byte less"),
        ([&bytes[32..], &bytes[..32]].concat(), "signature", "s and r"),
        (vec![],                                "signature", "nothing"),
    ];
    for (bytes, expected, why) in cases {
        let token = format!("{head}.{}", encode(bytes));
        assert_eq!(outcome_with(&token, [point.clone()]), expected, "{why}");
    }
}

#[test]
fn an_rsa_signature_has_the_length_of_its_key() {
    let good = own().mint(|_, _| ());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let bytes = unverified::decode(signature).unwrap();
    #[rustfmt::skip]
    let cases = [
        (bytes.clone(),                           "ok",        "256 bytes for 2048 bits"),
        ([&[0], bytes.as_slice()].concat(),       "signature", "a leading zero"),
        ([bytes.as_slice(), &[0]].concat(),       "signature", "a byte more"),
        (bytes[..255].to_vec(),                   "signature", "a byte less"),
        (vec![0; 256],                            "signature", "zero"),
        ([&[0; 255], [1].as_slice()].concat(),    "signature", "one"),
        (own().numbers().0,                       "signature", "the modulus"),
        (vec![255; 256],                          "signature", "more than the modulus"),
    ];
    for (bytes, expected, why) in cases {
        assert_eq!(outcome(&format!("{head}.{}", encode(bytes))), expected, "{why}");
    }
}

#[test]
fn a_key_id_is_a_plain_name_and_nothing_is_done_with_it_but_comparing() {
    #[rustfmt::skip]
    let cases = [
        (json!("own-key"),                           "ok",        "the key's"),
        (json!("own-key "),                          "key",       "space behind"),
        (json!("own-key\0"),                         "key",       "a zero byte behind"),
        (json!("\u{6f}wn-key\u{200b}"),              "key",       "something invisible behind"),
        (json!("own"),                               "key",       "a part of it"),
        (json!("foreign-key"),                       "key",       "a key that is not this issuer's"),
        (json!("../../../../etc/passwd"),            "key",       "a path"),
        (json!("/dev/null"),                         "key",       "an empty file"),
        (json!("https://evil.test/keys.json"),       "key",       "an address"),
        (json!("' UNION SELECT 'x"),                 "key",       "a query"),
        (json!("$(id)"),                             "key",       "a command"),
        (json!("x".repeat(256)),                     "key",       "the longest there is"),
        (json!("x".repeat(257)),                     "malformed", "longer"),
        (json!("\u{e9}".repeat(129)),                "malformed", "bytes count, not letters"),
        (json!("x".repeat(40_000)),                  "malformed", "much longer"),
        (json!(["own-key"]),                         "malformed", "a list"),
        (json!([]),                                  "malformed", "an empty list"),
        (json!({"kid": "own-key"}),                  "malformed", "an object"),
        (json!(true),                                "malformed", "true"),
    ];
    for (kid, expected, why) in cases {
        let token = own().mint(|header, _| header["kid"] = kid);
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

#[test]
fn a_token_never_brings_its_key_or_an_extension_even_beside_a_good_signature() {
    let members: [(&str, Vec<Value>); 5] = [
        ("jwk", vec![own().jwk(), foreign().jwk(), json!({}), json!(""), Value::Null]),
        ("jku", vec![json!("https://login.microsoftonline.com/common/discovery/keys"), json!("")]),
        ("x5u", vec![json!("https://evil.test/chain.pem"), Value::Null]),
        ("x5c", vec![json!(["MIIB"]), json!([]), json!("MIIB")]),
        (
            "crit",
            vec![
                json!([]),
                json!(["exp"]),
                json!(["b64"]),
                json!(["nonce"]),
                json!("exp"),
                json!({}),
                Value::Null,
            ],
        ),
    ];
    for (name, values) in members {
        for value in values {
            let good = own().mint(|header, _| header[name] = value.clone());
            assert_eq!(outcome(&good), "header", "{name}: {value}");
            let forged = foreign().mint(|header, _| {
                header["kid"] = json!(own().kid);
                header[name] = value.clone();
            });
            assert_eq!(outcome(&forged), "header", "{name}: {value}, not even signed by us");
        }
    }
    let unencoded = own().mint(|header, _| header["b64"] = json!(false));
    assert_eq!(outcome(&unencoded), "ok", "without `crit` it says nothing; the payload is decoded");
    let forged = foreign().mint(|header, _| header["JWK"] = foreign().jwk());
    assert_eq!(outcome(&forged), "key", "what is no header parameter is not looked at");
}
