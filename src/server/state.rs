//! What the review handlers share.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::ReviewError;
use super::limits::Limits;
use crate::clock::Now;
use crate::metrics::{Metrics, ReviewKind};
use crate::review::access::CallerRules;
use crate::service::authenticator::Authenticator;
use crate::service::authorizer::Authorizer;

/// How many times the limit of a body is read and thrown away, so that the client gets the 413
/// instead of a reset connection while it is still sending.
const DISCARDED_BODIES: usize = 4;

/// What the review handlers share.
#[derive(Debug)]
pub struct AppState {
    pub(super) authenticator: Authenticator,
    pub(super) authorizer: Authorizer,
    /// How callers are told apart, for the log.
    pub(super) callers: CallerRules,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: Limits,
    room: Semaphore,
}

impl AppState {
    /// Puts the services behind the limits.
    #[must_use]
    pub fn new(
        authenticator: Authenticator,
        authorizer: Authorizer,
        callers: CallerRules,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let room = Semaphore::new(limits.reviews);
        Self { authenticator, authorizer, callers, metrics, limits, room }
    }

    /// Answers one review: `work` gives the body of the answer, within `limit` and if there is room.
    pub(super) async fn answer(
        &self,
        review: ReviewKind,
        limit: Duration,
        work: impl Future<Output = Result<Vec<u8>, ReviewError>>,
    ) -> Response {
        let began = Now::read().monotonic;
        let _in_flight = self.metrics.review_in_flight();
        let result = match self.room.try_acquire() {
            Ok(_room) => timeout(limit, work).await.unwrap_or(Err(ReviewError::Slow)),
            Err(_) => Err(ReviewError::Busy),
        };
        let response = match result {
            Ok(json) => {
                let json_type = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, json_type)], json).into_response()
            }
            Err(error) => error.answer(review, &self.metrics),
        };
        let took = Now::read().monotonic.saturating_duration_since(began);
        self.metrics.review_took(review, took);
        response
    }

    /// Reads a body to its end, whatever its content type.
    pub(super) async fn read(&self, mut body: Body) -> Result<Bytes, ReviewError> {
        let limit = self.limits.body_bytes;
        let discarded = limit.saturating_mul(DISCARDED_BODIES);
        let too_large = ReviewError::TooLarge(limit);
        if body.size_hint().lower() > discarded as u64 {
            return Err(too_large);
        }
        let mut whole = BytesMut::new();
        let mut length = 0_usize;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(ReviewError::Body)?.into_data() else { continue };
            length = length.saturating_add(data.len());
            if length > discarded {
                return Err(too_large);
            }
            if length > limit {
                whole.clear();
                continue;
            }
            if whole.is_empty() && body.is_end_stream() {
                // All in one piece, as nearly every review: no copy.
                return Ok(data);
            }
            whole.extend_from_slice(&data);
        }
        if length > limit { Err(too_large) } else { Ok(whole.freeze()) }
    }
}
