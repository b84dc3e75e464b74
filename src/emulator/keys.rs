//! Signing keys: made at start, rotated on request, never written anywhere.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{
    CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Keys served at once at most; with more, the oldest is retired.
pub const MAX_PUBLISHED_KEYS: usize = 8;
/// Keys remembered after they were rotated away.
pub const MAX_RETIRED_KEYS: usize = 8;

/// How long the certificate around a signing key is good, before and after its making.
const CERTIFICATE_LIFE: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);

/// A signature algorithm of a signing key.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding: what Entra signs with. Its keys carry no `alg` member.
    #[default]
    Rs256,
    /// RSA with PSS padding; the key set says so.
    Ps256,
    /// P-256; the key set says so.
    Es256,
}

impl Algorithm {
    /// The name in a JOSE header.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A key pair with the certificate that Entra wraps around each.
#[derive(Debug)]
pub(super) struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
    id: String,
    certificate: String,
    public_pem: String,
    public_members: Value,
}

#[derive(Debug)]
enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Makes a key: RSA of 2048 bits, or P-256 for [`Algorithm::Es256`].
    pub(super) fn generate(
        algorithm: Algorithm,
        made_at: SystemTime,
    ) -> Result<Self, MakeKeyError> {
        let (pair, pkcs8) = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)?;
                let pkcs8 = pkcs8.as_ref().to_vec();
                (Pair::Rsa(Box::new(pair)), pkcs8)
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                let pkcs8 = pair.to_pkcs8v1()?.as_ref().to_vec();
                (Pair::Ec(Box::new(pair)), pkcs8)
            }
        };
        let kind = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => &PKCS_RSA_SHA256,
            Algorithm::Es256 => &PKCS_ECDSA_P256_SHA256,
        };
        let for_certificate =
            KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8), kind)?;
        let certificate = certificate(&for_certificate, made_at)?;
        Ok(Self {
            pair,
            algorithm,
            id: URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate)),
            public_members: public_members(&certificate)?,
            certificate: STANDARD.encode(&certificate),
            public_pem: for_certificate.public_key_pem(),
        })
    }

    /// Key id: base64url of the SHA-1 of the certificate, so it is also the `x5t`.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What it signs with unless told otherwise.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The certificate in standard base64 of DER, as in `x5c`.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The public key in PEM: what an attacker would try as an HMAC secret.
    pub(super) fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// Signs `message` with `algorithm`, whatever the key set says of this key.
    pub(super) fn sign_as(
        &self,
        algorithm: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, MakeKeyError> {
        let random = SystemRandom::new();
        match (&self.pair, algorithm) {
            (Pair::Rsa(pair), Algorithm::Rs256 | Algorithm::Ps256) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                if algorithm == Algorithm::Ps256 {
                    pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)?;
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                }
                Ok(signature)
            }
            (Pair::Ec(pair), Algorithm::Es256) => {
                Ok(pair.sign(&random, message)?.as_ref().to_vec())
            }
            (Pair::Rsa(_), Algorithm::Es256)
            | (Pair::Ec(_), Algorithm::Rs256 | Algorithm::Ps256) => Err(MakeKeyError::WrongKind),
        }
    }

    /// The bare public key as a JWK: `kty` and the numbers.
    pub(super) fn public_members(&self) -> &Value {
        &self.public_members
    }

    /// The thumbprint of an RSA key (RFC 7638); of another kind of key, of nothing.
    pub(super) fn thumbprint(&self) -> String {
        let member = |name: &str| self.public_members.get(name).and_then(Value::as_str);
        let (e, n) = (member("e").unwrap_or_default(), member("n").unwrap_or_default());
        let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
    }

    /// The key as an entry of a key set in Entra's shape: `kid` equals `x5t`, the certificate, no
    /// `alg` for RS256, and `issuer`, which may hold the literal `{tenantid}`.
    pub(super) fn jwk(&self, issuer: &str) -> Value {
        let mut jwk = self.public_members.clone();
        let more = json!({
            "use": "sig",
            "kid": self.id,
            "x5t": self.id,
            "x5c": [self.certificate],
            "cloud_instance_name": "microsoftonline.com",
            "issuer": issuer,
        });
        if let (Value::Object(jwk), Value::Object(more)) = (&mut jwk, more) {
            jwk.extend(more);
            if self.algorithm != Algorithm::Rs256 {
                jwk.insert("alg".to_owned(), self.algorithm.name().into());
            }
        }
        jwk
    }
}

/// A self-signed certificate around `pair`, in DER.
fn certificate(pair: &KeyPair, made_at: SystemTime) -> Result<Vec<u8>, MakeKeyError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "kubentra emulator signing key");
    params.not_before = (made_at - CERTIFICATE_LIFE).into();
    params.not_after = (made_at + CERTIFICATE_LIFE).into();
    params.serial_number = Some(SerialNumber::from(1));
    Ok(params.self_signed(pair)?.der().to_vec())
}

/// The public key of a certificate as members of a JWK.
fn public_members(certificate: &[u8]) -> Result<Value, MakeKeyError> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| MakeKeyError::Certificate)?;
    let number = |bytes: &[u8]| {
        let leading = bytes.iter().take_while(|&&byte| byte == 0).count();
        URL_SAFE_NO_PAD.encode(bytes.get(leading..).unwrap_or_default())
    };
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => {
            Ok(json!({ "kty": "RSA", "n": number(key.modulus), "e": number(key.exponent) }))
        }
        Ok(PublicKey::EC(point)) => {
            let half = |n: usize| point.data().get(1 + 32 * n..33 + 32 * n).unwrap_or_default();
            let [x, y] = [half(0), half(1)].map(|half| URL_SAFE_NO_PAD.encode(half));
            Ok(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }))
        }
        _ => Err(MakeKeyError::Certificate),
    }
}

/// The keys of the emulator: one that signs, those that are served, those rotated away, one that no key
/// set ever held, and the one of a client that proves possession.
#[derive(Debug)]
pub(super) struct KeySet {
    /// Still served after a rotation, newest last.
    published: VecDeque<SigningKey>,
    retired: VecDeque<SigningKey>,
    current: SigningKey,
    stranger: OnceLock<SigningKey>,
    client: OnceLock<SigningKey>,
    made_at: SystemTime,
}

impl KeySet {
    /// Makes the first keys.
    pub(super) fn generate(made_at: SystemTime) -> Result<Self, MakeKeyError> {
        Ok(Self {
            published: VecDeque::new(),
            retired: VecDeque::new(),
            current: SigningKey::generate(Algorithm::Rs256, made_at)?,
            stranger: OnceLock::new(),
            client: OnceLock::new(),
            made_at,
        })
    }

    /// Puts `key` in use. The previous keys stay served if `keep_old`, else they are retired.
    pub(super) fn rotate(&mut self, key: SigningKey, keep_old: bool) {
        self.published.push_back(std::mem::replace(&mut self.current, key));
        let keep = if keep_old { MAX_PUBLISHED_KEYS - 1 } else { 0 };
        while self.published.len() > keep {
            self.retired.extend(self.published.pop_front());
        }
        while self.retired.len() > MAX_RETIRED_KEYS {
            self.retired.pop_front();
        }
    }

    /// The key that signs.
    pub(super) fn current(&self) -> &SigningKey {
        &self.current
    }

    /// The served keys, newest first.
    pub(super) fn published(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(self.published.iter().rev())
    }

    /// The key rotated away last; before any, the one that was never served.
    pub(super) fn old(&self) -> Result<&SigningKey, MakeKeyError> {
        self.retired.back().map_or_else(|| self.stranger(), Ok)
    }

    /// A key that no key set ever held: the attacker's. Made when first asked for.
    pub(super) fn stranger(&self) -> Result<&SigningKey, MakeKeyError> {
        self.made_when_asked_for(&self.stranger)
    }

    /// The key with which a client signs requests around its tokens. Made when first asked for.
    pub(super) fn client(&self) -> Result<&SigningKey, MakeKeyError> {
        self.made_when_asked_for(&self.client)
    }

    fn made_when_asked_for<'a>(
        &'a self,
        place: &'a OnceLock<SigningKey>,
    ) -> Result<&'a SigningKey, MakeKeyError> {
        if let Some(key) = place.get() {
            return Ok(key);
        }
        let key = SigningKey::generate(Algorithm::Rs256, self.made_at)?;
        Ok(place.get_or_init(|| key))
    }
}

/// Why there is no key or signature.
#[derive(Debug, Error)]
pub enum MakeKeyError {
    /// The certificate around it could not be read back.
    #[error("the certificate of a new key cannot be read back")]
    Certificate,
    /// Key generation or signing failed.
    #[error("the cryptographic library refuses to make a key or a signature")]
    Crypto(#[from] aws_lc_rs::error::Unspecified),
    /// Certificate generation failed.
    #[error("cannot make a certificate")]
    Rcgen(#[from] rcgen::Error),
    /// The key is of the other kind.
    #[error("the key does not fit the algorithm")]
    WrongKind,
}
