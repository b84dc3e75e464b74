//! Rights that begin and end while the cluster runs.

use std::fs;
use std::time::Duration;

use kubentra::clock::Now;
use serde_json::json;

use super::{Story, stories};
use crate::company::{READER, assignment};
use crate::kubectl::{Answer, Person};
use crate::plane::Plane;
use crate::plane::edit::write_whole;

/// Longest time until a change in the policy directory is in force (docs/limits.md).
const IN_FORCE: Duration = Duration::from_secs(1);
/// For how long the API server keeps an allow and a refusal (`init`).
const AUTHORIZED_TTL: Duration = Duration::from_secs(10);
const UNAUTHORIZED_TTL: Duration = Duration::from_secs(5);

pub(super) fn stories() -> Vec<Story> {
    stories![
        granted: "a new role assignment is seen within six seconds",
        revoked: "a revoked role assignment is out of force within eleven seconds",
        expired: "an assignment with an end is refused from then on, at most ten seconds later",
    ]
}

fn granted(plane: &Plane) {
    let eve = plane.person("eve");
    eve.cannot("get pods -n shop", "no role assignment grants");
    let began = Now::read().monotonic;
    let file = plane.policy().join("roleAssignments/eve.json");
    write_whole(&file, assignment("eve", READER, "/namespaces/shop").to_string());
    let (last, _) = until(&eve, Answer::succeeded);
    let late = last.monotonic.saturating_duration_since(began);
    assert!(late <= IN_FORCE + UNAUTHORIZED_TTL, "still refused when asked {late:?} later");
    fs::remove_file(file).unwrap();
}

fn revoked(plane: &Plane) {
    let rita = plane.person("rita");
    let file = plane.policy().join("roleAssignments/rita.json");
    write_whole(&file, assignment("rita", READER, "/namespaces/shop").to_string());
    until(&rita, Answer::succeeded);
    let began = Now::read().monotonic;
    fs::remove_file(file).unwrap();
    let (last, refused) = until(&rita, Answer::is_forbidden);
    let late = last.monotonic.saturating_duration_since(began);
    assert!(late <= IN_FORCE + AUTHORIZED_TTL, "still allowed when asked {late:?} later");
    assert!(refused.says("no role assignment grants"), "{refused}");
}

fn expired(plane: &Plane) {
    let timo = plane.person("timo");
    // Time to be seen even if the first refusal is remembered.
    let end = Now::read().wall + Duration::from_secs(12);
    let mut instance = assignment("timo", READER, "/namespaces/shop");
    let id = instance["id"]
        .as_str()
        .unwrap()
        .replace("/roleAssignments/", "/roleAssignmentScheduleInstances/");
    let timestamp = jiff::Timestamp::try_from(end).unwrap();
    for (name, value) in [
        ("id", json!(id)),
        ("status", json!("Provisioned")),
        ("memberType", json!("Direct")),
        ("startDateTime", json!("2026-01-01T00:00:00Z")),
        ("endDateTime", json!(timestamp.to_string())),
    ] {
        instance[name] = value;
    }
    let folder = plane.policy().join("roleAssignmentScheduleInstances");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("timo.json");
    write_whole(&file, instance.to_string());
    until(&timo, Answer::succeeded);
    let (last, refused) = until(&timo, Answer::is_forbidden);
    assert!(Now::read().wall >= end, "refused before the end\n{refused}");
    let late = last.wall.duration_since(end).unwrap_or_default();
    assert!(late <= AUTHORIZED_TTL, "still allowed when asked {late:?} after the end");
    assert!(refused.says("expired at"), "{refused}");
    fs::remove_file(file).unwrap();
}

/// Asks until the answer is like this; when the last question was asked that had another, and the answer.
fn until(who: &Person<'_>, is: fn(&Answer) -> bool) -> (Now, Answer) {
    let began = Now::read();
    let mut last = began;
    loop {
        let asked = Now::read();
        let answer = who.kubectl("get pods -n shop");
        if is(&answer) {
            return (last, answer);
        }
        last = asked;
        assert!(began.monotonic.elapsed() < Duration::from_secs(40), "it does not turn\n{answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
