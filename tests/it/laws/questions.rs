//! A question about everything is no way to get more than its parts (semantics §2.6).

use kubentra::authz::{AccessRequest, NonResourceRequest, ResourceRequest, Target, evaluate};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{REQUESTS, is_allow};
use crate::worlds::{self, OPERATIONS};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    /// A question about everything that is answered with yes is a yes to each part of it, as far as
    /// the parts are known operations (semantics §2.6).
    #[test]
    fn a_question_allowed_is_every_known_instance_allowed(
        world in worlds::world(),
        principal in worlds::principal(),
        questions in vec(worlds::question(), REQUESTS),
        now in worlds::now(),
    ) {
        let policy = world.snapshot();
        for question in questions {
            let asked = AccessRequest { principal: principal.clone(), target: question };
            if !is_allow(&evaluate(&policy, &asked, now)) {
                continue;
            }
            for target in instances(&asked.target) {
                let part = AccessRequest { target, ..asked.clone() };
                let decision = evaluate(&policy, &part, now);
                prop_assert!(is_allow(&decision), "{:?} is allowed, {:?}: {decision}", asked.target, part.target);
            }
        }
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
        // Any of the resources that nobody knows, unless one is asked for by its name: group `*` with a
        // named resource does not ask for custom ones (docs/semantics.md, the choices on §2.6).
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
