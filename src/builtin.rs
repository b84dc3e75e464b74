//! Azure's built-in policy, compiled in: the files of `policies/`, read by the same code as the
//! files of a policy directory.

use std::sync::{Arc, LazyLock};

use thiserror::Error;

use crate::{
    authz::{KnownOperations, PolicyDocuments},
    wire::{
        self, Fault, Format, Place,
        arm::{self, Kind},
        operations,
    },
};

/// Names and contents of files below `policies/`.
macro_rules! embed {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../policies/", $path)))),*]
    };
}

/// Name of the list of data operations, below `policies/`.
const OPERATIONS_FILE: &str = "data-actions.txt";
/// The known data operations, one a line, without the cluster type.
const OPERATIONS: &str = include_str!("../policies/data-actions.txt");

const ROLES: &[(&str, &str)] = embed! {
    "roles/acr-pull.json"
    "roles/aks-agent-pool-manager.json"
    "roles/aks-application-network-contributor.json"
    "roles/aks-arc-cluster-admin.json"
    "roles/aks-arc-cluster-user.json"
    "roles/aks-arc-contributor.json"
    "roles/aks-cluster-admin.json"
    "roles/aks-cluster-monitoring-user.json"
    "roles/aks-cluster-user.json"
    "roles/aks-contributor.json"
    "roles/aks-hybrid-cluster-admin.json"
    "roles/aks-hybrid-cluster-user.json"
    "roles/aks-hybrid-contributor.json"
    "roles/aks-machine-manager.json"
    "roles/aks-namespace-contributor.json"
    "roles/aks-namespace-user.json"
    "roles/aks-policy-add-on-deployment.json"
    "roles/aks-prepared-image-contributor.json"
    "roles/aks-prepared-image-reader.json"
    "roles/aks-rbac-admin.json"
    "roles/aks-rbac-cluster-admin.json"
    "roles/aks-rbac-reader.json"
    "roles/aks-rbac-writer.json"
    "roles/arc-cluster-user.json"
    "roles/arc-kubernetes-admin.json"
    "roles/arc-kubernetes-cluster-admin.json"
    "roles/arc-kubernetes-viewer.json"
    "roles/arc-kubernetes-writer.json"
    "roles/arc-onboarding.json"
    "roles/connected-cluster.json"
    "roles/contributor.json"
    "roles/defender-containers-sensor.json"
    "roles/defender-kubernetes-agent-operator.json"
    "roles/defender-kubernetes-api-access.json"
    "roles/fleet-abac-custom-resources-reader.json"
    "roles/fleet-abac-custom-resources-writer.json"
    "roles/fleet-contributor.json"
    "roles/fleet-hub-agent.json"
    "roles/fleet-hub-cluster-user.json"
    "roles/fleet-members-abac-custom-resources-reader.json"
    "roles/fleet-members-abac-custom-resources-writer.json"
    "roles/fleet-members-rbac-admin.json"
    "roles/fleet-members-rbac-cluster-admin.json"
    "roles/fleet-members-rbac-reader.json"
    "roles/fleet-members-rbac-writer.json"
    "roles/fleet-rbac-admin.json"
    "roles/fleet-rbac-cluster-admin.json"
    "roles/fleet-rbac-cluster-reader.json"
    "roles/fleet-rbac-cluster-writer.json"
    "roles/fleet-rbac-reader.json"
    "roles/fleet-rbac-writer.json"
    "roles/kubernetes-agent-subscription-operator.json"
    "roles/kubernetes-extension-contributor.json"
    "roles/kubernetes-namespace-user.json"
    "roles/managed-identity-contributor.json"
    "roles/managed-identity-operator.json"
    "roles/network-contributor.json"
    "roles/owner.json"
    "roles/rbac-administrator.json"
    "roles/reader.json"
    "roles/user-access-administrator.json"
};

const TRUSTED_ACCESS_ROLES: &[(&str, &str)] = embed! {
    "trusted-access/dataprotection-backup-operator.json"
    "trusted-access/machinelearningservices-inference-v1.json"
    "trusted-access/machinelearningservices-mlworkload.json"
    "trusted-access/security-mdc-response-operator.json"
    "trusted-access/security-microsoft-defender-network-policy-operator.json"
    "trusted-access/security-microsoft-defender-operator.json"
    "trusted-access/security-microsoft-defender-policy-operator.json"
};

/// Why what is compiled in cannot be read: the binary was built from broken data.
#[derive(Clone, Debug, Error)]
pub enum LoadBuiltinError {
    /// A file below `policies/` does not parse.
    #[error("built-in file `{file}`: {fault}")]
    Document {
        /// Its path below `policies/`.
        file: &'static str,
        /// The first thing that is wrong with it.
        fault: Fault,
    },
}

/// The built-in roles and trusted-access roles; everything else is empty. Read once.
///
/// # Errors
///
/// [`LoadBuiltinError`], which a test rules out for every build.
pub fn documents() -> Result<&'static PolicyDocuments, LoadBuiltinError> {
    static DOCUMENTS: LazyLock<Result<PolicyDocuments, LoadBuiltinError>> =
        LazyLock::new(read_documents);
    DOCUMENTS.as_ref().map_err(Clone::clone)
}

/// The known data operations. Read once.
///
/// # Errors
///
/// [`LoadBuiltinError`], which a test rules out for every build.
pub fn operations() -> Result<Arc<KnownOperations>, LoadBuiltinError> {
    static OPERATIONS_READ: LazyLock<Result<Arc<KnownOperations>, LoadBuiltinError>> =
        LazyLock::new(|| {
            operations::read(OPERATIONS)
                .map(Arc::new)
                .map_err(|faults| broken(OPERATIONS_FILE, faults))
        });
    OPERATIONS_READ.clone()
}

fn read_documents() -> Result<PolicyDocuments, LoadBuiltinError> {
    let mut documents = PolicyDocuments::default();
    for &(file, text) in ROLES {
        let read = read(Kind::RoleDefinition, file, text)?;
        documents.role_definitions.extend(read.role_definitions.into_iter().map(|d| d.value));
    }
    for &(file, text) in TRUSTED_ACCESS_ROLES {
        let read = read(Kind::TrustedAccessRole, file, text)?;
        documents
            .trusted_access_roles
            .extend(read.trusted_access_roles.into_iter().map(|d| d.value));
    }
    Ok(documents)
}

fn read(kind: Kind, file: &'static str, text: &str) -> Result<arm::Documents, LoadBuiltinError> {
    let node = wire::parse(text, Format::Json).map_err(|fault| broken(file, vec![fault]))?;
    arm::read(kind, &node, file).map_err(|faults| broken(file, faults))
}

fn broken(file: &'static str, faults: Vec<Fault>) -> LoadBuiltinError {
    let unnamed = || Fault::new(Place::START, "it cannot be read");
    LoadBuiltinError::Document { file, fault: faults.into_iter().next().unwrap_or_else(unnamed) }
}

#[cfg(test)]
mod tests;
