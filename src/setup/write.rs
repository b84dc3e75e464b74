//! Writing the files. Nothing that is there is ever overwritten.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use thiserror::Error;

use super::pki::{self, CompletePkiError, Found, FoundPair, Pair, PairName, Pki};
use super::{Plan, names};

/// Largest file that is read back: no certificate, key or text of ours comes near.
const MAX_FILE: u64 = 1 << 20;

/// Mode of private keys.
const SECRET: u32 = 0o600;

/// Mode of everything else, less the process's mask.
const PUBLIC: u32 = 0o644;

/// What became of one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It was not there.
    Written,
    /// It was there. For certificates: it fits the others. For texts: it is what would have been
    /// written.
    Kept,
    /// It was there, and is not what would have been written.
    KeptDifferent,
}

/// One file or directory, and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its path.
    pub path: PathBuf,
    /// What became of it.
    pub fate: Fate,
}

/// All that was set up.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Every file, in the order of writing.
    pub entries: Vec<Entry>,
    /// The certificates.
    pub pki: Pki,
}

/// Why the files could not be written. Those that were stay: run it again.
#[derive(Debug, Error)]
pub enum WriteSetupError {
    /// A file of an earlier run cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file or directory cannot be made.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The certificates do not work together.
    #[error("certificates in `{}`", directory.display())]
    Pki {
        /// Where they lie.
        directory: PathBuf,
        /// What is wrong.
        source: CompletePkiError,
    },
}

/// Writes what `plan` needs below `directory`, which is made if it is missing.
///
/// # Errors
///
/// [`WriteSetupError`]. Certificates are made and checked before the first file is written.
pub fn write(directory: &Path, plan: &Plan, now: SystemTime) -> Result<Outcome, WriteSetupError> {
    let pki_directory = directory.join("pki");
    let found = |name| {
        Ok(FoundPair {
            certificate: read(&pki_directory.join(format!("{name}.crt")))?,
            key: read(&pki_directory.join(format!("{name}.key")))?,
        })
    };
    let found = Found {
        ca: found(PairName::Ca)?,
        server: found(PairName::Server)?,
        client: found(PairName::ApiserverClient)?,
    };
    let pki = pki::complete(found, &plan.host, now)
        .map_err(|source| WriteSetupError::Pki { directory: pki_directory.clone(), source })?;

    make_directory(&pki_directory)?;
    let policy = directory.join(names::POLICY);
    let mut entries = Vec::new();
    for (name, pair) in [
        (PairName::Ca, &pki.ca),
        (PairName::Server, &pki.server),
        (PairName::ApiserverClient, &pki.client),
    ] {
        entries.extend(write_pair(&pki_directory, name, pair)?);
    }
    for document in plan.documents() {
        entries.push(write_new(directory.join(document.name), &document.text, PUBLIC)?);
    }
    let fate = if policy.is_dir() { Fate::Kept } else { Fate::Written };
    make_directory(&policy)?;
    entries.push(Entry { path: policy, fate });
    Ok(Outcome { entries, pki })
}

/// The key first: a certificate without its key could not be used, nor renewed.
fn write_pair(
    directory: &Path,
    name: PairName,
    pair: &Pair,
) -> Result<Vec<Entry>, WriteSetupError> {
    let key = pair.key.as_deref();
    let key = key.map(|key| write_new(directory.join(format!("{name}.key")), key, SECRET));
    let certificate = directory.join(format!("{name}.crt"));
    let certificate = write_new(certificate, &pair.certificate, PUBLIC);
    key.into_iter().chain([certificate]).collect()
}

/// Writes a file that is not there yet; a file that is there is compared.
fn write_new(path: PathBuf, text: &str, mode: u32) -> Result<Entry, WriteSetupError> {
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).and_then(
        |mut file| {
            let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            // Half a file would be kept by the next run.
            written.inspect_err(|_| drop(fs::remove_file(&path)))
        },
    );
    let fate = match written {
        Ok(()) => Fate::Written,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read(&path)?.as_deref() == Some(text) { Fate::Kept } else { Fate::KeptDifferent }
        }
        Err(source) => return Err(WriteSetupError::Write { path, source }),
    };
    Ok(Entry { path, fate })
}

fn make_directory(path: &Path) -> Result<(), WriteSetupError> {
    let made = DirBuilder::new().recursive(true).create(path);
    made.map_err(|source| WriteSetupError::Write { path: path.to_owned(), source })
}

/// Reads a file if it is there.
fn read(path: &Path) -> Result<Option<String>, WriteSetupError> {
    let wrong = |source| WriteSetupError::Read { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error)),
    };
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text).map_err(wrong)?;
    Ok(Some(text))
}
