//! Faults: what goes wrong on purpose at the endpoints that play Entra, and how often each was asked.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

/// Faults in force at once.
pub const MAX_FAULTS: usize = 64;
/// Longest delay of [`FaultKind::Latency`]; a longer one asked for is this one.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);
/// Different paths that are counted; requests to further ones are not.
pub const MAX_COUNTED_PATHS: usize = 1024;
/// Largest answer that can be cut.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Something that goes wrong: the body of `POST /_emulator/faults`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Paths that begin so; empty: all but the control paths, which no fault touches.
    #[serde(default)]
    pub path: String,
    /// How many requests it strikes; absent: all until it is cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Status of [`FaultKind::Status`]: 500 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `Retry-After` of [`FaultKind::Status`], in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Delay of [`FaultKind::Latency`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
}

/// What a fault does to a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// An error status with an error body.
    Status,
    /// 404 with an empty body.
    NotFound,
    /// The right answer, late. Other faults for the same request follow it.
    Latency,
    /// The right head, half the body, then the connection breaks.
    Truncate,
    /// 200 and half the JSON of the right answer, correctly framed.
    Malformed,
    /// 200 and no body.
    Empty,
}

impl Fault {
    /// A fault of this kind for every request until it is cleared.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            path: String::new(),
            times: None,
            status: None,
            retry_after: None,
            milliseconds: None,
        }
    }

    /// An error status.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::new(FaultKind::Status) }
    }

    /// A delay.
    pub fn latency(delay: Duration) -> Self {
        let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self { milliseconds: Some(milliseconds), ..Self::new(FaultKind::Latency) }
    }

    /// Only for paths that begin with `prefix`.
    #[must_use]
    pub fn at(self, prefix: &str) -> Self {
        Self { path: prefix.to_owned(), ..self }
    }

    /// Only for that many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }
}

/// The faults in force and the requests counted. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Board>>);

#[derive(Debug, Default)]
struct Board {
    faults: Vec<Fault>,
    requests: BTreeMap<String, u64>,
}

impl Faults {
    /// Puts `fault` in force behind those that are.
    ///
    /// # Errors
    ///
    /// [`AddFaultError`]: too many, or a status that is none.
    pub fn add(&self, fault: Fault) -> Result<(), AddFaultError> {
        if let Some(status) = fault.status.filter(|status| !(200..600).contains(status)) {
            return Err(AddFaultError::NoStatus(status));
        }
        let mut board = self.board();
        if board.faults.len() >= MAX_FAULTS {
            return Err(AddFaultError::TooMany);
        }
        board.faults.push(fault);
        Ok(())
    }

    /// Ends all faults; counts stay.
    pub fn clear(&self) {
        self.board().faults.clear();
    }

    /// The faults in force, with the number of times that each has left.
    pub fn list(&self) -> Vec<Fault> {
        self.board().faults.clone()
    }

    /// How many requests came to paths that begin with `prefix`, struck by faults or not. Control
    /// paths are not counted.
    pub fn requests(&self, prefix: &str) -> u64 {
        let board = self.board();
        board.requests.iter().filter(|(path, _)| path.starts_with(prefix)).map(|(_, n)| n).sum()
    }

    /// All counts, by path.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.board().requests.clone()
    }

    /// Counts a request and takes what strikes it: delays, then at most one other fault.
    fn strike(&self, path: &str) -> (Duration, Option<Fault>) {
        let mut board = self.board();
        if board.requests.len() < MAX_COUNTED_PATHS || board.requests.contains_key(path) {
            *board.requests.entry(path.to_owned()).or_default() += 1;
        }
        let (mut delay, mut struck) = (Duration::ZERO, None);
        board.faults.retain_mut(|fault| {
            let late = fault.kind == FaultKind::Latency;
            if !path.starts_with(&fault.path) || (struck.is_some() && !late) {
                return true;
            }
            let last = match &mut fault.times {
                None => false,
                Some(0) => return false,
                Some(times) => {
                    *times -= 1;
                    *times == 0
                }
            };
            if late {
                delay += Duration::from_millis(fault.milliseconds.unwrap_or_default());
            } else {
                struck = Some(fault.clone());
            }
            !last
        });
        (delay.min(MAX_LATENCY), struck)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Middleware: lets the faults in force strike a request.
pub(super) async fn strike(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let (delay, fault) = faults.strike(request.uri().path());
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let Some(fault) = fault else { return next.run(request).await };
    match fault.kind {
        FaultKind::Latency => next.run(request).await,
        FaultKind::Status => failed(&fault),
        FaultKind::NotFound => StatusCode::NOT_FOUND.into_response(),
        FaultKind::Empty => StatusCode::OK.into_response(),
        FaultKind::Truncate | FaultKind::Malformed => {
            let (mut head, body) = next.run(request).await.into_parts();
            let whole = to_bytes(body, MAX_ANSWER_BYTES).await.unwrap_or_default();
            let half = whole.slice(..whole.len() / 2);
            head.headers.remove(header::CONTENT_LENGTH);
            if fault.kind == FaultKind::Malformed {
                return Response::from_parts(head, Body::from(half));
            }
            let announced = whole.len() as u64;
            Response::from_parts(head, Body::new(BrokenBody { half: Some(half), announced }))
        }
    }
}

fn failed(fault: &Fault) -> Response {
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": "temporarily_unavailable", "error_description": "a fault of the emulator" });
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A body that announces more than it gives, and then fails: the connection breaks.
#[derive(Debug)]
struct BrokenBody {
    half: Option<Bytes>,
    announced: u64,
}

#[derive(Debug, Error)]
#[error("the emulator cut this answer on purpose")]
struct CutError;

impl HttpBody for BrokenBody {
    type Data = Bytes;
    type Error = CutError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutError>>> {
        Poll::Ready(Some(self.half.take().map(Frame::data).ok_or(CutError)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

/// Why a fault was not put in force.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AddFaultError {
    /// Not a final HTTP status.
    #[error("`{0}` is not a status from 200 to 599")]
    NoStatus(u16),
    /// More than [`MAX_FAULTS`].
    #[error("more than {MAX_FAULTS} faults: clear them first")]
    TooMany,
}
