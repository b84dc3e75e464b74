//! An access request in Azure's terms: which actions at which scopes.

use super::cluster::FLEET_MEMBERS;
use super::data_action::RequiredAction;
use super::mapping::{Mapping, required_actions};
use super::request::Target;
use super::scope::Scope;
use super::snapshot::PolicySnapshot;

/// One question to Azure RBAC: all of `required`, of one permission, at any of `scopes`.
#[derive(Clone, Debug)]
pub struct Question {
    /// The actions, at least one.
    pub required: Vec<RequiredAction>,
    /// The scopes that the request has, at least one.
    pub scopes: Vec<Scope>,
}

/// What a request asks: of the cluster, and where a fleet is configured, of the fleet as well. One
/// of them granted is enough; a deny that touches either applies (semantics §3.3).
#[derive(Clone, Debug)]
pub struct Questions {
    /// Of the cluster.
    pub cluster: Question,
    /// Of the fleet that it is a member of.
    pub fleet: Option<Question>,
}

impl Questions {
    /// Puts `target` into Azure's terms.
    pub fn of(policy: &PolicySnapshot, target: &Target) -> Self {
        let cluster = policy.cluster();
        let required = |prefix| {
            let mapping = Mapping {
                prefix,
                operations: policy.operations(),
                subresources: policy.rules().subresources,
            };
            required_actions(&mapping, target)
        };
        Self {
            cluster: Question {
                required: required(cluster.kind().prefix()),
                scopes: scopes(cluster.id(), target),
            },
            fleet: cluster.fleet().map(|fleet| Question {
                required: required(FLEET_MEMBERS),
                scopes: scopes(fleet, target),
            }),
        }
    }

    /// Both questions, the cluster's first.
    pub fn iter(&self) -> impl Iterator<Item = &Question> {
        std::iter::once(&self.cluster).chain(&self.fleet)
    }

    /// All scopes of the request.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.iter().flat_map(|q| &q.scopes)
    }
}

/// The namespace below `base` in both of its spellings, or `base` itself (semantics §3.1, §3.3).
fn scopes(base: &Scope, target: &Target) -> Vec<Scope> {
    match target {
        Target::Resource(request) if !request.namespace.is_empty() => {
            ["namespaces", "managedNamespaces"]
                .map(|kind| base.child(kind, &request.namespace))
                .into()
        }
        Target::Resource(_) | Target::NonResource(_) => vec![base.clone()],
    }
}
