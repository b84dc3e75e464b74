//! A run: all cases on all cores, then what was reached, or the differences.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::case::{Answer, Case};
use crate::coverage;
use crate::generator::Policy;
use crate::minimise;
use crate::product::Product;
use crate::reference::{self, World};

/// Reviews asked of each policy: reading a policy takes longer than answering a review.
const REVIEWS: u64 = 100;
/// Differences after which a run ends.
const MOST_DIFFERENCES: usize = 5;

/// What the threads share.
struct Run {
    cases: u64,
    seed: u64,
    next: AtomicU64,
    asked: AtomicU64,
    started: Instant,
    counts: Mutex<BTreeMap<String, u64>>,
    reached: Mutex<reference::Reached>,
    differences: Mutex<Vec<String>>,
}

/// Asks `cases` reviews and says whether all answers were the same and every rule was reached.
pub(crate) fn run(cases: u64, seed: u64) -> ExitCode {
    hush();
    let run = Run {
        cases,
        seed,
        next: AtomicU64::new(0),
        asked: AtomicU64::new(0),
        started: kubentra::clock::Now::read().monotonic,
        counts: Mutex::default(),
        reached: Mutex::default(),
        differences: Mutex::default(),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| run.work())).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(50));
            if run.started.elapsed().subsec_millis() < 50 {
                run.progress('\r');
            }
        }
    });
    run.progress('\n');
    run.report()
}

impl Run {
    fn work(&self) {
        let dir = TempDir::new().unwrap();
        let mut counts = BTreeMap::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let first = number * REVIEWS;
            if first >= self.cases || self.differences.lock().unwrap().len() >= MOST_DIFFERENCES {
                break;
            }
            let mut policy = Policy::new(self.seed, number);
            let reviews = REVIEWS.min(self.cases - first);
            let product = match Product::load(&policy.case, dir.path(), self.started) {
                Ok(product) => product,
                Err(error) => {
                    self.differ(&policy.case, dir.path(), &error);
                    continue;
                }
            };
            let world = World::of(&policy.case);
            for _ in 0..reviews {
                policy.ask();
                let (body, now) = (policy.case.body(), policy.case.now);
                let answers = AssertUnwindSafe(|| {
                    (product.decide(&body, now), reference::decide(&world, &body, now))
                });
                let Ok(((found, reason), expected)) = panic::catch_unwind(answers) else {
                    self.differ(&policy.case, dir.path(), "a panic");
                    break;
                };
                if found != expected {
                    self.differ(&policy.case, dir.path(), &reason);
                    break;
                }
                let kind = found.via.split(' ').next().unwrap_or_default();
                *counts.entry(format!("{} via {kind}", found.outcome)).or_default() += 1;
            }
            self.asked.fetch_add(reviews, Ordering::Relaxed);
        }
        add(&mut self.counts.lock().unwrap(), counts);
        add(&mut self.reached.lock().unwrap(), reference::take_reached());
    }

    /// Makes a difference small and keeps it.
    fn differ(&self, case: &Case, dir: &Path, reason: &str) {
        let answers = |case: &Case| both(case, dir, self.started);
        let first_word = |answer: &Answer| {
            let via = answer.via.split(' ').next().unwrap_or_default();
            format!("{} {via}", answer.outcome)
        };
        let kind = |(found, expected): &(Answer, Answer)| {
            (found != expected).then(|| (first_word(found), first_word(expected)))
        };
        // The same kind of difference: a smaller case must not slide into another one.
        let wanted = answers(case).as_ref().and_then(kind);
        let differs = |smaller: &Case| answers(smaller).as_ref().and_then(kind) == wanted;
        let small =
            if wanted.is_some() { minimise::minimise(case, &differs) } else { case.clone() };
        let text = match answers(&small) {
            Some((found, expected)) => format!("the product: {found}\nthe reference: {expected}"),
            None => "one of the two panics".to_owned(),
        };
        let text = format!("{text}\nat first: {reason}\n{}", minimise::print(&small));
        self.differences.lock().unwrap().push(text);
    }

    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    fn progress(&self, end: char) {
        let asked = self.asked.load(Ordering::Relaxed);
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = asked as f64 / seconds;
        say(
            &format!("differential: {asked} of {} cases, {seconds:.0} s, {rate:.0}/s", self.cases),
            end,
        );
    }

    fn report(&self) -> ExitCode {
        for (name, count) in &*self.counts.lock().unwrap() {
            say(&format!("{count:>10}  {name}"), '\n');
        }
        for ((what, rule), count) in &*self.reached.lock().unwrap() {
            say(&format!("{count:>10}  {what}: {rule}"), '\n');
        }
        let differences = self.differences.lock().unwrap();
        for difference in &*differences {
            say(&format!("\nDIFFERENCE (seed {})\n{difference}", self.seed), '\n');
        }
        let missing = if differences.is_empty() {
            let (counts, reached) = (self.counts.lock().unwrap(), self.reached.lock().unwrap());
            coverage::missing(self.cases, &counts, &reached)
        } else {
            Vec::new()
        };
        for missing in &missing {
            say(&format!("reached too seldom: {missing}"), '\n');
        }
        if differences.is_empty() && missing.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

thread_local! {
    /// Whether this thread makes a case smaller, and panics say nothing.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Lets a panic pass without a word while a case is made smaller.
fn hush() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !QUIET.get() {
            loud(info);
        }
    }));
}

/// What the product and the reference answer, from the very beginning. None if a part is missing
/// without which the case means nothing, so that one of the two panics.
fn both(case: &Case, dir: &Path, read_at: Instant) -> Option<(Answer, Answer)> {
    QUIET.set(true);
    let answers = panic::catch_unwind(|| {
        let expected = reference::decide(&World::of(case), &case.body(), case.now);
        let found = match Product::load(case, dir, read_at) {
            Ok(product) => product.decide(&case.body(), case.now).0,
            Err(error) => Answer::new("broken", error),
        };
        (found, expected)
    });
    QUIET.set(false);
    answers.ok()
}

fn add<K: Ord>(sum: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    more.into_iter().for_each(|(key, count)| *sum.entry(key).or_default() += count);
}

/// Progress and results: the output of the test.
pub(crate) fn say(line: &str, end: char) {
    let _ = write!(std::io::stderr(), "{line}{end}");
}
