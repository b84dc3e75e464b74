//! Writes docs/mutants.md from what `make mutants` left below `target/mutants/runs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::results::{DOCUMENT, FILES, NO_REASON, Results, Survivor, Tested, code_digest, covered};
use crate::source::{SourceFile, repository};

/// One run: the sources that it mutated, and what it found out about some of their mutants.
struct Run {
    folder: PathBuf,
    commit: String,
    date: String,
    /// Every mutant of the sources, also those that this run had no part in.
    all: Vec<Mutant>,
    outcomes: Vec<(Mutant, Summary)>,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
struct Mutant {
    file: String,
    /// With file, line and column before it.
    name: String,
}

#[derive(Debug, Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: Summary,
}

#[derive(Debug, Deserialize)]
enum Scenario {
    Baseline,
    Mutant(Mutant),
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
enum Summary {
    /// Of the baseline.
    Success,
    /// Of the baseline, or of cargo itself.
    Failure,
    CaughtMutant,
    MissedMutant,
    Timeout,
    Unviable,
}

impl Run {
    fn read(folder: PathBuf) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        // A run that was stopped has outcomes too, and one that failed at once has none.
        let outcomes = |part| match serde_json::from_str(&text(&format!(
            "{part}/mutants.out/outcomes.json"
        ))) {
            Ok(Outcomes { outcomes }) => outcomes,
            Err(_) => Vec::new(),
        };
        // The last meets the survivors of the first two.
        let parts = ["authn", "authz", "cases"];
        let of_mutant = |outcome: Outcome| match outcome.scenario {
            Scenario::Mutant(mutant) => Some((mutant, outcome.summary)),
            Scenario::Baseline => None,
        };
        Self {
            commit: text("commit").trim().to_owned(),
            date: text("date").trim().to_owned(),
            all: serde_json::from_str(&text("list.json")).expect("the list of mutants"),
            outcomes: parts.into_iter().flat_map(outcomes).filter_map(of_mutant).collect(),
            folder,
        }
    }

    /// The file as this run mutated it.
    fn source(&self, path: &str) -> Option<SourceFile> {
        let text = fs::read_to_string(self.folder.join(path)).ok()?;
        Some(SourceFile { path: path.to_owned(), text })
    }
}

/// All runs, the oldest first.
fn runs() -> Vec<Run> {
    let folder = target().join("mutants/runs");
    let entries = fs::read_dir(&folder).expect("runs to record; `make mutants` makes them");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.into_iter().map(Run::read).collect()
}

/// Where this program was built: `target/debug/deps/mutants-…`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).map(Path::to_owned).unwrap()
}

/// What the runs say about `file` as it is now, once every one of its mutants was run.
///
/// # Errors
///
/// How many of its mutants are missing.
fn judge(file: &SourceFile, runs: &[Run]) -> Result<(Tested, Vec<Survivor>), String> {
    let digest = code_digest(file);
    let same = |run: &&Run| run.source(&file.path).is_some_and(|f| code_digest(&f) == digest);
    let runs: Vec<&Run> = runs.iter().filter(same).collect();
    let Some(last) = runs.last() else {
        return Err("not run since it changed".to_owned());
    };
    // Lines may have moved between two runs of the same code; then their mutants have other names.
    let of_file = |run: &Run| -> BTreeSet<Mutant> {
        run.all.iter().filter(|mutant| mutant.file == file.path).cloned().collect()
    };
    let all = of_file(last);
    let runs = runs.iter().filter(|run| of_file(run) == all);
    let found: BTreeMap<&Mutant, Summary> = runs
        .flat_map(|run| run.outcomes.iter().map(|(mutant, summary)| (mutant, *summary)))
        .filter(|(mutant, _)| mutant.file == file.path)
        .collect();
    let missing = all.iter().filter(|mutant| !found.contains_key(mutant)).count();
    if missing > 0 {
        return Err(format!("{missing} of {} mutants not run", all.len()));
    }
    let count = |summary| all.iter().filter(|mutant| found[mutant] == summary).count();
    let tested = Tested {
        digest,
        caught: count(Summary::CaughtMutant),
        timeout: count(Summary::Timeout),
        unviable: count(Summary::Unviable),
        survived: count(Summary::MissedMutant),
        commit: last.commit.clone(),
        date: last.date.clone(),
    };
    assert_eq!(tested.mutants(), all.len(), "{}: an outcome of another kind", file.path);
    let survived = all.iter().filter(|mutant| found[mutant] == Summary::MissedMutant);
    Ok((tested, survived.map(survivor).collect()))
}

fn survivor(mutant: &Mutant) -> Survivor {
    let (place, mutation) = mutant.name.split_once(": ").expect("a place and a mutation");
    let place = place.strip_prefix(&mutant.file).unwrap_or(place).trim_start_matches(':');
    Survivor {
        file: mutant.file.clone(),
        place: place.to_owned(),
        mutation: mutation.to_owned(),
        reason: NO_REASON.to_owned(),
    }
}

/// A reason stays with its mutation when the lines move, as long as it is the only one of its name.
fn keep_reasons(survivors: &mut [Survivor], before: &Results) {
    for survivor in survivors {
        let same = |old: &&Survivor| old.mutation == survivor.mutation;
        let mut named: Vec<_> = before.survivors_of(&survivor.file).filter(same).collect();
        if named.len() > 1 {
            named.retain(|old| old.place == survivor.place);
        }
        if let [old] = named[..] {
            survivor.reason.clone_from(&old.reason);
        }
    }
}

/// Writes the files of which every mutant was run into the document. Returns what is missing of the
/// others, and how many files have results.
pub(crate) fn complete_files() -> String {
    let text = SourceFile::read(DOCUMENT).text;
    let before = Results::parse(&text);
    let (head, _) = text.split_once(FILES).unwrap();
    let (runs, mut results) = (runs(), Results::default());
    let mut said = String::new();
    for file in covered() {
        match judge(&file, &runs) {
            Ok((tested, mut survivors)) => {
                keep_reasons(&mut survivors, &before);
                results.files.insert(file.path.clone(), tested);
                results.survivors.extend(survivors);
            }
            Err(why) => {
                // What is known of the file as it was stays, with its date.
                if let Some(tested) = before.files.get(&file.path) {
                    results.files.insert(file.path.clone(), tested.clone());
                    results.survivors.extend(before.survivors_of(&file.path).cloned());
                }
                writeln!(said, "{}: {why}", file.path).unwrap();
            }
        }
    }
    results.survivors.sort();
    fs::write(repository().join(DOCUMENT), results.text(head)).unwrap();
    format!("{said}{} files have their results", results.files.len())
}
