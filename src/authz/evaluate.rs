//! The rule order: from a policy and a request to a decision, in one walk.
//!
//! [`evaluate`] and [`explain`] are the same walk; the second keeps what it saw on the way.

use std::sync::Arc;

use jiff::Timestamp;

use super::clock_use::ClockUse;
use super::decision::{Decision, DenyReason, Grant, NoOpinionReason};
use super::deny::denied;
use super::inquiry::Inquiry;
use super::mapping::is_discovery;
use super::precedence::precedence;
use super::principal::ObjectId;
use super::refusal::{conditions, grants, judge, refusal};
use super::request::{AccessRequest, Target};
use super::snapshot::{Discovery, IndexedAssignment, PolicySnapshot, Ungranted};
use super::trace::{AskedQuestion, Keep, Outcome, Recorder, Skip, Step, Trace};

/// Decides `request` at `now`, by the rules of semantics §4, §6.2, §7 and §8.
///
/// The same policy, request and time always give the same decision; in which order documents and
/// groups came does not matter. Nested groups are the caller's task: only those in `request` count.
/// The work grows with the assignments of the caller and its groups, not with the whole policy. It
/// cannot fail, because a malformed review is refused while the request is made of it.
pub fn evaluate(policy: &PolicySnapshot, request: &AccessRequest, now: Timestamp) -> Decision {
    evaluate_timed(policy, request, now).0
}

/// Decides as [`evaluate`] does, and says whether the decision depends on the time: whoever remembers
/// decisions must forget this one in time (semantics §4.6).
pub fn evaluate_timed(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    now: Timestamp,
) -> (Decision, ClockUse) {
    let inquiry = Inquiry::of(policy, &request.target, now);
    let decision = walk(&inquiry, request, &mut Skip);
    (decision, inquiry.clock_use())
}

/// Decides as [`evaluate`] does, and says of every rule what came of it.
pub fn explain(policy: &PolicySnapshot, request: &AccessRequest, now: Timestamp) -> Trace {
    let inquiry = Inquiry::of(policy, &request.target, now);
    let mut kept = Keep::default();
    let decision = walk(&inquiry, request, &mut kept);
    let questions = inquiry.questions.iter().map(AskedQuestion::from).collect();
    Trace { decision, questions, steps: kept.into_steps(), clock: inquiry.clock_use() }
}

fn walk<R: Recorder>(inquiry: &Inquiry<'_>, request: &AccessRequest, recorder: &mut R) -> Decision {
    let policy = inquiry.policy;
    if let Some(denied) = denied(inquiry, &request.principal, recorder) {
        return Decision::Deny(denied);
    }
    let grant = assigned(inquiry, request, recorder)
        .or_else(|| discovery(policy, request, recorder))
        .or_else(|| trusted(policy, request, recorder))
        .or_else(|| administrator(policy, request, recorder));
    if let Some(grant) = grant {
        return Decision::Allow(grant);
    }
    let refusal = Box::new(refusal(inquiry, &request.principal));
    recorder.step(|| Step {
        rule: "§8.2",
        subject: "policy.ungranted".to_owned(),
        outcome: Outcome::Applies,
        detail: refusal.to_string(),
        conditions: Vec::new(),
    });
    match policy.rules().ungranted {
        Ungranted::NoOpinion => Decision::NoOpinion(NoOpinionReason::Ungranted(refusal)),
        Ungranted::Deny => Decision::Deny(DenyReason::Ungranted(refusal)),
    }
}

/// Role assignments (semantics §4.2). If several grant, the reason is about the nearest: by scope,
/// then by id.
fn assigned<R: Recorder>(
    inquiry: &Inquiry<'_>,
    request: &AccessRequest,
    recorder: &mut R,
) -> Option<Grant> {
    let mut best: Option<(ObjectId, &IndexedAssignment, Option<Timestamp>)> = None;
    for id in request.principal.ids() {
        for entry in inquiry.policy.assignments_of(id) {
            let named_before_best = best.is_none_or(|(_, other, _)| before(entry, other));
            if !named_before_best && !R::KEEPS {
                // The list is in this order, so nothing behind it comes before either.
                break;
            }
            let grants = grants(inquiry, entry);
            recorder.step(|| assignment_step(inquiry, entry, id));
            if let (true, Some(until)) = (named_before_best, grants) {
                best = Some((id, entry, until));
            }
        }
    }
    let (id, entry, until) = best?;
    Some(Grant::RoleAssignment {
        assignment: Arc::clone(&entry.assignment),
        role: Arc::clone(entry.role.as_ref()?),
        through: (id != request.principal.id()).then_some(id),
        until,
    })
}

fn before(left: &IndexedAssignment, right: &IndexedAssignment) -> bool {
    precedence(
        (&left.assignment.scope, &left.assignment.id),
        (&right.assignment.scope, &right.assignment.id),
    )
    .is_lt()
}

fn assignment_step(inquiry: &Inquiry<'_>, entry: &IndexedAssignment, id: ObjectId) -> Step {
    let verdict = judge(inquiry, entry);
    let assignment = &entry.assignment;
    let role = entry.role.as_ref().map_or_else(|| assignment.role.to_string(), |r| r.name.clone());
    Step {
        rule: "§4.2",
        subject: format!("role assignment `{}`", assignment.id),
        outcome: if verdict.grants() { Outcome::Applies } else { Outcome::DoesNot },
        detail: format!("role `{role}` at `{}` to `{id}`: {verdict}", assignment.scope),
        conditions: conditions(inquiry, entry),
    }
}

fn discovery<R: Recorder>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    recorder: &mut R,
) -> Option<Grant> {
    let Target::NonResource(target) = &request.target else { return None };
    let allowed = policy.rules().discovery == Discovery::Allow && is_discovery(target);
    recorder.step(|| Step {
        rule: "§6.2",
        subject: "discovery".to_owned(),
        outcome: if allowed { Outcome::Applies } else { Outcome::DoesNot },
        detail: match (policy.rules().discovery, allowed) {
            (Discovery::Evaluate, _) => "`policy.discovery` is `evaluate`".to_owned(),
            (Discovery::Allow, true) => "every Entra identity may read it".to_owned(),
            (Discovery::Allow, false) => "it is not a read of a discovery path".to_owned(),
        },
        conditions: Vec::new(),
    });
    allowed.then_some(Grant::Discovery)
}

/// Trusted Access (semantics §7). Of several bindings the one with the smallest id is named, and of
/// its roles the smallest name.
fn trusted<R: Recorder>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    recorder: &mut R,
) -> Option<Grant> {
    let managed_identity = request.principal.managed_identity()?;
    let mut found = None;
    for entry in policy.bindings_of(managed_identity) {
        let role =
            entry.roles.iter().find(|r| r.rules.iter().any(|rule| rule.allows(&request.target)));
        recorder.step(|| Step {
            rule: "§7.2",
            subject: format!("trusted access binding `{}`", entry.binding.name),
            outcome: if role.is_some() { Outcome::Applies } else { Outcome::DoesNot },
            detail: role.map_or_else(
                || "no rule of its roles matches".to_owned(),
                |r| format!("a rule of role `{}` matches", r.full_name()),
            ),
            conditions: Vec::new(),
        });
        if let (None, Some(role)) = (&found, role) {
            found = Some(Grant::TrustedAccess {
                binding: Arc::clone(&entry.binding),
                role: role.full_name(),
            });
            if !R::KEEPS {
                break;
            }
        }
    }
    if policy.bindings_of(managed_identity).is_empty() {
        recorder.step(|| Step {
            rule: "§7.1",
            subject: format!("managed identity `{managed_identity}`"),
            outcome: Outcome::DoesNot,
            detail: "no binding in force names it, or it is a user-assigned identity".to_owned(),
            conditions: Vec::new(),
        });
    }
    found
}

/// Cluster administrator groups (semantics §8.1); of several the smallest id is named.
fn administrator<R: Recorder>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    recorder: &mut R,
) -> Option<Grant> {
    let groups = &policy.rules().admin_groups;
    let group = request.principal.groups().iter().copied().find(|g| groups.contains(g));
    recorder.step(|| Step {
        rule: "§8.1",
        subject: "policy.adminGroups".to_owned(),
        outcome: if group.is_some() { Outcome::Applies } else { Outcome::DoesNot },
        detail: group.map_or_else(
            || "the caller is in none of them".to_owned(),
            |g| format!("the caller is in `{g}`"),
        ),
        conditions: Vec::new(),
    });
    group.map(|group| Grant::AdminGroup { group })
}

#[cfg(test)]
mod tests;
