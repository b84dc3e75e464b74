//! Allocations of one access review, in its parts and as a whole.

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Duration;

use jiff::Timestamp;
use kubentra::authz::{
    AccessRequest, ClusterScope, DecisionRules, ObjectId, PolicyDocuments, PolicySetting,
    PolicySnapshot, Principal, ResourceRequest, RoleAssignment, Target, evaluate,
};
use kubentra::builtin;
use kubentra::clock::Now;
use kubentra::review::access::{AccessReview, CallerRules};
use kubentra::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use kubentra::service::policy_store::PolicyStore;
use stats_alloc::Region;

use crate::ALLOCATOR;

const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
const CALLER: u128 = 1 << 64;

/// Most allocations, reallocations included. Measured, rounded up a little: whoever needs more raises
/// the number here and says why in the commit. Only reading the review may grow with the groups: one
/// name each. Evaluating does not, and so costs the same memory for every caller.
#[rustfmt::skip]
const BOUNDS: [(&str, u32, usize); 11] = [
    // (what,              groups, at most)
    ("evaluate, allowed",  1,      30),
    ("evaluate, allowed",  200,    30),
    ("evaluate, refused",  1,      40),
    ("evaluate, refused",  200,    40),
    ("parse",              1,      15),
    ("parse",              200,    225),
    ("read the caller",    1,      2),
    ("read the caller",    200,    8),
    ("whole review",       1,      60),
    ("whole review",       20,     85),
    ("whole review",       200,    275),
];

/// Each group reads one namespace of its own; the last one is Cluster Admin.
fn policy(groups: u32) -> PolicySnapshot {
    let assignment = |n: u32, role: &str, scope: String| RoleAssignment {
        id: format!("{CLUSTER}/providers/Microsoft.Authorization/roleAssignments/{n:08}"),
        principal: u128::from(n).into(),
        role: role.parse().unwrap(),
        scope: scope.parse().unwrap(),
        condition: None,
    };
    let readers = (1..groups).map(|n| assignment(n, READER, format!("{CLUSTER}/namespaces/ns{n}")));
    let admin = assignment(groups, CLUSTER_ADMIN, CLUSTER.to_owned());
    let setting = PolicySetting {
        cluster: ClusterScope::new(CLUSTER.parse().unwrap(), &[], None).unwrap(),
        operations: builtin::operations().unwrap(),
        rules: DecisionRules::default(),
    };
    let documents = PolicyDocuments {
        role_assignments: readers.chain([admin]).collect(),
        ..builtin::documents().unwrap().clone()
    };
    PolicySnapshot::new(&setting, documents)
}

/// Of a member of these groups: may it read secrets, which readers may not?
fn request(groups: std::ops::RangeInclusive<u32>) -> AccessRequest {
    let groups = groups.map(|n| ObjectId::from(u128::from(n)));
    AccessRequest {
        principal: Principal::new(CALLER.into(), groups, None).unwrap(),
        target: Target::Resource(ResourceRequest {
            verb: "get".to_owned(),
            resource: "secrets".to_owned(),
            namespace: "ns1".to_owned(),
            ..ResourceRequest::default()
        }),
    }
}

fn body(groups: u32) -> Vec<u8> {
    let groups: Vec<_> = (1..=groups).map(|n| ObjectId::from(u128::from(n)).to_string()).collect();
    let review = serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "resourceAttributes": { "namespace": "ns1", "verb": "get", "version": "v1", "resource": "secrets" },
            "user": "alice@contoso.example",
            "groups": groups,
            "extra": { "oid": [ObjectId::from(CALLER).to_string()] },
        },
    });
    serde_json::to_vec(&review).unwrap()
}

fn callers() -> CallerRules {
    CallerRules { object_id_extra_key: "oid".to_owned(), exempt_users: HashSet::new() }
}

/// Allocations and reallocations of one call; the first call, which may set up statics, is not
/// counted.
fn count<T>(mut call: impl FnMut() -> T) -> usize {
    drop(black_box(call()));
    let region = Region::new(ALLOCATOR);
    let kept = black_box(call());
    let stats = region.change();
    drop(kept);
    stats.allocations + stats.reallocations
}

fn measure(what: &str, groups: u32) -> usize {
    match what {
        "evaluate, allowed" => {
            let (policy, request) = (policy(groups), request(1..=groups));
            count(|| evaluate(&policy, &request, Timestamp::UNIX_EPOCH))
        }
        "evaluate, refused" => {
            let (policy, request) = (policy(groups + 1), request(1..=groups));
            count(|| evaluate(&policy, &request, Timestamp::UNIX_EPOCH))
        }
        "parse" => {
            let body = body(groups);
            count(|| AccessReview::parse(&body).unwrap())
        }
        "read the caller" => {
            let review = AccessReview::parse(&body(groups)).unwrap();
            let rules = callers();
            count(|| review.caller(&rules))
        }
        "whole review" => {
            let (store, reader) = PolicyStore::new();
            store.publish(policy(groups), Now::read());
            let settings = AuthorizerSettings {
                callers: callers(),
                mode: PolicyMode::AzureRbac,
                max_staleness: Duration::from_secs(3600),
            };
            let (authorizer, body) = (Authorizer::new(settings, reader), body(groups));
            count(|| {
                let review = AccessReview::parse(&body).unwrap();
                let decision = authorizer.authorize(&review, Now::read()).unwrap();
                review.answer(&decision)
            })
        }
        other => panic!("{other} is not measured"),
    }
}

/// One test only: the counts are of the whole program.
#[test]
fn a_review_allocates_no_more_than_is_written_down() {
    let mut broken = String::new();
    for (what, groups, bound) in BOUNDS {
        let found = measure(what, groups);
        // A bound far above would hold nothing.
        if found > bound || found + 10 < bound * 9 / 10 {
            broken += &format!("{what}, {groups} groups: {found}, written down {bound}\n");
        }
    }
    assert!(broken.is_empty(), "allocations:\n{broken}");
}
