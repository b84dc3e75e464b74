//! What came of the questions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::questions::{Question, Request};

/// Wrong answers that are shown.
const SHOWN: usize = 10;

/// What a question was answered.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Found {
    Allow,
    Deny,
    NoOpinion,
    /// Refused by whomever.
    Forbidden,
    /// 401: the API server cannot tell who it is.
    Unauthorized,
    /// It could not ask our webhook, which the error names: 500, or the same in a review.
    CannotAsk,
    /// No answer of the API server's at all, or one that no rule foresees.
    Broken,
}

/// Numbers of answers, and the wrong ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    right: BTreeMap<&'static str, u64>,
    kinds: BTreeSet<String>,
    errors: BTreeMap<String, u64>,
    wrong: Vec<String>,
}

impl Tally {
    /// Holds an answer against the one that is expected.
    pub(super) fn note(&mut self, question: &Question, found: Found, reason: &str) {
        let expected = question.expected.outcome;
        let is_right = match (found, expected) {
            (Found::Allow, "allow") | (Found::Deny, "deny") => self.names(question, reason),
            (Found::NoOpinion, "noOpinion") | (Found::Forbidden, "deny" | "noOpinion") => true,
            (Found::Unauthorized | Found::CannotAsk, _) => {
                *self.errors.entry(format!("{found:?}")).or_default() += 1;
                return;
            }
            _ => false,
        };
        if is_right {
            *self.right.entry(expected).or_default() += 1;
            self.kinds.insert(question.expected.kind());
        } else {
            self.wrong.push(format!(
                "{found:?} and not {}: user {}, {:?}\n    {reason}",
                question.expected, question.user, question.request
            ));
        }
    }

    /// Whether a reason names the assignment that the reference names. A real request shows none.
    fn names(&self, question: &Question, reason: &str) -> bool {
        let Request::Review(_) = &question.request else { return true };
        let id = question.expected.via.split(' ').nth(1).and_then(|id| id.rsplit('/').next());
        id.is_some_and(|id| reason.contains(id))
    }

    pub(super) fn add(&mut self, other: Self) {
        other.right.into_iter().for_each(|(key, n)| *self.right.entry(key).or_default() += n);
        other.errors.into_iter().for_each(|(key, n)| *self.errors.entry(key).or_default() += n);
        self.kinds.extend(other.kinds);
        self.wrong.extend(other.wrong);
    }

    /// Fails if an answer was wrong.
    pub(super) fn hold(&self) {
        assert!(self.wrong.is_empty(), "{} wrong answers:\n{}", self.wrong.len(), self.details());
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Right answers.
    pub(super) fn right(&self) -> u64 {
        self.right.values().sum()
    }

    /// Fails if something never came up: then the agreement would be about nothing.
    pub(super) fn reached_everything(&self) {
        for kind in
            ["allow via roleAssignment", "deny via denyAssignment", "noOpinion via ungranted"]
        {
            assert!(self.kinds.contains(kind), "never {kind}: {:?}", self.kinds);
        }
        for outcome in ["allow", "deny", "noOpinion"] {
            let count = self.right.get(outcome).copied().unwrap_or_default();
            assert!(count > 500, "only {count} times {outcome}: {self}");
        }
    }

    /// The first wrong answers, and the errors.
    pub(super) fn details(&self) -> String {
        let wrong = self.wrong.iter().take(SHOWN).map(|line| format!("  {line}\n"));
        let errors = self.errors.iter().map(|(kind, count)| format!("  {count} × {kind}\n"));
        wrong.chain(errors).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = self.right();
        let count = |outcome| self.right.get(outcome).copied().unwrap_or_default();
        write!(
            f,
            "{right} right ({} allow, {} deny, {} no opinion), {} errors, {} wrong",
            count("allow"),
            count("deny"),
            count("noOpinion"),
            self.errors(),
            self.wrong.len()
        )
    }
}
