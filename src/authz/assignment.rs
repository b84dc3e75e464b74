//! Who has which role where, for how long, and who is denied what.

use jiff::Timestamp;

use super::principal::ObjectId;
use super::role::{Condition, Permission, RoleDefinitionId};
use super::scope::Scope;

/// A role assignment: a principal, a role, a scope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoleAssignment {
    /// Its full id; compared without regard to case.
    pub id: String,
    /// Who has the role.
    pub principal: ObjectId,
    /// Which role.
    pub role: RoleDefinitionId,
    /// Where.
    pub scope: Scope,
    /// Narrows the assignment, where present.
    pub condition: Option<Condition>,
}

/// A time during which an assignment is in force, as Privileged Identity Management writes it. One
/// whose origin is a plain assignment bounds that one; any other is an assignment by itself, if it is
/// the principal's own (semantics §4.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScheduleInstance {
    /// Its full id; compared without regard to case.
    pub id: String,
    /// Who has the role.
    pub principal: ObjectId,
    /// Which role.
    pub role: RoleDefinitionId,
    /// Where.
    pub scope: Scope,
    /// Narrows the assignment, where present.
    pub condition: Option<Condition>,
    /// `originRoleAssignmentId`: the id of the plain assignment that it bounds.
    pub origin: Option<String>,
    /// Whether it is the principal's own; absent counts as Direct.
    pub member_type: MemberType,
    /// `Provisioned`, or absent, when in force.
    pub status: Option<String>,
    /// First instant in force; none is no bound.
    pub start: Option<Timestamp>,
    /// First instant no longer in force; none is no bound.
    pub end: Option<Timestamp>,
}

/// How a schedule instance reaches its principal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MemberType {
    /// Its own.
    Direct,
    /// Through a group or from a scope above, in Azure's word.
    Other(String),
}

/// A deny assignment: it takes away, whatever else grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DenyAssignment {
    /// Its full id; compared without regard to case.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whom it denies; the all-zero id is everyone.
    pub principals: Vec<ObjectId>,
    /// Whom it spares.
    pub exclude_principals: Vec<ObjectId>,
    /// Where.
    pub scope: Scope,
    /// When set, it applies at its scope only and not below.
    pub do_not_apply_to_child_scopes: bool,
    /// What it denies.
    pub permissions: Vec<Permission>,
    /// Narrows it, where present; what cannot be evaluated applies (semantics §4.1).
    pub condition: Option<Condition>,
}

/// A full id as it is compared: in lower case, less one trailing slash.
pub fn folded_id(id: &str) -> String {
    id.strip_suffix('/').unwrap_or(id).to_ascii_lowercase()
}

/// The last segment of a full id: the GUID by which people know the document.
pub fn short_id(id: &str) -> &str {
    let id = id.strip_suffix('/').unwrap_or(id);
    id.rsplit('/').next().unwrap_or(id)
}
