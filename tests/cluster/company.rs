//! The company of the stories: who there is, what Azure lets them do, and what lies in the cluster.
//!
//! The four AKS roles are held by eight people, each named after a role and where it was assigned;
//! everybody else is there for one story.

use kubentra::demo::company::TRUSTED_ACCESS;
use kubentra::emulator::{MintRequest, TokenVersion};
use serde_json::{Value, json};

use crate::hash::hash;

/// The tenant.
pub(crate) const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
/// Resource id of the cluster.
pub(crate) const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000c1/resourceGroups/contoso/providers/Microsoft.ContainerService/managedClusters/stories";
const BACKUP_VAULTS: &str = "/subscriptions/00000000-0000-4000-8000-0000000000c1/resourceGroups/contoso/providers/Microsoft.DataProtection/backupVaults";

/// Built-in roles, by the GUID of their definition.
pub(crate) const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
pub(crate) const WRITER: &str = "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb";
pub(crate) const ADMIN: &str = "3498e952-d568-435e-9b2c-8d77e338d7f7";
pub(crate) const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
/// Custom roles of the company.
const CUSTOM_RESOURCE_EDITOR: &str = "d0000000-0000-4000-8000-000000000001";
const IMPERSONATOR: &str = "d0000000-0000-4000-8000-000000000002";
const CERTIFICATE_APPROVER: &str = "d0000000-0000-4000-8000-000000000003";
const CERTIFICATE_WRITER: &str = "d0000000-0000-4000-8000-000000000004";
const BINDING_WRITER: &str = "d0000000-0000-4000-8000-000000000005";

/// People, and in which group they are.
#[rustfmt::skip]
const USERS: [(&str, &str); 24] = [
    ("reader", ""), ("writer", ""), ("admin", ""), ("cluster-admin", ""),
    ("shop-reader", ""), ("shop-writer", ""), ("shop-admin", ""), ("shop-cluster-admin", ""),
    // Edits custom resources of one API group in shop, by a condition.
    ("alice", ""),
    // Admin of the cluster, whom a deny assignment keeps from the secrets in payments.
    ("carol", ""),
    // No role in Azure; their groups have native bindings.
    ("nora", "operators"), ("iris", "support"),
    // In the group that the configuration may name as cluster administrators.
    ("gina", "platform"),
    // Writer in payments through a group that is inside of another.
    ("bob", "payments-team"),
    // May impersonate, and nothing else.
    ("ivan", ""),
    // May approve certificates, and nothing else.
    ("petra", ""),
    // May write approvals, but approve for no signer.
    ("paul", ""),
    // May write roles and bindings in shop, but neither bind nor escalate.
    ("rosa", ""),
    // Get a role, and lose it, while a story is told.
    ("eve", ""), ("rita", ""), ("timo", ""),
    // Reader in shop, for stories in which the server fails.
    ("fay", ""), ("finn", ""),
    // Known to Entra and to nobody else.
    ("nobody", ""),
];
const GROUPS: [&str; 5] = ["operators", "support", "platform", "payments-team", "developers"];

/// Object id of a user or group.
pub(crate) fn id(name: &str) -> String {
    let user = USERS.iter().position(|(user, _)| *user == name);
    let group = GROUPS.iter().position(|group| *group == name);
    match (user, group) {
        (Some(number), _) => format!("a0000000-0000-4000-8000-{:012x}", number + 1),
        (_, Some(number)) => format!("90000000-0000-4000-8000-{:012x}", number + 1),
        _ => panic!("nobody is called `{name}`"),
    }
}

/// The name under which Kubernetes knows a user.
pub(crate) fn username(name: &str) -> String {
    format!("{name}@contoso.example")
}

/// `directory.yaml` of the emulator, as JSON.
pub(crate) fn directory() -> String {
    let users = USERS.iter().map(|(name, _)| {
        json!({ "id": id(name), "tenant": TENANT, "upn": username(name), "name": name })
    });
    let groups = GROUPS.iter().map(|group| {
        let members = USERS.iter().filter(|(_, of)| of == group).map(|(name, _)| id(name));
        // payments-team is a part of developers.
        let teams = ["payments-team"].iter().filter(|_| *group == "developers").map(|team| id(team));
        json!({ "id": id(group), "name": group, "members": members.chain(teams).collect::<Vec<_>>() })
    });
    let identity = |number: u8, name: &str| {
        json!({
            "id": format!("ba5e0000-0000-4000-8000-{number:012}"),
            "appId": format!("ba5e0000-0000-4000-8000-1{number:011}"),
            "name": name,
            "resourceId": format!("{BACKUP_VAULTS}/{name}"),
        })
    };
    let directory = json!({
        "tenants": [TENANT],
        "users": users.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
        "managedIdentities": [identity(1, "vault"), identity(2, "stray-vault")],
    });
    directory.to_string()
}

/// Everybody who can ask, with the token that they ask with.
pub(crate) fn people(version: TokenVersion) -> Vec<(&'static str, MintRequest)> {
    let users = USERS.iter().map(|(name, _)| (*name, MintRequest::new(name).version(version)));
    let vaults = ["vault", "stray-vault"]
        .map(|name| (name, MintRequest::new(name).audience(TRUSTED_ACCESS)));
    users.chain(vaults).collect()
}

/// The policy directory: file and text.
pub(crate) fn policy() -> Vec<(String, String)> {
    let mut assignments: Vec<Value> = Vec::new();
    for (name, role) in
        [("reader", READER), ("writer", WRITER), ("admin", ADMIN), ("cluster-admin", CLUSTER_ADMIN)]
    {
        assignments.push(assignment(name, role, ""));
        assignments.push(assignment(&format!("shop-{name}"), role, "/namespaces/shop"));
    }
    let mut certificates = assignment("alice", CUSTOM_RESOURCE_EDITOR, "/namespaces/shop");
    certificates["condition"] = json!(
        "@Request[Microsoft.ContainerService/managedClusters/customResources:group] \
         StringEquals 'cert-manager.io'"
    );
    certificates["conditionVersion"] = json!("2.0");
    assignments.push(certificates);
    assignments.extend([
        assignment("carol", ADMIN, ""),
        assignment("developers", WRITER, "/namespaces/payments"),
        assignment("ivan", IMPERSONATOR, ""),
        assignment("petra", CERTIFICATE_APPROVER, ""),
        assignment("paul", CERTIFICATE_WRITER, ""),
        assignment("rosa", BINDING_WRITER, "/namespaces/shop"),
        assignment("fay", READER, "/namespaces/shop"),
        assignment("finn", READER, "/namespaces/shop"),
    ]);
    let role = |guid: &str, name: &str, actions: &[&str]| {
        let actions =
            actions.iter().map(|a| format!("Microsoft.ContainerService/managedClusters/{a}"));
        json!({
            "name": guid, "roleName": name, "roleType": "CustomRole",
            "permissions": [{ "dataActions": actions.collect::<Vec<_>>() }],
        })
    };
    let definitions = json!([
        role(CUSTOM_RESOURCE_EDITOR, "Custom Resource Editor", &["customresources/*"]),
        role(
            IMPERSONATOR,
            "Impersonator",
            &[
                "users/impersonate/action",
                "groups/impersonate/action",
                "authentication.k8s.io/userextras/impersonate/action",
            ]
        ),
        role(CERTIFICATE_APPROVER, "Certificate Approver", &["certificates.k8s.io/*"]),
        role(
            CERTIFICATE_WRITER,
            "Certificate Writer",
            &["certificates.k8s.io/certificatesigningrequests/*"]
        ),
        role(
            BINDING_WRITER,
            "Binding Writer",
            &[
                "rbac.authorization.k8s.io/roles/read",
                "rbac.authorization.k8s.io/roles/write",
                "rbac.authorization.k8s.io/rolebindings/write",
            ]
        ),
    ]);
    let deny = json!([{
        "id": format!("{CLUSTER}/providers/Microsoft.Authorization/denyAssignments/e0000000-0000-4000-8000-000000000001"),
        "denyAssignmentName": "Hands off payment secrets",
        "scope": format!("{CLUSTER}/namespaces/payments"),
        "principals": [{ "id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined" }],
        "excludePrincipals": [],
        "permissions": [{ "dataActions": ["Microsoft.ContainerService/managedClusters/secrets/*"] }],
    }]);
    let binding = json!([{
        "id": format!("{CLUSTER}/trustedAccessRoleBindings/nightly-backup"),
        "name": "nightly-backup",
        "provisioningState": "Succeeded",
        "sourceResourceId": format!("{BACKUP_VAULTS}/vault"),
        "roles": ["Microsoft.DataProtection/backupVaults/backup-operator"],
    }]);
    [
        ("roleAssignments/company.json", json!(assignments)),
        ("roleDefinitions/company.json", definitions),
        ("denyAssignments/payment-secrets.json", deny),
        ("trustedAccessRoleBindings/nightly-backup.json", binding),
    ]
    .map(|(file, documents)| (file.to_owned(), format!("{documents:#}\n")))
    .into()
}

/// A role assignment as `az role assignment list` prints it; `place` stands behind the cluster's id.
pub(crate) fn assignment(who: &str, role: &str, place: &str) -> Value {
    let kind = if USERS.iter().any(|(user, _)| *user == who) { "User" } else { "Group" };
    let tail = hash(format!("{who} {role} {place}").as_bytes(), 12);
    let name = format!("c0000000-0000-4000-8000-{tail}");
    json!({
        "id": format!("{CLUSTER}{place}/providers/Microsoft.Authorization/roleAssignments/{name}"),
        "name": name,
        "principalId": id(who),
        "principalType": kind,
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "scope": format!("{CLUSTER}{place}"),
    })
}

/// What lies in the cluster: namespaces and types, then objects and the native bindings of the stories.
pub(crate) fn objects() -> (String, String) {
    let mut text = include_str!("cluster.yaml").to_owned();
    for group in ["operators", "support"] {
        text = text.replace(&format!("GROUP-{group}"), &id(group));
    }
    text = text.replace("USER-carol", &username("carol"));
    let (types, objects) = text.split_once("# Objects\n").unwrap();
    (types.to_owned(), objects.to_owned())
}
