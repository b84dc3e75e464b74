//! One case: a policy, a review and a time, all as JSON, so that it can be made smaller and printed.

use std::fmt;

use serde_json::{Value, json};

/// The folders of a policy directory.
pub(crate) const FOLDERS: [&str; 6] = [
    "roleDefinitions",
    "roleAssignments",
    "roleAssignmentScheduleInstances",
    "denyAssignments",
    "trustedAccessRoles",
    "trustedAccessRoleBindings",
];

/// What both sides decide.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The configuration: `cluster`, `fleet`, `mode` and so on, in one flat object.
    pub(crate) setting: Value,
    /// The documents, in an object with a list for each folder.
    pub(crate) documents: Value,
    /// The posted review.
    pub(crate) review: Value,
    /// Nanoseconds since 1970.
    pub(crate) now: i128,
}

impl Case {
    /// The documents of one folder.
    pub(crate) fn of(&self, folder: &str) -> &[Value] {
        self.documents[folder].as_array().map_or(&[], Vec::as_slice)
    }

    /// The review as it is posted.
    pub(crate) fn body(&self) -> Vec<u8> {
        serde_json::to_vec(&self.review).unwrap()
    }
}

/// An answer: the outcome, and the grant or rule that made it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    /// `allow`, `deny`, `noOpinion`, `invalid` (HTTP 400) or `broken` (the policy cannot be read).
    pub(crate) outcome: &'static str,
    /// The kind of the grant or rule, and after a space which.
    pub(crate) via: String,
    /// What else is said: role and end of an assignment, whom a deny names, what was needed where.
    pub(crate) more: String,
}

impl Answer {
    pub(crate) fn new(outcome: &'static str, via: impl Into<String>) -> Self {
        Self { outcome, via: via.into(), more: String::new() }
    }

    pub(crate) fn with(mut self, more: impl Into<String>) -> Self {
        self.more = more.into();
        self
    }

    /// The grant or rule as a conformance case has it under `via`, with an assignment by the end of its
    /// id; null if it has none.
    pub(crate) fn written_via(&self) -> Value {
        let words: Vec<&str> = self.via.split(' ').collect();
        let last = |id: &str| id.rsplit('/').next().map(str::to_owned);
        match words.as_slice() {
            ["roleAssignment", id] => json!({ "roleAssignment": last(id) }),
            ["roleAssignment", id, "through", group] => {
                json!({ "roleAssignment": last(id), "group": group })
            }
            ["denyAssignment", id] => json!({ "denyAssignment": last(id) }),
            ["trustedAccess", binding, role] => json!({ "trustedAccess": binding, "role": role }),
            ["adminGroup", group] => json!({ "adminGroup": group }),
            ["discovery"] => json!({ "discovery": true }),
            [nothing] if self.outcome != "invalid" => json!({ "nothing": nothing }),
            _ => Value::Null,
        }
    }

    /// The outcome with the kind of the grant or rule.
    pub(crate) fn kind(&self) -> String {
        format!("{} via {}", self.outcome, self.via.split(' ').next().unwrap_or_default())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} via {}", self.outcome, self.via)?;
        if self.more.is_empty() { Ok(()) } else { write!(f, " ({})", self.more) }
    }
}
