//! Conditions on role assignments, permissions and deny assignments (semantics §5).
//!
//! ```text
//! text ──lexer──▶ tokens ──parser──▶ tree ──evaluator──▶ True | False | Unknown
//!                                     once, at load         for each required action
//! ```
//!
//! A condition is compiled when it is made. One that is not understood stays what it is: it never
//! grants, always counts for a deny, and says why ([`Condition::problem`], semantics §4.5).
//!
//! What Azure's documents leave open is decided in docs/semantics.md, "Choices where the rules are
//! silent": mostly by the stricter reading.

mod attributes;
mod doubts;
mod error;
mod evaluator;
mod explain;
mod lexer;
mod like;
mod literal;
mod operators;
mod parser;
mod source;
mod syntax;
mod truth;
mod values;

use std::fmt;
use std::sync::Arc;

pub use attributes::{Attributes, attributes};
pub use doubts::Doubt;
pub use error::{ParseConditionError, Place};
pub use evaluator::{ConditionContext, Evaluated};
pub use explain::{Explanation, Part};
use syntax::Node;
pub use truth::Truth;

/// The one `conditionVersion` that is understood.
pub const VERSION: &str = "2.0";

/// Longest condition that is read, in bytes: what Azure stores at most.
pub const MAX_LENGTH: usize = 8 * 1024;

/// How deep parentheses and NOT may be nested. Azure's own examples stay below 6.
pub const MAX_NESTING: usize = 64;

/// A condition, compiled once.
///
/// Two are equal if their texts and versions are.
#[derive(Clone)]
pub struct Condition {
    text: Box<str>,
    version: Option<Box<str>>,
    compiled: Arc<Result<Node, ParseConditionError>>,
}

impl Condition {
    /// A condition from two optional members; an empty or blank text is none (semantics §5.3). There
    /// is no error: see [`problem`](Self::problem).
    pub fn new(text: Option<&str>, version: Option<&str>) -> Option<Self> {
        let text = text.filter(|t| !t.trim().is_empty())?;
        Some(Self {
            text: text.into(),
            version: version.map(Into::into),
            compiled: Arc::new(compile(text, version)),
        })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its `conditionVersion`.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Why the condition is not understood; none if it is.
    pub fn problem(&self) -> Option<&ParseConditionError> {
        self.compiled.as_ref().as_ref().err()
    }

    /// The line with the problem and below it a caret; none where no place in the text is to blame.
    pub fn excerpt(&self) -> Option<String> {
        self.problem()?.place().map(|place| error::excerpt(&self.text, place))
    }

    /// What in an understood condition is the same for every request, in the order of its text.
    pub fn doubts(&self) -> Vec<Doubt> {
        self.compiled
            .as_ref()
            .as_ref()
            .map_or_else(|_| Vec::new(), |n| doubts::doubts(&self.text, n))
    }

    /// Says whether the condition holds for one action of a request. Pure; the cost is that of its
    /// parts, whatever they say.
    ///
    /// A condition that is not understood is unknown.
    pub fn evaluate(&self, context: &ConditionContext<'_>) -> Evaluated {
        match self.compiled.as_ref() {
            Ok(node) => evaluator::evaluate(node, context),
            Err(_) => Evaluated::constant(Truth::Unknown),
        }
    }

    /// Says of each part what [`evaluate`](Self::evaluate) made of it.
    pub fn explain(&self, context: &ConditionContext<'_>) -> Explanation {
        match self.compiled.as_ref() {
            Ok(node) => Explanation::of(node, context),
            Err(problem) => Explanation::not_understood(&self.text, problem.to_string()),
        }
    }
}

fn compile(text: &str, version: Option<&str>) -> Result<Node, ParseConditionError> {
    if version != Some(VERSION) {
        return Err(ParseConditionError::Version(version.map(str::to_owned)));
    }
    if text.len() > MAX_LENGTH {
        return Err(ParseConditionError::TooLong(text.len()));
    }
    parser::parse(text).map_err(|fault| fault.in_text(text))
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.version == other.version
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("text", &self.text)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
