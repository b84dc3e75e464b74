//! The two documents with which an issuer introduces itself: the discovery document (Connect
//! Discovery 1.0 §3) and the key set (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use url::Url;

use crate::authn::{Algorithm, KeySet, SigningKey};

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

/// A key set as it stands: its members are read one by one, since one odd key must not take the
/// others with it.
#[derive(Debug, Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// One key (RFC 7517 §4, RFC 7518 §6), and Entra's own member `issuer`.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    issuer: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Parses a key set. Keys that are not for signatures, of another type, for another algorithm, or
/// broken, are left out: a token that names one is refused for its unknown key.
///
/// # Errors
///
/// [`ReadMetadataError`]: not a key set, too many keys, or none that could verify a token.
pub fn parse_keys(body: &[u8]) -> Result<KeySet, ReadMetadataError> {
    let set: JwkSet = serde_json::from_slice(body)?;
    if set.keys.len() > MAX_KEYS {
        return Err(ReadMetadataError::TooManyKeys(set.keys.len()));
    }
    let keys: KeySet = set.keys.into_iter().filter_map(signing_key).collect();
    if keys.is_empty() {
        return Err(ReadMetadataError::NoUsableKey);
    }
    Ok(keys)
}

fn signing_key(value: Value) -> Option<SigningKey> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !for_signatures || jwk.kid.is_empty() {
        return None;
    }
    // RS256 needs no mention, since Entra's keys have no `alg`; PS256 does (semantics §11.4).
    let stated = match &jwk.alg {
        Some(name) => Some(Algorithm::named(name)?),
        None => None,
    };
    match jwk.kty.as_str() {
        "RSA" => {
            let (modulus, exponent) = (decode(jwk.n.as_deref())?, decode(jwk.e.as_deref())?);
            let algorithm = stated.unwrap_or(Algorithm::Rs256);
            SigningKey::rsa(jwk.kid, &modulus, &exponent, algorithm, jwk.issuer).ok()
        }
        "EC" if jwk.crv.as_deref() == Some("P-256")
            && stated.is_none_or(|algorithm| algorithm == Algorithm::Es256) =>
        {
            let (x, y) = (decode(jwk.x.as_deref())?, decode(jwk.y.as_deref())?);
            SigningKey::p256(jwk.kid, &x, &y, jwk.issuer).ok()
        }
        _ => None,
    }
}

fn decode(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}
