//! What a walk over the rules saw.

use std::fmt;

use serde::Serialize;

use super::clock_use::ClockUse;
use super::condition::{Part, Truth};
use super::decision::Decision;
use super::question::Question;

/// Takes the steps of a walk: [`Skip`] forgets them at no cost, [`Keep`] keeps them.
pub(super) trait Recorder {
    /// Whether steps are kept. A walk that keeps none may leave out what cannot change the answer.
    const KEEPS: bool;

    /// Takes one step.
    fn step(&mut self, make: impl FnOnce() -> Step);
}

/// Forgets every step.
pub(super) struct Skip;

impl Recorder for Skip {
    const KEEPS: bool = false;

    fn step(&mut self, _: impl FnOnce() -> Step) {}
}

/// Keeps every step.
#[derive(Default)]
pub(super) struct Keep(Vec<Step>);

impl Keep {
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.0
    }
}

impl Recorder for Keep {
    const KEEPS: bool = true;

    fn step(&mut self, make: impl FnOnce() -> Step) {
        self.0.push(make());
    }
}

/// One rule tried.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The rule, as in docs/semantics.md.
    pub rule: &'static str,
    /// What was held against it: an assignment, a binding, a setting.
    pub subject: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in words.
    pub detail: String,
    /// The conditions that it hung on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<TriedCondition>,
}

/// A condition held against one action of the request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedCondition {
    /// What has it.
    pub of: ConditionOf,
    /// The action that it was held against.
    pub action: String,
    /// What it was.
    pub truth: Truth,
    /// How it came to that: the whole first, each part before what it is made of.
    pub parts: Vec<Part>,
}

/// What a condition belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ConditionOf {
    /// The role assignment.
    RoleAssignment,
    /// The deny assignment.
    DenyAssignment,
    /// One permission of the role definition or deny assignment.
    Permission,
}

impl fmt::Display for ConditionOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoleAssignment => "condition of the assignment",
            Self::DenyAssignment => "condition of the deny assignment",
            Self::Permission => "condition of the permission",
        })
    }
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It applies.
    Applies,
    /// It does not.
    DoesNot,
}

/// A decision with the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The decision, the same as [`evaluate`](super::evaluate::evaluate) gives.
    pub decision: Decision,
    /// What was asked: of the cluster, and of its fleet if it has one.
    pub questions: Vec<AskedQuestion>,
    /// Every rule tried, in order.
    pub steps: Vec<Step>,
    /// Whether the decision depends on the time.
    pub clock: ClockUse,
}

/// One question in words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedQuestion {
    /// The actions needed, all of one permission.
    pub actions: Vec<String>,
    /// The scopes of the request; one of them must be covered.
    pub scopes: Vec<String>,
}

impl From<&Question> for AskedQuestion {
    fn from(question: &Question) -> Self {
        Self {
            actions: question.required.iter().map(|a| a.as_str().to_owned()).collect(),
            scopes: question.scopes.iter().map(ToString::to_string).collect(),
        }
    }
}
