//! A decision as people see it: a word with a colour, and an exit status.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

use crate::authz::Decision;

/// The answer in one word, coloured.
pub(super) fn word(decision: &Decision) -> String {
    let (word, color) = match decision {
        Decision::Allow(_) => ("yes", AnsiColor::Green),
        Decision::Deny(_) => ("no", AnsiColor::Red),
        Decision::NoOpinion(_) => ("no opinion", AnsiColor::Yellow),
    };
    colored(word, color)
}

/// `text` in a colour.
pub(super) fn colored(text: &str, color: AnsiColor) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{text}{style:#}")
}

/// 0 yes, 1 no, 2 no opinion.
pub(super) fn exit_status(decision: &Decision) -> ExitCode {
    ExitCode::from(match decision {
        Decision::Allow(_) => 0,
        Decision::Deny(_) => 1,
        Decision::NoOpinion(_) => 2,
    })
}
