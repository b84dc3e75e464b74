//! The `kubentra` program as its users run it: arguments in; standard output, standard error and
//! exit status out.

use std::process::{Command, Stdio};

/// What one run of the program left.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `kubentra` with `args` and no environment of its own.
pub(crate) fn kubentra(args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_kubentra"))
        .args(args)
        .env_remove("KUBENTRA_CONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn exit_status_tells_wrong_usage_from_help() {
    #[rustfmt::skip]
    let cases: &[(&[&str], i32, &str)] = &[
        // (arguments,                status, why)
        (&["--help"],                 0, "help is no error"),
        (&["--version"],              0, "nor is the version"),
        (&["completions", "--help"],  0, "nor is the help of a command"),
        (&[],                         3, "a command is needed"),
        (&["no-such-command"],        3, "an unknown command"),
        (&["completions"],            3, "a missing argument"),
        (&["completions", "tcl"],     3, "a value that is not one of the possible ones"),
    ];
    for (args, status, why) in cases {
        let ran = kubentra(args);
        assert_eq!(ran.status, *status, "{why}: {args:?}");
        let quiet = if *status == 0 { &ran.stderr } else { &ran.stdout };
        assert_eq!(quiet, "", "{why}: results and errors have a stream each");
    }
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = kubentra(&["completions", shell]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.stdout.contains("kubentra"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_is_not_a_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubentra"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_help_of_each_command_is_as_reviewed() {
    let commands: [&[&str]; 8] = [
        &["can-i"],
        &["explain"],
        &["who-can"],
        &["list"],
        &["token", "inspect"],
        &["init"],
        &["demo"],
        &["completions"],
    ];
    let mut help = String::new();
    for command in commands {
        let ran = kubentra(&[command, &["--help"]].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{command:?}");
        help.push_str(&format!("==> {}\n{}\n", command.join(" "), ran.stdout));
    }
    insta::assert_snapshot!(help);
}

#[test]
fn colour_is_for_terminals_only() {
    let ran = kubentra(&["completions", "--help"]);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
}
