//! docs/failures.md, held against the stories that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

pub(crate) fn stories() -> Vec<Story> {
    stories![
        page: "docs/failures.md names a story in each row, every story of a failure, and no other",
    ]
}

fn page(plane: &Plane) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md");
    let text = fs::read_to_string(file).unwrap();
    let version = plane.programs.version.trim_start_matches("Kubernetes v");
    assert!(text.contains(&format!("({version})")), "it was seen on {version}");

    // Rows of the tables that have a column for tests at their end.
    let mut in_table = false;
    let mut named = BTreeSet::new();
    for line in text.lines() {
        let head = line.ends_with("| test |");
        in_table = line.starts_with('|') && (in_table || head);
        if !in_table || head || line.starts_with("| ---") {
            continue;
        }
        let cell = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let name = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        named.insert(name.unwrap_or_else(|| panic!("a row without a test: {line}")).to_owned());
    }
    let books = books().into_iter().chain([crate::load::book()]);
    let told: BTreeSet<_> =
        books.flat_map(|book| book.stories).map(|story| story.name.to_owned()).collect();
    let missing: Vec<_> = told.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&told).collect();
    assert!(missing.is_empty(), "docs/failures.md does not name {missing:#?}");
    assert!(unknown.is_empty(), "docs/failures.md names what nobody tells: {unknown:#?}");
}
