//! What the authenticator is told, and what it says when it has no verdict.

use std::time::Duration;

use thiserror::Error;

use super::super::key_ring::KeysUnavailable;
use super::super::policy_store::PolicyUnavailable;
use super::super::seen_proofs::MAX_PROOFS;
use crate::authn::GroupsSource;
use crate::authz::principal::ObjectId;

/// How tokens are judged (configuration `entra`, `groups`, `trustedAccess`, `policy`).
#[derive(Clone, Debug)]
pub struct AuthenticatorSettings {
    /// `entra.audiences`: audiences for everyone, compared exactly.
    pub audiences: Vec<String>,
    /// `trustedAccess.audience`: the audience for managed identities that a binding names; `None` for
    /// no such audience.
    pub trusted_access_audience: Option<String>,
    /// `entra.usernameClaims`: claims that may name the user, the preferred first.
    pub username_claims: Vec<String>,
    /// `entra.usernamePrefix`: put before every username; may be empty.
    pub username_prefix: String,
    /// `entra.objectIdExtraKey`: key of the object id in `extra`.
    pub object_id_extra_key: String,
    /// `entra.clockSkew`: leeway for `exp` and `nbf`, and for a `ts` in the future.
    pub clock_skew: Duration,
    /// `groups.source`.
    pub groups_source: GroupsSource,
    /// `policy.maxStaleness`: age from which the policy cannot vouch for a binding.
    pub max_staleness: Duration,
    /// `pop`, if it is enabled: signed requests are read. Without it they are nobody's tokens.
    pub pop: Option<PopSettings>,
}

/// How signed requests are judged (configuration `pop`, `cluster.resourceId`).
#[derive(Clone, Debug)]
pub struct PopSettings {
    /// The cluster's ARM id, which `u` must name.
    pub cluster: String,
    /// `pop.required`: refuse bearer tokens that are for everyone's audience.
    pub required: bool,
    /// `pop.validity`: how long after its `ts` a request is good.
    pub validity: Duration,
}

/// Why a token got no verdict. Each is HTTP 503, which the API server does not cache.
#[derive(Debug, Error)]
pub enum AuthenticateError {
    /// The caller's groups are not in the token.
    #[error(
        "the groups of object id `{0}` are not in its token (group overage: it is in more groups than \
         a token holds), and asking Microsoft Graph for them is not built in yet; let Entra emit only \
         the groups assigned to the application, or set `groups.source` to `none`"
    )]
    Groups(ObjectId),
    /// Keys, or the name of an issuer, are out of reach.
    #[error("cannot verify the token")]
    Keys(#[from] KeysUnavailable),
    /// The trusted access audience needs a policy.
    #[error("cannot judge a token for the trusted access audience")]
    Policy(#[from] PolicyUnavailable),
    /// No further proof of possession can be remembered, so none can be told from a replay.
    #[error(
        "no room to remember another proof of possession ({MAX_PROOFS} are in use); it comes back as \
         they end, after `pop.validity`"
    )]
    Proofs,
}

impl AuthenticateError {
    /// The kind of failure, as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Groups(_) => "groups",
            Self::Keys(_) => "keys",
            Self::Policy(_) => "policy",
            Self::Proofs => "proofs",
        }
    }
}
