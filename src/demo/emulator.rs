//! `kubentra-emulator` as a child process.
//!
//! It is another program on purpose: this one cannot mint tokens, and need not be built with what can.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::folder::Folder;
use super::{DemoError, EMULATOR};
use crate::azure::http;

/// Folder that the emulator writes its certificate and address into.
const OUT: &str = "entra";
/// Its certificate, below the demo's folder.
pub(super) const CA_FILE: &str = "entra/ca.crt";
/// Its address: there once it is listening.
const ENDPOINTS: &str = "entra/endpoints.json";
/// What it says, below the demo's folder.
const LOG: &str = "emulator.log";

/// Longest wait for it. Making RSA keys takes a moment, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two looks for its address.
const LOOK: Duration = Duration::from_millis(10);
/// Longest wait for its end after it was killed.
const END: Duration = Duration::from_secs(5);

/// A running emulator. Dropping it kills it; if this process is killed first, it ends by itself.
#[derive(Debug)]
pub(super) struct Emulator {
    child: Child,
    client: Client,
    authority: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoints {
    authority_url: String,
}

/// The program: the one that was named, else the one beside this program.
pub(super) fn find(named: Option<&Path>) -> Result<PathBuf, DemoError> {
    let beside = || {
        let this = std::env::current_exe();
        this.map_or_else(|_| EMULATOR.into(), |this| this.with_file_name(EMULATOR))
    };
    let program = named.map_or_else(beside, Path::to_owned);
    if program.is_file() { Ok(program) } else { Err(DemoError::NoEmulator(program)) }
}

impl Emulator {
    /// Starts `program` on the directory in `folder`, and waits until it listens.
    pub(super) async fn start(program: &Path, folder: &Folder) -> Result<Self, DemoError> {
        let start = |source| DemoError::StartEmulator { program: program.to_owned(), source };
        let log = folder.write(LOG, "")?;
        let stderr = File::options().append(true).open(&log).map_err(start)?;
        let mut child = Command::new(program)
            .arg("--directory")
            .arg(folder.path().join("directory.yaml"))
            .arg("--out")
            .arg(folder.path().join(OUT))
            .args(["--listen", "127.0.0.1:0", "--until-eof"])
            // Held by the child's handle: it closes with this process, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let endpoints = timeout(PATIENCE, endpoints(&mut child, folder, &log)).await;
        let authority = endpoints
            .map_err(|_| DemoError::NotReady { what: EMULATOR, after: PATIENCE })??
            .authority_url;
        let ca = folder.path().join(CA_FILE);
        let pem = fs::read(&ca).map_err(|source| DemoError::File { path: ca, source })?;
        Ok(Self { child, client: http::client(Some(&pem))?, authority })
    }

    /// `https://127.0.0.1:PORT`.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Has a token minted; `request` is the body of `POST /_emulator/tokens`.
    pub(super) async fn mint(&self, request: &serde_json::Value) -> Result<String, DemoError> {
        #[derive(Deserialize)]
        struct Minted {
            token: String,
        }

        let failed = |source| DemoError::Request { what: EMULATOR, source };
        let request =
            self.client.post(format!("{}/_emulator/tokens", self.authority)).json(request);
        let response = request.send().await.map_err(failed)?;
        let body = response.bytes().await.map_err(failed)?;
        let minted: Minted = serde_json::from_slice(&body).map_err(|_| {
            let said = String::from_utf8_lossy(&body);
            DemoError::answer(format!("{EMULATOR}: {}", said.trim()))
        })?;
        Ok(minted.token)
    }

    /// Ends it, and waits until it is gone.
    pub(super) async fn stop(mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.start_kill();
        let _ = timeout(END, self.child.wait()).await;
    }
}

/// The file that the emulator writes once it listens.
async fn endpoints(child: &mut Child, folder: &Folder, log: &Path) -> Result<Endpoints, DemoError> {
    let path = folder.path().join(ENDPOINTS);
    loop {
        if let Ok(text) = fs::read(&path) {
            return serde_json::from_slice(&text)
                .map_err(|_| DemoError::answer(format!("{EMULATOR}: `{ENDPOINTS}`")));
        }
        if let Ok(Some(status)) = child.try_wait() {
            let log = fs::read_to_string(log).unwrap_or_default();
            let said = log.lines().last().unwrap_or("it said nothing").to_owned();
            return Err(DemoError::EmulatorEnded { status, said });
        }
        sleep(LOOK).await;
    }
}
