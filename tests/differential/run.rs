//! A run: all cases on all cores, then what was reached, or the differences.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::case::Case;
use crate::compare::{self, Difference, Sides, Twist};
use crate::generator::Policy;
use crate::reference::{self, Reached};
use crate::{coverage, minimise, print};

/// Reviews asked of each policy: reading a policy takes longer than answering a review.
const REVIEWS: u64 = 100;
/// What a run is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Reviews to ask.
    pub(crate) cases: u64,
    /// The same number makes the same cases.
    pub(crate) seed: u64,
    /// What is done to the answers of the product.
    pub(crate) twist: Twist,
    /// Differences after which it ends.
    pub(crate) most_differences: usize,
    /// Whether to show how far it is.
    pub(crate) shown: bool,
}

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) asked: u64,
    pub(crate) seconds: f64,
    /// How often each kind of answer was given by both sides.
    pub(crate) answers: BTreeMap<String, u64>,
    /// How often each rule took part.
    pub(crate) reached: Reached,
    /// The differences, each with the smallest case that shows it.
    pub(crate) differences: Vec<(Difference, Case)>,
}

/// What the threads share.
struct Run {
    plan: Plan,
    next: AtomicU64,
    asked: AtomicU64,
    started: Instant,
    outcome: Mutex<Outcome>,
}

/// Asks as many reviews as planned, on all cores.
pub(crate) fn run(plan: Plan) -> Outcome {
    let run = Run {
        plan,
        next: AtomicU64::new(0),
        asked: AtomicU64::new(0),
        started: kubentra::clock::Now::read().monotonic,
        outcome: Mutex::default(),
    };
    // A log is not to be filled with what only a person watching wants to see.
    let (pause, end) = if std::io::stderr().is_terminal() { (1, '\r') } else { (30, '\n') };
    let mut shown_at = 0;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| run.work())).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(50));
            let seconds = run.started.elapsed().as_secs();
            if plan.shown && seconds >= shown_at + pause {
                shown_at = seconds;
                run.progress(end);
            }
        }
    });
    let mut outcome = run.outcome.into_inner().unwrap();
    outcome.asked = run.asked.into_inner();
    outcome.seconds = run.started.elapsed().as_secs_f64();
    outcome
}

impl Run {
    fn work(&self) {
        let dir = TempDir::new().unwrap();
        let mut answers = BTreeMap::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let first = number * REVIEWS;
            let found = self.outcome.lock().unwrap().differences.len();
            let enough = found >= self.plan.most_differences;
            if first >= self.plan.cases || enough {
                break;
            }
            self.ask(number, REVIEWS.min(self.plan.cases - first), dir.path(), &mut answers);
        }
        let mut outcome = self.outcome.lock().unwrap();
        add(&mut outcome.answers, answers);
        add(&mut outcome.reached, reference::take_reached());
    }

    /// Asks `reviews` reviews of one policy, or fewer if a difference is found.
    fn ask(&self, number: u64, reviews: u64, dir: &Path, answers: &mut BTreeMap<String, u64>) {
        let mut policy = Policy::new(self.plan.seed, number);
        let sides = match Sides::load(&policy.case, dir, self.started, self.plan.twist) {
            Ok(sides) => sides,
            Err(error) => {
                policy.ask();
                return self.keep(&policy.case, dir, &error);
            }
        };
        for review in 0..reviews {
            policy.ask();
            match sides.ask(&policy.case, review % 2 == 0) {
                Ok(answer) => *answers.entry(answer.kind()).or_default() += 1,
                Err(difference) => return self.keep(&policy.case, dir, &difference.reason),
            }
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Makes a difference small and keeps it.
    fn keep(&self, case: &Case, dir: &Path, reason: &str) {
        let differ = |case: &Case| compare::differ(case, dir, self.started, self.plan.twist);
        let found = reference::quietly(|| {
            let wanted = differ(case)?.kind();
            let small = minimise::minimise(case, &|smaller| {
                differ(smaller).is_some_and(|difference| difference.kind() == wanted)
            });
            Some((differ(&small)?, small))
        });
        let found = found.unwrap_or_else(|| {
            let nothing = || crate::case::Answer::new("unknown", "only once");
            let reason = reason.to_owned();
            (Difference { found: nothing(), expected: nothing(), reason }, case.clone())
        });
        self.outcome.lock().unwrap().differences.push(found);
    }

    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    fn progress(&self, end: char) {
        let (asked, cases) = (self.asked.load(Ordering::Relaxed), self.plan.cases);
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = asked as f64 / seconds;
        say(&format!("differential: {asked} of {cases} cases, {seconds:.0} s, {rate:.0}/s"), end);
    }
}

impl Outcome {
    /// Shows the answers and rules reached, then the differences; what is wrong with the run.
    pub(crate) fn report(&self, plan: Plan) -> Result<(), String> {
        for (name, count) in &self.answers {
            say(&format!("{count:>12}  {name}"), '\n');
        }
        for ((what, rule), count) in &self.reached {
            say(&format!("{count:>12}  {what}: {rule}"), '\n');
        }
        for (difference, case) in &self.differences {
            say(&print::difference(difference, case, plan.seed), '\n');
        }
        let Plan { seed, .. } = plan;
        let Self { asked, seconds, differences, .. } = self;
        let differences = differences.len();
        say(
            &format!("seed {seed}: {asked} cases, {seconds:.1} s, {differences} differences"),
            '\n',
        );
        if differences > 0 {
            return Err(format!("{differences} differences, printed above (SEED={seed})"));
        }
        let missing = coverage::missing(plan.cases, &self.answers, &self.reached);
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("reached too seldom:\n  {}", missing.join("\n  ")))
        }
    }
}

fn add<K: Ord>(sum: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    more.into_iter().for_each(|(key, count)| *sum.entry(key).or_default() += count);
}

/// Progress and results: the output of the test.
pub(crate) fn say(line: &str, end: char) {
    let _ = write!(std::io::stderr(), "{line}{end}");
}
