//! Two hundred identities at once, each answer held against the independent reference evaluator.
//!
//! ```text
//! seed ─▶ Crowd ─┬─ directory, policy ─▶ the control plane
//!                └─ questions ─▶ reference evaluator ─▶ expected ─┐
//!                      └─▶ API server ─▶ answered ────────────────┴─▶ Tally
//! ```
//!
//! What is expected of each question is known before the first is asked; nothing that decides is shared
//! between the two sides.

mod ask;
mod crowd;
mod documents;
mod questions;
mod tally;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::metrics::Latency;
use crate::plane::{Layout, Plane};
use crate::say;
use crate::stories::stories;
use crate::tale::Book;
use crowd::Crowd;
use tally::Tally;

/// How long the load lasts before anything fails.
const STEADY: Duration = Duration::from_secs(60);
/// How often the server is killed after that.
const KILLS: usize = 20;
/// Time from a restart to the next kill, and from a kill to the restart.
const UP: Duration = Duration::from_millis(1200);
const DOWN: Duration = Duration::from_millis(300);
/// Longest time for all kills, on a machine that does a lot else.
const MAX_KILLING: Duration = Duration::from_secs(180);

pub(crate) fn book() -> Book {
    let crowd = Crowd::new();
    let layout =
        Layout { directory: crowd.directory(), policy: crowd.policy(), ..Layout::new("load") };
    let stories = stories![
        load: "200 identities for 60 s, then 20 times kill -9: no wrong decision",
    ];
    Book { alone: true, ..Book::one_by_one(layout, stories) }
}

fn load(plane: &Plane) {
    let crowd = Crowd::new();
    let questions = questions::all(&crowd);
    let askers = ask::Askers::new(plane, &crowd, &questions);
    let before = plane.metrics();
    let steady = askers.ask(STEADY, &AtomicBool::new(false));
    let after = plane.metrics();
    let Latency { reviews, mean, p50, p99 } = after.webhook_latency(&before);
    say(&format!(
        "cluster: load: {} identities, {} questions, {} s: {steady}\n\
         cluster: load: the API server asked our webhook {reviews} times and measured: mean {mean:.1} ms, \
         p50 {p50}, p99 {p99}",
        crowd.users.len(),
        questions.len(),
        STEADY.as_secs(),
    ));
    steady.hold();
    assert_eq!(steady.errors(), 0, "errors while nothing failed:\n{}", steady.details());
    assert!(reviews > 5_000.0, "our webhook was asked only {reviews} times");
    steady.reached_everything();

    let killed = under_kills(plane, &askers);
    say(&format!("cluster: load: {KILLS} times kill -9 and restart: {killed}"));
    killed.hold();
    assert!(killed.errors() > 100, "few requests met the server while it was down: {killed}");
    assert!(killed.right() > 1_000, "few requests were answered between the kills: {killed}");

    let healed = askers.ask(Duration::from_secs(3), &AtomicBool::new(false));
    healed.hold();
    assert_eq!(healed.errors(), 0, "errors after the last restart:\n{}", healed.details());
}

/// Kills the server again and again while everybody goes on asking.
fn under_kills(plane: &Plane, askers: &ask::Askers<'_>) -> Tally {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| askers.ask(MAX_KILLING, &over));
        for _ in 0..KILLS {
            std::thread::sleep(UP);
            assert!(!asked.is_finished(), "the load ended before the last kill");
            plane.kubentra().kill();
            std::thread::sleep(DOWN);
            plane.serve_again();
        }
        over.store(true, Ordering::Relaxed);
        asked.join().unwrap()
    })
}
