//! The policy of one moment: immutable, checked, and indexed by principal.

mod build;
mod conditions;
mod problem;

use std::collections::HashMap;
use std::sync::Arc;

use super::assignment::{DenyAssignment, RoleAssignment, ScheduleInstance};
use super::cluster::ClusterScope;
use super::mapping::Subresources;
use super::operations::KnownOperations;
use super::principal::{ObjectId, stands_for_a_resource};
use super::role::{RoleDefinition, RoleDefinitionId};
use super::schedule::Schedule;
use super::scope::Scope;
use super::trusted_access::{TrustedAccessRole, TrustedAccessRoleBinding};

pub use problem::{PROBLEM_KINDS, PolicyProblem, Severity};

/// The documents that a policy is made of, in any order, each id once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyDocuments {
    /// Role definitions, the built-in ones among them.
    pub role_definitions: Vec<RoleDefinition>,
    /// Plain role assignments.
    pub role_assignments: Vec<RoleAssignment>,
    /// Schedule instances.
    pub schedule_instances: Vec<ScheduleInstance>,
    /// Deny assignments.
    pub deny_assignments: Vec<DenyAssignment>,
    /// Trusted-access roles, the built-in ones among them.
    pub trusted_access_roles: Vec<TrustedAccessRole>,
    /// Trusted-access bindings.
    pub trusted_access_role_bindings: Vec<TrustedAccessRoleBinding>,
}

/// What is answered when nothing granted (semantics §8.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ungranted {
    /// No opinion, so that native bindings can still grant.
    #[default]
    NoOpinion,
    /// A denial.
    Deny,
}

/// How discovery is decided (semantics §6.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Discovery {
    /// Every Entra principal may read it, unless denied.
    #[default]
    Allow,
    /// Like any other request.
    Evaluate,
}

/// The settings that decide besides the documents.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DecisionRules {
    /// What is answered when nothing granted.
    pub ungranted: Ungranted,
    /// How discovery is decided.
    pub discovery: Discovery,
    /// What subresources need.
    pub subresources: Subresources,
    /// Groups whose members may do everything that is not denied (semantics §8.1).
    pub admin_groups: Vec<ObjectId>,
}

/// What stays the same while documents change.
#[derive(Clone, Debug)]
pub struct PolicySetting {
    /// The cluster that is decided for.
    pub cluster: ClusterScope,
    /// The known data operations.
    pub operations: Arc<KnownOperations>,
    /// The settings that decide.
    pub rules: DecisionRules,
}

/// The policy of one moment, immutable and indexed. Equal documents in any order make snapshots that
/// decide alike.
#[derive(Debug)]
pub struct PolicySnapshot {
    pub(super) setting: PolicySetting,
    pub(super) roles: HashMap<RoleDefinitionId, Arc<RoleDefinition>>,
    /// Built-in roles, those with the fewest known operations first.
    pub(super) built_in_roles: Vec<Arc<RoleDefinition>>,
    pub(super) assignments: HashMap<ObjectId, Vec<IndexedAssignment>>,
    pub(super) denies: HashMap<ObjectId, Vec<Arc<DenyAssignment>>>,
    pub(super) bindings: HashMap<Scope, Vec<IndexedBinding>>,
    problems: Vec<PolicyProblem>,
    documents: PolicyDocuments,
}

/// A role assignment with what deciding needs. The lists of a principal are ordered: the longest
/// scope first, then the smallest id (semantics §9).
#[derive(Clone, Debug)]
pub struct IndexedAssignment {
    /// The assignment.
    pub assignment: Arc<RoleAssignment>,
    /// Its role's definition, if known.
    pub role: Option<Arc<RoleDefinition>>,
    /// When it is in force.
    pub schedule: Schedule,
}

/// A trusted-access binding with the roles that it names and that are known.
#[derive(Clone, Debug)]
pub struct IndexedBinding {
    /// The binding.
    pub binding: Arc<TrustedAccessRoleBinding>,
    /// Its roles in ascending order of their names.
    pub roles: Vec<Arc<TrustedAccessRole>>,
}

impl PolicySnapshot {
    /// Indexes `documents`. Whatever cannot be understood grants nothing and becomes a
    /// [problem](Self::problems); there is no error case (semantics §4.5).
    pub fn new(setting: &PolicySetting, documents: PolicyDocuments) -> Self {
        build::build(setting, documents)
    }

    /// The cluster that is decided for.
    pub fn cluster(&self) -> &ClusterScope {
        &self.setting.cluster
    }

    /// The settings that decide.
    pub fn rules(&self) -> &DecisionRules {
        &self.setting.rules
    }

    /// The known data operations.
    pub fn operations(&self) -> &KnownOperations {
        &self.setting.operations
    }

    /// Everything that grants less than its author may think, in a stable order.
    pub fn problems(&self) -> &[PolicyProblem] {
        &self.problems
    }

    /// The documents that the snapshot was made of.
    pub fn documents(&self) -> &PolicyDocuments {
        &self.documents
    }

    /// A role definition by its GUID.
    pub fn role(&self, id: RoleDefinitionId) -> Option<&Arc<RoleDefinition>> {
        self.roles.get(&id)
    }

    /// The assignments of one principal that concern this cluster: longest scope first, then the
    /// smallest id.
    pub fn assignments_of(&self, principal: ObjectId) -> &[IndexedAssignment] {
        self.assignments.get(&principal).map_or(&[], Vec::as_slice)
    }

    /// All principals that have an assignment that concerns this cluster, in no order.
    pub fn assignees(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.assignments.keys().copied()
    }

    /// The deny assignments that name one principal and concern this cluster: longest scope first.
    pub fn denies_of(&self, principal: ObjectId) -> &[Arc<DenyAssignment>] {
        self.denies.get(&principal).map_or(&[], Vec::as_slice)
    }

    /// The bindings in force for a managed identity; none for a user-assigned one (semantics §7.1).
    pub fn bindings_of(&self, managed_identity: &Scope) -> &[IndexedBinding] {
        if !stands_for_a_resource(managed_identity) {
            return &[];
        }
        self.bindings.get(managed_identity).map_or(&[], Vec::as_slice)
    }

    /// All bindings in force, in no order.
    pub fn bindings(&self) -> impl Iterator<Item = &IndexedBinding> {
        self.bindings.values().flatten()
    }

    /// Says whether a binding in force names this managed identity, so that a token for the
    /// trusted-access audience is accepted from it (semantics §7.1, §11.7).
    pub fn trusts_managed_identity(&self, managed_identity: &Scope) -> bool {
        !self.bindings_of(managed_identity).is_empty()
    }
}

#[cfg(test)]
mod tests;
