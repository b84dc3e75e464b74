//! What a cluster needs to use the webhook: configuration, certificates and the API server's files.
//!
//! ```text
//! Plan ──documents──▶ text of every file ─┐
//!                                         ├─ write ─▶ DIR (what is there is kept)
//! DIR/pki ──pki::complete──▶ certificates ┘
//! ```
//!
//! Texts depend on the [`Plan`] alone, so a second run can tell a kept file that differs from what
//! it would have written.

pub mod apiserver;
pub mod config_file;
pub mod kubeadm;
pub mod kubeconfig;
pub mod pki;
pub mod write;
mod yaml;

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;
use url::Url;

use crate::authz::{ClusterScope, TenantId};
use pki::Host;

/// What `kubentra init` is asked to set up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The cluster.
    pub cluster: ClusterScope,
    /// Tenant whose tokens are accepted.
    pub tenant: TenantId,
    /// Address of the webhook listener.
    pub listen: SocketAddr,
    /// Address of the plain listener for probes and metrics.
    pub admin_listen: SocketAddr,
    /// Name or address at which the API server reaches the webhook.
    pub host: Host,
    /// Ask the webhook before native RBAC, so that a deny assignment beats a native binding.
    pub webhook_first: bool,
    /// Endpoints of a custom cloud; none is the public cloud.
    pub authority: Option<Authority>,
    /// Where the files will lie when they are used.
    pub installed: InstalledPath,
}

/// The sign-in endpoint of a custom cloud.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Base of the tenants' addresses.
    pub url: Url,
    /// Certificates that it is trusted by, as PEM and nothing else, since everyone may read the
    /// file that is made of them; none is the machine's.
    pub ca: Option<String>,
}

/// An absolute directory that can be written into every file: UTF-8, no control characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstalledPath(String);

/// Why a path cannot be written into the files.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParsePathError {
    /// Its parts are not the ones of one absolute directory.
    #[error("`{}` is not an absolute path without `..`", .0.display())]
    NotAbsolute(PathBuf),
    /// Not UTF-8, or with control characters.
    #[error("`{}` cannot be written into a YAML file; use a path of printable UTF-8", .0.display())]
    NotText(PathBuf),
}

impl TryFrom<PathBuf> for InstalledPath {
    type Error = ParsePathError;

    /// Drops slashes at the end, double ones and `.`.
    fn try_from(path: PathBuf) -> Result<Self, Self::Error> {
        let up = path.components().any(|c| c == std::path::Component::ParentDir);
        if !path.is_absolute() || up {
            return Err(ParsePathError::NotAbsolute(path));
        }
        let clean: PathBuf = path.components().collect();
        match clean.to_str() {
            Some(text) if !text.contains(char::is_control) => Ok(Self(text.to_owned())),
            _ => Err(ParsePathError::NotText(path)),
        }
    }
}

impl InstalledPath {
    /// The directory itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute path of one of our files.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.0.trim_end_matches('/'))
    }
}

/// Names of the files, relative to the directory.
pub mod names {
    /// Configuration of the server.
    pub const CONFIG: &str = "config.yaml";
    /// Certificate of the authority; each pair also has a `.key`.
    pub const CA: &str = "pki/ca.crt";
    /// Key of the authority.
    pub const CA_KEY: &str = "pki/ca.key";
    /// Certificate of the webhook.
    pub const SERVER: &str = "pki/server.crt";
    /// Key of the webhook.
    pub const SERVER_KEY: &str = "pki/server.key";
    /// Client certificate of the API server.
    pub const CLIENT: &str = "pki/apiserver-client.crt";
    /// Client key of the API server.
    pub const CLIENT_KEY: &str = "pki/apiserver-client.key";
    /// Certificates of a custom cloud's authorities.
    pub const AUTHORITY_CA: &str = "pki/authority-ca.crt";
    /// How the API server reaches the webhook to check tokens.
    pub const AUTHN: &str = "authn.kubeconfig";
    /// How the API server reaches the webhook to check access.
    pub const AUTHZ: &str = "authz.kubeconfig";
    /// The API server's authorizers.
    pub const AUTHORIZATION: &str = "authorization-config.yaml";
    /// Flags for an API server without an authorization configuration.
    pub const LEGACY_FLAGS: &str = "legacy-flags.txt";
    /// kubeadm's configuration in the older version.
    pub const KUBEADM_V1BETA3: &str = "kubeadm-v1beta3.yaml";
    /// kubeadm's configuration.
    pub const KUBEADM_V1BETA4: &str = "kubeadm-v1beta4.yaml";
    /// The policy directory.
    pub const POLICY: &str = "policy";
}

/// One text file to write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// Its name, relative to the directory.
    pub name: &'static str,
    /// What is in it.
    pub text: String,
}

impl Plan {
    /// Every text file but the certificates that are made, in the order in which they are written.
    pub fn documents(&self) -> Vec<Document> {
        let authority = self.authority.as_ref().and_then(|authority| authority.ca.clone());
        let authority = authority.map(|text| (names::AUTHORITY_CA, text));
        let texts = [
            (names::CONFIG, config_file::config(self)),
            (names::AUTHN, kubeconfig::webhook(self, kubeconfig::Review::Token)),
            (names::AUTHZ, kubeconfig::webhook(self, kubeconfig::Review::Access)),
            (names::AUTHORIZATION, apiserver::authorization_configuration(self)),
            (names::LEGACY_FLAGS, apiserver::legacy_flags(self)),
            (names::KUBEADM_V1BETA3, kubeadm::v1beta3(self)),
            (names::KUBEADM_V1BETA4, kubeadm::v1beta4(self)),
        ];
        let all = authority.into_iter().chain(texts);
        all.map(|(name, text)| Document { name, text }).collect()
    }
}

#[cfg(test)]
mod tests;
