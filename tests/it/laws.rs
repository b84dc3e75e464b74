//! Laws of deciding, which hold for every policy and every request.

use jiff::Timestamp;
use kubentra::authz::{
    AccessRequest, Decision, NonResourceRequest, Principal, ResourceRequest, RoleKind, Target,
    evaluate, explain,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::worlds::{self, OPERATIONS, deny_assignment, request, role_assignment, world};

/// When nothing depends on it.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Requests that one policy is held to.
const REQUESTS: std::ops::Range<usize> = 1..30;

fn is_allow(decision: &Decision) -> bool {
    matches!(decision, Decision::Allow(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn another_role_assignment_never_takes_access_away(
        world in world(),
        mut more in role_assignment(),
        requests in vec(request(), REQUESTS),
        id in prop_oneof!["/A/00", "/a/99"],
    ) {
        more.id = id;
        let before = world.snapshot();
        let after = world.with(|documents| documents.role_assignments.push(more));
        for request in &requests {
            let (before, after) = (evaluate(&before, request, NOW), evaluate(&after, request, NOW));
            prop_assert!(is_allow(&after) || !is_allow(&before), "{before} -> {after}: {request:?}");
            // What is denied stays denied, for the same reason.
            if let Decision::Deny(kubentra::authz::DenyReason::DenyAssignment { .. }) = &before {
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
    ) {
        more.id = id;
        let before = world.snapshot();
        let after = world.with(|documents| documents.deny_assignments.push(more));
        for request in &requests {
            let (before, after) = (evaluate(&before, request, NOW), evaluate(&after, request, NOW));
            prop_assert!(is_allow(&before) || !is_allow(&after), "{before} -> {after}: {request:?}");
        }
    }

    #[test]
    fn removing_a_grant_never_adds_access(
        world in world(),
        which in any::<proptest::sample::Index>(),
        requests in vec(request(), REQUESTS),
    ) {
        let before = world.snapshot();
        let mut smaller = Vec::new();
        let documents = &world.documents;
        if !documents.role_assignments.is_empty() {
            smaller.push(world.with(|d| {
                d.role_assignments.remove(which.index(d.role_assignments.len()));
            }));
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
            let before = evaluate(&before, request, NOW);
            for after in &smaller {
                let after = evaluate(after, request, NOW);
                prop_assert!(is_allow(&before) || !is_allow(&after), "{before} -> {after}: {request:?}");
            }
        }
    }

    #[test]
    fn the_order_of_documents_and_groups_never_shows(
        world in world(),
        turn in any::<proptest::sample::Index>(),
        requests in vec(request(), REQUESTS),
    ) {
        let turned = world.with(|d| {
            turn_around(&mut d.role_definitions, turn);
            turn_around(&mut d.role_assignments, turn);
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
            let (one, other) =
                (evaluate(&policy, request, NOW), evaluate(&turned, &AccessRequest { principal, target }, NOW));
            prop_assert_eq!(one.to_string(), other.to_string());
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn an_explanation_ends_in_the_decision(
        world in world(),
        requests in vec(request(), REQUESTS),
    ) {
        let policy = world.snapshot();
        for request in &requests {
            let trace = explain(&policy, request, NOW);
            prop_assert_eq!(&trace.decision, &evaluate(&policy, request, NOW));
            // The last rule that applies is the one that decided.
            let applies = |step: &&kubentra::authz::trace::Step| {
                step.outcome == kubentra::authz::trace::Outcome::Applies
            };
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

    /// A question about everything that is answered with yes is a yes to each part of it, as far as
    /// the parts are known operations (semantics §2.6).
    #[test]
    fn a_question_allowed_is_every_known_instance_allowed(
        world in world(),
        principal in worlds::principal(),
        questions in vec(worlds::question(), REQUESTS),
    ) {
        let policy = world.snapshot();
        for question in questions {
            let asked = AccessRequest { principal: principal.clone(), target: question };
            if !is_allow(&evaluate(&policy, &asked, NOW)) {
                continue;
            }
            for target in instances(&asked.target) {
                let part = AccessRequest { target, ..asked.clone() };
                let decision = evaluate(&policy, &part, NOW);
                prop_assert!(is_allow(&decision), "{:?} is allowed, {:?}: {decision}", asked.target, part.target);
            }
        }
    }
}

/// Another order: turned by some places, then reversed.
fn turn_around<T>(list: &mut [T], by: proptest::sample::Index) {
    if !list.is_empty() {
        list.rotate_left(by.index(list.len()));
        list.reverse();
    }
}

/// The requests on known resources and paths that a question takes in.
fn instances(question: &Target) -> Vec<Target> {
    OPERATIONS
        .lines()
        .flat_map(|operation| match question {
            Target::Resource(asked) => resource_instances(asked, operation),
            Target::NonResource(asked) => path_instances(asked, operation),
        })
        .collect()
}

/// The segments of a known operation before its suffix, and the suffix.
fn split(operation: &str) -> (Vec<&str>, &str) {
    let end = operation.strip_suffix("/action").unwrap_or(operation);
    let (name, verb) = end.rsplit_once('/').unwrap();
    (name.split('/').collect(), verb)
}

fn resource_instances(asked: &ResourceRequest, operation: &str) -> Vec<Target> {
    let (name, suffix) = split(operation);
    let (group, resource) = match name.as_slice() {
        // Any of the resources that nobody knows, unless one is asked for by its name.
        ["customresources"] if asked.group != "*" || asked.resource == "*" => {
            ("example.com", "widgets")
        }
        [resource] => ("", *resource),
        [group, resource] => (*group, *resource),
        _ => return vec![],
    };
    let takes_in = |asked: &str, part: &str| asked == "*" || asked == part;
    if !takes_in(&asked.group, group) || !takes_in(&asked.resource, resource) {
        return vec![];
    }
    let verbs: &[&str] = match suffix {
        "read" => &["get", "list", "watch"],
        "write" => &["create", "update", "patch"],
        "delete" => &["delete", "deletecollection"],
        // Every verb is `exec`.
        "exec" => &["get", "create", "bind"],
        verb => &[verb],
    };
    // A question about every verb on a resource takes in what its operations do below it.
    let subresource =
        if suffix == "exec" && asked.verb == "*" { "exec" } else { asked.subresource.as_str() };
    if suffix == "exec" && subresource != "exec" {
        return vec![];
    }
    let verbs = verbs.iter().filter(|verb| takes_in(&asked.verb, verb));
    verbs
        .map(|verb| {
            Target::Resource(ResourceRequest {
                verb: (*verb).to_owned(),
                group: group.to_owned(),
                resource: resource.to_owned(),
                subresource: subresource.to_owned(),
                ..asked.clone()
            })
        })
        .collect()
}

fn path_instances(asked: &NonResourceRequest, operation: &str) -> Vec<Target> {
    let (name, suffix) = split(operation);
    let path = format!("/{}", name.join("/"));
    let rooted =
        if asked.path.starts_with('/') { asked.path.clone() } else { format!("/{}", asked.path) };
    let takes_in = match rooted.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == rooted,
    };
    let verbs: &[&str] = match suffix {
        "read" if takes_in => &["get", "head"],
        "write" if takes_in => &["post", "put", "patch"],
        "delete" if takes_in => &["delete"],
        _ => &[],
    };
    let verbs = verbs.iter().filter(|verb| asked.verb == "*" || asked.verb == **verb);
    verbs
        .map(|verb| {
            Target::NonResource(NonResourceRequest { verb: (*verb).to_owned(), path: path.clone() })
        })
        .collect()
}
