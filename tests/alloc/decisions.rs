//! Allocations of one access review, in its parts and as a whole.

use std::hint::black_box;

use jiff::Timestamp;
use kubentra::authz::evaluate;
use kubentra::clock::Now;
use kubentra::review::access::AccessReview;
use stats_alloc::Region;

use crate::ALLOCATOR;
use crate::world::{authorizer, body, callers, policy, request};

/// Most allocations, reallocations included. Measured, rounded up a little: whoever needs more raises
/// the number here and says why in the commit. Only reading the review may grow with the groups: one
/// name each. Evaluating does not, and so costs the same memory for every caller.
#[rustfmt::skip]
const BOUNDS: [(&str, u128, usize); 11] = [
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

fn measure(what: &str, groups: u128) -> usize {
    match what {
        "evaluate, allowed" => {
            let (policy, request) = (policy(groups), request(groups));
            count(|| evaluate(&policy, &request, Timestamp::UNIX_EPOCH))
        }
        "evaluate, refused" => {
            let (policy, request) = (policy(groups + 1), request(groups));
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
            let (authorizer, body) = (authorizer(groups), body(groups));
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
