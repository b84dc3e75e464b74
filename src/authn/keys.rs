//! The keys with which an issuer signs, parsed once and found by `kid`.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use thiserror::Error;

use crate::authz::principal::TenantId;

/// What Entra writes in a key's `issuer` where the tenant belongs.
const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// Sizes of RSA modulus that are accepted, in bytes: 2048 to 8192 bits.
const RSA_MODULUS_LENGTHS: std::ops::RangeInclusive<usize> = 256..=1024;

/// Length of a coordinate on P-256, in bytes.
const P256_COORDINATE_LENGTH: usize = 32;

/// First byte of an elliptic curve point that is written with both coordinates.
const UNCOMPRESSED_POINT: u8 = 4;

/// The algorithms that are ever accepted (semantics §11.4). A token must use the one of its key.
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

/// One public key of an issuer, for one algorithm.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    issuer: Option<String>,
    key: ParsedPublicKey,
}

impl SigningKey {
    /// An RSA key from its modulus and exponent, big-endian without leading zeros.
    ///
    /// `issuer` is the key's own `issuer` member, perhaps with `{tenantid}` in it.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if the modulus has not 2048 to 8192 bits, `algorithm` is not one of RSA, or the
    /// two numbers are no RSA key.
    pub fn rsa(
        kid: String,
        modulus: &[u8],
        exponent: &[u8],
        algorithm: Algorithm,
        issuer: Option<String>,
    ) -> Result<Self, InvalidKey> {
        if !RSA_MODULUS_LENGTHS.contains(&modulus.len()) {
            return Err(InvalidKey::Size);
        }
        let parameters = match algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Es256 => return Err(InvalidKey::Algorithm),
        };
        let key = RsaPublicKeyComponents { n: modulus, e: exponent }
            .to_parsed_public_key(parameters)
            .map_err(|_| InvalidKey::Material)?;
        Ok(Self { kid, algorithm, issuer, key })
    }

    /// An elliptic curve key on P-256 from its coordinates, 32 bytes each.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if a coordinate has another length, or the point is not on the curve.
    pub fn p256(
        kid: String,
        x: &[u8],
        y: &[u8],
        issuer: Option<String>,
    ) -> Result<Self, InvalidKey> {
        if x.len() != P256_COORDINATE_LENGTH || y.len() != P256_COORDINATE_LENGTH {
            return Err(InvalidKey::Size);
        }
        let point = [&[UNCOMPRESSED_POINT], x, y].concat();
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .map_err(|_| InvalidKey::Material)?;
        Ok(Self { kid, algorithm: Algorithm::Es256, issuer, key })
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

    /// Says if `signature` is this key's signature of `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

/// Same name, algorithm, issuer and material. A key that comes back changed is another key.
impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.algorithm == other.algorithm
            && self.issuer == other.issuer
            && self.key.as_ref() == other.key.as_ref()
    }
}

impl Eq for SigningKey {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why published numbers are not a [`SigningKey`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum InvalidKey {
    /// The algorithm is of another family.
    #[error("its algorithm does not fit its type")]
    Algorithm,
    /// The numbers are no key.
    #[error("its numbers are not a public key")]
    Material,
    /// Too small, too large, or not P-256.
    #[error(
        "its size is not accepted: RSA needs 2048 to 8192 bits, an elliptic curve must be P-256"
    )]
    Size,
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
