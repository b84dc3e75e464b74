//! The reference against the conformance cases: those were reasoned from the rules by hand, so they
//! keep the reference from sharing a mistake with the product.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kubentra::clock::Now;
use serde_json::{Value, json};

use crate::case::{self, Answer};
use crate::conformance::{self, Outcome, Question, Via};
use crate::reference::{self, World};

/// Asks the reference all written cases.
pub(crate) fn test() -> Result<(), String> {
    let (asked, wrong) = wrong();
    match (asked, wrong.as_slice()) {
        (0, _) => Err("there are no cases".to_owned()),
        (_, []) => Ok(()),
        (_, wrong) => Err(wrong.join("\n")),
    }
}

/// How many were asked; every one that it answers otherwise, in words.
fn wrong() -> (usize, Vec<String>) {
    let mut policies = BTreeMap::new();
    let (mut asked, mut wrong) = (0, Vec::new());
    for case in conformance::load_all() {
        let Question::Access(body) = &case.question else { continue };
        let policy = policies.entry(case.policy.clone()).or_insert_with(|| read(&case.policy));
        let now = case.now.unwrap_or_else(|| Now::read().timestamp()).as_nanosecond();
        let found = reference::decide(&World::of(policy), body, now);
        asked += 1;
        if !is_expected(&case.expect, &found) {
            wrong.push(format!("{}: {found}; because: {}", case.name, case.because));
        }
    }
    (asked, wrong)
}

fn is_expected(expect: &conformance::Expect, found: &Answer) -> bool {
    let outcome = match expect.outcome {
        Some(Outcome::Allow) => "allow",
        Some(Outcome::Deny) => "deny",
        Some(Outcome::NoOpinion) => "noOpinion",
        Some(Outcome::Invalid) => "invalid",
        // No policy is ever missing here.
        Some(Outcome::Unavailable) | None => return true,
    };
    found.outcome == outcome && expect.via.as_ref().is_none_or(|via| is_via(via, found))
}

/// The cases may leave out the role of a binding.
fn is_via(expected: &Via, found: &Answer) -> bool {
    let Ok(mut found) = serde_json::from_value::<Via>(found.written_via()) else { return false };
    if expected.role.is_none() {
        found.role = None;
    }
    found == *expected
}

/// A shared policy as a case without a review.
fn read(policy: &str) -> case::Case {
    let dir = conformance::root().join("policies").join(policy);
    let config = parse(&dir.join("config.yaml"));
    let or = |value: &Value, default: Value| if value.is_null() { default } else { value.clone() };
    let rules = &config["policy"];
    let setting = json!({
        "cluster": config["cluster"]["resourceId"],
        "fleet": config["cluster"]["fleetResourceId"],
        "managementGroups": config["cluster"]["managementGroups"],
        "mode": or(&rules["mode"], json!("azureRbac")),
        "ungranted": or(&rules["ungranted"], json!("noOpinion")),
        "discovery": or(&rules["discovery"], json!("allow")),
        "subresources": or(&rules["subresources"], json!("strict")),
        "adminGroups": rules["adminGroups"],
        "exemptUsers": rules["exemptUsers"],
        "objectIdExtraKey": or(&config["entra"]["objectIdExtraKey"], json!("oid")),
    });
    let documents = case::FOLDERS.map(|folder| {
        let files = fs::read_dir(dir.join("policy").join(folder));
        let files = files.into_iter().flatten().map(|file| file.unwrap().path());
        let documents: Vec<_> = files.flat_map(|file| documents(parse(&file))).collect();
        (folder.to_owned(), Value::Array(documents))
    });
    let documents = Value::Object(documents.into_iter().collect());
    case::Case { setting, documents, review: Value::Null, now: 0 }
}

fn parse(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// The documents of a file: an ARM list, what `az` lists, or one object.
fn documents(file: Value) -> Vec<Value> {
    let list = if file["value"].is_array() { file["value"].clone() } else { file };
    list.as_array().cloned().unwrap_or_else(|| vec![list])
}
