//! `kubentra serve`, the server that is tried: set up by `kubentra init`, started, ended, asked how it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::MutexGuard;

use kubentra::emulator::RunningEmulator;

use super::layout::Layout;
use super::ports::{self, Ports};
use super::{AUTHORITY, Plane, READY, held, run};
use crate::company;
use crate::process::{Process, clear_environment};

impl Plane {
    /// The server that is tried. Locked while it is stopped or started again.
    pub(crate) fn kubentra(&self) -> MutexGuard<'_, Process> {
        held(&self.kubentra)
    }

    /// `https://127.0.0.1:PORT/authorize`.
    pub(crate) fn webhook_url(&self) -> String {
        format!("https://{}/authorize", self.ports.kubentra)
    }

    /// Starts `kubentra serve` in place of the one that has ended, and waits until it is ready.
    pub(crate) fn serve_again(&self) {
        self.serve_again_unready();
        let ready = || is_ready(&self.ports);
        self.kubentra().wait_until(READY, ready);
    }

    /// Starts `kubentra serve` in place of the one that has ended, and waits until it listens: it may
    /// have no policy.
    pub(crate) fn serve_again_unready(&self) {
        let mut kubentra = self.kubentra();
        kubentra.kill();
        *kubentra = start(&self.entra_folder(), &self.logs);
        kubentra.wait_until(READY, || ports::is_open(self.ports.kubentra));
    }

    /// What `/readyz` of `kubentra serve` says.
    pub(crate) fn readiness(&self) -> String {
        ports::http_get(self.ports.kubentra_admin, "/readyz").unwrap_or_default()
    }

    /// `/metrics` of `kubentra serve`, which must answer.
    pub(crate) fn kubentra_metrics(&self) -> String {
        let page = ports::http_get(self.ports.kubentra_admin, "/metrics");
        page.filter(|page| page.contains("kubentra_build_info")).expect("kubentra has metrics")
    }

    /// Runs the `kubentra init` of this control plane once more.
    pub(crate) fn init_again(&self, folder: &Path) {
        let authority = self.folder().join(AUTHORITY);
        Init { layout: &self.layout, ports: &self.ports, entra: &self.entra, authority }
            .run_into(folder);
    }

    /// The log of one program.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.logs.join(format!("{name}.log"))).unwrap()
    }

    /// Where all logs are, and the last lines of this server's, for a story that failed.
    pub(crate) fn logs(&self) -> String {
        let kubentra = self.kubentra().last_lines();
        format!("kubentra serve; all logs are in `{}`:\n{kubentra}", self.logs.display())
    }
}

/// What `kubentra init` is told beside the folder to write into.
pub(super) struct Init<'a> {
    pub(super) layout: &'a Layout,
    pub(super) ports: &'a Ports,
    pub(super) entra: &'a RunningEmulator,
    /// A file with the certificate of the emulator's authority.
    pub(super) authority: PathBuf,
}

impl Init<'_> {
    /// Runs it.
    pub(super) fn run_into(&self, folder: &Path) {
        let mut init = kubentra();
        init.arg("init")
            .arg("--out")
            .arg(folder)
            .args(["--cluster-id", self.layout.cluster, "--tenant-id", company::TENANT])
            .args(["--listen", &self.ports.kubentra.to_string()])
            .args(["--admin-listen", &self.ports.kubentra_admin.to_string()])
            .args(["--authority-url", self.entra.authority_url()])
            .arg("--authority-ca")
            .arg(&self.authority);
        if self.layout.webhook_first {
            init.arg("--webhook-first");
        }
        run(&mut init);
    }
}

/// Fills the policy directory below `entra`, and has configuration and policy checked.
pub(super) fn fill(layout: &Layout, entra: &Path) {
    for (name, text) in &layout.policy {
        let file = entra.join("policy").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    run(kubentra().arg("check").arg("--config").arg(entra.join("config.yaml")));
}

/// Starts it, and waits until it is ready.
pub(super) fn serve(entra: &Path, logs: &Path, ports: &Ports) -> Process {
    let mut kubentra = start(entra, logs);
    kubentra.wait_until(READY, || is_ready(ports));
    kubentra
}

fn start(entra: &Path, logs: &Path) -> Process {
    let program = Path::new(env!("CARGO_BIN_EXE_kubentra"));
    let args = ["serve".into(), "--config".into(), entra.join("config.yaml").into_os_string()];
    Process::start("kubentra", program, args, &logs.join("kubentra.log"))
}

fn is_ready(ports: &Ports) -> bool {
    ports::http_get(ports.kubentra_admin, "/readyz").is_some_and(|page| page.contains(" 200 "))
}

fn kubentra() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubentra"));
    clear_environment(&mut command);
    command
}
