//! The documents of Azure that make a policy, from text to decisions.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use kubentra::authz::assignment::folded_id;
use kubentra::authz::snapshot::PROBLEM_KINDS;
use kubentra::authz::{
    AccessRequest, DenyAssignment, ObjectId, PolicyDocuments, PolicySnapshot, Principal,
    RoleDefinition, RoleKind, evaluate, explain,
};
use kubentra::policy_dir::{self, ReadPolicyError};
use kubentra::wire::node::{MAX_DEPTH, Node, Value};
use kubentra::wire::{self, Format};

use super::policy::{self, File, NOW, SETTING, TARGETS, UNNAMED};
use super::{NO_TEXT, assert_fault, assert_one_line};

/// Callers that one policy is asked about.
const MAX_CALLERS: usize = 8;

/// Holds the readers of policy documents to their laws. The input is one or several files, each below
/// a line such as `=== roleAssignments/a.json`.
///
/// 1. A fault is one line with a place in the text.
/// 2. What is read as JSON, any other reader of JSON reads the same.
/// 3. A directory of these files is read exactly if each of them is, and no two contradict.
/// 4. The policy decides, the same each time, whatever the order of documents.
pub fn check(input: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(input) else { return NO_TEXT };
    let files = policy::files(text);
    let mut documents = PolicyDocuments::default();
    let mut faults = 0;
    for file in &files {
        check_text(file);
        match policy::read(file) {
            Ok(read) => policy::add(&mut documents, read),
            Err(found) => {
                assert!(!found.is_empty(), "refused for no fault");
                found.iter().for_each(|fault| assert_fault(fault, file.text));
                faults += 1;
            }
        }
    }
    if files.is_empty() {
        return "no file";
    }
    if faults > 0 {
        return "faulty";
    }
    let Some(read) = read_as_directory(&files, &documents) else { return "contradictory" };
    check_decisions(read)
}

fn check_text(file: &File<'_>) {
    match wire::parse(file.text, file.format) {
        Ok(node) => {
            assert!(depth(&node) <= MAX_DEPTH + 1, "{} levels", depth(&node));
            if file.format == Format::Json {
                let text = file.text.trim_start_matches('\u{feff}');
                match serde_json::from_str::<serde_json::Value>(text) {
                    Ok(value) => assert!(alike(&node, &value), "{node:?} is not {value}"),
                    // It keeps numbers as such, and has no room for all that can be written.
                    Err(error) => {
                        assert!(error.to_string().contains("number out of range"), "{error}");
                    }
                }
            }
        }
        Err(fault) => assert_fault(&fault, file.text),
    }
}

fn depth(node: &Node) -> usize {
    let below = match &node.value {
        Value::List(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.iter().map(|m| depth(&m.value)).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
    };
    1 + below.unwrap_or_default()
}

/// Says if two readers of JSON took a text for the same; numbers as far as both keep them.
fn alike(node: &Node, value: &serde_json::Value) -> bool {
    match (&node.value, value) {
        (Value::Null, serde_json::Value::Null)
        | (Value::Number(_), serde_json::Value::Number(_)) => true,
        (Value::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
        (Value::Text(ours), serde_json::Value::String(theirs)) => ours == theirs,
        (Value::List(ours), serde_json::Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| alike(a, b))
        }
        (Value::Object(ours), serde_json::Value::Object(theirs)) => {
            let same =
                |m: &wire::node::Member| theirs.get(&m.name).is_some_and(|v| alike(&m.value, v));
            ours.len() == theirs.len() && ours.iter().all(same)
        }
        _ => false,
    }
}

/// Writes the files to a directory and reads it as the server does; none if two files contradict.
fn read_as_directory(files: &[File<'_>], all: &PolicyDocuments) -> Option<PolicyDocuments> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("kubentra-fuzz-{}-{count}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    write(&dir, files);
    let read = policy_dir::read(&dir);
    fs::remove_dir_all(&dir).expect("the directory is ours");
    match read {
        Ok(read) => {
            assert_eq!(read.files, files.len());
            for warning in &read.warnings {
                assert_one_line(&warning.message, "a warning");
            }
            for deny in &all.deny_assignments {
                let is_same = |other: &DenyAssignment| folded_id(&other.id) == folded_id(&deny.id);
                let is_there = read.documents.deny_assignments.iter().any(is_same);
                // One without an id got one from its place, which is another here.
                assert!(is_there || deny.id.starts_with(UNNAMED), "`{}` is lost", deny.id);
            }
            Some(without_idle_roles(read.documents))
        }
        Err(ReadPolicyError::Broken(findings)) => {
            assert!(!findings.shown.is_empty());
            assert!(findings.shown.len() <= policy_dir::MAX_FINDINGS);
            for finding in &findings.shown {
                assert_one_line(&finding.message, "a finding");
                // Each file makes sense, so only two of them can make none.
                assert!(finding.message.contains("says something else"), "{finding}");
            }
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn write(dir: &Path, files: &[File<'_>]) {
    for (index, file) in files.iter().enumerate() {
        let folder = dir.join(file.kind.folder());
        fs::create_dir_all(&folder).expect("the directory is ours");
        let extension = match file.format {
            Format::Json => "json",
            Format::Yaml => "yaml",
        };
        fs::write(folder.join(format!("{index}.{extension}")), file.text).expect("there is room");
    }
}

/// Leaves out what is built in and not assigned: a snapshot sorts all built-in roles by their size,
/// which takes longer than everything else here.
fn without_idle_roles(mut documents: PolicyDocuments) -> PolicyDocuments {
    let assigned: HashSet<_> = (documents.role_assignments.iter().map(|a| a.role))
        .chain(documents.schedule_instances.iter().map(|i| i.role))
        .collect();
    let is_built_in = |role: &RoleDefinition| role.kind == RoleKind::BuiltIn;
    documents.role_definitions.retain(|r| !is_built_in(r) || assigned.contains(&r.id));
    documents
}

/// Decides as a policy of these documents does; says what it does for anybody.
fn check_decisions(documents: PolicyDocuments) -> &'static str {
    let mut reversed = documents.clone();
    reversed.role_definitions.reverse();
    reversed.role_assignments.reverse();
    reversed.schedule_instances.reverse();
    reversed.deny_assignments.reverse();
    reversed.trusted_access_roles.reverse();
    reversed.trusted_access_role_bindings.reverse();
    let callers = callers(&documents);
    let mut outcomes = HashSet::new();
    let policy = PolicySnapshot::new(&SETTING, documents);
    let other = PolicySnapshot::new(&SETTING, reversed);
    check_problems(&policy);
    assert_eq!(policy.problems(), other.problems(), "in another order");
    for principal in callers {
        for target in &*TARGETS {
            let request = AccessRequest { principal: principal.clone(), target: target.clone() };
            let decision = evaluate(&policy, &request, *NOW);
            assert_one_line(&decision.to_string(), "a reason");
            outcomes.insert(decision.reason_label());
            assert_eq!(decision, evaluate(&policy, &request, *NOW), "asked twice");
            assert_eq!(decision, evaluate(&other, &request, *NOW), "in another order");
            let trace = explain(&policy, &request, *NOW);
            assert_eq!(decision, trace.decision, "explained");
            for step in &trace.steps {
                assert_one_line(&step.detail, "a step");
            }
        }
    }
    let found = ["deny_assignment", "role_assignment", "trusted_access"];
    found.into_iter().find(|label| outcomes.contains(label)).unwrap_or("nothing granted")
}

/// Each problem is of a known kind and on one line, and there are no more than documents and what
/// they name.
fn check_problems(policy: &PolicySnapshot) {
    let documents = policy.documents();
    let per_document = 4;
    let bound = per_document
        * (documents.role_definitions.len()
            + documents.role_assignments.len()
            + documents.schedule_instances.len()
            + documents.deny_assignments.len())
        + (documents.trusted_access_role_bindings.iter())
            .map(|binding| per_document + binding.roles.len())
            .sum::<usize>();
    assert!(policy.problems().len() <= bound, "{} problems", policy.problems().len());
    for problem in policy.problems() {
        assert!(PROBLEM_KINDS.contains(&problem.kind), "{}", problem.kind);
        assert_one_line(&problem.to_string(), "a problem");
    }
}

/// Those whom the documents name, each alone, as a member of a group, and as a managed identity.
fn callers(documents: &PolicyDocuments) -> Vec<Principal> {
    let ids = (documents.role_assignments.iter().map(|a| a.principal))
        .chain(documents.schedule_instances.iter().map(|i| i.principal))
        .chain(documents.deny_assignments.iter().flat_map(|d| d.principals.iter().copied()))
        .chain(
            documents.deny_assignments.iter().flat_map(|d| d.exclude_principals.iter().copied()),
        );
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let sources = documents.trusted_access_role_bindings.iter().map(|b| b.source.clone());
    let nobody = ObjectId::from(1);
    let alone = ids.iter().filter_map(|&id| Principal::new(id, [], None));
    let member = Principal::new(nobody, ids.iter().copied(), None);
    let services = sources.filter_map(|source| Principal::new(nobody, [], Some(source)));
    alone.take(MAX_CALLERS).chain(member).chain(services.take(MAX_CALLERS)).collect()
}
