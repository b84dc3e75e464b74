//! The steps that `explain` keeps, also those after the one that decided.

use super::*;
use crate::authz::Condition;
use crate::authz::condition::Truth;
use crate::authz::trace::ConditionOf;

/// Holds from 2030 on, so not at [`NOW`].
const LATER: &str = "@Environment[UtcNow] DateTimeGreaterThan '2030-01-01T00:00:00Z'";
/// Holds until 2030.
const BEFORE: &str = "@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00Z'";
/// No review has such an attribute.
const UNKNOWN: &str = "@Resource[no.such:attribute] StringEquals 'x'";

fn condition(text: &str) -> Option<Condition> {
    Condition::new(Some(text), Some("2.0"))
}

/// The steps of one rule: its subject, and whether it applies.
fn steps(policy: &PolicySnapshot, request: &AccessRequest, rule: &str) -> Vec<(String, Outcome)> {
    let trace = explain(policy, request, NOW);
    let of_rule = trace.steps.into_iter().filter(|step| step.rule == rule);
    of_rule.map(|step| (step.subject, step.outcome)).collect()
}

#[test]
fn every_assignment_of_the_caller_has_a_step_also_behind_the_one_that_grants() {
    let documents = PolicyDocuments {
        role_definitions: vec![reader()],
        role_assignments: ["/a/1", "/a/2", "/a/3"]
            .map(|id| assignment(id, ALICE, READER, CLUSTER))
            .into(),
        ..PolicyDocuments::default()
    };
    let found = steps(&snapshot(documents), &request(&[], "get", "dev"), "§4.2");
    let subjects: Vec<_> = found.iter().map(|(subject, _)| subject.as_str()).collect();
    let expected = ["/a/1", "/a/2", "/a/3"].map(|id| format!("role assignment `{id}`"));
    assert_eq!(subjects, expected);
    assert!(found.iter().all(|(_, outcome)| *outcome == Outcome::Applies));
}

#[test]
fn every_binding_has_a_step_and_an_identity_without_one_has_its_own() {
    let binding = |name: &str| TrustedAccessRoleBinding {
        id: String::new(),
        name: name.to_owned(),
        source: VAULT.parse().unwrap(),
        roles: vec!["Microsoft.DataProtection/backupVaults/operator".to_owned()],
        state: ProvisioningState::Succeeded,
    };
    let policy = trusting(vec![binding("first"), binding("second")]);
    let asked = |identity: &str| AccessRequest {
        principal: Principal::new(ALICE.into(), [], Some(identity.parse().unwrap())).unwrap(),
        ..request(&[], "get", "dev")
    };
    let (vault, other) = (asked(VAULT), asked(&format!("{VAULT}2")));
    let decision = evaluate(&policy, &vault, NOW).to_string();
    assert!(decision.ends_with("binding `first`"), "{decision}");
    let applies = |name| (format!("trusted access binding `{name}`"), Outcome::Applies);
    assert_eq!(steps(&policy, &vault, "§7.2"), [applies("first"), applies("second")]);
    assert_eq!(steps(&policy, &vault, "§7.1"), []);
    assert_eq!(steps(&policy, &other, "§7.2"), []);
    let nothing = (format!("managed identity `{VAULT}2`"), Outcome::DoesNot);
    assert_eq!(steps(&policy, &other, "§7.1"), [nothing]);
}

#[test]
fn a_request_asks_for_its_namespace_in_both_spellings_or_for_the_cluster() {
    let scopes = |asked: &AccessRequest| {
        let trace = explain(&snapshot(PolicyDocuments::default()), asked, NOW);
        trace.questions.into_iter().map(|question| question.scopes).collect::<Vec<_>>()
    };
    let both = vec![at("dev"), format!("{CLUSTER}/managedNamespaces/dev")];
    assert_eq!(scopes(&request(&[], "get", "dev")), [both], "semantics §3.1, §3.3");
    assert_eq!(scopes(&request(&[], "get", "")), [[CLUSTER]], "all namespaces");
    let path = NonResourceRequest { verb: "get".to_owned(), path: "/metrics".to_owned() };
    let asked = AccessRequest { target: Target::NonResource(path), ..request(&[], "", "") };
    assert_eq!(scopes(&asked), [[CLUSTER]], "a path has no namespace");
}

#[test]
fn a_deny_assignment_applies_unless_one_of_its_conditions_is_false() {
    #[rustfmt::skip]
    let cases = [
        // (of the deny,  of its permission, denies, why)
        (None,            None,              true,   "no condition"),
        (Some(BEFORE),    Some(BEFORE),      true,   "both are true"),
        (Some(LATER),     None,              false,  "its own is false"),
        (None,            Some(LATER),       false,  "its permission's is false"),
        (Some(LATER),     Some(BEFORE),      false,  "one is false"),
        (Some(BEFORE),    Some(LATER),       false,  "the other is false"),
        (Some(UNKNOWN),   Some(UNKNOWN),     true,   "unknown counts (semantics §5.2)"),
        (Some("x"),       None,              true,   "so does what is not understood (semantics §4.5)"),
    ];
    for (own, of_permission, denies, why) in cases {
        let mut deny = deny("/d/1", &[ALICE], &[], &at("dev"));
        deny.condition = own.and_then(condition);
        deny.permissions[0].condition = of_permission.and_then(condition);
        let policy = snapshot(PolicyDocuments {
            deny_assignments: vec![deny],
            ..PolicyDocuments::default()
        });
        let asked = request(&[], "get", "dev");
        let answer = decide(&policy, &asked);
        assert_eq!(answer.starts_with("deny"), denies, "{why}: {answer}");
        let tried = |namespace| {
            let trace = explain(&policy, &request(&[], "get", namespace), NOW);
            let conditions = trace.steps.into_iter().flat_map(|step| step.conditions);
            conditions.map(|tried| (tried.of, tried.truth)).collect::<Vec<_>>()
        };
        let truth = |text| match text {
            BEFORE => Truth::True,
            LATER => Truth::False,
            _ => Truth::Unknown,
        };
        let expected: Vec<_> = [
            own.map(|text| (ConditionOf::DenyAssignment, truth(text))),
            of_permission.map(|text| (ConditionOf::Permission, truth(text))),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(tried("dev"), expected, "{why}");
        assert_eq!(tried("prod"), [], "nothing hangs on it elsewhere: {why}");
    }
}

#[test]
fn an_assignment_that_covers_says_what_its_conditions_were() {
    let tried = |own: Option<&str>, of_permission: Option<&str>, at: &str, verb: &str| {
        let mut reader = reader();
        reader.permissions[0].condition = of_permission.and_then(condition);
        reader.permissions.push(permission(&["secrets/read"], &[]));
        reader.permissions[1].condition = condition(UNKNOWN);
        let mut assigned = assignment("/a/1", ALICE, READER, at);
        assigned.condition = own.and_then(condition);
        let policy = snapshot(PolicyDocuments {
            role_definitions: vec![reader],
            role_assignments: vec![assigned],
            ..PolicyDocuments::default()
        });
        let trace = explain(&policy, &request(&[], verb, "dev"), NOW);
        let conditions = trace.steps.into_iter().flat_map(|step| step.conditions);
        conditions.map(|tried| (tried.of, tried.truth)).collect::<Vec<_>>()
    };
    let (own, of_permission) = (ConditionOf::RoleAssignment, ConditionOf::Permission);
    let (yes, no) = ((own, Truth::True), (of_permission, Truth::False));
    #[rustfmt::skip]
    let cases = [
        (tried(Some(BEFORE), Some(LATER), CLUSTER, "get"),    vec![yes, no], "both that it hangs on, and not the other permission's"),
        (tried(Some(BEFORE), None, CLUSTER, "get"),           vec![yes],     "its own"),
        (tried(None, Some(LATER), CLUSTER, "get"),            vec![no],      "its permission's"),
        (tried(None, None, CLUSTER, "get"),                   vec![],        "none"),
        (tried(Some(BEFORE), Some(LATER), &at("x"), "get"),   vec![],        "it does not cover"),
        (tried(Some(BEFORE), Some(LATER), CLUSTER, "create"), vec![],        "its role lacks the action"),
    ];
    for (found, expected, why) in cases {
        assert_eq!(found, expected, "{why}");
    }
}

#[test]
fn a_condition_is_named_after_what_has_it() {
    for (of, words) in [
        (ConditionOf::RoleAssignment, "condition of the assignment"),
        (ConditionOf::DenyAssignment, "condition of the deny assignment"),
        (ConditionOf::Permission, "condition of the permission"),
    ] {
        assert_eq!(of.to_string(), words);
    }
}

#[test]
fn a_deny_names_itself_and_whom_it_forbids() {
    let everyone = 0;
    let answer = |name: &str, principal| {
        let mut deny = deny("/d/1", &[principal], &[], CLUSTER);
        deny.name = name.to_owned();
        let policy = snapshot(PolicyDocuments {
            deny_assignments: vec![deny],
            ..PolicyDocuments::default()
        });
        decide(&policy, &request(&[TEAM], "get", "dev"))
    };
    let action = "Microsoft.ContainerService/managedClusters/pods/read";
    #[rustfmt::skip]
    let cases = [
        ("no pods", ALICE,    " (`no pods`)", "",                                                  "the caller"),
        ("",        ALICE,    "",             "",                                                  "no name"),
        ("1",       ALICE,    "",             "",                                                  "its name is its id"),
        ("no pods", TEAM,     " (`no pods`)", " to group `00000000-0000-0000-0000-000000007ea1`",  "a group"),
        ("no pods", everyone, " (`no pods`)", " to everyone",                                      "everyone"),
    ];
    for (name, principal, named, whom, why) in cases {
        let expected = format!(
            "deny: denied by deny assignment `1`{named} at `{CLUSTER}`, which forbids `{action}`{whom}"
        );
        assert_eq!(answer(name, principal), expected, "{why}");
    }
}
