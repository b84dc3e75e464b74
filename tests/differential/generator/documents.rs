//! Policy documents, as ARM or as `az` shows them.

use serde_json::{Map, Value, json};

use super::condition;
use super::random::Random;
use super::scene::{EVERYONE, Focus, IDS, Scene};
use super::trusted_access;

/// Role definitions that assignments name: the built-in ones Reader, Writer, Admin, Cluster Admin of
/// AKS, Cluster Admin of Arc and of fleets, and Owner; then those of the policy; then none.
const ROLES: [&str; 12] = [
    "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
    "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
    "3498e952-d568-435e-9b2c-8d77e338d7f7",
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
    "8393591c-06b9-48a2-a542-1bd6b377f6a2",
    "18ab4d3d-a1bf-4477-8ad9-8359bc988f69",
    "79a36d98-eb96-4a76-ae1d-481dc98d2c23",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "d0000000-0000-4000-8000-00000000000a",
    "d0000000-0000-4000-8000-00000000000b",
    "d0000000-0000-4000-8000-00000000000c",
    "d0000000-0000-4000-8000-0000000000ff",
];
/// Where the roles of the policy's own begin in [`ROLES`].
const OWN: usize = 8;

/// Dates around noon, in different notations.
pub(crate) const DATES: [&str; 14] = [
    "2020-02-29T00:00:00Z",
    "2026-11-22T11:59:59Z",
    "2026-11-22T11:59:59.999999999Z",
    "2026-11-22T12:00:00Z",
    "2026-11-22T13:00:00+01:00",
    "2026-11-22T06:30:00-05:30",
    "2026-11-22T12:00:00.0000000Z",
    "2026-11-22T12:00:00.000000001Z",
    "2026-11-22T12:00:00.5Z",
    "2026-11-22T12:00:00.0000001Z",
    "2026-11-22T12:00:01+00:00",
    "2026-11-23T00:00:00+14:00",
    "2099-12-31T23:59:59Z",
    "9999-12-31T23:59:59.9999999Z",
];

/// Dates that noon, or a moment beside it, is the edge of.
const AT_NOON: [&str; 5] = [
    "2026-11-22T11:59:59Z",
    "2026-11-22T11:59:59.999999999Z",
    "2026-11-22T12:00:00Z",
    "2026-11-22T12:00:00.000000001Z",
    "2026-11-22T12:00:01Z",
];

/// All documents of a policy, in an object with a list for each folder.
pub(crate) fn all(scene: &Scene, random: &mut Random) -> Value {
    let trusted_access = scene.focus == Focus::TrustedAccess;
    let definitions = (0..random.between(1, 3)).map(|n| definition(scene, n, random)).collect();
    let count = if trusted_access { random.below(3) } else { random.between(2, 9) };
    let assignments: Vec<_> = (0..count).map(|n| assignment(scene, n, random)).collect();
    let count = if scene.focus == Focus::Schedules {
        random.between(2, 6)
    } else if scene.focus == Focus::Everything && random.chance(40) {
        random.between(1, 4)
    } else {
        usize::from(random.chance(10))
    };
    let instances: Vec<_> = (0..count).map(|n| instance(scene, n, &assignments, random)).collect();
    let often = match scene.focus {
        Focus::Everything => 45,
        Focus::Conditions => 60,
        Focus::Schedules | Focus::TrustedAccess => 15,
    };
    let count = if random.chance(often) { random.between(1, 3) } else { 0 };
    let denies: Vec<_> = (0..count).map(|n| deny(scene, n, random)).collect();
    let often = if trusted_access { 100 } else { 30 };
    let count = if random.chance(often) { random.between(1, 2) } else { 0 };
    let roles: Vec<_> = (0..count).map(|n| trusted_access::role(scene, n, random)).collect();
    let count = if random.chance(often) { random.between(1, 3) } else { 0 };
    let bindings: Vec<_> = (0..count).map(|n| trusted_access::binding(scene, n, random)).collect();
    let shuffled = |documents: Vec<Value>, random: &mut Random| {
        let mut documents: Vec<_> =
            documents.into_iter().map(|document| (random.below(1000), document)).collect();
        documents.sort_by_key(|(key, _)| *key);
        documents.into_iter().map(|(_, document)| document).collect::<Vec<_>>()
    };
    let definitions: Vec<Value> = definitions;
    json!({
        "roleDefinitions": shuffled(definitions, random),
        "roleAssignments": shuffled(assignments, random),
        "roleAssignmentScheduleInstances": shuffled(instances, random),
        "denyAssignments": shuffled(denies, random),
        "trustedAccessRoles": shuffled(roles, random),
        "trustedAccessRoleBindings": shuffled(bindings, random),
    })
}

/// One document with an id of its kind, as ARM has it (`properties`) or flattened as `az` does.
fn document(
    scope: &str,
    kind: &str,
    name: &str,
    properties: Map<String, Value>,
    random: &mut Random,
) -> Value {
    let provider = format!("{}/providers/Microsoft.Authorization", scope.trim_end_matches('/'));
    let id = random.recase(&format!("{provider}/{kind}/{name}"), 20);
    let mut document = Map::new();
    document.insert("id".to_owned(), json!(id));
    document.insert("name".to_owned(), json!(name));
    document.insert("type".to_owned(), json!(format!("Microsoft.Authorization/{kind}")));
    if random.chance(75) {
        document.insert("properties".to_owned(), Value::Object(properties));
    } else {
        document.extend(properties);
    }
    Value::Object(document)
}

fn definition(scene: &Scene, number: usize, random: &mut Random) -> Value {
    // Now and then it replaces a built-in role.
    let guid = if number == 2 && random.chance(30) {
        ROLES[random.below(OWN)]
    } else {
        ROLES[OWN + number]
    };
    let properties = members(&json!({
        "roleName": format!("role {number}"),
        "permissions": permissions(scene, random),
        "assignableScopes": ["/"],
    }));
    document("", "roleDefinitions", guid, properties, random)
}

fn permissions(scene: &Scene, random: &mut Random) -> Vec<Value> {
    (0..random.between(1, 3)).map(|_| permission(scene, random)).collect()
}

fn permission(scene: &Scene, random: &mut Random) -> Value {
    let mut patterns = |most: usize| {
        let count = random.between(0, most);
        (0..count).map(|_| scene.pattern(random)).collect::<Vec<_>>()
    };
    let mut permission = members(&json!({
        // They never grant access to data (semantics §4.3).
        "actions": ["*"],
        "notActions": [],
        "dataActions": patterns(4),
        "notDataActions": patterns(1),
    }));
    if random.chance(if scene.focus == Focus::Conditions { 20 } else { 10 }) {
        condition::add(&mut permission, scene, random);
    }
    Value::Object(permission)
}

fn assignment(scene: &Scene, number: usize, random: &mut Random) -> Value {
    let scope = scene.scope(random);
    let mut properties = granting(&scope, scene, random);
    let name = guid(number, random);
    if random.chance(scene.often_conditioned()) {
        condition::add(&mut properties, scene, random);
    }
    document(&scope, "roleAssignments", &name, properties, random)
}

/// A principal and its role at `scope`.
fn granting(scope: &str, scene: &Scene, random: &mut Random) -> Map<String, Value> {
    let role = if scene.focus == Focus::Conditions && random.chance(80) {
        ROLES[OWN]
    } else if random.chance(75) {
        ROLES[OWN + random.below(4)]
    } else {
        random.pick(&ROLES)
    };
    let before = random.pick(&[
        "/providers/Microsoft.Authorization/roleDefinitions/",
        "/subscriptions/5a/providers/Microsoft.Authorization/roleDefinitions/",
        "",
    ]);
    let principal = if random.chance(2) { EVERYONE } else { random.pick(&IDS) };
    members(&json!({
        "principalId": random.recase(principal, 20),
        "roleDefinitionId": format!("{before}{}", random.recase(role, 10)),
        "scope": scope,
    }))
}

fn instance(scene: &Scene, number: usize, plain: &[Value], random: &mut Random) -> Value {
    let scope = scene.scope(random);
    let mut properties = granting(&scope, scene, random);
    let origin = match random.below(10) {
        0..=6 if !plain.is_empty() => {
            plain[random.below(plain.len())]["id"].as_str().map(str::to_owned)
        }
        7 => Some(format!("{}/x", scope.trim_end_matches('/'))),
        _ => None,
    };
    if let Some(origin) = origin {
        let origin = random.recase(&origin, 20);
        properties.insert("originRoleAssignmentId".to_owned(), json!(origin));
    }
    let mut maybe = |name: &str, values: &[&str], random: &mut Random| {
        if random.chance(70) {
            properties.insert(name.to_owned(), json!(random.pick(values)));
        }
    };
    for edge in ["startDateTime", "endDateTime"] {
        maybe(edge, if random.chance(50) { &AT_NOON } else { &DATES }, random);
    }
    maybe("memberType", &["Direct", "Direct", "Direct", "Group", "Inherited"], random);
    maybe(
        "status",
        &["Provisioned", "Provisioned", "Provisioned", "Revoked", "provisioned"],
        random,
    );
    if random.chance(15) {
        condition::add(&mut properties, scene, random);
    }
    let name = guid(number, random);
    document(&scope, "roleAssignmentScheduleInstances", &name, properties, random)
}

fn deny(scene: &Scene, number: usize, random: &mut Random) -> Value {
    let principal = |id: &str, random: &mut Random| {
        let kind = random.pick(&["User", "Group", "SystemDefined", "ServicePrincipal"]);
        json!({ "id": random.recase(id, 20), "type": kind })
    };
    let principals = if random.chance(20) {
        vec![principal(EVERYONE, random)]
    } else {
        (0..random.between(1, 2))
            .map(|_| {
                let id = random.pick(&IDS);
                principal(id, random)
            })
            .collect()
    };
    let excluded: Vec<_> = (0..random.below(3))
        .map(|_| {
            let id = if random.chance(10) { EVERYONE } else { random.pick(&IDS) };
            principal(id, random)
        })
        .collect();
    let scope = scene.scope(random);
    let mut properties = members(&json!({
        "denyAssignmentName": format!("deny {number}"),
        "principals": principals,
        "excludePrincipals": excluded,
        "scope": scope,
        "permissions": permissions(scene, random),
    }));
    if random.chance(50) {
        properties.insert("doNotApplyToChildScopes".to_owned(), json!(random.chance(60)));
    }
    if random.chance(scene.often_conditioned()) {
        condition::add(&mut properties, scene, random);
    }
    let name = guid(number, random);
    document(&scope, "denyAssignments", &name, properties, random)
}

/// A GUID that no other document of the same kind has, in no order.
fn guid(number: usize, random: &mut Random) -> String {
    let first = random.pick(&["0", "7", "a", "f"]);
    format!("{first}0000000-0000-4000-8000-00000000000{number}")
}

/// The members of an object.
pub(crate) fn members(object: &Value) -> Map<String, Value> {
    object.as_object().cloned().unwrap_or_default()
}
