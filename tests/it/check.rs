//! `kubentra check` as it is run: what it prints where, and how it ends.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::kubentra;

const CLUSTER: &str = "/subscriptions/5a000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/demo";

/// A policy directory with one file of role assignments.
fn policy(assignments: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("roleAssignments")).unwrap();
    fs::write(dir.path().join("roleAssignments/a.yaml"), assignments).unwrap();
    dir
}

const READER: &str = "{principalId: b0000000-0000-4000-8000-000000000001, scope: /, roleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db}";

#[test]
fn the_exit_status_tells_what_is_wrong() {
    let unknown = READER.replace("7f6c6a51", "00000000");
    let conditional =
        READER.replace("}", ", condition: \"SubOperationMatches{'x'}\", conditionVersion: '2.0'}");
    let broken = READER.replace("}", ", condition: x, conditionVersion: '2.0'}");
    #[rustfmt::skip]
    let cases = [
        // (assignments,   status, last line begins,  why)
        ("[]",             0, "valid: 1 file, ",      "nothing is wrong"),
        (READER,           0, "valid: 1 file, ",      "an assignment"),
        (&conditional,     0, "valid: 1 file, ",      "a warning"),
        (&unknown,         1, "not valid: 1 file, ",  "not understood"),
        (&broken,          1, "not valid: 1 file, ",  "a condition that is not understood"),
        ("- {}",           1, "not valid: 3 errors",  "broken"),
        ("- [",            1, "not valid: 1 error",   "a syntax error"),
    ];
    for (assignments, status, last, why) in cases {
        let dir = policy(assignments);
        let path = dir.path().to_str().unwrap();
        let ran = kubentra(&["check", "--policy", path, "--cluster", CLUSTER]);
        assert_eq!((ran.status, ran.stderr.as_str()), (status, ""), "{why}");
        assert!(ran.stdout.lines().last().unwrap().starts_with(last), "{why}: {}", ran.stdout);
        assert!(!ran.stdout.contains('\u{1b}'), "no colours but on a terminal");

        let ran = kubentra(&["check", "--policy", path, "--cluster", CLUSTER, "-o", "json"]);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.status, &answer["valid"]), (status, &Value::Bool(status == 0)), "{why}");
    }
}

#[test]
fn what_cannot_be_opened_is_an_error_and_no_answer() {
    let dir = policy("[]");
    let nowhere = dir.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    for args in [
        ["check", "--config", nowhere].as_slice(),
        ["check", "--policy", nowhere, "--cluster", CLUSTER].as_slice(),
    ] {
        let ran = kubentra(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (4, ""), "{args:?}");
        assert!(ran.stderr.starts_with("error: cannot "), "{}", ran.stderr);
    }
    let ran = kubentra(&["check", "--policy", nowhere, "--cluster", "demo"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "a cluster that is none");
}

#[test]
fn what_stops_the_server_is_a_warning_with_its_file() {
    const TENANT: &str = "7e000000-0000-4000-8000-000000000001";
    let source = tempfile::tempdir().unwrap();
    let init = |out: &Path, more: &[&str]| {
        let mut args = vec!["init", "--cluster-id", CLUSTER, "--tenant-id", TENANT, "--out"];
        args.push(out.to_str().unwrap());
        args.extend(more);
        assert_eq!(kubentra(&args).status, 0);
    };
    init(source.path(), &[]);
    let authority = source.path().join("pki/ca.crt");
    let url = "--authority-url=https://127.0.0.1:4433";
    #[rustfmt::skip]
    let cases = [
        // (file,               its text,        warnings, the last one names,                    why)
        ("pki/other.crt",        Some("x"),       0,        "",                                    "a file of no use"),
        ("pki/server.crt",       None,            1,        "cannot read `DIR/pki/server.crt`: ",  "no certificate"),
        ("pki/server.key",       Some("x"),       1,        "`DIR/pki/server.key` holds no",       "no key"),
        ("pki/ca.crt",           None,            1,        "cannot read `DIR/pki/ca.crt`: ",      "no authority of clients"),
        ("pki/authority-ca.crt", None,            1,        "`DIR/pki/authority-ca.crt` (`entra.", "no authority of Entra"),
    ];
    for (file, text, warnings, named, why) in cases {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), &[url, "--authority-ca", authority.to_str().unwrap()]);
        let path = dir.path().join(file);
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let config = dir.path().join("config.yaml");
        let ran = kubentra(&["check", "--config", config.to_str().unwrap()]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{why}: other commands go on");
        let stdout = ran.stdout.replace(dir.path().to_str().unwrap(), "DIR");
        assert_eq!(stdout.matches("`serve` will not start: ").count(), warnings, "{why}: {stdout}");
        assert!(stdout.contains(named), "{why}: {stdout}");
    }
}
