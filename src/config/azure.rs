//! `azure`: the server's own identity. Parsed and checked, but nothing uses it yet.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::Fault;
use super::text;

/// The server's own identity, for Microsoft Graph and Resource Manager.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AzureConfig {
    /// How the server proves who it is.
    pub credential: CredentialConfig,
}

/// How the server proves who it is. Which keys are needed depends on `type`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CredentialConfig {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// Application id, or of a managed identity its client id (absent: the system-assigned one).
    pub client_id: Option<String>,
    /// `clientSecret`: file that holds the secret.
    pub client_secret_file: Option<PathBuf>,
    /// `clientCertificate`: PEM file with certificate and key.
    pub client_certificate_file: Option<PathBuf>,
    /// `workloadIdentity`: file with the service account's token; absent: where the platform
    /// mounts it.
    pub federated_token_file: Option<PathBuf>,
}

/// Kinds of credential.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum CredentialKind {
    /// A service account's token, exchanged.
    WorkloadIdentity,
    /// The machine's identity endpoint.
    ManagedIdentity,
    /// A secret.
    ClientSecret,
    /// A certificate.
    ClientCertificate,
}

impl AzureConfig {
    pub(super) fn check(&self) -> Result<(), Fault> {
        self.credential.check()
    }

    /// Every path, to be counted from the configuration file.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let CredentialConfig {
            client_secret_file,
            client_certificate_file,
            federated_token_file,
            ..
        } = &mut self.credential;
        client_secret_file.iter_mut().chain(client_certificate_file).chain(federated_token_file)
    }
}

impl CredentialConfig {
    fn check(&self) -> Result<(), Fault> {
        use CredentialKind::{ClientCertificate, ClientSecret, ManagedIdentity, WorkloadIdentity};
        let files = [
            ("clientSecretFile", &self.client_secret_file, ClientSecret),
            ("clientCertificateFile", &self.client_certificate_file, ClientCertificate),
            ("federatedTokenFile", &self.federated_token_file, WorkloadIdentity),
        ];
        for (name, path, kind) in files {
            let key = format!("azure.credential.{name}");
            text::check_path(&key, path.as_ref())?;
            if path.is_some() && kind != self.kind {
                return Err(Fault::new(key, "does not belong to this `type`"));
            }
            // The platform says where the federated token is.
            if path.is_none() && kind == self.kind && kind != WorkloadIdentity {
                return Err(Fault::new("azure.credential", format!("needs `{name}`")));
            }
        }
        match &self.client_id {
            Some(id) => text::check_name("azure.credential.clientId", id),
            None if self.kind == ManagedIdentity => Ok(()),
            None => Err(Fault::new("azure.credential", "needs `clientId`")),
        }
    }
}
