//! Roles and bindings of trusted access.

use serde_json::{Value, json};

use super::documents::members;
use super::random::Random;
use super::request::Hot;
use super::scene::Scene;

/// A managed identity's resource ids, one of them often, and the types of trusted-access roles.
pub(crate) const SOURCES: [&str; 8] = [
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/v",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/v",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/v",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/v",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/v",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u",
    "/subscriptions/5a/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/v2",
];
const SOURCE_TYPES: [&str; 3] = [
    "Microsoft.DataProtection/backupVaults",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
];

/// A role with rules about the requests of the policy.
pub(crate) fn role(scene: &Scene, number: usize, random: &mut Random) -> Value {
    let rules: Vec<_> = (0..random.between(1, 3)).map(|_| rule(scene, random)).collect();
    json!({
        "sourceResourceType": SOURCE_TYPES[random.one(&[0, 0, 0, 0, 1, 2])],
        "name": format!("role-{number}"),
        "rules": rules,
    })
}

/// A rule of Kubernetes RBAC about a hot request, or one beside it.
fn rule(scene: &Scene, random: &mut Random) -> Value {
    let hot = scene.request(random);
    let hot = if random.chance(30) { hot.near(random) } else { hot };
    if random.chance(22) {
        return match hot {
            Hot::Path(_) => json!({ "verbs": ["*"], "nonResourceURLs": ["*"] }),
            Hot::Resource(_) => {
                json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] })
            }
        };
    }
    let mut or_star = |word: &str| if random.chance(20) { "*".to_owned() } else { word.to_owned() };
    match hot {
        Hot::Path([verb, path]) => {
            let verb = or_star(verb);
            let url = match random.below(4) {
                0 => "*".to_owned(),
                1 => format!("{path}*"),
                2 => format!("{}*", path.rsplit_once('/').map_or("", |(start, _)| start)),
                _ => path.to_owned(),
            };
            json!({ "verbs": [verb], "nonResourceURLs": [url] })
        }
        Hot::Resource([verb, group, resource, subresource, _, name]) => {
            let (verb, group) = (or_star(verb), or_star(group));
            let resource = match random.below(6) {
                0 => "*".to_owned(),
                1 => format!("*/{subresource}"),
                2 => resource.to_owned(),
                _ if subresource.is_empty() => resource.to_owned(),
                _ => format!("{resource}/{subresource}"),
            };
            let mut rule = members(&json!({
                "verbs": [verb, "list"],
                "apiGroups": [group],
                "resources": [resource, "configmaps"],
            }));
            if !name.is_empty() && random.chance(70) {
                rule.insert("resourceNames".to_owned(), json!([name]));
            }
            Value::Object(rule)
        }
    }
}

/// A binding of a source to roles.
pub(crate) fn binding(scene: &Scene, number: usize, random: &mut Random) -> Value {
    let source = random.pick(&SOURCES);
    let source_type = source.split("/providers/").nth(1).unwrap();
    let source_type = source_type.rsplit_once('/').unwrap().0;
    let roles: Vec<_> = (0..random.between(1, 3))
        .map(|_| {
            let kind = if random.chance(85) { source_type } else { random.pick(&SOURCE_TYPES) };
            let name = random.pick(&["role-0", "role-0", "role-1", "backup-operator", "role-9"]);
            let kind = random.recase(kind, 15);
            format!("{kind}/{name}")
        })
        .collect();
    let mut properties =
        members(&json!({ "sourceResourceId": random.recase(source, 20), "roles": roles }));
    if random.chance(80) {
        let state =
            random.pick(&["Succeeded", "Succeeded", "Succeeded", "Updating", "Failed", "Canceled"]);
        properties.insert("provisioningState".to_owned(), json!(state));
    }
    let cluster =
        if random.chance(12) { format!("{}2", scene.cluster) } else { scene.cluster.clone() };
    let name = format!("binding-{}", ["b", "a", "c"][number]);
    let cluster = random.recase(&cluster, 20);
    let mut binding = json!({
        "id": format!("{cluster}/trustedAccessRoleBindings/{name}"),
        "name": name,
        "type": format!("{}/trustedAccessRoleBindings", scene.prefix),
        "properties": properties,
    });
    if random.chance(4) {
        binding.as_object_mut().unwrap().remove("id");
    }
    binding
}
