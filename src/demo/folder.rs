//! The demo's own folder below the one for temporary files.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::DemoError;

/// Nobody else looks in: there are private keys.
const PRIVATE_FOLDER: u32 = 0o700;
/// What may be read by everyone who gets into the folder.
const PUBLIC: u32 = 0o644;
/// Private keys.
const SECRET: u32 = 0o600;

/// A new folder, removed with all that is in it when it is dropped, unless it is kept.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    /// Makes one whose name nobody can guess, so that nobody made it before.
    pub(super) fn create() -> Result<Self, DemoError> {
        let mut random = [0; 6];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| DemoError::Random)?;
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let above = std::env::temp_dir();
        let make = || {
            // Without links and `..`, as the name is written into files.
            let path = fs::canonicalize(&above)?.join(format!("kubentra-demo-{random}"));
            DirBuilder::new().mode(PRIVATE_FOLDER).create(&path).map(|()| path)
        };
        let path = make().map_err(|source| DemoError::File { path: above.clone(), source })?;
        Ok(Self { path, keep: false })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is.
    pub(super) fn keep(&mut self) {
        self.keep = true;
    }

    /// Writes a file in one step: whoever reads the folder sees all of it or nothing. Folders on the
    /// way are made.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, DemoError> {
        self.write_mode(name, text, PUBLIC)
    }

    /// The same for a private key.
    pub(super) fn write_secret(&self, name: &str, text: &str) -> Result<PathBuf, DemoError> {
        self.write_mode(name, text, SECRET)
    }

    fn write_mode(&self, name: &str, text: &str, mode: u32) -> Result<PathBuf, DemoError> {
        let path = self.path.join(name);
        // A name that begins with a dot is not read as policy.
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = path.with_file_name(format!(".{file_name}.new"));
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(mode).open(&unfinished)?;
            file.write_all(text.as_bytes())?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(|source| DemoError::File { path: path.clone(), source })?;
        Ok(path)
    }

    /// Removes a file.
    pub(super) fn remove(&self, name: &str) -> Result<(), DemoError> {
        let path = self.path.join(name);
        fs::remove_file(&path).map_err(|source| DemoError::File { path, source })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed is left to whoever clears temporary files.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_and_goes_with_its_owner_unless_kept() {
        for keep in [false, true] {
            let mut folder = Folder::create().unwrap();
            let path = folder.path().to_owned();
            let file = folder.write_secret("pki/a.key", "secret").unwrap();
            let mode = |path: &Path| {
                use std::os::unix::fs::PermissionsExt as _;
                fs::metadata(path).unwrap().permissions().mode() & 0o777
            };
            assert_eq!((mode(&path), mode(&file)), (0o700, 0o600));
            assert_eq!(fs::read_dir(path.join("pki")).unwrap().count(), 1, "nothing unfinished");
            if keep {
                folder.keep();
            }
            drop(folder);
            assert_eq!(path.exists(), keep);
            let _ = fs::remove_dir_all(path);
        }
    }
}
