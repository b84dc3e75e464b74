//! Role definitions: what a role may do.

use super::data_action::{DataActionPattern, RequiredAction};

pub use super::condition::Condition;
pub use super::principal::RoleDefinitionId;

/// A role definition: a name and permissions, each judged by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoleDefinition {
    /// The GUID that assignments name it by.
    pub id: RoleDefinitionId,
    /// What people call it, for example `Azure Kubernetes Service RBAC Reader`.
    pub name: String,
    /// Whose it is.
    pub kind: RoleKind,
    /// Where it may be assigned. Never decides; `check` warns of an assignment outside them
    /// (semantics §4.7).
    pub assignable_scopes: Vec<String>,
    /// The permissions. `notDataActions` subtract within one only (semantics §4.3).
    pub permissions: Vec<Permission>,
}

/// Whose a role definition is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RoleKind {
    /// Microsoft's, the same in every tenant.
    BuiltIn,
    /// The tenant's own.
    Custom,
}

/// One permission of a role definition or deny assignment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Permission {
    /// Control-plane actions. They never grant data access (semantics §4.3).
    pub actions: Vec<DataActionPattern>,
    /// Control-plane actions left out.
    pub not_actions: Vec<DataActionPattern>,
    /// Data actions: what may be done inside the cluster.
    pub data_actions: Vec<DataActionPattern>,
    /// Data actions left out of this permission.
    pub not_data_actions: Vec<DataActionPattern>,
    /// Narrows this permission, where present.
    pub condition: Option<Condition>,
}

impl Permission {
    /// Says whether this one permission, its condition apart, grants all of `required`
    /// (semantics §2.6, §4.2).
    pub fn grants(&self, required: &[RequiredAction]) -> bool {
        required.iter().all(|action| {
            self.data_actions.iter().any(|p| p.grants(action))
                && !self.not_data_actions.iter().any(|p| p.touches(action))
        })
    }

    /// Says whether this permission of a deny assignment, its condition apart, forbids any of
    /// `required` (semantics §4.1). What its `notDataActions` cover whole is left out of the deny.
    pub fn forbids(&self, required: &[RequiredAction]) -> bool {
        required.iter().any(|action| {
            self.data_actions.iter().any(|p| p.touches(action))
                && !self.not_data_actions.iter().any(|p| p.matches(action.folded()))
        })
    }
}
