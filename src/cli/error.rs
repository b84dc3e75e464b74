//! Why a command gave no answer.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use super::{UNREADABLE, USAGE};
use crate::review::report;

/// Why a command gave no answer; decides the exit status and the line on standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The arguments parse one by one but make no sense together. Exit status 3.
    #[error("{0}")]
    Usage(String),
    /// Configuration, policy or another input cannot be read, or the server cannot start with it.
    /// Exit status 4.
    #[error(transparent)]
    Unreadable(Box<dyn Error + Send + Sync>),
    /// The result cannot be written. Exit status 4. A closed pipe is none: see
    /// [`print`](super::output::print).
    #[error("cannot write the result")]
    Write(#[source] io::Error),
}

impl CommandError {
    /// Wraps an error, or a message, that ends with exit status 4.
    pub(crate) fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unreadable(error.into())
    }

    /// Prints the error with its causes and returns the exit status.
    pub(super) fn print(&self) -> ExitCode {
        // Standard error is the last resort: if it is gone, the status still tells.
        let _ = writeln!(anstream::stderr(), "error: {}", report(self));
        ExitCode::from(match self {
            Self::Usage(_) => USAGE,
            Self::Unreadable(_) | Self::Write(_) => UNREADABLE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_on_the_same_line() {
        let error = CommandError::Write(io::Error::other("disk full"));
        assert_eq!(report(&error), "cannot write the result: disk full");
        assert_eq!(report(&CommandError::unreadable("no such file")), "no such file");
    }
}
