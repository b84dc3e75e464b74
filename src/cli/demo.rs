//! `kubentra demo`: a tour of the whole on loopback.

mod keep;
mod text;

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use crate::clock::Now;
use crate::demo::{AccessAnswer, Change, Demo, Latency, TokenAnswer};
use crate::server::stop::Signals;
use crate::telemetry::{self, LogFormat};
use keep::Kept;

/// Columns of the tour unless the terminal's are known; piped output has them too.
const WIDTH: usize = 100;
/// Narrower, and the columns of a table no longer stand beside each other.
const MIN_WIDTH: usize = 80;
/// Wider, and lines become hard to follow.
const MAX_WIDTH: usize = 120;

/// Shown below `kubentra demo --help`.
const EXIT_STATUS: &str = "\
Needs the program kubentra-emulator: `cargo build --features emulator --bins` builds both. Listens on \
127.0.0.1 only, on free ports, and writes to a new folder for temporary files.

Exit status: 0 every answer was the expected one, 1 one was not, 3 wrong usage, 4 the demo cannot \
start or broke off.";

/// Start a company, an authority and a webhook on this machine, and give a tour
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct DemoArgs {
    /// Leave it running after the tour, until Ctrl-C, with commands to try; keeps its folder
    #[arg(long)]
    keep: bool,
    /// The program that plays Entra, if it is not the one beside this program
    #[arg(long, env = "KUBENTRA_EMULATOR", value_name = "FILE")]
    emulator: Option<PathBuf>,
    /// Columns that the text may take, 80 to 120; 100 if it is not given
    #[arg(long, env = "COLUMNS", hide_env_values = true, value_name = "NUMBER")]
    #[arg(value_parser = width, default_value = "", hide_default_value = true)]
    width: usize,
    #[command(flatten)]
    output: OutputArgs,
}

/// The tour as data: what `-o json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether every answer was the expected one.
    passed: bool,
    tokens: Vec<TokenAnswer>,
    decisions: Vec<AccessAnswer>,
    grant: Change,
    revoke: Change,
    latency: Latency,
    /// What is left running, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
}

/// Gives the tour; exit status 1 if an answer was not the expected one.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode, CommandError> {
    telemetry::init("error", LogFormat::Text).map_err(CommandError::unreadable)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::unreadable)?;
    runtime.block_on(demo(args))
}

/// The tour between start and stop. A signal ends it at any moment; whatever was started ends with it.
async fn demo(args: &DemoArgs) -> Result<ExitCode, CommandError> {
    let mut signals = Signals::catch().map_err(CommandError::unreadable)?;
    let interrupted = || CommandError::unreadable("stopped before the end of the tour");
    let mut demo = tokio::select! {
        demo = Demo::start(args.emulator.as_deref()) => demo.map_err(CommandError::unreadable)?,
        _ = signals.next() => return Err(interrupted()),
    };
    let toured = tokio::select! {
        toured = tour(&mut demo, args) => toured,
        _ = signals.next() => Err(interrupted()),
    };
    if toured.is_ok() && args.keep {
        signals.next().await;
    }
    demo.stop().await;
    Ok(if toured? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Takes the four steps, prints each as it is taken, and says whether all was as expected.
async fn tour(demo: &mut Demo, args: &DemoArgs) -> Result<bool, CommandError> {
    let began = Now::read().monotonic;
    let print = |text: String| match args.output.output {
        Format::Text => output::print(&text),
        Format::Json => Ok(()),
    };
    let wrong = CommandError::unreadable;

    print(text::opening(demo, args.width))?;
    let tokens = demo.tokens().await.map_err(wrong)?;
    print(text::tokens(&tokens, args.width))?;
    let decisions = demo.decisions().await.map_err(wrong)?;
    print(text::decisions(&decisions, args.width))?;
    let grant = demo.grant().await.map_err(wrong)?;
    print(text::grant(&grant, args.width))?;
    let revoke = demo.revoke().await.map_err(wrong)?;
    print(text::revoke(&revoke, args.width))?;
    let latency = demo.measure().await.map_err(wrong)?;
    print(text::latency(&latency, args.width))?;

    let mut report = Report { passed: true, tokens, decisions, grant, revoke, latency, kept: None };
    let differences = report.expectations().flatten().count();
    report.passed = differences == 0;
    print(text::closing(&report, began.elapsed()))?;
    if args.keep {
        demo.keep_folder();
        let kept = Kept::new(demo);
        print(keep::text(&kept))?;
        report.kept = Some(kept);
    } else {
        print(text::next())?;
    }
    if args.output.output == Format::Json {
        output::print_json(&report)?;
    }
    Ok(report.passed)
}

impl Report {
    /// For every answer, what was expected instead of it.
    fn expectations(&self) -> impl Iterator<Item = Option<&str>> {
        let tokens = self.tokens.iter().map(|answer| &answer.expected);
        let changes = [&self.grant, &self.revoke].map(|change| &change.answer.expected);
        let decisions = self.decisions.iter().map(|answer| &answer.expected);
        tokens.chain(decisions).chain(changes).map(|expected| expected.as_deref())
    }
}

/// Reads a number of columns. What is none counts as not given: it comes from the shell.
fn width(text: &str) -> Result<usize, Infallible> {
    Ok(text.parse().unwrap_or(WIDTH).clamp(MIN_WIDTH, MAX_WIDTH))
}

/// A time in seconds, to a tenth.
fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_never_refused() {
        for (text, expected) in
            [("", 100), ("wide", 100), ("0", 80), ("90", 90), ("400", 120), ("-1", 100)]
        {
            assert_eq!(width(text), Ok(expected), "{text}");
        }
    }
}
