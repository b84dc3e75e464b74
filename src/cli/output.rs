//! Where results go: standard output, as text or JSON.

use std::io::{self, Write as _};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::error::CommandError;

/// `-o text|json`, for every command that prints a result.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputArgs {
    /// How the result is printed
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value_t)]
    pub output: Format,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Prints `text`, which ends with a line feed or is empty. Styles in it are left out unless
/// standard output is a terminal, and where `NO_COLOR` is set.
///
/// # Errors
///
/// [`CommandError::Write`], for instance on a full disk. A closed pipe is no error: the reader has
/// what it wants, and the exit status is still the answer.
pub fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = anstream::stdout().lock();
    forgive_closed_pipe(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Prints `value` as indented JSON and a line feed.
///
/// # Errors
///
/// As [`print`], and if `value` has no JSON form.
pub fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let mut text = serde_json::to_string_pretty(value).map_err(CommandError::unreadable)?;
    text.push('\n');
    print(&text)
}

fn forgive_closed_pipe(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Write(error)),
        _ => Ok(()),
    }
}
