//! The decision rules once more, as plainly as they are written: strings, lists, every document
//! looked at for every request. Nothing here calls the mapping, the pattern matcher, the scopes or
//! the index that it is held against.

mod needs;
mod rules;

use std::cell::RefCell;
use std::collections::BTreeMap;

use kubentra::authz::{Decision, DenyReason, Grant, evaluate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::worlds;
use rules::decide;

/// A decision in the words of [`decide`].
fn shown(decision: &Decision) -> String {
    match decision {
        Decision::Allow(Grant::RoleAssignment { assignment, .. }) => {
            format!("allow {} to {}", assignment.id, assignment.principal)
        }
        Decision::Allow(Grant::Discovery) => "allow discovery".to_owned(),
        Decision::Allow(Grant::TrustedAccess { binding, role }) => {
            format!("allow {} {role}", binding.name)
        }
        Decision::Allow(Grant::AdminGroup { group }) => format!("allow member of {group}"),
        Decision::Deny(DenyReason::DenyAssignment { deny, .. }) => format!("deny {}", deny.id),
        Decision::Deny(DenyReason::Ungranted(_)) => "nothing, so no".to_owned(),
        Decision::NoOpinion(_) => "nothing".to_owned(),
    }
}

/// 20,000 cases: whatever the policy, evaluation does what the rules say.
#[test]
fn evaluation_is_what_the_rules_say() {
    let config = ProptestConfig { cases: 1_000, ..ProptestConfig::with_source_file(file!()) };
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let cases = (worlds::world(), vec(worlds::request(), 1..40));
    let seen_here = RefCell::new(&mut seen);
    let result = TestRunner::new(config).run(&cases, |(world, requests)| {
        let policy = world.snapshot();
        for request in requests {
            let found = shown(&evaluate(&policy, &request, jiff::Timestamp::UNIX_EPOCH));
            prop_assert_eq!(&found, &decide(&world, &request), "{:?}", request);
            let kind = found.split([' ', ',']).take(1).collect();
            *seen_here.borrow_mut().entry(kind).or_default() += 1;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The agreement is about something: every outcome occurs often.
    for outcome in ["allow", "deny", "nothing"] {
        assert!(seen.get(outcome).is_some_and(|&times| times > 1_000), "{seen:?}");
    }
}
