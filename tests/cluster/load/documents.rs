//! What Azure says of the crowd: roles of every shape, assigned in near and far places, and denies.

use serde_json::{Value, json};

use super::crowd::{Crowd, SEED};
use crate::company::{ADMIN, CLUSTER, CLUSTER_ADMIN, READER, WRITER};
use crate::differential::generator::random::Random;

/// Namespaces that are asked about. They do not exist: a decision comes before that shows.
pub(super) const NAMESPACES: [&str; 6] =
    ["load-a", "load-b", "load-c", "load-d", "shop", "payments"];

/// Custom roles: data actions and those that are taken away again, below the cluster's type.
const ROLES: [(&[&str], &[&str]); 8] = [
    (&["pods/*"], &["pods/delete"]),
    (&["*/read"], &["secrets/read"]),
    (&["customresources/*"], &[]),
    (&["configmaps/read", "configmaps/write", "services/*"], &["services/write"]),
    (&["apps/*"], &["apps/deployments/delete"]),
    (&["*"], &["secrets/*", "rbac.authorization.k8s.io/*"]),
    (&["p*ds/read", "pods/exec/action"], &[]),
    (&["certificates.k8s.io/*", "nodes/read", "namespaces/*"], &["namespaces/delete"]),
];

const CONDITIONS: [&str; 5] = [
    "@Request[Microsoft.ContainerService/managedClusters/customResources:group] StringEquals 'cert-manager.io'",
    "NOT @Request[Microsoft.ContainerService/managedClusters/customResources:kind] StringEquals 'backups'",
    "ActionMatches{'Microsoft.ContainerService/managedClusters/*/read'}",
    "@Environment[UtcNow] DateTimeGreaterThan '2020-01-01T00:00:00Z'",
    "@Request[Microsoft.ContainerService/managedClusters/resources:subresource] StringEquals 'log'",
];

/// Files of the policy directory.
pub(super) fn all(crowd: &Crowd) -> Vec<(String, String)> {
    let mut random = Random::new(SEED, 1);
    let roles: Vec<_> = ROLES.iter().enumerate().map(|(n, role)| definition(n, role)).collect();
    let mut assignments = Vec::new();
    for (who, kind) in principals(crowd) {
        for _ in 0..random.below(3) {
            let number = assignments.len();
            assignments.push(assignment(&mut random, number, &who, kind));
        }
    }
    // Some have ended long ago, some begin late, some are in force for years.
    let mut instances = Vec::new();
    for (number, of) in assignments.iter().enumerate().filter(|(number, _)| number % 9 == 0) {
        let (start, end) = match number % 27 {
            0 => ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
            9 => ("2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z"),
            _ => ("2110-01-01T00:00:00Z", "2120-01-01T00:00:00Z"),
        };
        let id = of["id"].as_str().unwrap();
        let mut instance = of.clone();
        instance["originRoleAssignmentId"] = json!(id);
        instance["id"] =
            json!(id.replace("/roleAssignments/", "/roleAssignmentScheduleInstances/"));
        instance["startDateTime"] = json!(start);
        instance["endDateTime"] = json!(end);
        instances.push(instance);
    }
    let denies: Vec<_> = (0..12).map(|number| deny(&mut random, number, crowd)).collect();
    let file = |folder: &str, documents: Vec<Value>| {
        (format!("{folder}/load.json"), Value::from(documents).to_string())
    };
    vec![
        file("roleDefinitions", roles),
        file("roleAssignments", assignments),
        file("roleAssignmentScheduleInstances", instances),
        file("denyAssignments", denies),
    ]
}

fn principals(crowd: &Crowd) -> impl Iterator<Item = (String, &'static str)> {
    let users = crowd.users.iter().map(|user| (user.id.clone(), "User"));
    users.chain(crowd.groups.iter().map(|group| (group.clone(), "Group")))
}

fn role_id(number: usize) -> String {
    format!("d10a0000-0000-4000-8000-{number:012x}")
}

fn definition(number: usize, (given, taken): &(&[&str], &[&str])) -> Value {
    let actions = |names: &[&str]| -> Vec<String> {
        names.iter().map(|n| format!("Microsoft.ContainerService/managedClusters/{n}")).collect()
    };
    json!({
        "name": role_id(number), "roleName": format!("Load {number}"), "roleType": "CustomRole",
        "permissions": [{ "dataActions": actions(given), "notDataActions": actions(taken) }],
    })
}

/// The cluster, above it, or one of its namespaces.
fn scope(random: &mut Random) -> String {
    match random.below(10) {
        0 => "/subscriptions/00000000-0000-4000-8000-0000000000c1".to_owned(),
        1 => CLUSTER.split("/providers/").next().unwrap().to_owned(),
        2 => CLUSTER.to_uppercase(),
        3 => format!("{CLUSTER}2"),
        4 => format!("{CLUSTER}/managedNamespaces/{}", random.pick(&NAMESPACES)),
        _ => format!("{CLUSTER}/namespaces/{}", random.pick(&NAMESPACES)),
    }
}

fn assignment(random: &mut Random, number: usize, who: &str, kind: &str) -> Value {
    let role = match random.below(12) {
        0 | 1 => READER.to_owned(),
        2 | 3 => WRITER.to_owned(),
        4 => ADMIN.to_owned(),
        5 if number.is_multiple_of(5) => CLUSTER_ADMIN.to_owned(),
        _ => role_id(random.below(ROLES.len())),
    };
    let scope = scope(random);
    let name = format!("c10a0000-0000-4000-8000-{number:012x}");
    let mut assignment = json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"),
        "name": name, "principalId": who, "principalType": kind,
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "scope": scope,
    });
    if random.chance(25) {
        assignment["condition"] = json!(random.pick(&CONDITIONS));
        assignment["conditionVersion"] = json!("2.0");
    }
    assignment
}

fn deny(random: &mut Random, number: usize, crowd: &Crowd) -> Value {
    let everyone = "00000000-0000-0000-0000-000000000000";
    let group = |random: &mut Random| crowd.groups[random.below(crowd.groups.len())].clone();
    let who = if random.chance(25) { everyone.to_owned() } else { group(random) };
    let actions =
        ["secrets/*", "pods/exec/action", "*/delete", "customresources/write", "configmaps/write"];
    let namespace = random.pick(&NAMESPACES);
    let mut permission = json!({ "dataActions": [
        format!("Microsoft.ContainerService/managedClusters/{}", random.pick(&actions)),
    ] });
    if random.chance(30) {
        permission["notDataActions"] = json!(["*/read"]);
    }
    json!({
        "id": format!("{CLUSTER}/providers/Microsoft.Authorization/denyAssignments/e10a0000-0000-4000-8000-{number:012x}"),
        "denyAssignmentName": format!("load {number}"),
        "scope": format!("{CLUSTER}/namespaces/{namespace}"),
        "doNotApplyToChildScopes": random.chance(10),
        "principals": [{ "id": who, "type": "Group" }],
        "excludePrincipals": [{ "id": group(random), "type": "Group" }],
        "permissions": [permission],
    })
}
