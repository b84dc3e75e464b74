//! The command line: one file for each command, and what all of them share.
//!
//! A command is `pub(crate) struct XArgs` (clap) and `run(XArgs) -> Result<ExitCode, CommandError>`
//! in `cli/x.rs`, plus one line in `Command` and one in `run`. Commands are thin: they read
//! files, call the library and print.
//!
//! # What every command keeps to
//!
//! - Results go to standard output, errors to standard error as `error: …`.
//! - Exit status 0, 1 and 2 are answers; 3 and 4 are errors, so that an error
//!   is never taken for a decision.
//! - `-o json` wherever a result is printed (`output`); colour on a terminal only.
//! - A closed pipe ends the output and changes no exit status.

mod answer;
mod caller;
mod can_i;
mod check;
mod completions;
mod demo;
mod error;
mod explain;
mod init;
mod list;
mod output;
mod policy;
mod serve;
mod token;
mod who_can;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use error::CommandError;

/// Exit status for wrong usage. clap's own is 2, which is the answer "no opinion" here.
const USAGE: u8 = 3;

/// Exit status if configuration, policy or another input cannot be read, or the server cannot start.
const UNREADABLE: u8 = 4;

/// A Kubernetes webhook server that verifies Microsoft Entra tokens and decides access by Azure
/// RBAC, and the commands that ask the same policy without a server.
#[derive(Debug, Parser)]
#[command(name = "kubentra", version, max_term_width = 100)]
#[command(after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Shown below `kubentra --help`.
const EXIT_STATUS: &str = "\
Exit status: 0, 1 and 2 are answers (see each command), 3 is wrong usage, 4 is a configuration, a \
policy or another input that cannot be read.";

/// The commands, in the order of `--help`.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Check(check::CheckArgs),
    CanI(can_i::CanIArgs),
    Explain(explain::ExplainArgs),
    WhoCan(who_can::WhoCanArgs),
    List(list::ListArgs),
    Token(token::TokenArgs),
    Init(Box<init::InitArgs>),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
}

/// Hands the command to its file.
fn run(command: Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(args),
        Command::CanI(args) => can_i::run(args),
        Command::Explain(args) => explain::run(args),
        Command::WhoCan(args) => who_can::run(args),
        Command::List(args) => list::run(args),
        Command::Token(args) => token::run(args),
        Command::Init(args) => init::run(*args),
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Runs the program on the process's own arguments and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli.command).unwrap_or_else(|error| error.print()),
        Err(error) => {
            // `--help` and `--version` come here too. A closed pipe leaves nothing to say.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
        }
    }
}

/// Parses a whole command line, the program's name first.
fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(args)?;
    innermost(&matches).map_or(Ok(()), policy::refuse_two_sources)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The matches of the command itself, below the program's.
fn innermost(matches: &ArgMatches) -> Option<&ArgMatches> {
    std::iter::successors(matches.subcommand(), |(_, below)| below.subcommand())
        .last()
        .map(|(_, below)| below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
