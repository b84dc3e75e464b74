//! The policy directory: six folders of Azure's own documents, read whole or refused.
//!
//! ```text
//! policy/
//!   roleDefinitions/  roleAssignments/  roleAssignmentScheduleInstances/  denyAssignments/
//!   trustedAccessRoles/  trustedAccessRoleBindings/
//! ```
//!
//! All `.json`, `.yaml` and `.yml` files of a folder are read, whatever their names; names that
//! begin with a dot are not. A missing folder is empty, a missing directory is an error: an unmounted
//! volume must not look like a policy without assignments. Symbolic links are followed, because a
//! mounted `ConfigMap` is a farm of them (its `..data` begins with a dot). What is found joins the
//! built-in roles, or replaces one of the same id.
//!
//! All or nothing: with one file that makes no sense there is no policy, and the error holds every
//! such place. Reading blocks; call it where that is allowed.

use std::{fmt, io, path::PathBuf};

use thiserror::Error;

use crate::{builtin::LoadBuiltinError, wire::Place};

pub mod check;
mod files;
mod merge;
pub mod operations;
mod read;
mod twins;

pub use files::{Fingerprint, fingerprint};
pub use read::{ContentDigest, Origins, PolicyRead, content_digest, read};

/// Largest file that is read, in bytes. A role assignment takes about 1,000.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Most bytes that all files together may have.
pub const MAX_TOTAL_BYTES: u64 = 64 << 20;

/// Most entries that a policy directory may have, all its folders together.
pub const MAX_ENTRIES: usize = 10_000;

/// Most faults that one error holds; the rest is counted only.
pub const MAX_FINDINGS: usize = 100;

/// Where something was found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Origin {
    /// The file or folder, as it was reached: the directory's path and what follows.
    pub file: PathBuf,
    /// The place in the file; none if it is about the file as a whole.
    pub place: Option<Place>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.place {
            Some(place) => write!(f, "{file}:{place}"),
            None => file.fmt(f),
        }
    }
}

/// Something that a person should know about a policy directory, and where it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    /// Where.
    pub origin: Origin,
    /// What, on one line.
    pub message: String,
    /// The text within the document that is to blame, and below it a caret.
    pub excerpt: Option<String>,
}

impl Finding {
    /// Of a place, or of a file as a whole.
    pub fn at(origin: Origin, message: impl Into<String>) -> Self {
        Self { origin, message: message.into(), excerpt: None }
    }

    fn about(file: PathBuf, message: impl Into<String>) -> Self {
        Self::at(Origin { file, place: None }, message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}

/// Why a policy directory, or the file of data operations beside it, gives no policy.
#[derive(Debug, Error)]
pub enum ReadPolicyError {
    /// Something in it makes no sense.
    #[error("{0}")]
    Broken(Findings),
    /// The directory, or something in it, cannot be opened or read.
    #[error("cannot open `{}`", .path.display())]
    Open {
        /// What cannot be opened.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// What is compiled in cannot be read.
    #[error(transparent)]
    Builtin(#[from] LoadBuiltinError),
}

/// One or more places that make no sense, in the order of files and lines.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Findings {
    /// The first of them, at most [`MAX_FINDINGS`].
    pub shown: Vec<Finding>,
    /// How many there are besides.
    pub more: usize,
}

impl Findings {
    fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    fn push(&mut self, finding: Finding) {
        if self.shown.len() < MAX_FINDINGS {
            self.shown.push(finding);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl fmt::Display for Findings {
    /// The first one, and how many there are besides, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.shown.first() else { return f.write_str("nothing is wrong") };
        first.fmt(f)?;
        match (self.shown.len() - 1).saturating_add(self.more) {
            0 => Ok(()),
            more => write!(f, " (and {more} more; `kubentra check` shows them)"),
        }
    }
}

#[cfg(test)]
mod tests;
