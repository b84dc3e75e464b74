//! `POST /authenticate`: whose token is this?

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;

use super::error::ReviewError;
use super::state::AppState;
use crate::clock::Now;
use crate::metrics::ReviewKind;
use crate::review::token::TokenReview;
use crate::service::authenticator::Verdict;

/// Answers one `TokenReview` in the version that it was asked in.
pub(super) async fn post(State(state): State<Arc<AppState>>, body: Body) -> Response {
    let limit = state.limits.token_time;
    state.answer(ReviewKind::Token, limit, authenticate(&state, body)).await
}

async fn authenticate(state: &AppState, body: Body) -> Result<Vec<u8>, ReviewError> {
    let body = state.read(ReviewKind::Token, body).await?;
    let review = TokenReview::parse(&body)?;
    let verdict = state.authenticator.authenticate(review.token(), Now::read()).await?;
    record(state, &verdict);
    Ok(review.answer(&verdict))
}

/// Counts a verdict, and logs it for those who ask for it; refusals also for everyone, now and then.
/// People occur in the log by object id only; a token of someone else's is nobody's business (semantics §11.1).
fn record(state: &AppState, verdict: &Verdict) {
    let metrics = &state.metrics;
    match verdict {
        Verdict::Authenticated { identity, remembered } => {
            metrics.token_review("authenticated", "none", 1);
            tracing::debug!(oid = identity.uid, remembered, "authenticated");
        }
        Verdict::NotOurs => metrics.token_review("not_ours", "none", 1),
        Verdict::Refused(error) => {
            metrics.token_review("refused", error.reason(), 1);
            let reason = error.reason();
            if let Some(held_back) = state.gate.admit(("refused", reason), Now::read()) {
                tracing::info!(reason, held_back, "a token was refused: {error}");
            }
        }
    }
}
