//! What becomes of a token, and why.

use std::time::Duration;

use thiserror::Error;

use super::Identity;
use super::proof::ProofError;
use super::unverified::MAX_TOKEN_LENGTH;

/// The answer to one `TokenReview`. That there is none, because keys, groups or policy are out of
/// reach, is no verdict but an error of the service (semantics §10, §11.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The caller is who the token says.
    Authenticated {
        /// What Kubernetes gets to see.
        identity: Identity,
        /// Says if the token had been verified before, and only what changes was judged anew.
        remembered: bool,
    },
    /// Not a JWT of a configured issuer: another authenticator may know it (semantics §11.1).
    NotOurs,
    /// A token of a configured issuer that does not authenticate (semantics §11.2).
    Refused(TokenError),
}

/// Why a token of a configured issuer is refused (semantics §11.2).
///
/// The text is for people: it goes to the log of the API server, and to whoever posts a `TokenReview`
/// there. It names claims by the names that we look for, and never holds a part of the token.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum TokenError {
    /// `alg` is none of those accepted; `none` and `HS256` are among these.
    #[error("the token's signing algorithm is not accepted; Entra signs with RS256")]
    Algorithm,
    /// `aud` is not ours.
    #[error(
        "the token is for another audience; request it for one of the configured `entra.audiences` \
         (kubelogin `--server-id`)"
    )]
    Audience,
    /// For the trusted access audience, from someone whom no binding names.
    #[error(
        "the token is for the trusted access audience, but no trusted access binding in force names \
         this caller's managed identity"
    )]
    AudienceWithoutBinding,
    /// `exp` has passed, this long ago, leeway included.
    #[error("the token expired {} s ago; log in again", .0.as_secs())]
    Expired(Duration),
    /// `groups` holds something that is not an object id.
    #[error(
        "the token's `groups` claim holds something else than object ids; configure the application's \
         group claims in Entra to be emitted as group ids, not as names"
    )]
    GroupNames,
    /// The header has a member that is never accepted.
    #[error("the token's header has `{0}`, which is never accepted")]
    Header(&'static str),
    /// The key with this `kid` signs for another algorithm.
    #[error("the token's signing algorithm is not the one of the key that it names")]
    KeyAlgorithm,
    /// The token is bound to a key, and came without the proof that the caller holds it.
    #[error(
        "the token is bound to a key (`cnf`) and is no bearer token; send it with its proof of \
         possession, or request one without"
    )]
    KeyBound,
    /// The key with this `kid` signs for another issuer.
    #[error("the token's signing key belongs to another issuer")]
    KeyIssuer,
    /// The issuer publishes no key with this `kid`.
    #[error("the token's signing key is unknown: its issuer publishes no key with this `kid`")]
    KeyUnknown,
    /// Broken form, or a claim that is missing, null or of the wrong type.
    #[error("the token is malformed: {0}")]
    Malformed(String),
    /// None of the configured username claims is present.
    #[error("the token has none of the configured `entra.usernameClaims`; add `oid` to them")]
    NoUsername,
    /// `nbf` is this far in the future, leeway included.
    #[error("the token is not yet valid, for {} s; compare the clocks", .0.as_secs())]
    NotYetValid(Duration),
    /// The token may be good, but the signed request around it is not.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Signature,
    /// `tid` is not the tenant of the issuer.
    #[error("the token's tenant (`tid`) is not the one of its issuer")]
    Tenant,
    /// Longer than [`MAX_TOKEN_LENGTH`].
    #[error("the token is longer than {MAX_TOKEN_LENGTH} bytes")]
    TooLong,
    /// The name would be another one than it seems, or one of Kubernetes' own.
    #[error("the token's username {0}")]
    Username(&'static str),
}

impl TokenError {
    /// A [`TokenError::Malformed`] that says `what` is wrong, without any part of the token.
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    /// The kind of refusal, as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Algorithm | Self::KeyAlgorithm => "algorithm",
            Self::Audience => "audience",
            Self::AudienceWithoutBinding => "trusted_access",
            Self::Expired(_) => "expired",
            Self::GroupNames => "groups",
            Self::Header(_) => "header",
            Self::KeyBound => "key_bound",
            Self::KeyIssuer | Self::KeyUnknown => "key",
            Self::Malformed(_) | Self::TooLong => "malformed",
            Self::NoUsername | Self::Username(_) => "username",
            Self::NotYetValid(_) => "not_yet_valid",
            Self::Proof(error) => error.reason(),
            Self::Signature => "signature",
            Self::Tenant => "tenant",
        }
    }
}
