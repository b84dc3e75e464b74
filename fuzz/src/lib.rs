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
mod policy;
pub mod review;
pub mod token;

/// For bytes that are no text, where only text gets to the entrance.
const NO_TEXT: &str = "no text";

/// Longest line that any input may cause, in bytes. It is about order of magnitude: names in policies
/// and reviews are at most 2 KiB, and a line holds a few of them, each character perhaps escaped.
const MAX_LINE: usize = 64 * 1024;

/// Holds `text` to what goes into logs, terminals and answers: one line, bounded, and something.
fn assert_one_line(text: &str, what: &str) {
    assert!(!text.is_empty(), "{what} is empty");
    assert!(text.len() <= MAX_LINE, "{what} has {} bytes", text.len());
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert!(!text.contains(breaks), "{what} is not one line: {text:?}");
}
