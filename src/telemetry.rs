//! Logging: one subscriber, to standard error, as text or JSON lines.
//!
//! What may be logged of a person is the object id; never a user name, a token or a body.

use std::panic;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Why logging cannot be set up.
#[derive(Debug, Error)]
pub enum StartLoggingError {
    /// The filter does not parse. The parser's own reason is left out: it says the same twice.
    #[error("log filter `{0}` is invalid; write a level such as `info`, or `kubentra=debug`")]
    Filter(String),
    /// Something else in this process has set it up before.
    #[error("logging is already set up")]
    Twice,
}

/// Sends the process's log to standard error and panics to the log.
///
/// `filter` is a level (`info`) or a list of `target=level`.
///
/// # Errors
///
/// [`StartLoggingError`]; nothing has changed then.
pub fn init(filter: &str, format: LogFormat) -> Result<(), StartLoggingError> {
    let parsed =
        EnvFilter::try_new(filter).map_err(|_| StartLoggingError::Filter(filter.to_owned()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    }
    .map_err(|_| StartLoggingError::Twice)?;
    panic::set_hook(Box::new(|info| {
        // The message is left out: it may quote what a caller sent.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_refused_before_anything_changes() {
        let error = init("kubentra=loud", LogFormat::Text).unwrap_err();
        insta::assert_snapshot!(error, @"log filter `kubentra=loud` is invalid; write a level such as `info`, or `kubentra=debug`");
    }
}
