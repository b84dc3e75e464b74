//! Holds the layers of ARCHITECTURE.md: one crate has no compiler to do it.
//!
//! Every module has a row in [`ROWS`]. A row may import only rows above it in the table, so there
//! are no cycles, and only those that it names. Unit tests are free in what they import.

pub(crate) mod source;

use source::{SourceFile, files_below, repository};
use std::collections::BTreeSet;

/// What one module may do.
struct Row {
    /// Path below the crate root. The row with the longest matching path holds for a file.
    module: &'static str,
    /// The rows, or parts of them, that it may import; itself always.
    imports: &'static [&'static str],
    /// Names that may not occur in its code.
    forbidden: &'static [&'static [&'static str]],
}

/// Waiting, the network and the server frameworks.
const ASYNC: &[&str] = &["tokio", "reqwest", "axum", "hyper", "tower", "moka", "rustls::"];
/// The outside world as the standard library offers it, the clock included.
const WORLD: &[&str] =
    &["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant::now"];
/// What only programs use.
const PROGRAM: &[&str] = &["clap", "anstream", "comfy_table", "tracing_subscriber"];
/// Answering HTTP is the server's business, and the emulator's.
const HTTP_SERVER: &[&str] = &["axum", "tower"];
/// Logging: a pure function has nobody to tell.
const LOGGING: &[&str] = &["tracing"];

const PURE: &[&[&str]] = &[ASYNC, WORLD, PROGRAM, LOGGING];
const TRANSLATOR: &[&[&str]] = &[ASYNC, WORLD, PROGRAM];
const ADAPTER: &[&[&str]] = &[HTTP_SERVER, PROGRAM];
const SERVICE: &[&[&str]] = &[HTTP_SERVER, PROGRAM];
const ANY: &[&[&str]] = &[];

/// Everything but the emulator and the commands themselves.
const WHOLE_PRODUCT: &[&str] = &[
    "app",
    "authn",
    "authz",
    "azure",
    "builtin",
    "clock",
    "config",
    "demo",
    "metrics",
    "policy_dir",
    "question",
    "review",
    "server",
    "service",
    "setup",
    "telemetry",
    "wire",
];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Leaves: small, known by many, knowing nobody.
    Row { module: "clock",      imports: &[], forbidden: ADAPTER },
    Row { module: "metrics",    imports: &[], forbidden: ADAPTER },
    Row { module: "telemetry",  imports: &[], forbidden: &[HTTP_SERVER] },
    // Layer 0: the pure core.
    Row { module: "authz",      imports: &[], forbidden: PURE },
    Row { module: "authn",      imports: &["authz"], forbidden: PURE },
    // Layer 1: translators, pure too.
    Row { module: "wire",       imports: &["authz", "authn"], forbidden: TRANSLATOR },
    Row { module: "review",     imports: &["authz", "authn"], forbidden: TRANSLATOR },
    Row { module: "builtin",    imports: &["authz", "wire"], forbidden: TRANSLATOR },
    Row { module: "question",   imports: &["authz", "authn", "wire", "review", "builtin"], forbidden: TRANSLATOR },
    // Layer 2: adapters to the outside.
    Row { module: "azure",      imports: &["authz", "authn", "wire", "clock"], forbidden: ADAPTER },
    Row { module: "policy_dir", imports: &["authz", "wire", "builtin", "clock"], forbidden: ADAPTER },
    // Layer 3: what owns state that changes.
    Row { module: "service",    imports: &["authz", "authn", "wire", "review", "azure", "policy_dir", "clock"], forbidden: SERVICE },
    // Layer 4: the program.
    Row { module: "config",     imports: &["authz", "authn", "azure", "builtin", "policy_dir", "review", "service", "wire"], forbidden: ADAPTER },
    Row { module: "server",     imports: &["authz", "authn", "review", "service", "config", "metrics", "clock", "telemetry"], forbidden: &[PROGRAM] },
    Row { module: "setup",      imports: &["authz", "azure", "config"], forbidden: ADAPTER },
    Row { module: "app",        imports: &["authz", "authn", "azure", "builtin", "policy_dir", "review", "service", "config", "server", "metrics", "telemetry", "clock"], forbidden: &[PROGRAM] },
    Row { module: "demo",       imports: &["authz", "azure", "config", "setup", "app", "clock"], forbidden: &[HTTP_SERVER, PROGRAM] },
    Row { module: "cli",        imports: WHOLE_PRODUCT, forbidden: ANY },
    // Plays Entra for the tests, so it may not share what they check: no verification, no decision.
    Row { module: "emulator",   imports: &["authz::principal", "authz::scope", "wire", "clock"], forbidden: ANY },
    Row { module: "lib",        imports: &[], forbidden: PURE },
    Row { module: "main",       imports: &["cli"], forbidden: &[HTTP_SERVER] },
    Row { module: "bin::kubentra-emulator", imports: &["emulator", "telemetry"], forbidden: &[HTTP_SERVER] },
];

/// More lines than this in one file, and nobody reads it whole.
const MAX_LINES: usize = 500;
/// The rule; a file may pass it for a while, and is then named in this test's output.
const USUAL_LINES: usize = 300;

fn row_of(module: &str) -> Option<&'static Row> {
    let holds = |row: &&Row| is_below(module, row.module);
    ROWS.iter().filter(holds).max_by_key(|row| row.module.len())
}

/// Whole segments only: `authz::scope` is below `authz`, `authzen` is not.
fn is_below(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn assert_none(problems: &BTreeSet<String>, rule: &str) {
    let lines: String = problems.iter().map(|p| format!("\n  {p}")).collect();
    assert!(problems.is_empty(), "{rule}:{lines}");
}

#[test]
fn every_module_has_a_row_and_every_row_a_module() {
    let modules: Vec<String> = files_below("src", "rs").iter().map(SourceFile::module).collect();

    let without = modules.iter().filter(|m| row_of(m).is_none()).cloned().collect();
    assert_none(&without, "give these modules a row in tests/it/architecture.rs");

    let stale = |row: &&Row| !modules.iter().any(|m| is_below(m, row.module));
    let stale = ROWS.iter().filter(stale).map(|row| row.module.to_owned()).collect();
    assert_none(&stale, "these rows are about no module: remove them");
}

#[test]
fn rows_point_only_to_rows_above_them() {
    let mut above: Vec<&str> = Vec::new();
    let mut upward = BTreeSet::new();
    for row in ROWS {
        for import in row.imports {
            if !above.iter().any(|module| is_below(import, module)) {
                upward.insert(format!("{} -> {import}", row.module));
            }
        }
        above.push(row.module);
    }
    assert_none(&upward, "a row may name only rows above it");
}

#[test]
fn imports_point_downward() {
    let mut upward = BTreeSet::new();
    for file in files_below("src", "rs").iter().filter(|file| !file.is_test()) {
        let module = file.module();
        let Some(row) = row_of(&module) else { continue };
        for path in source::crate_paths(&module, &file.production_code()) {
            let allowed = row.imports.iter().any(|import| is_below(&path, import));
            if !allowed && !is_below(&path, row.module) {
                upward.insert(format!("{} imports crate::{path}", file.path));
            }
        }
    }
    assert_none(&upward, "imports point downward only (the rows of tests/it/architecture.rs)");
}

#[test]
fn pure_modules_name_nothing_of_the_outside() {
    let mut found = BTreeSet::new();
    for file in files_below("src", "rs").iter().filter(|file| !file.is_test()) {
        let Some(row) = row_of(&file.module()) else { continue };
        let code = file.production_code();
        for name in row.forbidden.iter().copied().flatten() {
            if source::names(&code, name) {
                found.insert(format!("{} names `{name}`", file.path));
            }
        }
    }
    assert_none(&found, "these names belong to a higher layer");
}

#[test]
#[expect(clippy::print_stderr, reason = "long files are shown, and do not fail")]
fn files_stay_short_enough_to_read() {
    let mut long = BTreeSet::new();
    for file in code_files() {
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            long.insert(format!("{} has {lines} lines", file.path));
        } else if lines > USUAL_LINES {
            eprintln!("{} has {lines} lines, more than the usual {USUAL_LINES}", file.path);
        }
    }
    assert_none(&long, "split these files by subject, at 500 lines at the latest");
}

#[test]
fn cited_rules_exist() {
    let rules = std::fs::read_to_string(repository().join("docs/semantics.md"))
        .expect("docs/semantics.md is readable");
    let known = source::rule_headings(&rules);
    assert!(known.len() > 50, "docs/semantics.md lost its headings: found {}", known.len());

    let mut cites = code_files();
    cites.extend(files_below("tests", "yaml"));
    cites.extend(source::documents());
    let mut unknown = BTreeSet::new();
    for file in &cites {
        for rule in source::cited_rules(&file.text) {
            if !known.contains(&rule) {
                unknown.insert(format!("{} cites semantics §{rule}", file.path));
            }
        }
    }
    assert_none(&unknown, "no such rule in docs/semantics.md");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = SourceFile::read("Cargo.toml").text;
    let architecture = SourceFile::read("ARCHITECTURE.md").text;
    let used = source::keys_of_section(&manifest, "[dependencies]");
    let reasoned = source::first_column_of_section(&architecture, "## Dependencies");

    let without = used.difference(&reasoned).cloned().collect();
    assert_none(&without, "say in ARCHITECTURE.md what these crates are for");
    let gone = reasoned.difference(&used).cloned().collect();
    assert_none(&gone, "ARCHITECTURE.md names crates that Cargo.toml does not");
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let attributes = [concat!("#[", "allow"), concat!("#![", "allow")];
    let allows = |file: &SourceFile| attributes.iter().any(|a| file.text.contains(a));
    let found = code_files().into_iter().filter(allows).map(|file| file.path).collect();
    assert_none(&found, "write #[expect(lint, reason = \"…\")] in place of an allow");
}

fn code_files() -> Vec<SourceFile> {
    let folders = ["src", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"];
    folders.iter().flat_map(|folder| files_below(folder, "rs")).collect()
}
