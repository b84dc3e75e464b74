//! What one decision costs: mapping, evaluating, explaining, reading the review; and what looking it
//! up would cost instead, which is why there is no decision cache (docs/performance.md).
//!
//! The world is the worst that is usual: a caller in as many groups as a token can name, an
//! assignment for each, and the grant in the last one, so that the whole list is walked. Read the
//! figures as time per decision. Budget: 20 µs at 200 groups, so that the network stays the larger
//! part of a review.

// `cfg(test)`-like helpers: a bench fails by panicking.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod world;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use jiff::Timestamp;
use kubentra::authz::mapping::{Mapping, required_actions};
use kubentra::authz::{Decision, ResourceRequest, Subresources, Target, evaluate, explain};
use kubentra::builtin;
use kubentra::clock::Now;
use kubentra::review::access::AccessReview;
use world::{authorizer, body, callers, policy, request};

/// When nothing depends on it.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Groups of the caller: one, a usual number, and all that a token can name.
const GROUPS: [u128; 3] = [1, 20, 200];

fn main() {
    divan::main();
}

/// The grant sits in the last group.
#[divan::bench(args = GROUPS)]
fn evaluate_allow(bencher: Bencher<'_, '_>, groups: u128) {
    let (policy, request) = (policy(groups), request(groups));
    bencher.bench(|| evaluate(black_box(&policy), black_box(&request), NOW));
}

/// Nothing grants, so that the nearest miss and the sufficient role are looked for as well.
#[divan::bench(args = GROUPS)]
fn evaluate_refusal(bencher: Bencher<'_, '_>, groups: u128) {
    let (policy, request) = (policy(groups), request(groups - 1));
    bencher.bench(|| evaluate(black_box(&policy), black_box(&request), NOW));
}

/// Every rule kept, with words.
#[divan::bench(args = GROUPS)]
fn explain_allow(bencher: Bencher<'_, '_>, groups: u128) {
    let (policy, request) = (policy(groups), request(groups));
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

/// From the posted bytes to a checked review.
#[divan::bench(args = GROUPS)]
fn parse_review(bencher: Bencher<'_, '_>, groups: u128) {
    let body = body(groups);
    bencher.bench(|| AccessReview::parse(black_box(&body)).unwrap());
}

/// From a checked review to the principal, its groups read and sorted.
#[divan::bench(args = GROUPS)]
fn read_caller(bencher: Bencher<'_, '_>, groups: u128) {
    let review = AccessReview::parse(&body(groups)).unwrap();
    let rules = callers();
    bencher.bench(|| black_box(&review).caller(black_box(&rules)));
}

/// All that this program does for one access review, from the posted bytes to those of the answer;
/// what is left is HTTP, TLS and the network. The grant sits in the last group.
#[divan::bench(args = GROUPS)]
fn answer_review(bencher: Bencher<'_, '_>, groups: u128) {
    let authorizer = authorizer(groups);
    let body = body(groups);
    bencher.bench(|| {
        let review = AccessReview::parse(black_box(&body)).unwrap();
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
    let key = (7_u64, request(groups).principal);
    let cache = HashMap::from([(key.clone(), Arc::new(()))]);
    bencher.bench(|| black_box(&cache).get(black_box(&key)).cloned());
}

/// Looking up a whole decision, by generation and request; likewise the least that it can cost.
#[divan::bench(args = GROUPS)]
fn cached_decision(bencher: Bencher<'_, '_>, groups: u128) {
    let key = (7_u64, request(groups));
    let cache = HashMap::from([(key.clone(), evaluate(&policy(groups), &key.1, NOW))]);
    bencher.bench(|| black_box(&cache).get(black_box(&key)).cloned());
}
