//! What `kubentra check` says about a policy directory.

use std::path::Path;

use serde::Serialize;

use super::{Finding, Findings, Origin, ReadPolicyError, read};
use crate::authz::{PolicyDocuments, PolicyProblem, PolicySetting, PolicySnapshot, Severity};

/// What was found in a policy directory, each list in the order of files and lines.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// What makes the directory broken: with any of it there is no policy.
    pub errors: Findings,
    /// What cannot be understood: it grants nothing (semantics §4.5).
    pub not_understood: Vec<Finding>,
    /// What is probably not as it was meant.
    pub warnings: Vec<Finding>,
    /// How many documents the files hold; all zero if the directory is broken.
    pub counts: Counts,
}

/// How many documents of each kind a policy has, the built-in ones included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[expect(missing_docs, reason = "each member is named by the kind that it counts")]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub files: usize,
    pub role_definitions: usize,
    pub role_assignments: usize,
    pub schedule_instances: usize,
    pub deny_assignments: usize,
    pub trusted_access_roles: usize,
    pub trusted_access_role_bindings: usize,
}

impl Report {
    /// Says whether the policy is fit for use: nothing broken, nothing that is not understood.
    /// Warnings do not count.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty() && self.not_understood.is_empty()
    }
}

/// Reads and judges the policy directory `dir` for the cluster of `setting`. Blocks.
///
/// # Errors
///
/// [`ReadPolicyError::Open`] if the directory or a file cannot be opened, which says nothing about
/// the policy; a broken directory is a report.
pub fn check(dir: &Path, setting: &PolicySetting) -> Result<Report, ReadPolicyError> {
    let read = match read(dir) {
        Ok(read) => read,
        Err(ReadPolicyError::Broken(errors)) => {
            return Ok(Report { errors, ..Report::default() });
        }
        Err(error) => return Err(error),
    };
    let counts = Counts::of(&read.documents, read.files);
    let snapshot = PolicySnapshot::new(setting, read.documents);
    let mut report = Report { warnings: read.warnings, counts, ..Report::default() };
    for problem in snapshot.problems() {
        let origin = read.origins.of(&problem.subject).cloned();
        let finding = finding(dir, origin, problem);
        match problem.severity {
            Severity::NotUnderstood => report.not_understood.push(finding),
            Severity::Warning => report.warnings.push(finding),
        }
    }
    report.not_understood.sort();
    report.warnings.sort();
    Ok(report)
}

impl Counts {
    fn of(documents: &PolicyDocuments, files: usize) -> Self {
        Self {
            files,
            role_definitions: documents.role_definitions.len(),
            role_assignments: documents.role_assignments.len(),
            schedule_instances: documents.schedule_instances.len(),
            deny_assignments: documents.deny_assignments.len(),
            trusted_access_roles: documents.trusted_access_roles.len(),
            trusted_access_role_bindings: documents.trusted_access_role_bindings.len(),
        }
    }
}

/// A problem where its document stands; one of something built in is about the whole directory.
fn finding(dir: &Path, origin: Option<Origin>, problem: &PolicyProblem) -> Finding {
    let origin = origin.unwrap_or_else(|| Origin { file: dir.to_owned(), place: None });
    Finding { excerpt: problem.excerpt.clone(), ..Finding::at(origin, problem.to_string()) }
}
