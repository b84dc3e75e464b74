//! Roles and bindings of trusted access in these worlds.

use kubentra::authz::{PolicyRule, ProvisioningState, TrustedAccessRole, TrustedAccessRoleBinding};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{USER_ASSIGNED, VAULT, text, words};

fn rule() -> impl Strategy<Value = PolicyRule> {
    let verbs = words(&["get", "list", "*", "create"]);
    let api_groups = words(&["", "*", "apps"]);
    let resources = words(&["pods", "*", "pods/log", "*/scale", "pods/exec", "deployments"]);
    let names = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["a".to_owned()])];
    let paths = words(&["/logs", "/logs/*", "*", "/metrics"]);
    (verbs, api_groups, resources, names, paths).prop_map(
        |(verbs, api_groups, resources, resource_names, non_resource_urls)| PolicyRule {
            verbs,
            api_groups,
            resources,
            resource_names,
            non_resource_urls,
        },
    )
}

pub(super) fn trusted_access_role(name: &'static str) -> impl Strategy<Value = TrustedAccessRole> {
    vec(rule(), 1..3).prop_map(move |rules| TrustedAccessRole {
        source_type: "Microsoft.X/vaults".to_owned(),
        name: name.to_owned(),
        rules,
    })
}

pub(super) fn binding() -> impl Strategy<Value = TrustedAccessRoleBinding> {
    let roles =
        words(&["Microsoft.X/vaults/one", "microsoft.x/Vaults/TWO", "Microsoft.X/vaults/no"]);
    let states = select(&["", "Updating", "Failed"][..]).prop_map(|state| match state {
        "" => ProvisioningState::Succeeded,
        "Updating" => ProvisioningState::Updating,
        other => ProvisioningState::Other(other.to_owned()),
    });
    (text(&[VAULT, USER_ASSIGNED]), roles, states).prop_map(|(source, roles, state)| {
        TrustedAccessRoleBinding {
            id: String::new(),
            name: String::new(),
            source: source.parse().unwrap(),
            roles,
            state,
        }
    })
}
