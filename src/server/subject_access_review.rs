//! `POST /authorize`: may this caller do this?

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;

use super::error::ReviewError;
use super::state::AppState;
use crate::authz::{Decision, Grant};
use crate::clock::Now;
use crate::metrics::ReviewKind;
use crate::review::access::{AccessReview, Caller};

/// Answers one `SubjectAccessReview` in the version that it was asked in.
pub(super) async fn post(State(state): State<Arc<AppState>>, body: Body) -> Response {
    let limit = state.limits.access_time;
    state.answer(ReviewKind::Access, limit, authorize(&state, body)).await
}

async fn authorize(state: &AppState, body: Body) -> Result<Vec<u8>, ReviewError> {
    let body = state.read(ReviewKind::Access, body).await?;
    let review = AccessReview::parse(&body)?;
    let decision = state.authorizer.authorize(&review, Now::read())?;
    record(state, &review, &decision);
    Ok(review.answer(&decision))
}

/// Counts a decision, and logs it for those who ask for it. People occur in the log by object id only.
fn record(state: &AppState, review: &AccessReview, decision: &Decision) {
    let outcome = match decision {
        Decision::Allow(_) => "allow",
        Decision::Deny(_) => "deny",
        Decision::NoOpinion(_) => "no_opinion",
    };
    let grant = match decision {
        Decision::Allow(Grant::RoleAssignment { .. }) => "role_assignment",
        Decision::Allow(Grant::TrustedAccess { .. }) => "trusted_access",
        Decision::Allow(Grant::AdminGroup { .. }) => "admin_group",
        Decision::Allow(Grant::Discovery) => "discovery",
        Decision::Deny(_) | Decision::NoOpinion(_) => "none",
    };
    state.metrics.decision(outcome, grant, decision.reason_label(), 1);
    if tracing::enabled!(tracing::Level::DEBUG) {
        let oid = match review.caller(&state.callers) {
            Caller::Entra(principal) => Some(principal.id().to_string()),
            Caller::System | Caller::Exempt | Caller::NotEntra => None,
        };
        tracing::debug!(oid, outcome, reason = %decision, "decided");
    }
}
