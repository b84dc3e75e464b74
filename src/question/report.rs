//! A decision as data: the JSON of `can-i` and `explain`.

use serde::Serialize;

use crate::authz::{Decision, DenyReason, Grant, Miss, NoOpinionReason, Refusal};

/// One decision. `decision` and `reason` are what the API server gets; the rest says the same in
/// parts, so that no program has to read the words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionReport {
    /// `allow`, `deny` or `noOpinion`.
    pub decision: &'static str,
    /// The reason line (semantics §9).
    pub reason: String,
    /// What allowed; null unless allowed.
    pub grant: Option<GrantReport>,
    /// The deny assignment that denied, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny_assignment: Option<DenyReport>,
    /// What was missing when nothing granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingReport>,
}

/// What allowed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GrantReport {
    /// A role assignment.
    RoleAssignment {
        /// Full id of the assignment.
        assignment: String,
        /// Name of the role.
        role: String,
        /// GUID of its definition.
        role_definition: String,
        /// Where it is assigned.
        scope: String,
        /// Whom it is assigned to: the caller or one of its groups.
        principal: String,
        /// The group, if it is assigned to one.
        group: Option<String>,
        /// When it ends (RFC 3339); null if it has no end.
        until: Option<String>,
    },
    /// A read of a discovery path.
    Discovery,
    /// A trusted-access binding.
    TrustedAccess {
        /// Name of the binding.
        binding: String,
        /// Full name of the role.
        role: String,
        /// The resource whose identity it lets in.
        source: String,
    },
    /// A cluster administrator group.
    AdminGroup {
        /// The group.
        group: String,
    },
}

/// A deny assignment that applied.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DenyReport {
    /// Full id of the deny assignment.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it applies.
    pub scope: String,
    /// Whom it names: the caller, a group of it, or everyone (all zeros).
    pub principal: String,
    /// The action that it forbids here.
    pub action: String,
}

/// What was missing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingReport {
    /// The actions that were needed, all of one permission.
    pub actions: Vec<String>,
    /// Where.
    pub scope: String,
    /// The assignment that came nearest.
    pub nearest: Option<NearestReport>,
    /// The smallest built-in role that would have granted it.
    pub sufficient_role: Option<String>,
}

/// The assignment that came nearest to a grant.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearestReport {
    /// Full id of the assignment.
    pub assignment: String,
    /// Name of the role, or the GUID of an unknown one.
    pub role: String,
    /// Where it is assigned.
    pub scope: String,
    /// Why it did not grant.
    pub why: &'static str,
}

impl From<&Decision> for DecisionReport {
    fn from(decision: &Decision) -> Self {
        let (mut grant, mut deny_assignment, mut missing) = (None, None, None);
        match decision {
            Decision::Allow(allowed) => grant = Some(allowed.into()),
            Decision::Deny(DenyReason::DenyAssignment { deny, principal, action, .. }) => {
                deny_assignment = Some(DenyReport {
                    id: deny.id.clone(),
                    name: deny.name.clone(),
                    scope: deny.scope.to_string(),
                    principal: principal.to_string(),
                    action: action.clone(),
                });
            }
            Decision::Deny(DenyReason::Ungranted(refusal))
            | Decision::NoOpinion(NoOpinionReason::Ungranted(refusal)) => {
                missing = Some((&**refusal).into());
            }
            Decision::NoOpinion(
                NoOpinionReason::System
                | NoOpinionReason::ExemptUser
                | NoOpinionReason::NotEntra { .. }
                | NoOpinionReason::AuthenticationOnly,
            ) => {}
        }
        Self {
            decision: decision.outcome(),
            reason: decision.to_string(),
            grant,
            deny_assignment,
            missing,
        }
    }
}

impl From<&Grant> for GrantReport {
    fn from(grant: &Grant) -> Self {
        match grant {
            Grant::RoleAssignment { assignment, role, through, until } => Self::RoleAssignment {
                assignment: assignment.id.clone(),
                role: role.name.clone(),
                role_definition: role.id.to_string(),
                scope: assignment.scope.to_string(),
                principal: assignment.principal.to_string(),
                group: through.map(|group| group.to_string()),
                until: until.map(|until| until.to_string()),
            },
            Grant::Discovery => Self::Discovery,
            Grant::TrustedAccess { binding, role } => Self::TrustedAccess {
                binding: binding.name.clone(),
                role: role.clone(),
                source: binding.source.to_string(),
            },
            Grant::AdminGroup { group } => Self::AdminGroup { group: group.to_string() },
        }
    }
}

impl From<&Refusal> for MissingReport {
    fn from(refusal: &Refusal) -> Self {
        Self {
            actions: refusal.actions.clone(),
            scope: refusal.scope.to_string(),
            nearest: refusal.nearest.as_ref().map(|nearest| NearestReport {
                assignment: nearest.assignment.clone(),
                role: nearest.role.clone(),
                scope: nearest.scope.to_string(),
                why: match nearest.why {
                    Miss::Condition => "condition",
                    Miss::Expired(_) => "expired",
                    Miss::NotYet(_) => "notYet",
                    Miss::NotProvisioned => "notProvisioned",
                    Miss::OtherScope => "otherScope",
                    Miss::UnknownRole => "unknownRole",
                    Miss::LacksAction => "lacksAction",
                },
            }),
            sufficient_role: refusal.sufficient_role.clone(),
        }
    }
}
