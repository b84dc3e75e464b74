//! A policy and a review of any size, for whatever is measured about a decision.

use std::time::Duration;

use kubentra::authz::{
    AccessRequest, ClusterScope, DecisionRules, ObjectId, PolicyDocuments, PolicySetting,
    PolicySnapshot, Principal, ResourceRequest, RoleAssignment, Target,
};
use kubentra::builtin;
use kubentra::clock::Now;
use kubentra::review::access::CallerRules;
use kubentra::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use kubentra::service::policy_store::PolicyStore;

const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";

/// The caller, who is no group.
const CALLER: u128 = 1 << 64;

fn id(n: u128) -> ObjectId {
    n.into()
}

/// Every group reads one namespace of its own; the last one is Cluster Admin everywhere.
pub(crate) fn policy(groups: u128) -> PolicySnapshot {
    let assignment = |n: u128, role: &str, scope: String| RoleAssignment {
        id: format!("{CLUSTER}/providers/Microsoft.Authorization/roleAssignments/{n:08}"),
        principal: id(n),
        role: role.parse().unwrap(),
        scope: scope.parse().unwrap(),
        condition: None,
    };
    let readers = (1..groups).map(|n| assignment(n, READER, format!("{CLUSTER}/namespaces/ns{n}")));
    let admin = assignment(groups, CLUSTER_ADMIN, CLUSTER.to_owned());
    let setting = PolicySetting {
        cluster: ClusterScope::new(CLUSTER.parse().unwrap(), &[], None).unwrap(),
        operations: builtin::operations().unwrap(),
        rules: DecisionRules::default(),
    };
    let documents = PolicyDocuments {
        role_assignments: readers.chain([admin]).collect(),
        ..builtin::documents().unwrap().clone()
    };
    PolicySnapshot::new(&setting, documents)
}

/// Of a member of the first groups: may it read secrets, which readers may not?
pub(crate) fn request(groups: u128) -> AccessRequest {
    AccessRequest {
        principal: Principal::new(id(CALLER), (1..=groups).map(id), None).unwrap(),
        target: Target::Resource(ResourceRequest {
            verb: "get".to_owned(),
            resource: "secrets".to_owned(),
            namespace: "ns1".to_owned(),
            ..ResourceRequest::default()
        }),
    }
}

/// The same, as it is posted.
pub(crate) fn body(groups: u128) -> Vec<u8> {
    let groups: Vec<_> = (1..=groups).map(|n| id(n).to_string()).collect();
    serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "resourceAttributes": { "namespace": "ns1", "verb": "get", "version": "v1", "resource": "secrets" },
            "user": "alice@contoso.example",
            "groups": groups,
            "extra": { "oid": [id(CALLER).to_string()] },
        },
        "status": { "allowed": false },
    })
    .to_string()
    .into_bytes()
}

pub(crate) fn callers() -> CallerRules {
    CallerRules { object_id_extra_key: "oid".to_owned(), ..CallerRules::default() }
}

/// What answers reviews by [`policy`].
pub(crate) fn authorizer(groups: u128) -> Authorizer {
    let (store, reader) = PolicyStore::new();
    store.publish(policy(groups), Now::read());
    let settings = AuthorizerSettings {
        callers: callers(),
        mode: PolicyMode::AzureRbac,
        max_staleness: Duration::from_secs(3600),
    };
    Authorizer::new(settings, reader)
}
