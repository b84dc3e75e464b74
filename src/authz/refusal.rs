//! How far an assignment is from granting, and what a refusal says of it (semantics §9).

use std::fmt;

use jiff::Timestamp;

use super::condition::{Condition, Truth};
use super::decision::{Miss, NearestMiss, Refusal};
use super::inquiry::Inquiry;
use super::precedence::precedence;
use super::principal::Principal;
use super::question::Question;
use super::role::{Permission, RoleDefinition};
use super::schedule::InForce;
use super::snapshot::IndexedAssignment;
use super::trace::{ConditionOf, TriedCondition};

/// What one assignment says to a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// It grants; until this moment, or without an end.
    Grants {
        /// First moment at which it is no longer in force.
        until: Option<Timestamp>,
    },
    /// It almost does.
    Misses(Miss),
    /// It has nothing to do with it.
    Unrelated,
}

impl Verdict {
    /// Says whether it grants.
    pub fn grants(self) -> bool {
        matches!(self, Self::Grants { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grants { until: None } => f.write_str("grants it"),
            Self::Grants { until: Some(until) } => write!(f, "grants it until {until}"),
            Self::Misses(miss) => f.write_str(match miss {
                Miss::Condition => "has the action, but its condition is not true",
                Miss::Expired(end) => return write!(f, "has the action, but expired at {end}"),
                Miss::NotYet(start) => {
                    return write!(f, "has the action, but is not in force before {start}");
                }
                Miss::NotProvisioned => "has the action, but Azure has not provisioned it",
                Miss::OtherScope => "has the action, but its scope does not cover the request",
                Miss::UnknownRole => "the role definition is unknown",
                Miss::LacksAction => "covers the request, but lacks the action",
            }),
            Self::Unrelated => f.write_str("neither covers the request nor has the action"),
        }
    }
}

/// Until when one assignment grants any of the questions; the outer none is that it does not
/// (semantics §4.2). The same as a [`judge`] that says [`Verdict::Grants`], without finding out how
/// near a miss is: whoever only decides looks at the patterns of a role only where its assignment
/// covers the request.
pub(super) fn grants(
    inquiry: &Inquiry<'_>,
    entry: &IndexedAssignment,
) -> Option<Option<Timestamp>> {
    let role = entry.role.as_deref()?;
    let question = inquiry.questions.iter().find(|question| {
        covers(inquiry, entry, question)
            && has_action(inquiry, entry, role, question) == Some(HasAction::Surely)
    });
    match question.map(|_| inquiry.in_force(&entry.schedule))? {
        InForce::Yes { until } => Some(until),
        InForce::NotYet(_) | InForce::Expired(_) | InForce::NotProvisioned => None,
    }
}

fn covers(inquiry: &Inquiry<'_>, entry: &IndexedAssignment, question: &Question) -> bool {
    let cluster = inquiry.policy.cluster();
    question.scopes.iter().any(|s| cluster.covers(&entry.assignment.scope, s))
}

/// Judges one assignment: the nearest it comes to granting any of the questions (semantics §4.2).
pub fn judge(inquiry: &Inquiry<'_>, entry: &IndexedAssignment) -> Verdict {
    let verdicts = inquiry.questions.iter().map(|q| judge_one(inquiry, entry, q));
    verdicts.min().unwrap_or(Verdict::Unrelated)
}

fn judge_one(inquiry: &Inquiry<'_>, entry: &IndexedAssignment, question: &Question) -> Verdict {
    let covers = covers(inquiry, entry, question);
    let Some(role) = entry.role.as_deref() else {
        return if covers { Verdict::Misses(Miss::UnknownRole) } else { Verdict::Unrelated };
    };
    match (covers, has_action(inquiry, entry, role, question)) {
        (true, Some(HasAction::Surely)) => match inquiry.in_force(&entry.schedule) {
            InForce::Yes { until } => Verdict::Grants { until },
            InForce::NotYet(start) => Verdict::Misses(Miss::NotYet(start)),
            InForce::Expired(end) => Verdict::Misses(Miss::Expired(end)),
            InForce::NotProvisioned => Verdict::Misses(Miss::NotProvisioned),
        },
        (true, Some(HasAction::Conditionally)) => Verdict::Misses(Miss::Condition),
        (true, None) => Verdict::Misses(Miss::LacksAction),
        (false, Some(HasAction::Surely)) => Verdict::Misses(Miss::OtherScope),
        (false, Some(HasAction::Conditionally) | None) => Verdict::Unrelated,
    }
}

/// How a role has an action under an assignment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum HasAction {
    /// One of its permissions grants it, and every condition is true.
    Surely,
    /// It would, but a condition is false or unknown.
    Conditionally,
}

fn has_action(
    inquiry: &Inquiry<'_>,
    entry: &IndexedAssignment,
    role: &RoleDefinition,
    question: &Question,
) -> Option<HasAction> {
    let found = permits(inquiry, role, question)?;
    let met = met(inquiry, entry.assignment.condition.as_ref(), question);
    Some(if met { found } else { HasAction::Conditionally })
}

/// How a role by itself has an action.
fn permits(inquiry: &Inquiry<'_>, role: &RoleDefinition, question: &Question) -> Option<HasAction> {
    let mut granting = role.permissions.iter().filter(|p| p.grants(&question.required)).peekable();
    granting.peek()?;
    let is_met = |p: &Permission| met(inquiry, p.condition.as_ref(), question);
    Some(if granting.any(is_met) { HasAction::Surely } else { HasAction::Conditionally })
}

/// The conditions that decide whether an assignment grants, for each action of a question that it
/// covers and whose action its role has.
pub(super) fn conditions(inquiry: &Inquiry<'_>, entry: &IndexedAssignment) -> Vec<TriedCondition> {
    let Some(role) = entry.role.as_deref() else { return Vec::new() };
    let mut tried = Vec::new();
    for question in inquiry.questions.iter().filter(|q| covers(inquiry, entry, q)) {
        let mut granting =
            role.permissions.iter().filter(|p| p.grants(&question.required)).peekable();
        if granting.peek().is_none() {
            continue;
        }
        let own = entry.assignment.condition.iter().map(|c| (ConditionOf::RoleAssignment, c));
        let permissions =
            granting.filter_map(|p| Some((ConditionOf::Permission, p.condition.as_ref()?)));
        for (of, condition) in own.chain(permissions) {
            tried.extend(question.required.iter().map(|a| inquiry.tried(of, condition, a)));
        }
    }
    tried
}

/// Says whether a condition is true for every action that is needed; none is always met. What cannot
/// be evaluated is not (semantics §4.5, §5.2).
fn met(inquiry: &Inquiry<'_>, condition: Option<&Condition>, question: &Question) -> bool {
    condition.is_none_or(|condition| {
        question.required.iter().all(|action| inquiry.truth(condition, action) == Truth::True)
    })
}

/// Says what was missing when nothing granted.
pub(super) fn refusal(inquiry: &Inquiry<'_>, principal: &Principal) -> Refusal {
    let asked = &inquiry.questions.cluster;
    Refusal {
        actions: asked.required.iter().map(|a| a.as_str().to_owned()).collect(),
        scope: asked.scopes.first().unwrap_or(inquiry.policy.cluster().id()).clone(),
        nearest: nearest(inquiry, principal),
        sufficient_role: sufficient_role(inquiry),
    }
}

fn nearest(inquiry: &Inquiry<'_>, principal: &Principal) -> Option<NearestMiss> {
    let entries = principal.ids().flat_map(|id| inquiry.policy.assignments_of(id));
    let misses = entries.filter_map(|entry| match judge(inquiry, entry) {
        Verdict::Misses(why) => Some((why, entry)),
        Verdict::Grants { .. } | Verdict::Unrelated => None,
    });
    let (why, entry) = misses.min_by(|(left, l), (right, r)| {
        left.distance().cmp(&right.distance()).then_with(|| {
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
fn sufficient_role(inquiry: &Inquiry<'_>) -> Option<String> {
    let would = |role: &RoleDefinition| {
        let mut questions = inquiry.questions.iter();
        questions.any(|q| permits(inquiry, role, q) == Some(HasAction::Surely))
    };
    inquiry.policy.built_in_roles.iter().find(|role| would(role)).map(|role| role.name.clone())
}

#[cfg(test)]
mod tests;
