//! What an error means for the caller. The only place where status codes are chosen, and the only
//! one that logs a failed review, with its whole chain: the first at once, repeats now and then with
//! their number.
//!
//! The body is one line of plain text. It is never a `metav1.Status`: the API server would take
//! reason, code and retry time from such an object instead of the status line, and ours must decide
//! alone. 503 goes without `Retry-After`, which would make the API server try the same review up to
//! ten times within one request. The line can reach the end user through the API server's own error
//! message, so it holds no secrets.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::log_gate::LogGate;
use crate::clock::Now;
use crate::metrics::{Metrics, ReviewKind};
use crate::review::{InvalidReview, report};
use crate::service::authenticator::AuthenticateError;
use crate::service::authorizer::AuthorizeError;

/// Why a review got no answer. Never a decision (semantics §10).
#[derive(Debug, Error)]
pub(super) enum ReviewError {
    /// No verdict on a token is possible now.
    #[error("cannot authenticate now")]
    Authenticate(#[from] AuthenticateError),
    /// No decision is possible now.
    #[error("cannot decide now")]
    Authorize(#[from] AuthorizeError),
    /// The body did not come whole.
    #[error("cannot read the request's body")]
    Body(#[source] axum::Error),
    /// More reviews at once than are taken.
    #[error("too many reviews at once")]
    Busy,
    /// The body is not a review of this endpoint.
    #[error("invalid review")]
    Invalid(#[from] InvalidReview),
    /// A defect of this program.
    #[error("internal error; see the server's log")]
    Panic,
    /// Neither answer nor failure within the time of a review.
    #[error("the review took too long")]
    Slow,
    /// The body is over the limit.
    #[error("the review is larger than {0} bytes")]
    TooLarge(usize),
}

impl ReviewError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Body(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Authenticate(_) | Self::Authorize(_) | Self::Busy | Self::Slow => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The `reason` label.
    fn label(&self) -> &'static str {
        match self {
            Self::Authenticate(error) => error.reason(),
            Self::Authorize(AuthorizeError::Policy(_)) => "policy",
            Self::Body(_) | Self::Invalid(_) => "invalid",
            Self::Busy => "busy",
            Self::Panic => "panic",
            Self::Slow => "slow",
            Self::TooLarge(_) => "too_large",
        }
    }

    /// Logs and counts the failure of one review, and says what the caller gets.
    pub(super) fn answer(&self, review: ReviewKind, metrics: &Metrics, gate: &LogGate) -> Response {
        let (status, reason, error) = (self.status(), self.label(), report(self));
        match review {
            // A caller's mistake must not look like an outage.
            ReviewKind::Token if status.is_client_error() => {
                metrics.token_review("invalid", reason, 1);
            }
            ReviewKind::Token => metrics.token_review("unavailable", reason, 1),
            ReviewKind::Access => metrics.decision("error", "none", reason, 1),
        }
        let (review, code) = (review.label(), status.as_u16());
        if let Some(held_back) = gate.admit((review, reason), Now::read()) {
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(review, status = code, error, held_back, "a review failed");
            } else {
                tracing::warn!(review, status = code, error, held_back, "a review got no answer");
            }
        }
        plain(status, error)
    }
}

/// A path that is not served.
pub(super) async fn not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "no such path: post reviews to /authenticate or /authorize".into())
}

/// A method that is not served; the router adds `Allow`.
pub(super) async fn method_not_allowed() -> Response {
    plain(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method".into())
}

/// One line of text.
fn plain(status: StatusCode, mut line: String) -> Response {
    line.push('\n');
    let mut response = (status, line).into_response();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Observed;
    use crate::server::tests::Log;

    #[test]
    fn an_outage_is_logged_once_and_counted_whole() {
        let (metrics, gate, log) = (Metrics::new(), LogGate::default(), Log::default());
        tracing::subscriber::with_default(log.subscriber(), || {
            for _ in 0..100 {
                drop(ReviewError::Busy.answer(ReviewKind::Access, &metrics, &gate));
            }
        });
        assert_eq!(log.lines().len(), 1, "{:?}", log.lines());
        let page = metrics.render(&Observed::default());
        assert!(page.contains(r#"outcome="error",grant="none",reason="busy"} 100"#), "{page}");
    }

    #[test]
    fn a_token_review_that_is_none_does_not_count_as_an_outage() {
        let (metrics, gate) = (Metrics::new(), LogGate::default());
        drop(ReviewError::TooLarge(1).answer(ReviewKind::Token, &metrics, &gate));
        drop(ReviewError::Slow.answer(ReviewKind::Token, &metrics, &gate));
        let page = metrics.render(&Observed::default());
        assert!(page.contains(r#"result="invalid",reason="too_large"} 1"#), "{page}");
        assert!(page.contains(r#"result="unavailable",reason="slow"} 1"#), "{page}");
    }
}
