//! The answer, and the words for it.
//!
//! The reason of a decision is interface: one line, stable wording, held by snapshots
//! (semantics §9). People read it at the end of kubectl's error message, so a refusal says what was
//! needed, where, what came nearest, and which built-in role would do.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::assignment::{DenyAssignment, RoleAssignment, short_id};
use super::principal::ObjectId;
use super::role::RoleDefinition;
use super::scope::Scope;
use super::trusted_access::TrustedAccessRoleBinding;

/// What the server answers to an access request. An error is never one of these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Yes; the API server asks no further.
    Allow(Grant),
    /// No; the API server asks no further.
    Deny(DenyReason),
    /// Neither; the API server asks its next authorizer.
    NoOpinion(NoOpinionReason),
}

/// What allowed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Grant {
    /// A role assignment (semantics §4.2).
    RoleAssignment {
        /// The assignment.
        assignment: Arc<RoleAssignment>,
        /// Its role.
        role: Arc<RoleDefinition>,
        /// The group that has it, when the caller has not itself.
        through: Option<ObjectId>,
        /// First moment at which it is no longer in force; none is no end (semantics §4.6).
        until: Option<Timestamp>,
    },
    /// Reading what the API server serves (semantics §6.2).
    Discovery,
    /// A trusted-access binding (semantics §7).
    TrustedAccess {
        /// The binding.
        binding: Arc<TrustedAccessRoleBinding>,
        /// The full name of the role whose rule matched.
        role: String,
    },
    /// Membership in a cluster administrator group (semantics §8.1).
    AdminGroup {
        /// The group.
        group: ObjectId,
    },
}

/// What denied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DenyReason {
    /// A deny assignment (semantics §4.1).
    DenyAssignment {
        /// The deny assignment.
        deny: Arc<DenyAssignment>,
        /// The principal id that it names: the caller's, a group's, or everyone.
        principal: ObjectId,
        /// Whether that is a group of the caller.
        through_group: bool,
        /// The action that it forbids here.
        action: String,
    },
    /// Nothing granted, and `policy.ungranted` is `deny` (semantics §8.2).
    Ungranted(Box<Refusal>),
}

/// Why there is no opinion.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NoOpinionReason {
    /// A user of Kubernetes itself (semantics §1.1).
    System,
    /// Named in `policy.exemptUsers` (semantics §1.1).
    ExemptUser,
    /// No object id in the extra key of this name (semantics §1.2).
    NotEntra {
        /// `entra.objectIdExtraKey`.
        extra_key: String,
    },
    /// `policy.mode` is `authenticationOnly` (semantics §8.3).
    AuthenticationOnly,
    /// Nothing granted, and native bindings may still grant (semantics §8.2).
    Ungranted(Box<Refusal>),
}

/// What was missing when nothing granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The actions that were needed, all of them.
    pub actions: Vec<String>,
    /// Where.
    pub scope: Scope,
    /// What came nearest to a grant.
    pub nearest: Option<NearestMiss>,
    /// The built-in role with the fewest operations that would have granted it.
    pub sufficient_role: Option<String>,
}

/// An assignment of the caller that almost granted (semantics §9).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NearestMiss {
    /// The assignment's id.
    pub assignment: String,
    /// The role's name, or its GUID where the definition is unknown.
    pub role: String,
    /// Where it is assigned.
    pub scope: Scope,
    /// Why it did not grant.
    pub why: Miss,
}

/// Why an assignment did not grant. In ascending order of distance from a grant.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Miss {
    /// Its condition, or that of its role, is not true.
    Condition,
    /// It was in force until this moment.
    Expired(Timestamp),
    /// It is in force from this moment on.
    NotYet(Timestamp),
    /// Azure has not provisioned it.
    NotProvisioned,
    /// The role has the action, but is assigned elsewhere.
    OtherScope,
    /// Its role definition is not known.
    UnknownRole,
    /// The scope is right, but the role lacks the action.
    LacksAction,
}

impl Miss {
    /// How far it is from a grant: less is nearer. When a schedule ends is no distance.
    pub fn distance(self) -> u8 {
        match self {
            Self::Condition => 0,
            Self::Expired(_) => 1,
            Self::NotYet(_) => 2,
            Self::NotProvisioned => 3,
            Self::OtherScope => 4,
            Self::UnknownRole => 5,
            Self::LacksAction => 6,
        }
    }
}

impl Decision {
    /// `allow`, `deny` or `noOpinion`: the outcome in the words of the command line.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allow",
            Self::Deny(_) => "deny",
            Self::NoOpinion(_) => "noOpinion",
        }
    }

    /// The kind of reason, a bounded set of words for metrics.
    pub fn reason_label(&self) -> &'static str {
        match self {
            Self::Allow(Grant::RoleAssignment { .. }) => "role_assignment",
            Self::Allow(Grant::Discovery) => "discovery",
            Self::Allow(Grant::TrustedAccess { .. }) => "trusted_access",
            Self::Allow(Grant::AdminGroup { .. }) => "admin_group",
            Self::Deny(DenyReason::DenyAssignment { .. }) => "deny_assignment",
            Self::Deny(DenyReason::Ungranted(_))
            | Self::NoOpinion(NoOpinionReason::Ungranted(_)) => "not_granted",
            Self::NoOpinion(NoOpinionReason::System) => "system_user",
            Self::NoOpinion(NoOpinionReason::ExemptUser) => "exempt_user",
            Self::NoOpinion(NoOpinionReason::NotEntra { .. }) => "not_entra",
            Self::NoOpinion(NoOpinionReason::AuthenticationOnly) => "authentication_only",
        }
    }
}

impl fmt::Display for Decision {
    /// The reason line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(grant) => grant.fmt(f),
            Self::Deny(reason) => reason.fmt(f),
            Self::NoOpinion(reason) => reason.fmt(f),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoleAssignment { assignment, role, through, until } => {
                write!(
                    f,
                    "allowed by role `{}` at `{}`, assignment `{}`",
                    role.name,
                    assignment.scope,
                    short_id(&assignment.id)
                )?;
                through.map_or(Ok(()), |group| write!(f, ", through group `{group}`"))?;
                until.map_or(Ok(()), |until| write!(f, ", until {until}"))
            }
            Self::Discovery => {
                f.write_str("allowed as discovery, which every Entra identity may read")
            }
            Self::TrustedAccess { binding, role } => {
                write!(f, "allowed by trusted access role `{role}`, binding `{}`", binding.name)
            }
            Self::AdminGroup { group } => {
                write!(f, "allowed as a member of cluster administrator group `{group}`")
            }
        }
    }
}

impl fmt::Display for DenyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DenyAssignment { deny, principal, through_group, action } => {
                write!(f, "denied by deny assignment `{}`", short_id(&deny.id))?;
                if !deny.name.is_empty() && deny.name != short_id(&deny.id) {
                    write!(f, " (`{}`)", deny.name)?;
                }
                write!(f, " at `{}`, which forbids `{action}`", deny.scope)?;
                if principal.is_everyone() {
                    f.write_str(" to everyone")
                } else if *through_group {
                    write!(f, " to group `{principal}`")
                } else {
                    Ok(())
                }
            }
            Self::Ungranted(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for NoOpinionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("a `system:` user is left to Kubernetes RBAC"),
            Self::ExemptUser => {
                f.write_str("the user is in `policy.exemptUsers` and left to Kubernetes RBAC")
            }
            Self::NotEntra { extra_key } => {
                write!(f, "not an Entra identity: extra `{extra_key}` does not hold one object id")
            }
            Self::AuthenticationOnly => {
                f.write_str("`policy.mode` is `authenticationOnly`: Kubernetes RBAC decides")
            }
            Self::Ungranted(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no role assignment grants ")?;
        for (i, action) in self.actions.iter().enumerate() {
            write!(f, "{}`{action}`", if i == 0 { "" } else { " and " })?;
        }
        write!(f, " at `{}`", self.scope)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "; {nearest}")?;
        }
        match &self.sufficient_role {
            Some(role) => write!(f, "; role `{role}` would"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for NearestMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { assignment, role, scope, why } = self;
        let id = short_id(assignment);
        match why {
            Miss::Condition => write!(
                f,
                "role `{role}` at `{scope}` has a condition that is not true here (assignment `{id}`)"
            ),
            Miss::Expired(end) => {
                write!(f, "role `{role}` at `{scope}` expired at {end} (assignment `{id}`)")
            }
            Miss::NotYet(start) => write!(
                f,
                "role `{role}` at `{scope}` is not in force before {start} (assignment `{id}`)"
            ),
            Miss::NotProvisioned => {
                write!(f, "role `{role}` at `{scope}` is not provisioned (assignment `{id}`)")
            }
            Miss::OtherScope => {
                write!(f, "role `{role}` is assigned at `{scope}` only (assignment `{id}`)")
            }
            Miss::UnknownRole => write!(
                f,
                "the definition of role `{role}`, assigned at `{scope}`, is unknown (assignment `{id}`)"
            ),
            Miss::LacksAction => {
                write!(f, "role `{role}` at `{scope}` lacks it (assignment `{id}`)")
            }
        }
    }
}

#[cfg(test)]
mod tests;
