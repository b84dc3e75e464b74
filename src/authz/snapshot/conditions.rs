//! What the conditions of a policy say that nobody can have meant (semantics §4.5).

use super::problem::problem;
use super::{DenyAssignment, PolicyProblem, RoleAssignment, RoleDefinition, Severity};
use crate::authz::condition::Condition;
use crate::authz::data_action::{Reach, RequiredAction};

/// Problems of a role's conditions. `prefix` is the cluster's type.
pub(super) fn of_role(role: &RoleDefinition, prefix: &str, problems: &mut Vec<PolicyProblem>) {
    let subject = role.id.to_string();
    for condition in role.permissions.iter().filter_map(|p| p.condition.as_ref()) {
        let follows = "the permission that has it grants nothing";
        not_understood("condition", &subject, condition, follows, problems);
        if concerns(role, prefix) {
            doubtful(&subject, condition, problems);
        }
    }
}

/// Problems of an assignment's condition.
pub(super) fn of_assignment(
    assignment: &RoleAssignment,
    role: Option<&RoleDefinition>,
    prefix: &str,
    problems: &mut Vec<PolicyProblem>,
) {
    let Some(condition) = &assignment.condition else { return };
    not_understood("condition", &assignment.id, condition, "it grants nothing", problems);
    if role.is_some_and(|role| concerns(role, prefix)) {
        doubtful(&assignment.id, condition, problems);
    }
}

/// Problems of the conditions of a deny assignment.
pub(super) fn of_deny(deny: &DenyAssignment, problems: &mut Vec<PolicyProblem>) {
    let permissions = deny.permissions.iter().filter_map(|p| p.condition.as_ref());
    for condition in permissions.chain(&deny.condition) {
        let follows = "it applies whenever the rest does";
        not_understood("deny_condition", &deny.id, condition, follows, problems);
        doubtful(&deny.id, condition, problems);
    }
}

/// Conditions for storage accounts and the like ask for what no review has, and rightly so: whether
/// a role has anything to do with clusters.
fn concerns(role: &RoleDefinition, prefix: &str) -> bool {
    let everything = RequiredAction::new(&format!("{prefix}/*"), Reach::Text, true);
    role.permissions.iter().flat_map(|p| &p.data_actions).any(|p| p.touches(&everything))
}

fn not_understood(
    kind: &'static str,
    subject: &str,
    condition: &Condition,
    follows: &str,
    problems: &mut Vec<PolicyProblem>,
) {
    if let Some(wrong) = condition.problem() {
        let message = format!("its condition is not understood, so {follows}: {wrong}");
        let found = problem(Severity::NotUnderstood, kind, subject, message);
        problems.push(PolicyProblem { excerpt: condition.excerpt(), ..found });
    }
}

fn doubtful(subject: &str, condition: &Condition, problems: &mut Vec<PolicyProblem>) {
    problems.extend(condition.doubts().into_iter().map(|doubt| {
        let message = format!("its condition, {doubt}");
        problem(Severity::Warning, "doubtful_condition", subject, message)
    }));
}
