//! What in a condition that is understood can surely not be what its author meant.

use std::fmt;

use super::attributes::Fact;
use super::error::{Place, quoted};
use super::operators::Test;
use super::syntax::{Attribute, Comparison, Literal, Node, Operand, Says};

/// A part of a condition that is the same for every request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Doubt {
    /// Where the part begins.
    pub place: Place,
    /// What is odd about it.
    pub message: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// All doubts about a condition, in the order of its text.
pub(super) fn doubts(text: &str, node: &Node) -> Vec<Doubt> {
    let mut found = Vec::new();
    add(&mut found, text, node);
    found
}

fn add(found: &mut Vec<Doubt>, text: &str, node: &Node) {
    let mut doubt = |message: String| {
        found.push(Doubt { place: Place::new(text, node.span.start), message });
    };
    match &node.says {
        Says::All(parts) | Says::Any(parts) => parts.iter().for_each(|part| add(found, text, part)),
        Says::Not(part) => add(found, text, part),
        Says::ActionMatches(_) => {}
        Says::SubOperationMatches(_) => doubt(
            "a Kubernetes request has no suboperation: `SubOperationMatches` is always false"
                .to_owned(),
        ),
        Says::Exists(attribute) if attribute.fact().is_none() => {
            doubt(format!("no review has {}: it never exists", quoted(&attribute.to_string())));
        }
        Says::Exists(_) => {}
        Says::Compares(comparison) => of_comparison(comparison).for_each(doubt),
    }
}

fn of_comparison(comparison: &Comparison) -> impl Iterator<Item = String> {
    let test = comparison.operator.test;
    let attributes = [&comparison.left, &comparison.right].into_iter().filter_map(move |operand| {
        let Operand::Attribute(attribute) = operand else { return None };
        of_attribute(attribute, test)
    });
    let literals = of_literals(comparison).map(move |literal| {
        let shown = quoted(&literal.to_string());
        format!("{shown} is no {}: the comparison is always unknown", type_name(test))
    });
    attributes.chain(literals)
}

fn of_attribute(attribute: &Attribute, test: Test) -> Option<String> {
    let shown = quoted(&attribute.to_string());
    match (attribute.fact(), test) {
        (None, _) => Some(format!("no review has {shown}: the comparison is always unknown")),
        (Some(Fact::Group | Fact::Kind | Fact::Subresource), Test::Text(..))
        | (Some(Fact::UtcNow), Test::Time(_)) => None,
        (Some(_), _) => {
            Some(format!("{shown} is no {}: the comparison is always unknown", type_name(test)))
        }
    }
}

/// The literals of a comparison that are of another type than it compares.
pub(super) fn of_literals(comparison: &Comparison) -> impl Iterator<Item = &Literal> {
    let test = comparison.operator.test;
    [&comparison.left, &comparison.right]
        .into_iter()
        .flat_map(|operand| match operand {
            Operand::Attribute(_) => &[],
            Operand::One(literal) => std::slice::from_ref(literal),
            Operand::Set(literals) => literals.as_slice(),
        })
        .filter(move |literal| {
            !matches!(
                (literal, test),
                (Literal::Text(_), Test::Text(..))
                    | (Literal::Number(_), Test::Number(_))
                    | (Literal::Bool(_), Test::Bool)
                    | (Literal::Guid(_), Test::Guid)
                    | (Literal::Time { .. }, Test::Time(_))
            )
        })
}

/// What an operator compares, in words that stand after "is no".
pub(super) fn type_name(test: Test) -> &'static str {
    match test {
        Test::Text(..) => "text",
        Test::Number(_) => "whole number",
        Test::Time(_) => "date such as `2030-01-31T08:00:00Z`",
        Test::Bool => "`true` or `false`",
        Test::Guid => "GUID",
    }
}
