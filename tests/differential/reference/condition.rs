//! Conditions (semantics §5).

pub(crate) mod compare;
mod parse;

use serde_json::Value;

use super::actions::{self, Need};
use super::reached;
use super::review::Target;
use super::schedule::Instant;
use super::world::{World, text};

/// What a condition can ask about besides the action.
pub(crate) struct Asked<'a> {
    pub(crate) world: &'a World,
    pub(crate) target: &'a Target,
    pub(crate) now: Instant,
}

/// A truth value of Kleene's logic (semantics §5.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    fn of(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }

    /// For the statistics.
    fn word(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    /// AND of several: one that is false decides.
    fn all(truths: impl Iterator<Item = Self>) -> Self {
        let truths: Vec<_> = truths.collect();
        if truths.contains(&Self::False) {
            Self::False
        } else if truths.contains(&Self::Unknown) {
            Self::Unknown
        } else {
            Self::True
        }
    }

    /// OR of several: one that is true decides.
    fn any(truths: impl Iterator<Item = Self>) -> Self {
        Self::all(truths.map(Self::not)).not()
    }
}

/// A condition, taken apart.
#[derive(Debug)]
pub(crate) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    ActionMatches(String),
    SubOperationMatches,
    Exists(Attribute),
    Comparison { left: Side, operator: compare::Operator, right: Side },
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    Attribute(Attribute),
    Literal(Literal),
    Set(Vec<Literal>),
}

/// `@<source>[<name>]`.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    source: String,
    name: String,
}

/// A value; the time is one only as an attribute.
#[derive(Clone, Debug)]
pub(crate) enum Literal {
    /// What an attribute holds.
    Text(String),
    /// What is written down: the operator says whether it is a text, a date or a GUID (§5.3).
    Quoted(String),
    Number(i64),
    Flag(bool),
    Guid(String),
    Time(Instant),
}

/// Says whether there is no condition: an empty or a blank one is none (semantics §5.3).
pub(crate) fn is_none(holder: &Value) -> bool {
    text(holder, "condition").is_none_or(|condition| condition.trim().is_empty())
}

/// What the condition of an assignment or a permission says about an action. None is true; one that is
/// not understood is unknown (semantics §4.5).
pub(crate) fn evaluate(holder: &Value, need: &Need, asked: &Asked<'_>) -> Truth {
    if is_none(holder) {
        return Truth::True;
    }
    let condition = text(holder, "condition").unwrap_or_default();
    // §5.3: another version is not understood.
    if text(holder, "conditionVersion") != Some("2.0") {
        reached("unknown", "§5.3 conditionVersion");
        return Truth::Unknown;
    }
    match parse::parse(condition) {
        Some(condition) => condition.truth(need, asked),
        None => {
            reached("unknown", "§5.1 does not parse");
            Truth::Unknown
        }
    }
}

impl Condition {
    fn truth(&self, need: &Need, asked: &Asked<'_>) -> Truth {
        match self {
            Self::All(parts) => {
                count(Truth::all(parts.iter().map(|part| part.truth(need, asked))), "§5.2 AND")
            }
            Self::Any(parts) => {
                count(Truth::any(parts.iter().map(|part| part.truth(need, asked))), "§5.2 OR")
            }
            Self::Not(part) => count(part.truth(need, asked).not(), "§5.2 NOT"),
            // §2.3, §2.6: true if it would grant it, false if it matches nothing of it.
            Self::ActionMatches(pattern) => {
                let truth = match (need.granted_by(pattern), need.touched_by(pattern)) {
                    (true, _) => Truth::True,
                    (false, true) => Truth::Unknown,
                    (false, false) => Truth::False,
                };
                count(truth, "ActionMatches")
            }
            // §5.3
            Self::SubOperationMatches => count(Truth::False, "SubOperationMatches"),
            Self::Exists(attribute) => count(Truth::of(attribute.value(asked).is_some()), "Exists"),
            Self::Comparison { left, operator, right } => {
                match (left.values(asked), right.values(asked)) {
                    (Some(left), Some(right)) => operator.compare(&left, &right),
                    // §5.2
                    _ => {
                        reached("unknown", "§5.2 attribute missing");
                        Truth::Unknown
                    }
                }
            }
        }
    }
}

fn count(truth: Truth, rule: &'static str) -> Truth {
    reached(truth.word(), rule);
    truth
}

impl Side {
    /// The values that stand here; none if the attribute is missing.
    fn values(&self, asked: &Asked<'_>) -> Option<Vec<Literal>> {
        match self {
            Self::Attribute(attribute) => attribute.value(asked).map(|value| vec![value]),
            Self::Literal(literal) => Some(vec![literal.clone()]),
            Self::Set(literals) => Some(literals.clone()),
        }
    }
}

impl Attribute {
    /// The value in this request (semantics §5.4). The names are exact, and the same for every cluster
    /// type.
    fn value(&self, asked: &Asked<'_>) -> Option<Literal> {
        match (self.source.as_str(), self.name.as_str()) {
            ("Environment", "UtcNow") => return Some(Literal::Time(asked.now)),
            ("Request", _) => {}
            _ => return None,
        }
        let Target::Resource(request) = asked.target else { return None };
        let name = self.name.strip_prefix("Microsoft.ContainerService/managedClusters/")?;
        let custom = actions::is_custom(asked.world, request);
        let value = match name {
            "customResources:group" if custom => &request.group,
            // §2.6: the kind of resource `*` is missing.
            "customResources:kind" if custom && request.resource != "*" => &request.resource,
            "resources:subresource" => {
                let subresource = request.subresource.as_str();
                let listed = match request.resource.as_str() {
                    "pods" => {
                        ["log", "exec", "portforward", "proxy", "ephemeralcontainers", "attach"]
                            .contains(&subresource)
                    }
                    "deployments" | "statefulsets" | "replicasets" => subresource == "scale",
                    _ => false,
                };
                if !listed {
                    return None;
                }
                &request.subresource
            }
            _ => return None,
        };
        reached(
            "true",
            if name.ends_with("group") {
                "§5.4 group"
            } else if name.ends_with("kind") {
                "§5.4 kind"
            } else {
                "§5.4 subresource"
            },
        );
        // A name that is empty is none.
        (!value.is_empty()).then(|| Literal::Text(value.clone()))
    }
}
