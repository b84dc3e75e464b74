//! The two documents with which an issuer introduces itself: the discovery document (Connect
//! Discovery 1.0 §3) and the key set (RFC 7517).

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use url::Url;

use crate::authn::{KeySet, SigningKey};

/// Most keys that are taken from one key set. Entra publishes about ten.
pub const MAX_KEYS: usize = 1000;

/// What a discovery document says that matters here.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct DiscoveryDocument {
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: Url,
}

impl DiscoveryDocument {
    /// Parses a discovery document.
    ///
    /// # Errors
    ///
    /// [`ReadMetadataError::Json`] if it is not JSON, or one of the two members is missing.
    pub fn parse(body: &[u8]) -> Result<Self, ReadMetadataError> {
        Ok(serde_json::from_slice(body)?)
    }
}

/// Why a document of an issuer is of no use.
#[derive(Debug, Error)]
pub enum ReadMetadataError {
    /// Not JSON, or a member that is missing or of the wrong type.
    #[error("the document cannot be read")]
    Json(#[from] serde_json::Error),
    /// No key in it can verify a token.
    #[error("the key set has no key for RS256, PS256 or ES256 signatures")]
    NoUsableKey,
    /// More than [`MAX_KEYS`] keys.
    #[error("the key set has {0} keys, more than {MAX_KEYS}")]
    TooManyKeys(usize),
}

/// A key set as it stands. `jsonwebtoken` has a type for it, too, but that one fails as a whole if one
/// key is odd, and one odd key must not take the others with it.
#[derive(Debug, Deserialize)]
struct PublishedKeySet {
    keys: Vec<Value>,
}

/// One key, and Entra's own member `issuer`.
#[derive(Debug, Deserialize)]
struct PublishedKey {
    issuer: Option<String>,
    #[serde(flatten)]
    jwk: Jwk,
}

/// Parses a key set. Keys that are not for signatures, of another type, for another algorithm, or
/// broken, are left out: a token that names one is refused for its unknown key.
///
/// # Errors
///
/// [`ReadMetadataError`]: not a key set, too many keys, or none that could verify a token.
pub fn parse_keys(body: &[u8]) -> Result<KeySet, ReadMetadataError> {
    let set: PublishedKeySet = serde_json::from_slice(body)?;
    if set.keys.len() > MAX_KEYS {
        return Err(ReadMetadataError::TooManyKeys(set.keys.len()));
    }
    let keys: KeySet = set.keys.into_iter().filter_map(signing_key).collect();
    if keys.is_empty() {
        return Err(ReadMetadataError::NoUsableKey);
    }
    Ok(keys)
}

/// Members about a key's certificate. They are never used here, and `jsonwebtoken` holds them to their
/// types, so they are taken away first: a key must not go with its certificate.
const CERTIFICATE_MEMBERS: [&str; 4] = ["x5c", "x5t", "x5t#S256", "x5u"];

fn signing_key(mut value: Value) -> Option<SigningKey> {
    let members = value.as_object_mut()?;
    for name in CERTIFICATE_MEMBERS {
        members.remove(name);
    }
    let PublishedKey { issuer, jwk } = serde_json::from_value(value).ok()?;
    SigningKey::from_jwk(&jwk, issuer).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::authn::Algorithm;
    use crate::authn::testing::{encode, foreign, own, p256, tenant};

    fn with(changes: &Value) -> Value {
        let mut jwk = own().jwk();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    #[test]
    fn a_key_is_for_signatures_by_its_algorithm_or_left_out() {
        use Algorithm::{Es256, Ps256, Rs256};
        let (_, _, point) = p256("ec");
        let ec = |crv: &str, alg: Value| {
            let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
            json!({"kty": "EC", "kid": "ec", "crv": crv, "alg": alg, "x": x, "y": y})
        };
        let (n, _) = own().numbers();
        let zero_first = encode([&[0], n.as_slice()].concat());
        let (x, y) = (&point[1..33], &point[33..]);
        let shifted = json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": encode(&point[1..34]), "y": encode(&point[34..])});
        let off_curve =
            json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": encode(y), "y": encode(x)});
        #[rustfmt::skip]
        let cases = [
            (own().jwk(),                                     Some(Rs256), "as Entra publishes it"),
            (with(&json!({"use": null})),                      Some(Rs256), "no use"),
            (with(&json!({"alg": "RS256"})),                   Some(Rs256), "said explicitly"),
            (with(&json!({"alg": "PS256"})),                   Some(Ps256), "only where it is said"),
            (with(&json!({"key_ops": ["verify"]})),            Some(Rs256), "for verification"),
            (with(&json!({"x5c": 1, "x": "not a number"})),    Some(Rs256), "members that do not matter"),
            (ec("P-256", Value::Null),                        Some(Es256), "the type says it"),
            (ec("P-256", json!("ES256")),                     Some(Es256), "said twice"),
            (ec("P-384", json!("ES256")),                     None,        "another curve"),
            (ec("P-256", json!("RS256")),                     None,        "an algorithm of RSA"),
            (with(&json!({"use": "enc"})),                     None,        "for encryption"),
            (with(&json!({"key_ops": ["encrypt"]})),           None,        "for encryption"),
            (with(&json!({"alg": "RS512"})),                   None,        "another algorithm"),
            (with(&json!({"alg": "ES256"})),                   None,        "an algorithm of curves"),
            (with(&json!({"alg": "none"})),                    None,        "no algorithm"),
            (with(&json!({"kid": ""})),                        None,        "no name"),
            (with(&json!({"kid": null})),                      None,        "no name"),
            (with(&json!({"kid": 1})),                         None,        "a number is no name"),
            (with(&json!({"kty": "oct", "k": "c2VjcmV0"})),    None,        "a shared secret"),
            (with(&json!({"n": null})),                        None,        "half a key"),
            (shifted,                                         None,        "the right point, cut in the wrong place"),
            (off_curve,                                       None,        "a point beside the curve"),
            (with(&json!({"n": "AQAB"})),                      None,        "too small"),
            (with(&json!({"n": encode([255; 128])})),          None,        "1024 bits"),
            (with(&json!({"n": encode([[127].as_slice(), &[255; 255]].concat())})), None, "2047 bits"),
            (with(&json!({"n": encode([255; 1025])})),         None,        "too large"),
            (with(&json!({"n": zero_first})),                  None,        "a leading zero"),
            (with(&json!({"n": "%"})),                         None,        "no base64"),
            (with(&json!({"n": format!("{}=", encode(&n))})),  None,        "padded base64"),
            (with(&json!({"e": [1, 0, 1]})),                   None,        "a list is no exponent"),
            (with(&json!({"e": "AAEAAQ"})),                    None,        "an exponent with a leading zero"),
            (with(&json!({"issuer": 1})),                      None,        "a number is no issuer"),
            (with(&json!({"use": "SIG"})),                     None,        "uses have a case"),
            (with(&json!({"alg": "rs256"})),                   None,        "algorithms have a case"),
            (with(&json!({"alg": "HS256"})),                   None,        "a public key is no shared secret"),
            (with(&json!({"kty": "rsa"})),                     None,        "types have a case"),
            (with(&json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})), None, "another type"),
            (with(&json!({"e": ""})),                          None,        "no exponent"),
            (json!(["RSA", "own-key"]),                       None,        "a list"),
            (json!(1),                                        None,        "a number"),
        ];
        for (jwk, expected, why) in cases {
            let body = json!({"keys": [jwk, foreign().jwk()]}).to_string();
            let keys = parse_keys(body.as_bytes()).unwrap();
            let found = ["own-key", "ec"].iter().find_map(|kid| keys.named(kid).next());
            assert_eq!(found.map(|key| key.algorithm()), expected, "{why}");
            assert!(keys.named("foreign-key").next().is_some(), "the others stay: {why}");
        }
    }

    #[test]
    fn a_key_set_without_a_usable_key_is_an_error() {
        for body in ["", "{}", "[]", r#"{"keys":null}"#, r#"{"keys":[]}"#, r#"{"keys":[{}]}"#] {
            assert!(parse_keys(body.as_bytes()).is_err(), "{body}");
        }
        let many = json!({"keys": vec![json!({}); MAX_KEYS + 1]}).to_string();
        let error = parse_keys(many.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadMetadataError::TooManyKeys(_)), "{error}");
    }

    #[test]
    fn the_documented_samples_are_read() {
        let document = r#"{"token_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
            "jwks_uri": "https://login.microsoftonline.com/t/discovery/v2.0/keys",
            "issuer": "https://login.microsoftonline.com/t/v2.0", "rbac_url": "https://pas.windows.net"}"#;
        let document = DiscoveryDocument::parse(document.as_bytes()).unwrap();
        assert_eq!(document.issuer, "https://login.microsoftonline.com/t/v2.0");
        assert_eq!(document.jwks_uri.path(), "/t/discovery/v2.0/keys");
        for body in ["", "[]", "{}", r#"{"issuer":"x"}"#, r#"{"issuer":"x","jwks_uri":"keys"}"#] {
            assert!(DiscoveryDocument::parse(body.as_bytes()).is_err(), "{body}");
        }
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
        let body = json!({"keys": [with(&json!({"issuer": issuer}))]}).to_string();
        let keys = parse_keys(body.as_bytes()).unwrap();
        let key = keys.named("own-key").next().unwrap();
        let own = format!("https://login.microsoftonline.com/{}/v2.0", tenant());
        assert!(key.serves(&own, tenant()) && !key.serves("https://x/v2.0", tenant()));
    }
}
