//! Who can do one thing.

use jiff::Timestamp;
use serde::Serialize;

use crate::authz::assignment::short_id;
use crate::authz::deny::forbids;
use crate::authz::inquiry::Inquiry;
use crate::authz::mapping::is_discovery;
use crate::authz::refusal::{Verdict, judge};
use crate::authz::{DenyAssignment, Discovery, ObjectId, PolicySnapshot, Target};

/// Everyone who can do one thing, and what takes it away from some.
///
/// Group members are not in the policy: a group stands for its members, and a member may still be
/// denied through another group.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoCan {
    /// Who can, and by what: role assignments (broadest scope first), discovery, trusted access,
    /// administrator groups.
    pub items: Vec<Holder>,
    /// Who is granted it and still cannot, since a deny assignment that spares nobody names them.
    pub denied_items: Vec<Holder>,
    /// Deny assignments that forbid it, whoever is granted it.
    pub deny_assignments: Vec<Denial>,
}

/// One grant and whom it reaches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Holder {
    /// A role assignment.
    RoleAssignment {
        /// Whom it is assigned to: a user, a group or a service principal.
        principal: String,
        /// Name of the role.
        role: String,
        /// GUID of its definition.
        role_definition: String,
        /// Where it is assigned.
        scope: String,
        /// Full id of the assignment.
        assignment: String,
        /// When its schedule ends (RFC 3339); null if it has no end.
        until: Option<String>,
        /// Ids of the deny assignments that name this principal. Where the grant is still listed as
        /// one, they spare somebody, who may be this principal through a group.
        denied_by: Vec<String>,
    },
    /// Every Entra identity, since it is a read of a discovery path.
    Discovery,
    /// A trusted-access binding.
    TrustedAccess {
        /// The resource whose identity it lets in.
        source: String,
        /// Name of the binding.
        binding: String,
        /// Full name of the role.
        role: String,
    },
    /// A cluster administrator group.
    AdminGroup {
        /// The group.
        principal: String,
        /// As for a role assignment.
        denied_by: Vec<String>,
    },
}

impl Holder {
    /// Ids of the deny assignments that name the holder.
    fn denied_by(&self) -> &[String] {
        match self {
            Self::RoleAssignment { denied_by, .. } | Self::AdminGroup { denied_by, .. } => {
                denied_by
            }
            Self::Discovery | Self::TrustedAccess { .. } => &[],
        }
    }
}

/// A deny assignment that forbids it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// Full id of the deny assignment.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it applies.
    pub scope: String,
    /// The action that it forbids here.
    pub action: String,
    /// Whom it denies; all zeros is everyone.
    pub principals: Vec<String>,
    /// Whom it spares.
    pub exclude_principals: Vec<String>,
}

/// Says who can do `target`, by the rules of semantics §4, §6.2, §7 and §8.1.
pub fn who_can(policy: &PolicySnapshot, target: &Target, now: Timestamp) -> WhoCan {
    let inquiry = Inquiry::of(policy, target, now);
    let documents = policy.documents();
    let mut denies: Vec<_> = documents
        .deny_assignments
        .iter()
        .filter(|deny| !deny.principals.is_empty() && policy.cluster().concerns(&deny.scope))
        .filter_map(|deny| forbids(&inquiry, deny).ok().map(|action| (deny, action)))
        .collect();
    denies.sort_by_cached_key(|(deny, _)| deny.id.to_ascii_lowercase());
    let denied_by = |id| -> Vec<String> {
        let applying = denies.iter().filter(|(deny, _)| names(deny, id));
        applying.map(|(deny, _)| deny.id.clone()).collect()
    };

    let mut items = holders(&inquiry, denied_by);
    if let Target::NonResource(asked) = target
        && policy.rules().discovery == Discovery::Allow
        && is_discovery(asked)
    {
        items.push(Holder::Discovery);
    }
    items.extend(trusted(policy, target));
    items.extend(policy.rules().admin_groups.iter().map(|&group| Holder::AdminGroup {
        principal: group.to_string(),
        denied_by: denied_by(group),
    }));
    let sparing_nobody = |id: &String| {
        denies.iter().any(|(deny, _)| deny.id == *id && deny.exclude_principals.is_empty())
    };
    let nobody = denies.iter().any(|(deny, _)| {
        deny.principals.contains(&ObjectId::EVERYONE) && deny.exclude_principals.is_empty()
    });
    let (denied_items, items) =
        items.into_iter().partition(|item| nobody || item.denied_by().iter().any(sparing_nobody));
    let deny_assignments = denies.iter().map(|(deny, action)| denial(deny, action)).collect();
    WhoCan { items, denied_items, deny_assignments }
}

/// The role assignments that grant: broadest scope first, then by role, then by principal.
fn holders(inquiry: &Inquiry<'_>, denied_by: impl Fn(ObjectId) -> Vec<String>) -> Vec<Holder> {
    let policy = inquiry.policy;
    let mut found: Vec<_> = policy
        .assignees()
        .flat_map(|id| policy.assignments_of(id))
        .filter_map(|entry| match judge(inquiry, entry) {
            Verdict::Grants { until } => Some((&entry.assignment, entry.role.as_ref()?, until)),
            Verdict::Misses(_) | Verdict::Unrelated => None,
        })
        .collect();
    found.sort_by_cached_key(|(assignment, role, _)| {
        let scope = assignment.scope.folded().to_owned();
        let id = short_id(&assignment.id).to_ascii_lowercase();
        (scope.len(), scope, role.name.clone(), assignment.principal, id)
    });
    found
        .into_iter()
        .map(|(assignment, role, until)| Holder::RoleAssignment {
            principal: assignment.principal.to_string(),
            role: role.name.clone(),
            role_definition: role.id.to_string(),
            scope: assignment.scope.to_string(),
            assignment: assignment.id.clone(),
            until: until.map(|until| until.to_string()),
            denied_by: denied_by(assignment.principal),
        })
        .collect()
}

fn trusted(policy: &PolicySnapshot, target: &Target) -> Vec<Holder> {
    let mut found: Vec<_> = policy
        .bindings()
        .flat_map(|entry| entry.roles.iter().map(move |role| (&entry.binding, role)))
        .filter(|(binding, role)| {
            policy.trusts_managed_identity(&binding.source)
                && role.rules.iter().any(|rule| rule.allows(target))
        })
        .collect();
    found.sort_by_cached_key(|(binding, role)| (binding.name.clone(), role.full_name()));
    found
        .into_iter()
        .map(|(binding, role)| Holder::TrustedAccess {
            source: binding.source.to_string(),
            binding: binding.name.clone(),
            role: role.full_name(),
        })
        .collect()
}

/// Says whether a deny assignment reaches a principal, as far as its own id tells.
fn names(deny: &DenyAssignment, id: ObjectId) -> bool {
    let reached = |principal: &ObjectId| *principal == id || principal.is_everyone();
    deny.principals.iter().any(reached) && !deny.exclude_principals.contains(&id)
}

fn denial(deny: &DenyAssignment, action: &str) -> Denial {
    let text = |ids: &[ObjectId]| ids.iter().map(ToString::to_string).collect();
    Denial {
        id: deny.id.clone(),
        name: deny.name.clone(),
        scope: deny.scope.to_string(),
        action: action.to_owned(),
        principals: text(&deny.principals),
        exclude_principals: text(&deny.exclude_principals),
    }
}
