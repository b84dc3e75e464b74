//! However the tests end, nothing of theirs is left.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Story, stories};
use crate::plane::{Plane, wait_until};
use crate::process::{Process, remove_on_interrupt};

/// Longest wait for a control plane to come up, or for its programs to go.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn stories() -> Vec<Story> {
    stories![
        interrupted: "after Ctrl-C no program and no file is left",
        killed: "after SIGKILL no program is left",
        failed: "after a story that fails no program and no file is left",
    ]
}

fn interrupted(_: &Plane) {
    let (mut tests, place) = staying();
    tests.signal("INT");
    wait_until(PATIENCE, "the tests end", || !is_running(tests.id()));
    assert_eq!(tests.ended().and_then(|status| status.code()), Some(130));
    nothing_is_left(place.path());
}

fn killed(_: &Plane) {
    let (mut tests, place) = staying();
    tests.kill();
    wait_until(PATIENCE, "the programs are gone", || programs_of(place.path()).is_empty());
}

/// `CLUSTER=fail` tells one story, which fails on purpose.
fn failed(_: &Plane) {
    let (mut tests, place) = start("fail");
    wait_until(PATIENCE, "the tests end", || !is_running(tests.id()));
    let status = tests.ended().unwrap();
    assert!(!status.success() && tests.last_lines().contains("on purpose"), "{status}");
    nothing_is_left(place.path());
}

/// These tests once more, with a control plane that stays.
fn staying() -> (Process, tempfile::TempDir) {
    let (tests, place) = start("stay");
    let is_up = || tests.last_lines().contains(" is ready after ");
    wait_until(PATIENCE, "a control plane", is_up);
    let programs = programs_of(place.path());
    assert!(programs.len() >= 4, "{programs:?}");
    (tests, place)
}

fn start(what: &str) -> (Process, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    remove_on_interrupt(place.path());
    let mut args = vec![format!("CLUSTER={what}"), format!("TMPDIR={}", place.path().display())];
    for name in ["KUBEBUILDER_ASSETS", "XDG_CACHE_HOME"] {
        args.extend(crate::variable(name).map(|value| format!("{name}={value}")));
    }
    args.push(this.to_string_lossy().into_owned());
    let log = place.path().join("log");
    (Process::start("these tests", Path::new("env"), args, &log), place)
}

fn nothing_is_left(place: &Path) {
    wait_until(PATIENCE, "the programs are gone", || programs_of(place).is_empty());
    let left = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["log"], "files are left");
}

fn is_running(id: u32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output().unwrap();
    // One that nobody has collected yet has ended all the same.
    !state.stdout.is_empty() && !state.stdout.starts_with(b"Z")
}

/// The command lines that name a folder, those of the shells that guard programs included.
fn programs_of(folder: &Path) -> Vec<String> {
    let processes = Command::new("ps").args(["-A", "-ww", "-o", "args="]).output().unwrap();
    let processes = String::from_utf8_lossy(&processes.stdout);
    let folder = folder.join("kubentra-cluster-");
    let ours = processes.lines().filter(|line| line.contains(folder.to_str().unwrap()));
    ours.map(str::to_owned).collect()
}
