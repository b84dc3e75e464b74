//! One request, held against one policy at one moment: what every rule of the walk looks at.

use std::cell::{Cell, OnceCell};

use jiff::Timestamp;

use super::clock_use::ClockUse;
use super::condition::{Attributes, Condition, ConditionContext, Truth, attributes};
use super::data_action::RequiredAction;
use super::question::Questions;
use super::request::Target;
use super::schedule::{InForce, Schedule};
use super::snapshot::PolicySnapshot;
use super::trace::{ConditionOf, TriedCondition};

/// A target in Azure's terms, with the moment at which it is asked and what was asked of the clock.
#[derive(Debug)]
pub struct Inquiry<'a> {
    /// The policy that is asked.
    pub policy: &'a PolicySnapshot,
    /// What is asked for.
    pub target: &'a Target,
    /// The same in Azure's terms.
    pub questions: Questions,
    /// Made when the first condition is met: most policies have none.
    attributes: OnceCell<Attributes<'a>>,
    now: Timestamp,
    clock: Cell<ClockUse>,
}

impl<'a> Inquiry<'a> {
    /// Puts `target` into Azure's terms, asked at `now`.
    pub fn of(policy: &'a PolicySnapshot, target: &'a Target, now: Timestamp) -> Self {
        Self {
            policy,
            target,
            questions: Questions::of(policy, target),
            attributes: OnceCell::new(),
            now,
            clock: Cell::default(),
        }
    }

    /// What was asked of the clock so far.
    pub fn clock_use(&self) -> ClockUse {
        self.clock.get()
    }

    /// Whether a schedule is in force now. One without bounds does not ask the clock.
    pub(super) fn in_force(&self, schedule: &Schedule) -> InForce {
        let in_force = schedule.at(self.now);
        if !schedule.is_always() {
            self.note(in_force.changes_at());
        }
        in_force
    }

    /// The truth of a condition for one action (semantics §5).
    pub(super) fn truth(&self, condition: &Condition, action: &RequiredAction) -> Truth {
        let evaluated = condition.evaluate(&self.context(action));
        if evaluated.read_clock {
            self.note(evaluated.changes_at);
        }
        evaluated.truth
    }

    /// What each part of a condition was for one action, for people to read.
    pub(super) fn tried(
        &self,
        of: ConditionOf,
        condition: &Condition,
        action: &RequiredAction,
    ) -> TriedCondition {
        let explanation = condition.explain(&self.context(action));
        TriedCondition {
            of,
            action: action.as_str().to_owned(),
            truth: explanation.truth(),
            parts: explanation.parts,
        }
    }

    fn context<'s>(&'s self, action: &'s RequiredAction) -> ConditionContext<'s> {
        let attributes =
            self.attributes.get_or_init(|| attributes(self.target, self.policy.operations()));
        ConditionContext { action, attributes: *attributes, now: self.now }
    }

    fn note(&self, change: Option<Timestamp>) {
        self.clock.set(self.clock.get().and(change));
    }
}
