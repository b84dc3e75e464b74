//! Small policies and requests made to collide: few principals, near-miss scopes, `*` in odd places,
//! overlapping denies, several permissions. Earlier choices in each list are the simpler ones, so
//! that a failing case shrinks to something readable.

mod requests;
mod trusted_access;

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kubentra::authz::{
    ClusterScope, Condition, DataActionPattern, DecisionRules, DenyAssignment, Discovery,
    KnownOperations, MemberType, ObjectId, Permission, PolicyDocuments, PolicySetting,
    PolicySnapshot, RoleAssignment, RoleDefinition, RoleKind, ScheduleInstance, Scope,
    Subresources, Ungranted,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) use requests::{principal, question, request};
use trusted_access::{binding, trusted_access_role};

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

/// Conditions of every kind; the last is one that nobody can understand. There is no `Exists`: what a
/// question does not have, each of its parts may have (docs/semantics.md, the choices on §5.4).
#[rustfmt::skip]
const CONDITIONS: &[&str] = &[
    "ActionMatches{'Microsoft.ContainerService/managedClusters/pods/*'}",
    "!(ActionMatches{'*/read'})",
    "ActionMatches{'*'} AND @Environment[UtcNow] DateTimeLessThan '1970-01-01T00:00:03Z'",
    "@Environment[UtcNow] DateTimeGreaterThanEquals '1970-01-01T00:00:02Z'",
    "NOT @Environment[UtcNow] DateTimeEquals '1970-01-01T00:00:04Z'",
    "@Request[Microsoft.ContainerService/managedClusters/customResources:group] StringEquals 'example.com'",
    "NOT @Request[Microsoft.ContainerService/managedClusters/customResources:kind] StringEquals 'widgets'",
    "ActionMatches{'*/read'} OR @Request[Microsoft.ContainerService/managedClusters/resources:subresource] StringEquals 'log'",
    "SubOperationMatches{'x'}",
    "!(@Principal[x] StringEquals 'y')",
    "not a condition",
];

/// A condition; most have none.
fn condition() -> impl Strategy<Value = Option<Condition>> {
    let some = select(CONDITIONS).prop_map(|text| Condition::new(Some(text), Some("2.0")));
    prop_oneof![6 => Just(None), 4 => some]
}

/// A moment near the edges of the schedules and conditions.
pub(crate) fn now() -> impl Strategy<Value = Timestamp> {
    (0..7_i64).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn bound() -> impl Strategy<Value = Option<Timestamp>> {
    prop_oneof![1 => Just(None), 2 => now().prop_map(Some)]
}

/// An instance whose id the caller of this makes unique. Its origin is an assignment that is there,
/// or one that is not.
pub(crate) fn schedule_instance() -> impl Strategy<Value = ScheduleInstance> {
    let origin = prop_oneof![
        1 => Just(None),
        4 => select(&["/a/0", "/A/1", "/a/2", "/a/55"][..]).prop_map(|o| Some(o.to_owned())),
    ];
    let member_type = prop_oneof![
        3 => Just(MemberType::Direct),
        1 => Just(MemberType::Other("Group".to_owned())),
    ];
    let status = select(&[Some("Provisioned"), None, Some("Revoked")][..]);
    (role_assignment(), origin, member_type, status, bound(), bound()).prop_map(
        |(assignment, origin, member_type, status, start, end)| {
            let RoleAssignment { id, principal, role, scope, condition } = assignment;
            let status = status.map(str::to_owned);
            ScheduleInstance {
                id,
                principal,
                role,
                scope,
                condition,
                origin,
                member_type,
                status,
                start,
                end,
            }
        },
    )
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

fn setting() -> impl Strategy<Value = PolicySetting> {
    static KNOWN: LazyLock<Arc<KnownOperations>> =
        LazyLock::new(|| Arc::new(KnownOperations::of(OPERATIONS.lines()).unwrap()));
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
        vec(schedule_instance(), 0..4),
        prop_oneof![3 => Just(vec![]), 2 => vec(deny_assignment(), 1..3)],
        (trusted_access_role("one"), trusted_access_role("two")),
        vec(binding(), 0..3),
    );
    (setting(), documents).prop_map(|(setting, documents)| {
        let (roles, mut assignments, mut instances, mut denies, trusted, mut bindings) = documents;
        // Upper case sorts elsewhere than lower case, unless case is ignored.
        for (n, assignment) in assignments.iter_mut().enumerate() {
            assignment.id = format!("/{}/{n}", if n % 2 == 0 { "A" } else { "a" });
        }
        for (n, instance) in instances.iter_mut().enumerate() {
            instance.id = format!("/i/{n}");
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
            schedule_instances: instances,
            deny_assignments: denies,
            trusted_access_roles: vec![trusted.0, trusted.1],
            trusted_access_role_bindings: bindings,
        };
        World { setting, documents }
    })
}
