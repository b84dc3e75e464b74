//! Why a configuration is refused, and where in the file the reason stands.

use std::io;
use std::path::{Path, PathBuf};

use serde_saphyr::{DefaultMessageFormatter, MessageFormatter as _};
use thiserror::Error;

use super::place;
use crate::authz::breaks_line;
use crate::wire::Place;

/// Why a configuration cannot be used. The message is one line.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be opened or read, or is not UTF-8.
    #[error("cannot read configuration file `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file has more than [`super::MAX_FILE_BYTES`].
    #[error("configuration file `{path}` is larger than {} bytes", super::MAX_FILE_BYTES)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The text is not YAML, lacks a key, has an unknown one, or has a value that cannot be meant.
    #[error("{path}:{place}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// The setting is understood, but this version does not do it.
    #[error("`{setting}` is not supported by this version; write `{instead}`")]
    NotYet {
        /// Key and value.
        setting: &'static str,
        /// The value that works.
        instead: &'static str,
    },
    /// Nothing to serve with.
    #[error(
        "`server.tls` is missing: the server needs `certificateFile`, `privateKeyFile` and \
         `clientCaFile`; `kubentra init` writes them"
    )]
    NoTls,
}

impl ConfigError {
    /// A fault that the YAML reader found.
    pub(super) fn syntax(path: &Path, error: &serde_saphyr::Error) -> Self {
        let error = error.without_snippet();
        // The reader's own words for this one name an option of its interface.
        let message = if let serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } = error
        {
            format!("key `{key}` is written twice").into()
        } else {
            DefaultMessageFormatter.format_message(error)
        };
        // The reader gives 0 for what it does not know.
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
        let place = error.location().map_or(Place::START, |at| Place {
            line: count(at.line()),
            column: count(at.column()),
        });
        Self::Invalid { path: path.to_owned(), place, message: one_line(&message) }
    }
}

/// A fault found after parsing, by the key that has it.
#[derive(Debug)]
pub(super) struct Fault {
    /// Keys from the top of the file, joined by dots.
    key: String,
    /// What is wrong and what to write instead; reads on after the key.
    message: String,
}

impl Fault {
    /// `key` is the path of the guilty key, such as `entra.audiences`.
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }

    /// The error to show, placed at the key's value in `text`, or at its nearest parent.
    pub(super) fn at(self, path: &Path, text: &str) -> ConfigError {
        let Self { key, message } = self;
        let place = place::of_key(text, &key);
        let message = one_line(&format!("`{key}` {message}"));
        ConfigError::Invalid { path: path.to_owned(), place, message }
    }
}

/// Longest message, in characters: it may quote the file.
const MAX_MESSAGE: usize = 600;

/// Puts a message on one line, without control characters, cut to [`MAX_MESSAGE`].
fn one_line(message: &str) -> String {
    let plain = message.chars().map(|c| if breaks_line(c) { ' ' } else { c });
    plain.take(MAX_MESSAGE).collect()
}
