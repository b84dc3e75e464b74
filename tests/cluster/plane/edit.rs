//! Changing one field of a file that `kubentra init` wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Puts `to` in the place of `from`, which must be there exactly once: else the file is no longer what
/// the story thinks.
pub(crate) fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let found = text.matches(from).count();
    assert_eq!(found, 1, "`{from}` is {found} times in `{}`:\n{text}", file.display());
    write_whole(file, text.replace(from, to));
}

/// Writes a file whole or not at all, as a running server may read it at any moment.
pub(crate) fn write_whole(file: &Path, text: impl AsRef<[u8]>) {
    let name = file.file_name().unwrap().to_string_lossy();
    let unfinished = file.with_file_name(format!(".{name}"));
    fs::write(&unfinished, text).unwrap();
    fs::rename(&unfinished, file).unwrap();
}

/// Every file below a folder, with what is in it.
pub(crate) fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}
