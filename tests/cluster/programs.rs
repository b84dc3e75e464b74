//! The programs of the control plane: which, in which version, and where they come from.
//!
//! ```text
//! KUBEBUILDER_ASSETS ──has it, in the pinned version──┐
//! cache folder ────────built by an earlier run────────┼─▶ Programs
//! modules/*/go.mod ────go build, progress shown───────┘
//! ```
//!
//! The versions are those of the `go.mod` files, and nowhere else.

mod build;
mod cache;
mod go;

use std::path::{Path, PathBuf};

use build::printed;
use cache::Cache;

/// Where each program is.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) etcd: PathBuf,
    pub(crate) kube_apiserver: PathBuf,
    pub(crate) kube_controller_manager: PathBuf,
    pub(crate) kubeadm: PathBuf,
    pub(crate) kubectl: PathBuf,
    /// What the API server says of itself, for instance `Kubernetes v1.37.1`.
    pub(crate) version: String,
}

/// One of the two Go modules below `modules/`.
pub(crate) struct Module {
    pub(crate) folder: &'static str,
    /// The requirement in `go.mod` whose version is that of the programs.
    pub(crate) release: &'static str,
}

pub(crate) const KUBERNETES: Module = Module { folder: "kubernetes", release: "k8s.io/kubernetes" };
const ETCD: Module = Module { folder: "etcd", release: "go.etcd.io/etcd/server/v3" };

/// A program that one of the modules builds.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) module: &'static Module,
    /// Its main package.
    pub(crate) package: &'static str,
    /// Arguments that make it print its version.
    version: &'static [&'static str],
    /// What stands before the version then; the `v` at its beginning aside.
    before: &'static str,
}

#[rustfmt::skip]
const PROGRAMS: [Program; 5] = [
    Program { name: "etcd", module: &ETCD, package: "go.etcd.io/etcd/server/v3", version: &["--version"], before: "etcd Version: " },
    Program { name: "kube-apiserver", module: &KUBERNETES, package: "k8s.io/kubernetes/cmd/kube-apiserver", version: &["--version"], before: "Kubernetes " },
    Program { name: "kubectl", module: &KUBERNETES, package: "k8s.io/kubernetes/cmd/kubectl", version: &["version", "--client"], before: "Client Version: " },
    Program { name: "kubeadm", module: &KUBERNETES, package: "k8s.io/kubernetes/cmd/kubeadm", version: &["version", "--output=short"], before: "" },
    Program { name: "kube-controller-manager", module: &KUBERNETES, package: "k8s.io/kubernetes/cmd/kube-controller-manager", version: &["--version"], before: "Kubernetes " },
];

impl Programs {
    /// Finds or builds them. `assets` is `KUBEBUILDER_ASSETS`; what it does not have, or has in another
    /// version, comes from the cache or is built into it.
    pub(crate) fn find(assets: Option<&Path>, cache: &Path) -> Result<Self, String> {
        let cache = Cache::new(cache);
        let mut places = Vec::new();
        let mut missing = Vec::new();
        for program in &PROGRAMS {
            match assets.and_then(|folder| program.in_assets(folder)).or_else(|| cache.get(program))
            {
                Some(place) => places.push((program.name, place)),
                None => missing.push(program),
            }
        }
        if !missing.is_empty() {
            build::build(&missing, &cache)?;
            for program in missing {
                let place = cache.get(program);
                let place = place.ok_or_else(|| format!("`{}` was not built", program.name))?;
                places.push((program.name, place));
            }
        }
        let place = |name: &str| {
            let found = places.iter().find(|(found, _)| *found == name);
            found.map(|(_, place)| place.clone()).ok_or_else(|| format!("`{name}` is not there"))
        };
        let kube_apiserver = place("kube-apiserver")?;
        let version = printed(&kube_apiserver, &["--version"]);
        Ok(Self {
            version: version.ok_or("kube-apiserver does not say its version")?,
            kube_apiserver,
            etcd: place("etcd")?,
            kube_controller_manager: place("kube-controller-manager")?,
            kubeadm: place("kubeadm")?,
            kubectl: place("kubectl")?,
        })
    }
}

impl Program {
    /// The program in the folder that envtest keeps, if it is there in the pinned version.
    fn in_assets(&self, folder: &Path) -> Option<PathBuf> {
        let place = folder.join(self.name);
        if !place.is_file() {
            return None;
        }
        let (wanted, said) = (self.module.version(), printed(&place, self.version));
        let is_wanted = said.as_deref().and_then(|line| line.strip_prefix(self.before));
        if is_wanted.map(|version| version.trim_start_matches('v'))
            == Some(wanted.trim_start_matches('v'))
        {
            return Some(place);
        }
        crate::say(&format!(
            "cluster: `{}` is not used: it is {}, not {wanted}",
            place.display(),
            said.unwrap_or_else(|| "of no known version".to_owned()),
        ));
        None
    }
}

impl Module {
    /// The folder with `go.mod` and `go.sum`.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/modules").join(self.folder)
    }

    /// The pinned version, for instance `v1.37.1`.
    pub(crate) fn version(&self) -> String {
        let text = std::fs::read_to_string(self.path().join("go.mod")).unwrap();
        let required = text.lines().map(|line| line.trim_start_matches("require").trim());
        let mut versions = required.filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(self.release)).then(|| words.next()).flatten()
        });
        versions.find(|word| word.starts_with('v')).expect("go.mod pins a version").to_owned()
    }
}
