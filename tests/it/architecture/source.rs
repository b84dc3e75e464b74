//! Reads the repository's files as text: enough of Rust to see what a file imports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One file of the repository.
pub(crate) struct SourceFile {
    /// Below the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    /// Reads the file at `path` below the repository's root.
    pub(crate) fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(repository().join(path)).expect(path);
        Self { path: path.to_owned(), text }
    }

    /// `src/authz/scope.rs` is `authz::scope`.
    pub(crate) fn module(&self) -> String {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        path.strip_suffix(".rs").unwrap_or(path).replace('/', "::")
    }

    /// Holds unit tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The text without comments and without inline test modules. A module ends at the first `}`
    /// at the start of a line, which rustfmt guarantees.
    pub(crate) fn production_code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines().peekable();
        while let Some(line) = lines.next() {
            let next = lines.peek().map_or("", |next| next.trim_start());
            if line == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{') {
                lines.by_ref().find(|line| *line == "}");
            } else if !line.trim_start().starts_with("//") {
                code.push_str(line.split(" // ").next().unwrap_or(line));
                code.push('\n');
            }
        }
        code
    }
}

/// The repository's root.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file with this extension below `folder`, sorted; none if there is no such folder.
pub(crate) fn files_below(folder: &str, extension: &str) -> Vec<SourceFile> {
    let mut folders = vec![repository().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a folder is readable").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    read_all(found, extension)
}

/// The documents: those at the root, and those in `docs/`.
pub(crate) fn documents() -> Vec<SourceFile> {
    let root = std::fs::read_dir(repository()).expect("the root is readable");
    let root = root.map(|entry| entry.expect("the root is readable").path());
    let mut documents = read_all(root.filter(|path| path.is_file()).collect(), "md");
    documents.extend(files_below("docs", "md"));
    documents
}

fn read_all(mut paths: Vec<PathBuf>, extension: &str) -> Vec<SourceFile> {
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    let below = |path: &Path| path.strip_prefix(repository()).expect("it is below").to_owned();
    paths.iter().map(|path| SourceFile::read(&below(path).to_string_lossy())).collect()
}

/// The paths below the crate root that `code` of `module` names, through `crate::`, through the
/// crate's own name in programs, and through as many `super::` as lead to the root.
pub(crate) fn crate_paths(module: &str, code: &str) -> BTreeSet<String> {
    let to_root = "super::".repeat(module.split("::").count());
    let mut paths = BTreeSet::new();
    for start in ["crate::", "kubentra::", &to_root] {
        for (at, _) in code.match_indices(start) {
            let before = code.get(..at).and_then(|text| text.chars().next_back());
            if !before.is_some_and(|c| is_name(c) || c == ':') {
                expand("", &mut code.get(at + start.len()..).unwrap_or_default(), &mut paths);
            }
        }
    }
    paths
}

/// Adds every path of one use tree: `a::{b, c::D}` has `a::b` and `a::c::D`.
fn expand(prefix: &str, rest: &mut &str, paths: &mut BTreeSet<String>) {
    let mut path = prefix.to_owned();
    loop {
        *rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            *rest = group;
            while !rest.trim_start().starts_with('}') && !rest.is_empty() {
                expand(&path, rest, paths);
                *rest = rest.trim_start().strip_prefix(',').unwrap_or_else(|| after_name(rest));
            }
            *rest = rest.trim_start().strip_prefix('}').unwrap_or(rest);
            return;
        }
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !path.is_empty() && !name.is_empty() {
            path.push_str("::");
        }
        path.push_str(name);
        *rest = after;
        match rest.strip_prefix("::") {
            Some(deeper) if !name.is_empty() => *rest = deeper,
            _ => break,
        }
    }
    paths.insert(path);
}

/// Skips what stands between a path and the next comma, such as `as Other` or `*`.
fn after_name(rest: &str) -> &str {
    let end = rest.find([',', '}']).unwrap_or(rest.len());
    let rest = rest.get(end..).unwrap_or_default();
    rest.strip_prefix(',').unwrap_or(rest)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns true if `name` occurs in `code` at the start of a word.
pub(crate) fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(is_name)
    })
}

/// The keys of one section of a manifest.
pub(crate) fn keys_of_section(manifest: &str, heading: &str) -> BTreeSet<String> {
    let section = manifest.lines().skip_while(|line| *line != heading).skip(1);
    let lines = section.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.to_owned()).collect()
}

/// What stands in backticks in the first column of the tables below one heading.
pub(crate) fn first_column_of_section(markdown: &str, heading: &str) -> BTreeSet<String> {
    let section = markdown.lines().skip_while(|line| *line != heading).skip(1);
    let rows = section.take_while(|line| !line.starts_with("## ")).filter_map(|line| {
        let (first, _) = line.strip_prefix("| ")?.split_once(" |")?;
        Some(first)
    });
    rows.flat_map(|first| first.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// The rules that have a heading of their own: `4` and `4.2`.
pub(crate) fn rule_headings(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    headings.filter_map(|line| line.split_once('§')).filter_map(|(_, rest)| rule(rest)).collect()
}

/// The rules cited after the word `semantics`, also in chains such as `semantics §4.1, §4.2`.
pub(crate) fn cited_rules(text: &str) -> BTreeSet<String> {
    let mut cited = BTreeSet::new();
    for (at, word) in text.match_indices("semantics §") {
        let mut rest = text.get(at + word.len()..).unwrap_or_default();
        while let Some(number) = rule(rest) {
            rest = rest.get(number.len()..).unwrap_or_default();
            cited.insert(number);
            let joints = [", §", " and §", "–§", "-§", " to §", " or §", "/§", "; §"];
            match joints.iter().find_map(|joint| rest.strip_prefix(joint)) {
                Some(next) => rest = next,
                None => break,
            }
        }
    }
    cited
}

/// The number at the start of `text`, such as `4` or `4.2`; a letter after it is a part of a rule.
fn rule(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text.get(..end)?.trim_end_matches('.');
    (!number.is_empty()).then(|| number.to_owned())
}

#[test]
fn imports_are_found_in_every_notation() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[&str], &str)] = &[
        ("authz", "use crate::wire::arm::Role;", &["wire::arm::Role"], "a plain import"),
        ("authz", "use crate::{wire::{arm, oidc as o}, clock::*};", &["clock", "wire::arm", "wire::oidc"], "a tree"),
        ("authz", "let x = crate::wire::read::<u8>(y);", &["wire::read"], "a path in code"),
        ("authz", "use super::wire;", &["wire"], "the root by super"),
        ("authz::scope", "use super::wire;", &[], "super is still the module itself"),
        ("authz::scope", "use super::super::wire;", &["wire"], "two steps up are the root"),
        ("main", "kubentra::cli::run()", &["cli::run"], "a program names the crate"),
        ("authz", "pub(crate) fn f() {}", &[], "visibility is no import"),
    ];
    for (module, code, expected, why) in cases {
        let found: Vec<String> = crate_paths(module, code).into_iter().collect();
        assert_eq!(found, *expected, "{why}: {code}");
    }
}

#[test]
fn test_modules_and_comments_are_no_production_code() {
    let text = "use a;\n/// doc\n#[cfg(test)]\nmod tests {\n    use b;\n}\nuse c; // why\n";
    let file = SourceFile { path: "src/x.rs".to_owned(), text: text.to_owned() };
    assert_eq!(file.production_code(), "use a;\nuse c;\n");
}

#[test]
fn citations_are_read_one_by_one_and_in_chains() {
    let text = "semantics §4.1, §4.2 and §8; see semantics §2.4a. §9.9 is of another page";
    let found: Vec<String> = cited_rules(text).into_iter().collect();
    assert_eq!(found, ["2.4", "4.1", "4.2", "8"]);
}
