//! What the server says to a token, check by check.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::authn::{Identity, ProofError, TokenError, UnverifiedProof, UnverifiedToken, Verdict};

/// The claims that are shown. No other part of a token ever is.
const SHOWN: [&str; 16] = [
    "iss",
    "aud",
    "tid",
    "ver",
    "oid",
    "upn",
    "appid",
    "azp",
    "idtyp",
    "xms_mirid",
    "nbf",
    "exp",
    "groups",
    "hasgroups",
    "u",
    "ts",
];

/// Members of a signed request that are shown beside the claims of the token in it.
const SHOWN_OF_REQUEST: [&str; 2] = ["u", "ts"];

/// What is checked, in the order of checking.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Check {
    /// It is a JWT (semantics §11.1).
    Form,
    /// A configured issuer issued it (§11.1).
    Issuer,
    /// Header and claims are there and of the right kind (§11.4).
    Content,
    /// `tid` is the configured tenant (§11.4).
    Tenant,
    /// It is a bearer token, or one that is bound to a key and came in a signed request of that key's
    /// owner for this cluster (§11.8).
    Possession,
    /// `nbf` and `exp` (§11.4).
    Time,
    /// Its key is one of the issuer's (§11.3).
    Key,
    /// The signature (§11.4).
    Signature,
    /// `aud` is ours, and for trusted access a binding names the caller (§11.7).
    Audience,
    /// The groups are known, all of them (§11.6).
    Groups,
    /// The name may be used in Kubernetes (§11.5).
    Username,
}

impl Check {
    const ALL: [Self; 11] = [
        Self::Form,
        Self::Issuer,
        Self::Content,
        Self::Tenant,
        Self::Possession,
        Self::Time,
        Self::Key,
        Self::Signature,
        Self::Audience,
        Self::Groups,
        Self::Username,
    ];

    /// In a word or two.
    pub fn title(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Issuer => "issuer",
            Self::Content => "content",
            Self::Tenant => "tenant",
            Self::Possession => "possession",
            Self::Time => "time",
            Self::Key => "signing key",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Groups => "groups",
            Self::Username => "username",
        }
    }

    /// Said of a check that passed, of a token that came alone or in a signed request.
    fn passed(self, in_request: bool) -> &'static str {
        match self {
            Self::Form => "it is a JWT",
            Self::Issuer => "`iss` is an issuer of the configured tenant",
            Self::Content => "header and claims are there and of the right kind",
            Self::Tenant => "`tid` is the configured tenant",
            Self::Possession if in_request => {
                "the proof of possession is for this cluster, in time, and of the key that the token is \
                 bound to"
            }
            Self::Possession => "it is a bearer token",
            Self::Time => "now is between `nbf` and `exp`",
            Self::Key => "its issuer publishes the key",
            Self::Signature if in_request => "both signatures are right",
            Self::Signature => "the signature is right",
            Self::Audience => "`aud` is accepted from this caller",
            Self::Groups => "all groups are known",
            Self::Username => "the name may be used in Kubernetes",
        }
    }

    /// The check that ended in this error.
    fn failing(error: &TokenError) -> Self {
        match error {
            TokenError::Algorithm
            | TokenError::GroupNames
            | TokenError::Header(_)
            | TokenError::Malformed(_)
            | TokenError::NoUsername
            | TokenError::TooLong => Self::Content,
            TokenError::Tenant => Self::Tenant,
            TokenError::KeyBound => Self::Possession,
            TokenError::Expired(_) | TokenError::NotYetValid(_) => Self::Time,
            TokenError::KeyAlgorithm | TokenError::KeyIssuer | TokenError::KeyUnknown => Self::Key,
            TokenError::Signature | TokenError::Proof(ProofError::Signature) => Self::Signature,
            TokenError::Proof(_) => Self::Possession,
            TokenError::Audience | TokenError::AudienceWithoutBinding => Self::Audience,
            TokenError::Username(_) => Self::Username,
        }
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckResult {
    /// The token passed.
    Passed,
    /// The token did not.
    Failed,
    /// What the check needs is out of reach.
    Unknown,
    /// An earlier check ended it.
    NotReached,
}

/// One check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Checked {
    /// Which one.
    pub check: Check,
    /// What came of it.
    pub result: CheckResult,
    /// In words; empty if it was not reached.
    pub detail: String,
}

/// The server's answer, or why it has none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It has one.
    Verdict(Verdict),
    /// It would answer HTTP 503 (semantics §11.3).
    Unavailable {
        /// The check that cannot be made.
        at: Check,
        /// Why not.
        why: String,
    },
}

/// An answer with the checks that led to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// `authenticated`, `refused`, `notOurs` or `unavailable`.
    pub result: &'static str,
    /// What the API server would be told, if the token is refused; why there is no answer, if so.
    pub error: Option<String>,
    /// Every check, in order.
    pub checks: Vec<Checked>,
    /// What Kubernetes would see of the caller.
    pub identity: Option<IdentityReport>,
    /// What the token says of itself. True only if the signature check passed.
    pub claims: Map<String, Value>,
}

/// What Kubernetes would see of the caller.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct IdentityReport {
    /// The user's name.
    pub username: String,
    /// The object id.
    pub uid: String,
    /// Object ids of the groups.
    pub groups: Vec<String>,
    /// Further facts.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl From<Identity> for IdentityReport {
    fn from(identity: Identity) -> Self {
        let groups = identity.groups.iter().map(ToString::to_string).collect();
        let Identity { username, uid, extra, .. } = identity;
        Self { username, uid, groups, extra }
    }
}

/// Spells out `answer`, which the server gives to `token`.
pub fn inspect(token: &str, answer: Answer) -> Inspection {
    let outer = UnverifiedToken::parse(token);
    let proof = outer.as_ref().and_then(UnverifiedProof::parse);
    let in_request = proof.is_some();
    let (result, ended, error, identity) = match answer {
        Answer::Verdict(Verdict::Authenticated { identity, .. }) => {
            ("authenticated", None, None, Some(identity.into()))
        }
        Answer::Verdict(Verdict::NotOurs) => {
            let (at, why) = if in_request {
                (
                    Check::Issuer,
                    "it is a proof of possession, which is read only with `pop.enabled: true`, and only \
                     around a token of the configured tenant",
                )
            } else if outer.is_some() {
                (Check::Issuer, "`iss` is not an issuer of the configured tenant")
            } else {
                (Check::Form, "it is not a JWT")
            };
            ("notOurs", Some((at, CheckResult::Failed, why.to_owned())), None, None)
        }
        Answer::Verdict(Verdict::Refused(error)) => {
            let ended = (Check::failing(&error), CheckResult::Failed, error.to_string());
            ("refused", Some(ended), Some(error.to_string()), None)
        }
        Answer::Unavailable { at, why } => {
            ("unavailable", Some((at, CheckResult::Unknown, why.clone())), Some(why), None)
        }
    };
    let checks =
        Check::ALL.into_iter().map(|check| checked(check, in_request, ended.as_ref())).collect();
    let mut claims = payload(token).unwrap_or_default();
    if let Some(proof) = proof {
        claims = claims_in_request(payload(proof.token()).unwrap_or_default(), claims);
    }
    let claims = shown(claims);
    Inspection { result, error, checks, identity, claims }
}

fn checked(
    check: Check,
    in_request: bool,
    ended: Option<&(Check, CheckResult, String)>,
) -> Checked {
    let (result, detail) = match ended {
        Some((at, result, detail)) if *at == check => (*result, detail.clone()),
        Some((at, ..)) if *at < check => (CheckResult::NotReached, String::new()),
        _ => (CheckResult::Passed, check.passed(in_request).to_owned()),
    };
    Checked { check, result, detail }
}

/// The claims as they stand in the token, believed by nobody.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// The claims of the token in a signed request (semantics §11.8), and what the request says itself.
fn claims_in_request(
    mut claims: Map<String, Value>,
    mut request: Map<String, Value>,
) -> Map<String, Value> {
    let said = SHOWN_OF_REQUEST.iter().filter_map(|&name| request.remove_entry(name));
    claims.extend(said);
    claims
}

fn shown(mut payload: Map<String, Value>) -> Map<String, Value> {
    let found = SHOWN.iter().filter_map(|&name| Some((name.to_owned(), payload.remove(name)?)));
    found.collect()
}

#[cfg(test)]
mod tests;
