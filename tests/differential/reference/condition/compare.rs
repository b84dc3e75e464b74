//! The operators of conditions (semantics §5.1).

use std::cmp::Ordering;

use super::{Literal, Truth};
use crate::reference::reached;
use crate::reference::review::is_guid;
use crate::reference::schedule::{self, Instant};

/// An operator, perhaps with a quantifier before it.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    quantifier: Option<Quantifier>,
    /// What is compared, such as `String`.
    family: &'static str,
    /// How, without `Not` and `IgnoreCase`, such as `StartsWith`.
    test: &'static str,
    negated: bool,
    ignore_case: bool,
    /// The whole name and that of the quantifier, for the statistics.
    name: &'static str,
    quantifier_name: Option<&'static str>,
}

/// `For(Any|All)Of(Any|All)Values`: over the left side, then over the right.
#[derive(Clone, Copy, Debug)]
struct Quantifier {
    all_of_left: bool,
    all_of_right: bool,
}

/// All names that are documented.
pub(crate) const NAMES: [&str; 28] = [
    "StringEquals",
    "StringNotEquals",
    "StringStartsWith",
    "StringNotStartsWith",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringStartsWithIgnoreCase",
    "StringNotStartsWithIgnoreCase",
    "StringLikeIgnoreCase",
    "StringNotLikeIgnoreCase",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateTimeEquals",
    "DateTimeNotEquals",
    "DateTimeLessThan",
    "DateTimeLessThanEquals",
    "DateTimeGreaterThan",
    "DateTimeGreaterThanEquals",
    "BoolEquals",
    "BoolNotEquals",
    "GuidEquals",
    "GuidNotEquals",
];
pub(crate) const QUANTIFIERS: [&str; 4] =
    ["ForAnyOfAnyValues", "ForAllOfAnyValues", "ForAnyOfAllValues", "ForAllOfAllValues"];

/// Steps beyond which a comparison is unknown.
const MOST_STEPS: usize = 262_144;
const ORDERED: [&str; 6] =
    ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];

impl Operator {
    /// The operator of a name in its documented letter case.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let (quantifier, name) = match word.split_once(':') {
            None => (None, word),
            Some((quantifier, name)) => {
                let (all_of_left, all_of_right) = match quantifier {
                    "ForAnyOfAnyValues" => (false, false),
                    "ForAllOfAnyValues" => (true, false),
                    "ForAnyOfAllValues" => (false, true),
                    "ForAllOfAllValues" => (true, true),
                    _ => return None,
                };
                (Some(Quantifier { all_of_left, all_of_right }), name)
            }
        };
        let families = ["String", "Numeric", "DateTime", "Bool", "Guid"];
        let family = families.into_iter().find(|family| name.starts_with(family))?;
        let rest = name.strip_prefix(family)?;
        let (test, negated, ignore_case) = if family == "String" {
            let (rest, ignore_case) = match rest.strip_suffix("IgnoreCase") {
                Some(rest) => (rest, true),
                None => (rest, false),
            };
            let (rest, negated) = match rest.strip_prefix("Not") {
                Some(rest) => (rest, true),
                None => (rest, false),
            };
            let test = ["Equals", "StartsWith", "Like"].into_iter().find(|test| *test == rest)?;
            (test, negated, ignore_case)
        } else {
            // Booleans and GUIDs have no order.
            let known = if matches!(family, "Bool" | "Guid") { &ORDERED[..2] } else { &ORDERED };
            match *known.iter().find(|test| **test == rest)? {
                "NotEquals" => ("Equals", true, false),
                test => (test, false, false),
            }
        };
        // Not every operator is documented with a quantifier.
        let quantifiable = match family {
            "String" => test != "StartsWith",
            family => matches!(family, "Numeric" | "Guid"),
        };
        if quantifier.is_some() && !quantifiable {
            return None;
        }
        // The two ways to know a name hold each other.
        let (before, name) = word.split_once(':').map_or((None, word), |(q, n)| (Some(q), n));
        let name = NAMES.into_iter().find(|known| *known == name)?;
        let quantifier_name =
            before.and_then(|before| QUANTIFIERS.into_iter().find(|known| *known == before));
        Some(Self { quantifier, family, test, negated, ignore_case, name, quantifier_name })
    }

    /// The choice on §5.2 about long comparisons: 64 a pair, and for a `Like` the bytes of both.
    fn costs(&self, left: &[Literal], right: &[Literal]) -> usize {
        let bytes = |side: &[Literal]| -> usize {
            side.iter()
                .map(|one| match one {
                    Literal::Text(text) | Literal::Quoted(text) => text.len(),
                    Literal::Number(_) | Literal::Flag(_) | Literal::Guid(_) | Literal::Time(_) => {
                        0
                    }
                })
                .sum()
        };
        let like = if self.test == "Like" { bytes(left) * bytes(right) } else { 0 };
        64 * left.len() * right.len() + like
    }

    pub(crate) fn is_quantified(&self) -> bool {
        self.quantifier.is_some()
    }

    /// Compares all values of the left with all of the right, as the quantifier says; without one, each
    /// side has one value. A value of the wrong type makes the comparison unknown (semantics §5.3).
    pub(crate) fn compare(&self, left: &[Literal], right: &[Literal]) -> Truth {
        let Quantifier { all_of_left, all_of_right } =
            self.quantifier.unwrap_or(Quantifier { all_of_left: false, all_of_right: false });
        if self.costs(left, right) > MOST_STEPS {
            return Truth::Unknown;
        }
        let mut rows = Vec::new();
        for one in left {
            let row = right.iter().map(|other| self.compare_one(one, other));
            let Some(row) = row.collect::<Option<Vec<bool>>>() else {
                reached("unknown", "§5.3 wrong type");
                return Truth::Unknown;
            };
            rows.push(if all_of_right { row.iter().all(|x| *x) } else { row.iter().any(|x| *x) });
        }
        let truth =
            Truth::of(if all_of_left { rows.iter().all(|x| *x) } else { rows.iter().any(|x| *x) });
        reached(truth.word(), self.name);
        if let Some(quantifier) = self.quantifier_name {
            reached(truth.word(), quantifier);
        }
        if let ([Literal::Time(now)], [other]) | ([other], [Literal::Time(now)]) = (left, right)
            && time(other) == Some(*now)
        {
            reached(truth.word(), "§5.4 UtcNow at the edge");
        }
        truth
    }

    /// Compares two values; none if one has the wrong type.
    fn compare_one(&self, left: &Literal, right: &Literal) -> Option<bool> {
        let holds = match (self.family, left, right) {
            ("String", left, right) => self.test_text(text(left)?, text(right)?),
            ("Numeric", Literal::Number(left), Literal::Number(right)) => {
                self.order(left.cmp(right))
            }
            ("Bool", Literal::Flag(left), Literal::Flag(right)) => left == right,
            ("Guid", left, right) => guid(left)? == guid(right)?,
            ("DateTime", left, right) => self.order(time(left)?.cmp(&time(right)?)),
            _ => return None,
        };
        Some(holds != self.negated)
    }

    fn order(&self, order: Ordering) -> bool {
        match self.test {
            "Equals" => order.is_eq(),
            "LessThan" => order.is_lt(),
            "LessThanEquals" => order.is_le(),
            "GreaterThan" => order.is_gt(),
            _ => order.is_ge(),
        }
    }

    fn test_text(&self, left: &str, right: &str) -> bool {
        let fold = |text: &str| {
            if self.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() }
        };
        let (left, right) = (fold(left), fold(right));
        match self.test {
            "Equals" => left == right,
            "StartsWith" => left.starts_with(&right),
            _ => {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                like(&chars(&left), &chars(&right))
            }
        }
    }
}

/// `StringLike`: `*` is any run of characters, `?` exactly one, `\*` and `\?` are themselves.
fn like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', rest @ ..], text) => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        (['\\', c @ ('*' | '?'), rest @ ..], [first, text @ ..]) => c == first && like(text, rest),
        (['?', rest @ ..], [_, text @ ..]) => like(text, rest),
        ([c, rest @ ..], [first, text @ ..]) => c == first && like(text, rest),
        (_, []) => false,
    }
}

fn text(literal: &Literal) -> Option<&str> {
    match literal {
        Literal::Text(text) | Literal::Quoted(text) => Some(text),
        Literal::Number(_) | Literal::Flag(_) | Literal::Guid(_) | Literal::Time(_) => None,
    }
}

/// A GUID, bare or quoted, in lower case.
fn guid(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Guid(guid) => Some(guid.to_ascii_lowercase()),
        Literal::Quoted(text) => is_guid(text).then(|| text.to_ascii_lowercase()),
        Literal::Text(_) | Literal::Number(_) | Literal::Flag(_) | Literal::Time(_) => None,
    }
}

/// A moment: the clock, or a quoted date-time.
fn time(literal: &Literal) -> Option<Instant> {
    match literal {
        Literal::Time(instant) => Some(*instant),
        // Azure documents the one form `yyyy-mm-ddThh:mm:ss.mmmmmmmZ`; the fraction may be shorter.
        Literal::Quoted(text) => {
            let fraction =
                text.strip_suffix('Z')?.split_once('.').map_or(0, |(_, part)| part.len());
            schedule::parse(text).filter(|_| fraction <= 7)
        }
        Literal::Text(_) | Literal::Number(_) | Literal::Flag(_) | Literal::Guid(_) => None,
    }
}
