//! Wire formats of Azure: text to a tree that knows its places, and the tree to the core's types.
//!
//! ```text
//! .json ──json──┐
//!               ├──▶ node::Node ──fields──▶ arm ──▶ authz types, each with its place
//! .yaml ──yaml──┘
//! ```
//!
//! Lenient on what is unknown or `null`, strict on meaning: a member that decides must have the
//! right type and make sense, and a [`Fault`] says at which line and column it does not, and what
//! to write instead. Nothing here reads a file or the clock.

use std::fmt;

use thiserror::Error;

pub mod arm;
mod fields;
pub mod json;
pub mod node;
pub mod oidc;
pub mod operations;
pub mod yaml;

use node::Node;

/// A place in a text: both numbers count from 1, and columns count characters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1; a tab is one.
    pub column: usize,
}

impl Place {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something wrong in a document, where it stands, and what to write instead.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{place}: {message}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, on one line.
    pub message: String,
}

impl Fault {
    /// A fault at `place`.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

/// Something read from a document, and where it stood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Located<T> {
    /// Where it began.
    pub place: Place,
    /// What it says.
    pub value: T,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// RFC 8259, nothing more.
    Json,
    /// YAML 1.2, one document.
    Yaml,
}

/// Reads `text` as one document.
///
/// # Errors
///
/// The first place where it is not of that format, says a name twice, holds more than one document
/// or none, or passes a limit of [`node`].
pub fn parse(text: &str, format: Format) -> Result<Node, Fault> {
    // A byte-order mark, as Windows tools write, is not part of the document.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => json::parse(text),
        Format::Yaml => yaml::parse(text),
    }
}
