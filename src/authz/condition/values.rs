//! The values of a comparison at the time of a request, and how two of them compare.

use std::slice;

use jiff::Timestamp;
use uuid::Uuid;

use super::attributes::{Attributes, Fact};
use super::like;
use super::operators::{Case, Operator, Test, TextTest};
use super::syntax::{Attribute, Literal, Operand};
use super::truth::Truth;

/// Most steps that one comparison may take; one that may take more is unknown. Conditions are
/// evaluated on a review's way, and whoever may assign a role writes them. It is enough for an
/// attribute of 26 bytes with patterns that fill a condition, and for a set of 4,096 values.
pub(super) const MAX_STEPS: usize = 1 << 18;

/// What a pair of values counts for, besides the steps of a `Like`.
const PAIR_STEPS: usize = 64;

/// One value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(i64),
    Bool(bool),
    Guid(Uuid),
    Time(Timestamp),
}

impl<'a> Value<'a> {
    fn of(literal: &'a Literal) -> Self {
        match literal {
            Literal::Text(text) => Self::Text(text),
            Literal::Number(number) => Self::Number(*number),
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Guid(guid) => Self::Guid(*guid),
            Literal::Time { at, .. } => Self::Time(*at),
        }
    }

    /// Says whether the value is of the type that `test` compares.
    pub(super) fn suits(&self, test: Test) -> bool {
        matches!(
            (self, test),
            (Self::Text(_), Test::Text(..))
                | (Self::Number(_), Test::Number(_))
                | (Self::Bool(_), Test::Bool)
                | (Self::Guid(_), Test::Guid)
                | (Self::Time(_), Test::Time(_))
        )
    }
}

/// The values of one side: one, or those of a set.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    one: Option<Value<'a>>,
    set: slice::Iter<'a, Literal>,
}

impl<'a> Values<'a> {
    /// The values of `operand`; none if it is an attribute that is missing.
    pub(super) fn of(
        operand: &'a Operand,
        attributes: &Attributes<'a>,
        now: Timestamp,
    ) -> Option<Self> {
        let (one, set): (_, &[Literal]) = match operand {
            Operand::Attribute(attribute) => (Some(value_of(attribute, attributes, now)?), &[]),
            Operand::One(literal) => (None, slice::from_ref(literal)),
            Operand::Set(literals) => (None, literals),
        };
        Some(Self { one, set: set.iter() })
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.one.take().or_else(|| self.set.next().map(Value::of))
    }
}

/// The steps that a comparison takes at most: a number for each pair, and for a `Like` the bytes of the
/// text times those of the pattern.
pub(super) fn steps(test: Test, left: &Values<'_>, right: &Values<'_>) -> usize {
    let count = |values: &Values<'_>| values.clone().count();
    let pairs = count(left).saturating_mul(count(right)).saturating_mul(PAIR_STEPS);
    let Test::Text(TextTest::Like, _) = test else { return pairs };
    let bytes = |values: &Values<'_>| -> usize {
        let length = |value| if let Value::Text(text) = value { text.len() } else { 0 };
        values.clone().map(length).sum()
    };
    pairs.saturating_add(bytes(left).saturating_mul(bytes(right)))
}

/// The value of an attribute, if the request has it.
pub(super) fn value_of<'a>(
    attribute: &Attribute,
    attributes: &Attributes<'a>,
    now: Timestamp,
) -> Option<Value<'a>> {
    match attribute.fact()? {
        Fact::Group => attributes.group.map(Value::Text),
        Fact::Kind => attributes.kind.map(Value::Text),
        Fact::Subresource => attributes.subresource.map(Value::Text),
        Fact::UtcNow => Some(Value::Time(now)),
    }
}

/// Compares one value with another. Unknown for a value of another type.
pub(super) fn compare(operator: Operator, left: Value<'_>, right: Value<'_>) -> Truth {
    let holds = match (operator.test, left, right) {
        (Test::Text(test, case), Value::Text(left), Value::Text(right)) => {
            Truth::from(text(test, case, left, right))
        }
        (Test::Number(order), Value::Number(left), Value::Number(right)) => {
            Truth::from(order.holds(&left, &right))
        }
        (Test::Time(order), Value::Time(left), Value::Time(right)) => {
            Truth::from(order.holds(&left, &right))
        }
        (Test::Bool, Value::Bool(left), Value::Bool(right)) => Truth::from(left == right),
        (Test::Guid, Value::Guid(left), Value::Guid(right)) => Truth::from(left == right),
        _ => Truth::Unknown,
    };
    if operator.negated { !holds } else { holds }
}

/// Case is that of ASCII, as everywhere in these rules.
fn text(test: TextTest, case: Case, left: &str, right: &str) -> bool {
    let equal = |left: &str, right: &str| match case {
        Case::Exact => left == right,
        Case::Ignored => left.eq_ignore_ascii_case(right),
    };
    match test {
        TextTest::Equals => equal(left, right),
        TextTest::StartsWith => left.get(..right.len()).is_some_and(|head| equal(head, right)),
        TextTest::Like => like::matches(right, left, case),
    }
}
