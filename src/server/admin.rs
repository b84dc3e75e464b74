//! The administrator's paths: health and metrics. Plain HTTP, on loopback unless configured.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use super::error::{method_not_allowed, not_found};
use super::health::Health;
use super::probes::{self, Probes};
use crate::clock::Now;
use crate::metrics::{self, Metrics};

/// What the administrator's paths read.
#[derive(Clone, Debug)]
pub struct AdminState {
    /// Conditions of readiness.
    pub probes: Arc<Probes>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
}

/// `/livez` and `/healthz`: the process runs, and all its tasks. `/readyz`: it can answer reviews, or why not.
/// `/metrics`: for Prometheus.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .with_state(state)
}

async fn alive(State(state): State<AdminState>) -> (StatusCode, String) {
    liveness(&state.probes.health)
}

fn liveness(health: &Health) -> (StatusCode, String) {
    match health.ended() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(task) => (StatusCode::INTERNAL_SERVER_ERROR, format!("the task `{task}` has ended\n")),
    }
}

async fn ready(State(state): State<AdminState>) -> impl IntoResponse {
    let (is_ready, page) = probes::page(&state.probes.checks(Now::read()));
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, page)
}

async fn scrape(State(state): State<AdminState>) -> impl IntoResponse {
    let page = state.metrics.render(&state.probes.observed(Now::read()));
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page)
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;
    use crate::server::{health, stop};

    #[tokio::test]
    async fn a_process_whose_task_has_ended_is_not_alive() {
        let health = Arc::new(Health::default());
        assert_eq!(liveness(&health), (StatusCode::OK, "ok\n".to_owned()));
        let (_sender, stop) = stop::channel();
        health::supervise("keys", ready(()), Arc::clone(&health), stop).await;
        let expected =
            (StatusCode::INTERNAL_SERVER_ERROR, "the task `keys` has ended\n".to_owned());
        assert_eq!(liveness(&health), expected);
    }
}
