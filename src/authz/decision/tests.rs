use super::*;
use crate::authz::role::RoleKind;
use crate::authz::trusted_access::ProvisioningState;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

fn miss(why: Miss) -> NearestMiss {
    NearestMiss {
        assignment: "/providers/Microsoft.Authorization/roleAssignments/a1".to_owned(),
        role: "Reader".to_owned(),
        scope: scope("/subscriptions/s"),
        why,
    }
}

fn refusal(
    actions: &[&str],
    nearest: Option<NearestMiss>,
    sufficient_role: Option<&str>,
) -> Box<Refusal> {
    Box::new(Refusal {
        actions: actions.iter().map(|&a| a.to_owned()).collect(),
        scope: scope("/subscriptions/s/c"),
        nearest,
        sufficient_role: sufficient_role.map(str::to_owned),
    })
}

/// A decision of every kind. The wording is interface (semantics §9).
#[test]
fn every_decision_has_its_outcome_its_label_and_its_line() {
    let assignment = Arc::new(RoleAssignment {
        id: "/x/roleAssignments/a1".to_owned(),
        principal: 1.into(),
        role: 2.into(),
        scope: scope("/subscriptions/s"),
        condition: None,
    });
    let role = Arc::new(RoleDefinition {
        id: 2.into(),
        name: "Reader".to_owned(),
        kind: RoleKind::BuiltIn,
        assignable_scopes: vec![],
        permissions: vec![],
    });
    let by_role = |through, until| {
        let (assignment, role) = (Arc::clone(&assignment), Arc::clone(&role));
        Decision::Allow(Grant::RoleAssignment { assignment, role, through, until })
    };
    let binding = Arc::new(TrustedAccessRoleBinding {
        id: String::new(),
        name: "backup".to_owned(),
        source: scope("/subscriptions/s/v"),
        roles: vec![],
        state: ProvisioningState::Succeeded,
    });
    let deny = Arc::new(DenyAssignment {
        id: "/x/denyAssignments/d1".to_owned(),
        name: "no pods".to_owned(),
        principals: vec![1.into()],
        exclude_principals: vec![],
        scope: scope("/subscriptions/s"),
        do_not_apply_to_child_scopes: false,
        permissions: vec![],
        condition: None,
    });
    let denied = Decision::Deny(DenyReason::DenyAssignment {
        deny,
        principal: 1.into(),
        through_group: false,
        action: "t/pods/read".to_owned(),
    });
    let not_entra = NoOpinionReason::NotEntra { extra_key: "oid".to_owned() };
    let ungranted = refusal(&["t/pods/read"], None, None);
    let second = Timestamp::from_second(20).unwrap();
    #[rustfmt::skip]
    let cases = [
        (by_role(None, None), "allow", "role_assignment", "allowed by role `Reader` at `/subscriptions/s`, assignment `a1`"),
        (by_role(Some(3.into()), Some(second)), "allow", "role_assignment", "allowed by role `Reader` at `/subscriptions/s`, assignment `a1`, through group `00000000-0000-0000-0000-000000000003`, until 1970-01-01T00:00:20Z"),
        (Decision::Allow(Grant::Discovery), "allow", "discovery", "allowed as discovery, which every Entra identity may read"),
        (Decision::Allow(Grant::TrustedAccess { binding, role: "P/t/r".to_owned() }), "allow", "trusted_access", "allowed by trusted access role `P/t/r`, binding `backup`"),
        (Decision::Allow(Grant::AdminGroup { group: 4.into() }), "allow", "admin_group", "allowed as a member of cluster administrator group `00000000-0000-0000-0000-000000000004`"),
        (denied, "deny", "deny_assignment", "denied by deny assignment `d1` (`no pods`) at `/subscriptions/s`, which forbids `t/pods/read`"),
        (Decision::Deny(DenyReason::Ungranted(ungranted.clone())), "deny", "not_granted", "no role assignment grants `t/pods/read` at `/subscriptions/s/c`"),
        (Decision::NoOpinion(NoOpinionReason::Ungranted(ungranted)), "noOpinion", "not_granted", "no role assignment grants `t/pods/read` at `/subscriptions/s/c`"),
        (Decision::NoOpinion(NoOpinionReason::System), "noOpinion", "system_user", "a `system:` user is left to Kubernetes RBAC"),
        (Decision::NoOpinion(NoOpinionReason::ExemptUser), "noOpinion", "exempt_user", "the user is in `policy.exemptUsers` and left to Kubernetes RBAC"),
        (Decision::NoOpinion(not_entra), "noOpinion", "not_entra", "not an Entra identity: extra `oid` does not hold one object id"),
        (Decision::NoOpinion(NoOpinionReason::AuthenticationOnly), "noOpinion", "authentication_only", "`policy.mode` is `authenticationOnly`: Kubernetes RBAC decides"),
    ];
    for (decision, outcome, label, line) in cases {
        assert_eq!((decision.outcome(), decision.reason_label()), (outcome, label), "{line}");
        assert_eq!(decision.to_string(), line);
    }
}

#[test]
fn a_refusal_names_what_was_needed_what_came_nearest_and_what_would_do() {
    let head = "no role assignment grants `t/a`";
    let nearest = miss(Miss::OtherScope);
    #[rustfmt::skip]
    let cases = [
        (refusal(&["t/a"], None, None), format!("{head} at `/subscriptions/s/c`")),
        (refusal(&["t/a", "t/b"], None, None), format!("{head} and `t/b` at `/subscriptions/s/c`")),
        (refusal(&["t/a"], None, Some("Admin")), format!("{head} at `/subscriptions/s/c`; role `Admin` would")),
        (refusal(&["t/a"], Some(nearest.clone()), Some("Admin")), format!("{head} at `/subscriptions/s/c`; {nearest}; role `Admin` would")),
    ];
    for (refusal, line) in cases {
        assert_eq!(refusal.to_string(), line);
    }
}

#[test]
fn misses_are_told_in_words_and_ordered_by_how_near_they_are() {
    let second = |s| Timestamp::from_second(s).unwrap();
    #[rustfmt::skip]
    let cases = [
        (Miss::Condition,          "role `Reader` at `/subscriptions/s` has a condition that is not true here (assignment `a1`)"),
        (Miss::Expired(second(5)), "role `Reader` at `/subscriptions/s` expired at 1970-01-01T00:00:05Z (assignment `a1`)"),
        (Miss::NotYet(second(9)),  "role `Reader` at `/subscriptions/s` is not in force before 1970-01-01T00:00:09Z (assignment `a1`)"),
        (Miss::NotProvisioned,     "role `Reader` at `/subscriptions/s` is not provisioned (assignment `a1`)"),
        (Miss::OtherScope,         "role `Reader` is assigned at `/subscriptions/s` only (assignment `a1`)"),
        (Miss::UnknownRole,        "the definition of role `Reader`, assigned at `/subscriptions/s`, is unknown (assignment `a1`)"),
        (Miss::LacksAction,        "role `Reader` at `/subscriptions/s` lacks it (assignment `a1`)"),
    ];
    for (why, line) in cases {
        assert_eq!(miss(why).to_string(), line);
    }
    for (place, pair) in cases.windows(2).enumerate() {
        assert!(pair[0].0.distance() < pair[1].0.distance(), "{place}: the nearer comes first");
        assert!(pair[0].0 < pair[1].0, "{place}: and so it does when compared");
    }
    assert_eq!(Miss::Expired(second(1)).distance(), Miss::Expired(second(2)).distance());
}
