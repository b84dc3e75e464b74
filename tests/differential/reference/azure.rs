//! Deny assignments and role assignments (semantics §4).

use serde_json::Value;

use super::actions::Need;
use super::condition::{self, Asked, Truth};
use super::reached;
use super::review::{Principal, is_object_id};
use super::schedule;
use super::scope::{self, Cover, Place};
use super::world::{World, last_segment, member, text, texts};
use crate::case::Answer;

/// One way to ask for the request: where, and for which actions.
pub(crate) struct Question {
    pub(crate) place: Place,
    pub(crate) needs: Vec<Need>,
}

/// Which of several grants or denials is named (semantics §9): the one with the longest scope, then
/// the smallest id.
fn named(mut found: Vec<(&Value, Answer)>) -> Option<Answer> {
    found.sort_by_key(|(document, _)| {
        // The slash at the end is ignored here too (§3.2).
        let scope = text(document, "scope").unwrap();
        let length = scope.strip_suffix('/').unwrap_or(scope).len();
        (std::cmp::Reverse(length), id(document))
    });
    found.into_iter().next().map(|(_, answer)| answer)
}

fn id(document: &Value) -> String {
    text(document, "id").unwrap().to_ascii_lowercase()
}

/// The deny assignment that applies (semantics §4.1).
pub(crate) fn denial(
    world: &World,
    principal: &Principal,
    questions: &[Question],
    asked: &Asked<'_>,
) -> Option<Answer> {
    let denials = world.denies.iter().filter_map(|deny| {
        let whom = named_in(deny, principal)?;
        let applies = is_at(world, deny, questions)
            && forbids(deny, questions, asked)
            && !(excludes(deny, principal) && reached("not", "§4.1 excluded"));
        let answer = Answer::new("deny", format!("denyAssignment {}", id(deny)));
        applies.then(|| (deny, answer.with(whom)))
    });
    named(denials.collect())
}

/// Whom a deny assignment names: the caller, before the smallest of its groups, before everyone, who can
/// be among the principals whatever the `type` (§4.1, §9).
fn named_in(deny: &Value, principal: &Principal) -> Option<String> {
    let ids = ids(deny, "principals");
    if ids.contains(&principal.id) {
        return Some(principal.id.clone());
    }
    match ids.iter().filter(|id| principal.groups.contains(id)).min() {
        Some(group) => Some(format!("group {group}")),
        None => ids.into_iter().find(|id| !is_object_id(id)),
    }
}

/// Says whether one of the caller's ids is among the excluded. The id of zeros excludes nobody: it is
/// no caller.
fn excludes(deny: &Value, principal: &Principal) -> bool {
    ids(deny, "excludePrincipals").iter().any(|id| principal.holds(id))
}

/// The ids in a list of principals, in lower case.
fn ids(deny: &Value, list: &str) -> Vec<String> {
    let list = member(deny, list).as_array();
    let ids = list.into_iter().flatten().map(|entry| entry["id"].as_str().unwrap());
    ids.map(str::to_ascii_lowercase).collect()
}

/// Says whether a deny assignment is at a scope that covers the request, in whichever way it is asked
/// (semantics §3.3); at one that it has itself, if `doNotApplyToChildScopes` (§4.1).
fn is_at(world: &World, deny: &Value, questions: &[Question]) -> bool {
    let only_equal = member(deny, "doNotApplyToChildScopes") == true;
    let scope = text(deny, "scope").unwrap();
    questions.iter().any(|question| match scope::covers(world, scope, &question.place) {
        Some(Cover::Equal) => reached("deny", Cover::Equal.rule()),
        Some(_) => !(only_equal && reached("not", "§4.1 not to child scopes")),
        None => false,
    })
}

/// Says whether actions and conditions of a deny assignment fit the request, in whichever way it is
/// asked: by either name, at any of the scopes (the choice on semantics §3.3).
fn forbids(deny: &Value, questions: &[Question], asked: &Asked<'_>) -> bool {
    permissions(deny).iter().any(|permission| {
        let needs = questions.iter().flat_map(|question| &question.needs);
        // All are looked at, for the statistics.
        let forbidden = needs.filter(|need| {
            let any = |list: &str, test: &dyn Fn(&String) -> bool| {
                texts(permission, list).iter().any(test)
            };
            any("dataActions", &|pattern| need.touched_by(pattern))
                && !(any("notDataActions", &|pattern| need.covered_by(pattern))
                    && reached("not", "§4.1 notDataActions"))
                // True or unknown: whatever cannot be evaluated counts for a deny.
                && [permission, deny].iter().all(|holder| {
                    match condition::evaluate(holder, need, asked) {
                        Truth::False => !reached("not", "§4.1 condition false"),
                        Truth::Unknown => reached("deny", "§4.1 condition unknown"),
                        Truth::True if condition::is_none(holder) => true,
                        Truth::True => reached("deny", "§4.1 condition true"),
                    }
                })
                && reached("deny", need.rule)
        });
        forbidden.count() > 0
    })
}

fn permissions(document: &Value) -> &[Value] {
    member(document, "permissions").as_array().unwrap()
}

/// The role assignment that allows (semantics §4.2).
pub(crate) fn grant(
    world: &World,
    principal: &Principal,
    questions: &[Question],
    asked: &Asked<'_>,
) -> Option<Answer> {
    let all = schedule::assignments(world);
    let grants = all.iter().filter_map(|(assignment, instances)| {
        let holder = text(assignment, "principalId").unwrap().to_ascii_lowercase();
        let fits = principal.holds(&holder)
            && questions.iter().any(|question| grants(world, assignment, question, asked))
            && schedule::in_force(instances, asked.now);
        if !fits {
            return None;
        }
        let mut via = format!("roleAssignment {}", id(assignment));
        if holder != principal.id {
            via = format!("{via} through {holder}");
        }
        let role = last_segment(text(assignment, "roleDefinitionId").unwrap());
        let more = match schedule::end(instances, asked.now) {
            Some(end) => format!("{role} until {end}"),
            None => role,
        };
        Some((*assignment, Answer::new("allow", via).with(more)))
    });
    named(grants.collect())
}

/// Says whether scope, role and conditions of an assignment grant one way to ask.
fn grants(world: &World, assignment: &Value, question: &Question, asked: &Asked<'_>) -> bool {
    let Some(cover) = scope::covers(world, text(assignment, "scope").unwrap(), &question.place)
    else {
        return false;
    };
    // §4.7: found by the GUID at the end, whatever stands before it. Unknown: grants nothing (§4.5).
    let wanted = last_segment(text(assignment, "roleDefinitionId").unwrap());
    let Some(definition) = world.definition(&wanted) else {
        reached("not", "§4.5 role unknown");
        return false;
    };
    let granted = permissions(definition).iter().any(|permission| {
        question.needs.iter().all(|need| {
            let any = |list: &str, test: &dyn Fn(&String) -> bool| {
                texts(permission, list).iter().any(test)
            };
            any("dataActions", &|pattern| need.granted_by(pattern))
                // §4.3: they subtract within their permission only.
                && !(any("notDataActions", &|pattern| need.touched_by(pattern))
                    && reached("not", "§4.3 notDataActions"))
                && [permission, assignment].iter().all(|holder| {
                    match condition::evaluate(holder, need, asked) {
                        Truth::True => true,
                        Truth::False => !reached("not", "§4.2 condition false"),
                        Truth::Unknown => !reached("not", "§4.2 condition unknown"),
                    }
                })
        })
    });
    if granted {
        reached("allow", question.place.name);
        reached("allow", cover.rule());
        if !condition::is_none(assignment) {
            reached("allow", "§5 condition true");
        }
        question.needs.iter().for_each(|need| {
            reached("allow", need.rule);
        });
    }
    granted
}

impl Principal {
    /// Says whether an id is one of the principal ids: the caller's or a group's.
    fn holds(&self, id: &str) -> bool {
        let id = id.to_ascii_lowercase();
        self.id == id || self.groups.contains(&id)
    }
}
