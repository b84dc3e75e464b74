//! A control plane: the real programs, set up by the real kubeadm with what `kubentra init` wrote.
//!
//! ```text
//! kubentra init ─▶ entra/ ─┬─ kubeadm-v1beta4.yaml ─▶ kubeadm init phase … ─▶ pki/, *.conf, manifests/
//!                          └─ config.yaml ─▶ kubentra serve                         │
//! etcd, kube-apiserver, kube-controller-manager ◀── the command lines of these ─────┘
//! ```
//!
//! Everything listens on 127.0.0.1, lies in one folder, and is gone when the [`Plane`] is dropped.

mod api;
pub(crate) mod edit;
mod kubeadm;
mod layout;
mod ports;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubentra::clock::Now;
use kubentra::emulator::{Directory, Emulator, MintRequest, RunningEmulator};
use tempfile::TempDir;

pub(crate) use api::Api;
pub(crate) use layout::{Authentication, Authorizers, Layout};

use crate::process::{self, Process};
use crate::programs::Programs;
use crate::{kubectl, say};
use kubeadm::Kubeadm;
use ports::Ports;
use server::Init;

/// Longest wait for one program to be ready, on a machine that does a lot else.
const READY: Duration = Duration::from_secs(90);

/// The certificate of the emulator's authority, below a control plane's folder.
const AUTHORITY: &str = "authority.crt";

/// A control plane that runs.
pub(crate) struct Plane {
    pub(crate) layout: Layout,
    pub(crate) programs: Programs,
    pub(crate) entra: RunningEmulator,
    pub(crate) api: Api,
    ports: Ports,
    kubeadm: Kubeadm,
    kubentra: Mutex<Process>,
    api_server: Mutex<Process>,
    // Held to be dropped after the API server.
    _controllers: Process,
    _etcd: Process,
    folder: TempDir,
    logs: PathBuf,
    /// The files below `entra/` as they were when it started.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Plane {
    /// Starts everything, and returns when `kubentra serve`, the API server and the controllers are ready.
    pub(crate) fn start(layout: Layout, programs: &Programs) -> Self {
        let began = Now::read();
        let folder = tempfile::Builder::new()
            .prefix(&format!("kubentra-cluster-{}-", layout.name))
            .tempdir()
            .unwrap();
        process::remove_on_interrupt(folder.path());
        let root = folder.path();
        fs::create_dir(root.join("home")).unwrap();
        let logs = fresh_logs(&layout, root);
        let directory = Directory::parse(&layout.directory).unwrap();
        let entra = Emulator::start(directory, "127.0.0.1:0".parse().unwrap()).unwrap();
        let authority = root.join(AUTHORITY);
        fs::write(&authority, entra.ca_pem()).unwrap();
        let ports = Ports::choose();
        let files = root.join("entra");
        Init { layout: &layout, ports: &ports, entra: &entra, authority }.run_into(&files);
        layout.edit_files(root, &entra);
        server::fill(&layout, &files);
        let kubentra = server::serve(&files, &logs, &ports);
        let kubeadm = Kubeadm::prepare(&layout, programs, root, &logs, &ports);
        let etcd = kubeadm.start("etcd", &programs.etcd);
        let api_server = kubeadm.start("kube-apiserver", &programs.kube_apiserver);
        let api = Api::new(&ports, root);
        let (kubentra, api_server) = (Mutex::new(kubentra), Mutex::new(api_server));
        held(&api_server).wait_until(READY, || api.is_ready());
        let controllers = &programs.kube_controller_manager;
        let mut controllers = kubeadm.start("kube-controller-manager", controllers);
        controllers.wait_until(READY, || ports::is_open(ports.controllers));
        let plane = Self {
            layout,
            programs: programs.clone(),
            entra,
            api,
            ports,
            kubeadm,
            kubentra,
            api_server,
            _controllers: controllers,
            _etcd: etcd,
            files: edit::files_below(&folder.path().join("entra")),
            folder,
            logs,
        };
        plane.settle();
        say(&format!(
            "cluster: control plane `{}` is ready after {:.1} s",
            plane.layout.name,
            began.monotonic.elapsed().as_secs_f64()
        ));
        plane
    }

    /// Writes everybody's kubeconfig, and fills the cluster.
    fn settle(&self) {
        kubectl::write_config(self);
        let (first, second) = &self.layout.objects;
        let master = self.master();
        master.given(first).can("apply --server-side -f -");
        master.can("wait --for=condition=Established crd --all --timeout=30s");
        // Pods are refused until the controllers have made the accounts that they run as.
        let accounts = "get serviceaccounts -A --field-selector=metadata.name=default -o name";
        let namespaces = master.can("get namespaces -o name").lines().count();
        wait_until(READY, "service accounts", || {
            master.can(accounts).lines().count() >= namespaces
        });
        // Native roles such as `view` are put together by the controllers, too.
        for role in ["view", "edit"] {
            let rules = format!("get clusterrole {role} -o jsonpath={{.rules[0].verbs}}");
            wait_until(READY, "native roles", || !master.can(&rules).is_empty());
        }
        master.given(second).can("apply --server-side -f -");
        // kubectl asks for a port of a running pod only, and there is no kubelet to run it.
        let running = r#"'{"status":{"phase":"Running"}}'"#;
        master.can(&format!("patch pod web-1 -n shop --subresource=status -p {running}"));
    }

    /// Puts everything back as it was at the start, if a story before has left it otherwise: one that
    /// failed, say, in the middle.
    pub(crate) fn restore(&self) {
        self.entra.faults().clear();
        let found = edit::files_below(&self.entra_folder());
        let differ = found != self.files;
        for file in found.keys().filter(|file| !self.files.contains_key(*file)) {
            fs::remove_file(file).unwrap();
        }
        for (file, bytes) in &self.files {
            if found.get(file) != Some(bytes) {
                edit::write_whole(file, bytes);
            }
        }
        self.kubentra().signal("CONT");
        if differ || self.kubentra().ended().is_some() || !self.answers() {
            say(&format!("cluster: control plane `{}` is put back in order", self.layout.name));
            self.serve_again();
            self.restart_api_server();
        }
    }

    /// Whether somebody from Entra with a new token gets through.
    fn answers(&self) -> bool {
        let token = self.mint(&MintRequest::new("fay"));
        let reply = self.api.get("/api/v1/namespaces/shop/pods/not-there", &token);
        reply.status == reqwest::StatusCode::NOT_FOUND
    }

    /// The folder with everything in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that `kubentra init` wrote.
    pub(crate) fn entra_folder(&self) -> PathBuf {
        self.folder().join("entra")
    }

    /// The policy directory.
    pub(crate) fn policy(&self) -> PathBuf {
        self.entra_folder().join("policy")
    }

    /// Mints a token.
    pub(crate) fn mint(&self, request: &MintRequest) -> String {
        self.entra.mint(request).unwrap()
    }

    /// `https://127.0.0.1:PORT` of the API server.
    pub(crate) fn server(&self) -> String {
        self.ports.api_server_url()
    }

    /// Starts the API server anew: its caches are empty then, and the files of `init` are read again.
    pub(crate) fn restart_api_server(&self) {
        let mut api_server = held(&self.api_server);
        api_server.kill();
        *api_server = self.kubeadm.start("kube-apiserver", &self.programs.kube_apiserver);
        api_server.wait_until(READY, || self.api.is_ready());
    }

    /// The flags that kubeadm gave the API server.
    pub(crate) fn api_server_flags(&self) -> Vec<String> {
        self.kubeadm.command("kube-apiserver")
    }

    /// The API server's pod, as kubeadm wrote it.
    pub(crate) fn api_server_pod(&self) -> serde_json::Value {
        self.kubeadm.manifest("kube-apiserver")
    }

    /// A kubeconfig that kubeadm wrote, for instance `super-admin.conf`.
    pub(crate) fn kubeadm_config(&self, name: &str) -> PathBuf {
        self.folder().join("kubeadm").join(name)
    }
}

fn held(process: &Mutex<Process>) -> MutexGuard<'_, Process> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder for the logs of a control plane, emptied. That of a story outlives the control plane, for
/// whoever wants to know why it failed.
fn fresh_logs(layout: &Layout, root: &Path) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster-logs").join(layout.name);
    let folder = if layout.keeps_logs { kept } else { root.join("logs") };
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Asks again and again until it is so; panics after `limit`.
#[track_caller]
pub(crate) fn wait_until(limit: Duration, what: &str, is: impl Fn() -> bool) {
    let began = Now::read().monotonic;
    while !is() {
        assert!(began.elapsed() < limit, "{what}: not within {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs a command to its end; one that fails is a panic with what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} ended with {}:\n{out}{err}", output.status);
    out.into_owned()
}
