//! The proof of possession: a signed request around a token that is bound to a key (semantics §11.8).
//!
//! ```text
//! header   typ: pop   alg: RS256   kid ──────────────────────────┐
//! payload  cnf.jwk: the key ──RFC 7638 thumbprint────────────────┼─ all three the same
//!          at: the token, in which Entra wrote cnf.kid ──────────┘
//!          u: the cluster   ts: when   nonce: once
//! signature by the key
//! ```
//!
//! Whoever sees a bearer token has it. A token with `cnf.kid` is of no use without the private key
//! whose thumbprint that is. What is sent is good for one cluster and a short time.
//!
//! The key comes with the request, which would prove nothing: it counts only because a token that its
//! issuer signed names it. So there is no way to a verified proof but through
//! [`ExaminedToken::verify`](super::ExaminedToken::verify), which checks the token first.

mod error;

use std::ops::RangeInclusive;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Map, Value};

pub use self::error::ProofError;
use super::claims::BoundTo;
use super::json::Object;
use super::keys::{Algorithm, SigningKey, bits};
use super::unverified::{UnverifiedToken, decode};
use super::verdict::TokenError;

/// `typ` of the wrapper, in any letter case.
const KIND: &str = "pop";
/// Longest `nonce`, in bytes. kubelogin's has 32.
pub const MAX_NONCE_LENGTH: usize = 256;
/// Sizes of RSA modulus that a caller's key may have, in bits. kubelogin's has 2048. Callers choose
/// their key, and so what it costs us, hence less than for the keys that an issuer publishes.
const MODULUS_BITS: RangeInclusive<usize> = 2048..=4096;
/// Members of a JWK that are, or lead to, more than a bare public key (RFC 7518 §6.3.2, RFC 7517 §4).
const NEVER_IN_KEY: [&str; 11] = ["d", "dp", "dq", "k", "oth", "p", "q", "qi", "jku", "x5c", "x5u"];

/// What a proof must be like.
#[derive(Clone, Copy, Debug)]
pub struct ProofExpectations<'a> {
    /// The cluster's ARM id, which `u` must name; letter case does not count.
    pub cluster: &'a str,
    /// How long after `ts` a proof is good.
    pub validity: Duration,
    /// How far in the future `ts` may lie.
    pub clock_skew: Duration,
}

/// A text in the form of a wrapper. Nothing in it is proven.
#[derive(Debug)]
pub struct UnverifiedProof<'a> {
    wrapper: &'a UnverifiedToken<'a>,
    token: String,
}

impl<'a> UnverifiedProof<'a> {
    /// Takes `wrapper` for a proof. `None` if there is no text under `at`, or if it names an issuer:
    /// then it is a token by itself, and not one of ours.
    pub fn parse(wrapper: &'a UnverifiedToken<'a>) -> Option<Self> {
        let token = wrapper.wrapped().pop()?;
        Some(Self { wrapper, token })
    }

    /// The token inside.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Holds the wrapper against what is `expected`, and against the key that its token is bound to.
    /// Of the form everything is checked, of the signature nothing.
    pub(super) fn examine(
        &self,
        expected: &ProofExpectations<'_>,
        bound_to: Option<&BoundTo>,
        now: Duration,
    ) -> Result<ExaminedProof<'a>, TokenError> {
        let header = self.wrapper.header()?;
        if !header.kind.is_some_and(|kind| kind.eq_ignore_ascii_case(KIND)) {
            return Err(malformed("`typ` in its header is not `pop`"));
        }
        if header.algorithm != Algorithm::Rs256 {
            return Err(ProofError::Algorithm.into());
        }
        let payload = self.wrapper.claims()?;
        if payload.get("iss").is_some() {
            return Err(malformed("it has `iss`, which belongs into the token"));
        }
        if text(&payload, "at")? != self.token {
            return Err(malformed("`at` is not the token that it was taken for"));
        }
        let nonce = text(&payload, "nonce")?;
        if nonce.is_empty() || nonce.len() > MAX_NONCE_LENGTH {
            return Err(malformed("`nonce` is empty or too long"));
        }
        let (key, thumbprint) = confirmed_key(&payload)?;
        if header.kid != thumbprint {
            return Err(ProofError::KeyId.into());
        }
        match bound_to {
            None => return Err(ProofError::Unbound.into()),
            Some(BoundTo::Thumbprint(kid)) if *kid == thumbprint => {}
            Some(BoundTo::Thumbprint(_) | BoundTo::Other) => {
                return Err(ProofError::OtherKey.into());
            }
        }
        if !text(&payload, "u")?.eq_ignore_ascii_case(expected.cluster) {
            return Err(ProofError::Cluster.into());
        }
        let made = Duration::from_secs(timestamp(&payload)?);
        let ends = made.saturating_add(expected.validity);
        let proof = Proof { key_id: thumbprint, nonce: nonce.to_owned(), made, ends };
        proof.check_time(expected.clock_skew, now)?;
        Ok(ExaminedProof { wrapper: self.wrapper, key, proof })
    }
}

/// A wrapper in which everything is as it should be, if it is genuine.
#[derive(Debug)]
pub(super) struct ExaminedProof<'a> {
    wrapper: &'a UnverifiedToken<'a>,
    key: SigningKey,
    proof: Proof,
}

impl ExaminedProof<'_> {
    /// Checks the signature, once it is certain that the key is the caller's.
    pub(super) fn verify(self) -> Result<Proof, TokenError> {
        let signature = self.wrapper.signature().map_err(|_| ProofError::Signature)?;
        if !self.key.signed(self.wrapper.signed(), &signature) {
            return Err(ProofError::Signature.into());
        }
        Ok(self.proof)
    }
}

/// The proof that came with a token and holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof {
    key_id: String,
    nonce: String,
    made: Duration,
    ends: Duration,
}

impl Proof {
    /// The thumbprint of the caller's key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What the caller says is said once only: not empty, at most [`MAX_NONCE_LENGTH`] bytes.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The time since the Unix epoch from which on the proof is worth nothing: `ts` and the validity,
    /// without leeway.
    pub fn ends(&self) -> Duration {
        self.ends
    }

    /// Says if the proof is within its time at `now`.
    ///
    /// # Errors
    ///
    /// [`ProofError::Stale`] from `ts` + validity on, [`ProofError::Early`] before `ts` − skew.
    pub fn check_time(&self, clock_skew: Duration, now: Duration) -> Result<(), ProofError> {
        if now >= self.ends {
            return Err(ProofError::Stale(now.saturating_sub(self.ends)));
        }
        let latest = now.saturating_add(clock_skew);
        if latest < self.made {
            return Err(ProofError::Early(self.made.saturating_sub(latest)));
        }
        Ok(())
    }
}

/// The key in `cnf.jwk`, and its thumbprint.
fn confirmed_key(payload: &Object) -> Result<(SigningKey, String), TokenError> {
    let Some(Value::Object(cnf)) = payload.get("cnf") else {
        return Err(malformed("`cnf` is not an object"));
    };
    if ["jku", "jwe"].iter().any(|name| cnf.contains_key(*name)) {
        return Err(malformed("`cnf` names more than one key"));
    }
    let Some(Value::Object(jwk)) = cnf.get("jwk") else {
        return Err(malformed("`cnf.jwk` is not an object"));
    };
    if NEVER_IN_KEY.iter().any(|name| jwk.contains_key(*name)) {
        return Err(ProofError::Key("it is not a bare public key").into());
    }
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    let (Some("RSA"), Some(n), Some(e)) = (member("kty"), member("n"), member("e")) else {
        return Err(ProofError::Key("it is not an RSA key").into());
    };
    let size = decode(n).and_then(|number| bits(&number).ok());
    if !size.is_some_and(|size| MODULUS_BITS.contains(&size)) {
        return Err(ProofError::Key("its modulus must have 2048 to 4096 bits").into());
    }
    let thumbprint = thumbprint(n, e);
    if jwk.get("kid").is_some_and(|kid| *kid != *thumbprint) {
        return Err(ProofError::KeyId.into());
    }
    let key = signing_key(jwk, &thumbprint)
        .ok_or(ProofError::Key("it is not a public key for signatures with RS256"))?;
    Ok((key, thumbprint))
}

fn signing_key(jwk: &Map<String, Value>, thumbprint: &str) -> Option<SigningKey> {
    let mut jwk: Jwk = serde_json::from_value(Value::Object(jwk.clone())).ok()?;
    jwk.common.key_id = Some(thumbprint.to_owned());
    let key = SigningKey::from_jwk(&jwk, None).ok()?;
    (key.algorithm() == Algorithm::Rs256).then_some(key)
}

/// The thumbprint of an RSA key (RFC 7638 §3): of its required members, in this order. Both numbers are
/// base64url without leading zeros, so that a key has one thumbprint only; the caller sees to it.
pub(super) fn thumbprint(n: &str, e: &str) -> String {
    let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

fn text<'a>(payload: &'a Object, name: &str) -> Result<&'a str, TokenError> {
    let text = payload.get(name).and_then(Value::as_str);
    text.ok_or_else(|| malformed(format!("`{name}` is not a string")))
}

/// `ts`: whole seconds since the Unix epoch, as a number or, as Guard reads it too, as digits.
fn timestamp(payload: &Object) -> Result<u64, TokenError> {
    let seconds = match payload.get("ts") {
        Some(Value::Number(seconds)) => seconds.as_u64(),
        Some(Value::String(digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()
        }
        _ => None,
    };
    seconds.ok_or_else(|| malformed("`ts` is not a whole number of seconds"))
}

fn malformed(what: impl Into<String>) -> TokenError {
    ProofError::Malformed(what.into()).into()
}

#[cfg(test)]
impl Proof {
    /// One that nobody made.
    pub(crate) fn for_tests(key_id: &str, nonce: &str, ends: Duration) -> Self {
        let (key_id, nonce) = (key_id.to_owned(), nonce.to_owned());
        Self { key_id, nonce, made: Duration::ZERO, ends }
    }
}
