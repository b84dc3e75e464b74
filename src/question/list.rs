//! What one principal may do.

use jiff::Timestamp;
use serde::Serialize;

use crate::authz::question::Questions;
use crate::authz::schedule::InForce;
use crate::authz::snapshot::IndexedAssignment;
use crate::authz::{
    Condition, DataActionPattern, ObjectId, Permission, PolicySnapshot, Principal, ResourceRequest,
    Scope, Target,
};

/// Everything that grants to one principal, or takes away from it, in this cluster.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// What grants: role assignments (longest scope first), trusted access, administrator groups.
    pub items: Vec<Listed>,
    /// Deny assignments that name the principal, one of its groups, or everyone.
    pub deny_assignments: Vec<ListedDeny>,
}

/// One grant.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Listed {
    /// A role assignment.
    RoleAssignment {
        /// Name of the role, or the GUID of an unknown one.
        role: String,
        /// GUID of its definition.
        role_definition: String,
        /// Where it is assigned.
        scope: String,
        /// Full id of the assignment.
        assignment: String,
        /// The group that it came through.
        group: Option<String>,
        /// What the role grants inside the cluster, one for each permission that has data actions.
        permissions: Vec<ListedPermission>,
        /// What narrows the assignment.
        #[serde(skip_serializing_if = "Option::is_none")]
        condition: Option<String>,
        /// When it ends (RFC 3339), if it is in force now and has an end.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// Why it grants nothing, if it does not.
        grants_nothing: Option<String>,
    },
    /// A role of a trusted-access binding.
    TrustedAccess {
        /// Name of the binding.
        binding: String,
        /// Full name of the role.
        role: String,
    },
    /// Everything, as a member of a cluster administrator group.
    AdminGroup {
        /// The group.
        group: String,
    },
}

/// One permission of a role, as far as the cluster is concerned.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedPermission {
    /// What it grants.
    pub data_actions: Vec<String>,
    /// What is left out of it.
    pub not_data_actions: Vec<String>,
    /// What narrows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// One deny assignment.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedDeny {
    /// Full id of the deny assignment.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it applies.
    pub scope: String,
    /// Whom it names: the principal, a group of it, or everyone (all zeros).
    pub principal: String,
    /// What it forbids.
    pub permissions: Vec<ListedPermission>,
    /// What narrows it: it applies where this is true, or cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Lists what grants to `principal` or takes away from it. With a namespace, only what covers that
/// namespace; without one, whatever lies in this cluster or above it.
pub fn list(
    policy: &PolicySnapshot,
    principal: &Principal,
    namespace: Option<&str>,
    now: Timestamp,
) -> Listing {
    let within = |scope: &Scope| {
        namespace.is_none_or(|namespace| {
            scopes_of(policy, namespace).iter().any(|asked| policy.cluster().covers(scope, asked))
        })
    };
    let mut assignments: Vec<_> = principal
        .ids()
        .flat_map(|id| policy.assignments_of(id))
        .filter(|entry| within(&entry.assignment.scope))
        .collect();
    assignments.sort_by_cached_key(|entry| {
        let assignment = &entry.assignment;
        (std::cmp::Reverse(assignment.scope.folded().len()), assignment.id.to_ascii_lowercase())
    });
    let mut items: Vec<_> =
        assignments.into_iter().map(|entry| listed(entry, principal.id(), now)).collect();
    let bindings = principal.managed_identity().map_or(&[][..], |id| policy.bindings_of(id));
    items.extend(bindings.iter().flat_map(|entry| {
        entry.roles.iter().map(|role| Listed::TrustedAccess {
            binding: entry.binding.name.clone(),
            role: role.full_name(),
        })
    }));
    let admins = principal.groups().iter().filter(|g| policy.rules().admin_groups.contains(g));
    items.extend(admins.map(|group| Listed::AdminGroup { group: group.to_string() }));

    let mut deny_assignments: Vec<ListedDeny> = Vec::new();
    for id in principal.ids().chain([ObjectId::EVERYONE]) {
        for deny in policy.denies_of(id).iter().filter(|deny| within(&deny.scope)) {
            let spared = principal.ids().any(|id| deny.exclude_principals.contains(&id));
            if !spared && deny_assignments.iter().all(|listed| listed.id != deny.id) {
                deny_assignments.push(ListedDeny {
                    id: deny.id.clone(),
                    name: deny.name.clone(),
                    scope: deny.scope.to_string(),
                    principal: id.to_string(),
                    permissions: deny.permissions.iter().filter_map(permission).collect(),
                    condition: deny.condition.as_ref().map(ToString::to_string),
                });
            }
        }
    }
    Listing { items, deny_assignments }
}

/// The scopes that a request in `namespace` has.
fn scopes_of(policy: &PolicySnapshot, namespace: &str) -> Vec<Scope> {
    let anything = Target::Resource(ResourceRequest {
        namespace: namespace.to_owned(),
        ..ResourceRequest::default()
    });
    Questions::of(policy, &anything).scopes().cloned().collect()
}

fn listed(entry: &IndexedAssignment, caller: ObjectId, now: Timestamp) -> Listed {
    let in_force = entry.schedule.at(now);
    let assignment = &entry.assignment;
    let role = entry.role.as_deref();
    let group = (assignment.principal != caller).then(|| assignment.principal.to_string());
    Listed::RoleAssignment {
        role: role.map_or_else(|| assignment.role.to_string(), |role| role.name.clone()),
        role_definition: assignment.role.to_string(),
        scope: assignment.scope.to_string(),
        assignment: assignment.id.clone(),
        group,
        permissions: role
            .map_or_else(Vec::new, |role| role.permissions.iter().filter_map(permission).collect()),
        condition: assignment.condition.as_ref().map(ToString::to_string),
        until: match in_force {
            InForce::Yes { until } => until.map(|until| until.to_string()),
            InForce::NotYet(_) | InForce::Expired(_) | InForce::NotProvisioned => None,
        },
        grants_nothing: grants_nothing(entry, in_force),
    }
}

/// Why an assignment grants nothing in the cluster, whatever is asked.
fn grants_nothing(entry: &IndexedAssignment, in_force: InForce) -> Option<String> {
    let Some(role) = entry.role.as_deref() else {
        return Some("its role definition is unknown".to_owned());
    };
    if !matches!(in_force, InForce::Yes { .. }) {
        return Some(in_force.to_string());
    }
    let not_understood = |condition: &Option<Condition>| {
        condition.as_ref().is_some_and(|condition| condition.problem().is_some())
    };
    if not_understood(&entry.assignment.condition) {
        return Some("its condition is not understood".to_owned());
    }
    let mut with_data = role.permissions.iter().filter(|p| !p.data_actions.is_empty()).peekable();
    if with_data.peek().is_none() {
        return Some(
            "its role has no data actions, so it grants nothing inside a cluster".to_owned(),
        );
    }
    with_data
        .all(|p| not_understood(&p.condition))
        .then(|| "the condition of its role is not understood".to_owned())
}

/// The data half of a permission; none if it is about the control plane only.
fn permission(permission: &Permission) -> Option<ListedPermission> {
    if permission.data_actions.is_empty() {
        return None;
    }
    let text = |patterns: &[DataActionPattern]| {
        patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    };
    Some(ListedPermission {
        data_actions: text(&permission.data_actions),
        not_data_actions: text(&permission.not_data_actions),
        condition: permission.condition.as_ref().map(ToString::to_string),
    })
}
