//! Answers access reviews from the newest policy. No I/O: nothing on this path waits (semantics §10).

use std::time::Duration;

use thiserror::Error;

use super::policy_store::{PolicyReader, PolicyUnavailable};
use crate::authz::{Decision, NoOpinionReason, evaluate};
use crate::clock::Now;
use crate::review::access::{AccessReview, Caller, CallerRules};

/// Whether access is decided at all (semantics §8.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PolicyMode {
    /// Azure RBAC decides.
    #[default]
    AzureRbac,
    /// Every access review is no opinion.
    AuthenticationOnly,
}

/// What an [`Authorizer`] needs besides the policy.
#[derive(Clone, Debug)]
pub struct AuthorizerSettings {
    /// How callers are told apart.
    pub callers: CallerRules,
    /// Whether access is decided at all.
    pub mode: PolicyMode,
    /// Age at which a policy is no longer decided from: `policy.maxStaleness`.
    pub max_staleness: Duration,
}

/// Why a review cannot be decided. Never a decision: answered with HTTP 503.
#[derive(Clone, Copy, Debug, Error)]
pub enum AuthorizeError {
    /// There is no policy, or it is too old.
    #[error("cannot decide without a policy")]
    Policy(#[from] PolicyUnavailable),
}

/// Answers access reviews from the newest policy.
#[derive(Debug)]
pub struct Authorizer {
    settings: AuthorizerSettings,
    policy: PolicyReader,
}

impl Authorizer {
    /// Makes an authorizer that reads `policy` anew for each review.
    pub fn new(settings: AuthorizerSettings, policy: PolicyReader) -> Self {
        Self { settings, policy }
    }

    /// Decides one review. Who is not an Entra identity, and everyone in authentication-only mode, is
    /// answered without a policy (semantics §10).
    ///
    /// # Errors
    ///
    /// [`AuthorizeError`] when there is no policy, or it is older than `max_staleness`.
    pub fn authorize(&self, review: &AccessReview, now: Now) -> Result<Decision, AuthorizeError> {
        let no_opinion = |reason| Ok(Decision::NoOpinion(reason));
        let principal = match review.caller(&self.settings.callers) {
            Caller::Entra(principal) => principal,
            Caller::System => return no_opinion(NoOpinionReason::System),
            Caller::Exempt => return no_opinion(NoOpinionReason::ExemptUser),
            Caller::NotEntra => {
                let extra_key = self.settings.callers.object_id_extra_key.clone();
                return no_opinion(NoOpinionReason::NotEntra { extra_key });
            }
        };
        match self.settings.mode {
            PolicyMode::AuthenticationOnly => no_opinion(NoOpinionReason::AuthenticationOnly),
            PolicyMode::AzureRbac => {
                let published = self.policy.current(self.settings.max_staleness, now)?;
                Ok(evaluate(&published.policy, &review.request(principal), now.timestamp()))
            }
        }
    }
}
