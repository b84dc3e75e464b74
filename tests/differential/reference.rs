//! The reference: what semantics.md says about one review, written from that page alone.
//!
//! It works on JSON and text, by linear scans, without any code of the product. It is slow and plain
//! on purpose: a person should be able to hold each function against the rule that it cites.
//!
//! # Where the page is silent
//!
//! Choices that this evaluator shares with the product on purpose. Most stand in docs/semantics.md,
//! "Choices where the rules are silent"; a difference in one of them says nothing about the page.
//!
//! - §1.2, "Words": a group of all zeros is no group; everyone among `excludePrincipals` excludes nobody.
//! - §2.4: the special subresources are those of the core group.
//! - §2.5: operations that are paths (`api/v1/read`) make no group and resource known.
//! - §2.6: one permission grants all actions of a question; group `*` with a special subresource needs
//!   the special action besides both patterns; notDataActions spare a question from a deny only if they
//!   cover all of it; a `*` inside a longer name is a character that only a `*` matches.
//! - §3.2: management groups cover the cluster, not the fleet's scopes.
//! - §3.3: a deny at any scope of the request applies with the actions of either way to ask.
//! - §5.2: an attribute whose value would be empty is missing; each action of a request is judged by the
//!   condition on its own.
//! - §5.3: date-times in conditions end in `Z` and have at most seven digits of a second; a text that is
//!   no date-time has the wrong type; one value of the wrong type makes all of a quantified comparison
//!   unknown; numbers have 64 bits; a quantifier stands only between sets and attributes; a GUID may be
//!   quoted; an action pattern has no space.
//! - §5.4: a request with group `*` is not about a custom resource.
//! - §6.1: a verb without suffix needs a `*` over the whole path; verb `*` takes `<path>` as text; any
//!   `%` is an escape.
//! - §6.2: a path with `*` is never discovery.
//! - §7.1, §7.2: types and names of trusted-access roles compare without regard to case; a rule for
//!   everything (each list `*`, or all paths) grants odd requests, as a pattern for everything does.
//! - §9: kinds of grant in the order role assignment, discovery, trusted access, administrator group;
//!   the slash at the end of a scope does not make it longer; denies are named like grants; of bindings
//!   the smallest id, of its roles the smallest name.

mod actions;
mod azure;
pub(crate) mod condition;
mod pattern;
mod review;
mod schedule;
mod scope;
mod trusted_access;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::case::Answer;
use azure::Question;
use condition::Asked;
use review::{Principal, Review, Target};
pub(crate) use world::World;

/// How often each rule took part in a decision, by what it did: `allow`, `deny`, or `not` where it
/// kept an assignment from being applied.
pub(crate) type Reached = BTreeMap<(&'static str, &'static str), u64>;

thread_local! {
    static REACHED: RefCell<Reached> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts that a rule did something. Always true, so that it can stand in an expression.
fn reached(what: &'static str, rule: &'static str) -> bool {
    REACHED.with_borrow_mut(|rules| *rules.entry((what, rule)).or_default() += 1);
    true
}

/// The counts of this thread since the last call.
pub(crate) fn take_reached() -> Reached {
    REACHED.take()
}

/// Does something that is not counted.
pub(crate) fn quietly<T>(what: impl FnOnce() -> T) -> T {
    let before = REACHED.take();
    let done = what();
    REACHED.set(before);
    done
}

/// What to answer to a posted review.
pub(crate) fn decide(world: &World, body: &[u8], now: schedule::Instant) -> Answer {
    let Some(review) = Review::read(body) else {
        return Answer::new("invalid", "400");
    };
    let principal = match review.principal(world) {
        Ok(principal) => principal,
        Err(nobody) => return Answer::new("noOpinion", nobody),
    };
    // §8.3
    if world.authentication_only {
        return Answer::new("noOpinion", "authenticationOnly");
    }
    let asked = Asked { world, target: &review.target, now };
    let questions = questions(world, &review.target);
    // §4.1: before everything else (§6.2, §7.3, §8.1).
    if let Some(deny) = azure::denial(world, &principal, &questions, &asked) {
        return deny;
    }
    if let Some(grant) = azure::grant(world, &principal, &questions, &asked) {
        return grant;
    }
    if world.discovery
        && let Target::Path(path) = &review.target
        && actions::is_discovery(path)
    {
        return Answer::new("allow", "discovery");
    }
    if let Some(grant) = trusted_access::grant(world, &principal, &review.target) {
        return Answer::new("allow", format!("trustedAccess {grant}"));
    }
    if let Some(group) = admin_group(world, &principal) {
        return Answer::new("allow", format!("adminGroup {group}"));
    }
    // §8.2
    let outcome = if world.deny_ungranted { "deny" } else { "noOpinion" };
    Answer::new(outcome, "ungranted").with(needed(world, &review.target, &questions))
}

/// The ways to ask for a request: at the cluster, and at its fleet (semantics §3.3).
fn questions(world: &World, target: &Target) -> Vec<Question> {
    let namespace = match target {
        Target::Resource(request) => request.namespace.as_str(),
        Target::Path(_) => "",
    };
    let places = scope::places(world, namespace).into_iter();
    places
        .map(|place| Question {
            needs: match target {
                Target::Resource(request) => actions::of_resource(world, place.prefix, request),
                Target::Path(request) => actions::of_path(place.prefix, request),
            },
            place,
        })
        .collect()
}

/// What a refusal says: the actions, at the cluster or its namespace (semantics §9).
fn needed(world: &World, target: &Target, questions: &[Question]) -> String {
    let needs = questions.first().map_or(&[][..], |question| &question.needs);
    let mut actions: Vec<_> = needs.iter().map(|need| need.text.as_str()).collect();
    actions.sort_unstable();
    let cluster = world.cluster.to_ascii_lowercase();
    let place = match target {
        Target::Resource(request) if !request.namespace.is_empty() => {
            format!("{cluster}/namespaces/{}", request.namespace.to_ascii_lowercase())
        }
        Target::Resource(_) | Target::Path(_) => cluster,
    };
    format!("{} at {place}", actions.join(", "))
}

/// The smallest of the caller's groups that is a cluster administrator group (semantics §8.1, §9).
fn admin_group(world: &World, principal: &Principal) -> Option<String> {
    let admins = world.admin_groups.iter().map(|group| group.to_ascii_lowercase());
    admins.filter(|group| principal.groups.contains(group)).min()
}
