//! `entra`: whose tokens are accepted, and what of them Kubernetes sees.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::error::Fault;
use super::text;
use crate::authz::principal::TenantId;
use crate::azure::cloud::Authority;

/// Audience that `kubelogin` asks tokens for: the application of AKS, the same in every cloud.
pub const DEFAULT_AUDIENCE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Longest `clockSkew`: beyond it a token is good long after its end.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_mins(10);

/// Extra keys that a login has anyway (semantics §11.5), so the object id cannot be there.
const TAKEN_EXTRA_KEYS: [&str; 4] =
    ["kubentra.io/tid", "kubentra.io/appid", "kubentra.io/idtyp", "kubentra.io/mirid"];

/// Whose tokens are accepted, and what of them Kubernetes sees.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EntraConfig {
    /// Default: [`CloudName::Public`].
    #[serde(default)]
    pub cloud: CloudName,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Audiences that everyone's token may have. Default: [`DEFAULT_AUDIENCE`].
    #[serde(default = "default_audiences")]
    pub audiences: Vec<String>,
    /// The user name is the first of these claims that the token has. Default: `upn`, `oid`.
    #[serde(default = "default_username_claims")]
    pub username_claims: Vec<String>,
    /// Stands before every user name. Default: empty.
    #[serde(default)]
    pub username_prefix: String,
    /// Extra key that holds the object id, written by token reviews and read in access reviews.
    /// Default: `oid`.
    #[serde(default = "default_object_id_extra_key")]
    pub object_id_extra_key: String,
    /// How far clocks may differ. Default: one minute; at most [`MAX_CLOCK_SKEW`].
    #[serde(default = "default_clock_skew", deserialize_with = "text::duration")]
    pub clock_skew: Duration,
    /// `cloud: custom`: base address of the token issuer.
    #[serde(default, deserialize_with = "text::authority")]
    pub authority_url: Option<Authority>,
    /// `cloud: custom`: base address of Microsoft Graph.
    pub graph_url: Option<Url>,
    /// `cloud: custom`: base address of Azure Resource Manager.
    pub resource_manager_url: Option<Url>,
    /// `cloud: custom`: PEM, the only authorities that those addresses are trusted by; none: those
    /// of the machine.
    pub ca_file: Option<PathBuf>,
}

/// Which cloud the tenant is in; issuers and addresses follow from it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum CloudName {
    /// The worldwide cloud.
    #[default]
    Public,
    /// Azure Government, United States.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
    /// The addresses in this file: Azure Stack, or an emulator.
    Custom,
}

impl CloudName {
    /// As the configuration file writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGovernment => "usGovernment",
            Self::China => "china",
            Self::Custom => "custom",
        }
    }
}

fn default_audiences() -> Vec<String> {
    vec![DEFAULT_AUDIENCE.to_owned()]
}

fn default_username_claims() -> Vec<String> {
    vec!["upn".to_owned(), "oid".to_owned()]
}

fn default_object_id_extra_key() -> String {
    "oid".to_owned()
}

fn default_clock_skew() -> Duration {
    Duration::from_mins(1)
}

impl EntraConfig {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.audiences.is_empty() {
            return Err(Fault::new(
                "entra.audiences",
                format!("must hold at least one audience; `{DEFAULT_AUDIENCE}` is the usual one"),
            ));
        }
        text::check_names("entra.audiences", &self.audiences)?;
        if self.username_claims.is_empty() {
            return Err(Fault::new(
                "entra.usernameClaims",
                "must hold at least one claim, such as `upn` or `oid`",
            ));
        }
        text::check_names("entra.usernameClaims", &self.username_claims)?;
        self.check_prefix()?;
        self.check_extra_key()?;
        text::check_between("entra.clockSkew", self.clock_skew, Duration::ZERO, MAX_CLOCK_SKEW)?;
        self.check_cloud()
    }

    /// A prefix that makes every name forbidden (semantics §11.5) is a mistake better told at once.
    fn check_prefix(&self) -> Result<(), Fault> {
        let prefix = &self.username_prefix;
        if prefix.chars().any(char::is_control) || prefix.trim_start() != prefix {
            return Err(Fault::new(
                "entra.usernamePrefix",
                "must not begin with space or hold control characters",
            ));
        }
        if prefix.to_ascii_lowercase().starts_with("system:") {
            return Err(Fault::new(
                "entra.usernamePrefix",
                "must not begin with `system:`, which is Kubernetes' own",
            ));
        }
        Ok(())
    }

    fn check_extra_key(&self) -> Result<(), Fault> {
        let key = &self.object_id_extra_key;
        text::check_name("entra.objectIdExtraKey", key)?;
        if key.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(Fault::new(
                "entra.objectIdExtraKey",
                format!("`{key}` must be in lower case, as Kubernetes asks of extra keys"),
            ));
        }
        if TAKEN_EXTRA_KEYS.contains(&key.as_str()) {
            return Err(Fault::new(
                "entra.objectIdExtraKey",
                format!("`{key}` holds another claim; write `oid` or `kubentra.io/oid`"),
            ));
        }
        Ok(())
    }

    /// Addresses are for `cloud: custom` only, which needs the first.
    fn check_cloud(&self) -> Result<(), Fault> {
        let for_custom = [
            ("entra.authorityUrl", self.authority_url.is_some()),
            ("entra.graphUrl", self.graph_url.is_some()),
            ("entra.resourceManagerUrl", self.resource_manager_url.is_some()),
            ("entra.caFile", self.ca_file.is_some()),
        ];
        for (key, is_there) in for_custom {
            if is_there && self.cloud != CloudName::Custom {
                return Err(Fault::new(key, "is for `cloud: custom` only"));
            }
        }
        text::check_base_url("entra.graphUrl", self.graph_url.as_ref())?;
        text::check_base_url("entra.resourceManagerUrl", self.resource_manager_url.as_ref())?;
        text::check_path("entra.caFile", self.ca_file.as_ref())?;
        if self.cloud == CloudName::Custom && self.authority_url.is_none() {
            return Err(Fault::new("entra.cloud", "`custom` needs `authorityUrl` beside it"));
        }
        Ok(())
    }
}
