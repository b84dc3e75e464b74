//! Trusted-access roles and bindings.

use super::{Head, role::lines};
use crate::{
    authz::trusted_access::{
        PolicyRule, ProvisioningState, TrustedAccessRole, TrustedAccessRoleBinding,
    },
    wire::fields::{Fields, Line, Read},
};

/// Reads a role: `sourceResourceType`, `name` and `rules` are required.
pub(super) fn role(head: &Head, body: &mut Fields<'_, '_>) -> Read<TrustedAccessRole> {
    let source_type = body.required::<Line>("sourceResourceType");
    let name = head.name().map(str::to_owned).ok_or_else(|| body.missing("name"));
    let items = body.required_items("rules");
    let rules = items.and_then(|items| {
        body.each(items, "rule", |rule| {
            let verbs = lines(rule, "verbs");
            let api_groups = lines(rule, "apiGroups");
            let resources = lines(rule, "resources");
            let resource_names = lines(rule, "resourceNames");
            let non_resource_urls = lines(rule, "nonResourceURLs");
            Ok(PolicyRule {
                verbs: verbs?,
                api_groups: api_groups?,
                resources: resources?,
                resource_names: resource_names?,
                non_resource_urls: non_resource_urls?,
            })
        })
    });
    let Line(source_type) = source_type?;
    Ok(TrustedAccessRole { source_type, name: name?, rules: rules? })
}

/// Reads a binding: `sourceResourceId` and `roles` are required. Without an `id` it is one of this
/// cluster's, and its id is empty.
pub(super) fn binding(head: &Head, body: &mut Fields<'_, '_>) -> Read<TrustedAccessRoleBinding> {
    let source = body.required("sourceResourceId");
    let items = body.required_items("roles");
    let roles = items.and_then(|items| body.parse_each::<Line>("roles", items));
    let state = body.parsed::<Line>("provisioningState");
    let state = match state? {
        None => ProvisioningState::Succeeded,
        Some(Line(word)) if word.eq_ignore_ascii_case("Succeeded") => ProvisioningState::Succeeded,
        Some(Line(word)) if word.eq_ignore_ascii_case("Updating") => ProvisioningState::Updating,
        Some(Line(word)) => ProvisioningState::Other(word),
    };
    Ok(TrustedAccessRoleBinding {
        id: head.id.clone().unwrap_or_default(),
        name: head.name().unwrap_or(&head.fallback).to_owned(),
        source: source?,
        roles: roles?.into_iter().map(|Line(role)| role).collect(),
        state,
    })
}
