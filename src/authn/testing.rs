//! Keys and tokens for tests, made when they run.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Algorithm, SigningKey};
use crate::authz::TenantId;

pub(crate) const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
pub(crate) const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";
pub(crate) const AUDIENCE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
pub(crate) const V1_ISSUER: &str = "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/";
pub(crate) const V2_ISSUER: &str =
    "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0";
/// The moment of all tests, in seconds since the Unix epoch.
pub(crate) const NOW: u64 = 1_795_340_000;

/// An RSA key pair under a key id.
pub(crate) struct Signer {
    pub(crate) kid: &'static str,
    pair: RsaKeyPair,
}

static OWN: LazyLock<Signer> = LazyLock::new(|| Signer::new("own-key"));
static FOREIGN: LazyLock<Signer> = LazyLock::new(|| Signer::new("foreign-key"));

/// The issuer's signer.
pub(crate) fn own() -> &'static Signer {
    &OWN
}

/// Someone else's.
pub(crate) fn foreign() -> &'static Signer {
    &FOREIGN
}

pub(crate) fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

pub(crate) fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        Self { kid, pair: RsaKeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// Modulus and exponent.
    pub(crate) fn numbers(&self) -> (Vec<u8>, Vec<u8>) {
        let public = self.pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        (modulus, public.exponent().big_endian_without_leading_zero().to_vec())
    }

    pub(crate) fn key(&self, algorithm: Algorithm, issuer: Option<&str>) -> SigningKey {
        let mut jwk = self.jwk();
        jwk["alg"] = json!(format!("{algorithm:?}").to_uppercase());
        let jwk = serde_json::from_value(jwk).unwrap();
        SigningKey::from_jwk(&jwk, issuer.map(str::to_owned)).unwrap()
    }

    /// The key as Entra publishes one.
    pub(crate) fn jwk(&self) -> Value {
        let (n, e) = self.numbers();
        json!({"kty": "RSA", "use": "sig", "kid": self.kid, "n": encode(n), "e": encode(e)})
    }

    pub(crate) fn rs256(&self, header: &str, payload: &str) -> String {
        self.sign(&RSA_PKCS1_SHA256, header, payload)
    }

    pub(crate) fn ps256(&self, header: &str, payload: &str) -> String {
        self.sign(&RSA_PSS_SHA256, header, payload)
    }

    /// The public key as an X.509 `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    fn sign(&self, encoding: &'static dyn RsaEncoding, header: &str, payload: &str) -> String {
        self.sign_parts(encoding, &encode(header), &encode(payload))
    }

    /// Signs header and payload as they are, however they are encoded.
    pub(crate) fn rs256_parts(&self, header: &str, payload: &str) -> String {
        self.sign_parts(&RSA_PKCS1_SHA256, header, payload)
    }

    fn sign_parts(
        &self,
        encoding: &'static dyn RsaEncoding,
        header: &str,
        payload: &str,
    ) -> String {
        let message = format!("{header}.{payload}");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(encoding, &random, message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", encode(signature))
    }

    /// A good token with `edit` applied to its header and payload.
    pub(crate) fn mint(&self, edit: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut payload) = (self.header(), user());
        edit(&mut header, &mut payload);
        self.rs256(&header.to_string(), &payload.to_string())
    }

    pub(crate) fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "RS256", "kid": self.kid, "x5t": self.kid})
    }
}

/// A key pair on P-256, and its public half under `kid`.
pub(crate) fn p256(kid: &str) -> (EcdsaKeyPair, SigningKey, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let jwk = json!({"kty": "EC", "kid": kid, "crv": "P-256", "x": x, "y": y});
    let key = SigningKey::from_jwk(&serde_json::from_value(jwk).unwrap(), None).unwrap();
    (pair, key, point)
}

pub(crate) fn es256(pair: &EcdsaKeyPair, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature))
}

/// The payload of a v1 user token for the AKS server application, as Microsoft documents it.
pub(crate) fn user() -> Value {
    json!({
        "aud": AUDIENCE, "iss": V1_ISSUER, "iat": NOW - 600, "nbf": NOW - 600, "exp": NOW + 3600,
        "acr": "1", "amr": ["pwd", "mfa"], "appid": "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
        "groups": ["9e0f0000-0000-4000-8000-000000000002", "0b500000-0000-4000-8000-000000000004"],
        "name": "Alice Example", "oid": ALICE, "scp": "user.read", "sub": "okbF12p6g6EwmmabSifz",
        "tid": TENANT, "unique_name": "alice@contoso.example", "upn": "alice@contoso.example",
        "uti": "AbCdEfGhIjKlMnOpQrStAA", "ver": "1.0",
    })
}

/// Takes a member away.
pub(crate) fn remove(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name);
}

/// The cluster of all tests.
pub(crate) const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kubernetes/connectedClusters/edge";

/// The key of a caller, who proves with it that a token is hers.
pub(crate) fn callers() -> &'static Signer {
    static CALLERS: LazyLock<Signer> = LazyLock::new(|| Signer::new("unused"));
    &CALLERS
}

impl Signer {
    /// The thumbprint of RFC 7638, worked out here once more.
    pub(crate) fn thumbprint(&self) -> String {
        let (n, e) = self.numbers();
        let members = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n));
        encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, members.as_bytes()))
    }

    /// The key as kubelogin writes it into a request.
    pub(crate) fn confirmation(&self) -> Value {
        let (n, e) = self.numbers();
        let kid = self.thumbprint();
        json!({"jwk": {"kty": "RSA", "n": encode(n), "e": encode(e), "alg": "RS256", "kid": kid}})
    }

    /// A good signed request around `token`, with `edit` applied to its header and payload.
    pub(crate) fn wrap(&self, token: &str, edit: impl FnOnce(&mut Value, &mut Value)) -> String {
        let mut header = json!({"typ": "pop", "alg": "RS256", "kid": self.thumbprint()});
        let mut payload = json!({
            "at": token, "ts": NOW, "u": CLUSTER, "cnf": self.confirmation(),
            "nonce": "c2f1b7b7a3e14f3fa4f3c0a9d4f1e2b0",
        });
        edit(&mut header, &mut payload);
        self.rs256(&header.to_string(), &payload.to_string())
    }
}

/// Binds a token to the key of [`callers`], as Entra does.
pub(crate) fn bind(payload: &mut Value) {
    payload["cnf"] = json!({"kid": callers().thumbprint(), "xms_ksl": "sw"});
}
