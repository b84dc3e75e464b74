//! The tour for people, step by step.
//!
//! A reason is longer than a terminal is wide, so it stands in a line of its own below its row.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::{Report, seconds};
use crate::cli::answer::colored;
use crate::demo::company::{CAST, CLUSTER, GROUPS};
use crate::demo::layout::block;
use crate::demo::{AccessAnswer, Change, Demo, Latency, Outcome, TokenAnswer, TokenResult};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();

/// Columns before the second one of most tables: blanks, a name, blanks.
const SECOND: usize = 13;
/// Width of the longest command, and blanks.
const WANTS: usize = 40;
/// Width of the longest description of a token, and blanks.
const TOKEN: usize = 25;
/// Width of the longest word for what came of a token, and blanks.
const RESULT: usize = 15;
/// Columns before the third one of the table of tokens.
const THIRD: usize = 2 + TOKEN + RESULT;

/// What was started, and who is who.
pub(super) fn opening(demo: &Demo, width: usize) -> String {
    let pid = demo.emulator_pid().map_or_else(String::new, |pid| format!(", process {pid}"));
    let about = "sign-in by Entra, access by Azure RBAC, all of it on this machine";
    let mut text = heading("kubentra demo", about);
    for (name, value, note) in [
        ("authority", demo.authority_url(), &*format!("kubentra-emulator plays Entra{pid}")),
        ("webhook", &demo.webhook_url(), "asked over mutual TLS, as the API server asks"),
        ("policy", &demo.folder().join("policy").to_string_lossy(), "Azure's own documents"),
        ("cluster", "written `cluster` in the reasons below; its id is", ""),
    ] {
        let note = if note.is_empty() { String::new() } else { format!("   {}", dim(note)) };
        let _ = writeln!(text, "  {name:<11}{value}{note}");
    }
    text.push_str(&block(CLUSTER, SECOND, width, DIM));
    text.push('\n');
    for (name, words) in CAST {
        let _ = writeln!(text, "  {name:<11}{}", dim(words));
    }
    text
}

/// Step 1.
pub(super) fn tokens(answers: &[TokenAnswer], width: usize) -> String {
    let what = format!("{} TokenReviews with tokens minted just now", answers.len());
    let mut text = heading("1. Who is this?", &what);
    let head = format!("{:<TOKEN$}{:<RESULT$}user name, groups", "token of", "answer");
    let _ = writeln!(text, "  {}", dim(&head));
    for answer in answers {
        let TokenAnswer { who, note, result, username, groups, error, expected } = answer;
        let color = match result {
            TokenResult::Authenticated => AnsiColor::Green,
            TokenResult::Refused => AnsiColor::Red,
            TokenResult::NotOurs => AnsiColor::Yellow,
        };
        let token = if note.is_empty() { (*who).to_owned() } else { format!("{who}, {note}") };
        let gap = RESULT.saturating_sub(result.word().len());
        let result = colored(result.word(), color);
        let groups = groups.iter().map(|group| group_name(group));
        let lines = username.iter().cloned().chain(groups).chain(error.clone());
        let rest: String = lines.map(|line| block(&line, THIRD, width, Style::new())).collect();
        // The first of them stands beside the answer.
        let rest = rest.trim();
        let _ = writeln!(text, "  {token:<TOKEN$}{result}{:gap$}{rest}", "");
        text.push_str(&difference(expected.as_deref(), THIRD, width));
    }
    text
}

/// Step 2. A blank line parts the people.
pub(super) fn decisions(answers: &[AccessAnswer], width: usize) -> String {
    let what = "SubjectAccessReviews with the user, groups and extra of step 1";
    let mut text = heading("2. May they?", &format!("{} {what}", answers.len()));
    let head = format!("{:<11}{:<WANTS$}decision, and why below", "who", "wants");
    let _ = writeln!(text, "  {}", dim(&head));
    let mut before = None;
    for answer in answers {
        let AccessAnswer { who, wants, decision, .. } = answer;
        if before.replace(*who).is_some_and(|before| before != *who) {
            text.push('\n');
        }
        let _ = writeln!(text, "  {who:<11}{wants:<WANTS$}{}", word(*decision));
        text.push_str(&why(answer, width));
    }
    text
}

/// Step 3, first half.
pub(super) fn grant(change: &Change, width: usize) -> String {
    let about = "a file is written, then removed; alice asks until the answer turns";
    heading("3. Grant and revoke", about) + &turned("written", change, width)
}

/// Step 3, second half.
pub(super) fn revoke(change: &Change, width: usize) -> String {
    format!("\n{}", turned("removed", change, width))
}

fn turned(verb: &str, change: &Change, width: usize) -> String {
    let Change { file, milliseconds, answer } = change;
    let AccessAnswer { who, wants, decision, .. } = answer;
    let decision = word(*decision);
    format!(
        "  {verb:<11}{file}\n  {who:<11}{wants:<WANTS$}{decision}, {BOLD}{milliseconds} ms{BOLD:#} later\n{}",
        why(answer, width)
    )
}

/// Step 4.
pub(super) fn latency(latency: &Latency, width: usize) -> String {
    let Latency { reviews, p50_microseconds, p99_microseconds } = latency;
    let about = "the reviews of step 2 again, one after the other on one connection";
    let mut text = heading("4. How fast?", about);
    let _ = writeln!(
        text,
        "  {reviews} reviews: half of them within {BOLD}{p50_microseconds} µs{BOLD:#}, 99 of 100 within \
         {BOLD}{p99_microseconds} µs{BOLD:#}"
    );
    let build = if cfg!(debug_assertions) { "; this is a debug build" } else { "" };
    let with = format!("from the question to the answer: TLS, HTTP and JSON of both sides{build}");
    text + &block(&with, 2, width, DIM)
}

/// Whether all was as expected.
pub(super) fn closing(report: &Report, took: Duration) -> String {
    let all = report.expectations().count();
    let wrong = report.expectations().flatten().count();
    let took = seconds(took);
    let line = if wrong == 0 {
        colored(&format!("{all} answers, all as expected"), AnsiColor::Green)
    } else {
        colored(&format!("{wrong} of {all} answers are not as expected, see above"), AnsiColor::Red)
    };
    format!("\n{line}, in {took}\n")
}

/// What to do next.
pub(super) fn next() -> String {
    let mut text = heading("Next", "");
    for (command, what) in [
        ("make demo KEEP=1", "the same, left running, with commands to try"),
        ("demos/company/", "the users, groups and policy that you just saw"),
        ("docs/semantics.md", "the rules, one by one"),
        ("kubentra init --help", "set up a cluster of your own"),
    ] {
        let _ = writeln!(text, "  {command:<22}{}", dim(what));
    }
    text
}

/// The reason, below its row, and what was expected if it was something else.
fn why(answer: &AccessAnswer, width: usize) -> String {
    let reason = answer.reason.replace(CLUSTER, "cluster");
    block(&reason, SECOND, width, DIM) + &difference(answer.expected.as_deref(), SECOND, width)
}

fn difference(expected: Option<&str>, indent: usize, width: usize) -> String {
    let line = |expected| block(&format!("EXPECTED {expected}"), indent, width, RED);
    expected.map_or_else(String::new, line)
}

fn word(outcome: Outcome) -> String {
    let color = match outcome {
        Outcome::Allow => AnsiColor::Green,
        Outcome::Deny | Outcome::NotAsked => AnsiColor::Red,
        Outcome::NoOpinion => AnsiColor::Yellow,
    };
    colored(outcome.word(), color)
}

fn group_name(id: &str) -> String {
    let name = GROUPS.iter().find(|(group, _)| *group == id);
    name.map_or_else(|| id.to_owned(), |(_, name)| format!("{id} ({name})"))
}

/// A blank line, and a title with what it is about.
pub(super) fn heading(title: &str, about: &str) -> String {
    let about = if about.is_empty() { String::new() } else { format!("  {}", dim(about)) };
    format!("\n{BOLD}{title}{BOLD:#}{about}\n\n")
}

fn dim(text: &str) -> String {
    format!("{DIM}{text}{DIM:#}")
}
