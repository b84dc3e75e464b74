//! What a condition can ask of a request: the attributes of semantics §5.4.

use super::source::Source;
use crate::authz::operations::KnownOperations;
use crate::authz::request::{ResourceRequest, Target};

/// Asks for every resource or every group (semantics §2.6).
const ANY: &str = "*";

/// Subresources whose name is an attribute, with their resources. The API group does not matter,
/// nor does it to AKS's own authorizer.
#[rustfmt::skip]
const SUBRESOURCES: [(&str, &[&str]); 4] = [
    ("pods", &["log", "exec", "portforward", "proxy", "ephemeralcontainers", "attach"]),
    ("deployments", &["scale"]),
    ("statefulsets", &["scale"]),
    ("replicasets", &["scale"]),
];

/// The attributes that a review can have, by their names in conditions. They begin with
/// `managedClusters` for every type of cluster: to AKS's own authorizer too they are constants.
const FACTS: [(Source, &str, Fact); 4] = [
    (
        Source::Request,
        "Microsoft.ContainerService/managedClusters/customResources:group",
        Fact::Group,
    ),
    (
        Source::Request,
        "Microsoft.ContainerService/managedClusters/customResources:kind",
        Fact::Kind,
    ),
    (
        Source::Request,
        "Microsoft.ContainerService/managedClusters/resources:subresource",
        Fact::Subresource,
    ),
    (Source::Environment, "UtcNow", Fact::UtcNow),
];

/// An attribute that a review can have.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Fact {
    /// The API group of a custom resource.
    Group,
    /// The plural name of a custom resource, whatever the attribute is called.
    Kind,
    /// The subresource, for the few that are listed.
    Subresource,
    /// The clock.
    UtcNow,
}

impl Fact {
    /// The fact of exactly this name; every other attribute is missing.
    pub(super) fn of(source: Source, name: &str) -> Option<Self> {
        FACTS.into_iter().find(|(s, n, _)| *s == source && *n == name).map(|(.., fact)| fact)
    }
}

/// The attributes of one request, its clock aside. What is none is missing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Attributes<'a> {
    /// The API group of a custom resource.
    pub group: Option<&'a str>,
    /// The plural name of a custom resource.
    pub kind: Option<&'a str>,
    /// The subresource, for the few that are listed.
    pub subresource: Option<&'a str>,
}

/// The attributes of `target` (semantics §5.4).
///
/// Group and kind belong to custom resources: an API group that is no `*`, with a resource that has
/// no known operation, or with resource `*` where none of the group's resources has one (§2.5,
/// §2.6). The verb does not matter. The kind of `*`, and of no resource at all, is missing.
pub fn attributes<'a>(target: &'a Target, operations: &KnownOperations) -> Attributes<'a> {
    let Target::Resource(request) = target else { return Attributes::default() };
    let ResourceRequest { group, resource, subresource, .. } = request;
    let named = (resource != ANY && !resource.is_empty()).then_some(resource.as_str());
    let known = match resource.as_str() {
        ANY => operations.knows_group(group),
        resource => operations.knows(group, resource),
    };
    let custom = !group.is_empty() && group != ANY && !known;
    let listed = SUBRESOURCES
        .iter()
        .any(|(of, names)| resource == of && names.contains(&subresource.as_str()));
    Attributes {
        group: custom.then_some(group),
        kind: named.filter(|_| custom),
        subresource: listed.then_some(subresource),
    }
}
