//! Turns documents into an index, and says what in them grants nothing.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::problem::problem;
use super::{
    DenyAssignment, IndexedAssignment, IndexedBinding, ObjectId, PolicyDocuments, PolicyProblem,
    PolicySetting, PolicySnapshot, RoleAssignment, RoleDefinition, RoleDefinitionId, Schedule,
    Scope, Severity, TrustedAccessRole, TrustedAccessRoleBinding, conditions,
};
use crate::authz::assignment::{MemberType, ScheduleInstance, folded_id, short_id};
use crate::authz::cluster::FLEET_MEMBERS;
use crate::authz::data_action::{Reach, RequiredAction};
use crate::authz::role::RoleKind;

/// What a binding's id has between the cluster and its name.
const BINDINGS: &str = "/trustedaccessrolebindings/";

pub(super) fn build(setting: &PolicySetting, documents: PolicyDocuments) -> PolicySnapshot {
    let mut problems = Vec::new();
    let roles: HashMap<_, _> =
        documents.role_definitions.iter().map(|r| (r.id, Arc::new(r.clone()))).collect();
    let cluster = setting.cluster.kind().prefix();
    for role in &documents.role_definitions {
        conditions::of_role(role, cluster, &mut problems);
    }
    let assignments = index_assignments(setting, &documents, &roles, &mut problems);
    let denies = index_denies(setting, &documents.deny_assignments, &mut problems);
    let bindings = index_bindings(setting, &documents, &mut problems);
    let built_in_roles = built_in_by_size(setting, &roles);
    problems.sort();
    problems.dedup();
    PolicySnapshot {
        setting: setting.clone(),
        roles,
        built_in_roles,
        assignments,
        denies,
        bindings,
        problems,
        documents,
    }
}

fn index_assignments(
    setting: &PolicySetting,
    documents: &PolicyDocuments,
    roles: &HashMap<RoleDefinitionId, Arc<RoleDefinition>>,
    problems: &mut Vec<PolicyProblem>,
) -> HashMap<ObjectId, Vec<IndexedAssignment>> {
    let plain: HashSet<_> = documents.role_assignments.iter().map(|a| folded_id(&a.id)).collect();
    let mut bounds: HashMap<String, Vec<&ScheduleInstance>> = HashMap::new();
    for instance in &documents.schedule_instances {
        if let Some(origin) = &instance.origin {
            bounds.entry(folded_id(origin)).or_default().push(instance);
        }
    }
    let scheduled = documents.role_assignments.iter().map(|a| {
        let instances = bounds.get(&folded_id(&a.id));
        (a.clone(), instances.map_or(Schedule::ALWAYS, |i| Schedule::of(i.iter().copied())))
    });
    // An instance that bounds no assignment at hand is one by itself, if it is the principal's own.
    let alone = documents
        .schedule_instances
        .iter()
        .filter(|i| {
            let origin = i.origin.as_ref().map(|id| folded_id(id));
            i.member_type == MemberType::Direct && !origin.is_some_and(|id| plain.contains(&id))
        })
        .map(|i| (as_assignment(i), Schedule::of([i])));
    let mut index: HashMap<ObjectId, Vec<IndexedAssignment>> = HashMap::new();
    for (assignment, schedule) in scheduled.chain(alone) {
        if !setting.cluster.concerns(&assignment.scope) {
            management_group_problem(&assignment.id, &assignment.scope, problems);
            continue;
        }
        let role = roles.get(&assignment.role).cloned();
        let cluster = setting.cluster.kind().prefix();
        conditions::of_assignment(&assignment, role.as_deref(), cluster, problems);
        assignment_problems(&assignment, role.as_deref(), problems);
        if assignment.principal.is_everyone() {
            continue;
        }
        let principal = assignment.principal;
        let entry = IndexedAssignment { assignment: Arc::new(assignment), role, schedule };
        index.entry(principal).or_default().push(entry);
    }
    for list in index.values_mut() {
        list.sort_by_cached_key(|a| order(&a.assignment.scope, &a.assignment.id));
    }
    index
}

/// Which subscriptions a management group has is not visible in their ids. One that is not listed is
/// left out without a word otherwise, and a deny there would be missed by nobody until it matters.
fn management_group_problem(id: &str, scope: &Scope, problems: &mut Vec<PolicyProblem>) {
    if scope.is_management_group() {
        problems.push(problem(
            Severity::Warning,
            "unlisted_management_group",
            id,
            format!(
                "`{scope}` is not in `cluster.managementGroups`: ignored; list it there if the cluster is below it"
            ),
        ));
    }
}

/// Longest scope first, then the smallest id: the order in which grants are named (semantics §9).
fn order(scope: &Scope, id: &str) -> (Reverse<usize>, String) {
    (Reverse(scope.folded().len()), id.to_ascii_lowercase())
}

fn as_assignment(instance: &ScheduleInstance) -> RoleAssignment {
    let ScheduleInstance { id, principal, role, scope, condition, .. } = instance.clone();
    RoleAssignment { id, principal, role, scope, condition }
}

fn assignment_problems(
    assignment: &RoleAssignment,
    role: Option<&RoleDefinition>,
    problems: &mut Vec<PolicyProblem>,
) {
    let id = &assignment.id;
    if assignment.principal.is_everyone() {
        problems.push(problem(
            Severity::Warning,
            "everyone_assignee",
            id,
            "its principal is all zeros, which is nobody in a role assignment: it grants nothing"
                .to_owned(),
        ));
    }
    let Some(role) = role else {
        problems.push(problem(
            Severity::NotUnderstood,
            "unknown_role_definition",
            id,
            format!(
                "role definition `{}` is unknown: it grants nothing; add the definition to `roleDefinitions/`",
                assignment.role
            ),
        ));
        return;
    };
    if !is_assignable(role, &assignment.scope) {
        problems.push(problem(
            Severity::Warning,
            "outside_assignable_scopes",
            id,
            format!(
                "scope `{}` is outside the assignable scopes of role `{}`; Azure would refuse it",
                assignment.scope, role.name
            ),
        ));
    }
}

/// A role without assignable scopes says nothing; one scope that cannot be read covers nothing.
fn is_assignable(role: &RoleDefinition, scope: &Scope) -> bool {
    role.assignable_scopes.is_empty()
        || role.assignable_scopes.iter().any(|allowed| {
            allowed.parse::<Scope>().is_ok_and(|allowed| {
                // Which subscriptions a management group has is not visible in their ids.
                allowed.contains(scope) || allowed.folded().contains("/managementgroups/")
            })
        })
}

fn index_denies(
    setting: &PolicySetting,
    denies: &[DenyAssignment],
    problems: &mut Vec<PolicyProblem>,
) -> HashMap<ObjectId, Vec<Arc<DenyAssignment>>> {
    let mut index: HashMap<ObjectId, Vec<Arc<DenyAssignment>>> = HashMap::new();
    for deny in denies {
        if !setting.cluster.concerns(&deny.scope) {
            management_group_problem(&deny.id, &deny.scope, problems);
            continue;
        }
        conditions::of_deny(deny, problems);
        let deny = Arc::new(deny.clone());
        let principals: HashSet<_> = deny.principals.iter().copied().collect();
        for principal in principals {
            index.entry(principal).or_default().push(Arc::clone(&deny));
        }
    }
    for list in index.values_mut() {
        list.sort_by_cached_key(|d| order(&d.scope, &d.id));
    }
    index
}

fn index_bindings(
    setting: &PolicySetting,
    documents: &PolicyDocuments,
    problems: &mut Vec<PolicyProblem>,
) -> HashMap<Scope, Vec<IndexedBinding>> {
    let roles: HashMap<_, _> = documents
        .trusted_access_roles
        .iter()
        .map(|r| (r.full_name().to_ascii_lowercase(), Arc::new(r.clone())))
        .collect();
    let mut index: HashMap<Scope, Vec<IndexedBinding>> = HashMap::new();
    for binding in &documents.trusted_access_role_bindings {
        let subject = if binding.id.is_empty() { &binding.name } else { &binding.id };
        if is_of_another_cluster(setting, &binding.id) {
            problems.push(problem(
                Severity::Warning,
                "binding_of_another_cluster",
                subject,
                format!("it is not a binding of `{}`: it grants nothing", setting.cluster.id()),
            ));
            continue;
        }
        let known = binding_roles(binding, &roles, subject, problems);
        if binding.state.is_in_force() {
            let entry = IndexedBinding { binding: Arc::new(binding.clone()), roles: known };
            index.entry(binding.source.clone()).or_default().push(entry);
        }
    }
    for list in index.values_mut() {
        list.sort_by_cached_key(|b| {
            (b.binding.id.to_ascii_lowercase(), b.binding.name.to_ascii_lowercase())
        });
    }
    index
}

/// The roles of a binding that are known and made for its source's type; the others grant nothing.
fn binding_roles(
    binding: &TrustedAccessRoleBinding,
    roles: &HashMap<String, Arc<TrustedAccessRole>>,
    subject: &str,
    problems: &mut Vec<PolicyProblem>,
) -> Vec<Arc<TrustedAccessRole>> {
    let source_type = binding.source.resource_type().unwrap_or_default();
    let mut known = Vec::new();
    for name in &binding.roles {
        match roles.get(&name.to_ascii_lowercase()) {
            None => problems.push(problem(
                Severity::NotUnderstood,
                "unknown_trusted_access_role",
                subject,
                format!("trusted access role `{name}` is unknown: it grants nothing"),
            )),
            Some(role) if !role.source_type.eq_ignore_ascii_case(&source_type) => {
                problems.push(problem(
                    Severity::Warning,
                    "trusted_access_role_of_another_type",
                    subject,
                    format!(
                        "role `{name}` is for `{}`, but the source is `{source_type}`: it grants nothing",
                        role.source_type
                    ),
                ));
            }
            Some(role) => known.push(Arc::clone(role)),
        }
    }
    known.sort_by_cached_key(|r| r.full_name().to_ascii_lowercase());
    known.dedup();
    known
}

/// An id that is given must be that of a binding of this cluster.
fn is_of_another_cluster(setting: &PolicySetting, id: &str) -> bool {
    if id.is_empty() {
        return false;
    }
    let folded = id.to_ascii_lowercase();
    let below = folded.strip_prefix(setting.cluster.id().folded());
    !below.is_some_and(|rest| {
        rest.strip_prefix(BINDINGS).is_some_and(|name| !name.is_empty() && short_id(name) == name)
    })
}

/// Built-in roles that grant anything in this cluster, those with the fewest operations first.
fn built_in_by_size(
    setting: &PolicySetting,
    roles: &HashMap<RoleDefinitionId, Arc<RoleDefinition>>,
) -> Vec<Arc<RoleDefinition>> {
    let prefixes =
        [Some(setting.cluster.kind().prefix()), setting.cluster.fleet().map(|_| FLEET_MEMBERS)];
    let operations: Vec<_> = prefixes
        .into_iter()
        .flatten()
        .flat_map(|prefix| setting.operations.iter().map(move |o| format!("{prefix}/{o}")))
        .map(|text| [RequiredAction::new(&text, Reach::Text, false)])
        .collect();
    let size = |role: &RoleDefinition| {
        operations
            .iter()
            .filter(|o| role.permissions.iter().any(|p| p.condition.is_none() && p.grants(*o)))
            .count()
    };
    let mut sized: Vec<_> = roles
        .values()
        .filter(|r| r.kind == RoleKind::BuiltIn)
        .map(|r| (size(r), r.name.clone(), r.id, Arc::clone(r)))
        .filter(|(size, ..)| *size > 0)
        .collect();
    sized.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
    sized.into_iter().map(|(.., role)| role).collect()
}
