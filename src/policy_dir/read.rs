//! Reads the files of a policy directory.

use std::{
    collections::HashMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};

use super::{
    Finding, Findings, MAX_FILE_BYTES, MAX_TOTAL_BYTES, Origin, ReadPolicyError,
    files::{PolicyFile, list},
    merge::merge,
};
use crate::{
    authz::PolicyDocuments,
    builtin,
    wire::{self, Fault, Place, arm},
};

/// A policy directory that made sense.
#[derive(Debug)]
pub struct PolicyRead {
    /// Its documents and the built-in ones that none of them replaces.
    pub documents: PolicyDocuments,
    /// What was not read, or replaces something built in.
    pub warnings: Vec<Finding>,
    /// Where each document stood.
    pub origins: Origins,
    /// How many files were read.
    pub files: usize,
}

/// Where documents stood, by id.
#[derive(Clone, Debug, Default)]
pub struct Origins(pub(super) HashMap<String, Origin>);

impl Origins {
    /// Where the document with this id (the GUID of a role definition, the name of a binding without
    /// id) stood; none if it is built in. Case is ignored.
    pub fn of(&self, id: &str) -> Option<&Origin> {
        self.0.get(&id.to_ascii_lowercase())
    }
}

/// A file's documents.
#[derive(Debug)]
pub(super) struct FileRead {
    pub(super) path: PathBuf,
    pub(super) documents: arm::Documents,
}

/// Reads the policy directory `dir` and joins what it holds with what is built in. Blocks.
///
/// # Errors
///
/// [`ReadPolicyError`]: the directory or a file cannot be opened, or anything in it makes no sense.
pub fn read(dir: &Path) -> Result<PolicyRead, ReadPolicyError> {
    let mut listing = list(dir)?;
    let mut broken = std::mem::take(&mut listing.broken);
    let files = std::mem::take(&mut listing.files);
    let mut warnings = std::mem::take(&mut listing.warnings);
    let mut read = Vec::with_capacity(files.len());
    let mut left = MAX_TOTAL_BYTES;
    for file in &files {
        let bytes = bytes(file, &mut left, &mut broken)?;
        let Some(bytes) = bytes else { continue };
        match documents(dir, file, &bytes) {
            Ok(documents) => {
                read.push(FileRead { path: file.path.clone(), documents });
            }
            Err(faults) => {
                for Fault { place, message } in faults {
                    let origin = Origin { file: file.path.clone(), place: Some(place) };
                    broken.push(Finding::at(origin, message));
                }
            }
        }
    }
    let merged = merge(read, builtin::documents()?, &mut broken);
    if !broken.is_empty() {
        broken.shown.sort();
        return Err(ReadPolicyError::Broken(broken));
    }
    warnings.extend(merged.warnings);
    warnings.sort();
    let (documents, origins) = (merged.documents, merged.origins);
    Ok(PolicyRead { documents, warnings, origins, files: files.len() })
}

/// SHA-256 of the paths and bytes of all policy files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContentDigest(pub(super) Vec<u8>);

/// Digests what [`read`] would read in the policy directory `dir`, and takes none of it for anything:
/// much cheaper, and enough to know that it is the same. Blocks.
///
/// # Errors
///
/// [`ReadPolicyError`]: something cannot be opened, or is over a limit.
pub fn content_digest(dir: &Path) -> Result<ContentDigest, ReadPolicyError> {
    let mut listing = list(dir)?;
    let mut broken = std::mem::take(&mut listing.broken);
    let mut context = Context::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    let mut left = MAX_TOTAL_BYTES;
    for file in &listing.files {
        if let Some(content) = bytes(file, &mut left, &mut broken)? {
            part(file.path.as_os_str().as_encoded_bytes());
            part(&content);
        }
    }
    if !broken.is_empty() {
        return Err(ReadPolicyError::Broken(broken));
    }
    Ok(ContentDigest(context.finish().as_ref().to_vec()))
}

/// The content of a file, if it is within the limits.
fn bytes(
    file: &PolicyFile,
    left: &mut u64,
    broken: &mut Findings,
) -> Result<Option<Vec<u8>>, ReadPolicyError> {
    let open = |source| ReadPolicyError::Open { path: file.path.clone(), source };
    let limit = MAX_FILE_BYTES.min(*left);
    let mut bytes = Vec::new();
    let opened = File::open(&file.path).map_err(open)?;
    let length = opened.take(limit + 1).read_to_end(&mut bytes).map_err(open)? as u64;
    if length <= limit {
        *left -= length;
        return Ok(Some(bytes));
    }
    let message = if limit == MAX_FILE_BYTES {
        format!("the file is larger than {} MiB: split it", MAX_FILE_BYTES >> 20)
    } else {
        *left = 0;
        format!("all files together are larger than {} MiB", MAX_TOTAL_BYTES >> 20)
    };
    broken.push(Finding::about(file.path.clone(), message));
    Ok(None)
}

fn documents(dir: &Path, file: &PolicyFile, bytes: &[u8]) -> Result<arm::Documents, Vec<Fault>> {
    let text = utf8(bytes)?;
    let node = wire::parse(text, file.format).map_err(|fault| vec![fault])?;
    let name = file.path.strip_prefix(dir).unwrap_or(&file.path);
    arm::read(file.kind, &node, &name.to_string_lossy())
}

/// The text of a file.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Vec<Fault>> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let message = "this is not UTF-8: save the file in that encoding";
        vec![Fault::new(end_of(&String::from_utf8_lossy(before)), message)]
    })
}

/// The place after the last character of `text`.
fn end_of(text: &str) -> Place {
    let last = text.rsplit('\n').next().unwrap_or_default();
    Place { line: text.matches('\n').count() + 1, column: last.chars().count() + 1 }
}
