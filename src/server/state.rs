//! What the review handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::ReviewError;
use super::limits::Limits;
use super::log_gate::LogGate;
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
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) authorizer: Authorizer,
    /// How callers are told apart, for the log.
    pub(super) callers: CallerRules,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: Limits,
    pub(super) gate: Arc<LogGate>,
    token_room: Room,
    access_room: Room,
}

/// Places for the reviews of one kind.
#[derive(Debug)]
struct Room {
    reviews: Semaphore,
    large_bodies: Semaphore,
}

impl Room {
    fn new(limits: &Limits) -> Self {
        Self {
            reviews: Semaphore::new(limits.reviews),
            large_bodies: Semaphore::new(limits.large_bodies),
        }
    }
}

/// A whole body, and its place among the large ones if it is one.
#[derive(Debug)]
pub(super) struct WholeBody<'a> {
    bytes: Bytes,
    _place: Option<SemaphorePermit<'a>>,
}

impl Deref for WholeBody<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AppState {
    /// Puts the services behind the limits.
    #[must_use]
    pub fn new(
        authenticator: Arc<Authenticator>,
        authorizer: Authorizer,
        callers: CallerRules,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let (token_room, access_room) = (Room::new(&limits), Room::new(&limits));
        let gate = Arc::default();
        Self { authenticator, authorizer, callers, metrics, limits, gate, token_room, access_room }
    }

    /// The places for reviews of one kind. They are apart, so that tokens, which anyone can make up
    /// and which may have to wait for Entra, never take the place of a decision.
    fn room(&self, review: ReviewKind) -> &Room {
        match review {
            ReviewKind::Token => &self.token_room,
            ReviewKind::Access => &self.access_room,
        }
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
        let result = match self.room(review).reviews.try_acquire() {
            Ok(_room) => timeout(limit, work).await.unwrap_or(Err(ReviewError::Slow)),
            Err(_) => Err(ReviewError::Busy),
        };
        let response = match result {
            Ok(json) => {
                let json_type = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, json_type)], json).into_response()
            }
            Err(error) => error.answer(review, &self.metrics, &self.gate),
        };
        let took = Now::read().monotonic.saturating_duration_since(began);
        self.metrics.review_took(review, took);
        response
    }

    /// Reads the body of one review to its end, whatever its content type.
    pub(super) async fn read(
        &self,
        review: ReviewKind,
        mut body: Body,
    ) -> Result<WholeBody<'_>, ReviewError> {
        let usual = self.limits.usual_body_bytes;
        let large_bodies = &self.room(review).large_bodies;
        let mut place = None;
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
                whole = BytesMut::new();
                place = None;
                continue;
            }
            if length > usual && place.is_none() {
                place = Some(large_bodies.try_acquire().map_err(|_| ReviewError::Busy)?);
            }
            if whole.is_empty() && body.is_end_stream() {
                // All in one piece, as nearly every review: no copy.
                return Ok(WholeBody { bytes: data, _place: place });
            }
            whole.extend_from_slice(&data);
        }
        if length > limit {
            return Err(too_large);
        }
        Ok(WholeBody { bytes: whole.freeze(), _place: place })
    }
}
