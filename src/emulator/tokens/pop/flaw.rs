//! Ways to break a signed request, each by name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::flaw::{lay_over, with_first_member};
use super::super::object;
use super::super::signer::Signer;
use crate::emulator::keys::{Algorithm, KeySet, MakeKeyError, SigningKey};

/// In seconds: more than any `pop.validity`.
const LONG: u64 = 2 * 60 * 60;
/// Bytes of padding of [`PopFlaw::Oversized`].
const OVERSIZED_BYTES: usize = 256 << 10;
/// A modulus of 1024 bits, which no two primes make.
const SMALL_MODULUS: [u8; 128] = [0xff; 128];
/// What [`PopFlaw::RepeatedNonce`] repeats.
const NONCE: &str = "00000000000040008000000000000000";
/// A cluster that no configuration should name.
const ELSEWHERE: &str = "/subscriptions/ffffffff-ffff-4fff-8fff-ffffffffffff/resourceGroups/rg/providers/Microsoft.Kubernetes/connectedClusters/elsewhere";

/// A way to break a signed request; named in kebab-case on the wire. All but [`PopFlaw::StringTs`], and
/// [`PopFlaw::RepeatedNonce`] the first time, must not authenticate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopFlaw {
    /// `u` names a cluster elsewhere.
    WrongCluster,
    /// No `u`.
    NoCluster,
    /// `ts` is two hours ahead.
    FutureTs,
    /// `ts` is two hours ago.
    StaleTs,
    /// No `ts`.
    NoTs,
    /// `ts` as a string of digits. Not broken.
    StringTs,
    /// `ts` with half a second.
    FractionalTs,
    /// The token inside is a bearer token.
    UnboundToken,
    /// The token inside is bound to another key.
    OtherToken,
    /// The token inside is the client's, all else is another key's: what a thief of the token can do.
    StolenToken,
    /// Signed by another key than it names.
    OtherKey,
    /// The header names another key.
    KidMismatch,
    /// No `cnf`.
    NoCnf,
    /// `cnf` with the key's name, but not the key.
    NoJwk,
    /// `cnf.jwk` with a private member.
    PrivateJwk,
    /// `cnf.jwk` with a modulus of 1024 bits.
    SmallKey,
    /// One bit of the signature is flipped.
    BadSignature,
    /// No signature.
    EmptySignature,
    /// `ts` raised by one after signing.
    TamperedPayload,
    /// `typ: JWT`.
    WrongType,
    /// `alg: none`, and no signature.
    None,
    /// Signed with PS256.
    Ps256,
    /// The key in the header too.
    HeaderJwk,
    /// `jku` in the header.
    Jku,
    /// `crit` in the header.
    Crit,
    /// `u` twice: one elsewhere first.
    DuplicateMember,
    /// Always the same `nonce`: good once.
    RepeatedNonce,
    /// No `nonce`.
    NoNonce,
    /// No token inside.
    NoToken,
    /// The request inside of another one.
    Nested,
    /// 256 KiB of padding in a member.
    Oversized,
}

impl PopFlaw {
    /// Every flaw, in the order of the enum.
    #[rustfmt::skip]
    pub const ALL: [Self; 31] = [
        Self::WrongCluster, Self::NoCluster, Self::FutureTs, Self::StaleTs, Self::NoTs,
        Self::StringTs, Self::FractionalTs, Self::UnboundToken, Self::OtherToken,
        Self::StolenToken, Self::OtherKey, Self::KidMismatch, Self::NoCnf, Self::NoJwk,
        Self::PrivateJwk, Self::SmallKey, Self::BadSignature, Self::EmptySignature,
        Self::TamperedPayload, Self::WrongType, Self::None, Self::Ps256, Self::HeaderJwk,
        Self::Jku, Self::Crit, Self::DuplicateMember, Self::RepeatedNonce, Self::NoNonce,
        Self::NoToken, Self::Nested, Self::Oversized,
    ];

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other flaws break another part")]
    pub(super) fn spoil_header(
        self,
        header: &mut Map<String, Value>,
        keys: &KeySet,
    ) -> Result<(), MakeKeyError> {
        let changes = match self {
            Self::KidMismatch => json!({ "kid": keys.stranger()?.thumbprint() }),
            Self::WrongType => json!({ "typ": "JWT" }),
            Self::None => json!({ "alg": "none" }),
            Self::Ps256 => json!({ "alg": "PS256" }),
            Self::HeaderJwk => json!({ "jwk": keys.client()?.public_members() }),
            Self::Jku => json!({ "jku": "https://keys.attacker.example/keys" }),
            Self::Crit => json!({ "crit": ["kubentra-unknown"], "kubentra-unknown": true }),
            _ => return Ok(()),
        };
        lay_over(header, &object(changes));
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other flaws break another part")]
    pub(super) fn spoil_payload(
        self,
        payload: &mut Map<String, Value>,
        keys: &KeySet,
        now: u64,
    ) -> Result<(), MakeKeyError> {
        let jwk_with = |name: &str, value: Value| {
            let mut jwk = payload.get("cnf").and_then(|cnf| cnf.get("jwk")).cloned();
            if let Some(Value::Object(jwk)) = &mut jwk {
                jwk.insert(name.to_owned(), value);
            }
            json!({ "cnf": { "jwk": jwk } })
        };
        let changes = match self {
            Self::WrongCluster => json!({ "u": ELSEWHERE }),
            Self::NoCluster => json!({ "u": null }),
            Self::FutureTs => json!({ "ts": now + LONG }),
            Self::StaleTs => json!({ "ts": now.saturating_sub(LONG) }),
            Self::NoTs => json!({ "ts": null }),
            Self::StringTs => json!({ "ts": now.to_string() }),
            Self::FractionalTs => json!({ "ts": now as f64 + 0.5 }),
            Self::NoCnf => json!({ "cnf": null }),
            Self::NoJwk => json!({ "cnf": { "kid": keys.client()?.thumbprint() } }),
            Self::PrivateJwk => jwk_with("d", "AQAB".into()),
            Self::SmallKey => jwk_with("n", URL_SAFE_NO_PAD.encode(SMALL_MODULUS).into()),
            Self::RepeatedNonce => json!({ "nonce": NONCE }),
            Self::NoNonce => json!({ "nonce": null }),
            Self::NoToken => json!({ "at": null }),
            Self::Oversized => json!({ "padding": "x".repeat(OVERSIZED_BYTES) }),
            _ => return Ok(()),
        };
        lay_over(payload, &object(changes));
        Ok(())
    }
}

/// Breaks the payload as text.
pub(super) fn spoil_text(flaw: Option<PopFlaw>, text: String) -> String {
    match flaw {
        Some(PopFlaw::DuplicateMember) => {
            with_first_member(&text, &format!(r#""u":"{ELSEWHERE}""#))
        }
        _ => text,
    }
}

/// What signs a request that names `key`.
pub(super) fn signer<'a>(
    flaw: Option<PopFlaw>,
    key: &'a SigningKey,
    keys: &'a KeySet,
) -> Result<Signer<'a>, MakeKeyError> {
    Ok(match flaw {
        Some(PopFlaw::OtherKey) => Signer::Key(keys.stranger()?, Algorithm::Rs256),
        Some(PopFlaw::EmptySignature | PopFlaw::None) => Signer::Bytes(Vec::new()),
        Some(PopFlaw::Ps256) => Signer::Key(key, Algorithm::Ps256),
        _ => Signer::Key(key, Algorithm::Rs256),
    })
}
