//! docs/mutants.md as data, and which files of the core it is about.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

use crate::source::{SourceFile, files_below};

pub(crate) const DOCUMENT: &str = "docs/mutants.md";
pub(crate) const FILES: &str = "\n## Files\n";
pub(crate) const SURVIVORS: &str = "\n## Survivors\n";
/// What [`record`] writes where a person has to.
pub(crate) const NO_REASON: &str = "**none yet**";

/// What a run over all mutants of one file found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tested {
    /// The file's [`code_digest`] when it was tested.
    pub(crate) digest: String,
    pub(crate) caught: usize,
    pub(crate) timeout: usize,
    pub(crate) unviable: usize,
    pub(crate) survived: usize,
    pub(crate) commit: String,
    pub(crate) date: String,
}

/// A mutant that no test noticed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Survivor {
    pub(crate) file: String,
    /// Line and column at the commit of the file's row.
    pub(crate) place: String,
    pub(crate) mutation: String,
    pub(crate) reason: String,
}

/// The two tables of the document.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) files: BTreeMap<String, Tested>,
    pub(crate) survivors: Vec<Survivor>,
}

impl Results {
    pub(crate) fn parse(text: &str) -> Self {
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

    pub(crate) fn read() -> Self {
        Self::parse(&SourceFile::read(DOCUMENT).text)
    }

    /// The document with these results below `head`.
    pub(crate) fn text(&self, head: &str) -> String {
        let mut text = format!("{head}{FILES}\n");
        text.push_str(
            "| file | code | mutants | caught | time limit | unviable | survived | commit | date |\n",
        );
        text.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |\n");
        for (file, t) in &self.files {
            let (all, digest) = (t.mutants(), &t.digest);
            let Tested { caught, timeout, unviable, survived, commit, date, .. } = t;
            writeln!(
                text,
                "| `{file}` | `{digest}` | {all} | {caught} | {timeout} | {unviable} | {survived} | `{commit}` | {date} |"
            )
            .unwrap();
        }
        write!(text, "{SURVIVORS}\n| file | line:column | mutation | why no test can tell |\n")
            .unwrap();
        text.push_str("| --- | --- | --- | --- |\n");
        for Survivor { file, place, mutation, reason } in &self.survivors {
            let mutation = mutation.replace('|', "\\|");
            writeln!(text, "| `{file}` | {place} | `{mutation}` | {reason} |").unwrap();
        }
        text
    }

    pub(crate) fn survivors_of<'a>(&'a self, file: &'a str) -> impl Iterator<Item = &'a Survivor> {
        self.survivors.iter().filter(move |survivor| survivor.file == file)
    }
}

impl Tested {
    pub(crate) fn mutants(&self) -> usize {
        self.caught + self.timeout + self.unviable + self.survived
    }
}

/// The files whose mutants are run: the core without its unit tests.
pub(crate) fn covered() -> Vec<SourceFile> {
    let is_core = |path: &str| path.starts_with("src/auth");
    let files = files_below("src", "rs").into_iter();
    files.filter(|file| is_core(&file.path) && !file.is_test() && !is_test_helper(file)).collect()
}

/// `authn::testing` is compiled for tests only.
fn is_test_helper(file: &SourceFile) -> bool {
    file.path.ends_with("/testing.rs")
}

/// Of what the compiler sees of the product: comments and unit tests may change.
pub(crate) fn code_digest(file: &SourceFile) -> String {
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
