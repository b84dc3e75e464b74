//! What the document must be, and how old its rows are.

use std::collections::BTreeMap;

use crate::results::{DOCUMENT, NO_REASON, Results, Survivor, Tested, code_digest, covered};

/// Every survivor has a reason, and every count its rows.
pub(crate) fn reasons() -> Result<(), String> {
    let results = Results::read();
    let mut wrong = Vec::new();
    for (file, tested) in &results.files {
        let rows = results.survivors_of(file).count();
        if rows != tested.survived {
            wrong.push(format!("{file}: {} survived, but {rows} have a row", tested.survived));
        }
        if tested.commit.len() < 7 || tested.date.len() != "2026-01-31".len() {
            wrong.push(format!("{file}: `{}` of `{}`", tested.commit, tested.date));
        }
    }
    for Survivor { file, place, mutation, reason } in &results.survivors {
        if !results.files.contains_key(file) {
            wrong.push(format!("{file} has a survivor, but no row among the files"));
        }
        if reason == NO_REASON || reason.split_whitespace().count() < 4 {
            wrong.push(format!("{file}:{place}: {mutation}: write a test, or why none can tell"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("mend {DOCUMENT}:\n  {}", wrong.join("\n  ")))
}

/// The files whose rows are not about the code as it is. No test: a change need not wait for a run
/// over its mutants.
pub(crate) fn stale() -> Vec<String> {
    let results = Results::read();
    let covered = covered();
    let mut stale: Vec<String> = covered
        .iter()
        .filter_map(|file| match results.files.get(&file.path) {
            Some(tested) if tested.digest == code_digest(file) => None,
            Some(tested) => Some(format!("{}: changed since {}", file.path, tested.date)),
            None => Some(format!("{}: never run", file.path)),
        })
        .collect();
    let is_gone = |path: &&String| !covered.iter().any(|file| file.path == **path);
    stale.extend(results.files.keys().filter(is_gone).map(|path| format!("{path}: is gone")));
    stale
}

/// What is written is read back.
pub(crate) fn round_trip() -> Result<(), String> {
    let tested = Tested {
        digest: "0123456789abcdef".to_owned(),
        caught: 7,
        timeout: 1,
        unviable: 2,
        survived: 1,
        commit: "0123456789ab".to_owned(),
        date: "2026-01-31".to_owned(),
    };
    let survivor = Survivor {
        file: "src/authz/scope.rs".to_owned(),
        place: "7:9".to_owned(),
        mutation: "replace || with && in f".to_owned(),
        reason: "both sides are the same".to_owned(),
    };
    let files = BTreeMap::from([(survivor.file.clone(), tested.clone())]);
    let written = Results { files, survivors: vec![survivor.clone()] }.text("# Head\n");
    let read = Results::parse(&written);
    assert_eq!(read.files.get(&survivor.file), Some(&tested));
    assert_eq!(read.survivors, [survivor]);
    Ok(())
}
