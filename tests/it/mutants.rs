//! Holds docs/mutants.md, where the results of `make mutants` are kept: every file's counts add up and
//! every survivor has a reason. Whether a file changed since is not held here, since a mutation run is
//! too long to ask of each change; `make mutants-check` tells.

mod record;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

use crate::architecture::source::{SourceFile, files_below};

const DOCUMENT: &str = "docs/mutants.md";
const FILES: &str = "\n## Files\n";
const SURVIVORS: &str = "\n## Survivors\n";
/// What [`record`] writes where a person has to.
const NO_REASON: &str = "**none yet**";

/// What a run over all mutants of one file found.
#[derive(Clone, Debug, PartialEq)]
struct Tested {
    /// The file's [`code_digest`] when it was tested.
    digest: String,
    caught: usize,
    timeout: usize,
    unviable: usize,
    survived: usize,
    commit: String,
    date: String,
}

/// A mutant that no test noticed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Survivor {
    file: String,
    /// Line and column at the commit of the file's row.
    place: String,
    mutation: String,
    reason: String,
}

/// The two tables of the document.
#[derive(Debug, Default)]
struct Results {
    files: BTreeMap<String, Tested>,
    survivors: Vec<Survivor>,
}

impl Results {
    fn parse(text: &str) -> Self {
        let (_, tables) = text.split_once(FILES).expect("the table of files");
        let (files, survivors) = tables.split_once(SURVIVORS).expect("the table of survivors");
        let rows = |text: &str| -> Vec<Vec<String>> {
            let lines = text.lines().filter(|line| line.starts_with('|')).skip(2);
            let cells = |line: &str| {
                let line = line.trim_matches('|').replace("\\|", "\u{0}");
                let cell = |cell: &str| cell.trim().trim_matches('`').replace('\u{0}', "|");
                line.split(" | ").map(cell).collect()
            };
            lines.map(cells).collect()
        };
        let count = |cell: &String| cell.parse().unwrap_or_else(|_| panic!("a number: `{cell}`"));
        let file = |row: &Vec<String>| {
            let [file, digest, all, caught, timeout, unviable, survived, commit, date] = &row[..]
            else {
                panic!("nine cells: {row:?}")
            };
            let tested = Tested {
                digest: digest.clone(),
                caught: count(caught),
                timeout: count(timeout),
                unviable: count(unviable),
                survived: count(survived),
                commit: commit.clone(),
                date: date.clone(),
            };
            assert_eq!(tested.mutants(), count(all), "{file}: the counts do not add up");
            (file.clone(), tested)
        };
        let survivor = |row: &Vec<String>| {
            let [file, place, mutation, reason] = &row[..] else { panic!("four cells: {row:?}") };
            Survivor {
                file: file.clone(),
                place: place.clone(),
                mutation: mutation.clone(),
                reason: reason.clone(),
            }
        };
        Self {
            files: rows(files).iter().map(file).collect(),
            survivors: rows(survivors).iter().map(survivor).collect(),
        }
    }

    fn read() -> Self {
        Self::parse(&SourceFile::read(DOCUMENT).text)
    }

    fn survivors_of<'a>(&'a self, file: &'a str) -> impl Iterator<Item = &'a Survivor> {
        self.survivors.iter().filter(move |survivor| survivor.file == file)
    }
}

impl Tested {
    fn mutants(&self) -> usize {
        self.caught + self.timeout + self.unviable + self.survived
    }
}

/// The files whose mutants are run: the core without its unit tests.
fn covered() -> Vec<SourceFile> {
    let is_core = |path: &str| path.starts_with("src/auth");
    let files = files_below("src", "rs").into_iter();
    files.filter(|file| is_core(&file.path) && !file.is_test() && !is_test_helper(file)).collect()
}

/// `authn::testing` is compiled for tests only.
fn is_test_helper(file: &SourceFile) -> bool {
    file.path.ends_with("/testing.rs")
}

/// Of what the compiler sees of the product: comments and unit tests may change.
fn code_digest(file: &SourceFile) -> String {
    let code = file.production_code();
    let mut lines: Vec<&str> = code.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    while let Some(at) = lines.windows(2).position(declares_tests) {
        lines.drain(at..at + 2);
    }
    let digest = digest(&SHA256, lines.join("\n").as_bytes());
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn declares_tests(lines: &[&str]) -> bool {
    matches!(lines, ["#[cfg(test)]", module] if module.contains("mod ") && module.ends_with(';'))
}

#[test]
fn every_survivor_has_a_reason_and_every_count_its_rows() {
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
    assert!(wrong.is_empty(), "mend {DOCUMENT}:\n  {}", wrong.join("\n  "));
}

/// Not among the usual tests: a change need not wait for a run over its mutants.
#[test]
#[ignore = "run by `make mutants-check`"]
fn stale_results_are_named() {
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
    assert!(stale.is_empty(), "run `make mutants` for these files:\n  {}", stale.join("\n  "));
}
