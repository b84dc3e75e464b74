//! Asking the API server, many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use kubentra::clock::Now;
use kubentra::emulator::MintRequest;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use super::crowd::Crowd;
use super::questions::{Question, Request};
use super::tally::{Found, Tally};
use crate::plane::Plane;

/// Requests under way at once at most.
const AT_ONCE: usize = 12;
/// How often each of them is made: 600 a second in all, so that two cores are busy and not short, and
/// what is measured is not a queue.
const PACE: Duration = Duration::from_millis(20);
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Everybody with a token, ready to ask.
pub(super) struct Askers<'a> {
    plane: &'a Plane,
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    base: String,
    /// The address that stands in the error when the API server cannot ask.
    webhook: String,
    tokens: Vec<String>,
    questions: Vec<Question>,
    /// Which question is next; goes on where the last call ended.
    next: AtomicUsize,
}

impl<'a> Askers<'a> {
    pub(super) fn new(plane: &'a Plane, crowd: &Crowd, questions: &[Question]) -> Self {
        let tokens = crowd.users.iter().map(|user| plane.mint(&MintRequest::new(&user.upn)));
        let shared = Shared {
            client: plane.api.client().clone(),
            base: plane.api.url(""),
            webhook: plane.webhook_url(),
            tokens: tokens.collect(),
            questions: questions.to_vec(),
            next: AtomicUsize::new(0),
        };
        Self { plane, shared: Arc::new(shared) }
    }

    /// Asks for so long, or until it is `over`.
    pub(super) fn ask(&self, time: Duration, over: &AtomicBool) -> Tally {
        let end = Now::read().monotonic + time;
        let stop = Arc::new(AtomicBool::new(false));
        let runtime = self.plane.api.runtime();
        let askers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (shared, stop) = (Arc::clone(&self.shared), Arc::clone(&stop));
                runtime.spawn(async move {
                    let mut tally = Tally::default();
                    let mut pace = tokio::time::interval(PACE);
                    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
                    while !stop.load(Ordering::Relaxed) {
                        pace.tick().await;
                        shared.ask_next(&mut tally).await;
                    }
                    tally
                })
            })
            .collect();
        while Now::read().monotonic < end && !over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        let mut sum = Tally::default();
        for asker in askers {
            sum.add(runtime.block_on(asker).unwrap());
        }
        sum
    }
}

impl Shared {
    async fn ask_next(&self, tally: &mut Tally) {
        // A step that has no factor in common with the number of questions comes to all of them.
        let step = self.next.fetch_add(7919, Ordering::Relaxed);
        let question = &self.questions[step % self.questions.len()];
        let token = &self.tokens[question.user];
        let (found, reason) = match &question.request {
            Request::Review(attributes) => {
                let review = json!({
                    "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                    "spec": { "resourceAttributes": attributes },
                });
                let reply = self.send(Method::POST, REVIEWS, token, Some(&review)).await;
                reviewed(reply, &self.webhook)
            }
            Request::Real(method, path, body) => {
                let method = method.parse().unwrap();
                done(self.send(method, path, token, body.as_ref()).await, &self.webhook)
            }
        };
        tally.note(question, found, &reason);
    }

    async fn send(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Sent {
        let patch = method == Method::PATCH;
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).bearer_auth(token);
        if let Some(body) = body {
            let kind = if patch { "application/merge-patch+json" } else { "application/json" };
            request = request.header("content-type", kind).body(body.to_string());
        }
        let response = request.send().await?;
        Ok((response.status(), response.text().await?))
    }
}

type Sent = Result<(StatusCode, String), reqwest::Error>;

/// What a `SelfSubjectAccessReview` says, and its reason.
fn reviewed(reply: Sent, webhook: &str) -> (Found, String) {
    match reply {
        Ok((StatusCode::CREATED, text)) => {
            let review: Value = serde_json::from_str(&text).unwrap_or_default();
            let status = &review["status"];
            let is = |name: &str| status[name].as_bool() == Some(true);
            let said = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
            match (is("allowed"), is("denied"), said("evaluationError")) {
                (true, _, _) => (Found::Allow, said("reason")),
                (_, true, _) => (Found::Deny, said("reason")),
                (_, _, error) if error.is_empty() => (Found::NoOpinion, said("reason")),
                (_, _, error) if error.contains(webhook) => (Found::CannotAsk, error),
                (_, _, error) => (Found::Broken, error),
            }
        }
        other => failed(other, webhook),
    }
}

/// What came of a real request: of those that are refused one cannot tell by whom.
fn done(reply: Sent, webhook: &str) -> (Found, String) {
    match reply {
        Ok((StatusCode::FORBIDDEN, text)) => (Found::Forbidden, text),
        Ok((status, text))
            if status.is_success()
                || [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&status) =>
        {
            (Found::Allow, text)
        }
        other => failed(other, webhook),
    }
}

/// What users may see while the server is down (docs/failures.md), or something that nobody foresees.
fn failed(reply: Sent, webhook: &str) -> (Found, String) {
    match reply {
        Ok((StatusCode::UNAUTHORIZED, text)) => (Found::Unauthorized, text),
        Ok((StatusCode::INTERNAL_SERVER_ERROR, text)) if text.contains(webhook) => {
            (Found::CannotAsk, text)
        }
        Ok((status, text)) => (Found::Broken, format!("HTTP {}: {text}", status.as_u16())),
        Err(error) => (Found::Broken, format!("{error:?}")),
    }
}
