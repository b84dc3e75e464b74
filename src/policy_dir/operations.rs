//! The file that replaces the built-in list of known data operations (semantics §2.5).
//!
//! It lies where the configuration says, inside the policy directory or elsewhere. It is read, and
//! judged, by the same rules as the files of the directory: whole or not at all.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Finding, Findings, Origin, ReadPolicyError, files::stamp, read::utf8};
use super::{files::Fingerprint, read::ContentDigest};
use crate::{
    authz::KnownOperations,
    builtin,
    wire::{Fault, operations},
};

/// Largest file of data operations, in bytes. What `az` prints of one provider has about two
/// million.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Reads the file of data operations at `path`. Blocks.
///
/// # Errors
///
/// [`ReadPolicyError::Open`] if it cannot be opened or read; [`ReadPolicyError::Broken`] with every
/// place that is no operation, or if it is too large or has none.
pub fn read(path: &Path) -> Result<Arc<KnownOperations>, ReadPolicyError> {
    let bytes = bytes(path)?;
    utf8(&bytes).and_then(operations::read).map(Arc::new).map_err(|faults| {
        let mut findings = Findings::default();
        for Fault { place, message } in faults {
            let origin = Origin { file: path.to_owned(), place: Some(place) };
            findings.push(Finding::at(origin, message));
        }
        ReadPolicyError::Broken(findings)
    })
}

/// The list in `file`; without one, the one that is built in. Blocks.
///
/// # Errors
///
/// As [`read`]; [`ReadPolicyError::Builtin`], which a test rules out for every build.
pub fn read_or_built_in(file: Option<&Path>) -> Result<Arc<KnownOperations>, ReadPolicyError> {
    file.map_or_else(|| Ok(builtin::operations()?), read)
}

/// The fingerprint of the file at `path`, links followed; does not read it.
///
/// # Errors
///
/// [`ReadPolicyError::Open`] if it is not there.
pub fn fingerprint(path: &Path) -> Result<Fingerprint, ReadPolicyError> {
    let meta = fs::metadata(path)
        .map_err(|source| ReadPolicyError::Open { path: path.to_owned(), source })?;
    Ok(Fingerprint(vec![(path.to_owned(), Some(stamp(&meta)))]))
}

/// Digests the content of the file at `path`. Blocks.
///
/// # Errors
///
/// [`ReadPolicyError`]: it cannot be opened, or is too large.
pub fn content_digest(path: &Path) -> Result<ContentDigest, ReadPolicyError> {
    Ok(ContentDigest(digest(&SHA256, &bytes(path)?).as_ref().to_vec()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, ReadPolicyError> {
    let open = |source| ReadPolicyError::Open { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(open)?;
    let length = opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(open)? as u64;
    if length <= MAX_FILE_BYTES {
        return Ok(bytes);
    }
    let message = format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20);
    let mut findings = Findings::default();
    findings.push(Finding::about(path.to_owned(), message));
    Err(ReadPolicyError::Broken(findings))
}

#[cfg(test)]
mod tests;
