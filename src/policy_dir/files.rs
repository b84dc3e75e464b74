//! Which files make the policy, and whether any of them changed.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Finding, Findings, MAX_ENTRIES, ReadPolicyError};
use crate::wire::{Format, arm::Kind};

/// A file that belongs to the policy.
#[derive(Clone, Debug)]
pub(super) struct PolicyFile {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) format: Format,
}

/// What a policy directory holds, nothing of it read yet.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In ascending order of their paths.
    pub(super) files: Vec<PolicyFile>,
    /// What lies there and is not read.
    pub(super) warnings: Vec<Finding>,
    /// What makes the directory broken.
    pub(super) broken: Findings,
    fingerprint: Vec<(PathBuf, Option<Stamp>)>,
}

/// What tells a changed directory from an unchanged one: every entry's path, and of what it leads to
/// the device, inode, size, and times of the last change of content and of anything.
///
/// Equal fingerprints do not prove equal content: a file system whose clock ticks slowly gives two
/// quick writes the same times. Who relies on it reads once more a little later.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fingerprint(pub(super) Vec<(PathBuf, Option<Stamp>)>);

/// Device, inode, size, and two times in seconds and nanoseconds.
pub(super) type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

pub(super) fn stamp(meta: &Metadata) -> Stamp {
    let modified = (meta.mtime(), meta.mtime_nsec());
    (meta.dev(), meta.ino(), meta.size(), modified, (meta.ctime(), meta.ctime_nsec()))
}

/// Takes the fingerprint of the policy directory `dir`; reads no file.
///
/// # Errors
///
/// [`ReadPolicyError::Open`] if the directory or a folder cannot be listed, or a file is not there.
pub fn fingerprint(dir: &Path) -> Result<Fingerprint, ReadPolicyError> {
    list(dir).map(Listing::into_fingerprint)
}

impl Listing {
    pub(super) fn into_fingerprint(self) -> Fingerprint {
        Fingerprint(self.fingerprint)
    }
}

/// Lists the policy directory `dir`.
pub(super) fn list(dir: &Path) -> Result<Listing, ReadPolicyError> {
    let mut listing = Listing::default();
    // The directory itself changes when `..data` in it is swapped, there and back again included.
    let meta = fs::metadata(dir)
        .map_err(|source| ReadPolicyError::Open { path: dir.to_owned(), source })?;
    listing.fingerprint.push((dir.to_owned(), Some(stamp(&meta))));
    for (path, name) in entries(dir, &mut listing)? {
        let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == name);
        // What does not belong here may well be a broken link; it is not followed to an error.
        let meta = match (kind, fs::metadata(&path)) {
            (Some(_), Err(source)) => return Err(ReadPolicyError::Open { path, source }),
            (_, meta) => meta.ok(),
        };
        let is_dir = meta.as_ref().is_some_and(Metadata::is_dir);
        listing.fingerprint.push((path.clone(), meta.as_ref().map(stamp)));
        match kind {
            Some(kind) if is_dir => list_folder(&path, kind, &mut listing)?,
            Some(kind) => {
                let message = format!("this must be a folder with {} files", kind.noun());
                listing.broken.push(Finding::about(path, message));
            }
            None => listing.warnings.push(stray(path, &name, is_dir)),
        }
    }
    Ok(listing)
}

fn list_folder(dir: &Path, kind: Kind, listing: &mut Listing) -> Result<(), ReadPolicyError> {
    for (path, name) in entries(dir, listing)? {
        let Some(format) = format_of(&name) else {
            listing.fingerprint.push((path.clone(), None));
            let message = "not read: only files that end in `.json`, `.yaml` or `.yml` are";
            listing.warnings.push(Finding::about(path, message));
            continue;
        };
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(source) => return Err(ReadPolicyError::Open { path, source }),
        };
        listing.fingerprint.push((path.clone(), Some(stamp(&meta))));
        if meta.is_file() {
            listing.files.push(PolicyFile { path, kind, format });
        } else {
            let message = "this has the name of a policy file but is none: move it away";
            listing.broken.push(Finding::about(path, message));
        }
    }
    Ok(())
}

/// The entries of `dir` that do not begin with a dot, in ascending order, each with its name.
fn entries(dir: &Path, listing: &mut Listing) -> Result<Vec<(PathBuf, String)>, ReadPolicyError> {
    let open = |source: io::Error| ReadPolicyError::Open { path: dir.to_owned(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(open)? {
        let entry = entry.map_err(open)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if listing.fingerprint.len() + entries.len() >= MAX_ENTRIES {
            let message =
                format!("more than {MAX_ENTRIES} entries: put several documents in a file");
            listing.broken.push(Finding::about(dir.to_owned(), message));
            return Ok(Vec::new());
        }
        entries.push((entry.path(), name));
    }
    entries.sort();
    Ok(entries)
}

/// The format that a file's name says, whatever its case: a file left out by its name's case could
/// be a deny assignment.
fn format_of(name: &str) -> Option<Format> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        _ => None,
    }
}

fn stray(path: PathBuf, name: &str, is_dir: bool) -> Finding {
    let meant = Kind::ALL.into_iter().find(|kind| {
        let folder = kind.folder();
        folder.eq_ignore_ascii_case(name) || folder.trim_end_matches('s').eq_ignore_ascii_case(name)
    });
    let message = match (meant, is_dir) {
        (Some(kind), _) => format!("not read: rename it to `{}`", kind.folder()),
        (None, true) => {
            let folders = Kind::ALL.map(|kind| format!("`{}`", kind.folder())).join(", ");
            format!("not read: the folders of a policy are {folders}")
        }
        (None, false) => "not read: policy files lie in the folder of their kind".to_owned(),
    };
    Finding::about(path, message)
}
