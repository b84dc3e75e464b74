use super::*;
use crate::authz::condition::Condition;
use crate::authz::role::{Permission, RoleKind};
use crate::authz::trusted_access::{PolicyRule, ProvisioningState};

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const FLEET: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/fleets/f";
const VAULT: &str =
    "/subscriptions/s/resourceGroups/b/providers/Microsoft.DataProtection/backupVaults/v";
const ALICE: u128 = 0xa11ce;
const ROLE: u128 = 0x401e;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

fn condition(text: &str) -> Option<Condition> {
    Condition::new(Some(text), Some("2.0"))
}

fn permission(data_actions: &[&str]) -> Permission {
    let data_actions = data_actions.iter().map(|a| a.parse().unwrap()).collect();
    Permission { data_actions, ..Permission::default() }
}

fn role(id: u128, name: &str, assignable: &[&str], data_actions: &[&str]) -> RoleDefinition {
    RoleDefinition {
        id: id.into(),
        name: name.to_owned(),
        kind: RoleKind::BuiltIn,
        assignable_scopes: assignable.iter().map(|&s| s.to_owned()).collect(),
        permissions: vec![permission(data_actions)],
    }
}

fn everything() -> RoleDefinition {
    role(ROLE, "All", &["/"], &["Microsoft.ContainerService/managedClusters/*"])
}

fn assignment(id: &str, principal: u128, at: &str) -> RoleAssignment {
    RoleAssignment {
        id: id.to_owned(),
        principal: principal.into(),
        role: ROLE.into(),
        scope: scope(at),
        condition: None,
    }
}

fn deny(id: &str, principals: &[u128], at: &str) -> DenyAssignment {
    DenyAssignment {
        id: id.to_owned(),
        name: String::new(),
        principals: principals.iter().map(|&p| p.into()).collect(),
        exclude_principals: vec![],
        scope: scope(at),
        do_not_apply_to_child_scopes: false,
        permissions: vec![permission(&["*"])],
        condition: None,
    }
}

fn binding(id: &str, name: &str, roles: &[&str]) -> TrustedAccessRoleBinding {
    TrustedAccessRoleBinding {
        id: id.to_owned(),
        name: name.to_owned(),
        source: scope(VAULT),
        roles: roles.iter().map(|&r| r.to_owned()).collect(),
        state: ProvisioningState::Succeeded,
    }
}

fn trusted_role(source_type: &str, name: &str) -> TrustedAccessRole {
    let rules = vec![PolicyRule::default()];
    TrustedAccessRole { source_type: source_type.to_owned(), name: name.to_owned(), rules }
}

/// A member of a fleet below management group `mg`.
fn snapshot(documents: PolicyDocuments) -> PolicySnapshot {
    let groups = ["mg".to_owned()];
    let operations = "pods/read\npods/write\nsecrets/read\n";
    let setting = PolicySetting {
        cluster: ClusterScope::new(scope(CLUSTER), &groups, Some(scope(FLEET))).unwrap(),
        operations: Arc::new(KnownOperations::of(operations.lines()).unwrap()),
        rules: DecisionRules::default(),
    };
    PolicySnapshot::new(&setting, documents)
}

/// Severity, kind and subject of each problem.
fn problems(documents: PolicyDocuments) -> Vec<(Severity, &'static str, String)> {
    let policy = snapshot(documents);
    let found = policy.problems().iter();
    found.map(|p| (p.severity, p.kind, p.subject.clone())).collect()
}

fn with_assignment(assignment: RoleAssignment, roles: &[RoleDefinition]) -> PolicyDocuments {
    PolicyDocuments {
        role_definitions: roles.to_vec(),
        role_assignments: vec![assignment],
        ..PolicyDocuments::default()
    }
}

#[test]
fn an_assignment_that_grants_less_than_it_seems_is_a_problem() {
    use Severity::{NotUnderstood, Warning};
    let on = |at| assignment("/a/1", ALICE, at);
    let assignable = |scopes: &[&str]| RoleDefinition {
        assignable_scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
        ..everything()
    };
    let conditional =
        |text| RoleAssignment { condition: condition(text), ..assignment("/a/1", ALICE, CLUSTER) };
    let storage = role(ROLE, "Blobs", &["/"], &["Microsoft.Storage/storageAccounts/*"]);
    let group = "/providers/Microsoft.Management/managementGroups";
    let odd = "@Resource[no.such:attribute] StringEquals 'x'";
    #[rustfmt::skip]
    let cases = [
        (with_assignment(on(CLUSTER), &[everything()]),             vec![], "nothing odd"),
        (with_assignment(on(CLUSTER), &[]),                         vec![(NotUnderstood, "unknown_role_definition")], "no definition (semantics §4.5)"),
        (with_assignment(assignment("/a/1", 0, CLUSTER), &[everything()]), vec![(Warning, "everyone_assignee")], "everyone is no assignee"),
        (with_assignment(assignment("/a/1", 0, CLUSTER), &[]),      vec![(NotUnderstood, "unknown_role_definition"), (Warning, "everyone_assignee")], "both, the graver first"),
        (with_assignment(on(CLUSTER), &[assignable(&["/subscriptions/t"])]), vec![(Warning, "outside_assignable_scopes")], "outside (semantics §4.7)"),
        (with_assignment(on(CLUSTER), &[assignable(&["x", "/subscriptions/s"])]), vec![], "inside one of two, the other no scope"),
        (with_assignment(on(CLUSTER), &[assignable(&["x"])]),       vec![(Warning, "outside_assignable_scopes")], "what is no scope covers nothing"),
        (with_assignment(on(CLUSTER), &[assignable(&[])]),          vec![], "assignable scopes that are not told"),
        (with_assignment(on(CLUSTER), &[assignable(&[&format!("{group}/other")])]), vec![], "what a management group covers is not visible"),
        (with_assignment(on(&format!("{group}/mg")), &[everything()]), vec![], "at a listed management group"),
        (with_assignment(on(&format!("{group}/other")), &[everything()]), vec![(Warning, "unlisted_management_group")], "at another"),
        (with_assignment(on("/subscriptions/t"), &[]),              vec![], "elsewhere, so nobody cares"),
        (with_assignment(conditional("nonsense"), &[everything()]), vec![(NotUnderstood, "condition")], "a condition that does not parse"),
        (with_assignment(conditional(odd), &[everything()]),        vec![(Warning, "doubtful_condition")], "a condition that never holds"),
        (with_assignment(conditional(odd), &[storage]),     vec![], "a condition for another service"),
        (with_assignment(conditional(odd), &[]),                    vec![(NotUnderstood, "unknown_role_definition")], "for whom is not known"),
    ];
    for (documents, expected, why) in cases {
        let expected: Vec<_> =
            expected.into_iter().map(|(s, kind)| (s, kind, "/a/1".to_owned())).collect();
        assert_eq!(problems(documents), expected, "{why}");
    }
}

#[test]
fn a_role_or_deny_whose_condition_says_little_is_a_problem() {
    use Severity::{NotUnderstood, Warning};
    let odd = "@Resource[no.such:attribute] StringEquals 'x'";
    let of_role = |text, data_actions: &[&str]| {
        let mut role = role(ROLE, "R", &["/"], data_actions);
        role.permissions[0].condition = condition(text);
        PolicyDocuments { role_definitions: vec![role], ..PolicyDocuments::default() }
    };
    let of_deny = |own: Option<&str>, of_permission: Option<&str>, at: &str| {
        let mut deny = deny("/d/1", &[ALICE], at);
        deny.condition = own.and_then(condition);
        deny.permissions[0].condition = of_permission.and_then(condition);
        PolicyDocuments { deny_assignments: vec![deny], ..PolicyDocuments::default() }
    };
    let id = "00000000-0000-0000-0000-00000000401e";
    let good = "@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00Z'";
    #[rustfmt::skip]
    let cases = [
        (of_role(good, &["*"]),                       vec![],                                       id, "a good condition"),
        (of_role("x", &["Microsoft.Storage/a/read"]), vec![(NotUnderstood, "condition")],           id, "not understood, whatever the role is for"),
        (of_role(odd, &["*/read"]),                   vec![(Warning, "doubtful_condition")],        id, "a role for clusters too"),
        (of_role(odd, &["Microsoft.Storage/a/read"]), vec![],                                       id, "a role for something else"),
        (of_deny(Some(good), Some(good), CLUSTER),    vec![],                                       "/d/1", "good conditions"),
        (of_deny(Some("x"), None, CLUSTER),           vec![(NotUnderstood, "deny_condition")],      "/d/1", "its own is not understood"),
        (of_deny(None, Some("x"), CLUSTER),           vec![(NotUnderstood, "deny_condition")],      "/d/1", "its permission's is not understood"),
        (of_deny(Some(odd), None, CLUSTER),           vec![(Warning, "doubtful_condition")],        "/d/1", "always unknown, so it always applies"),
        (of_deny(Some("x"), None, "/subscriptions/t"), vec![],                                      "/d/1", "elsewhere"),
        (of_deny(None, None, "/providers/Microsoft.Management/managementGroups/other"), vec![(Warning, "unlisted_management_group")], "/d/1", "at a management group that is not listed"),
    ];
    for (documents, expected, subject, why) in cases {
        let expected: Vec<_> =
            expected.into_iter().map(|(s, kind)| (s, kind, subject.to_owned())).collect();
        assert_eq!(problems(documents), expected, "{why}");
    }
}

#[test]
fn a_problem_is_told_in_one_line_with_the_place_in_a_condition_beside_it() {
    let conditional =
        RoleAssignment { condition: condition("x"), ..assignment("/a/1", ALICE, CLUSTER) };
    let policy = snapshot(with_assignment(conditional, &[everything()]));
    let [problem] = policy.problems() else { panic!("{:?}", policy.problems()) };
    let shown = problem.to_string();
    assert!(
        shown.starts_with("`/a/1`: its condition is not understood, so it grants nothing: "),
        "{shown}"
    );
    assert_eq!(problem.excerpt.as_deref(), Some("x\n^"));
}

#[test]
fn a_binding_that_grants_less_than_it_seems_is_a_problem() {
    use Severity::{NotUnderstood, Warning};
    let (operator, admin) = ("Microsoft.DataProtection/backupVaults/operator", "P.Q/r/admin");
    let own = format!("{CLUSTER}/trustedAccessRoleBindings/b");
    let of = |id: &str, roles: &[&str]| PolicyDocuments {
        trusted_access_roles: vec![
            trusted_role("Microsoft.DataProtection/backupVaults", "operator"),
            trusted_role("P.Q/r", "admin"),
        ],
        trusted_access_role_bindings: vec![binding(id, "b", roles)],
        ..PolicyDocuments::default()
    };
    #[rustfmt::skip]
    let cases = [
        // (documents,                                roles, problem,                                                   why)
        (of("", &[operator]),                         Some(1), None,                                                    "no id, as in a file"),
        (of(&own, &[operator, &operator.to_uppercase()]), Some(1), None,                                                "the same role twice"),
        (of(&own.to_uppercase(), &[operator]),        Some(1), None,                                                    "in any case"),
        (of(&own, &["x/y/z"]),                        Some(0), Some((NotUnderstood, "unknown_trusted_access_role", own.as_str())), "an unknown role"),
        (of(&own, &[operator, admin]),                Some(1), Some((Warning, "trusted_access_role_of_another_type", &own)), "a role for another type of resource"),
        (of("", &["x/y/z"]),                          Some(0), Some((NotUnderstood, "unknown_trusted_access_role", "b")), "named by its name"),
        (of(&format!("{CLUSTER}2/trustedAccessRoleBindings/b"), &[operator]), None, Some((Warning, "binding_of_another_cluster", &format!("{CLUSTER}2/trustedAccessRoleBindings/b"))), "another cluster's"),
        (of(&format!("{CLUSTER}/trustedAccessRoleBindings/"), &[operator]), None, Some((Warning, "binding_of_another_cluster", &format!("{CLUSTER}/trustedAccessRoleBindings/"))), "no name"),
        (of(&format!("{own}/x"), &[operator]),        None,    Some((Warning, "binding_of_another_cluster", &format!("{own}/x"))), "something below a binding"),
        (of(CLUSTER, &[operator]),                    None,    Some((Warning, "binding_of_another_cluster", CLUSTER)),  "no binding at all"),
    ];
    for (documents, roles, problem, why) in cases {
        let policy = snapshot(documents.clone());
        let found: Vec<_> = policy.bindings().map(|entry| entry.roles.len()).collect();
        assert_eq!(found, roles.into_iter().collect::<Vec<_>>(), "{why}");
        assert_eq!(policy.trusts_managed_identity(&scope(VAULT)), roles.is_some(), "{why}");
        let expected: Vec<_> = problem
            .into_iter()
            .map(|(severity, kind, subject)| (severity, kind, subject.to_owned()))
            .collect();
        assert_eq!(problems(documents), expected, "{why}");
    }
}

#[test]
fn lists_are_in_the_order_in_which_their_entries_are_named() {
    let namespace = format!("{CLUSTER}/namespaces/n");
    let policy = snapshot(PolicyDocuments {
        role_definitions: vec![everything()],
        role_assignments: vec![
            assignment("/a/2", ALICE, CLUSTER),
            assignment("/A/1", ALICE, CLUSTER),
            assignment("/a/3", ALICE, &namespace),
            assignment("/a/4", ALICE, "/subscriptions/t"),
        ],
        deny_assignments: vec![
            deny("/d/2", &[ALICE, ALICE, 7], "/"),
            deny("/D/1", &[ALICE], "/"),
            deny("/d/3", &[ALICE], &namespace),
            deny("/d/4", &[ALICE], "/subscriptions/t"),
        ],
        trusted_access_role_bindings: vec![binding("", "B", &[]), binding("", "a", &[])],
        ..PolicyDocuments::default()
    });
    let assigned = policy.assignments_of(ALICE.into()).iter();
    let ids: Vec<_> = assigned.map(|entry| entry.assignment.id.as_str()).collect();
    assert_eq!(ids, ["/a/3", "/A/1", "/a/2"], "the longest scope, then the smallest id");
    let denied: Vec<_> = policy.denies_of(ALICE.into()).iter().map(|d| d.id.as_str()).collect();
    assert_eq!(denied, ["/d/3", "/D/1", "/d/2"], "each once");
    assert_eq!(policy.denies_of(7.into()).len(), 1);
    assert_eq!(policy.denies_of(8.into()), []);
    let names: Vec<_> = policy.bindings_of(&scope(VAULT)).iter().map(|b| &b.binding.name).collect();
    assert_eq!(names, ["a", "B"]);
    assert_eq!(policy.assignees().collect::<Vec<_>>(), [ObjectId::from(ALICE)]);
    assert_eq!(policy.role(ROLE.into()).map(|role| role.name.as_str()), Some("All"));
    assert_eq!(policy.role(1.into()), None);
    assert_eq!(policy.documents().role_assignments.len(), 4, "as they were");
    assert!(policy.operations().knows("", "pods"));
}

#[test]
fn built_in_roles_are_in_the_order_of_what_they_grant_here() {
    let prefix = "Microsoft.ContainerService/managedClusters";
    let data = |actions: &[&str]| -> Vec<String> {
        actions.iter().map(|a| format!("{prefix}/{a}")).collect()
    };
    let named = |id: u128, name: &str, actions: &[String]| {
        role(id, name, &["/"], &actions.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut custom = named(1, "Custom", &data(&["pods/read"]));
    custom.kind = RoleKind::Custom;
    let mut conditional = named(2, "Conditional", &data(&["*"]));
    conditional.permissions[0].condition =
        condition("@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00Z'");
    let fleet = "Microsoft.ContainerService/fleets/members";
    let policy = snapshot(PolicyDocuments {
        role_definitions: vec![
            custom,
            conditional,
            named(3, "All", &data(&["*"])),
            named(4, "Two", &data(&["pods/*"])),
            named(5, "One B", &data(&["secrets/read"])),
            named(6, "One A", &data(&["pods/read"])),
            named(7, "Storage", &["Microsoft.Storage/*".to_owned()]),
            named(8, "Both", &[format!("{prefix}/*"), format!("{fleet}/*")]),
        ],
        ..PolicyDocuments::default()
    });
    let names: Vec<_> = policy.built_in_roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["One A", "One B", "Two", "All", "Both"], "fewest operations, then by name");
}
