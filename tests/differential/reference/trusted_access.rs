//! Trusted access (semantics §7).

use serde_json::Value;

use super::review::{Principal, Target, resource_type};
use super::scope::segments;
use super::world::{World, text, texts};
use super::{actions, reached};

/// The binding and the role that allow, as `<binding name> <role>`.
///
/// Of several bindings the one with the smallest id is named, of its roles the smallest name (§9).
pub(crate) fn grant(world: &World, principal: &Principal, target: &Target) -> Option<String> {
    let identity = principal.managed_identity.as_deref()?;
    // §7.1: a user-assigned identity stands for no resource.
    let kind = resource_type(identity)?;
    if kind == "microsoft.managedidentity/userassignedidentities" {
        reached("not", "§7.1 user-assigned");
        return None;
    }
    let odd = actions::is_odd(target);
    let mut grants = Vec::new();
    for binding in world.bindings.iter().filter(|binding| is_in_force(world, binding)) {
        let source = text(binding, "sourceResourceId").unwrap();
        if segments(source) != segments(identity) {
            continue;
        }
        for name in texts(binding, "roles") {
            // A file's role stands before the built-in one that it replaces. An unknown name grants
            // nothing (§7.2).
            let role = world.trusted_access_roles().find(|role| is_named(role, &name));
            // Contract: a role of another source type than its binding grants nothing.
            let of_the_source = |role: &&Value| {
                text(role, "sourceResourceType").unwrap().eq_ignore_ascii_case(&kind)
            };
            let Some(role) = role.filter(of_the_source) else { continue };
            let rules = role["rules"].as_array().unwrap();
            if rules
                .iter()
                .any(|rule| allows(rule, target) && (!odd || is_everything(rule, target)))
            {
                if odd {
                    reached("allow", "§7.2 odd");
                }
                reached(
                    "allow",
                    match text(binding, "provisioningState") {
                        Some("Updating") => "§7.1 Updating",
                        _ => "§7.1 Succeeded",
                    },
                );
                let id = text(binding, "id").unwrap_or_default().to_ascii_lowercase();
                grants.push((id, full_name(role), text(binding, "name").unwrap()));
            }
        }
    }
    let (_, role, binding) = grants.into_iter().min()?;
    Some(format!("{binding} {role}"))
}

/// Says whether a binding is one of this cluster (contract) whose state keeps it in force: an update
/// in progress does, and so does no state at all (semantics §7.1).
fn is_in_force(world: &World, binding: &Value) -> bool {
    // A file written by hand needs no id.
    let own =
        text(binding, "id").is_none_or(|id| segments(id).starts_with(&segments(&world.cluster)));
    own && matches!(text(binding, "provisioningState"), None | Some("Succeeded" | "Updating"))
}

/// The name by which bindings know a role.
fn full_name(role: &Value) -> String {
    format!("{}/{}", text(role, "sourceResourceType").unwrap(), text(role, "name").unwrap())
}

fn is_named(role: &Value, name: &str) -> bool {
    full_name(role).eq_ignore_ascii_case(name)
}

/// Says whether a rule is about everything of its kind: like a pattern that matches every action, it
/// grants odd requests too (semantics "Words", §6.1).
fn is_everything(rule: &Value, target: &Target) -> bool {
    let all_of = |list: &str| texts(rule, list).iter().any(|word| word == "*");
    // Every path begins with a slash.
    let all_paths = || texts(rule, "nonResourceURLs").iter().any(|url| url == "*" || url == "/*");
    let all_resources =
        || all_of("apiGroups") && all_of("resources") && texts(rule, "resourceNames").is_empty();
    all_of("verbs")
        && match target {
            Target::Path(_) => all_paths(),
            Target::Resource(_) => all_resources(),
        }
}

/// Says whether a rule of Kubernetes RBAC allows the request (semantics §7.2). All texts compare
/// exactly; the `*` of a request is a text like any other.
fn allows(rule: &Value, target: &Target) -> bool {
    let list = |name: &str| texts(rule, name);
    let has = |name: &str, wanted: &str| list(name).iter().any(|x| x == "*" || x == wanted);
    match target {
        Target::Path(request) => {
            has("verbs", &request.verb)
                && list("nonResourceURLs").iter().any(|url| match url.strip_suffix('*') {
                    Some(prefix) => request.path.starts_with(prefix),
                    None => request.path == *url,
                })
        }
        Target::Resource(request) => {
            let full = match request.subresource.as_str() {
                "" => request.resource.clone(),
                subresource => format!("{}/{subresource}", request.resource),
            };
            let any_parent = format!("*/{}", request.subresource);
            let named = list("resources").iter().any(|resource| {
                resource == "*"
                    || *resource == full
                    || (!request.subresource.is_empty() && *resource == any_parent)
            });
            let names = list("resourceNames");
            has("verbs", &request.verb)
                && has("apiGroups", &request.group)
                && named
                && (names.is_empty() || names.contains(&request.name))
        }
    }
}
