//! What in a policy grants less than its author may think.

use std::fmt;

/// How much a problem weighs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Something could not be understood (semantics §4.5); `check` fails.
    NotUnderstood,
    /// Understood, but surely not what was meant, or not evaluated yet.
    Warning,
}

/// One document that grants less than it seems to.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PolicyProblem {
    /// How much it weighs.
    pub severity: Severity,
    /// What kind it is: the label of `kubentra_policy_problems`, a bounded set.
    pub kind: &'static str,
    /// The id of the document.
    pub subject: String,
    /// What is wrong, and what follows.
    pub message: String,
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.subject, self.message)
    }
}
