//! The tree of a condition, and its text in one canonical form.

use std::fmt::{self, Display};
use std::ops::Range;

use jiff::Timestamp;
use uuid::Uuid;

use super::attributes::Fact;
use super::operators::{Operator, Quantifier};
use super::source::Source;
use crate::authz::data_action::DataActionPattern;

/// A part of a condition that is true, false or unknown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Node {
    /// The bytes of the text that it is, parentheses included.
    pub(super) span: Range<usize>,
    /// What it says.
    pub(super) says: Says,
}

/// What a part says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Says {
    /// `AND`: two parts or more.
    All(Vec<Node>),
    /// `OR`: two parts or more.
    Any(Vec<Node>),
    /// `NOT`.
    Not(Box<Node>),
    /// `ActionMatches{'…'}`.
    ActionMatches(DataActionPattern),
    /// `SubOperationMatches{'…'}`.
    SubOperationMatches(Box<str>),
    /// `Exists @…[…]`.
    Exists(Attribute),
    /// `<value> <operator> <value>`.
    Compares(Comparison),
}

/// Two values and what is asked of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    /// Present where a side may have several values.
    pub(super) quantifier: Option<Quantifier>,
    pub(super) operator: Operator,
    pub(super) right: Operand,
}

/// One side of a comparison.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Operand {
    Attribute(Attribute),
    One(Literal),
    /// At least one value.
    Set(Vec<Literal>),
}

/// A value that is written down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Literal {
    Text(Box<str>),
    Number(i64),
    Bool(bool),
    Guid(Uuid),
    /// A text beside a date operator that is a date.
    Time {
        text: Box<str>,
        at: Timestamp,
    },
}

/// An attribute, by source and name; both compare exactly.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Attribute {
    source: Source,
    name: Box<str>,
    fact: Option<Fact>,
}

impl Attribute {
    pub(super) fn new(source: Source, name: &str) -> Self {
        Self { source, name: name.into(), fact: Fact::of(source, name) }
    }

    /// What we know of it; none for an attribute that no review has.
    pub(super) fn fact(&self) -> Option<Fact> {
        self.fact
    }
}

impl Display for Node {
    /// The canonical text: AND, OR and `!`, parentheses around whatever is put together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.says {
            Says::All(parts) => joined(f, parts, " AND "),
            Says::Any(parts) => joined(f, parts, " OR "),
            Says::Not(part) => write!(f, "!({part})"),
            Says::ActionMatches(pattern) => write!(f, "ActionMatches{{'{pattern}'}}"),
            Says::SubOperationMatches(name) => write!(f, "SubOperationMatches{{'{name}'}}"),
            Says::Exists(attribute) => write!(f, "Exists {attribute}"),
            Says::Compares(comparison) => comparison.fmt(f),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Node], by: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(by)?;
        }
        match &part.says {
            Says::All(_) | Says::Any(_) => write!(f, "({part})")?,
            Says::Not(_)
            | Says::ActionMatches(_)
            | Says::SubOperationMatches(_)
            | Says::Exists(_)
            | Says::Compares(_) => part.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, quantifier, operator, right } = self;
        write!(f, "{left} ")?;
        if let Some(quantifier) = quantifier {
            write!(f, "{}:", quantifier.name())?;
        }
        write!(f, "{operator} {right}")
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::One(literal) => literal.fmt(f),
            Self::Set(literals) => {
                f.write_str("{")?;
                for (i, literal) in literals.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}{literal}")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Time { text, .. } => write!(f, "'{text}'"),
            Self::Number(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Guid(guid) => guid.fmt(f),
        }
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}[{}]", self.source.name(), self.name)
    }
}
