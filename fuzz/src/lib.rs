//! What must hold for whatever comes from outside: one check for each kind of input.
//!
//! Each check takes bytes, gives them to the entrance of the library that takes such bytes in
//! production, and panics if an answer breaks a law. The fuzz targets call them on nightly Rust with
//! inputs of the fuzzer's making; `tests/it/fuzz.rs` calls them on stable Rust with the committed seeds.
//!
//! A check returns in a word what became of the input: the seeds must reach every outcome, or a law about
//! one of them would hold for want of cases.

pub mod condition;
pub mod config;
pub mod documents;
pub mod operations;
mod policy;
pub mod review;
pub mod token;

use kubentra::wire::Fault;

/// For bytes that are no text, where only text gets to the entrance.
const NO_TEXT: &str = "no text";

/// Longest line that any input may cause, in bytes. It is about order of magnitude: names in policies
/// and reviews are at most 2 KiB, and a line holds a few of them, each character perhaps escaped.
const MAX_LINE: usize = 64 * 1024;

/// Holds `text` to what goes into logs, terminals and answers: one line, bounded, and something.
fn assert_one_line(text: &str, what: &str) {
    assert!(!text.is_empty(), "{what} is empty");
    assert!(text.len() <= MAX_LINE, "{what} has {} bytes", text.len());
    assert!(!text.contains(breaks_line), "{what} is not one line: {text:?}");
}

/// What ends a line for one reader or another.
fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Holds a fault about `text` to one line with a place in it.
fn assert_fault(fault: &Fault, text: &str) {
    assert_one_line(&fault.to_string(), "a fault");
    let (line, column) = (fault.place.line, fault.place.column);
    // Readers of YAML count more than one character as the end of a line.
    let lines = text.chars().filter(|&c| c.is_control() || c.len_utf8() > 1).count() + 2;
    assert!((1..=lines).contains(&line), "{fault}: the text has {lines} lines");
    assert!((1..=text.chars().count() + 2).contains(&column), "{fault}: there is no such column");
}
