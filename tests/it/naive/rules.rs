//! What decides (semantics §3, §4, §6.2, §7, §8).

use std::cmp::Reverse;

use kubentra::authz::{
    AccessRequest, Discovery, ObjectId, Permission, PolicyDocuments, PolicyRule, PolicySetting,
    Target, Ungranted,
};

use super::needs::{
    Need, grants, is_discovery, lower, matches, path_needs, resource_needs, touches,
};
use crate::worlds::World;

fn segments(scope: &(impl ToString + ?Sized)) -> Vec<String> {
    lower(scope).split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// A path that another reader could understand otherwise (§6.1).
fn is_odd(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.contains('%') || path.split('/').any(|segment| ["", ".", ".."].contains(&segment))
}

/// A rule of Kubernetes (§7.2).
fn rule_allows(rule: &PolicyRule, target: &Target) -> bool {
    let has = |list: &[String], one: &str| list.iter().any(|item| item == "*" || item == one);
    let all = |list: &[String]| list.iter().any(|item| item == "*");
    match target {
        // Odd names and paths take a rule for everything (docs/semantics.md, choices).
        Target::Resource(asked)
            if asked.resource.is_empty()
                || asked.resource.contains('/')
                || asked.namespace.contains('/') =>
        {
            let everything = all(&rule.verbs) && all(&rule.api_groups) && all(&rule.resources);
            everything && rule.resource_names.is_empty()
        }
        Target::NonResource(asked) if is_odd(&asked.path) => {
            all(&rule.verbs) && rule.non_resource_urls.iter().any(|u| u == "*" || u == "/*")
        }
        Target::NonResource(asked) => {
            let mut urls = rule.non_resource_urls.iter();
            has(&rule.verbs, &asked.verb)
                && urls.any(|url| match url.strip_suffix('*') {
                    Some(start) => asked.path.starts_with(start),
                    None => asked.path == *url,
                })
        }
        Target::Resource(asked) => {
            let sub = &asked.subresource;
            let whole = match sub.as_str() {
                "" => vec![asked.resource.clone()],
                _ => vec![format!("{}/{sub}", asked.resource), format!("*/{sub}")],
            };
            has(&rule.verbs, &asked.verb)
                && has(&rule.api_groups, &asked.group)
                && rule.resources.iter().any(|r| r == "*" || whole.contains(r))
                && (rule.resource_names.is_empty() || rule.resource_names.contains(&asked.name))
        }
    }
}

/// What decides: one line that names it.
pub(super) fn decide(World { setting, documents }: &World, request: &AccessRequest) -> String {
    let PolicySetting { cluster, rules, .. } = setting;
    let caller = &request.principal;
    let ids: Vec<ObjectId> = [&[caller.id()], caller.groups()].concat();
    // §3: a question to the cluster, and one to its fleet.
    let mut questions = vec![(cluster.kind().prefix(), cluster.id())];
    questions.extend(cluster.fleet().map(|f| ("Microsoft.ContainerService/fleets/members", f)));
    let questions: Vec<(Vec<Need>, Vec<Vec<String>>)> = (questions.into_iter())
        .map(|(prefix, base)| match &request.target {
            Target::Resource(asked) => {
                let below = |kind: &str| {
                    [segments(base), vec![lower(kind), lower(&asked.namespace)]].concat()
                };
                let scopes = match asked.namespace.as_str() {
                    "" => vec![segments(base)],
                    _ => vec![below("namespaces"), below("managedNamespaces")],
                };
                (resource_needs(setting, prefix, asked), scopes)
            }
            Target::NonResource(asked) => (path_needs(prefix, asked), vec![segments(base)]),
        })
        .collect();
    // The worlds have one management group above the cluster (§3.2).
    let group = segments("/providers/Microsoft.Management/managementGroups/mg");
    let covers = |outer: &[String], inner: &Vec<String>| {
        inner.starts_with(outer) || (outer == group && inner.starts_with(&segments(cluster.id())))
    };
    let by_name = |scope: &str, id: &str| (Reverse(scope.trim_end_matches('/').len()), lower(id));

    let deny = (documents.deny_assignments.iter())
        .filter(|deny| {
            let all_scopes = questions.iter().flat_map(|(_, scopes)| scopes);
            let scope = segments(&deny.scope);
            let mut needs = questions.iter().flat_map(|(needs, _)| needs);
            (ids.iter().chain([&ObjectId::EVERYONE])).any(|id| deny.principals.contains(id))
                && !ids.iter().any(|id| deny.exclude_principals.contains(id))
                && all_scopes.into_iter().any(|inner| match deny.do_not_apply_to_child_scopes {
                    true => *inner == scope,
                    false => covers(&scope, inner),
                })
                && needs.any(|need| deny.permissions.iter().any(|p| forbids(p, need)))
        })
        .min_by_key(|deny| by_name(deny.scope.as_str(), &deny.id));
    if let Some(deny) = deny {
        return format!("deny {}", deny.id);
    }
    let assigned = (documents.role_assignments.iter())
        .filter(|a| ids.contains(&a.principal) && a.condition.is_none())
        .filter(|a| {
            let role = documents.role_definitions.iter().find(|role| role.id == a.role);
            role.is_some_and(|role| {
                questions.iter().any(|(needs, scopes)| {
                    scopes.iter().any(|scope| covers(&segments(&a.scope), scope))
                        && role.permissions.iter().any(|p| allows(p, needs))
                })
            })
        })
        .min_by_key(|a| by_name(a.scope.as_str(), &a.id));
    if let Some(assignment) = assigned {
        return format!("allow {} to {}", assignment.id, assignment.principal);
    }
    if let Target::NonResource(asked) = &request.target
        && rules.discovery == Discovery::Allow
        && is_discovery(asked)
    {
        return "allow discovery".to_owned();
    }
    if let Some(trusted) = trusted(documents, request) {
        return format!("allow {trusted}");
    }
    let mut admins = caller.groups().iter().filter(|g| rules.admin_groups.contains(g));
    match (admins.next(), rules.ungranted) {
        (Some(group), _) => format!("allow member of {group}"),
        (None, Ungranted::NoOpinion) => "nothing".to_owned(),
        (None, Ungranted::Deny) => "nothing, so no".to_owned(),
    }
}

/// §4.2, §4.3, §2.6.
fn allows(permission: &Permission, needs: &[Need]) -> bool {
    permission.condition.is_none()
        && needs.iter().all(|need| {
            permission.data_actions.iter().any(|p| grants(p, need))
                && !permission.not_data_actions.iter().any(|p| touches(p, need))
        })
}

/// §4.1, §2.6. A condition that cannot be evaluated counts.
fn forbids(permission: &Permission, need: &Need) -> bool {
    permission.data_actions.iter().any(|p| touches(p, need))
        && !permission.not_data_actions.iter().any(|p| matches(p, &need.text))
}

/// §7.
fn trusted(documents: &PolicyDocuments, request: &AccessRequest) -> Option<String> {
    let identity = lower(request.principal.managed_identity()?);
    if identity.contains("/microsoft.managedidentity/userassignedidentities/") {
        return None;
    }
    let mut found = Vec::new();
    for binding in &documents.trusted_access_role_bindings {
        let in_force = binding.state.is_in_force() && lower(&binding.source) == identity;
        for role in documents.trusted_access_roles.iter().filter(|_| in_force) {
            let name = format!("{}/{}", role.source_type, role.name);
            let named = binding.roles.iter().any(|r| lower(r) == lower(&name));
            if named && role.rules.iter().any(|rule| rule_allows(rule, &request.target)) {
                found.push((lower(&binding.id), format!("{} {name}", binding.name)));
            }
        }
    }
    found.into_iter().min().map(|(_, name)| name)
}
