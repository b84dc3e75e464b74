//! `kubentra check`: is the configuration and the policy fit for use?

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde::Serialize;

use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy::{PolicyArgs, PolicySource};
use crate::app::App;
use crate::authz::{ClusterScope, DecisionRules, PolicySetting};
use crate::builtin;
use crate::config::policy::SourceKind;
use crate::config::{Config, ConfigError};
use crate::policy_dir::check::{Counts, Report, check};
use crate::policy_dir::{Finding, Origin};
use crate::review::report;

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
        PolicySource::Directory { directory, cluster } => {
            let mut answer = Answer::default();
            answer.add_policy(&directory, &default_setting(&cluster)?)?;
            answer
        }
    };
    match args.output.output {
        Format::Text => output::print(&answer.text())?,
        Format::Json => output::print_json(&answer.json())?,
    }
    Ok(if answer.is_valid() { ExitCode::SUCCESS } else { ExitCode::from(NOT_VALID) })
}

/// The setting for a cluster whose configuration is not known.
fn default_setting(cluster: &str) -> Result<PolicySetting, CommandError> {
    let usage = |message: String| CommandError::Usage(format!("`--cluster`: {message}"));
    let id = cluster.parse().map_err(|error| usage(format!("{error}")))?;
    let cluster = ClusterScope::new(id, &[], None).map_err(|error| usage(error.to_string()))?;
    let operations = builtin::operations().map_err(CommandError::unreadable)?;
    Ok(PolicySetting { cluster, operations, rules: DecisionRules::default() })
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
    if config.policy.source == SourceKind::Files
        && let Some(directory) = &config.policy.directory
    {
        let setting = config.policy_setting().map_err(CommandError::unreadable)?;
        answer.add_policy(directory, &setting)?;
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

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Severity {
    /// With it there is no policy, or no configuration.
    Error,
    /// It grants nothing, and counts for a deny (semantics §4.5).
    NotUnderstood,
    /// Probably not as it was meant.
    Warning,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::NotUnderstood => "not understood",
            Self::Warning => "warning",
        }
    }

    fn style(self) -> Style {
        let colour = match self {
            Self::Error | Self::NotUnderstood => AnsiColor::Red,
            Self::Warning => AnsiColor::Yellow,
        };
        colour.on_default().bold()
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
struct Answer {
    findings: Vec<(Severity, Finding)>,
    /// Errors that were counted only.
    more: usize,
    counts: Option<Counts>,
}

impl Answer {
    fn add(&mut self, severity: Severity, finding: Finding) {
        self.findings.push((severity, finding));
    }

    fn add_policy(&mut self, dir: &Path, setting: &PolicySetting) -> Result<(), CommandError> {
        let report = check(dir, setting).map_err(CommandError::unreadable)?;
        let Report { errors, not_understood, warnings, counts } = report;
        self.more = errors.more;
        self.counts = errors.shown.is_empty().then_some(counts);
        let lists = [
            (Severity::Error, errors.shown),
            (Severity::NotUnderstood, not_understood),
            (Severity::Warning, warnings),
        ];
        for (severity, findings) in lists {
            self.findings.extend(findings.into_iter().map(|finding| (severity, finding)));
        }
        Ok(())
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|(found, _)| *found == severity).count()
    }

    fn is_valid(&self) -> bool {
        self.count(Severity::Error) + self.count(Severity::NotUnderstood) == 0
    }

    /// One line a finding, as compilers write them, and one line to sum up.
    fn text(&self) -> String {
        let mut text = String::new();
        for (severity, Finding { origin, message, excerpt }) in &self.findings {
            let (style, word) = (severity.style(), severity.word());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{origin}: {style}{word}{style:#}: {message}");
            for line in excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
                let _ = writeln!(text, "    {line}");
            }
        }
        let verdict = if self.is_valid() { "valid" } else { "not valid" };
        let mut parts = Vec::new();
        if let Some(counts) = self.counts {
            parts.extend(documents(counts));
        }
        let errors = self.count(Severity::Error).saturating_add(self.more);
        parts.extend(number(errors, "error", "errors"));
        parts.extend(number(
            self.count(Severity::NotUnderstood),
            "not understood",
            "not understood",
        ));
        parts.extend(number(self.count(Severity::Warning), "warning", "warnings"));
        let parts = if parts.is_empty() { "nothing to say".to_owned() } else { parts.join(", ") };
        let _ = writeln!(text, "{verdict}: {parts}");
        text
    }

    fn json(&self) -> AnswerJson<'_> {
        let item = |(severity, finding): &(Severity, Finding)| {
            let Finding { origin, message, excerpt } = finding.clone();
            let (line, column) = origin.place.map(|place| (place.line, place.column)).unzip();
            ItemJson { severity: *severity, file: origin.file, line, column, message, excerpt }
        };
        AnswerJson {
            valid: self.is_valid(),
            items: self.findings.iter().map(item).collect(),
            more_errors: self.more,
            documents: self.counts.as_ref(),
        }
    }
}

/// How many documents of each kind the policy has.
fn documents(counts: Counts) -> Vec<String> {
    [
        number(counts.files, "file", "files"),
        number(counts.role_definitions, "role definition", "role definitions"),
        number(counts.role_assignments, "role assignment", "role assignments"),
        number(counts.schedule_instances, "schedule instance", "schedule instances"),
        number(counts.deny_assignments, "deny assignment", "deny assignments"),
        number(counts.trusted_access_roles, "trusted-access role", "trusted-access roles"),
        number(
            counts.trusted_access_role_bindings,
            "trusted-access binding",
            "trusted-access bindings",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `3 warnings`; nothing for none.
fn number(count: usize, one: &str, many: &str) -> Option<String> {
    (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerJson<'a> {
    valid: bool,
    items: Vec<ItemJson>,
    /// Errors beyond those in `items`.
    more_errors: usize,
    /// Absent if the policy cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<&'a Counts>,
}

#[derive(Debug, Serialize)]
struct ItemJson {
    severity: Severity,
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<String>,
}

#[cfg(test)]
mod tests;
