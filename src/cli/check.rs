//! `kubentra check`: is the configuration and the policy fit for use?

mod answer;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy::{PolicyArgs, PolicySource, cluster_of};
use crate::app::App;
use crate::authz::{DecisionRules, PolicySetting};
use crate::config::policy::SourceKind;
use crate::config::{Config, ConfigError};
use crate::policy_dir::{Finding, Origin};
use crate::review::report;
use answer::{Answer, Severity};

/// Exit status if anything is broken or not understood.
const NOT_VALID: u8 = 1;

/// Check the configuration and the policy
///
/// Says everything that is wrong, with file, line and column. Exit status 0: fit for use, warnings
/// or not; 1: something is broken or not understood; 4: a file cannot be opened.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Checks, prints what was found, and answers with the exit status.
pub(crate) fn run(args: CheckArgs) -> Result<ExitCode, CommandError> {
    let answer = match args.policy.source()? {
        PolicySource::Config(file) => check_config(&file)?,
        PolicySource::Directory { directory, cluster, operations } => {
            let mut answer = Answer::default();
            let cluster = cluster_of(&cluster)?;
            let operations = answer.add_operations(operations.as_deref())?;
            let setting = PolicySetting { cluster, operations, rules: DecisionRules::default() };
            answer.add_policy(&directory, &setting)?;
            answer
        }
    };
    match args.output.output {
        Format::Text => output::print(&answer.text())?,
        Format::Json => output::print_json(&answer.json())?,
    }
    Ok(if answer.is_valid() { ExitCode::SUCCESS } else { ExitCode::from(NOT_VALID) })
}

fn check_config(file: &Path) -> Result<Answer, CommandError> {
    let mut answer = Answer::default();
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) if is_unopened(&error) => return Err(CommandError::unreadable(error)),
        Err(error) => {
            answer.add(Severity::Error, about_config(file, &error));
            return Ok(answer);
        }
    };
    for warning in config.warnings() {
        answer.add(Severity::Warning, whole(file, warning));
    }
    // Fit for the other commands all the same.
    for error in App::faults(&config) {
        let message = format!("`serve` will not start: {}", report(&error));
        answer.add(Severity::Warning, whole(file, message));
    }
    let operations = answer.add_operations(config.policy.operations_file.as_deref())?;
    if config.policy.source == SourceKind::Files
        && let Some(directory) = &config.policy.directory
    {
        let (cluster, rules) = (config.cluster.clone(), config.decision_rules());
        answer.add_policy(directory, &PolicySetting { cluster, operations, rules })?;
    }
    Ok(answer)
}

/// Says whether nothing is known about the file, since it could not even be opened.
fn is_unopened(error: &ConfigError) -> bool {
    match error {
        ConfigError::Read { source, .. } => source.kind() != io::ErrorKind::InvalidData,
        ConfigError::TooLarge { .. }
        | ConfigError::Invalid { .. }
        | ConfigError::NotYet { .. }
        | ConfigError::NoTls => false,
    }
}

fn about_config(file: &Path, error: &ConfigError) -> Finding {
    if let ConfigError::Invalid { path, place, message } = error {
        let origin = Origin { file: path.clone(), place: Some(*place) };
        return Finding::at(origin, message.clone());
    }
    whole(file, report(error))
}

/// A finding about a file as a whole.
fn whole(file: &Path, message: String) -> Finding {
    Finding::at(Origin { file: file.to_owned(), place: None }, message)
}

#[cfg(test)]
mod tests;
