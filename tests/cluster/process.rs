//! Programs that run for a while, and end with this one however it ends.
//!
//! A guard stands before each: a shell that waits at the other end of a pipe and kills the program when
//! this process is gone, be it by a failure, Ctrl-C or SIGKILL. The program takes the shell's place, so
//! its process id is the one that was started.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kubentra::clock::Now;

/// Longest wait for a program that was told to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// Lines of a log that are shown when its program fails.
const SHOWN: usize = 15;

/// Waits for a line in the background: with it, the program has ended and been collected; the end of
/// input without one means that nobody looks after the program any more.
const GUARD: &str = "exec 3<&0; \
    (IFS= read -r line <&3 || kill -KILL $$) >/dev/null 2>&1 & \
    exec \"$@\" 3<&- <\"$0\"";

/// A command that runs `program` behind the guard. Its standard input is a pipe, and belongs to the guard;
/// whoever collects the program calls [`dismiss`] then, and not `wait`, which closes the pipe before.
pub(crate) fn guarded(program: &Path) -> Command {
    guarded_with_input(program, Path::new("/dev/null"))
}

/// As [`guarded`], with a file for the program to read.
pub(crate) fn guarded_with_input(program: &Path, input: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", GUARD]).arg(input).arg(program).stdin(Stdio::piped());
    command
}

/// Tells the guard that its program has ended and was collected.
pub(crate) fn dismiss(child: &mut Child) {
    if let Some(mut guard) = child.stdin.take() {
        let _ = writeln!(guard, "ended");
    }
}

/// Only what every program needs of the environment: what else is in it must not change a test.
pub(crate) fn clear_environment(command: &mut Command) {
    command.env_clear();
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = crate::variable(name) {
            command.env(name, value);
        }
    }
}

/// What must be gone when this process ends.
#[derive(Debug)]
struct Live {
    processes: BTreeSet<u32>,
    folders: BTreeSet<PathBuf>,
}

static LIVE: Mutex<Live> =
    Mutex::new(Live { processes: BTreeSet::new(), folders: BTreeSet::new() });

fn live() -> std::sync::MutexGuard<'static, Live> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a folder removed when this process is interrupted.
pub(crate) fn remove_on_interrupt(folder: &Path) {
    live().folders.insert(folder.to_owned());
}

/// Sends a signal to processes; the shell has it built in, where there is no program for it.
fn kill(signal: &str, ids: &[u32]) {
    if ids.is_empty() {
        return;
    }
    let ids = ids.iter().map(u32::to_string);
    let script = ["-c", "s=$1; shift; kill -\"$s\" \"$@\"", "kill", signal];
    let status = Command::new("/bin/sh").args(script).args(ids).stderr(Stdio::null()).status();
    assert!(status.is_ok(), "there is no /bin/sh");
}

/// On Ctrl-C, SIGTERM and a closed terminal: ends every program, removes every folder, and then this process.
pub(crate) fn end_on_signals() {
    use tokio::signal::unix::{SignalKind, signal};

    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt()).unwrap();
            let mut terminate = signal(SignalKind::terminate()).unwrap();
            let mut hang_up = signal(SignalKind::hangup()).unwrap();
            let code = tokio::select! {
                _ = interrupt.recv() => 130,
                _ = terminate.recv() => 143,
                _ = hang_up.recv() => 129,
            };
            // Held to the end: nobody starts anything any more.
            let live = live();
            kill("KILL", &live.processes.iter().copied().collect::<Vec<_>>());
            // kubectl and kubeadm, which are not among them, may still be writing.
            for _ in 0..20 {
                for folder in &live.folders {
                    let _ = fs::remove_dir_all(folder);
                }
                if live.folders.iter().all(|folder| !folder.exists()) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            crate::say("cluster: interrupted; everything is ended and removed");
            std::process::exit(code);
        });
    });
}

/// A program that runs. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `program`; what it prints goes to the end of `log`.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
        log: &Path,
    ) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let mut command = guarded(program);
        clear_environment(&mut command);
        command.args(args).stdout(file.try_clone().unwrap()).stderr(file);
        // A group of its own: Ctrl-C at the terminal is for this process, which ends the others in order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut live = live();
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        live.processes.insert(child.id());
        Self { name, child, log: log.to_owned(), ended: None }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
            if self.ended.is_some() {
                self.dismiss_guard();
            }
        }
        self.ended
    }

    /// Sends a signal, by its name without `SIG`, unless the program has ended.
    pub(crate) fn signal(&mut self, signal: &str) {
        if self.ended().is_none() {
            kill(signal, &[self.child.id()]);
        }
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self) {
        if self.ended().is_none() {
            self.child.kill().unwrap();
            // Not `wait`, which would close the guard's pipe before the program is collected.
            while self.ended().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// SIGTERM, and waits; SIGKILL after [`PATIENCE`].
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        let began = Now::read().monotonic;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            if began.elapsed() > PATIENCE {
                self.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until `ready` says so. Panics with the end of the log if the program ends before, or
    /// after `limit`.
    pub(crate) fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) {
        let began = Now::read().monotonic;
        while !ready() {
            let (name, log) = (self.name, self.last_lines());
            if let Some(status) = self.ended() {
                panic!("{name} ended with {status}; its last lines:\n{log}");
            }
            assert!(began.elapsed() < limit, "{name} is not ready; its last lines:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The end of what it printed.
    pub(crate) fn last_lines(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }

    fn dismiss_guard(&mut self) {
        live().processes.remove(&self.child.id());
        dismiss(&mut self.child);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
