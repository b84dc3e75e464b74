//! How the tour looks.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use kubentra::demo::company::{CAST, CLUSTER, GRANT_FILE, GROUPS};
use kubentra::demo::layout::block;

use super::steps::{Attempt, Change, Someone};
use crate::kubectl::Outcome;
use crate::metrics::Latency;
use crate::plane::Plane;

const WIDTH: usize = 100;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Columns before the command, and before what stands below it.
const COMMAND: usize = 13;
const BELOW: usize = COMMAND + 14;
/// Lines of kubectl's output that are shown.
const SHOWN: usize = 3;
/// Width of the longest description of a token, and blanks.
const TOKEN: usize = 25;

fn heading(title: &str, about: &str) -> String {
    format!("\n{BOLD}{title}{BOLD:#}  {DIM}{about}{DIM:#}\n\n")
}

pub(super) fn opening(plane: &Plane) -> String {
    let version = &plane.programs.version;
    let about = "a real control plane on this machine, and kubectl";
    let mut text = heading("kubentra cluster demo", about);
    for (name, value) in [
        ("API server", format!("{} at {}", version, plane.server())),
        ("set up by", "kubeadm, with the files that `kubentra init` wrote, unchanged".to_owned()),
        ("Entra", "played by kubentra-emulator, which gives everybody a token".to_owned()),
        ("Azure RBAC", format!("{}: Azure's own documents", plane.policy().display())),
        ("cluster", "stands in the reasons below for its Azure id,".to_owned()),
    ] {
        let _ = writeln!(text, "  {name:<11}{value}");
    }
    text.push_str(&block(CLUSTER, COMMAND, WIDTH, DIM));
    text.push('\n');
    for (name, words) in CAST {
        let _ = writeln!(text, "  {name:<11}{DIM}{words}{DIM:#}");
    }
    text
}

/// Step 1.
pub(super) fn people(people: &[Someone]) -> String {
    let about = "kubectl auth whoami, each with a token of their own";
    let mut text = heading("1. Who is it?", about);
    let _ = writeln!(text, "  {DIM}{:<TOKEN$}the API server says{DIM:#}", "token of");
    for Someone { token, username, groups, as_expected } in people {
        let groups: Vec<_> = groups.iter().map(|group| group_name(group)).collect();
        let of = if groups.is_empty() {
            String::new()
        } else {
            format!(", in {}", groups.join(" and "))
        };
        let said = match username {
            Some(name) => format!("{GREEN}{name}{GREEN:#}{of}"),
            None => format!("{RED}Unauthorized{RED:#}"),
        };
        let _ = writeln!(text, "  {token:<TOKEN$}{said}{}", unexpected(*as_expected));
    }
    text
}

pub(super) fn head_of_attempts(count: usize) -> String {
    let about = format!("{count} commands; below each, what kubectl printed, and why");
    heading("2. What may they do?", &about)
}

/// One command.
pub(super) fn attempt(attempt: &Attempt) -> String {
    let Attempt { who, command, result, printed, because, as_expected } = attempt;
    let (word, style) = match result {
        Outcome::Works => ("works", GREEN),
        Outcome::Forbidden => ("forbidden", RED),
        Outcome::Unauthorized => ("unauthorized", RED),
        Outcome::InternalError | Outcome::Fails => ("error", YELLOW),
    };
    let mut text = format!("  {who:<11}{BOLD}{command}{BOLD:#}{}\n", unexpected(*as_expected));
    let mut shown: String = printed.iter().take(SHOWN).map(|line| below(line, DIM)).collect();
    if printed.len() > SHOWN {
        shown.push_str(&below(&format!("… {} more lines", printed.len() - SHOWN), DIM));
    }
    let _ = write!(text, "{:COMMAND$}{style}{word:<12}{style:#}  {}", "", shown.trim_start());
    if !because.is_empty() {
        let why = below(because, Style::new());
        let _ = write!(text, "{:COMMAND$}{:<12}  {}", "", "because", why.trim_start());
    }
    text.push('\n');
    text
}

fn below(line: &str, style: Style) -> String {
    if line.len() <= WIDTH - BELOW {
        // A table keeps its columns.
        return format!("{:BELOW$}{style}{line}{style:#}\n", "");
    }
    block(line, BELOW, WIDTH, style)
}

pub(super) fn head_of_changes() -> String {
    heading(
        "3. Grant and revoke",
        "a file is written, then removed; alice tries until kubectl says otherwise",
    )
}

pub(super) fn change(change: &Change) -> String {
    let Change { done, took, attempt: tried } = change;
    format!(
        "  {done:<11}{GRANT_FILE}\n{}",
        attempt(tried).replacen(
            '\n',
            &format!("   {DIM}{:.1} s later{DIM:#}\n", took.as_secs_f64()),
            1
        )
    )
}

pub(super) fn head_of_failure() -> String {
    heading("4. And if kubentra is down?", "kill -9; the last line is after the restart")
}

pub(super) fn latency(latency: &Latency) -> String {
    let Latency { reviews, mean, p50, p99 } = latency;
    let about = "what the API server measured of its questions to kubentra";
    heading("5. How fast?", about)
        + &format!(
            "  {reviews} questions, none asked before: {BOLD}{mean:.1} ms{BOLD:#} on average, half of \
             them {p50}, 99 of 100 {p99}\n"
        )
}

pub(super) fn closing(all: usize, wrong: usize, took: Duration) -> String {
    let took = took.as_secs_f64();
    if wrong == 0 {
        return format!("\n{GREEN}{all} answers, all as expected{GREEN:#}, in {took:.0} s\n");
    }
    format!("\n{RED}{wrong} of {all} answers are not as expected{RED:#}, in {took:.0} s\n")
}

/// What is left running.
pub(super) fn kept(plane: &Plane) -> String {
    let folder = plane.folder();
    let mut text = heading("Try it", "in another shell; each works as it stands");
    let kubectl = plane.programs.kubectl.parent().unwrap();
    let kubentra = std::path::Path::new(env!("CARGO_BIN_EXE_kubentra")).parent().unwrap();
    let _ = writeln!(text, "export KUBECONFIG={}", folder.join("kubeconfig").display());
    let _ = writeln!(text, "export PATH={}:{}:$PATH", kubectl.display(), kubentra.display());
    let config = plane.entra_folder().join("config.yaml");
    let _ = writeln!(text, "export KUBENTRA_CONFIG={}", config.display());
    for (what, command) in [
        (
            "what alice sees: the contexts are alice, bob, carol, vault and stray-vault",
            "kubectl --context alice get pods -n shop".to_owned(),
        ),
        ("what she does not", "kubectl --context alice get secrets -n shop".to_owned()),
        (
            "the same policy without a cluster",
            "kubentra who-can delete pods -n payments".to_owned(),
        ),
        (
            "take alice's role away: at most eleven seconds later she is refused",
            format!(
                "rm {}",
                plane.policy().join("roleAssignments/alice-reader-in-shop.json").display()
            ),
        ),
        (
            "break glass: members of system:masters need nobody's permission",
            format!(
                "kubectl --kubeconfig {} get pods -A",
                plane.kubeadm_config("super-admin.conf").display()
            ),
        ),
    ] {
        let _ = writeln!(text, "\n# {what}\n{command}");
    }
    let _ = writeln!(text, "\nIt runs until Ctrl-C, and is gone then. Tokens last a day.");
    text
}

fn group_name(id: &str) -> String {
    let known = GROUPS.iter().find(|(group, _)| *group == id);
    known.map_or_else(|| id.to_owned(), |(_, name)| (*name).to_owned())
}

fn unexpected(as_expected: bool) -> String {
    if as_expected { String::new() } else { format!("   {RED}not as expected{RED:#}") }
}
