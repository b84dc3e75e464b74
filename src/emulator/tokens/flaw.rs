//! Ways to break a token, each by name, and how an honest one becomes a broken one.

use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::keys::{Algorithm, KeySet, MakeKeyError, SigningKey};
use super::signer::{Harm, Signer};
use super::{Mint, MintError, MintRequest, TokenVersion, issuer, object, overage, seconds};

/// Size of the padding of [`Flaw::Oversized`], in bytes.
const OVERSIZED_BYTES: usize = 256 << 10;
/// Arrays inside each other in [`Flaw::Deep`].
const DEEP_LEVELS: usize = 10_000;

/// A tenant and an object that no directory should hold.
const NOWHERE: &str = "ffffffff-ffff-4fff-8fff-ffffffffffff";
/// Bytes of a P-256 signature in a token.
const ES256_SIGNATURE_BYTES: usize = 64;
/// Bytes of a signature by an RSA key of 2048 bits.
const RSA_SIGNATURE_BYTES: usize = 256;
/// In seconds.
const HOUR: u64 = 60 * 60;

/// A way to break a token; named in kebab-case on the wire. All but [`Flaw::Overage`],
/// [`Flaw::HasGroups`] and what the key set allows of [`Flaw::Es256`] and [`Flaw::Ps256`] must not
/// authenticate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// One bit of the signature is flipped.
    BadSignature,
    /// RS256 in the header and an empty signature.
    EmptySignature,
    /// `alg: none` and an empty signature.
    None,
    /// HS256 with the public key's PEM as the secret.
    Hs256WithPublicKey,
    /// A key id that no key set has.
    UnknownKid,
    /// No `kid` (and no `x5t`).
    NoKid,
    /// A good `kid`, but signed by a key that was never served.
    StrangerKey,
    /// Signed by the key rotated away last, under its own id. Before any key was rotated away, by
    /// one that was never served.
    OldKey,
    /// Expired an hour ago.
    Expired,
    /// Valid in an hour.
    NotYetValid,
    /// No `exp`.
    NoExp,
    /// No `nbf`.
    NoNbf,
    /// `exp: null`.
    NullExp,
    /// `exp` as a string of digits.
    StringExp,
    /// `tid` of another tenant than the issuer's.
    WrongTenant,
    /// Issued, by name, by a tenant of this authority that does not exist; `tid` agrees with it.
    WrongIssuer,
    /// Issued, by name, by another authority altogether.
    ForeignIssuer,
    /// No `iss`.
    NoIssuer,
    /// `aud` of somebody else.
    WrongAudience,
    /// A JWK in the header, beside a good signature.
    EmbeddedJwk,
    /// A JWK in the header, and signed by its private half.
    AttackerJwk,
    /// `jku` in the header, beside a good signature.
    Jku,
    /// `x5u` in the header, beside a good signature.
    X5u,
    /// `x5c` in the header, beside a good signature.
    X5c,
    /// `crit` in the header, beside a good signature.
    Crit,
    /// `oid` twice in the claims: nowhere's first, the honest one last; well signed.
    DuplicateClaim,
    /// `alg` twice in the header: `none` first, the honest one last; well signed.
    DuplicateHeader,
    /// Cut in the middle of the signature.
    Truncated,
    /// Without the third part.
    TwoParts,
    /// Five parts, as an encrypted token has.
    FiveParts,
    /// Base64 with padding.
    Padded,
    /// 256 KiB of padding in a claim; well signed.
    Oversized,
    /// Arrays 10,000 deep in a claim; well signed.
    Deep,
    /// Claims that are not JSON; well signed.
    NotJson,
    /// Claims that are a JSON array; well signed.
    NotAnObject,
    /// Signed with ES256: by the newest ES256 key served, else made up under the current key's id.
    Es256,
    /// Signed with PS256: by the newest PS256 key served, else by the newest RS256 key.
    Ps256,
    /// Groups by reference, whatever their number. Not broken, but needs Graph.
    Overage,
    /// `hasgroups: true` in place of groups. Not broken, but needs Graph.
    #[serde(rename = "hasgroups")]
    HasGroups,
}

impl Flaw {
    /// Every flaw, in the order of the enum.
    #[rustfmt::skip]
    pub const ALL: [Self; 39] = [
        Self::BadSignature, Self::EmptySignature, Self::None, Self::Hs256WithPublicKey,
        Self::UnknownKid, Self::NoKid, Self::StrangerKey, Self::OldKey, Self::Expired,
        Self::NotYetValid, Self::NoExp, Self::NoNbf, Self::NullExp, Self::StringExp,
        Self::WrongTenant, Self::WrongIssuer, Self::ForeignIssuer, Self::NoIssuer,
        Self::WrongAudience, Self::EmbeddedJwk, Self::AttackerJwk, Self::Jku, Self::X5u, Self::X5c,
        Self::Crit, Self::DuplicateClaim, Self::DuplicateHeader, Self::Truncated, Self::TwoParts,
        Self::FiveParts, Self::Padded, Self::Oversized, Self::Deep, Self::NotJson,
        Self::NotAnObject, Self::Es256, Self::Ps256, Self::Overage, Self::HasGroups,
    ];
}

/// A token before it is signed.
pub(super) struct Draft<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signer: Signer<'a>,
}

impl<'a> Draft<'a> {
    /// A token that the current key would sign.
    pub(super) fn honest(
        keys: &'a KeySet,
        header: Map<String, Value>,
        claims: Map<String, Value>,
    ) -> Self {
        let key = keys.current();
        Self { header, claims, signer: Signer::Key(key, key.algorithm()) }
    }

    /// Breaks the draft as `request` says, lays its claims and header over it, signs and encodes.
    pub(super) fn finish(
        mut self,
        mint: &Mint<'a>,
        request: &MintRequest,
    ) -> Result<String, MintError> {
        if let Some(flaw) = request.flaw {
            self.spoil_claims(flaw, mint, request);
            self.spoil_header(flaw, mint.keys)?;
            self.spoil_signer(flaw, mint.keys)?;
        }
        lay_over(&mut self.claims, &request.claims);
        lay_over(&mut self.header, &request.header);
        if request.flaw == Some(Flaw::NullExp) {
            self.claims.insert("exp".to_owned(), Value::Null);
        }
        let header = spoil_header_text(request.flaw, serde_json::to_string(&self.header)?);
        let claims = spoil_claims_text(request.flaw, serde_json::to_string(&self.claims)?);
        let engine = if request.flaw == Some(Flaw::Padded) { &URL_SAFE } else { &URL_SAFE_NO_PAD };
        let harm = match request.flaw {
            Some(Flaw::BadSignature) => Some(Harm::Flipped),
            Some(Flaw::Truncated) => Some(Harm::Halved),
            _ => None,
        };
        let [header, claims, signature] = self.signer.sign(&header, &claims, harm, engine)?;
        Ok(match request.flaw {
            Some(Flaw::TwoParts) => format!("{header}.{claims}"),
            Some(Flaw::FiveParts) => format!("{header}.{claims}.{signature}.AA.AA"),
            _ => format!("{header}.{claims}.{signature}"),
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other flaws break another part")]
    fn spoil_claims(&mut self, flaw: Flaw, mint: &Mint<'_>, request: &MintRequest) {
        let now = seconds(mint.now);
        let Self { claims, .. } = self;
        let changes = match flaw {
            Flaw::Expired => {
                let earlier = now.saturating_sub(2 * HOUR);
                json!({ "iat": earlier, "nbf": earlier, "exp": now.saturating_sub(HOUR) })
            }
            Flaw::NotYetValid => {
                json!({ "iat": now + HOUR, "nbf": now + HOUR, "exp": now + 2 * HOUR })
            }
            Flaw::NoExp => json!({ "exp": null }),
            Flaw::NoNbf => json!({ "nbf": null }),
            Flaw::StringExp => json!({ "exp": (now + HOUR).to_string() }),
            Flaw::WrongTenant => json!({ "tid": NOWHERE }),
            Flaw::WrongIssuer => {
                json!({ "tid": NOWHERE, "iss": issuer(mint.authority, NOWHERE, request.version) })
            }
            Flaw::ForeignIssuer => json!({ "iss": foreign_issuer(request.version) }),
            Flaw::NoIssuer => json!({ "iss": null }),
            Flaw::WrongAudience => json!({ "aud": NOWHERE }),
            Flaw::Oversized => json!({ "padding": "x".repeat(OVERSIZED_BYTES) }),
            Flaw::HasGroups => {
                json!({ "groups": null, "_claim_names": null, "hasgroups": true })
            }
            Flaw::Overage => {
                claims.remove("groups");
                mint.directory
                    .find(&request.identity)
                    .map_or(Value::Null, |identity| Value::Object(overage(identity)))
            }
            _ => return,
        };
        lay_over(claims, &object(changes));
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other flaws break another part")]
    fn spoil_header(&mut self, flaw: Flaw, keys: &KeySet) -> Result<(), MakeKeyError> {
        let changes = match flaw {
            Flaw::None => json!({ "alg": "none" }),
            Flaw::Hs256WithPublicKey => json!({ "alg": "HS256" }),
            Flaw::Es256 => json!({ "alg": "ES256" }),
            Flaw::Ps256 => json!({ "alg": "PS256" }),
            Flaw::StrangerKey => json!({ "alg": keys.stranger()?.algorithm().name() }),
            Flaw::UnknownKid => json!({ "kid": "no-such-key", "x5t": null }),
            Flaw::NoKid => json!({ "kid": null, "x5t": null }),
            Flaw::OldKey => {
                let key = keys.old()?;
                json!({ "kid": key.id(), "x5t": null, "alg": key.algorithm().name() })
            }
            Flaw::EmbeddedJwk => json!({ "jwk": keys.stranger()?.public_members() }),
            Flaw::AttackerJwk => {
                let key = keys.stranger()?;
                json!({ "jwk": key.public_members(), "alg": key.algorithm().name() })
            }
            Flaw::Jku => json!({ "jku": "https://keys.attacker.example/keys" }),
            Flaw::X5u => json!({ "x5u": "https://keys.attacker.example/certificate.pem" }),
            Flaw::X5c => json!({ "x5c": [keys.stranger()?.certificate()] }),
            Flaw::Crit => json!({ "crit": ["kubentra-unknown"], "kubentra-unknown": true }),
            _ => return Ok(()),
        };
        lay_over(&mut self.header, &object(changes));
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other flaws break another part")]
    fn spoil_signer(&mut self, flaw: Flaw, keys: &'a KeySet) -> Result<(), MakeKeyError> {
        let served = |algorithm| keys.published().find(|key| key.algorithm() == algorithm);
        match flaw {
            Flaw::None | Flaw::EmptySignature => self.signer = Signer::Bytes(Vec::new()),
            Flaw::Hs256WithPublicKey => self.signer = Signer::Hmac(keys.current().public_pem()),
            Flaw::StrangerKey | Flaw::AttackerJwk => {
                let key = keys.stranger()?;
                self.signer = Signer::Key(key, key.algorithm());
            }
            Flaw::OldKey => {
                let key = keys.old()?;
                self.signer = Signer::Key(key, key.algorithm());
            }
            Flaw::Es256 => match served(Algorithm::Es256) {
                Some(key) => self.sign_with(key, Algorithm::Es256),
                None => self.signer = Signer::Bytes(vec![1; ES256_SIGNATURE_BYTES]),
            },
            Flaw::Ps256 => match served(Algorithm::Ps256).or_else(|| served(Algorithm::Rs256)) {
                Some(key) => self.sign_with(key, Algorithm::Ps256),
                None => self.signer = Signer::Bytes(vec![1; RSA_SIGNATURE_BYTES]),
            },
            _ => {}
        }
        Ok(())
    }

    fn sign_with(&mut self, key: &'a SigningKey, algorithm: Algorithm) {
        self.header.insert("kid".to_owned(), key.id().into());
        self.header.remove("x5t");
        self.signer = Signer::Key(key, algorithm);
    }
}

/// The issuer of nobody's authority, in the shape of the version.
fn foreign_issuer(version: TokenVersion) -> String {
    issuer("https://login.attacker.example", NOWHERE, version)
}

/// Copies `changes` into `members`; null deletes.
pub(super) fn lay_over(members: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}

fn spoil_header_text(flaw: Option<Flaw>, text: String) -> String {
    match flaw {
        Some(Flaw::DuplicateHeader) => with_first_member(&text, r#""alg":"none""#),
        _ => text,
    }
}

fn spoil_claims_text(flaw: Option<Flaw>, text: String) -> String {
    match flaw {
        Some(Flaw::DuplicateClaim) => with_first_member(&text, &format!(r#""oid":"{NOWHERE}""#)),
        Some(Flaw::Deep) => {
            let deep = format!("{}{}", "[".repeat(DEEP_LEVELS), "]".repeat(DEEP_LEVELS));
            with_first_member(&text, &format!(r#""deep":{deep}"#))
        }
        Some(Flaw::NotJson) => "these are not claims".to_owned(),
        Some(Flaw::NotAnObject) => format!("[{text}]"),
        _ => text,
    }
}

/// Writes `member` before the others of a JSON object that is not empty.
pub(super) fn with_first_member(object: &str, member: &str) -> String {
    format!("{{{member},{}", object.strip_prefix('{').unwrap_or(object))
}
