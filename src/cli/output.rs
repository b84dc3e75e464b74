//! Where results go: standard output, as text or JSON.

use std::io::{self, Write as _};

use clap::{Args, ValueEnum};
use comfy_table::Table;
use serde::Serialize;

use super::error::CommandError;
use crate::authz::{ClusterScope, Scope};

/// `-o text|json`, for every command that prints a result.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct OutputArgs {
    /// How the result is printed: for people or for programs
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) output: Format,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    // Plain comments: documentation of the values would double the length of every `--help`.
    // For people.
    #[default]
    Text,
    // For programs.
    Json,
}

/// Prints `text`, which ends with a line feed or is empty. Styles in it are left out unless
/// standard output is a terminal, and where `NO_COLOR` is set.
///
/// # Errors
///
/// [`CommandError::Write`], for instance on a full disk. A closed pipe is no error: the reader has
/// what it wants, and the exit status is still the answer.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = anstream::stdout().lock();
    forgive_closed_pipe(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Prints `value` as indented JSON and a line feed.
///
/// # Errors
///
/// As [`print`], and if `value` has no JSON form.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let mut text = serde_json::to_string_pretty(value).map_err(CommandError::unreadable)?;
    text.push('\n');
    print(&text)
}

/// A scope for people: one in the cluster begins with the word `cluster` instead of its long id.
pub(crate) fn scope(scope: &str, cluster: &ClusterScope) -> String {
    let parsed = scope.parse::<Scope>();
    if !parsed.is_ok_and(|parsed| cluster.id().contains(&parsed)) {
        return scope.to_owned();
    }
    let above = cluster.id().as_str().trim_end_matches('/').split('/').count();
    let below = scope.split('/').skip(above).filter(|segment| !segment.is_empty());
    std::iter::once("cluster").chain(below).collect::<Vec<_>>().join("/")
}

/// Lays out rows in columns as wide as they need, two blanks apart, below a header.
///
/// A column with nothing in it is left out.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let used = |column: &usize| rows.iter().filter_map(|r| r.get(*column)).any(|c| !c.is_empty());
    let columns: Vec<_> = (0..N).filter(used).collect();
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(columns.iter().filter_map(|&column| header.get(column)));
    table.add_rows(rows.iter().map(|row| columns.iter().filter_map(|&column| row.get(column))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Prints a remark on standard error: not an error, and no part of the result.
pub(crate) fn note(text: &str) {
    // Standard error is the last resort: if it is gone, so is the remark.
    let _ = writeln!(anstream::stderr(), "note: {text}");
}

fn forgive_closed_pipe(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Write(error)),
        _ => Ok(()),
    }
}
