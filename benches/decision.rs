//! What one decision costs: mapping, evaluating, explaining, reading the review; and what looking it
//! up would cost instead, which is why there is no decision cache (docs/performance.md).
//!
//! The world is the worst that is usual: a caller in as many groups as a token can name, an
//! assignment for each, and the grant in the last one, so that the whole list is walked. Read the
//! figures as time per decision. Budget: 20 µs at 200 groups, so that the network stays the larger
//! part of a review.

// `cfg(test)`-like helpers: a bench fails by panicking.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use jiff::Timestamp;
use kubentra::authz::mapping::{Mapping, required_actions};
use kubentra::authz::{
    AccessRequest, ClusterScope, Decision, DecisionRules, ObjectId, PolicyDocuments, PolicySetting,
    PolicySnapshot, Principal, ResourceRequest, RoleAssignment, Subresources, Target, evaluate,
    explain,
};
use kubentra::builtin;
use kubentra::clock::Now;
use kubentra::review::access::{AccessReview, CallerRules};
use kubentra::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use kubentra::service::policy_store::PolicyStore;

const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";

/// When nothing depends on it.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Groups of the caller: one, a usual number, and all that a token can name.
const GROUPS: [u128; 3] = [1, 20, 200];

fn main() {
    divan::main();
}

fn id(n: u128) -> ObjectId {
    n.into()
}

/// Every group reads one namespace of its own; the last one is Cluster Admin everywhere.
fn policy(groups: u128) -> PolicySnapshot {
    let assignment = |n: u128, role: &str, scope: String| RoleAssignment {
        id: format!("{CLUSTER}/providers/Microsoft.Authorization/roleAssignments/{n:08}"),
        principal: id(n),
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

fn request(groups: u128, resource: &str) -> AccessRequest {
    AccessRequest {
        principal: Principal::new(id(1 << 64), (1..=groups).map(id), None).unwrap(),
        target: Target::Resource(ResourceRequest {
            verb: "get".to_owned(),
            resource: resource.to_owned(),
            namespace: "ns1".to_owned(),
            ..ResourceRequest::default()
        }),
    }
}

/// The grant sits in the last group.
#[divan::bench(args = GROUPS)]
fn evaluate_allow(bencher: Bencher<'_, '_>, groups: u128) {
    let (policy, request) = (policy(groups), request(groups, "secrets"));
    bencher.bench(|| evaluate(black_box(&policy), black_box(&request), NOW));
}

/// Nothing grants, so that the nearest miss and the sufficient role are looked for as well.
#[divan::bench(args = GROUPS)]
fn evaluate_refusal(bencher: Bencher<'_, '_>, groups: u128) {
    let (policy, request) = (policy(groups), request(groups - 1, "secrets"));
    bencher.bench(|| evaluate(black_box(&policy), black_box(&request), NOW));
}

/// Every rule kept, with words.
#[divan::bench(args = GROUPS)]
fn explain_allow(bencher: Bencher<'_, '_>, groups: u128) {
    let (policy, request) = (policy(groups), request(groups, "secrets"));
    bencher.bench(|| explain(black_box(&policy), black_box(&request), NOW));
}

/// From verb, group and resource to the needed actions.
#[divan::bench(args = [("get", "", "pods"), ("get", "example.com", "widgets"), ("*", "*", "*")])]
fn map(bencher: Bencher<'_, '_>, (verb, group, resource): (&str, &str, &str)) {
    let operations = builtin::operations().unwrap();
    let target = Target::Resource(ResourceRequest {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        ..ResourceRequest::default()
    });
    let mapping = Mapping {
        prefix: "Microsoft.ContainerService/managedClusters",
        operations: &operations,
        subresources: Subresources::Strict,
    };
    bencher.bench(|| required_actions(black_box(&mapping), black_box(&target)));
}

fn body(groups: u128) -> String {
    let groups: Vec<_> = (1..=groups).map(|n| id(n).to_string()).collect();
    serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "resourceAttributes": { "namespace": "ns1", "verb": "get", "version": "v1", "resource": "secrets" },
            "user": "alice@contoso.example",
            "groups": groups,
            "extra": { "oid": [id(1 << 64).to_string()] },
        },
        "status": { "allowed": false },
    })
    .to_string()
}

/// From the posted bytes to a checked review.
#[divan::bench(args = GROUPS)]
fn parse_review(bencher: Bencher<'_, '_>, groups: u128) {
    let body = body(groups);
    bencher.bench(|| AccessReview::parse(black_box(body.as_bytes())).unwrap());
}

/// From a checked review to the principal, its groups read and sorted.
#[divan::bench(args = GROUPS)]
fn read_caller(bencher: Bencher<'_, '_>, groups: u128) {
    let review = AccessReview::parse(body(groups).as_bytes()).unwrap();
    let rules = callers();
    bencher.bench(|| black_box(&review).caller(black_box(&rules)));
}

fn callers() -> CallerRules {
    CallerRules { object_id_extra_key: "oid".to_owned(), ..CallerRules::default() }
}

/// All that this program does for one access review, from the posted bytes to those of the answer;
/// what is left is HTTP, TLS and the network. The grant sits in the last group.
#[divan::bench(args = GROUPS)]
fn answer_review(bencher: Bencher<'_, '_>, groups: u128) {
    let (store, reader) = PolicyStore::new();
    store.publish(policy(groups), Now::read());
    let settings = AuthorizerSettings {
        callers: callers(),
        mode: PolicyMode::AzureRbac,
        max_staleness: Duration::from_secs(3600),
    };
    let authorizer = Authorizer::new(settings, reader);
    let body = body(groups);
    bencher.bench(|| {
        let review = AccessReview::parse(black_box(body.as_bytes())).unwrap();
        let decision = authorizer.authorize(&review, Now::read()).unwrap();
        assert!(matches!(decision, Decision::Allow(_)));
        review.answer(&decision)
    });
}

/// Looking up what a caller may do, by generation and principal ids: hash, find, compare. The key is
/// made already, and there is no lock, no eviction and no second caller, so that a real cache costs
/// more. It would save the difference to [`evaluate_allow`], less what is left to decide.
#[divan::bench(args = GROUPS)]
fn cached_permissions(bencher: Bencher<'_, '_>, groups: u128) {
    let key = (7_u64, request(groups, "secrets").principal);
    let cache = HashMap::from([(key.clone(), Arc::new(()))]);
    bencher.bench(|| black_box(&cache).get(black_box(&key)).cloned());
}

/// Looking up a whole decision, by generation and request; likewise the least that it can cost.
#[divan::bench(args = GROUPS)]
fn cached_decision(bencher: Bencher<'_, '_>, groups: u128) {
    let key = (7_u64, request(groups, "secrets"));
    let cache = HashMap::from([(key.clone(), evaluate(&policy(groups), &key.1, NOW))]);
    bencher.bench(|| black_box(&cache).get(black_box(&key)).cloned());
}
