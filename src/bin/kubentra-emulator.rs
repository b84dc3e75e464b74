//! The `kubentra-emulator` program: plays Entra for tests and demos.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use kubentra::emulator::{Directory, Emulator, RunningEmulator};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Exit status for wrong usage.
const USAGE: u8 = 3;
/// Exit status when it cannot start.
const CANNOT_START: u8 = 4;

/// What it says when it starts, and at the end of `--help`.
const WARNING: &str = "it mints any token for anyone: no real cluster may ever trust it";

/// Plays Entra for tests and demos, on loopback: mints any token, good or bad, and serves discovery,
/// signing keys and the token endpoint over HTTPS with a CA of its own.
#[derive(Debug, Parser)]
#[command(name = "kubentra-emulator", version, after_help = format!("Warning: {WARNING}."))]
struct Args {
    /// The users, groups and programs that exist: `directory.yaml`
    #[arg(long, value_name = "FILE")]
    directory: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder that gets `ca.crt` and, once it is listening, `endpoints.json`
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// End when standard input does, so as not to outlive the program that holds the other end
    #[arg(long)]
    until_eof: bool,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", report(&*error)));
            ExitCode::from(CANNOT_START)
        }
    }
}

/// Runs until SIGTERM or SIGINT, or the end of standard input if that is asked for. The handlers are there before the listener, so that no signal of
/// the start is lost.
#[tokio::main(flavor = "current_thread")]
async fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let directory = Directory::load(&args.directory)?;
    let endpoints = Output::prepare(&args.out)?;
    let emulator = Emulator::start(directory, args.listen)?;
    endpoints.write(&emulator)?;
    let url = emulator.authority_url();
    say(&format!("kubentra-emulator plays Entra at {url}; {WARNING}"));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = end_of_input(), if args.until_eof => {}
    }
    emulator.stop();
    Ok(())
}

/// Waits for the end of standard input; what comes before it is dropped. The thread that waits ends
/// with the process.
async fn end_of_input() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An input that cannot be read has nobody at the other end either.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

/// The folder in which callers find the CA and the addresses.
struct Output<'a>(&'a Path);

/// Its presence says that the emulator is listening, so it is written last.
const ENDPOINTS: &str = "endpoints.json";

impl<'a> Output<'a> {
    /// Makes the folder, and removes the addresses of an earlier run.
    fn prepare(folder: &'a Path) -> Result<Self, OutputError> {
        let failed = |source| OutputError { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        match fs::remove_file(folder.join(ENDPOINTS)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            Ok(()) | Err(_) => Ok(Self(folder)),
        }
    }

    fn write(&self, emulator: &RunningEmulator) -> Result<(), OutputError> {
        self.replace("ca.crt", emulator.ca_pem())?;
        let endpoints = json!({ "authorityUrl": emulator.authority_url() });
        self.replace(ENDPOINTS, &format!("{endpoints}\n"))
    }

    /// Writes a file whole or not at all: a reader sees the old one or the new one.
    fn replace(&self, name: &str, text: &str) -> Result<(), OutputError> {
        let path = self.0.join(name);
        let unfinished = self.0.join(format!(".{name}.{}", std::process::id()));
        let write = || {
            let mut file = File::create(&unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(|source| OutputError { path: path.clone(), source })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", path.display())]
struct OutputError {
    path: PathBuf,
    source: io::Error,
}

/// One line on standard error, and nobody to tell if that fails.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The error with all that is behind it. The library has the same, in a module that an emulator
/// must not know.
fn report(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        parts.push(error.to_string());
        next = error.source();
    }
    parts.join(": ")
}
