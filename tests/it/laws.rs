//! Laws of deciding, which hold for every policy, every request and every moment.

mod questions;

use jiff::{SignedDuration, Timestamp};
use kubentra::authz::trace::{Outcome, Step};
use kubentra::authz::{
    AccessRequest, ClockUse, Decision, DenyReason, PolicyDocuments, Principal, RoleAssignment,
    RoleKind, evaluate, evaluate_timed, explain,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::worlds::{deny_assignment, now, request, role_assignment, schedule_instance, world};

/// Requests that one policy is held to.
const REQUESTS: std::ops::Range<usize> = 1..30;

fn is_allow(decision: &Decision) -> bool {
    matches!(decision, Decision::Allow(_))
}

/// An allow because of a role assignment or a schedule instance.
fn is_assigned(decision: &Decision) -> bool {
    decision.reason_label() == "role_assignment"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn another_role_assignment_with_its_schedule_never_takes_access_away(
        world in world(),
        mut more in role_assignment(),
        mut schedule in vec(schedule_instance(), 0..3),
        requests in vec(request(), REQUESTS),
        id in prop_oneof!["/A/00", "/a/99"],
        now in now(),
    ) {
        more.id = id;
        for (n, instance) in schedule.iter_mut().enumerate() {
            instance.id = format!("/i/9{n}");
            instance.origin = Some(more.id.to_ascii_uppercase());
        }
        let before = world.snapshot();
        let after = world.with(|documents| {
            documents.role_assignments.push(more);
            documents.schedule_instances.extend(schedule);
        });
        for request in &requests {
            let (before, after) = (evaluate(&before, request, now), evaluate(&after, request, now));
            prop_assert!(is_allow(&after) || !is_allow(&before), "{before} -> {after}: {request:?}");
            // What is denied stays denied, for the same reason.
            if let Decision::Deny(DenyReason::DenyAssignment { .. }) = &before {
                prop_assert_eq!(before, after);
            }
        }
    }

    #[test]
    fn another_deny_assignment_never_adds_access(
        world in world(),
        mut more in deny_assignment(),
        requests in vec(request(), REQUESTS),
        id in prop_oneof!["/d/00", "/D/99"],
        now in now(),
    ) {
        more.id = id;
        let before = world.snapshot();
        let after = world.with(|documents| documents.deny_assignments.push(more));
        for request in &requests {
            let (before, after) = (evaluate(&before, request, now), evaluate(&after, request, now));
            prop_assert!(is_allow(&before) || !is_allow(&after), "{before} -> {after}: {request:?}");
        }
    }

    #[test]
    fn removing_a_grant_never_adds_access(
        world in world(),
        which in any::<Index>(),
        requests in vec(request(), REQUESTS),
        now in now(),
    ) {
        let before = world.snapshot();
        let mut smaller = Vec::new();
        let documents = &world.documents;
        if !documents.role_assignments.is_empty() {
            smaller.push(world.with(|d| remove_with_schedule(d, which)));
        }
        if !documents.trusted_access_role_bindings.is_empty() {
            smaller.push(world.with(|d| {
                let bindings = &mut d.trusted_access_role_bindings;
                bindings.remove(which.index(bindings.len()));
            }));
        }
        if let Some(custom) = documents.role_definitions.iter().position(|r| r.kind == RoleKind::Custom) {
            smaller.push(world.with(|d| {
                d.role_definitions.remove(custom);
            }));
        }
        smaller.push(world.with(|d| {
            d.trusted_access_roles.remove(which.index(d.trusted_access_roles.len()));
        }));
        for request in &requests {
            let before = evaluate(&before, request, now);
            for after in &smaller {
                let after = evaluate(after, request, now);
                prop_assert!(is_allow(&before) || !is_allow(&after), "{before} -> {after}: {request:?}");
            }
        }
    }

    #[test]
    fn the_order_of_documents_and_groups_never_shows(
        world in world(),
        turn in any::<Index>(),
        requests in vec(request(), REQUESTS),
        now in now(),
    ) {
        let turned = world.with(|d| {
            turn_around(&mut d.role_definitions, turn);
            turn_around(&mut d.role_assignments, turn);
            turn_around(&mut d.schedule_instances, turn);
            turn_around(&mut d.deny_assignments, turn);
            turn_around(&mut d.trusted_access_roles, turn);
            turn_around(&mut d.trusted_access_role_bindings, turn);
        });
        let policy = world.snapshot();
        prop_assert_eq!(policy.problems(), turned.problems());
        for request in &requests {
            let AccessRequest { principal, target } = request.clone();
            let mut groups = principal.groups().to_vec();
            turn_around(&mut groups, turn);
            groups.extend(groups.first().copied());
            let identity = principal.managed_identity().cloned();
            let principal = Principal::new(principal.id(), groups, identity).unwrap();
            let one = evaluate(&policy, request, now);
            let other = evaluate(&turned, &AccessRequest { principal, target }, now);
            prop_assert_eq!(one.to_string(), other.to_string());
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn an_explanation_ends_in_the_decision(
        world in world(),
        requests in vec(request(), REQUESTS),
        now in now(),
    ) {
        let policy = world.snapshot();
        for request in &requests {
            let trace = explain(&policy, request, now);
            prop_assert_eq!(&trace.decision, &evaluate(&policy, request, now));
            // The last rule that applies is the one that decided.
            let applies = |step: &&Step| step.outcome == Outcome::Applies;
            let decided = trace.steps.iter().rev().find(applies);
            let rule = decided.map(|step| step.rule).unwrap_or_default();
            let expected = match trace.decision.reason_label() {
                "role_assignment" => "§4.2",
                "deny_assignment" => "§4.1",
                "discovery" => "§6.2",
                "trusted_access" => "§7.2",
                "admin_group" => "§8.1",
                _ => "§8.2",
            };
            prop_assert_eq!(rule, expected, "{:?}", trace);
        }
    }

    /// The index by principal loses nothing: documents about others change no decision.
    #[test]
    fn what_names_neither_the_caller_nor_a_group_of_it_never_shows(
        world in world(),
        requests in vec(request(), REQUESTS),
        now in now(),
    ) {
        let policy = world.snapshot();
        for request in &requests {
            let own: Vec<_> = request.principal.ids().collect();
            let alone = world.with(|d| {
                // A bound belongs to its assignment, whoever is named in it.
                let bounds: Vec<_> = d.role_assignments.iter()
                    .filter(|a| own.contains(&a.principal))
                    .map(|a| a.id.to_ascii_lowercase())
                    .collect();
                let others: Vec<_> = d.role_assignments.iter()
                    .map(|a| a.id.to_ascii_lowercase())
                    .filter(|id| !bounds.contains(id))
                    .collect();
                d.role_assignments.retain(|a| own.contains(&a.principal));
                d.schedule_instances.retain(|i| {
                    let origin = i.origin.as_ref().map(|id| id.to_ascii_lowercase());
                    let bounds_other = origin.is_some_and(|id| others.contains(&id));
                    !bounds_other
                });
                d.deny_assignments.retain(|deny| {
                    deny.principals.iter().any(|id| id.is_everyone() || own.contains(id))
                });
            });
            prop_assert_eq!(evaluate(&policy, request, now), evaluate(&alone, request, now));
        }
    }

    /// Assignments do not help each other: together they grant what one of them grants alone.
    #[test]
    fn one_assignment_alone_grants_whatever_all_of_them_do(
        world in world(),
        requests in vec(request(), REQUESTS),
        now in now(),
    ) {
        let all = world.with(|d| d.deny_assignments.clear());
        let only = |kept: Option<&RoleAssignment>, instance: Option<usize>| world.with(|d| {
            d.deny_assignments.clear();
            let mut n = 0;
            let plain: Vec<_> =
                d.role_assignments.iter().map(|a| a.id.to_ascii_lowercase()).collect();
            d.schedule_instances.retain(|i| {
                n += 1;
                let origin = i.origin.as_ref().map(|id| id.to_ascii_lowercase());
                match (&origin, kept) {
                    (Some(origin), Some(kept)) => *origin == kept.id.to_ascii_lowercase(),
                    _ => instance == Some(n - 1) && !origin.is_some_and(|id| plain.contains(&id)),
                }
            });
            d.role_assignments.retain(|a| Some(a) == kept);
        });
        let plain = world.documents.role_assignments.iter().map(|a| only(Some(a), None));
        let instances = (0..world.documents.schedule_instances.len()).map(|n| only(None, Some(n)));
        let each: Vec<_> = plain.chain(instances).collect();
        for request in &requests {
            let together = is_assigned(&evaluate(&all, request, now));
            let apart = each.iter().any(|one| is_assigned(&evaluate(one, request, now)));
            prop_assert_eq!(together, apart, "{:?}", request);
        }
    }

    /// Whoever remembers a decision as long as the engine says, answers as if nothing were
    /// remembered (semantics §4.6).
    #[test]
    fn a_decision_holds_until_the_moment_that_it_names(
        world in world(),
        requests in vec(request(), REQUESTS),
        now in now(),
    ) {
        let policy = world.snapshot();
        let tick = SignedDuration::from_nanos(1);
        for request in &requests {
            let (decision, clock) = evaluate_timed(&policy, request, now);
            let end = match clock {
                ClockUse::Unread | ClockUse::Read { next_change: None } => Timestamp::MAX,
                ClockUse::Read { next_change: Some(at) } => at.checked_sub(tick).unwrap(),
            };
            prop_assert!(end >= now, "{clock:?} at {now}");
            // Every edge of these worlds is a whole second.
            let seconds = (0..9).map(|s| Timestamp::from_second(s).unwrap());
            for later in seconds.filter(|at| (now..=end).contains(at)).chain([end]) {
                let fresh = evaluate(&policy, request, later);
                prop_assert_eq!(&decision, &fresh, "from {} to {}", now, later);
            }
        }
    }
}

/// Removes one role assignment and the schedule instances that bound it.
fn remove_with_schedule(documents: &mut PolicyDocuments, which: Index) {
    let removed = documents.role_assignments.remove(which.index(documents.role_assignments.len()));
    documents.schedule_instances.retain(|instance| {
        !instance.origin.as_ref().is_some_and(|origin| origin.eq_ignore_ascii_case(&removed.id))
    });
}

/// Another order: turned by some places, then reversed.
fn turn_around<T>(list: &mut [T], by: Index) {
    if !list.is_empty() {
        list.rotate_left(by.index(list.len()));
        list.reverse();
    }
}
