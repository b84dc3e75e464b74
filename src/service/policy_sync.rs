//! Keeps the policy in force equal to the policy directory, and to the file of data operations if
//! there is one: what follows of the directory holds for both together.
//!
//! The directory is looked at four times a second, by a fingerprint that reads no file, and read
//! when that changed. Polling instead of inotify on purpose: a mounted `ConfigMap` changes by a
//! swap of symbolic links, network and overlay file systems report nothing, a watch is lost when the
//! directory is replaced, and a few system calls are cheaper than knowing all that.
//!
//! All or nothing: a directory that cannot be read leaves the last good policy in force, and ageing
//! (semantics §10). A directory that changes while it is read is read again, never published.

mod look;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::policy_store::PolicyStore;
use crate::authz::{PolicyProblem, PolicySetting, Severity};
use crate::clock::Now;
use crate::policy_dir::Finding;
use crate::review::report;
use look::{Content, Files, Look, ReadPolicy, Seen, look};

/// Time between two looks. A change is in force after it and one read, well within a second.
const POLL: Duration = Duration::from_millis(250);

/// Further looks at the content after a change, whatever the fingerprint says: two seconds, the
/// coarsest clock of a file system, in which a second write may leave no trace. They compare the
/// files' bytes, and read what they mean only if those differ.
const SETTLING_LOOKS: u32 = 8;

/// Looks at a directory that never holds still until that is called an error: five seconds.
const RESTLESS_LOOKS: u32 = 20;

/// Most problems that one look logs; the next look goes on. The metric counts them all at once.
const MAX_LOGGED: usize = 100;

/// How the last look at the policy files went, for `/readyz`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyStatus {
    /// Why the files are not in force as they are now, on one line with file, line and column; the
    /// last good policy, if there was one, still is. None when the two agree.
    pub last_error: Option<String>,
    /// What lies in the directory and is not read, or replaces something built in.
    pub warnings: Vec<Finding>,
}

/// Keeps a [`PolicyStore`] equal to a policy directory, and a file of data operations if there is one.
#[derive(Debug)]
pub struct PolicySync {
    files: Arc<Files>,
    setting: Arc<PolicySetting>,
    store: PolicyStore,
    status: watch::Sender<PolicyStatus>,
    /// What is in force.
    content: Option<Content>,
    /// The files when they were last read, successfully or not.
    seen: Option<Seen>,
    settling: u32,
    restless: u32,
    /// What was logged and lasts.
    logged: BTreeSet<PolicyProblem>,
    /// What is to be logged.
    unlogged: BTreeSet<PolicyProblem>,
}

impl PolicySync {
    /// Prepares to publish the policy directory `dir` to `store`; nothing is read yet.
    pub fn new(dir: PathBuf, setting: PolicySetting, store: PolicyStore) -> Self {
        Self {
            files: Arc::new(Files { dir, operations: None }),
            setting: Arc::new(setting),
            store,
            status: watch::Sender::new(PolicyStatus::default()),
            content: None,
            seen: None,
            settling: 0,
            restless: 0,
            logged: BTreeSet::new(),
            unlogged: BTreeSet::new(),
        }
    }

    /// Watches `file`, too, and takes the known data operations from it in place of the setting's.
    #[must_use]
    pub fn with_operations(self, file: Option<PathBuf>) -> Self {
        let dir = self.files.dir.clone();
        Self { files: Arc::new(Files { dir, operations: file }), ..self }
    }

    /// How the last look went, now and whenever that changes.
    pub fn status(&self) -> watch::Receiver<PolicyStatus> {
        self.status.subscribe()
    }

    /// Keeps the store up to date, for ever. The first look is at once.
    pub async fn run(mut self) {
        loop {
            self.look(Now::read()).await;
            tokio::time::sleep(POLL).await;
        }
    }

    /// Looks once, and publishes what changed. `now` is when the look began, so that what is read
    /// counts as no fresher than it is.
    pub async fn look(&mut self, now: Now) {
        let (files, setting) = (Arc::clone(&self.files), Arc::clone(&self.setting));
        let content = self.content.clone();
        let (known, is_settled) = (self.seen.clone(), self.settling == 0);
        let look = move || look(&files, &setting, content.as_ref(), known.as_ref(), is_settled);
        match tokio::task::spawn_blocking(look).await {
            Ok(Look::Same) => {
                self.restless = 0;
                self.settling = self.settling.saturating_sub(1);
                if self.status.borrow().last_error.is_none() {
                    self.store.touch(now);
                }
            }
            Ok(Look::Restless) => {
                self.restless = self.restless.saturating_add(1);
                if self.restless >= RESTLESS_LOOKS {
                    self.seen = None;
                    let files = self.files.named();
                    self.fail(format!(
                        "{files} changes whenever it is read: replace it in one step"
                    ));
                }
            }
            Ok(Look::Read { seen, policy }) => {
                self.restless = 0;
                self.settling = SETTLING_LOOKS;
                self.seen = Some(seen);
                match policy {
                    Ok(policy) => self.succeed(policy, now),
                    Err(error) => self.fail(report(&error)),
                }
            }
            Ok(Look::Unlisted(error)) => {
                // What is there when it comes back is read, even if it looks like what was there.
                self.seen = None;
                self.fail(report(&error));
            }
            // A panic in a parser is a defect; it must not end the loop.
            Err(error) => {
                self.seen = None;
                self.fail(format!("reading the policy files failed: {error}"));
            }
        }
        self.log_problems();
    }

    fn succeed(&mut self, policy: ReadPolicy, now: Now) {
        let ReadPolicy { changed, warnings, files } = policy;
        if let Some((content, snapshot)) = changed {
            let Content { documents, operations } = &content;
            let problems = snapshot.problems().to_vec();
            let generation = self.store.publish(*snapshot, now);
            tracing::info!(
                generation,
                files,
                role_definitions = documents.role_definitions.len(),
                role_assignments = documents.role_assignments.len(),
                schedule_instances = documents.schedule_instances.len(),
                deny_assignments = documents.deny_assignments.len(),
                trusted_access_role_bindings = documents.trusted_access_role_bindings.len(),
                data_operations = operations.len(),
                problems = problems.len(),
                "policy in force"
            );
            self.content = Some(content);
            let problems: BTreeSet<_> = problems.into_iter().collect();
            self.logged.retain(|problem| problems.contains(problem));
            self.unlogged = problems.difference(&self.logged).cloned().collect();
        } else {
            self.store.touch(now);
            if self.status.borrow().last_error.is_some() {
                tracing::info!("policy files are mended; the policy in force is the same");
            }
        }
        self.status.send_if_modified(|status| {
            for warning in warnings.iter().filter(|warning| !status.warnings.contains(warning)) {
                tracing::warn!(%warning, "policy directory");
            }
            let next = PolicyStatus { last_error: None, warnings };
            let modified = *status != next;
            *status = next;
            modified
        });
    }

    /// Notes an error, and logs it if it is another one than before.
    fn fail(&self, error: String) {
        self.status.send_if_modified(|status| {
            if status.last_error.as_ref() == Some(&error) {
                return false;
            }
            let kept = self.content.is_some();
            tracing::error!(error, last_good_kept = kept, "policy files cannot be used");
            status.last_error = Some(error);
            true
        });
    }

    /// Logs each problem once, for as long as it lasts (semantics §4.5), some at each look.
    fn log_problems(&mut self) {
        for _ in 0..MAX_LOGGED {
            let Some(problem) = self.unlogged.pop_first() else { return };
            let PolicyProblem { kind, subject, message, .. } = &problem;
            match problem.severity {
                Severity::NotUnderstood => tracing::error!(kind, subject, "{message}"),
                Severity::Warning => tracing::warn!(kind, subject, "{message}"),
            }
            self.logged.insert(problem);
        }
    }
}

#[cfg(test)]
mod tests;
