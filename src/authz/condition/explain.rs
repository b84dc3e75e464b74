//! Which parts of a condition were true, false or unknown, and why.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::attributes::Fact;
use super::doubts;
use super::error::quoted;
use super::evaluator::{ConditionContext, evaluate};
use super::syntax::{Attribute, Comparison, Node, Operand, Says};
use super::truth::Truth;
use super::values::{Value, value_of};
use crate::authz::words::one_line;

/// How a condition came to be true, false or unknown. Displayed as lines: each part's truth, its
/// text, and why; what belongs to a part is indented below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// The whole first, each part before what it is made of. Never empty.
    pub parts: Vec<Part>,
}

/// One part of a condition.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// How many parts it belongs to.
    pub depth: usize,
    /// What it was.
    pub truth: Truth,
    /// `all of`, `any of`, `not`, or the text of one that has no parts, laid out on one line.
    pub says: String,
    /// The bytes of the condition's text that it is.
    pub span: Range<usize>,
    /// What the request had, where that tells why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Explanation {
    /// What the whole condition was.
    pub fn truth(&self) -> Truth {
        self.parts.first().map_or(Truth::Unknown, |part| part.truth)
    }

    pub(super) fn of(node: &Node, context: &ConditionContext<'_>) -> Self {
        let mut parts = Vec::new();
        add(&mut parts, node, 0, context);
        Self { parts }
    }

    /// Of a condition that is not understood.
    pub(super) fn not_understood(text: &str, because: String) -> Self {
        let says = one_line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        let part = Part {
            depth: 0,
            truth: Truth::Unknown,
            says,
            span: 0..text.len(),
            because: Some(because),
        };
        Self { parts: vec![part] }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.parts.iter().enumerate() {
            let newline = if i > 0 { "\n" } else { "" };
            write!(f, "{newline}{part}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    /// One line, indented by its depth.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { depth, truth, says, because, .. } = self;
        write!(f, "{truth:<8}{:indent$}{says}", "", indent = depth * 2)?;
        because.as_ref().map_or(Ok(()), |because| write!(f, "  ({because})"))
    }
}

fn add(parts: &mut Vec<Part>, node: &Node, depth: usize, context: &ConditionContext<'_>) {
    let of_group = |name: &str| (name.to_owned(), None);
    let (says, because) = match &node.says {
        Says::All(_) => of_group("all of"),
        Says::Any(_) => of_group("any of"),
        Says::Not(_) => of_group("not"),
        Says::ActionMatches(_) => {
            let asked = if context.action.as_str().contains('*') {
                "every action of"
            } else {
                "the action is"
            };
            (node.to_string(), Some(format!("{asked} `{}`", context.action.as_str())))
        }
        Says::SubOperationMatches(_) => {
            (node.to_string(), Some("no request has a suboperation".to_owned()))
        }
        Says::Exists(_) => (node.to_string(), None),
        Says::Compares(comparison) => (node.to_string(), because(comparison, context)),
    };
    let truth = evaluate(node, context).truth;
    parts.push(Part { depth, truth, says, span: node.span.clone(), because });
    let below: &[Node] = match &node.says {
        Says::All(parts) | Says::Any(parts) => parts,
        Says::Not(part) => std::slice::from_ref(part),
        Says::ActionMatches(_)
        | Says::SubOperationMatches(_)
        | Says::Exists(_)
        | Says::Compares(_) => &[],
    };
    for part in below {
        add(parts, part, depth + 1, context);
    }
}

/// The attributes of a comparison as the request had them.
fn because(comparison: &Comparison, context: &ConditionContext<'_>) -> Option<String> {
    let operands = [&comparison.left, &comparison.right];
    let mut facts: Vec<_> = operands
        .into_iter()
        .filter_map(|operand| match operand {
            Operand::Attribute(attribute) => Some(state(attribute, comparison, context)),
            Operand::One(_) | Operand::Set(_) => None,
        })
        .collect();
    facts.dedup();
    let wanted = doubts::type_name(comparison.operator.test);
    let misfits = doubts::of_literals(comparison);
    facts.extend(misfits.map(|l| format!("{} is no {wanted}", quoted(&l.to_string()))));
    (!facts.is_empty()).then(|| facts.join("; "))
}

fn state(attribute: &Attribute, comparison: &Comparison, context: &ConditionContext<'_>) -> String {
    let value = value_of(attribute, &context.attributes, context.now);
    let name = match attribute.fact() {
        Some(Fact::Group) => "group",
        Some(Fact::Kind) => "kind",
        Some(Fact::Subresource) => "subresource",
        Some(Fact::UtcNow) => "time",
        None => return format!("no review has `{attribute}`"),
    };
    let wrong = if value.is_some_and(|v| !v.suits(comparison.operator.test)) {
        format!(", no {}", doubts::type_name(comparison.operator.test))
    } else {
        String::new()
    };
    match value {
        None => format!("the request has no {name} attribute"),
        Some(Value::Text(text)) => format!("the {name} is `{}`{wrong}", text.escape_debug()),
        Some(Value::Time(at)) => format!("the {name} is {at}{wrong}"),
        // No attribute of a review is of another type.
        Some(Value::Number(_) | Value::Bool(_) | Value::Guid(_)) => {
            format!("the {name} is there{wrong}")
        }
    }
}
