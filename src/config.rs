//! The configuration file: typed, complete with defaults, refused at the door.
//!
//! A [`Config`] was checked: [`Config::load`] is the only way to get it, and it answers
//! every fault with one line that names the file, the line, the column and what to write instead.
//! The keys are those of the configuration reference, in camelCase; an unknown key is an error, so
//! that a misspelt one never passes for a default. Relative paths count from the file's folder.
//! Secrets are never in the file, only paths to them.
//!
//! What a file may say but this version does not do yet is refused by [`Config::check_serve`], not
//! here, so that the other commands can still read the policy of such a file.

pub mod azure;
pub mod entra;
pub mod policy;
pub mod server;

mod cluster;
mod convert;
mod error;
mod place;
mod text;

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

pub use error::ConfigError;

use crate::authz::cluster::ClusterScope;
use crate::config::azure::AzureConfig;
use crate::config::cluster::ClusterFile;
use crate::config::entra::EntraConfig;
use crate::config::policy::{PolicyConfig, PolicyMode, SourceKind};
use crate::config::server::{ClientAuth, ServerConfig};
use error::Fault;

/// Bytes that a configuration file may have. A real one has about two thousand.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The configuration, after defaults and checks. Built only by [`Config::load`] and
/// [`Config::parse`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Which cluster this is, in Azure's eyes.
    pub cluster: ClusterScope,
    /// Listeners and their certificates.
    pub server: ServerConfig,
    /// Whose tokens are accepted, and what of them Kubernetes sees.
    pub entra: EntraConfig,
    /// The server's own identity; nothing needs it yet.
    pub azure: Option<AzureConfig>,
    /// Where group memberships come from.
    pub groups: GroupsConfig,
    /// Callers that are Azure services.
    pub trusted_access: TrustedAccessConfig,
    /// Proof-of-possession tokens.
    pub pop: PopConfig,
    /// Where the policy is and how strictly it is read.
    pub policy: PolicyConfig,
}

/// The file as it is written, before the rules that more than one key has a part in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConfigFile {
    #[serde(rename = "apiVersion")]
    _api_version: ApiVersion,
    #[serde(rename = "kind")]
    _kind: Kind,
    cluster: ClusterFile,
    #[serde(default)]
    server: ServerConfig,
    entra: EntraConfig,
    azure: Option<AzureConfig>,
    #[serde(default)]
    groups: GroupsConfig,
    #[serde(default)]
    trusted_access: TrustedAccessConfig,
    #[serde(default)]
    pop: PopConfig,
    #[serde(default)]
    policy: PolicyConfig,
}

/// Version of the file's format; heads the file so that a later one can be told apart.
#[derive(Debug, Deserialize)]
enum ApiVersion {
    #[serde(rename = "kubentra.io/v1alpha1")]
    V1Alpha1,
}

/// What the file is.
#[derive(Debug, Deserialize)]
enum Kind {
    Configuration,
}

/// Where group memberships come from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GroupsConfig {
    /// Default: [`GroupSource::Token`].
    #[serde(default)]
    pub source: GroupSource,
}

/// Where group memberships come from (semantics §11.6).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum GroupSource {
    /// The token's claim, Microsoft Graph if the token says that there are too many.
    #[default]
    Token,
    /// Always Microsoft Graph.
    Graph,
    /// No groups at all.
    None,
}

/// Callers that are Azure services.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct TrustedAccessConfig {
    /// Audience of their tokens, accepted of managed identities with a binding only
    /// (semantics §11.7).
    pub audience: String,
}

impl Default for TrustedAccessConfig {
    fn default() -> Self {
        Self { audience: "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0".to_owned() }
    }
}

/// Proof-of-possession tokens (semantics §11.8).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PopConfig {
    /// Default: no. Signed requests around a token are then read, beside bearer tokens.
    pub enabled: bool,
    /// Default: no. Bearer tokens for `entra.audiences` are then refused.
    pub required: bool,
    /// How long after its `ts` a wrapper is good. Default: 15 minutes.
    #[serde(deserialize_with = "text::duration")]
    pub validity: Duration,
}

impl Default for PopConfig {
    fn default() -> Self {
        Self { enabled: false, required: false, validity: Duration::from_mins(15) }
    }
}

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: the file cannot be read, does not parse, or says something that cannot be
    /// meant. Always one line, with the file's name and, but for an unreadable file, line and
    /// column.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Read { path: path.to_owned(), source };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(ConfigError::TooLarge { path: path.to_owned() });
        }
        Self::parse(&text, path)
    }

    /// Checks `text`, which was read from `path`; relative paths in it count from the folder of
    /// `path`.
    ///
    /// # Errors
    ///
    /// As [`Config::load`], without the reading.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let file: ConfigFile =
            serde_saphyr::from_str(text).map_err(|error| ConfigError::syntax(path, &error))?;
        let mut config = file.check().map_err(|fault| fault.at(path, text))?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Makes every path count from `base`, the folder of the configuration file.
    fn resolve(&mut self, base: &Path) {
        let paths = (self.server.tls.iter_mut().flat_map(server::TlsConfig::paths))
            .chain(self.entra.ca_file.iter_mut())
            .chain(self.azure.iter_mut().flat_map(AzureConfig::paths))
            .chain(self.policy.directory.iter_mut())
            .chain(self.policy.operations_file.iter_mut());
        for path in paths {
            *path = base.join(&*path);
        }
        let default = base.join(policy::DEFAULT_DIRECTORY);
        let is_needed = self.policy.mode == PolicyMode::AzureRbac;
        if self.policy.directory.is_none() && (is_needed || default.exists()) {
            self.policy.directory = Some(default);
        }
    }

    /// Checks what only the server needs: that there are certificates, and that nothing is asked
    /// that this version does not do.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotYet`] for `groups.source: graph` and `policy.source: azure`;
    /// [`ConfigError::NoTls`] without `server.tls`.
    pub fn check_serve(&self) -> Result<(), ConfigError> {
        if self.groups.source == GroupSource::Graph {
            return Err(ConfigError::NotYet { setting: "groups.source: graph", instead: "token" });
        }
        if self.policy.source == SourceKind::Azure {
            return Err(ConfigError::NotYet { setting: "policy.source: azure", instead: "files" });
        }
        self.server.tls.as_ref().map(|_| ()).ok_or(ConfigError::NoTls)
    }

    /// What is allowed but deserves a second look, one line each. `check` prints them and the
    /// server logs them at start.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let admin: SocketAddr = self.server.admin_listen;
        if !admin.ip().is_loopback() {
            warnings.push(format!(
                "`server.adminListen` `{admin}` is not a loopback address: health and metrics are \
                 served to the network without TLS"
            ));
        }
        if let Some(tls) = &self.server.tls
            && tls.client_auth == ClientAuth::None
        {
            warnings.push(
                "`server.tls.clientAuth` is `none`: whoever reaches the webhook can try tokens and \
                 learn who may do what"
                    .to_owned(),
            );
            if tls.client_ca_file.is_some() {
                warnings.push(
                    "`server.tls.clientCaFile` is not used while `clientAuth` is `none`".to_owned(),
                );
            }
        }
        if self.pop.enabled && self.pop.validity < self.entra.clock_skew {
            warnings.push(
                "`pop.validity` is shorter than `entra.clockSkew`: a proof of possession from a \
                 clock that is slow by less than that is already too old"
                    .to_owned(),
            );
        }
        if self.policy.mode == PolicyMode::AuthenticationOnly && self.policy.directory.is_none() {
            warnings.push(
                "`policy.mode` is `authenticationOnly` without a policy directory: no trusted \
                 access binding is known, so tokens for `trustedAccess.audience` are refused"
                    .to_owned(),
            );
        }
        warnings
    }
}

impl ConfigFile {
    /// Applies the rules that more than one key has a part in, and the bounds.
    fn check(self) -> Result<Config, Fault> {
        let Self { cluster, server, entra, azure, groups, trusted_access, pop, policy, .. } = self;
        server.check()?;
        entra.check()?;
        azure.as_ref().map_or(Ok(()), AzureConfig::check)?;
        policy.check()?;
        text::check_name("trustedAccess.audience", &trusted_access.audience)?;
        if pop.required && !pop.enabled {
            return Err(Fault::new("pop.required", "needs `pop.enabled: true`"));
        }
        text::check_between("pop.validity", pop.validity, MIN_POP_VALIDITY, MAX_POP_VALIDITY)?;
        let trusted = &trusted_access.audience;
        if entra.audiences.iter().any(|audience| audience.eq_ignore_ascii_case(trusted)) {
            return Err(Fault::new(
                "entra.audiences",
                format!(
                    "must not hold `{trusted}`, which is `trustedAccess.audience`: whoever has a \
                     token for it would get in without a binding"
                ),
            ));
        }
        let cluster = cluster.check()?;
        Ok(Config { cluster, server, entra, azure, groups, trusted_access, pop, policy })
    }
}

/// Shortest `pop.validity`.
const MIN_POP_VALIDITY: Duration = Duration::from_secs(1);

/// Longest `pop.validity`: a stolen wrapper is good as long.
const MAX_POP_VALIDITY: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests;
