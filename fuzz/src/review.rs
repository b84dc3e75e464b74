//! The two reviews, from a posted body to the answer.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use kubentra::authn::{TokenError, Verdict};
use kubentra::authz::{Decision, NoOpinionReason, PolicyDocuments, PolicySnapshot};
use kubentra::clock::Now;
use kubentra::review::access::{AccessReview, Caller, CallerRules};
use kubentra::review::token::TokenReview;
use kubentra::review::{InvalidReview, report};
use kubentra::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use kubentra::service::policy_store::{PolicyReader, PolicyStore};
use serde_json::Value;

use super::assert_one_line;
use super::policy::{self, SETTING};

/// A policy with a document of each kind, in which the seeds' callers have something.
const POLICY: &str = include_str!("policy.txt");

/// `policy.exemptUsers`.
const EXEMPT: &str = "backup";

struct World {
    now: Now,
    authorizer: Authorizer,
    /// Its opinion is never asked for.
    idle: Authorizer,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut documents = PolicyDocuments::default();
    for file in policy::files(POLICY) {
        policy::add(&mut documents, policy::read(&file).expect("the policy is good"));
    }
    let (store, reader) = PolicyStore::new();
    // One reading of the clock for the whole run: the same input is the same question.
    let now = Now::read();
    store.publish(PolicySnapshot::new(&SETTING, documents), now);
    let authorizer = |mode, reader: &PolicyReader| {
        let callers = CallerRules {
            object_id_extra_key: "oid".to_owned(),
            exempt_users: HashSet::from([EXEMPT.to_owned()]),
        };
        let max_staleness = Duration::from_secs(60);
        Authorizer::new(AuthorizerSettings { callers, mode, max_staleness }, reader.clone())
    };
    World {
        now,
        authorizer: authorizer(PolicyMode::AzureRbac, &reader),
        idle: authorizer(PolicyMode::AuthenticationOnly, &reader),
    }
});

/// Holds the reviews to their laws.
///
/// 1. A body is one review, the other, or none; why it is none is one line that does not repeat it.
/// 2. A review gets a decision, the same each time, with a reason on one line.
/// 3. The answer is JSON of the version that was asked in, and never yes and no at once.
/// 4. Users of Kubernetes itself get no opinion, and so does everyone without one object id.
pub fn check(input: &[u8]) -> &'static str {
    let access = AccessReview::parse(input);
    let token = TokenReview::parse(input);
    assert!(access.is_err() || token.is_err(), "one body is both reviews");
    // What a review ignores it does not judge either, such as half a surrogate pair in a label.
    let posted: Option<Value> = serde_json::from_slice(input).ok();
    match (access, token) {
        (Ok(review), _) => check_access(&review, posted.as_ref()),
        (_, Ok(review)) => {
            check_token(&review, posted.as_ref());
            "token"
        }
        (Err(access), Err(token)) => {
            check_error(&access);
            check_error(&token);
            "neither"
        }
    }
}

fn check_error(error: &InvalidReview) {
    let text = report(error);
    assert_one_line(&text, "the error");
    assert!(text.len() < 4096, "the error has {} bytes: {text}", text.len());
}

fn check_access(review: &AccessReview, posted: Option<&Value>) -> &'static str {
    let World { now, authorizer, idle } = &*WORLD;
    let decision = authorizer.authorize(review, *now).expect("the policy is fresh");
    let again = authorizer.authorize(review, *now).expect("the policy is fresh");
    assert_eq!(decision, again, "asked twice");

    let answer = review.answer(&decision);
    assert_eq!(answer, review.answer(&again));
    let status = status(&answer, posted);
    let flag = |name: &str| status[name].as_bool().expect("a truth value");
    let expected = match decision {
        Decision::Allow(_) => (true, false),
        Decision::Deny(_) => (false, true),
        Decision::NoOpinion(_) => (false, false),
    };
    assert_eq!((flag("allowed"), flag("denied")), expected);
    let reason = status["reason"].as_str().expect("a reason");
    assert_one_line(reason, "the reason");
    assert_eq!(reason, decision.to_string());

    if let Some(posted) = posted {
        check_caller(review, &posted["spec"], &decision);
    }
    let idle = idle.authorize(review, *now).expect("it needs no policy");
    assert!(matches!(idle, Decision::NoOpinion(_)), "{idle:?}");
    decision.reason_label()
}

/// Says once more, from the posted JSON, who is left to Kubernetes.
fn check_caller(review: &AccessReview, spec: &Value, decision: &Decision) {
    let user = spec["user"].as_str().unwrap_or_default();
    let oid = match spec["extra"]["oid"].as_array().map(Vec::as_slice) {
        Some([Value::String(oid)]) if is_guid(oid) => Some(oid.to_ascii_lowercase()),
        _ => None,
    };
    let expected = if user.starts_with("system:") {
        Some(NoOpinionReason::System)
    } else if user == EXEMPT {
        Some(NoOpinionReason::ExemptUser)
    } else if oid.is_none() {
        Some(NoOpinionReason::NotEntra { extra_key: "oid".to_owned() })
    } else {
        None
    };
    match expected {
        Some(reason) => assert_eq!(*decision, Decision::NoOpinion(reason)),
        None => {
            let rules = CallerRules { object_id_extra_key: "oid".to_owned(), ..Default::default() };
            let Caller::Entra(principal) = review.caller(&rules) else {
                panic!("{user} has an id")
            };
            assert_eq!(Some(principal.id().to_string()), oid);
        }
    }
}

/// The 8-4-4-4-12 form, and not all zeros.
fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        && text.bytes().any(|b| !matches!(b, b'-' | b'0'))
}

fn check_token(review: &TokenReview, posted: Option<&Value>) {
    if let Some(posted) = posted {
        let token = posted["spec"]["token"].as_str().unwrap_or_default();
        assert_eq!(review.token(), token);
    }
    for verdict in [Verdict::NotOurs, Verdict::Refused(TokenError::Signature)] {
        let answer = review.answer(&verdict);
        let status = status(&answer, posted);
        assert_eq!(status["authenticated"], false);
        assert!(status.get("user").is_none(), "{status}");
        assert_eq!(status.get("error").is_some(), verdict != Verdict::NotOurs, "{status}");
    }
}

/// The status of an answer, which is of the type that was posted and holds nothing else.
fn status(answer: &[u8], posted: Option<&Value>) -> Value {
    let mut answer: Value = serde_json::from_slice(answer).expect("an answer is JSON");
    if let Some(posted) = posted {
        assert_eq!(answer["apiVersion"], posted["apiVersion"]);
        assert_eq!(answer["kind"], posted["kind"]);
    }
    assert_eq!(answer.as_object().expect("an object").len(), 3, "{answer}");
    answer["status"].take()
}
