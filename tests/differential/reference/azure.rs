//! Deny assignments and role assignments (semantics §4).

use serde_json::Value;

use super::actions::Need;
use super::condition::{self, Asked, Truth};
use super::reached;
use super::review::{Principal, is_object_id};
use super::schedule::{self, Instant};
use super::scope::{self, Cover, Place};
use super::world::{World, last_segment, member, text, texts};

/// One way to ask for the request: where, and for which actions.
pub(crate) struct Question {
    pub(crate) place: Place,
    pub(crate) needs: Vec<Need>,
}

/// Which of several grants or denials is named (semantics §9): the one with the longest scope, then
/// the smallest id.
fn named(mut found: Vec<(&Value, String)>) -> Option<String> {
    found.sort_by_key(|(document, _)| {
        // The slash at the end is ignored here too (§3.2).
        let scope = text(document, "scope").unwrap();
        let length = scope.strip_suffix('/').unwrap_or(scope).len();
        (std::cmp::Reverse(length), id(document))
    });
    found.into_iter().next().map(|(_, words)| words)
}

fn id(document: &Value) -> String {
    text(document, "id").unwrap().to_ascii_lowercase()
}

/// The id of the deny assignment that applies (semantics §4.1).
pub(crate) fn denial(
    world: &World,
    principal: &Principal,
    questions: &[Question],
    asked: &Asked<'_>,
) -> Option<String> {
    let applies = |deny: &&Value| {
        names(deny, "principals", principal, true)
            && is_at(world, deny, questions)
            && forbids(deny, questions, asked)
            && !(names(deny, "excludePrincipals", principal, false)
                && reached("not", "§4.1 excluded"))
    };
    named(world.denies.iter().filter(applies).map(|deny| (deny, id(deny))).collect())
}

/// Says whether a list of principals of a deny assignment holds one of the caller's ids, or everyone,
/// who can be among the principals, whatever the `type`, but not among the excluded: the id of zeros
/// is no caller.
fn names(deny: &Value, list: &str, principal: &Principal, with_everyone: bool) -> bool {
    let list = member(deny, list).as_array();
    let mut ids = list.into_iter().flatten().map(|entry| entry["id"].as_str().unwrap());
    ids.any(|id| {
        let everyone = with_everyone && !is_object_id(id);
        everyone || principal.holds(id)
    })
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
/// asked: the safer reading of "a deny at any of these scopes applies too" (semantics §3.3).
fn forbids(deny: &Value, questions: &[Question], asked: &Asked<'_>) -> bool {
    permissions(deny).iter().any(|permission| {
        questions.iter().flat_map(|question| &question.needs).any(|need| {
            let any = |list: &str, test: &dyn Fn(&String) -> bool| {
                texts(permission, list).iter().any(test)
            };
            any("dataActions", &|pattern| need.touched_by(pattern))
                && !(any("notDataActions", &|pattern| need.covered_by(pattern))
                    && reached("not", "§4.1 notDataActions"))
                // True or unknown: whatever cannot be evaluated counts for a deny.
                && [permission, deny].iter().all(|holder| {
                    condition::evaluate(holder, need, asked) != Truth::False
                        || !reached("not", "§4.1 condition false")
                })
                && reached("deny", need.rule)
        })
    })
}

fn permissions(document: &Value) -> &[Value] {
    member(document, "permissions").as_array().unwrap()
}

/// The role assignment that allows, in the words of the conformance cases (semantics §4.2).
pub(crate) fn grant(
    world: &World,
    principal: &Principal,
    questions: &[Question],
    asked: &Asked<'_>,
    now: Instant,
) -> Option<String> {
    let plain = world.assignments.iter().filter(|plain| schedule::in_force(world, plain, now));
    let scheduled = world.instances.iter().filter(|one| schedule::grants_itself(world, one, now));
    let grants = plain.chain(scheduled).filter_map(|assignment| {
        let holder = text(assignment, "principalId").unwrap();
        if !principal.holds(holder) {
            return None;
        }
        questions.iter().find(|question| grants(world, assignment, question, asked))?;
        let words = if holder.eq_ignore_ascii_case(&principal.id) {
            id(assignment)
        } else {
            format!("{} through {}", id(assignment), holder.to_ascii_lowercase())
        };
        Some((assignment, words))
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
    let Some(definition) = world.definitions.iter().find(|definition| guid(definition) == wanted)
    else {
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
                    condition::evaluate(holder, need, asked) == Truth::True
                        || !reached("not", "§4.2 condition not true")
                })
        })
    });
    if granted {
        reached("allow", question.place.name);
        reached("allow", cover.rule());
        if text(assignment, "condition").is_some_and(|condition| !condition.trim().is_empty()) {
            reached("allow", "§5 condition true");
        }
        question.needs.iter().for_each(|need| {
            reached("allow", need.rule);
        });
    }
    granted
}

/// The GUID of a definition: its name, or the end of its id.
fn guid(definition: &Value) -> String {
    last_segment(text(definition, "name").or_else(|| text(definition, "id")).unwrap())
}

impl Principal {
    /// Says whether an id is one of the principal ids: the caller's or a group's.
    fn holds(&self, id: &str) -> bool {
        let id = id.to_ascii_lowercase();
        self.id == id || self.groups.contains(&id)
    }
}
