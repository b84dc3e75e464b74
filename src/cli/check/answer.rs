//! What `check` found, as text and as JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::authz::{KnownOperations, PolicySetting};
use crate::builtin;
use crate::cli::error::CommandError;
use crate::policy_dir::check::{Counts, Report, check};
use crate::policy_dir::{Finding, Findings, ReadPolicyError, operations};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Severity {
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
pub(super) struct Answer {
    findings: Vec<(Severity, Finding)>,
    /// Errors that were counted only.
    more: usize,
    counts: Option<Counts>,
    /// How many data operations a list of one's own has.
    operations: Option<usize>,
}

impl Answer {
    pub(super) fn add(&mut self, severity: Severity, finding: Finding) {
        self.findings.push((severity, finding));
    }

    pub(super) fn add_policy(
        &mut self,
        dir: &Path,
        setting: &PolicySetting,
    ) -> Result<(), CommandError> {
        let report = check(dir, setting).map_err(CommandError::unreadable)?;
        let Report { errors, not_understood, warnings, counts } = report;
        self.counts = errors.shown.is_empty().then_some(counts);
        self.add_errors(errors);
        let lists = [(Severity::NotUnderstood, not_understood), (Severity::Warning, warnings)];
        for (severity, findings) in lists {
            self.findings.extend(findings.into_iter().map(|finding| (severity, finding)));
        }
        Ok(())
    }

    /// Reads a list of data operations. One that makes no sense is a finding, and the rest is judged by
    /// the built-in list, as without one.
    pub(super) fn add_operations(
        &mut self,
        file: Option<&Path>,
    ) -> Result<Arc<KnownOperations>, CommandError> {
        match file.map(operations::read) {
            Some(Ok(operations)) => {
                self.operations = Some(operations.len());
                return Ok(operations);
            }
            Some(Err(ReadPolicyError::Broken(errors))) => self.add_errors(errors),
            Some(Err(error)) => return Err(CommandError::unreadable(error)),
            None => {}
        }
        builtin::operations().map_err(CommandError::unreadable)
    }

    fn add_errors(&mut self, errors: Findings) {
        self.more = self.more.saturating_add(errors.more);
        self.findings.extend(errors.shown.into_iter().map(|found| (Severity::Error, found)));
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|(found, _)| *found == severity).count()
    }

    pub(super) fn is_valid(&self) -> bool {
        self.count(Severity::Error) + self.count(Severity::NotUnderstood) == 0
    }

    /// One line a finding, as compilers write them, and one line to sum up.
    pub(super) fn text(&self) -> String {
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
        let operations = self.operations.unwrap_or_default();
        parts.extend(number(
            operations,
            "data operation of your own",
            "data operations of your own",
        ));
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

    pub(super) fn json(&self) -> AnswerJson<'_> {
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
            data_operations: self.operations,
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
pub(super) struct AnswerJson<'a> {
    valid: bool,
    items: Vec<ItemJson>,
    /// Errors beyond those in `items`.
    more_errors: usize,
    /// Absent if the policy cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<&'a Counts>,
    /// How many the list of one's own has; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_operations: Option<usize>,
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
