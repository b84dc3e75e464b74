//! What the steps give: each answer, and what was expected if it is another.

use serde::Serialize;

use crate::demo::company::{Expected, Question, Token};
use crate::demo::webhook::{AccessStatus, TokenStatus, User};

/// What an access review was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Yes.
    Allow,
    /// No.
    Deny,
    /// Neither: Kubernetes RBAC decides.
    NoOpinion,
    /// There was nobody to ask for, since step 1 refused the token.
    NotAsked,
}

impl Outcome {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::NoOpinion => "no opinion",
            Self::NotAsked => "not asked",
        }
    }
}

/// What a token review was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenResult {
    /// The token is good.
    Authenticated,
    /// It is ours, and not good.
    Refused,
    /// Not authenticated, and no reason given: left to other authenticators.
    NotOurs,
}

impl TokenResult {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Refused => "refused",
            Self::NotOurs => "not ours",
        }
    }
}

/// One token and what came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAnswer {
    /// Whose token.
    pub who: &'static str,
    /// What is special about it; empty if nothing is.
    pub note: &'static str,
    /// What came of it.
    pub result: TokenResult,
    /// The user name, if authenticated.
    pub username: Option<String>,
    /// The groups, in the answer's order.
    pub groups: Vec<String>,
    /// Why not, if refused.
    pub error: Option<String>,
    /// What was expected instead; none if it was this.
    pub expected: Option<String>,
}

/// One request and the decision.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessAnswer {
    /// Who asked.
    pub who: &'static str,
    /// The command.
    pub wants: &'static str,
    /// The decision.
    pub decision: Outcome,
    /// The reason line, as the API server gets it.
    pub reason: String,
    /// The review, below the demo's folder.
    pub review: String,
    /// What was expected instead; none if it was this.
    pub expected: Option<String>,
}

/// A change of the policy on disk, and when it showed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The file that was written or removed, below the demo's folder.
    pub file: &'static str,
    /// From the change until the first answer that was another, or until that was given up.
    pub milliseconds: u64,
    /// The last answer.
    #[serde(flatten)]
    pub answer: AccessAnswer,
}

/// How long access reviews took, one after the other on one connection.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many.
    pub reviews: usize,
    /// Half of them took no longer.
    pub p50_microseconds: u64,
    /// 99 of 100 took no longer.
    pub p99_microseconds: u64,
}

/// Compares what came of a token with what should have.
pub(super) fn judge_token(token: &Token, status: TokenStatus) -> TokenAnswer {
    let TokenStatus { authenticated, user, error } = status;
    let result = match (authenticated, &error) {
        (true, _) => TokenResult::Authenticated,
        (false, Some(_)) => TokenResult::Refused,
        (false, None) => TokenResult::NotOurs,
    };
    let User { username, groups, .. } = user.unwrap_or_default();
    let (as_expected, expected) = match &token.expected {
        Expected::User(name, members) => {
            let same = members.len() == groups.len()
                && members.iter().all(|member| groups.iter().any(|group| group == member));
            (authenticated && username == *name && same, format!("{name} {}", members.join(" ")))
        }
        Expected::Refused(phrase) => {
            let says = error.as_ref().is_some_and(|error| error.contains(phrase));
            (!authenticated && says, format!("refused: … {phrase} …"))
        }
    };
    TokenAnswer {
        who: token.who,
        note: token.note,
        result,
        username: authenticated.then_some(username),
        groups,
        error,
        expected: (!as_expected).then(|| expected.trim_end().to_owned()),
    }
}

/// Compares a decision with the one that should have been; `None` is a question nobody could ask.
pub(super) fn judge_access(question: &Question, status: Option<AccessStatus>) -> AccessAnswer {
    let (decision, reason) = match status {
        Some(AccessStatus { allowed: true, reason, .. }) => (Outcome::Allow, reason),
        Some(AccessStatus { denied: true, reason, .. }) => (Outcome::Deny, reason),
        Some(AccessStatus { reason, .. }) => (Outcome::NoOpinion, reason),
        None => (Outcome::NotAsked, "step 1 refused the token".to_owned()),
    };
    let Question { who, wants, expected, because, .. } = *question;
    let as_expected = decision == expected && reason.contains(because);
    AccessAnswer {
        who,
        wants,
        decision,
        reason,
        review: question.file(),
        expected: (!as_expected).then(|| format!("{}: … {because} …", expected.word())),
    }
}
