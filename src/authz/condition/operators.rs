//! The operators of the language, and which of them was probably meant.

use std::fmt;

/// A comparison operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Operator {
    /// What conditions call it.
    pub(super) name: &'static str,
    /// What it compares, and how.
    pub(super) test: Test,
    /// Whether it holds where the test does not.
    pub(super) negated: bool,
    /// Whether a quantifier may stand before it.
    pub(super) quantifiable: bool,
}

/// What an operator compares, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Test {
    Text(TextTest, Case),
    Number(Order),
    Time(Order),
    Bool,
    Guid,
}

/// How two texts compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TextTest {
    Equals,
    StartsWith,
    Like,
}

/// Whether ASCII case counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Case {
    Exact,
    Ignored,
}

/// How two ordered values compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

const fn operator(name: &'static str, test: Test, negated: bool, quantifiable: bool) -> Operator {
    Operator { name, test, negated, quantifiable }
}

/// Every operator (semantics §5.1; azure.md §3 has the documented list).
#[rustfmt::skip]
pub(super) const OPERATORS: [Operator; 28] = {
    use Case::{Exact, Ignored};
    use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    use Test::{Bool, Guid, Number, Text, Time};
    use TextTest::{Equals, Like, StartsWith};
    [
        //        name                             test                       negated quantifiable
        operator("StringEquals",                  Text(Equals, Exact),       false, true),
        operator("StringEqualsIgnoreCase",        Text(Equals, Ignored),     false, true),
        operator("StringNotEquals",               Text(Equals, Exact),       true,  true),
        operator("StringNotEqualsIgnoreCase",     Text(Equals, Ignored),     true,  true),
        operator("StringStartsWith",              Text(StartsWith, Exact),   false, false),
        operator("StringStartsWithIgnoreCase",    Text(StartsWith, Ignored), false, false),
        operator("StringNotStartsWith",           Text(StartsWith, Exact),   true,  false),
        operator("StringNotStartsWithIgnoreCase", Text(StartsWith, Ignored), true,  false),
        operator("StringLike",                    Text(Like, Exact),         false, true),
        operator("StringLikeIgnoreCase",          Text(Like, Ignored),       false, true),
        operator("StringNotLike",                 Text(Like, Exact),         true,  true),
        operator("StringNotLikeIgnoreCase",       Text(Like, Ignored),       true,  true),
        operator("NumericEquals",                 Number(Equal),             false, true),
        operator("NumericNotEquals",              Number(Equal),             true,  true),
        operator("NumericLessThan",               Number(Less),              false, true),
        operator("NumericLessThanEquals",         Number(LessOrEqual),       false, true),
        operator("NumericGreaterThan",            Number(Greater),           false, true),
        operator("NumericGreaterThanEquals",      Number(GreaterOrEqual),    false, true),
        operator("DateTimeEquals",                Time(Equal),               false, false),
        operator("DateTimeNotEquals",             Time(Equal),               true,  false),
        operator("DateTimeLessThan",              Time(Less),                false, false),
        operator("DateTimeLessThanEquals",        Time(LessOrEqual),         false, false),
        operator("DateTimeGreaterThan",           Time(Greater),             false, false),
        operator("DateTimeGreaterThanEquals",     Time(GreaterOrEqual),      false, false),
        operator("BoolEquals",                    Bool,                      false, false),
        operator("BoolNotEquals",                 Bool,                      true,  false),
        operator("GuidEquals",                    Guid,                      false, true),
        operator("GuidNotEquals",                 Guid,                      true,  true),
    ]
};

impl Operator {
    /// The operator of exactly this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        OPERATORS.into_iter().find(|operator| operator.name == name)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How the pairs of two sets are put together; the first word is about the left side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Quantifier {
    /// Whether every value on the left must pass, or one is enough.
    pub(super) left: Extent,
    /// The same of the right.
    pub(super) right: Extent,
}

/// How many of a set's values must pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    Any,
    All,
}

impl Quantifier {
    pub(super) const ALL: [Self; 4] = [
        Self { left: Extent::Any, right: Extent::Any },
        Self { left: Extent::All, right: Extent::Any },
        Self { left: Extent::Any, right: Extent::All },
        Self { left: Extent::All, right: Extent::All },
    ];

    /// The quantifier of exactly this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quantifier| quantifier.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match (self.left, self.right) {
            (Extent::Any, Extent::Any) => "ForAnyOfAnyValues",
            (Extent::All, Extent::Any) => "ForAllOfAnyValues",
            (Extent::Any, Extent::All) => "ForAnyOfAllValues",
            (Extent::All, Extent::All) => "ForAllOfAllValues",
        }
    }
}

/// Most changed characters between a word and the one that was probably meant.
const MAX_DISTANCE: usize = 3;

/// Longest word that is compared; the longest operator has 29 characters.
const MAX_WORD: usize = 48;

/// Which of `candidates` was probably meant by `word`: the same but for case, or else the nearest
/// within a few characters.
pub(super) fn near_miss(
    word: &str,
    candidates: impl IntoIterator<Item = &'static str>,
) -> Option<&'static str> {
    if word.len() > MAX_WORD {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(&word.to_ascii_lowercase(), &candidate.to_ascii_lowercase());
            // Of a short word, most letters must be right.
            let near = distance <= MAX_DISTANCE && distance * 2 < candidate.len();
            near.then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out or changed to make one word the other.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut behind = i + 1;
        let mut next = vec![behind];
        for (r, &above) in right.chars().zip(row.iter().skip(1)) {
            behind = (diagonal + usize::from(l != r)).min(above + 1).min(behind + 1);
            next.push(behind);
            diagonal = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
