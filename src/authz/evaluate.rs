//! The rule order: from a policy and a request to a decision, in one walk.
//!
//! [`evaluate`] and [`explain`] are the same walk; the second keeps what it saw on the way.

use std::cmp::Ordering;
use std::sync::Arc;

use super::assignment::DenyAssignment;
use super::decision::{Decision, DenyReason, Grant, NoOpinionReason};
use super::mapping::is_discovery;
use super::principal::ObjectId;
use super::question::Questions;
use super::refusal::{Verdict, grants, judge, refusal};
use super::request::{AccessRequest, Target};
use super::scope::Scope;
use super::snapshot::{Discovery, IndexedAssignment, PolicySnapshot, Ungranted};
use super::trace::{Keep, Outcome, Recorder, Skip, Step, Trace};

/// Decides `request` by the rules of semantics §4, §6.2, §7 and §8.
///
/// The same policy and request always give the same decision; in which order documents and groups
/// came does not matter. Nested groups are the caller's task: only those in `request` count. The work
/// grows with the assignments of the caller and its groups, not with the whole policy. It cannot
/// fail, because a malformed review is refused while the request is made of it.
pub fn evaluate(policy: &PolicySnapshot, request: &AccessRequest) -> Decision {
    walk(policy, request, &Questions::of(policy, &request.target), &mut Skip)
}

/// Decides as [`evaluate`] does, and says of every rule what came of it.
pub fn explain(policy: &PolicySnapshot, request: &AccessRequest) -> Trace {
    let questions = Questions::of(policy, &request.target);
    let mut kept = Keep::default();
    let decision = walk(policy, request, &questions, &mut kept);
    Trace::new(decision, &questions, kept)
}

fn walk<R: Recorder>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    questions: &Questions,
    recorder: &mut R,
) -> Decision {
    if let Some(denied) = denied(policy, request, questions, recorder) {
        return Decision::Deny(denied);
    }
    let grant = assigned(policy, request, questions, recorder)
        .or_else(|| discovery(policy, request, recorder))
        .or_else(|| trusted(policy, request, recorder))
        .or_else(|| administrator(policy, request, recorder));
    if let Some(grant) = grant {
        return Decision::Allow(grant);
    }
    let refusal = Box::new(refusal(policy, &request.principal, questions));
    recorder.step(|| Step {
        rule: "§8.2",
        subject: "policy.ungranted".to_owned(),
        outcome: Outcome::Applies,
        detail: refusal.to_string(),
    });
    match policy.rules().ungranted {
        Ungranted::NoOpinion => Decision::NoOpinion(NoOpinionReason::Ungranted(refusal)),
        Ungranted::Deny => Decision::Deny(DenyReason::Ungranted(refusal)),
    }
}

/// Deny assignments come first (semantics §4.1). If several apply, the reason is about the nearest:
/// by scope, then by id; and the caller goes before its groups, and those before everyone.
fn denied<R: Recorder>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    questions: &Questions,
    recorder: &mut R,
) -> Option<DenyReason> {
    let mut best: Option<(ObjectId, &Arc<DenyAssignment>, &str)> = None;
    for id in request.principal.ids().chain([ObjectId::EVERYONE]) {
        for deny in policy.denies_of(id) {
            let outcome = applies(policy, request, questions, deny);
            recorder.step(|| deny_step(deny, id, outcome));
            if let Ok(action) = outcome
                && best.is_none_or(|(_, other, _)| {
                    precedence((&deny.scope, &deny.id), (&other.scope, &other.id)).is_lt()
                })
            {
                best = Some((id, deny, action));
            }
        }
    }
    best.map(|(principal, deny, action)| DenyReason::DenyAssignment {
        deny: Arc::clone(deny),
        principal,
        through_group: principal != request.principal.id() && !principal.is_everyone(),
        action: action.to_owned(),
    })
}

/// The action that a deny assignment forbids to the caller, or why it does not apply.
fn applies<'q>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    questions: &'q Questions,
    deny: &DenyAssignment,
) -> Result<&'q str, &'static str> {
    if request.principal.ids().any(|id| deny.exclude_principals.contains(&id)) {
        return Err("excludes a principal id of the caller");
    }
    forbids(policy, questions, deny)
}

/// The action that a deny assignment forbids to those it names (semantics §4.1).
///
/// # Errors
///
/// Why it forbids none, in words.
pub fn forbids<'q>(
    policy: &PolicySnapshot,
    questions: &'q Questions,
    deny: &DenyAssignment,
) -> Result<&'q str, &'static str> {
    let in_scope = questions.scopes().any(|scope| {
        if deny.do_not_apply_to_child_scopes {
            deny.scope == *scope
        } else {
            policy.cluster().covers(&deny.scope, scope)
        }
    });
    if !in_scope {
        return Err("its scope does not cover the request");
    }
    questions
        .iter()
        .flat_map(|q| &q.required)
        .find(|action| deny.permissions.iter().any(|p| p.forbids(std::slice::from_ref(*action))))
        .map(super::data_action::RequiredAction::as_str)
        .ok_or("it does not forbid what is needed")
}

fn deny_step(deny: &DenyAssignment, id: ObjectId, outcome: Result<&str, &'static str>) -> Step {
    let to = if id.is_everyone() { "everyone".to_owned() } else { format!("`{id}`") };
    Step {
        rule: "§4.1",
        subject: format!("deny assignment `{}`", deny.id),
        outcome: if outcome.is_ok() { Outcome::Applies } else { Outcome::DoesNot },
        detail: match outcome {
            Ok(action) => format!("forbids `{action}` at `{}` to {to}", deny.scope),
            Err(why) => format!("{why} (at `{}`, to {to})", deny.scope),
        },
    }
}

/// Role assignments (semantics §4.2). If several grant, the reason is about the nearest: by scope,
/// then by id.
fn assigned<R: Recorder>(
    policy: &PolicySnapshot,
    request: &AccessRequest,
    questions: &Questions,
    recorder: &mut R,
) -> Option<Grant> {
    let mut best: Option<(ObjectId, &IndexedAssignment)> = None;
    for id in request.principal.ids() {
        for entry in policy.assignments_of(id) {
            let named_before_best = best.is_none_or(|(_, other)| before(entry, other));
            if !named_before_best && !R::KEEPS {
                // The list is in this order, so nothing behind it comes before either.
                break;
            }
            let grants = grants(policy, entry, questions);
            recorder.step(|| assignment_step(entry, id, judge(policy, entry, questions)));
            if grants && named_before_best {
                best = Some((id, entry));
            }
        }
    }
    let (id, entry) = best?;
    Some(Grant::RoleAssignment {
        assignment: Arc::clone(&entry.assignment),
        role: Arc::clone(entry.role.as_ref()?),
        through: (id != request.principal.id()).then_some(id),
    })
}

fn before(left: &IndexedAssignment, right: &IndexedAssignment) -> bool {
    precedence(
        (&left.assignment.scope, &left.assignment.id),
        (&right.assignment.scope, &right.assignment.id),
    )
    .is_lt()
}

/// Which of two is named: the longer scope, then the smaller id (semantics §9).
pub(super) fn precedence(left: (&Scope, &str), right: (&Scope, &str)) -> Ordering {
    let length = |scope: &Scope| scope.folded().len();
    length(right.0).cmp(&length(left.0)).then_with(|| folded(left.1).cmp(folded(right.1)))
}

fn folded(id: &str) -> impl Iterator<Item = u8> + '_ {
    id.bytes().map(|b| b.to_ascii_lowercase())
}

fn assignment_step(entry: &IndexedAssignment, id: ObjectId, verdict: Verdict) -> Step {
    let assignment = &entry.assignment;
    let role = entry.role.as_ref().map_or_else(|| assignment.role.to_string(), |r| r.name.clone());
    Step {
        rule: "§4.2",
        subject: format!("role assignment `{}`", assignment.id),
        outcome: if verdict == Verdict::Grants { Outcome::Applies } else { Outcome::DoesNot },
        detail: format!("role `{role}` at `{}` to `{id}`: {verdict}", assignment.scope),
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
    });
    group.map(|group| Grant::AdminGroup { group })
}

#[cfg(test)]
mod tests;
