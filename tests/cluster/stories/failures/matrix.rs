//! Every failure, under each `failurePolicy` and in each order of authorizers, and what everybody sees:
//! the rows of docs/failures.md.

use std::fs;
use std::path::Path;

use super::certificates::{Kept, renew_server};
use super::unavailable::Broken;
use super::*;

pub(super) fn rbac_first() -> Vec<Story> {
    stories![
        with_rbac_first: "RBAC first: whatever fails, everybody sees what docs/failures.md says",
    ]
}

pub(super) fn webhook_first() -> Vec<Story> {
    stories![
        with_webhook_first: "webhook first: whatever fails, everybody sees what docs/failures.md says",
    ]
}

/// What fails, in the words of docs/failures.md.
const FAILURES: [Failure; 7] = [
    ("nothing", |_| Box::new(|| {})),
    ("down", |plane| {
        plane.kubentra().kill();
        Box::new(|| plane.serve_again())
    }),
    ("slower than the timeout", |plane| {
        plane.kubentra().signal("STOP");
        Box::new(|| plane.kubentra().signal("CONT"))
    }),
    ("answering 503", |plane| {
        let broken = Broken::new(plane);
        plane.serve_again_unready();
        Box::new(|| drop(broken))
    }),
    ("restarted", |plane| {
        plane.kubentra().stop();
        plane.serve_again();
        Box::new(|| {})
    }),
    ("certificate renewed", |plane| {
        let kept = Kept::of(plane, "server");
        renew_server(plane, || {});
        Box::new(|| drop(kept))
    }),
    ("wrong certificate", |plane| {
        let kept = Kept::replaced(plane, "server");
        plane.serve_again();
        Box::new(|| {
            drop(kept);
            plane.serve_again();
        })
    }),
];

type Failure = (&'static str, fn(&Plane) -> Undo<'_>);
/// Mends what was broken.
type Undo<'a> = Box<dyn FnOnce() + 'a>;

fn with_rbac_first(plane: &Plane) {
    hold(plane, "RBAC first");
}

fn with_webhook_first(plane: &Plane) {
    hold(plane, "webhook first");
}

/// Lets everything fail, and compares what was seen with the page.
fn hold(plane: &Plane, order: &str) {
    let no_opinion = FAILURES.map(|failure| seen(plane, failure));
    set_failure_policy(plane, NO_OPINION, DENY);
    let deny = FAILURES.map(|failure| seen(plane, failure));
    set_failure_policy(plane, DENY, NO_OPINION);
    let rows =
        FAILURES.iter().zip(no_opinion).zip(deny).map(|(((failure, _), no_opinion), deny)| {
            let deny = if deny == no_opinion { "the same".to_owned() } else { deny };
            format!("| {failure} | {order} | {no_opinion} | {deny} |")
        });
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md");
    let page = fs::read_to_string(page).unwrap();
    let expected: Vec<_> = rows.collect();
    // The rows of the page, less the test at their end.
    let written = page.lines().filter(|line| line.contains(&format!("| {order} |")));
    let written: Vec<_> = written
        .filter_map(|line| Some(format!("{} |", line.trim_end_matches(" |").rsplit_once(" |")?.0)))
        .collect();
    assert!(
        written == expected,
        "docs/failures.md should say\n{}\nand says\n{}",
        expected.join("\n"),
        written.join("\n")
    );
}

/// What each of the people sees while something fails, by outcome.
fn seen(plane: &Plane, (_, strike): Failure) -> String {
    let began = Now::read().monotonic;
    loop {
        let seen = seen_within(plane, strike);
        // Longer, and the API server may have forgotten somebody whom it should know.
        if seen.1 < TOKEN_TTL - Duration::from_secs(1) {
            return seen.0;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "too slow to be seen in time");
    }
}

/// The same, and how long it took from the first that was asked before it failed to the last after.
fn seen_within(plane: &Plane, strike: fn(&Plane) -> Undo<'_>) -> (String, Duration) {
    let token = plane.master().can("create token deployer -n shop");
    // Letters of the page, who, and what they ask for: each has a right to it, D besides a deny.
    let people = [
        ("E", newcomer(plane, "fay"), "pod", "shop"),
        ("N", newcomer(plane, "nora"), "pod", "payments"),
        ("D", newcomer(plane, "carol"), "secret", "payments"),
        ("A", plane.local_admin(), "pod", "shop"),
        ("M", plane.master(), "pod", "shop"),
        ("S", plane.bearer("deployer", &token), "pod", "shop"),
    ];
    let ask = |people: &[(&'static str, Person<'_>, &str, &str)]| {
        std::thread::scope(|scope| {
            let asked = people.iter().map(|(letter, who, resource, namespace)| {
                (*letter, scope.spawn(|| fresh_of(who, resource, namespace).0))
            });
            let asked: Vec<_> = asked.collect();
            asked.into_iter().map(|(letter, outcome)| (letter, outcome.join().unwrap())).collect()
        })
    };
    // Everybody but one is known to the API server when it happens.
    let began = Now::read().monotonic;
    let _: Vec<_> = ask(&people);
    let undo = strike(plane);
    let unseen = [("U", newcomer(plane, "finn"), "pod", "shop")];
    let (mut outcomes, took, unseen): (Vec<_>, _, Vec<_>) = std::thread::scope(|scope| {
        let unseen = scope.spawn(|| ask(&unseen));
        let outcomes = ask(&people);
        (outcomes, began.elapsed(), unseen.join().unwrap())
    });
    outcomes.extend(unseen);
    undo();
    works_again(&people[0].1, "shop");
    let of = |outcome: Outcome, word: &str| {
        let letters: Vec<_> =
            outcomes.iter().filter(|(_, found)| *found == outcome).map(|(l, _)| *l).collect();
        (!letters.is_empty()).then(|| format!("{word}: {}", letters.join(" ")))
    };
    let cells = [
        of(Outcome::InternalError, "500"),
        of(Outcome::Unauthorized, "401"),
        of(Outcome::Forbidden, "403"),
        of(Outcome::Works, "works"),
    ];
    (cells.into_iter().flatten().collect::<Vec<_>>().join(" · "), took)
}
