//! The configuration in the words of the services.

use std::collections::HashSet;

use super::entra::CloudName;
use super::policy::{DiscoveryAnswer, PolicyMode, SubresourceRule, UngrantedAnswer};
use super::{Config, GroupSource};
use crate::authz::{DecisionRules, Discovery, PolicySetting, Subresources, Ungranted};
use crate::azure::cloud::Cloud;
use crate::policy_dir::{ReadPolicyError, operations};
use crate::review::access::CallerRules;
use crate::service::authenticator::{AuthenticatorSettings, GroupsSource, PopSettings};
use crate::service::authorizer::{self, AuthorizerSettings};
use crate::service::key_ring::KeyRingSettings;

impl Config {
    /// What decides besides the policy documents. Reads `policy.operationsFile`, if there is one;
    /// blocks.
    ///
    /// # Errors
    ///
    /// [`ReadPolicyError`] if that file cannot be read, or the list that is compiled in.
    pub fn policy_setting(&self) -> Result<PolicySetting, ReadPolicyError> {
        Ok(PolicySetting {
            cluster: self.cluster.clone(),
            operations: operations::read_or_built_in(self.policy.operations_file.as_deref())?,
            rules: self.decision_rules(),
        })
    }

    /// How it is decided, whatever the policy says.
    #[must_use]
    pub fn decision_rules(&self) -> DecisionRules {
        let policy = &self.policy;
        DecisionRules {
            ungranted: match policy.ungranted {
                UngrantedAnswer::NoOpinion => Ungranted::NoOpinion,
                UngrantedAnswer::Deny => Ungranted::Deny,
            },
            discovery: match policy.discovery {
                DiscoveryAnswer::Allow => Discovery::Allow,
                DiscoveryAnswer::Evaluate => Discovery::Evaluate,
            },
            subresources: match policy.subresources {
                SubresourceRule::Strict => Subresources::Strict,
                SubresourceRule::Aks => Subresources::Aks,
            },
            admin_groups: policy.admin_groups.clone(),
        }
    }

    /// How the caller of an access review is told (semantics §1).
    #[must_use]
    pub fn caller_rules(&self) -> CallerRules {
        CallerRules {
            object_id_extra_key: self.entra.object_id_extra_key.clone(),
            exempt_users: HashSet::from_iter(self.policy.exempt_users.iter().cloned()),
        }
    }

    /// How access reviews are answered.
    #[must_use]
    pub fn authorizer_settings(&self) -> AuthorizerSettings {
        AuthorizerSettings {
            callers: self.caller_rules(),
            mode: match self.policy.mode {
                PolicyMode::AzureRbac => authorizer::PolicyMode::AzureRbac,
                PolicyMode::AuthenticationOnly => authorizer::PolicyMode::AuthenticationOnly,
            },
            max_staleness: self.policy.max_staleness,
        }
    }

    /// How token reviews are answered.
    ///
    /// `groups.source: graph` is not among the settings of the authenticator yet; it is taken for
    /// `token`, and refused by [`Self::check_serve`] before a server starts with it.
    #[must_use]
    pub fn authenticator_settings(&self) -> AuthenticatorSettings {
        let entra = &self.entra;
        AuthenticatorSettings {
            audiences: entra.audiences.clone(),
            trusted_access_audience: Some(self.trusted_access.audience.clone()),
            username_claims: entra.username_claims.clone(),
            username_prefix: entra.username_prefix.clone(),
            object_id_extra_key: entra.object_id_extra_key.clone(),
            clock_skew: entra.clock_skew,
            groups_source: match self.groups.source {
                GroupSource::Token | GroupSource::Graph => GroupsSource::Token,
                GroupSource::None => GroupsSource::None,
            },
            max_staleness: self.policy.max_staleness,
            pop: self.pop.enabled.then(|| PopSettings {
                cluster: self.cluster.id().as_str().to_owned(),
                required: self.pop.required,
                validity: self.pop.validity,
            }),
        }
    }

    /// Whose signing keys are fetched, and from where.
    #[must_use]
    pub fn key_ring_settings(&self) -> KeyRingSettings {
        KeyRingSettings { cloud: self.cloud(), tenant: self.entra.tenant_id }
    }

    fn cloud(&self) -> Cloud {
        match (self.entra.cloud, &self.entra.authority_url) {
            (CloudName::UsGovernment, _) => Cloud::UsGovernment,
            (CloudName::China, _) => Cloud::China,
            (CloudName::Custom, Some(authority)) => Cloud::Custom(authority.clone()),
            // A custom cloud without its address did not pass the checks.
            (CloudName::Custom, None) | (CloudName::Public, _) => Cloud::Public,
        }
    }
}
