//! `kubentra serve`: runs the webhook until SIGTERM or SIGINT.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::error::CommandError;
use crate::app::App;
use crate::config::Config;
use crate::server::stop::Signals;
use crate::telemetry::{self, LogFormat};

/// Run the webhook server
///
/// Stops on SIGTERM and SIGINT: open requests are answered first. A second signal cuts them off,
/// with exit status 1. Exit status 4: configuration, certificates or addresses cannot be used. A missing policy or signing keys out of reach do not
/// stop it: reviews get HTTP 503 and /readyz says why.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Configuration file
    #[arg(long, env = "KUBENTRA_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// What is logged: a level, or a list of target=level
    #[arg(long, env = "KUBENTRA_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
    /// How log lines look
    #[arg(long, env = "KUBENTRA_LOG_FORMAT", value_name = "FORMAT", default_value = "json")]
    log_format: Format,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

impl From<Format> for LogFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Text => Self::Text,
        }
    }
}

/// Serves until a signal; exit status 0 after a stop that lost nothing.
pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, CommandError> {
    let config = Config::load(&args.config).map_err(CommandError::unreadable)?;
    telemetry::init(&args.log, args.log_format.into()).map_err(CommandError::unreadable)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::unreadable)?;
    runtime.block_on(serve(&config))
}

async fn serve(config: &Config) -> Result<ExitCode, CommandError> {
    // Before the first socket, so that a signal during the start is not lost.
    let mut signals = Signals::catch().map_err(CommandError::unreadable)?;
    let app = App::start(config).await.map_err(CommandError::unreadable)?;
    let signal = signals.next().await;
    tracing::info!(signal, "stopping: no new connections, requests in flight finish");
    tokio::select! {
        () = app.stop() => Ok(ExitCode::SUCCESS),
        signal = signals.next() => {
            tracing::warn!(signal, "told to stop again: requests in flight are cut off");
            Ok(ExitCode::FAILURE)
        }
    }
}
