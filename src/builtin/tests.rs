use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::authz::RoleDefinition;
use crate::authz::cluster::FLEET_MEMBERS;

/// What data actions begin with, the longest first.
const PREFIXES: [&str; 4] = [
    FLEET_MEMBERS,
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/fleets",
    "Microsoft.Kubernetes/connectedClusters",
];

/// Patterns that match no known operation, with the reason why that is right.
const EXEMPTIONS: [(&str, &str); 0] = [];

fn roles() -> &'static [RoleDefinition] {
    &documents().unwrap().role_definitions
}

fn role(name: &str) -> &'static RoleDefinition {
    roles().iter().find(|role| role.name == name).unwrap()
}

/// The known operations below one prefix that a role grants.
fn granted(role: &RoleDefinition, prefix: &str) -> usize {
    let operations = operations().unwrap();
    let granted = |operation: &&str| {
        let action = format!("{prefix}/{operation}").to_ascii_lowercase();
        role.permissions.iter().any(|permission| {
            permission.data_actions.iter().any(|pattern| pattern.matches(&action))
                && !permission.not_data_actions.iter().any(|pattern| pattern.matches(&action))
        })
    };
    operations.iter().filter(granted).count()
}

#[test]
fn every_file_below_policies_is_compiled_in_and_parses() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let embedded: BTreeSet<_> =
        ROLES.iter().chain(TRUSTED_ACCESS_ROLES).map(|(file, _)| (*file).to_owned()).collect();
    let mut found = BTreeSet::new();
    for folder in ["roles", "trusted-access"] {
        for entry in std::fs::read_dir(policies.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            found.insert(format!("{folder}/{name}"));
        }
    }
    assert_eq!(embedded, found);
    let documents = documents().unwrap();
    assert_eq!(documents.role_definitions.len(), ROLES.len());
    assert_eq!(documents.trusted_access_roles.len(), TRUSTED_ACCESS_ROLES.len());
    assert_eq!(operations().unwrap().iter().count(), 383);
}

#[test]
fn ids_and_names_are_unique() {
    let ids: BTreeSet<_> = roles().iter().map(|role| role.id).collect();
    let names: BTreeSet<_> = roles().iter().map(|role| &role.name).collect();
    assert_eq!((ids.len(), names.len()), (roles().len(), roles().len()));
    let operations = operations().unwrap();
    assert_eq!(operations.iter().collect::<BTreeSet<_>>().len(), 383);
}

#[test]
fn every_data_action_matches_a_known_operation() {
    let operations = operations().unwrap();
    let mut unmatched = BTreeSet::new();
    for role in roles() {
        for permission in &role.permissions {
            for pattern in permission.data_actions.iter().chain(&permission.not_data_actions) {
                let text = pattern.as_str();
                let known = PREFIXES.iter().any(|prefix| {
                    text.starts_with(prefix)
                        && operations.iter().any(|operation| {
                            pattern.matches(&format!("{prefix}/{operation}").to_ascii_lowercase())
                        })
                });
                if !known {
                    unmatched.insert(text.to_owned());
                }
            }
        }
    }
    let exempt: BTreeSet<_> = EXEMPTIONS.iter().map(|(text, _)| (*text).to_owned()).collect();
    assert_eq!(unmatched, exempt, "an action that matches nothing, or a stale exemption");
}

#[test]
fn roles_expand_to_the_documented_numbers_of_operations() {
    let (aks, arc) = (PREFIXES[1], PREFIXES[3]);
    #[rustfmt::skip]
    let cases = [
        // (role, prefix, expected, why)
        ("Azure Kubernetes Service RBAC Reader",        aks, 31,  "reads, no wildcard"),
        ("Azure Kubernetes Service RBAC Writer",        aks, 85,  "35 patterns, expanded"),
        ("Azure Kubernetes Service RBAC Admin",         aks, 379, "all but four"),
        ("Azure Kubernetes Service RBAC Cluster Admin", aks, 383, "all"),
        ("Azure Kubernetes Service RBAC Cluster Admin", arc, 0,   "another cluster type"),
        ("Azure Arc Kubernetes Cluster Admin",          arc, 383, "all, below its own prefix"),
        ("Azure Kubernetes Fleet Manager RBAC Cluster Admin", FLEET_MEMBERS, 0, "the hub only"),
        ("Azure Kubernetes Fleet Manager RBAC Cluster Admin for Member Clusters", FLEET_MEMBERS, 383, "all on members"),
    ];
    for (name, prefix, expected, why) in cases {
        assert_eq!(granted(role(name), prefix), expected, "{why}: {name}");
    }
}

#[test]
fn the_families_are_complete() {
    let mut families = BTreeMap::new();
    for role in roles() {
        let data = role.permissions.iter().any(|permission| !permission.data_actions.is_empty());
        let family = PREFIXES.into_iter().find(|prefix| {
            role.permissions
                .iter()
                .flat_map(|permission| &permission.data_actions)
                .any(|pattern| pattern.as_str().starts_with(prefix))
        });
        assert_eq!(data, family.is_some(), "{}", role.name);
        *families.entry(family.unwrap_or("control plane")).or_insert(0) += 1;
    }
    let expected = BTreeMap::from([
        (PREFIXES[0], 6),
        (PREFIXES[1], 4),
        (PREFIXES[2], 8),
        (PREFIXES[3], 4),
        ("control plane", 39),
    ]);
    assert_eq!(families, expected);
}

#[test]
fn trusted_access_roles_have_rules_with_verbs() {
    let roles = &documents().unwrap().trusted_access_roles;
    assert_eq!(roles.len(), 7);
    for role in roles {
        assert!(!role.rules.is_empty(), "{}", role.full_name());
        assert!(role.rules.iter().all(|rule| !rule.verbs.is_empty()), "{}", role.full_name());
    }
    let inference = roles.iter().find(|role| role.name == "inference-v1").unwrap();
    assert_eq!(inference.rules.len(), 16);
}
