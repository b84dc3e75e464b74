//! Holds what a server answered against what a case expects.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::case::{Case, Outcome, Question, TokenOutcome};
use crate::client::{Poster, Reply};

/// Asks and checks everything that can be seen from outside; returns the reason line of a decision.
pub(crate) async fn check(
    poster: &Poster,
    case: &Case,
    token: Option<String>,
) -> Result<String, String> {
    let result = match (&case.question, token) {
        (Question::Access(body), _) => {
            check_reply(case, &poster.post("/authorize", body.clone()).await?)
        }
        (Question::Authenticate(body), _) => {
            check_body(case, &poster.post("/authenticate", body.clone()).await?)
        }
        (Question::Token(_), Some(token)) => {
            check_token(case, &poster.post("/authenticate", token_review(&token)).await?)
        }
        (Question::Token(_), None) => Err("no token was minted".to_owned()),
    };
    result.map_err(|e| explain(case, &e))
}

/// Sends a token that a case needs to have been seen.
pub(crate) async fn must_authenticate(poster: &Poster, token: &str) -> Result<(), String> {
    let reply = poster.post("/authenticate", token_review(token)).await?;
    if parse(&reply)?["status"]["authenticated"] == true {
        return Ok(());
    }
    Err(format!("the token before it: {}", String::from_utf8_lossy(&reply.body)))
}

fn token_review(token: &str) -> Vec<u8> {
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": { "token": token },
    });
    review.to_string().into_bytes()
}

/// A failure with why the case expects what it does.
pub(crate) fn explain(case: &Case, found: &str) -> String {
    format!(
        "{found}\n  expected: {:?}\n  because:  {}\n  rule:     {}",
        case.expect,
        case.because.trim(),
        case.sources.join(", ")
    )
}

/// Holds an answer to an access review against its case; returns the reason line.
pub(crate) fn check_reply(case: &Case, reply: &Reply) -> Result<String, String> {
    let expected = case.expect.outcome.ok_or("the case expects no outcome")?;
    let found = access_outcome(reply)?;
    let reason = status_text(reply, "reason");
    if found != expected {
        return Err(format!("answered {found:?}: {reason}"));
    }
    contains_all(&reason, &case.expect.reason)?;
    Ok(reason)
}

fn access_outcome(reply: &Reply) -> Result<Outcome, String> {
    match reply.status {
        StatusCode::OK => {}
        StatusCode::BAD_REQUEST => return Ok(Outcome::Invalid),
        StatusCode::SERVICE_UNAVAILABLE => return Ok(Outcome::Unavailable),
        other => return Err(format!("answered HTTP {other}")),
    }
    let status = parse(reply)?["status"].take();
    let flag = |name: &str| status[name].as_bool().unwrap_or(false);
    match (flag("allowed"), flag("denied")) {
        (true, false) => Ok(Outcome::Allow),
        (false, true) => Ok(Outcome::Deny),
        (false, false) => Ok(Outcome::NoOpinion),
        (true, true) => Err("both allowed and denied".to_owned()),
    }
}

/// A body for the token endpoint: only whether it is a review can be expected.
fn check_body(case: &Case, reply: &Reply) -> Result<String, String> {
    match (case.expect.outcome, case.expect.result) {
        (Some(Outcome::Invalid), _) if reply.status == StatusCode::BAD_REQUEST => Ok(String::new()),
        (None, Some(_)) => check_token(case, reply),
        (expected, _) => Err(format!("answered HTTP {}, expected {expected:?}", reply.status)),
    }
}

fn check_token(case: &Case, reply: &Reply) -> Result<String, String> {
    let expected = case.expect.result.ok_or("the case expects no result")?;
    let error = status_text(reply, "error");
    let found = match reply.status {
        StatusCode::SERVICE_UNAVAILABLE => TokenOutcome::Unavailable,
        StatusCode::OK => match parse(reply)?["status"]["authenticated"].as_bool() {
            Some(true) => TokenOutcome::Authenticated,
            _ if error.is_empty() => TokenOutcome::NotOurs,
            _ => TokenOutcome::Refused,
        },
        other => return Err(format!("answered HTTP {other}")),
    };
    if found != expected {
        return Err(format!("answered {found:?}: {}", String::from_utf8_lossy(&reply.body)));
    }
    contains_all(&error, &case.expect.error)?;
    if found == TokenOutcome::Authenticated {
        check_identity(case, &parse(reply)?["status"]["user"])?;
    }
    Ok(error)
}

fn check_identity(case: &Case, user: &Value) -> Result<(), String> {
    let expect = &case.expect;
    let same = |name: &str, expected: Value| {
        let found = user.get(name).cloned().unwrap_or_default();
        if found == expected { Ok(()) } else { Err(format!("{name} is {found}, not {expected}")) }
    };
    if let Some(username) = &expect.username {
        same("username", json!(username))?;
    }
    if let Some(uid) = &expect.uid {
        same("uid", json!(uid))?;
    }
    if let Some(extra) = &expect.extra {
        same("extra", json!(extra))?;
    }
    if let Some(groups) = &expect.groups {
        let found = user["groups"].as_array().cloned().unwrap_or_default();
        let found: BTreeSet<_> = found.iter().filter_map(Value::as_str).collect();
        let expected: BTreeSet<_> = groups.iter().map(String::as_str).collect();
        if found != expected {
            return Err(format!("groups are {found:?}, not {expected:?}"));
        }
    }
    Ok(())
}

fn parse(reply: &Reply) -> Result<Value, String> {
    serde_json::from_slice(&reply.body).map_err(|e| format!("the answer is not JSON: {e}"))
}

fn status_text(reply: &Reply, member: &str) -> String {
    let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    value["status"][member].as_str().unwrap_or_default().to_owned()
}

fn contains_all(text: &str, wanted: &[String]) -> Result<(), String> {
    match wanted.iter().find(|w| !text.contains(*w)) {
        Some(missing) => Err(format!("`{text}` does not say `{missing}`")),
        None => Ok(()),
    }
}
