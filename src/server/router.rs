//! The webhook's paths.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use super::error::{ReviewError, method_not_allowed, not_found};
use super::log_gate::LogGate;
use super::state::AppState;
use super::{subject_access_review, token_review};
use crate::metrics::{Metrics, ReviewKind};

/// `TokenReview`: the usual name, and the name of the resource.
const TOKEN_PATHS: [&str; 2] = ["/authenticate", "/tokenreviews"];

/// `SubjectAccessReview`, likewise.
const ACCESS_PATHS: [&str; 2] = ["/authorize", "/subjectaccessreviews"];

/// The webhook's paths, each also with one trailing slash. Query strings play no part: the API
/// server appends its timeout to every address.
pub fn router(state: Arc<AppState>) -> Router {
    let token = guarded(post(token_review::post), ReviewKind::Token, &state.metrics, &state.gate);
    let access =
        guarded(post(subject_access_review::post), ReviewKind::Access, &state.metrics, &state.gate);
    let mut router = Router::new();
    for (paths, handler) in [(TOKEN_PATHS, token), (ACCESS_PATHS, access)] {
        for path in paths {
            router =
                router.route(path, handler.clone()).route(&format!("{path}/"), handler.clone());
        }
    }
    router.fallback(not_found).with_state(state)
}

/// A panic in `handler` costs its review only, which gets HTTP 500 (semantics §10).
fn guarded<S: Clone + Send + Sync + 'static>(
    handler: MethodRouter<S>,
    review: ReviewKind,
    metrics: &Arc<Metrics>,
    gate: &Arc<LogGate>,
) -> MethodRouter<S> {
    let answer = PanicAnswer { review, metrics: Arc::clone(metrics), gate: Arc::clone(gate) };
    handler.fallback(method_not_allowed).layer(CatchPanicLayer::custom(answer))
}

/// Answers for a handler that panicked. What it said is not repeated: it may quote the review.
#[derive(Clone, Debug)]
struct PanicAnswer {
    review: ReviewKind,
    metrics: Arc<Metrics>,
    gate: Arc<LogGate>,
}

impl ResponseForPanic for PanicAnswer {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send + 'static>) -> Response {
        ReviewError::Panic.answer(self.review, &self.metrics, &self.gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_panic_costs_one_review_and_is_counted() {
        async fn panics() -> Response {
            panic!("quotes the review");
        }
        let metrics = Arc::new(Metrics::new());
        let router: Router = Router::new()
            .route("/", guarded(post(panics), ReviewKind::Access, &metrics, &Arc::default()));
        let request = Request::post("/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(body, "internal error; see the server's log\n");
        let page = metrics.render(&crate::metrics::Observed::default());
        assert!(page.contains(r#"outcome="error",grant="none",reason="panic"} 1"#), "{page}");
    }
}
