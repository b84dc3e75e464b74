//! What in a policy grants less than its author may think.

use std::fmt;

/// How much a problem weighs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Something could not be understood (semantics §4.5); `check` fails.
    NotUnderstood,
    /// Understood, but surely not what was meant.
    Warning,
}

/// Every kind of problem: the labels of `kubentra_policy_problems`, so that each can be watched before
/// it first occurs.
pub const PROBLEM_KINDS: [&str; 10] = [
    "binding_of_another_cluster",
    "condition",
    "deny_condition",
    "doubtful_condition",
    "everyone_assignee",
    "outside_assignable_scopes",
    "trusted_access_role_of_another_type",
    "unknown_role_definition",
    "unknown_trusted_access_role",
    "unlisted_management_group",
];

/// One document that grants less than it seems to.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PolicyProblem {
    /// How much it weighs.
    pub severity: Severity,
    /// What kind it is, one of [`PROBLEM_KINDS`].
    pub kind: &'static str,
    /// The id of the document.
    pub subject: String,
    /// What is wrong, and what follows.
    pub message: String,
    /// The line of a condition's text that is to blame, and below it a caret.
    pub excerpt: Option<String>,
}

/// A problem without an excerpt.
pub(super) fn problem(
    severity: Severity,
    kind: &'static str,
    subject: &str,
    message: String,
) -> PolicyProblem {
    PolicyProblem { severity, kind, subject: subject.to_owned(), message, excerpt: None }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.subject, self.message)
    }
}
