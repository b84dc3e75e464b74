//! Deny assignments: what takes away, before anything grants (semantics §4.1).

use std::sync::Arc;

use super::assignment::DenyAssignment;
use super::condition::{Condition, Truth};
use super::data_action::RequiredAction;
use super::decision::DenyReason;
use super::inquiry::Inquiry;
use super::precedence::precedence;
use super::principal::{ObjectId, Principal};
use super::role::Permission;
use super::trace::{ConditionOf, Outcome, Recorder, Step, TriedCondition};

/// Deny assignments come first (semantics §4.1). If several apply, the reason is about the nearest:
/// by scope, then by id; and the caller goes before its groups, and those before everyone.
pub(super) fn denied<R: Recorder>(
    inquiry: &Inquiry<'_>,
    caller: &Principal,
    recorder: &mut R,
) -> Option<DenyReason> {
    let mut best: Option<(ObjectId, &Arc<DenyAssignment>, &str)> = None;
    for id in caller.ids().chain([ObjectId::EVERYONE]) {
        for deny in inquiry.policy.denies_of(id) {
            let outcome = applies(inquiry, caller, deny);
            recorder.step(|| deny_step(inquiry, deny, id, outcome));
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
        through_group: principal != caller.id() && !principal.is_everyone(),
        action: action.to_owned(),
    })
}

/// The action that a deny assignment forbids to the caller, or why it does not apply.
fn applies<'q>(
    inquiry: &'q Inquiry<'_>,
    caller: &Principal,
    deny: &DenyAssignment,
) -> Result<&'q str, &'static str> {
    if caller.ids().any(|id| deny.exclude_principals.contains(&id)) {
        return Err("excludes a principal id of the caller");
    }
    forbids(inquiry, deny)
}

/// The action that a deny assignment forbids to those it names (semantics §4.1).
///
/// # Errors
///
/// Why it forbids none, in words.
pub fn forbids<'q>(
    inquiry: &'q Inquiry<'_>,
    deny: &DenyAssignment,
) -> Result<&'q str, &'static str> {
    if !is_in_scope(inquiry, deny) {
        return Err("its scope does not cover the request");
    }
    // True or unknown applies: what cannot be evaluated counts for a deny (semantics §4.5, §5.2).
    let may_hold = |condition: Option<&Condition>, action| {
        condition.is_none_or(|condition| inquiry.truth(condition, action) != Truth::False)
    };
    let mut why = "it does not forbid what is needed";
    for action in inquiry.questions.iter().flat_map(|q| &q.required) {
        let mut forbidding = forbidding(deny, action).peekable();
        if forbidding.peek().is_none() {
            continue;
        }
        if may_hold(deny.condition.as_ref(), action)
            && forbidding.any(|p| may_hold(p.condition.as_ref(), action))
        {
            return Ok(action.as_str());
        }
        why = "its condition is false";
    }
    Err(why)
}

fn is_in_scope(inquiry: &Inquiry<'_>, deny: &DenyAssignment) -> bool {
    inquiry.questions.scopes().any(|scope| {
        if deny.do_not_apply_to_child_scopes {
            deny.scope == *scope
        } else {
            inquiry.policy.cluster().covers(&deny.scope, scope)
        }
    })
}

/// The permissions that forbid `action`, their conditions apart.
fn forbidding<'d>(
    deny: &'d DenyAssignment,
    action: &'d RequiredAction,
) -> impl Iterator<Item = &'d Permission> {
    deny.permissions.iter().filter(|p| p.forbids(std::slice::from_ref(action)))
}

fn deny_step(
    inquiry: &Inquiry<'_>,
    deny: &DenyAssignment,
    id: ObjectId,
    outcome: Result<&str, &'static str>,
) -> Step {
    let to = if id.is_everyone() { "everyone".to_owned() } else { format!("`{id}`") };
    Step {
        rule: "§4.1",
        subject: format!("deny assignment `{}`", deny.id),
        outcome: if outcome.is_ok() { Outcome::Applies } else { Outcome::DoesNot },
        detail: match outcome {
            Ok(action) => format!("forbids `{action}` at `{}` to {to}", deny.scope),
            Err(why) => format!("{why} (at `{}`, to {to})", deny.scope),
        },
        conditions: conditions(inquiry, deny),
    }
}

/// The conditions that decide whether `deny` applies, for each action that it would forbid.
fn conditions(inquiry: &Inquiry<'_>, deny: &DenyAssignment) -> Vec<TriedCondition> {
    if !is_in_scope(inquiry, deny) {
        return Vec::new();
    }
    let mut tried = Vec::new();
    for action in inquiry.questions.iter().flat_map(|q| &q.required) {
        let mut forbidding = forbidding(deny, action).peekable();
        if forbidding.peek().is_none() {
            continue;
        }
        let own = deny.condition.iter().map(|c| (ConditionOf::DenyAssignment, c));
        let permissions =
            forbidding.filter_map(|p| Some((ConditionOf::Permission, p.condition.as_ref()?)));
        tried.extend(own.chain(permissions).map(|(of, c)| inquiry.tried(of, c, action)));
    }
    tried
}
