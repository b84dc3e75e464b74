use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::can_i::target;
use super::list::list;
use super::report::DecisionReport;
use super::who_can::{Holder, who_can};
use crate::authz::{
    AccessRequest, ClusterScope, Condition, DataActionPattern, DecisionRules, DenyAssignment,
    KnownOperations, ObjectId, Permission, PolicyDocuments, PolicyRule, PolicySetting,
    PolicySnapshot, Principal, ProvisioningState, RoleAssignment, RoleDefinition, RoleDefinitionId,
    RoleKind, Scope, TrustedAccessRole, TrustedAccessRoleBinding, evaluate,
};

/// When nothing depends on it.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const TYPE: &str = "Microsoft.ContainerService/managedClusters";
const VAULT: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/backupVaults/v";

const READER: u128 = 0x1;
const OWNER: u128 = 0x2;
const CONDITIONAL: u128 = 0x3;

const ALICE: u128 = 0xa;
const BOB: u128 = 0xb;
const TEAM: u128 = 0xf;
const ADMINS: u128 = 0xff;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

fn patterns(suffixes: &[&str]) -> Vec<DataActionPattern> {
    suffixes.iter().map(|suffix| format!("{TYPE}/{suffix}").parse().unwrap()).collect()
}

fn role(id: u128, name: &str, permission: Permission) -> RoleDefinition {
    RoleDefinition {
        id: RoleDefinitionId::from(id),
        name: name.to_owned(),
        kind: RoleKind::BuiltIn,
        assignable_scopes: vec!["/".to_owned()],
        permissions: vec![permission],
    }
}

fn assignment(id: &str, principal: u128, role: u128, at: &str) -> RoleAssignment {
    RoleAssignment {
        id: format!("{at}/providers/Microsoft.Authorization/roleAssignments/{id}"),
        principal: ObjectId::from(principal),
        role: RoleDefinitionId::from(role),
        scope: scope(at),
        condition: None,
    }
}

fn deny(
    id: &str,
    resource: &str,
    principals: &[ObjectId],
    exclude_principals: &[ObjectId],
) -> DenyAssignment {
    DenyAssignment {
        id: format!("{CLUSTER}/providers/Microsoft.Authorization/denyAssignments/{id}"),
        name: format!("no {resource}"),
        principals: principals.to_vec(),
        exclude_principals: exclude_principals.to_vec(),
        scope: scope(CLUSTER),
        do_not_apply_to_child_scopes: false,
        permissions: vec![Permission {
            data_actions: patterns(&[&format!("{resource}/*")]),
            ..Permission::default()
        }],
        condition: None,
    }
}

/// Alice reads by herself in `dev`, her team reads everywhere, Bob owns the cluster (which grants
/// nothing inside) and has a conditional role; secrets are denied to all but Bob, exec to Alice; a vault may list
/// pods; there is an administrator group.
fn policy() -> PolicySnapshot {
    let dev = format!("{CLUSTER}/namespaces/dev");
    let reads = Permission {
        data_actions: patterns(&["*/read", "pods/exec/action"]),
        not_data_actions: patterns(&["nodes/read"]),
        ..Permission::default()
    };
    let condition = Condition::new(Some("@Environment[UtcNow] ..."), Some("2.0"));
    let documents = PolicyDocuments {
        role_definitions: vec![
            role(READER, "Reader", reads.clone()),
            role(OWNER, "Owner", Permission { actions: patterns(&["*"]), ..Permission::default() }),
            role(CONDITIONAL, "Sometimes", Permission { condition, ..reads }),
        ],
        role_assignments: vec![
            assignment("a2", TEAM, READER, CLUSTER),
            assignment("a1", ALICE, READER, &dev),
            assignment("a3", BOB, OWNER, CLUSTER),
            assignment("a4", BOB, CONDITIONAL, "/subscriptions/s"),
            assignment("a5", BOB, 0x9, CLUSTER),
            assignment("a6", ALICE, READER, &format!("{CLUSTER}/namespaces/test")),
        ],
        deny_assignments: vec![
            deny("d1", "secrets", &[ObjectId::EVERYONE], &[ObjectId::from(BOB)]),
            deny("d2", "pods/exec", &[ObjectId::from(ALICE)], &[]),
        ],
        trusted_access_roles: vec![TrustedAccessRole {
            source_type: "Microsoft.DataProtection/backupVaults".to_owned(),
            name: "backup".to_owned(),
            rules: vec![PolicyRule {
                verbs: vec!["list".to_owned()],
                api_groups: vec![String::new()],
                resources: vec!["pods".to_owned()],
                ..PolicyRule::default()
            }],
        }],
        trusted_access_role_bindings: vec![TrustedAccessRoleBinding {
            id: String::new(),
            name: "vault".to_owned(),
            source: scope(VAULT),
            roles: vec!["Microsoft.DataProtection/backupVaults/backup".to_owned()],
            state: ProvisioningState::Succeeded,
        }],
        ..PolicyDocuments::default()
    };
    let setting = PolicySetting {
        cluster: ClusterScope::new(scope(CLUSTER), &[], None).unwrap(),
        operations: Arc::new(
            KnownOperations::of(["pods/read", "secrets/read", "apps/deployments/read"]).unwrap(),
        ),
        rules: DecisionRules {
            admin_groups: vec![ObjectId::from(ADMINS)],
            ..DecisionRules::default()
        },
    };
    PolicySnapshot::new(&setting, documents)
}

fn caller(id: u128, groups: &[u128]) -> Principal {
    Principal::new(ObjectId::from(id), groups.iter().map(|&g| ObjectId::from(g)), None).unwrap()
}

#[test]
fn who_can_names_every_grant_and_every_deny() {
    let policy = policy();
    let asked =
        |verb, what, namespace| who_can(&policy, &target(verb, what, namespace).unwrap(), NOW);
    let reports = json!({
        "list pods in dev": asked("list", "pods", Some("dev")),
        "get secrets": asked("get", "secrets", None),
        "get /version": asked("get", "/version", None),
        "create pods/exec in test": asked("create", "pods/exec", Some("test")),
        "delete pods": asked("delete", "pods", None),
    });
    insta::assert_json_snapshot!(reports);
}

#[test]
fn who_can_agrees_with_the_decision_about_each_principal() {
    let policy = policy();
    for (verb, what, namespace) in [
        ("list", "pods", Some("dev")),
        ("list", "pods", None),
        ("get", "secrets", None),
        ("get", "nodes", None),
        ("create", "pods/exec", Some("test")),
        ("get", "/version", None),
        ("*", "*", None),
    ] {
        let target = target(verb, what, namespace).unwrap();
        let found = who_can(&policy, &target, NOW);
        for id in [ALICE, BOB, TEAM] {
            let request = AccessRequest { principal: caller(id, &[]), target: target.clone() };
            let decided = evaluate(&policy, &request, NOW).outcome() == "allow";
            let listed = found.items.iter().any(|item| match item {
                Holder::RoleAssignment { principal, denied_by, .. } => {
                    *principal == ObjectId::from(id).to_string() && denied_by.is_empty()
                }
                Holder::Discovery => true,
                Holder::TrustedAccess { .. } | Holder::AdminGroup { .. } => false,
            });
            assert_eq!(listed, decided, "{verb} {what} by {id:x}");
        }
    }
}

#[test]
fn a_list_says_what_grants_and_what_grants_nothing_and_why() {
    let policy = policy();
    let vault = Principal::new(ObjectId::from(0x7), [], Some(scope(VAULT))).unwrap();
    let reports = json!({
        "alice with her team": list(&policy, &caller(ALICE, &[TEAM, ADMINS]), None, NOW),
        "alice in dev": list(&policy, &caller(ALICE, &[]), Some("dev"), NOW),
        "bob": list(&policy, &caller(BOB, &[]), None, NOW),
        "vault": list(&policy, &vault, None, NOW),
        "stranger in dev": list(&policy, &caller(0x8, &[]), Some("dev"), NOW),
    });
    insta::assert_json_snapshot!(reports);
}

#[test]
fn a_decision_is_reported_in_parts() {
    let policy = policy();
    let asked = |principal: Principal, verb, what, namespace| {
        let target = target(verb, what, namespace).unwrap();
        DecisionReport::from(&evaluate(&policy, &AccessRequest { principal, target }, NOW))
    };
    let vault = Principal::new(ObjectId::from(0x7), [], Some(scope(VAULT))).unwrap();
    let reports = json!({
        "through a group": asked(caller(ALICE, &[TEAM]), "get", "pods", None),
        "denied": asked(caller(ALICE, &[TEAM]), "get", "secrets", Some("dev")),
        "nearest miss": asked(caller(ALICE, &[]), "get", "pods", Some("prod")),
        "nothing near": asked(caller(0x8, &[]), "delete", "pods", None),
        "discovery": asked(caller(0x8, &[]), "get", "/version", None),
        "trusted access": asked(vault, "list", "pods", None),
        "administrator": asked(caller(0x8, &[ADMINS]), "delete", "nodes", None),
    });
    insta::assert_json_snapshot!(reports);
}
