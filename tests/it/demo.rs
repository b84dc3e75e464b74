//! `kubentra demo` as it is run: the tour, what is left running, and what becomes of it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for a tour, on a machine that does a lot else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place of its own for the demo's folder, so that what it leaves can be seen.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn demo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubentra"));
        command
            .arg("demo")
            .args(args)
            .env("KUBENTRA_EMULATOR", env!("CARGO_BIN_EXE_kubentra-emulator"))
            .env("TMPDIR", self.path())
            .env_remove("COLUMNS")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.demo(args).output().unwrap()
    }

    /// The demo's folders that are there.
    fn folders(&self) -> Vec<PathBuf> {
        fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// An emulator that sees another directory than the demo wrote.
    fn with_edited_directory(&self, sed: &str) -> PathBuf {
        let program = tempfile::NamedTempFile::new_in(self.path()).unwrap().into_temp_path();
        let program = program.keep().unwrap();
        let emulator = env!("CARGO_BIN_EXE_kubentra-emulator");
        let text = format!("#!/bin/sh\nsed -i.old '{sed}' \"$2\"\nexec '{emulator}' \"$@\"\n");
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn is_running(pid: u64) -> bool {
    // Killed, but nobody has collected it: so it is in a container without an init.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    if stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('Z')) {
        return false;
    }
    Command::new("kill")
        .args(["-0", &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Waits until a process is gone, which is no child of ours.
fn wait_gone(pid: u64) {
    let began = Instant::now();
    while is_running(pid) {
        assert!(began.elapsed() < PATIENCE, "the emulator, process {pid}, is left");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A demo that runs until the test is over.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Reads lines up to the one that begins like this.
    fn read_until(&mut self, begin: &str) -> (String, BufReader<impl Read + use<>>) {
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        let mut read = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "no `{begin}` in:\n{read}");
            read.push_str(&line);
            if line.starts_with(begin) {
                return (read, output);
            }
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the demo does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The emulator's process id, out of the text of the tour.
fn emulator_pid(tour: &str) -> u64 {
    let (_, rest) = tour.split_once("plays Entra, process ").unwrap();
    rest.lines().next().unwrap().parse().unwrap()
}

#[test]
fn the_tour_takes_its_steps_and_leaves_nothing() {
    let place = Place::new();
    let Output { status, stdout, stderr } = place.run(&[]);
    let (tour, stderr) = (text(stdout), text(stderr));
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{tour}");
    let mut rest = tour.as_str();
    for section in [
        "kubentra demo",
        "1. Who is this?",
        "2. May they?",
        "3. Grant and revoke",
        "4. How fast?",
        "24 answers, all as expected",
        "Next",
    ] {
        let found = rest.split_once(&format!("\n{section}"));
        rest = found.unwrap_or_else(|| panic!("no `{section}` in its place:\n{tour}")).1;
    }
    assert!(!tour.contains('\u{1b}'), "colour is for terminals only:\n{tour}");
    let widest = tour.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest} columns:\n{tour}");
    assert!(tour.lines().all(|line| line.trim_end() == line), "blanks at the end:\n{tour}");
    assert!(!is_running(emulator_pid(&tour)), "the emulator is left");
    assert_eq!(place.folders(), [] as [PathBuf; 0]);
}

#[test]
fn the_tour_as_data_has_every_answer() {
    let place = Place::new();
    let Output { status, stdout, stderr } = place.run(&["-o", "json"]);
    assert_eq!((status.code(), text(stderr).as_str()), (Some(0), ""));
    let report: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(report["passed"], true, "{report:#}");
    assert_eq!(report["kept"], Value::Null);
    let mut decisions = String::new();
    for token in report["tokens"].as_array().unwrap() {
        let [who, note, result] = ["who", "note", "result"].map(|k| token[k].as_str().unwrap());
        decisions.push_str(&format!("{who} {note}: {result}\n"));
    }
    let changes = [&report["grant"], &report["revoke"]];
    for answer in report["decisions"].as_array().unwrap().iter().chain(changes) {
        let [who, wants, decision] =
            ["who", "wants", "decision"].map(|key| answer[key].as_str().unwrap());
        decisions.push_str(&format!("{who}: {wants}: {decision}\n"));
    }
    insta::assert_snapshot!(decisions);
    assert!(report["grant"]["milliseconds"].as_u64().unwrap() < 5000);
    assert!(report["latency"]["reviews"].as_u64().unwrap() > 0);
}

#[test]
fn a_difference_is_shown_and_ends_with_1() {
    let place = Place::new();
    #[rustfmt::skip]
    let cases = [
        // (edit of the directory,                               shown,                             why)
        ("s/alice@contoso/mallory@contoso/",                     "EXPECTED alice@contoso.example",  "another user name"),
        ("s/members: \\[9a000000[^]]*\\]/members: []/",          "EXPECTED allow: … through group", "the nested group is lost"),
    ];
    for (edit, shown, why) in cases {
        let emulator = place.with_edited_directory(edit);
        let output = place.run(&["--emulator", emulator.to_str().unwrap()]);
        let tour = text(output.stdout);
        assert_eq!(output.status.code(), Some(1), "{why}:\n{tour}{}", text(output.stderr));
        assert!(tour.contains(shown), "{why}:\n{tour}");
        assert!(tour.contains("answers are not as expected"), "{why}:\n{tour}");
    }
}

#[test]
fn a_demo_without_its_emulator_says_in_one_line_how_to_get_it() {
    let place = Place::new();
    let text_file = place.path().join("text");
    fs::write(&text_file, "not a program").unwrap();
    #[rustfmt::skip]
    let cases = [
        // (emulator,                                       message,                                     why)
        ("/no/such/program",                                "`cargo build --features emulator --bins`",  "it is not there"),
        (text_file.to_str().unwrap(),                       "cannot start",                              "it is no program"),
        ("/bin/false",                                      "kubentra-emulator ended with",              "it ends at once"),
    ];
    for (emulator, message, why) in cases {
        let Output { status, stdout, stderr } = place.run(&["--emulator", emulator]);
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert_eq!((status.code(), stdout.as_str()), (Some(4), ""), "{why}: {stderr}");
        assert!(stderr.contains(message) && stderr.lines().count() == 1, "{why}: {stderr}");
    }
    assert_eq!(place.folders(), [text_file], "nothing is left");
}

#[test]
fn a_kept_demo_answers_the_commands_that_it_prints_until_it_is_told_to_stop() {
    let place = Place::new();
    let mut demo = Running::start(place.demo(&["--keep", "-o", "json"]));
    let (report, _output) = demo.read_until("}");
    let report: Value = serde_json::from_str(&report).unwrap();
    let kept = &report["kept"];
    let directory = kept["directory"].as_str().unwrap();
    #[rustfmt::skip]
    let shown = [
        ("ask the webhook, as the API server does",    r#""allowed":false"#),
        ("every rule that was tried",                  "denied by deny assignment"),
        ("the same policy without a server",           "yes"),
        ("who can delete pods",                        "de000000-0000-4000-8000-0000000000a2"),
        ("have a token minted",                        r#"{"token":"ey"#),
        ("look into it",                               "bob@contoso.example"),
        ("what the webhook has counted",               "kubentra_decisions_total{"),
        ("take alice's role away",                     r#""allowed":false"#),
    ];
    let commands = kept["commands"].as_array().unwrap();
    assert_eq!(commands.len(), shown.len());
    for (command, (what, expected)) in commands.iter().zip(shown) {
        assert!(command["what"].as_str().unwrap().starts_with(what), "{command}");
        let command = command["command"].as_str().unwrap();
        if command.contains("curl") && Command::new("curl").arg("-V").output().is_err() {
            continue;
        }
        let output = Command::new("sh").args(["-c", command]).current_dir(directory).output();
        let output = output.unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(stdout.contains(expected), "{command}\n{stdout}{stderr}");
    }
    assert!(demo.0.try_wait().unwrap().is_none(), "it is still there");
    demo.signal("-TERM");
    assert_eq!(demo.wait(), Some(0));
    assert!(Path::new(directory).join("config.yaml").exists(), "the folder is kept");
}

#[test]
fn the_emulator_ends_with_the_demo_however_that_ends() {
    #[rustfmt::skip]
    let cases = [
        // (signal, moment,           status,  folders, why)
        ("-TERM",   "It runs until",  Some(0), 1,       "asked to stop while it is kept"),
        ("-INT",    "It runs until",  Some(0), 1,       "Ctrl-C does the same"),
        ("-TERM",   "1. Who is this", Some(4), 0,       "the tour is not over"),
        ("-KILL",   "It runs until",  None,    1,       "nobody can clean up"),
    ];
    for (signal, moment, status, folders, why) in cases {
        let place = Place::new();
        let mut demo = Running::start(place.demo(&["--keep"]));
        let (tour, _output) = demo.read_until(moment);
        let pid = emulator_pid(&tour);
        demo.signal(signal);
        assert_eq!(demo.wait(), status, "{why}");
        wait_gone(pid);
        assert_eq!(place.folders().len(), folders, "{why}");
    }
}
