//! A difference as a conformance case, ready to be committed once a person has reasoned why.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::case::{Answer, Case, FOLDERS};
use crate::compare::Difference;

/// The difference in words, the documents that the policy of the case needs, and the case.
pub(crate) fn difference(difference: &Difference, case: &Case, seed: u64) -> String {
    let Difference { found, expected, reason } = difference;
    let mut text = format!(
        "\nDIFFERENCE (SEED={seed})\n  the product:   {found}\n  the reference: {expected}\n  \
         the product's reason: {reason}\n",
    );
    let policy = policy(case);
    let _ = writeln!(text, "# policy `{policy}` with these settings:");
    for (key, value) in case.setting.as_object().into_iter().flatten() {
        let _ = writeln!(text, "#   {key}: {value}");
    }
    for folder in FOLDERS {
        for (number, document) in case.of(folder).iter().enumerate() {
            let file = format!("policies/{policy}/policy/{folder}/found-{number}.json");
            let _ = writeln!(text, "# tests/conformance/{file}:");
            for line in serde_json::to_string_pretty(document).unwrap().lines() {
                let _ = writeln!(text, "#   {line}");
            }
        }
    }
    text + &yaml(expected, case)
}

/// The case file. JSON is YAML too.
pub(crate) fn yaml(expected: &Answer, case: &Case) -> String {
    let expect = serde_json::to_string_pretty(&expect(expected)).unwrap().replace('\n', "\n  ");
    let now = jiff::Timestamp::from_nanosecond(case.now).unwrap();
    let review = serde_json::to_string_pretty(&case.review).unwrap().replace('\n', "\n  ");
    format!(
        "description: found by `make differential`\nsource: semantics §\npolicy: {}\nnow: '{now}'\nreview:\n  \
         {review}\nexpect:\n  {expect}\nbecause: the reference says so; write the reasoning from the \
         rules here\n",
        policy(case)
    )
}

/// The shared policy whose configuration comes nearest.
fn policy(case: &Case) -> &'static str {
    let setting = |key: &str| case.setting[key].as_str().unwrap_or_default().to_ascii_lowercase();
    let cluster = setting("cluster");
    if setting("mode") == "authenticationonly" {
        "authn-only"
    } else if cluster.contains("/connectedclusters/") {
        "arc-strict"
    } else if cluster.contains("/fleets/") {
        "fleet-hub"
    } else if !setting("fleet").is_empty() {
        "fleet-member"
    } else if !case.of("denyAssignments").is_empty() {
        "denies"
    } else {
        "company"
    }
}

/// `expect` of a case that asks for this answer.
fn expect(answer: &Answer) -> Value {
    let via = answer.written_via();
    let mut expect = Map::new();
    expect.insert("outcome".to_owned(), json!(answer.outcome));
    if !via.is_null() {
        expect.insert("via".to_owned(), via);
    }
    Value::Object(expect)
}
