//! What decided, in the words of the cases. Also compiled by `mutants/`, so it knows no server.

use kubentra::authz::{Decision, DenyReason, Grant, NoOpinionReason};

use crate::case::Via;

/// Which grant or rule decided, in the words of the cases.
pub(crate) fn shown(decision: &Decision) -> Via {
    let last = |id: &str| id.rsplit('/').next().map(str::to_lowercase);
    match decision {
        Decision::Allow(Grant::RoleAssignment { assignment, through, .. }) => Via {
            role_assignment: last(&assignment.id),
            group: through.map(|g| g.to_string()),
            ..Via::default()
        },
        Decision::Allow(Grant::Discovery) => Via { discovery: true, ..Via::default() },
        Decision::Allow(Grant::TrustedAccess { binding, role }) => Via {
            trusted_access: Some(binding.name.clone()),
            role: Some(role.clone()),
            ..Via::default()
        },
        Decision::Allow(Grant::AdminGroup { group }) => {
            Via { admin_group: Some(group.to_string()), ..Via::default() }
        }
        Decision::Deny(DenyReason::DenyAssignment { deny, .. }) => {
            Via { deny_assignment: last(&deny.id), ..Via::default() }
        }
        Decision::Deny(DenyReason::Ungranted(_))
        | Decision::NoOpinion(NoOpinionReason::Ungranted(_)) => nothing("ungranted"),
        Decision::NoOpinion(NoOpinionReason::NotEntra { .. }) => nothing("notEntra"),
        Decision::NoOpinion(NoOpinionReason::System) => nothing("system"),
        Decision::NoOpinion(NoOpinionReason::ExemptUser) => nothing("exempt"),
        Decision::NoOpinion(NoOpinionReason::AuthenticationOnly) => nothing("authenticationOnly"),
    }
}

fn nothing(word: &str) -> Via {
    Via { nothing: Some(word.to_owned()), ..Via::default() }
}

/// A case may leave out the role of a trusted-access binding; everything else must be the same.
pub(crate) fn matches(expected: &Via, found: &Via) -> bool {
    let role = expected.role.clone().or_else(|| found.role.clone());
    Via { role, ..expected.clone() } == *found
}
