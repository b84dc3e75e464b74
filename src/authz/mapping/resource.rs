//! Requests on API resources (semantics §2).

use super::{Mapping, Names, Subresources, Suffix};
use crate::authz::data_action::RequiredAction;
use crate::authz::request::ResourceRequest;

/// Stands for any verb, group, resource or subresource in a review.
const ANY: &str = "*";

/// Where all resources without known operations go, if they have a group (semantics §2.5).
const CUSTOM_RESOURCES: &str = "customresources";

/// A subresource that is not judged as its parent (semantics §2.4).
struct Special {
    parent: &'static str,
    subresource: &'static str,
    /// What it needs, for every verb that has a suffix.
    suffix: &'static str,
    /// Whether only the strict mode knows it.
    strict: bool,
}

const SPECIAL: [Special; 7] = [
    Special { parent: "pods", subresource: "exec", suffix: "exec/action", strict: false },
    Special { parent: "pods", subresource: "attach", suffix: "write", strict: true },
    Special { parent: "pods", subresource: "portforward", suffix: "write", strict: true },
    Special { parent: "pods", subresource: "proxy", suffix: "write", strict: true },
    Special { parent: "services", subresource: "proxy", suffix: "write", strict: true },
    Special { parent: "nodes", subresource: "proxy", suffix: "write", strict: true },
    Special {
        parent: "serviceaccounts",
        subresource: "token",
        suffix: "impersonate/action",
        strict: true,
    },
];

pub(super) fn required_actions(
    mapping: &Mapping<'_>,
    request: &ResourceRequest,
) -> Vec<RequiredAction> {
    let odd = request.is_odd();
    let question = request.group == ANY || request.resource == ANY;
    let names = Names::of(odd, question);
    let suffix = suffix_of(&request.verb);
    let mut needed = parent_actions(mapping, request, suffix, names);
    let special: Vec<_> =
        special_actions(mapping, request, suffix, Names::of(odd, false)).collect();
    if question {
        // A question about many resources needs the special rule besides the ordinary one.
        needed.extend(special);
        needed
    } else if special.is_empty() {
        needed
    } else {
        special
    }
}

/// What the resource itself needs, its subresource left aside.
fn parent_actions(
    mapping: &Mapping<'_>,
    request: &ResourceRequest,
    suffix: Suffix,
    names: Names,
) -> Vec<RequiredAction> {
    let ResourceRequest { group, resource, .. } = request;
    let operations = mapping.operations;
    let custom = || mapping.action(CUSTOM_RESOURCES, 0, suffix, custom_names(names));
    let grouped = |group: &str, resource: &str| {
        mapping.action(&format!("{group}/{resource}"), group.len() + "/".len(), suffix, names)
    };
    match (group.as_str(), resource.as_str()) {
        ("" | ANY, ANY) => vec![mapping.action(ANY, 0, suffix, names)],
        ("", resource) => vec![mapping.action(resource, 0, suffix, names)],
        (ANY, resource) => vec![mapping.action(resource, 0, suffix, names), grouped(ANY, resource)],
        (group, resource) => {
            let known = if resource == ANY {
                operations.knows_group(group)
            } else {
                operations.knows(group, resource)
            };
            // A verb without suffix stays under the resource's own name (semantics §2.3).
            if known || suffix == Suffix::None {
                vec![grouped(group, resource)]
            } else {
                vec![custom()]
            }
        }
    }
}

/// `customresources` is one name, whatever was asked about it; what was odd stays odd.
fn custom_names(names: Names) -> Names {
    match names {
        Names::Plain | Names::Question => Names::Plain,
        Names::Odd | Names::OddQuestion => Names::Odd,
    }
}

/// What the subresource needs in place of its parent, or besides it. Nothing for a verb without a
/// suffix: that ends at the parent.
fn special_actions(
    mapping: &Mapping<'_>,
    request: &ResourceRequest,
    suffix: Suffix,
    names: Names,
) -> impl Iterator<Item = RequiredAction> {
    let in_core = matches!(request.group.as_str(), "" | ANY);
    SPECIAL
        .iter()
        .filter(move |special| {
            in_core
                && suffix != Suffix::None
                && (request.resource == special.parent || request.resource == ANY)
                && request.subresource == special.subresource
                && (mapping.subresources == Subresources::Strict || !special.strict)
        })
        .map(move |special| {
            // Every verb on such a subresource asks for everything on the parent.
            let suffix = if suffix == Suffix::Any { suffix } else { Suffix::Known(special.suffix) };
            mapping.action(special.parent, 0, suffix, names)
        })
}

/// The suffix of a verb (semantics §2.2, §2.3). Exact: `GET` is another verb.
fn suffix_of(verb: &str) -> Suffix {
    match verb {
        "get" | "list" | "watch" => Suffix::Known("read"),
        "create" | "update" | "patch" => Suffix::Known("write"),
        "delete" | "deletecollection" => Suffix::Known("delete"),
        "bind" => Suffix::Known("bind/action"),
        "escalate" => Suffix::Known("escalate/action"),
        "use" => Suffix::Known("use/action"),
        "impersonate" => Suffix::Known("impersonate/action"),
        ANY => Suffix::Any,
        _ => Suffix::None,
    }
}
