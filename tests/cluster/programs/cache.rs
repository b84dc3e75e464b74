//! The folder in which built programs are kept, in the user's cache.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Module, Program};
use crate::hash::hash;

/// Keeps programs of any version beside each other: `<root>/<module>-<version>-<hash>/<program>`.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The program, if an earlier run has built it from the same module.
    pub(crate) fn get(&self, program: &Program) -> Option<PathBuf> {
        let place = self.folder(program.module).join(program.name);
        place.is_file().then_some(place)
    }

    /// The folder of a module: another requirement or sum makes another folder.
    pub(crate) fn folder(&self, module: &Module) -> PathBuf {
        let files = ["go.mod", "go.sum"].map(|name| fs::read(module.path().join(name)).unwrap());
        let how = super::build::settings(module).join(" ");
        let hash = hash(&[files.concat(), how.into_bytes()].concat(), 16);
        self.root.join(format!("{}-{}-{hash}", module.folder, module.version()))
    }

    /// The file that whoever builds holds locked, so that two runs do not build the same at once.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
}
