//! Scopes (semantics §3) as lists of their segments in lower case.

use super::world::World;

/// The segments of a scope: letter case and one slash at the end do not matter (semantics "Words",
/// §3.2). `/` has none.
pub(crate) fn segments(scope: &str) -> Vec<String> {
    let scope = scope.to_ascii_lowercase();
    let scope = scope.strip_suffix('/').unwrap_or(&scope);
    scope.split('/').skip(1).map(str::to_owned).collect()
}

/// One way to ask for a request: where, and below which resource type its actions lie (§3.3).
pub(crate) struct Place {
    /// The first part of each action.
    pub(crate) prefix: &'static str,
    /// Whose ancestors the management groups are.
    pub(crate) under_management_groups: bool,
    /// The scopes that the request has here, as segments.
    pub(crate) scopes: Vec<Vec<String>>,
    /// The name of this way, for the statistics.
    pub(crate) name: &'static str,
}

/// All ways to ask for a request in `namespace`, an empty one being none (semantics §3.1, §3.3).
pub(crate) fn places(world: &World, namespace: &str) -> Vec<Place> {
    let own = segments(&world.cluster);
    let mut places = vec![Place {
        prefix: world.cluster_type(),
        under_management_groups: true,
        scopes: below(&own, namespace),
        name: "at the cluster",
    }];
    if let Some(fleet) = &world.fleet {
        let fleet = segments(fleet);
        places.push(Place {
            prefix: "Microsoft.ContainerService/fleets/members",
            // Nothing says which management groups a fleet has.
            under_management_groups: false,
            scopes: below(&fleet, namespace),
            name: "at the fleet",
        });
    }
    places
}

/// A namespace is one segment, whatever it holds.
fn below(resource: &[String], namespace: &str) -> Vec<Vec<String>> {
    if namespace.is_empty() {
        return vec![resource.to_vec()];
    }
    let child =
        |kind: &str| [resource, &[kind.to_owned(), namespace.to_ascii_lowercase()]].concat();
    vec![child("namespaces"), child("managednamespaces")]
}

/// How an assignment's scope and a request lie to each other.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Cover {
    Equal,
    Ancestor,
    Root,
    ManagementGroup,
}

impl Cover {
    /// For the statistics.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::Equal => "§3.2 equal",
            Self::Ancestor => "§3.2 ancestor",
            Self::Root => "§3.2 root",
            Self::ManagementGroup => "§3.2 management group",
        }
    }
}

/// Says whether and how `scope` covers a request asked at `place` (semantics §3.2, §3.4).
pub(crate) fn covers(world: &World, scope: &str, place: &Place) -> Option<Cover> {
    let scope = segments(scope);
    if scope.is_empty() {
        return Some(Cover::Root);
    }
    if place.under_management_groups
        && world.management_groups.iter().any(|group| management_group(group) == scope)
    {
        return Some(Cover::ManagementGroup);
    }
    place.scopes.iter().find_map(|target| {
        if *target == scope {
            Some(Cover::Equal)
        } else {
            target.starts_with(&scope).then_some(Cover::Ancestor)
        }
    })
}

/// A configured management group, written as a name or a full id.
fn management_group(group: &str) -> Vec<String> {
    if group.starts_with('/') {
        segments(group)
    } else {
        segments(&format!("/providers/Microsoft.Management/managementGroups/{group}"))
    }
}
