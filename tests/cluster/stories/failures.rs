//! What users of kubectl see while our server fails. docs/failures.md is the table of these stories.
//!
//! A refused request (403) is a decision; 401 and 500 are not. No story here may ever end in a 403 for
//! somebody who has the right, nor in a success for somebody who has not.

mod certificates;
mod control_plane;
mod down;
mod matrix;
pub(super) mod page;
mod unavailable;
mod webhook_first;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kubentra::clock::Now;
use kubentra::emulator::MintRequest;

use super::{Story, stories};
use crate::kubectl::{Answer, Outcome, Person};
use crate::plane::edit::replace;
use crate::plane::{Layout, Plane, wait_until};
use crate::tale::Book;

/// For how long the API server remembers a token (`init`).
const TOKEN_TTL: Duration = Duration::from_secs(10);
/// How long the API server waits for a decision (`init`), and for a token (built in).
const DECISION_TIMEOUT: Duration = Duration::from_secs(3);
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// One question and its answer on a machine with a lot else to do.
const SLACK: Duration = Duration::from_secs(6);

/// The field of `authorization-config.yaml` that half of the stories set.
const NO_OPINION: &str = "failurePolicy: NoOpinion";
const DENY: &str = "failurePolicy: Deny";

/// Stories on control planes of their own, one after the other, since they stop and start things.
pub(super) fn books() -> Vec<Book> {
    let mut failing = down::stories();
    failing.extend(unavailable::stories());
    failing.extend(certificates::stories());
    failing.extend(control_plane::rbac_first());
    failing.extend(matrix::rbac_first());
    let mut first = webhook_first::stories();
    first.extend(control_plane::webhook_first());
    first.extend(matrix::webhook_first());
    let webhook_first = Layout { webhook_first: true, ..Layout::new("webhook-first") };
    vec![Book::one_by_one(Layout::new("failing"), failing), Book::one_by_one(webhook_first, first)]
}

/// Somebody with a token that the API server has not seen: from the first request on it is remembered for
/// [`TOKEN_TTL`], whatever other stories did.
fn newcomer<'a>(plane: &'a Plane, name: &str) -> Person<'a> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let token = plane.mint(&MintRequest::new(name));
    plane.bearer(&format!("{name}-{number}"), &token)
}

/// A request that nobody has made before, so that no decision about it is remembered.
fn fresh(who: &Person<'_>, namespace: &str) -> (Outcome, Answer) {
    fresh_of(who, "pod", namespace)
}

fn fresh_of(who: &Person<'_>, resource: &str, namespace: &str) -> (Outcome, Answer) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let answer = who.kubectl(&format!("get {resource} fresh-{number} -n {namespace}"));
    (answer.outcome(), answer)
}

/// A fresh request ends like this.
#[track_caller]
fn expect(who: &Person<'_>, namespace: &str, expected: Outcome) -> Answer {
    let (found, answer) = fresh(who, namespace);
    assert_eq!(found, expected, "\n{answer}");
    answer
}

/// Asks until it works again; how long that took.
#[track_caller]
fn works_again(who: &Person<'_>, namespace: &str) -> Duration {
    let began = Now::read().monotonic;
    loop {
        let (found, answer) = fresh(who, namespace);
        if found == Outcome::Works {
            return began.elapsed();
        }
        assert_ne!(found, Outcome::Forbidden, "\n{answer}");
        assert!(began.elapsed() < Duration::from_secs(20), "it does not work again\n{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn timed<T>(what: impl FnOnce() -> T) -> (Duration, T) {
    let began: Instant = Now::read().monotonic;
    let done = what();
    (began.elapsed(), done)
}

/// Sets `failurePolicy`, and waits until the API server has noticed.
fn set_failure_policy(plane: &Plane, from: &str, to: &str) {
    let reloads = || {
        let name = "apiserver_authorization_config_controller_automatic_reloads_total";
        plane.metrics().sum(name, &[("status", "success")])
    };
    let before = reloads();
    replace(&plane.entra_folder().join("authorization-config.yaml"), from, to);
    // It looks once a minute, and sooner where the file system tells it.
    wait_until(Duration::from_secs(90), "the new configuration", || reloads() > before);
}
