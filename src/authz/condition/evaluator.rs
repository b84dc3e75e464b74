//! What a condition is for one request: true, false or unknown, and until when (semantics §5.2).

use jiff::{SignedDuration, Timestamp};

use super::attributes::{Attributes, Fact};
use super::operators::{Extent, Test};
use super::syntax::{Comparison, Literal, Node, Operand, Says};
use super::truth::Truth;
use super::values::{MAX_STEPS, Values, compare, steps, value_of};
use crate::authz::data_action::{DataActionPattern, RequiredAction};

/// What a condition is evaluated for: one action of one request at one moment.
#[derive(Clone, Copy, Debug)]
pub struct ConditionContext<'a> {
    /// One of the actions that the request needs.
    pub action: &'a RequiredAction,
    /// What the request is about.
    pub attributes: Attributes<'a>,
    /// `@Environment[UtcNow]`: the server's clock.
    pub now: Timestamp,
}

/// What came of a condition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Evaluated {
    /// Whether it holds.
    pub truth: Truth,
    /// Whether that depends on what the clock shows.
    pub read_clock: bool,
    /// The first moment at which it can become something else, if there is one. It is after the
    /// context's `now`, and never later than the true one, but it may be earlier.
    pub changes_at: Option<Timestamp>,
}

impl Evaluated {
    /// What no clock can change.
    pub(super) fn constant(truth: Truth) -> Self {
        Self { truth, read_clock: false, changes_at: None }
    }

    /// Puts two parts together. `settles` is what one part alone makes of the whole: false for AND,
    /// true for OR. Then the whole stays as long as that part does, whatever the other does.
    fn join(self, other: Self, settles: Truth) -> Self {
        match (self.truth == settles, other.truth == settles) {
            (true, false) => self,
            (false, true) => other,
            (true, true) => self.longer(other),
            (false, false) => Self {
                truth: if settles == Truth::False {
                    self.truth.and(other.truth)
                } else {
                    self.truth.or(other.truth)
                },
                read_clock: self.read_clock || other.read_clock,
                changes_at: self.changes_at.into_iter().chain(other.changes_at).min(),
            },
        }
    }

    /// The one that stays longer; of equals, the one that needs no clock.
    fn longer(self, other: Self) -> Self {
        let rank = |e: &Self| (e.changes_at.is_none(), e.changes_at, !e.read_clock);
        if rank(&other) > rank(&self) { other } else { self }
    }
}

impl std::ops::Not for Evaluated {
    type Output = Self;

    fn not(self) -> Self {
        Self { truth: !self.truth, ..self }
    }
}

/// Evaluates one part of a condition.
pub(super) fn evaluate(node: &Node, context: &ConditionContext<'_>) -> Evaluated {
    match &node.says {
        Says::All(parts) => joined(parts, context, Truth::False),
        Says::Any(parts) => joined(parts, context, Truth::True),
        Says::Not(part) => !evaluate(part, context),
        Says::ActionMatches(pattern) => {
            Evaluated::constant(action_matches(pattern, context.action))
        }
        // A Kubernetes request has no suboperation (semantics §5.3).
        Says::SubOperationMatches(_) => Evaluated::constant(Truth::False),
        Says::Exists(attribute) => {
            let value = value_of(attribute, &context.attributes, context.now);
            Evaluated::constant(Truth::from(value.is_some()))
        }
        Says::Compares(comparison) => compares(comparison, context),
    }
}

fn joined(parts: &[Node], context: &ConditionContext<'_>, settles: Truth) -> Evaluated {
    let mut whole = Evaluated::constant(!settles);
    for part in parts {
        whole = whole.join(evaluate(part, context), settles);
        if whole == Evaluated::constant(settles) {
            // No other part can change or outlast that.
            break;
        }
    }
    whole
}

/// Patterns match as in a permission; of a question, whole or not at all (semantics §2.6). Where a
/// permission asks more than a match as text (an action without suffix, an odd name), such a match
/// is unknown: it can mean something that its author did not have in mind (§2.3).
fn action_matches(pattern: &DataActionPattern, action: &RequiredAction) -> Truth {
    if pattern.grants(action) {
        Truth::True
    } else if pattern.touches(action) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

fn compares(comparison: &Comparison, context: &ConditionContext<'_>) -> Evaluated {
    let truth = truth_at(comparison, context, context.now);
    let Some(instant) = held_against_clock(comparison) else { return Evaluated::constant(truth) };
    // An order can turn when the clock reaches the instant, and when it leaves it.
    let changes_at = [Ok(instant), instant.checked_add(SignedDuration::from_nanos(1))]
        .into_iter()
        .flatten()
        .filter(|at| *at > context.now)
        .find(|at| truth_at(comparison, context, *at) != truth);
    Evaluated { truth, read_clock: true, changes_at }
}

fn truth_at(comparison: &Comparison, context: &ConditionContext<'_>, now: Timestamp) -> Truth {
    let Comparison { left, quantifier, operator, right } = comparison;
    let values = |operand| Values::of(operand, &context.attributes, now);
    let (Some(left), Some(right)) = (values(left), values(right)) else { return Truth::Unknown };
    // One value of another type makes the whole comparison unknown, not only its pairs.
    if !left.clone().chain(right.clone()).all(|value| value.suits(operator.test)) {
        return Truth::Unknown;
    }
    if steps(operator.test, &left, &right) > MAX_STEPS {
        return Truth::Unknown;
    }
    let extents = quantifier.map_or((Extent::Any, Extent::Any), |q| (q.left, q.right));
    counted(
        extents.0,
        left.map(|l| counted(extents.1, right.clone().map(|r| compare(*operator, l, r)))),
    )
}

/// Of no values, all pass and none does.
fn counted(extent: Extent, passes: impl Iterator<Item = Truth>) -> Truth {
    match extent {
        Extent::Any => passes.fold(Truth::False, Truth::or),
        Extent::All => passes.fold(Truth::True, Truth::and),
    }
}

/// The instant that a comparison holds against the clock, if it does.
fn held_against_clock(comparison: &Comparison) -> Option<Timestamp> {
    let Test::Time(_) = comparison.operator.test else { return None };
    match (&comparison.left, &comparison.right) {
        (Operand::Attribute(clock), Operand::One(Literal::Time { at, .. }))
        | (Operand::One(Literal::Time { at, .. }), Operand::Attribute(clock))
            if clock.fact() == Some(Fact::UtcNow) =>
        {
            Some(*at)
        }
        _ => None,
    }
}
