//! How far an assignment is from granting, and what a refusal says of it (semantics §9).

use std::fmt;

use super::decision::{Miss, NearestMiss, Refusal};
use super::evaluate::precedence;
use super::principal::Principal;
use super::question::{Question, Questions};
use super::role::RoleDefinition;
use super::snapshot::{IndexedAssignment, PolicySnapshot};

/// What one assignment says to a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// It grants.
    Grants,
    /// It almost does.
    Misses(Miss),
    /// It has nothing to do with it.
    Unrelated,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grants => "grants it",
            Self::Misses(Miss::Condition) => "has a condition, which is not evaluated yet",
            Self::Misses(Miss::Schedule) => "has a schedule, which is not evaluated yet",
            Self::Misses(Miss::OtherScope) => {
                "has the action, but its scope does not cover the request"
            }
            Self::Misses(Miss::UnknownRole) => "the role definition is unknown",
            Self::Misses(Miss::LacksAction) => "covers the request, but lacks the action",
            Self::Unrelated => "neither covers the request nor has the action",
        })
    }
}

/// Says whether one assignment grants any of the questions (semantics §4.2). The same as a
/// [`judge`] that says [`Verdict::Grants`], without finding out how near a miss is: whoever only
/// decides looks at the patterns of a role only where its assignment covers the request.
pub(super) fn grants(
    policy: &PolicySnapshot,
    entry: &IndexedAssignment,
    questions: &Questions,
) -> bool {
    let Some(role) = entry.role.as_deref().filter(|_| entry.inert.is_none()) else {
        return false;
    };
    questions.iter().any(|question| {
        covers(policy, entry, question) && has_action(role, question) == Some(HasAction::Surely)
    })
}

fn covers(policy: &PolicySnapshot, entry: &IndexedAssignment, question: &Question) -> bool {
    question.scopes.iter().any(|s| policy.cluster().covers(&entry.assignment.scope, s))
}

/// Judges one assignment: the nearest it comes to granting any of the questions (semantics §4.2).
pub fn judge(policy: &PolicySnapshot, entry: &IndexedAssignment, questions: &Questions) -> Verdict {
    questions.iter().map(|q| judge_one(policy, entry, q)).min().unwrap_or(Verdict::Unrelated)
}

fn judge_one(policy: &PolicySnapshot, entry: &IndexedAssignment, question: &Question) -> Verdict {
    let covers = covers(policy, entry, question);
    let Some(role) = entry.role.as_deref() else {
        return if covers { Verdict::Misses(Miss::UnknownRole) } else { Verdict::Unrelated };
    };
    match (covers, entry.inert) {
        (true, inert) => match (has_action(role, question), inert) {
            (Some(HasAction::Surely), None) => Verdict::Grants,
            (Some(HasAction::Conditionally), None) => Verdict::Misses(Miss::Condition),
            (Some(_), Some(inert)) => Verdict::Misses(inert),
            (None, _) => Verdict::Misses(Miss::LacksAction),
        },
        (false, None) if has_action(role, question).is_some() => Verdict::Misses(Miss::OtherScope),
        (false, _) => Verdict::Unrelated,
    }
}

/// How a role has an action.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum HasAction {
    /// One of its permissions grants it.
    Surely,
    /// Only permissions with a condition do.
    Conditionally,
}

fn has_action(role: &RoleDefinition, question: &Question) -> Option<HasAction> {
    let mut found = None;
    for permission in role.permissions.iter().filter(|p| p.grants(&question.required)) {
        if permission.condition.is_none() {
            return Some(HasAction::Surely);
        }
        found = Some(HasAction::Conditionally);
    }
    found
}

/// Says what was missing when nothing granted.
pub(super) fn refusal(
    policy: &PolicySnapshot,
    principal: &Principal,
    questions: &Questions,
) -> Refusal {
    let asked = &questions.cluster;
    Refusal {
        actions: asked.required.iter().map(|a| a.as_str().to_owned()).collect(),
        scope: asked.scopes.first().unwrap_or(policy.cluster().id()).clone(),
        nearest: nearest(policy, principal, questions),
        sufficient_role: sufficient_role(policy, questions),
    }
}

fn nearest(
    policy: &PolicySnapshot,
    principal: &Principal,
    questions: &Questions,
) -> Option<NearestMiss> {
    let entries = principal.ids().flat_map(|id| policy.assignments_of(id));
    let misses = entries.filter_map(|entry| match judge(policy, entry, questions) {
        Verdict::Misses(why) => Some((why, entry)),
        Verdict::Grants | Verdict::Unrelated => None,
    });
    let (why, entry) = misses.min_by(|(left, l), (right, r)| {
        left.cmp(right).then_with(|| {
            let [l, r] = [l, r].map(|e| (&e.assignment.scope, e.assignment.id.as_str()));
            precedence(l, r)
        })
    })?;
    Some(NearestMiss {
        assignment: entry.assignment.id.clone(),
        role: entry
            .role
            .as_ref()
            .map_or_else(|| entry.assignment.role.to_string(), |r| r.name.clone()),
        scope: entry.assignment.scope.clone(),
        why,
    })
}

/// The built-in role with the fewest operations that would have granted one of the questions.
fn sufficient_role(policy: &PolicySnapshot, questions: &Questions) -> Option<String> {
    let would = |role: &RoleDefinition| {
        questions.iter().any(|q| has_action(role, q) == Some(HasAction::Surely))
    };
    policy.built_in_roles.iter().find(|role| would(role)).map(|role| role.name.clone())
}
