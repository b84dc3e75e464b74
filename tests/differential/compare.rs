//! Holds what the product says against what the reference says.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::Instant;

use crate::case::{Answer, Case};
use crate::product::{Holds, Product, Told};
use crate::reference::{self, World};

/// How two answers to one review differ.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Difference {
    pub(crate) found: Answer,
    pub(crate) expected: Answer,
    /// The reason that the product gave.
    pub(crate) reason: String,
}

impl Difference {
    fn boxed(found: Answer, expected: Answer, reason: impl Into<String>) -> Box<Self> {
        Box::new(Self { found, expected, reason: reason.into() })
    }

    /// What stays the same when a case is made smaller, which must not slide into another difference.
    pub(crate) fn kind(&self) -> (String, String) {
        (self.found.kind(), self.expected.kind())
    }
}

/// Changes an answer of the product: nothing in a run, something wrong where the comparison itself is
/// tested.
pub(crate) type Twist = fn(&Case, Answer) -> Answer;

/// Both sides with one policy.
pub(crate) struct Sides {
    product: Product,
    world: World,
    /// Whether time can matter: else the reference would only say the same again.
    timed: bool,
    twist: Twist,
}

impl Sides {
    /// Reads the policy of `case` on both sides. A policy that the product cannot read is an error: the
    /// generator makes none.
    pub(crate) fn load(
        case: &Case,
        dir: &Path,
        read_at: Instant,
        twist: Twist,
    ) -> Result<Self, String> {
        let product = Product::load(case, dir, read_at)?;
        let instances = case.of("roleAssignmentScheduleInstances");
        let timed = !instances.is_empty() || case.documents.to_string().contains("UtcNow");
        Ok(Self { product, world: World::of(case), timed, twist })
    }

    /// Asks both sides; what they agree on, or how they differ. With `times`, the reference is asked for
    /// other times as well, which takes as long again.
    pub(crate) fn ask(&self, case: &Case, times: bool) -> Result<Answer, Box<Difference>> {
        let body = case.body();
        let both = AssertUnwindSafe(|| {
            (self.product.decide(&body, case.now), reference::decide(&self.world, &body, case.now))
        });
        let Ok((told, expected)) = panic::catch_unwind(both) else {
            let (found, expected) = (Answer::new("panic", "panic"), Answer::new("any", "answer"));
            return Err(Difference::boxed(found, expected, "one of the two panics"));
        };
        let Told { answer, reason, holds, misexplained } = told;
        let found = (self.twist)(case, answer);
        if found != expected {
            return Err(Difference::boxed(found, expected, reason));
        }
        if let Some(other) = misexplained {
            let found = Answer::new("explained", format!("otherwise {other}"));
            return Err(Difference::boxed(found, expected, reason));
        }
        let holds = holds.filter(|_| times && self.timed);
        match holds.and_then(|holds| self.too_long(&body, case.now, holds, &expected)) {
            Some((found, expected)) => Err(Difference::boxed(found, expected, reason)),
            None => Ok(found),
        }
    }

    /// Holds the answer against the ones at other times at which the product says that it is the same:
    /// this is what a cache of decisions would live by (semantics §4.6).
    fn too_long(
        &self,
        body: &[u8],
        now: i128,
        holds: Holds,
        expected: &Answer,
    ) -> Option<(Answer, Answer)> {
        /// After every date in a policy.
        const LATE: i128 = 4_133_980_800_000_000_000;
        let times = match holds {
            Holds::Always => vec![0, LATE],
            Holds::FromNow => vec![LATE],
            Holds::Until(end) if end <= now => vec![end],
            Holds::Until(end) => vec![end - 1],
        };
        let remembered = |at| Answer::new("remembered", format!("holds {holds:?}, asked at {at}"));
        times.into_iter().find_map(|at| {
            let then = reference::quietly(|| reference::decide(&self.world, body, at));
            let stale = then != *expected || matches!(holds, Holds::Until(end) if end <= now);
            stale.then(|| (remembered(at), then))
        })
    }
}

thread_local! {
    /// Whether this thread makes a case smaller, and panics say nothing.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Lets a panic pass without a word while a case is made smaller. For the whole process, so to be called
/// once.
pub(crate) fn hush() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !QUIET.get() {
            loud(info);
        }
    }));
}

/// Asks both sides from the very beginning. None if they agree, or if a part is missing without which
/// the case means nothing.
pub(crate) fn differ(
    case: &Case,
    dir: &Path,
    read_at: Instant,
    twist: Twist,
) -> Option<Difference> {
    QUIET.set(true);
    let asked = panic::catch_unwind(|| match Sides::load(case, dir, read_at, twist) {
        Ok(sides) => sides.ask(case, true).err().map(|difference| *difference),
        Err(error) => Some(Difference {
            found: Answer::new("broken", "policy"),
            expected: Answer::new("any", "answer"),
            reason: error,
        }),
    });
    QUIET.set(false);
    asked.ok().flatten()
}
