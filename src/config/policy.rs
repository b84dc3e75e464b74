//! `policy`: where the policy is and how strictly it is read.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::Fault;
use super::text;
use crate::authz::principal::ObjectId;

/// Policy directory beside the configuration file, if the file names none.
pub const DEFAULT_DIRECTORY: &str = "policy";

/// Shortest `maxStaleness`: below it the watch itself could let the policy age.
pub const MIN_STALENESS: Duration = Duration::from_secs(1);

/// Longest `maxStaleness`: a role assignment that was taken away works that long at most.
pub const MAX_STALENESS: Duration = Duration::from_hours(24);

/// Where the policy is and how strictly it is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PolicyConfig {
    /// Default: [`PolicyMode::AzureRbac`].
    pub mode: PolicyMode,
    /// Default: [`SourceKind::Files`].
    pub source: SourceKind,
    /// The policy directory. Default: [`DEFAULT_DIRECTORY`] beside the configuration file. In mode
    /// [`PolicyMode::AuthenticationOnly`], where only trusted access needs one, none if that is not
    /// there when the configuration is read.
    pub directory: Option<PathBuf>,
    /// A list of data operations in place of the built-in one: what has none is a custom resource
    /// (semantics §2.5). Default: none.
    pub operations_file: Option<PathBuf>,
    /// What a request without a grant gets. Default: no opinion.
    pub ungranted: UngrantedAnswer,
    /// Whether discovery paths are open to every Entra principal. Default: yes.
    pub discovery: DiscoveryAnswer,
    /// How subresources are judged. Default: strict.
    pub subresources: SubresourceRule,
    /// Groups whose members may do everything that no deny assignment forbids (semantics §8.1).
    pub admin_groups: Vec<ObjectId>,
    /// Users that are left to other authorizers, by exact name (semantics §1.1).
    pub exempt_users: Vec<String>,
    /// Age at which the policy is no longer trusted and access reviews get HTTP 503. Default: one
    /// hour; [`MIN_STALENESS`] to [`MAX_STALENESS`].
    #[serde(deserialize_with = "text::duration")]
    pub max_staleness: Duration,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            mode: PolicyMode::default(),
            source: SourceKind::default(),
            directory: None,
            operations_file: None,
            ungranted: UngrantedAnswer::default(),
            discovery: DiscoveryAnswer::default(),
            subresources: SubresourceRule::default(),
            admin_groups: Vec::new(),
            exempt_users: Vec::new(),
            max_staleness: Duration::from_hours(1),
        }
    }
}

/// Whether access reviews are decided at all.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum PolicyMode {
    /// By Azure RBAC.
    #[default]
    AzureRbac,
    /// Never: every access review is no opinion (semantics §8.3).
    AuthenticationOnly,
}

impl PolicyMode {
    /// As the configuration file writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AzureRbac => "azureRbac",
            Self::AuthenticationOnly => "authenticationOnly",
        }
    }
}

/// Where the policy comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// The policy directory.
    #[default]
    Files,
    /// Resource Manager; refused by [`super::Config::check_serve`] for now.
    Azure,
}

/// What a request without a grant gets (semantics §8.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum UngrantedAnswer {
    /// No opinion: native bindings can still grant.
    #[default]
    NoOpinion,
    /// Deny.
    Deny,
}

impl UngrantedAnswer {
    /// As the configuration file writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoOpinion => "noOpinion",
            Self::Deny => "deny",
        }
    }
}

/// Whether discovery paths are open to every Entra principal (semantics §6.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum DiscoveryAnswer {
    /// Yes.
    #[default]
    Allow,
    /// They are judged like any other path.
    Evaluate,
}

/// How subresources are judged (semantics §2.4).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum SubresourceRule {
    /// Those that let a reader in need more than `read`.
    #[default]
    Strict,
    /// As AKS maps them.
    Aks,
}

impl PolicyConfig {
    pub(super) fn check(&self) -> Result<(), Fault> {
        text::check_path("policy.directory", self.directory.as_ref())?;
        text::check_path("policy.operationsFile", self.operations_file.as_ref())?;
        text::check_between(
            "policy.maxStaleness",
            self.max_staleness,
            MIN_STALENESS,
            MAX_STALENESS,
        )?;
        if self.admin_groups.iter().any(|group| group.is_everyone()) {
            return Err(Fault::new(
                "policy.adminGroups",
                "must not hold the all-zeros id, which names everyone in deny assignments and \
                 nobody here",
            ));
        }
        for user in &self.exempt_users {
            text::check_name("policy.exemptUsers", user)?;
        }
        Ok(())
    }
}
