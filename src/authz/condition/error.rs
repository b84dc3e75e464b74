//! Why a condition is not understood, and where.

use std::fmt;

use thiserror::Error;

use super::{MAX_LENGTH, VERSION};
use crate::authz::breaks_line;

/// Most characters of a line that [`excerpt`] shows on either side of a place.
const EXCERPT_SIDE: usize = 60;

/// Most characters of the condition's own text that a message repeats.
const MAX_QUOTED: usize = 60;

/// Why a condition is not understood. It then never grants and always counts for a deny
/// (semantics §4.5).
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParseConditionError {
    /// The text is not a condition as Azure documents it.
    #[error("{place}: {message}")]
    Syntax {
        /// Where reading stopped.
        place: Place,
        /// What was expected there, or what to write instead.
        message: String,
    },
    /// Longer than Azure stores; this many bytes.
    #[error(
        "the condition has {0} bytes, more than the {MAX_LENGTH} that Azure allows; shorten it"
    )]
    TooLong(usize),
    /// Another `conditionVersion`, or none.
    #[error(
        "{}; write `\"conditionVersion\": \"{VERSION}\"`",
        .0.as_ref().map_or_else(
            || "the condition has no `conditionVersion`".to_owned(),
            |v| format!("`conditionVersion` is {}, which is not understood", quoted(v)),
        )
    )]
    Version(Option<String>),
}

impl ParseConditionError {
    /// Where in the text the problem is; none when it is the whole condition's.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Syntax { place, .. } => Some(*place),
            Self::TooLong(_) | Self::Version(_) => None,
        }
    }
}

/// A place in a condition's text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Bytes before it.
    pub offset: usize,
    /// Its line, from 1; none when the text has one line only.
    pub line: Option<usize>,
    /// Its character within the line, from 1. Unicode scalar values are counted.
    pub column: usize,
}

impl Place {
    /// The place `offset` bytes into `text`; past the end, or within a character, the next one that
    /// is a place.
    pub(super) fn new(text: &str, offset: usize) -> Self {
        let before = (offset..=text.len()).find_map(|end| text.get(..end)).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        let line = text.contains('\n').then(|| before.matches('\n').count() + 1);
        Self { offset: before.len(), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        write!(f, "character {}", self.column)
    }
}

/// The line of `text` that `place` is in, cut to a bounded width, and below it a caret.
pub(super) fn excerpt(text: &str, place: Place) -> String {
    let number = place.line.unwrap_or(1).saturating_sub(1);
    let line: Vec<char> = text
        .split('\n')
        .nth(number)
        .unwrap_or_default()
        .trim_end_matches('\r')
        .chars()
        .map(|c| if breaks_line(c) { ' ' } else { c })
        .collect();
    let at = place.column.saturating_sub(1).min(line.len());
    let start = at.saturating_sub(EXCERPT_SIDE);
    let shown: String = line.iter().skip(start).take(at - start + EXCERPT_SIDE).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if at + EXCERPT_SIDE < line.len() { "…" } else { "" };
    let indent = before.chars().count() + at - start;
    format!("{before}{shown}{after}\n{:indent$}^", "")
}

/// `text` in backticks, on one line and cut to a bounded length.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = text.chars().take(MAX_QUOTED).flat_map(printable).collect::<String>();
    if text.chars().nth(MAX_QUOTED).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// A character as it may stand on a line of a log.
fn printable(c: char) -> Vec<char> {
    if breaks_line(c) { c.escape_debug().collect() } else { vec![c] }
}

/// What the lexer and the parser find wrong: the byte offset, and the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    pub(super) fn in_text(self, text: &str) -> ParseConditionError {
        ParseConditionError::Syntax { place: Place::new(text, self.at), message: self.message }
    }
}
