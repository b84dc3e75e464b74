//! Running `go`: behind the guard, with an end, and with what it says in a file.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use kubentra::clock::Now;

use super::Module;
use super::build::printed;
use crate::process::{dismiss, guarded};

/// The oldest Go that the modules take; it is in their `go.mod`.
pub(super) const OLDEST: &str = "1.26";

/// Says whether there is a Go that is not too old. One that fetches a newer one by itself may be old.
pub(super) fn check() -> Result<(), String> {
    let go = Path::new("go");
    let Some(version) = printed(go, &["env", "GOVERSION"]) else {
        return Err("there is no `go` in the PATH".to_owned());
    };
    let number = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.trim_start_matches("go").split('.');
        let minor = parts.next().zip(parts.next());
        minor.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
    };
    let is_old = number(&version).zip(number(OLDEST)).is_some_and(|(found, oldest)| found < oldest);
    let stays = printed(go, &["env", "GOTOOLCHAIN"]).is_some_and(|toolchain| toolchain == "local");
    if is_old && stays {
        return Err(format!("`go` is {version}, which is too old"));
    }
    Ok(())
}

/// One run of `go` in the folder of a module.
pub(super) struct Go<'a> {
    pub(super) module: &'a Module,
    /// What it says.
    pub(super) log: &'a Path,
    pub(super) end: Instant,
}

impl Go<'_> {
    /// Runs it; `seen` hears how many packages it has named since the last time, also if none.
    pub(super) fn run(
        &self,
        args: &[String],
        output: Stdio,
        mut seen: impl FnMut(usize),
    ) -> Result<(), String> {
        let log = || self.log.display();
        let mut file = File::options().create(true).append(true).open(self.log);
        let mut command = guarded(Path::new("go"));
        command.args(args).current_dir(self.module.path());
        // Neither for another machine, nor with other sources, nor with what a user sets for their own.
        command.env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOWORK", "off");
        command.env_remove("GOOS").env_remove("GOARCH");
        let mut child = command
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run go: {error}"))?;
        let (send, lines) = mpsc::channel();
        forward(child.stdout.take(), send.clone());
        forward(child.stderr.take(), send);
        let status = loop {
            let line = match lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => Some(line),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(Duration::from_millis(10));
                    None
                }
            };
            if let (Some(line), Ok(file)) = (&line, &mut file) {
                let _ = writeln!(file, "{line}");
            }
            // Errors and downloads are sentences, packages are words.
            seen(usize::from(line.as_ref().is_some_and(|line| !line.contains(' '))));
            if Now::read().monotonic > self.end {
                // The guard ends it.
                drop(child.stdin.take());
                return Err(format!("go takes too long; it says so far what is in `{}`", log()));
            }
            if line.is_none()
                && let Some(status) = child.try_wait().map_err(|e| format!("go is lost: {e}"))?
            {
                dismiss(&mut child);
                break status;
            }
        };
        for line in lines.try_iter() {
            seen(usize::from(!line.contains(' ')));
        }
        if status.success() { Ok(()) } else { Err(format!("go fails: see `{}`", log())) }
    }
}

/// Passes the lines of a stream on, as they come.
fn forward(stream: Option<impl Read + Send + 'static>, to: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        let lines = stream.into_iter().flat_map(|stream| BufReader::new(stream).lines());
        for line in lines.map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
}
