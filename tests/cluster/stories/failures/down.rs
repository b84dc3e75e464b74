//! The server is not there, hangs, or is being restarted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::metrics::Metrics;

pub(super) fn stories() -> Vec<Story> {
    stories![
        down: "down: Entra users get a 500, then a 401, and everybody else works on",
        hung: "slower than the timeout: a 500 after 3 s, a 401 after 30 s",
        restarted: "restarting: errors for a moment, and never a wrong answer",
    ]
}

fn down(plane: &Plane) {
    let (fay, nora) = (newcomer(plane, "fay"), newcomer(plane, "nora"));
    expect(&nora, "payments", Outcome::Works);
    let before = plane.metrics();
    let asking = newcomer(plane, "fay");
    expect(&asking, "shop", Outcome::Works);
    fay.can("get pods -n shop");
    fay.cannot("get pods -n payments", "is assigned at");
    plane.kubentra().kill();

    // fay's token is remembered, and so are the decisions about what she asked before.
    fay.can("get pods -n shop");
    fay.cannot("get pods -n payments", "is assigned at");
    let answer = expect(&fay, "shop", Outcome::InternalError);
    assert!(answer.says("connection refused"), "{answer}");
    let answer = asking.kubectl("auth can-i delete pods -n shop");
    assert!(answer.out.starts_with("no - ") && answer.says("connection refused"), "{answer}");
    // What the API server counts and logs of it.
    for name in ["webhook_evaluations_total", "webhook_evaluations_fail_open_total"] {
        let name = format!("apiserver_authorization_{name}");
        let errors =
            |metrics: &Metrics| metrics.sum(&name, &[("name", "kubentra.io"), ("result", "error")]);
        assert!(errors(&plane.metrics()) > errors(&before), "{name}");
    }
    // Neither has she what she never had.
    assert_eq!(fresh(&fay, "payments").0, Outcome::InternalError);
    // Native RBAC is asked first, and needs the name only.
    expect(&nora, "payments", Outcome::Works);
    // A token that nobody has asked for since.
    expect(&newcomer(plane, "finn"), "shop", Outcome::Unauthorized);

    assert!(plane.log("kube-apiserver").contains("Unable to authenticate the request"));

    // Whoever is not from Entra does not notice: the ways in when all else fails.
    expect(&plane.master(), "shop", Outcome::Works);
    expect(&plane.local_admin(), "shop", Outcome::Works);
    let token = plane.master().can("create token deployer -n shop");
    expect(&plane.bearer("deployer", &token), "shop", Outcome::Works);

    std::thread::sleep(TOKEN_TTL + Duration::from_secs(1));
    expect(&fay, "shop", Outcome::Unauthorized);
    expect(&nora, "payments", Outcome::Unauthorized);

    plane.serve_again();
    let took = works_again(&fay, "shop");
    assert!(took < SLACK, "{took:?} after the restart");
    expect(&newcomer(plane, "finn"), "shop", Outcome::Works);
    fay.cannot("get pods -n payments", "is assigned at");
}

fn hung(plane: &Plane) {
    let (fay, finn) = (newcomer(plane, "fay"), newcomer(plane, "finn"));
    expect(&fay, "shop", Outcome::Works);
    plane.kubentra().signal("STOP");
    let (decided, authenticated) = std::thread::scope(|scope| {
        let finn = scope.spawn(|| timed(|| fresh(&finn, "shop")));
        let decided = timed(|| fresh(&fay, "shop"));
        // Break-glass does not wait either.
        let (took, _) = timed(|| expect(&plane.master(), "shop", Outcome::Works));
        assert!(took < SLACK, "{took:?}");
        (decided, finn.join().unwrap())
    });
    plane.kubentra().signal("CONT");
    let timeouts = "apiserver_authorization_webhook_evaluations_total";
    let timeouts = plane.metrics().sum(timeouts, &[("name", "kubentra.io"), ("result", "timeout")]);
    assert!(timeouts > 0.0, "the API server counts no timeout");
    let (took, (found, answer)) = decided;
    assert_eq!(found, Outcome::InternalError, "\n{answer}");
    assert!(took >= DECISION_TIMEOUT && took < DECISION_TIMEOUT + SLACK, "{took:?}\n{answer}");
    let (took, (found, answer)) = authenticated;
    assert_eq!(found, Outcome::Unauthorized, "\n{answer}");
    assert!(took >= TOKEN_TIMEOUT && took < TOKEN_TIMEOUT + SLACK, "{took:?}\n{answer}");
    works_again(&fay, "shop");
}

fn restarted(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    expect(&fay, "shop", Outcome::Works);
    let over = AtomicBool::new(false);
    let (outcomes, status) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let mut outcomes = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let (found, answer) = fresh(&fay, "shop");
                assert_ne!(found, Outcome::Forbidden, "a wrong refusal\n{answer}");
                outcomes.push(found);
                let (found, answer) = fresh(&fay, "payments");
                assert_ne!(found, Outcome::Works, "a wrong allow\n{answer}");
                outcomes.push(found);
            }
            outcomes
        });
        std::thread::sleep(Duration::from_millis(500));
        let status = plane.kubentra().stop();
        // Long enough for somebody to notice.
        std::thread::sleep(Duration::from_secs(1));
        plane.serve_again();
        std::thread::sleep(Duration::from_millis(500));
        over.store(true, Ordering::Relaxed);
        (asked.join().unwrap(), status)
    });
    assert!(status.success(), "SIGTERM ends it in order: {status}");
    for wanted in [Outcome::Works, Outcome::Forbidden, Outcome::InternalError] {
        assert!(outcomes.contains(&wanted), "{wanted:?} is not among {outcomes:?}");
    }
    works_again(&fay, "shop");
}
