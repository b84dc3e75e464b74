//! Small policies and requests made to collide: few principals, near-miss scopes, `*` in odd places,
//! overlapping denies, several permissions. Earlier choices in each list are the simpler ones, so
//! that a failing case shrinks to something readable.

mod requests;

use std::sync::{Arc, LazyLock};

use kubentra::authz::{
    ClusterScope, Condition, DataActionPattern, DecisionRules, DenyAssignment, Discovery,
    KnownOperations, ObjectId, Permission, PolicyDocuments, PolicyRule, PolicySetting,
    PolicySnapshot, ProvisioningState, RoleAssignment, RoleDefinition, RoleKind, Scope,
    Subresources, TrustedAccessRole, TrustedAccessRoleBinding, Ungranted,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) use requests::{principal, question, request};

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const FLEET: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/fleets/f";
const VAULT: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/vaults/v";
const USER_ASSIGNED: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u";

/// The known operations of these worlds: a few of each shape.
pub(crate) const OPERATIONS: &str = "pods/read\npods/write\npods/delete\npods/exec/action\n\
    secrets/read\nservices/write\nnodes/read\nserviceaccounts/read\n\
    serviceaccounts/impersonate/action\nnamespaces/write\napps/deployments/read\n\
    apps/deployments/write\ncertificates.k8s.io/signers/read\n\
    rbac.authorization.k8s.io/roles/bind/action\nrbac.authorization.k8s.io/roles/escalate/action\n\
    customresources/read\ncustomresources/write\nhealthz/etcd/read\nlogs/read\napi/v1/read\n\
    apis/apps/v1/read\nusers/impersonate/action\npolicy/podsecuritypolicies/use/action\n";

/// Who there is: the caller is 1; 0 is everyone.
const CALLER: u128 = 1;

/// A policy that is not built yet, so that a law can change it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) setting: PolicySetting,
    pub(crate) documents: PolicyDocuments,
}

impl World {
    pub(crate) fn snapshot(&self) -> PolicySnapshot {
        PolicySnapshot::new(&self.setting, self.documents.clone())
    }

    /// The policy with other documents.
    pub(crate) fn with(&self, change: impl FnOnce(&mut PolicyDocuments)) -> PolicySnapshot {
        let mut documents = self.documents.clone();
        change(&mut documents);
        PolicySnapshot::new(&self.setting, documents)
    }
}

fn text(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(choices).prop_map(str::to_owned)
}

/// Up to two of a few words, in their order.
fn words(choices: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(choices, 0..=2).prop_map(|w| w.into_iter().map(str::to_owned).collect())
}

/// What patterns begin with; the right one is the most frequent.
#[rustfmt::skip]
const PREFIXES: &[&str] = &[
    "Microsoft.ContainerService/managedClusters", "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/managedClusters", "microsoft.containerservice/MANAGEDCLUSTERS",
    "Microsoft.ContainerService/fleets/members", "Microsoft.ContainerService/fleets",
    "Microsoft.ContainerService/managedClustersX", "Microsoft.ContainerService/*", "*",
];

/// What patterns end with.
#[rustfmt::skip]
const TAILS: &[&str] = &[
    "*", "*", "*", "pods/read", "pods/*", "pods/write", "*/read", "*/write", "pods/exec/action",
    "pods", "pods*", "*pods", "*pods*", "p*ds/*", "pod*", "*s", "*s/read", "*/*", "**",
    "secrets/*", "secrets/read", "apps/*", "apps/deployments/read", "apps/deployments/*",
    "*/deployments/*", "*/pods/read", "customresources/read", "customresources/*", "*/action",
    "*exec*", "serviceaccounts/impersonate/action", "nodes/*", "services/write", "example.com/*",
    "certificates.k8s.io/*", "*/signers", "healthz/*", "logs", "logs/*", "logs/read", "",
    "api/v1/read", "*/bind/action", "PODS/READ",
];

pub(crate) fn pattern() -> impl Strategy<Value = DataActionPattern> {
    let prefixes = select(PREFIXES);
    let tails = select(TAILS);
    // A `*` put anywhere, sometimes.
    let star = prop_oneof![5 => Just(None), 1 => any::<proptest::sample::Index>().prop_map(Some)];
    let whole = prop_oneof![
        12 => (prefixes, tails).prop_map(|(prefix, tail)| format!("{prefix}/{tail}")),
        2 => text(&["*", "*/read", "**", "*/*/*", "*/write", "*/delete", "*/managedClusters*"]),
    ];
    (whole, star).prop_map(|(mut pattern, star)| {
        if let Some(at) = star {
            pattern.insert(at.index(pattern.len() + 1), '*');
        }
        pattern.parse().unwrap()
    })
}

pub(crate) fn scope() -> impl Strategy<Value = Scope> {
    let near = prop_oneof![
        4 => Just(CLUSTER.to_owned()),
        4 => Just(format!("{CLUSTER}/namespaces/team")),
        1 => text(&[
            "/", "/subscriptions/s", "/subscriptions/S/", "/subscriptions/s/resourceGroups/g",
            "/subscriptions/s2", "/subscriptions/s/resourceGroups/g2",
            "/providers/Microsoft.Management/managementGroups/MG",
            "/providers/Microsoft.Management/managementGroups/other",
        ]),
        1 => Just(CLUSTER.to_uppercase()),
        2 => select(&[
            "2", "/namespaces", "/namespaces/TEAM/", "/namespaces/tea", "/namespaces/team2",
            "/namespaces/other", "/namespaces/team/a", "/managedNamespaces/team",
            "/namespaces/team/deployments/x",
        ][..]).prop_map(|tail| format!("{CLUSTER}{tail}")),
        1 => select(&["", "/namespaces/team", "/managedNamespaces/Team", "/members/c", "2"][..])
            .prop_map(|tail| format!("{FLEET}{tail}")),
    ];
    near.prop_map(|text| text.parse().unwrap())
}

/// A condition that nobody can understand; most have none.
fn condition() -> impl Strategy<Value = Option<Condition>> {
    prop_oneof![9 => Just(None), 1 => Just(Condition::new(Some("not a condition"), Some("2.0")))]
}

fn permission() -> impl Strategy<Value = Permission> {
    let (given, taken) = (vec(pattern(), 1..4), vec(pattern(), 0..3));
    // Control-plane actions, which never grant data access.
    let actions = prop_oneof![3 => Just(vec![]), 1 => vec(pattern(), 1..2)];
    (given, taken, actions, condition()).prop_map(
        |(data_actions, not_data_actions, actions, condition)| Permission {
            actions,
            data_actions,
            not_data_actions,
            condition,
            ..Permission::default()
        },
    )
}

/// Most often someone whom the caller is or may be a member of.
fn principal_id(from: u128) -> impl Strategy<Value = ObjectId> {
    prop_oneof![3 => Just(from.max(1)), 2 => from..4, 1 => from..7].prop_map(ObjectId::from)
}

/// Definition `number`; assignments may also name one that does not exist.
fn role(number: u128) -> impl Strategy<Value = RoleDefinition> {
    let kind = select(&[RoleKind::BuiltIn, RoleKind::Custom][..]);
    (kind, vec(permission(), 1..3)).prop_map(move |(kind, permissions)| RoleDefinition {
        id: number.into(),
        name: format!("Role {number}"),
        kind,
        assignable_scopes: vec!["/".to_owned()],
        permissions,
    })
}

/// An assignment whose id the caller of this makes unique.
pub(crate) fn role_assignment() -> impl Strategy<Value = RoleAssignment> {
    (principal_id(0), prop_oneof![9 => 1_u128..4, 1 => Just(4)], scope(), condition()).prop_map(
        |(principal, role, scope, condition)| RoleAssignment {
            id: String::new(),
            principal,
            role: role.into(),
            scope,
            condition,
        },
    )
}

pub(crate) fn deny_assignment() -> impl Strategy<Value = DenyAssignment> {
    let principals = vec(principal_id(0), 1..3);
    let spared = prop_oneof![3 => Just(vec![]), 1 => vec(principal_id(0), 1..3)];
    let permissions = vec(permission(), 1..3);
    (principals, spared, scope(), any::<bool>(), permissions, condition()).prop_map(
        |(principals, exclude_principals, scope, only_here, permissions, condition)| {
            DenyAssignment {
                id: String::new(),
                name: "a deny".to_owned(),
                principals,
                exclude_principals,
                scope,
                do_not_apply_to_child_scopes: only_here,
                permissions,
                condition,
            }
        },
    )
}

fn rule() -> impl Strategy<Value = PolicyRule> {
    let verbs = words(&["get", "list", "*", "create"]);
    let api_groups = words(&["", "*", "apps"]);
    let resources = words(&["pods", "*", "pods/log", "*/scale", "pods/exec", "deployments"]);
    let names = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["a".to_owned()])];
    let paths = words(&["/logs", "/logs/*", "*", "/metrics"]);
    (verbs, api_groups, resources, names, paths).prop_map(
        |(verbs, api_groups, resources, resource_names, non_resource_urls)| PolicyRule {
            verbs,
            api_groups,
            resources,
            resource_names,
            non_resource_urls,
        },
    )
}

fn trusted_access_role(name: &'static str) -> impl Strategy<Value = TrustedAccessRole> {
    vec(rule(), 1..3).prop_map(move |rules| TrustedAccessRole {
        source_type: "Microsoft.X/vaults".to_owned(),
        name: name.to_owned(),
        rules,
    })
}

fn binding() -> impl Strategy<Value = TrustedAccessRoleBinding> {
    let roles =
        words(&["Microsoft.X/vaults/one", "microsoft.x/Vaults/TWO", "Microsoft.X/vaults/no"]);
    let states = select(&["", "Updating", "Failed"][..]).prop_map(|state| match state {
        "" => ProvisioningState::Succeeded,
        "Updating" => ProvisioningState::Updating,
        other => ProvisioningState::Other(other.to_owned()),
    });
    (text(&[VAULT, USER_ASSIGNED]), roles, states).prop_map(|(source, roles, state)| {
        TrustedAccessRoleBinding {
            id: String::new(),
            name: String::new(),
            source: source.parse().unwrap(),
            roles,
            state,
        }
    })
}

fn setting() -> impl Strategy<Value = PolicySetting> {
    static KNOWN: LazyLock<Arc<KnownOperations>> =
        LazyLock::new(|| Arc::new(KnownOperations::parse(OPERATIONS).unwrap()));
    let clusters = prop_oneof![
        3 => Just((CLUSTER, None)),
        1 => Just((CLUSTER, Some(FLEET))),
        1 => Just((FLEET, None)),
    ];
    let rules = (
        select(&[Ungranted::NoOpinion, Ungranted::Deny][..]),
        select(&[Discovery::Allow, Discovery::Evaluate][..]),
        select(&[Subresources::Strict, Subresources::Aks][..]),
        prop_oneof![3 => Just(vec![]), 1 => vec(principal_id(1), 1..3)],
    );
    (clusters, rules).prop_map(|((id, fleet), (ungranted, discovery, subresources, admins))| {
        let fleet = fleet.map(|f| f.parse().unwrap());
        let groups = ["mg".to_owned()];
        PolicySetting {
            cluster: ClusterScope::new(id.parse().unwrap(), &groups, fleet).unwrap(),
            operations: Arc::clone(&KNOWN),
            rules: DecisionRules { ungranted, discovery, subresources, admin_groups: admins },
        }
    })
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let documents = (
        (role(1), role(2), role(3)),
        vec(role_assignment(), 0..6),
        prop_oneof![3 => Just(vec![]), 2 => vec(deny_assignment(), 1..3)],
        (trusted_access_role("one"), trusted_access_role("two")),
        vec(binding(), 0..3),
    );
    (setting(), documents).prop_map(|(setting, documents)| {
        let (roles, mut assignments, mut denies, trusted, mut bindings) = documents;
        // Upper case sorts elsewhere than lower case, unless case is ignored.
        for (n, assignment) in assignments.iter_mut().enumerate() {
            assignment.id = format!("/{}/{n}", if n % 2 == 0 { "A" } else { "a" });
        }
        for (n, deny) in denies.iter_mut().enumerate() {
            deny.id = format!("/{}/{n}", if n % 2 == 0 { "d" } else { "D" });
        }
        for (n, binding) in bindings.iter_mut().enumerate() {
            binding.name = format!("b{n}");
            binding.id = format!("{}/trustedAccessRoleBindings/b{n}", setting.cluster.id());
        }
        let documents = PolicyDocuments {
            role_definitions: vec![roles.0, roles.1, roles.2],
            role_assignments: assignments,
            deny_assignments: denies,
            trusted_access_roles: vec![trusted.0, trusted.1],
            trusted_access_role_bindings: bindings,
            ..PolicyDocuments::default()
        };
        World { setting, documents }
    })
}
