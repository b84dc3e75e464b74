//! May this caller do that in the cluster? Azure's rules, as functions of their arguments.
//!
//! [`evaluate()`] takes a [`PolicySnapshot`] (what the documents of Azure mean for one cluster) and an
//! [`AccessRequest`] (who wants what where) and gives a [`Decision`]; [`explain`] gives the steps
//! that led there as well. Reading documents is the business of `wire`, reading Kubernetes' reviews
//! that of `review`. This module knows neither format. It does not wait, open or log anything, and
//! takes the time from its caller.
//!
//! # The rules, the first that fits decides
//!
//! 1. A deny assignment that applies denies, whatever grants (semantics §4.1).
//! 2. A role assignment whose scope covers the request, and whose role has the actions that it
//!    needs, allows it (§4.2).
//! 3. Discovery paths (§6.2), trusted-access bindings (§7) and cluster administrator groups (§8.1)
//!    allow.
//! 4. Anything else gets no opinion, or where the policy says `ungranted: deny`, a denial (§8.2),
//!    with the nearest miss.
//!
//! Who is not an Entra identity at all never gets here (§1): `review` and `service` answer that.

pub mod assignment;
mod clock_use;
pub mod cluster;
pub mod condition;
pub mod data_action;
pub mod decision;
pub mod deny;
pub mod evaluate;
pub mod inquiry;
pub mod mapping;
pub mod operations;
mod precedence;
pub mod principal;
pub mod question;
pub mod refusal;
pub mod request;
pub mod role;
pub mod schedule;
pub mod scope;
pub mod snapshot;
pub mod trace;
pub mod trusted_access;
mod words;

pub(crate) use words::breaks_line;

pub use assignment::{DenyAssignment, MemberType, RoleAssignment, ScheduleInstance};
pub use clock_use::ClockUse;
pub use cluster::{ClusterScope, ClusterType};
pub use condition::Condition;
pub use data_action::DataActionPattern;
pub use decision::{Decision, DenyReason, Grant, Miss, NearestMiss, NoOpinionReason, Refusal};
pub use evaluate::{evaluate, evaluate_timed, explain};
pub use inquiry::Inquiry;
pub use mapping::Subresources;
pub use operations::KnownOperations;
pub use principal::{ObjectId, Principal, TenantId};
pub use request::{AccessRequest, NonResourceRequest, ResourceRequest, Target};
pub use role::{Permission, RoleDefinition, RoleDefinitionId, RoleKind};
pub use scope::Scope;
pub use snapshot::{
    DecisionRules, Discovery, PolicyDocuments, PolicyProblem, PolicySetting, PolicySnapshot,
    Severity, Ungranted,
};
pub use trace::Trace;
pub use trusted_access::{
    PolicyRule, ProvisioningState, TrustedAccessRole, TrustedAccessRoleBinding,
};
