//! One look at the files: are they as they were, and if not, what do they say now?

use std::path::PathBuf;
use std::sync::Arc;

use crate::authz::{KnownOperations, PolicyDocuments, PolicySetting, PolicySnapshot};
use crate::policy_dir::{
    self, ContentDigest, Finding, Fingerprint, ReadPolicyError, content_digest, fingerprint,
    operations,
};

/// Reads of a directory that does not hold still, in one look.
const ATTEMPTS: usize = 3;

/// What is watched.
#[derive(Debug)]
pub(super) struct Files {
    /// The policy directory.
    pub(super) dir: PathBuf,
    /// The file that replaces the built-in list of data operations.
    pub(super) operations: Option<PathBuf>,
}

/// What the files say.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) documents: Arc<PolicyDocuments>,
    pub(super) operations: Arc<KnownOperations>,
}

/// What the files held when they were read.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) fingerprint: Vec<Fingerprint>,
    /// Of the files' bytes, just before they were read; none: they could not be.
    digest: Option<Vec<ContentDigest>>,
}

/// What one look at the files gave.
pub(super) enum Look {
    /// Nothing tells it from the one that was read before.
    Same,
    /// They changed during every attempt to read them.
    Restless,
    /// They were read.
    Read { seen: Seen, policy: Result<ReadPolicy, ReadPolicyError> },
    /// They could not even be listed.
    Unlisted(ReadPolicyError),
}

/// Files that made sense.
pub(super) struct ReadPolicy {
    /// What they say and what that means, unless it is what is in force.
    pub(super) changed: Option<(Content, Box<PolicySnapshot>)>,
    pub(super) warnings: Vec<Finding>,
    pub(super) files: usize,
}

impl Files {
    /// Of the directory, and of the list of data operations where there is one.
    pub(super) fn fingerprint(&self) -> Result<Vec<Fingerprint>, ReadPolicyError> {
        let operations = self.operations.as_deref().map(operations::fingerprint);
        operations.into_iter().chain([fingerprint(&self.dir)]).collect()
    }

    fn digest(&self) -> Result<Vec<ContentDigest>, ReadPolicyError> {
        let operations = self.operations.as_deref().map(operations::content_digest);
        operations.into_iter().chain([content_digest(&self.dir)]).collect()
    }

    /// In words, for whoever has to mend them.
    pub(super) fn named(&self) -> String {
        let dir = format!("`{}`", self.dir.display());
        match &self.operations {
            Some(file) => format!("{dir} or `{}`", file.display()),
            None => dir,
        }
    }

    fn read(
        &self,
        setting: &PolicySetting,
        in_force: Option<&Content>,
    ) -> Result<ReadPolicy, ReadPolicyError> {
        let operations = match &self.operations {
            Some(file) => operations::read(file)?,
            None => Arc::clone(&setting.operations),
        };
        let read = policy_dir::read(&self.dir)?;
        let same = in_force.is_some_and(|content| {
            *content.documents == read.documents && content.operations == operations
        });
        let changed = (!same).then(|| {
            let documents = Arc::new(read.documents);
            let setting = PolicySetting {
                operations: Arc::clone(&operations),
                ..PolicySetting::clone(setting)
            };
            let snapshot = PolicySnapshot::new(&setting, PolicyDocuments::clone(&documents));
            (Content { documents, operations }, Box::new(snapshot))
        });
        Ok(ReadPolicy { changed, warnings: read.warnings, files: read.files })
    }
}

/// Looks at `files`, and reads them unless they are as `known`: by their fingerprint, and until they
/// are settled also by their content. Blocks.
pub(super) fn look(
    files: &Files,
    setting: &PolicySetting,
    in_force: Option<&Content>,
    known: Option<&Seen>,
    is_settled: bool,
) -> Look {
    for _ in 0..ATTEMPTS {
        let before = match files.fingerprint() {
            Ok(before) => before,
            Err(error) => return Look::Unlisted(error),
        };
        let unchanged = known.filter(|known| known.fingerprint == before);
        if unchanged.is_some() && is_settled {
            return Look::Same;
        }
        // Taken before the reading: what is written in between makes the next digest another one.
        let digest = files.digest().ok();
        if digest.is_some() && unchanged.is_some_and(|known| known.digest == digest) {
            return Look::Same;
        }
        let policy = files.read(setting, in_force);
        if !files.fingerprint().is_ok_and(|after| after == before) {
            continue;
        }
        return Look::Read { seen: Seen { fingerprint: before, digest }, policy };
    }
    Look::Restless
}
