mod explained;

use super::*;
use crate::authz::{
    ClusterScope, DataActionPattern, DecisionRules, DenyAssignment, KnownOperations, MemberType,
    Miss, NonResourceRequest, Permission, PolicyDocuments, PolicyRule, PolicySetting, Principal,
    ProvisioningState, ResourceRequest, RoleAssignment, RoleDefinition, RoleKind, ScheduleInstance,
    TrustedAccessRole, TrustedAccessRoleBinding,
};

/// When nothing depends on it.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const VAULT: &str =
    "/subscriptions/s/resourceGroups/b/providers/Microsoft.DataProtection/backupVaults/v";
const ALICE: u128 = 0xa11ce;
const TEAM: u128 = 0x7ea1;
const READER: u128 = 0x4ead;

fn patterns(texts: &[&str]) -> Vec<DataActionPattern> {
    texts
        .iter()
        .map(|t| format!("Microsoft.ContainerService/managedClusters/{t}").parse().unwrap())
        .collect()
}

fn permission(data: &[&str], not: &[&str]) -> Permission {
    Permission {
        data_actions: patterns(data),
        not_data_actions: patterns(not),
        ..Permission::default()
    }
}

fn role(id: u128, name: &str, permissions: Vec<Permission>) -> RoleDefinition {
    RoleDefinition {
        id: id.into(),
        name: name.to_owned(),
        kind: RoleKind::BuiltIn,
        assignable_scopes: vec!["/".to_owned()],
        permissions,
    }
}

fn assignment(id: &str, principal: u128, role: u128, scope: &str) -> RoleAssignment {
    RoleAssignment {
        id: id.to_owned(),
        principal: principal.into(),
        role: role.into(),
        scope: scope.parse().unwrap(),
        condition: None,
    }
}

fn deny(id: &str, principals: &[u128], excluded: &[u128], scope: &str) -> DenyAssignment {
    DenyAssignment {
        id: id.to_owned(),
        name: "no pods".to_owned(),
        principals: principals.iter().map(|&p| p.into()).collect(),
        exclude_principals: excluded.iter().map(|&p| p.into()).collect(),
        scope: scope.parse().unwrap(),
        do_not_apply_to_child_scopes: false,
        permissions: vec![permission(&["pods/*"], &["pods/write"])],
        condition: None,
    }
}

fn reader() -> RoleDefinition {
    role(READER, "Reader", vec![permission(&["pods/read"], &[])])
}

fn snapshot(documents: PolicyDocuments) -> PolicySnapshot {
    let setting = PolicySetting {
        cluster: ClusterScope::new(CLUSTER.parse().unwrap(), &[], None).unwrap(),
        operations: Arc::new(KnownOperations::of(["pods/read", "pods/write"]).unwrap()),
        rules: DecisionRules { admin_groups: vec![0xad.into()], ..DecisionRules::default() },
    };
    PolicySnapshot::new(&setting, documents)
}

/// A policy whose trusted-access bindings let vaults read pods.
fn trusting(trusted_access_role_bindings: Vec<TrustedAccessRoleBinding>) -> PolicySnapshot {
    let rule = PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["pods".to_owned()],
        ..PolicyRule::default()
    };
    snapshot(PolicyDocuments {
        trusted_access_roles: vec![TrustedAccessRole {
            source_type: "Microsoft.DataProtection/backupVaults".to_owned(),
            name: "operator".to_owned(),
            rules: vec![rule],
        }],
        trusted_access_role_bindings,
        ..PolicyDocuments::default()
    })
}

fn request(groups: &[u128], verb: &str, namespace: &str) -> AccessRequest {
    let groups = groups.iter().map(|&g| g.into());
    AccessRequest {
        principal: Principal::new(ALICE.into(), groups, None).unwrap(),
        target: Target::Resource(ResourceRequest {
            verb: verb.to_owned(),
            resource: "pods".to_owned(),
            namespace: namespace.to_owned(),
            ..ResourceRequest::default()
        }),
    }
}

fn at(namespace: &str) -> String {
    format!("{CLUSTER}/namespaces/{namespace}")
}

/// Decides, and holds `explain` to the same answer.
fn decide(policy: &PolicySnapshot, request: &AccessRequest) -> String {
    let decision = evaluate(policy, request, NOW);
    assert_eq!(explain(policy, request, NOW).decision, decision, "explain walks the same way");
    format!("{}: {decision}", decision.outcome())
}

#[test]
fn the_grant_with_the_longest_scope_is_named_then_the_smallest_id() {
    let documents = PolicyDocuments {
        role_definitions: vec![reader()],
        role_assignments: vec![
            assignment("/a/1", ALICE, READER, CLUSTER),
            assignment("/a/9", TEAM, READER, &at("dev")),
            assignment("/a/8", TEAM, READER, &at("dev")),
        ],
        ..PolicyDocuments::default()
    };
    let policy = snapshot(documents);
    assert_eq!(
        decide(&policy, &request(&[TEAM], "get", "dev")),
        format!(
            "allow: allowed by role `Reader` at `{}`, assignment `8`, through group `00000000-0000-0000-0000-000000007ea1`",
            at("dev")
        )
    );
    assert_eq!(
        decide(&policy, &request(&[TEAM], "get", "prod")),
        format!("allow: allowed by role `Reader` at `{CLUSTER}`, assignment `1`")
    );
}

#[test]
fn a_refusal_names_the_nearest_miss_and_the_smallest_sufficient_role() {
    let unknown = 0xbad;
    let writer = role(0x3417e, "Writer", vec![permission(&["pods/*"], &[])]);
    let mut conditional = assignment("/a/c", ALICE, READER, &at("dev"));
    conditional.condition = crate::authz::Condition::new(Some("x"), None);
    #[rustfmt::skip]
    let cases = [
        (vec![],                                             "get",    None,                     "nothing assigned"),
        (vec![assignment("/a/1", ALICE, READER, &at("x"))],  "get",    Some(Miss::OtherScope),   "same role at another namespace"),
        (vec![assignment("/a/1", ALICE, READER, CLUSTER)],   "create", Some(Miss::LacksAction),  "right scope, but the role lacks the action"),
        (vec![assignment("/a/1", ALICE, unknown, CLUSTER)],  "get",    Some(Miss::UnknownRole),  "unknown definition"),
        (vec![conditional, assignment("/a/1", ALICE, unknown, CLUSTER)], "get", Some(Miss::Condition), "the nearest of several"),
    ];
    for (role_assignments, verb, expected, why) in cases {
        let policy = snapshot(PolicyDocuments {
            role_definitions: vec![reader(), writer.clone()],
            role_assignments,
            ..PolicyDocuments::default()
        });
        let decision = evaluate(&policy, &request(&[], verb, "dev"), NOW);
        let Decision::NoOpinion(NoOpinionReason::Ungranted(refusal)) = &decision else {
            panic!("{why}: {decision}")
        };
        assert_eq!(refusal.nearest.as_ref().map(|n| n.why), expected, "{why}");
        let sufficient = if verb == "get" { "Reader" } else { "Writer" };
        assert_eq!(refusal.sufficient_role.as_deref(), Some(sufficient), "{why}");
    }
}

#[test]
fn a_deny_assignment_beats_every_grant_but_not_for_those_it_excludes() {
    let everyone = 0;
    let dev = at("dev");
    let mut only_here = deny("/d/1", &[ALICE], &[], CLUSTER);
    only_here.do_not_apply_to_child_scopes = true;
    let mut conditional = deny("/d/1", &[ALICE], &[], CLUSTER);
    conditional.condition = crate::authz::Condition::new(Some("nonsense"), None);
    #[rustfmt::skip]
    let cases = [
        (deny("/d/1", &[ALICE], &[], CLUSTER),          "get",    true,  "the caller"),
        (deny("/d/1", &[TEAM], &[], &dev),              "get",    true,  "a group, at the namespace"),
        (deny("/d/1", &[everyone], &[], "/"),           "get",    true,  "everyone, at the root"),
        (deny("/d/1", &[everyone], &[TEAM], "/"),       "get",    false, "a group of the caller is excluded"),
        (deny("/d/1", &[TEAM], &[ALICE], "/"),          "get",    false, "the caller is excluded"),
        (deny("/d/1", &[ALICE], &[], &at("prod")),      "get",    false, "another namespace"),
        (deny("/d/1", &[ALICE], &[], CLUSTER),          "create", false, "its notDataActions"),
        (only_here,                                     "get",    false, "not below its scope"),
        (conditional,                                   "get",    true,  "what cannot be evaluated applies"),
    ];
    for (deny, verb, expected, why) in cases {
        let policy = snapshot(PolicyDocuments {
            role_definitions: vec![role(READER, "All", vec![permission(&["*"], &[])])],
            role_assignments: vec![assignment("/a/1", ALICE, READER, CLUSTER)],
            deny_assignments: vec![deny],
            ..PolicyDocuments::default()
        });
        let answer = decide(&policy, &request(&[TEAM, 0xad], verb, "dev"));
        assert_eq!(answer.starts_with("deny"), expected, "{why}: {answer}");
    }
}

#[test]
fn not_data_actions_subtract_within_their_permission_only() {
    let two = vec![permission(&["pods/*"], &["pods/read"]), permission(&["pods/read"], &[])];
    for (permissions, expected) in [(two.clone(), "allow"), (vec![two[0].clone()], "noOpinion")] {
        let policy = snapshot(PolicyDocuments {
            role_definitions: vec![role(READER, "R", permissions)],
            role_assignments: vec![assignment("/a/1", ALICE, READER, CLUSTER)],
            ..PolicyDocuments::default()
        });
        let answer = decide(&policy, &request(&[], "get", "dev"));
        assert!(answer.starts_with(expected), "{answer}");
    }
}

#[test]
fn a_question_about_everything_needs_one_permission_that_covers_it_all() {
    #[rustfmt::skip]
    let cases = [
        (vec![permission(&["*"], &[])],                                    "allow",     "all"),
        (vec![permission(&["pods/read", "pods/write", "pods/delete"], &[])], "noOpinion", "never by a list"),
        (vec![permission(&["pods/*"], &[])],                               "allow",     "covers pods/*"),
        (vec![permission(&["pods/*"], &["pods/delete"])],                  "noOpinion", "a part is taken out"),
        (vec![permission(&["pods/*"], &["secrets/*"])],                    "allow",     "what is taken out is elsewhere"),
    ];
    for (permissions, expected, why) in cases {
        let policy = snapshot(PolicyDocuments {
            role_definitions: vec![role(READER, "R", permissions)],
            role_assignments: vec![assignment("/a/1", ALICE, READER, CLUSTER)],
            ..PolicyDocuments::default()
        });
        let answer = decide(&policy, &request(&[], "*", "dev"));
        assert!(answer.starts_with(expected), "{why}: {answer}");
    }
}

#[test]
fn trusted_access_lets_in_the_resource_itself_while_its_binding_is_in_force() {
    let user_assigned = "/subscriptions/s/resourceGroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u";
    let binding = |id: &str, source: &str, state: ProvisioningState| TrustedAccessRoleBinding {
        id: id.to_owned(),
        name: "backup".to_owned(),
        source: source.parse().unwrap(),
        roles: vec![
            "microsoft.dataprotection/BACKUPVAULTS/operator".to_owned(),
            "x/y/none".to_owned(),
        ],
        state,
    };
    let own = format!("{}/TrustedAccessRoleBindings/backup", CLUSTER.to_uppercase());
    let other = format!("{CLUSTER}2/trustedAccessRoleBindings/backup");
    let updating = ProvisioningState::Updating;
    let deleting = ProvisioningState::Other("Deleting".to_owned());
    #[rustfmt::skip]
    let cases = [
        (binding(&own, VAULT, ProvisioningState::Succeeded),         VAULT.to_uppercase(), true,  "any case"),
        (binding("", VAULT, updating),                               VAULT.to_owned(),     true,  "an update in progress, no id"),
        (binding(&own, VAULT, deleting),                             VAULT.to_owned(),     false, "not in force"),
        (binding(&other, VAULT, ProvisioningState::Succeeded),       VAULT.to_owned(),     false, "of another cluster"),
        (binding(&own, user_assigned, ProvisioningState::Succeeded), user_assigned.to_owned(), false, "a user-assigned identity"),
        (binding(&own, &format!("{VAULT}2"), ProvisioningState::Succeeded), VAULT.to_owned(), false, "of another resource"),
    ];
    for (binding, managed_identity, expected, why) in cases {
        let policy = trusting(vec![binding]);
        let managed_identity = managed_identity.parse().unwrap();
        assert_eq!(policy.trusts_managed_identity(&managed_identity), expected, "{why}");
        let mut asked = request(&[], "get", "dev");
        asked.principal = Principal::new(ALICE.into(), [], Some(managed_identity)).unwrap();
        let answer = decide(&policy, &asked);
        assert_eq!(
            answer.starts_with("allow: allowed by trusted access role"),
            expected,
            "{why}: {answer}"
        );
    }
}

#[test]
fn discovery_and_administrators_come_after_roles() {
    let policy = snapshot(PolicyDocuments::default());
    let path = |path: &str| AccessRequest {
        target: Target::NonResource(NonResourceRequest {
            verb: "get".to_owned(),
            path: path.to_owned(),
        }),
        ..request(&[0xad], "", "")
    };
    assert_eq!(
        decide(&policy, &path("/apis")),
        "allow: allowed as discovery, which every Entra identity may read"
    );
    assert_eq!(
        decide(&policy, &path("/metrics")),
        "allow: allowed as a member of cluster administrator group `00000000-0000-0000-0000-0000000000ad`"
    );
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// An instance of the reader's role for Alice in the whole cluster, from second 10 to second 20.
fn instance(origin: Option<&str>) -> ScheduleInstance {
    let RoleAssignment { id, principal, role, scope, condition } =
        assignment("/i/1", ALICE, READER, CLUSTER);
    ScheduleInstance {
        id,
        principal,
        role,
        scope,
        condition,
        origin: origin.map(str::to_owned),
        member_type: MemberType::Direct,
        status: Some("Provisioned".to_owned()),
        start: Some(second(10)),
        end: Some(second(20)),
    }
}

#[test]
fn a_schedule_decides_to_the_second_and_says_when_the_decision_can_change() {
    let bounded = |instance| PolicyDocuments {
        role_definitions: vec![reader()],
        role_assignments: vec![assignment("/a/1", ALICE, READER, CLUSTER)],
        schedule_instances: vec![instance],
        ..PolicyDocuments::default()
    };
    let mut inherited = instance(Some("/A/1"));
    inherited.member_type = MemberType::Other("Inherited".to_owned());
    let mut elsewhere = instance(Some("/a/9"));
    elsewhere.member_type = MemberType::Other("Group".to_owned());
    let alone = PolicyDocuments { role_assignments: vec![], ..bounded(instance(Some("/a/9"))) };
    let never = PolicyDocuments { role_assignments: vec![], ..bounded(elsewhere.clone()) };
    let read = |at| ClockUse::Read { next_change: Some(second(at)) };
    let over = ClockUse::Read { next_change: None };
    #[rustfmt::skip]
    let cases = [
        (bounded(instance(Some("/a/1"))), 9,  false, read(10),         "one second before it begins"),
        (bounded(instance(Some("/a/1"))), 10, true,  read(20),         "as it begins"),
        (bounded(instance(Some("/a/1"))), 19, true,  read(20),         "its last second"),
        (bounded(instance(Some("/a/1"))), 20, false, over,             "as it ends"),
        (bounded(inherited),              20, false, over,             "another letter case and member type bound it all the same"),
        (bounded(elsewhere),              20, true,  ClockUse::Unread, "an instance of another assignment bounds nothing"),
        (alone.clone(),                   15, true,  read(20),         "an instance whose origin is not there is an assignment"),
        (alone,                           20, false, over,             "and ends"),
        (never,                           15, false, ClockUse::Unread, "but not if it is a group's"),
    ];
    for (documents, now, allowed, clock, why) in cases {
        let policy = snapshot(documents);
        let asked = request(&[], "get", "dev");
        let (decision, read) = evaluate_timed(&policy, &asked, second(now));
        assert_eq!(decision.outcome() == "allow", allowed, "{why}: {decision}");
        assert_eq!(read, clock, "{why}");
    }
}
