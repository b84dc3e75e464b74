//! The keys with which an issuer signs, read once and found by `kid`.
//!
//! Keys and signatures are `jsonwebtoken`'s. Ours is only what it leaves open: which of its algorithms
//! may be used with which key, and the checks of a key's numbers, which it first looks at when a
//! signature is verified; a key that could never verify anything must not count as one.

use std::ops::RangeInclusive;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use thiserror::Error;

use crate::authz::principal::TenantId;

/// What Entra writes in a key's `issuer` where the tenant belongs.
const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// Sizes of RSA modulus that are accepted, in bits.
const RSA_MODULUS_BITS: RangeInclusive<usize> = 2048..=8192;

/// Length of a coordinate on P-256, 32 bytes, in base64url without padding.
const P256_COORDINATE_TEXT_LENGTH: usize = 43;

/// The algorithms that are ever accepted (semantics §11.4). A token must use the one of its key.
///
/// `jsonwebtoken` has an enum for all that it knows. This one has no room for `HS256`, so that no
/// mistake elsewhere can make a public key a shared secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: for P-256 keys, and for nothing else.
    Es256,
    /// RSASSA-PSS with SHA-256: only for a key whose own `alg` says so.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: what Entra uses.
    Rs256,
}

impl Algorithm {
    /// The algorithm that JOSE calls `name`; `None` for every other, `none` and `HS256` among them.
    /// Names are case-sensitive (RFC 7515 §4.1.1).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "PS256" => Some(Self::Ps256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Es256 => Self::ES256,
            Algorithm::Ps256 => Self::PS256,
            Algorithm::Rs256 => Self::RS256,
        }
    }
}

/// One public key of an issuer, for one algorithm.
#[derive(Clone, Debug)]
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    issuer: Option<String>,
    key: DecodingKey,
}

impl SigningKey {
    /// Takes over a published key (RFC 7517 §4, RFC 7518 §6).
    ///
    /// `issuer` is the key's own `issuer` member, perhaps with `{tenantid}` in it. An RSA key without
    /// `alg` is for RS256, since Entra's keys have none (semantics §11.4).
    ///
    /// # Errors
    ///
    /// [`InvalidKey`]: it is not for signatures, has no name, is for another algorithm or of another
    /// type, too small or too large, or its numbers are no public key.
    pub fn from_jwk(jwk: &Jwk, issuer: Option<String>) -> Result<Self, InvalidKey> {
        if !is_for_signatures(jwk) {
            return Err(InvalidKey::Use);
        }
        let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty());
        let kid = kid.ok_or(InvalidKey::Unnamed)?;
        let algorithm = algorithm(jwk)?;
        if let AlgorithmParameters::EllipticCurve(point) = &jwk.algorithm {
            // The library puts the two side by side, whatever their lengths.
            let lengths = [point.x.len(), point.y.len()];
            if point.curve != EllipticCurve::P256 || lengths != [P256_COORDINATE_TEXT_LENGTH; 2] {
                return Err(InvalidKey::Size);
            }
        }
        let key = DecodingKey::from_jwk(jwk).map_err(|_| InvalidKey::Material)?;
        check_numbers(key.kind())?;
        Ok(Self { kid, algorithm, issuer, key })
    }

    /// The name under which the issuer publishes the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Says if the key may sign for `issuer`: its own `issuer` member is absent, or is this one once
    /// `tenant` stands for `{tenantid}`. Entra publishes keys of several clouds side by side.
    pub fn serves(&self, issuer: &str, tenant: TenantId) -> bool {
        self.issuer.as_deref().is_none_or(|own| {
            own == issuer || own.replace(TENANT_PLACEHOLDER, &tenant.to_string()) == issuer
        })
    }

    /// Says if `signature` is this key's signature of `message`, by the key's algorithm; what a
    /// token's header says never gets here.
    ///
    /// The crypto provider is named here, and is the only one in this program. `jsonwebtoken`'s own
    /// functions take the provider of the process, which another crate could set, or, by switching
    /// on a second backend, turn into one that panics.
    ///
    /// The library reads the key's numbers anew for each signature. With RSA and 2048 bits that makes
    /// 28 µs of 18 µs (`cargo bench --bench token`), once for each token, since the claims of a token
    /// that was verified are remembered.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm.into(), &self.key);
        verifier.is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

/// Says if the key's `use` and `key_ops`, where present, include signatures.
fn is_for_signatures(jwk: &Jwk) -> bool {
    let usage = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// The algorithm that a key is for, by its type and its `alg`.
fn algorithm(jwk: &Jwk) -> Result<Algorithm, InvalidKey> {
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Ok(Algorithm::Rs256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Ok(Algorithm::Ps256),
        (AlgorithmParameters::EllipticCurve(_), None | Some(KeyAlgorithm::ES256)) => {
            Ok(Algorithm::Es256)
        }
        _ => Err(InvalidKey::Algorithm),
    }
}

/// Refuses numbers with which no signature could ever be verified.
fn check_numbers(key: &DecodingKeyKind) -> Result<(), InvalidKey> {
    match key {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            bits(e)?;
            if RSA_MODULUS_BITS.contains(&bits(n)?) { Ok(()) } else { Err(InvalidKey::Size) }
        }
        DecodingKeyKind::SecretOrDer(point) => {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .map_err(|_| InvalidKey::Material)?;
            Ok(())
        }
    }
}

/// The size of a number in big-endian bytes, which must have no leading zeros (RFC 7518 §2).
pub(super) fn bits(number: &[u8]) -> Result<usize, InvalidKey> {
    match number.first() {
        None | Some(0) => Err(InvalidKey::Material),
        Some(first) => {
            let unused = usize::try_from(first.leading_zeros()).unwrap_or_default();
            Ok(number.len().saturating_mul(8).saturating_sub(unused))
        }
    }
}

/// Same name, algorithm, issuer and material. A key that comes back changed is another key.
impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.algorithm == other.algorithm
            && self.issuer == other.issuer
            && material(&self.key) == material(&other.key)
    }
}

impl Eq for SigningKey {}

/// The numbers of a key: modulus and exponent, or a point and nothing.
fn material(key: &DecodingKey) -> (&[u8], &[u8]) {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => (n, e),
        DecodingKeyKind::SecretOrDer(point) => (point, &[]),
    }
}

/// Why a published key is not a [`SigningKey`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum InvalidKey {
    /// Not an algorithm of ours, or not one of the key's type.
    #[error("its algorithm is not accepted: it must be RS256, PS256 or ES256, and fit its type")]
    Algorithm,
    /// The numbers are no key.
    #[error("its numbers are not a public key")]
    Material,
    /// Too small, too large, or not P-256.
    #[error(
        "its size is not accepted: RSA needs 2048 to 8192 bits, an elliptic curve must be P-256"
    )]
    Size,
    /// No token could name it.
    #[error("it has no `kid`")]
    Unnamed,
    /// `use` or `key_ops` leave signatures out.
    #[error("it is not for signatures")]
    Use,
}

/// The keys of one issuer at one moment. Cheap to clone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeySet(Arc<[Arc<SigningKey>]>);

impl KeySet {
    /// The keys published under `kid`: normally one or none. Several share a `kid` where an issuer
    /// publishes one number for two algorithms.
    pub fn named(&self, kid: &str) -> impl Iterator<Item = &Arc<SigningKey>> {
        self.0.iter().filter(move |key| key.kid == kid)
    }

    /// Says if `key` is still published, unchanged.
    pub fn contains(&self, key: &SigningKey) -> bool {
        self.0.iter().any(|own| **own == *key)
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says if there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<SigningKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = SigningKey>>(keys: I) -> Self {
        Self(keys.into_iter().map(Arc::new).collect())
    }
}
