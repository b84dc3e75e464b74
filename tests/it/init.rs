//! `kubentra init`, as it is run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::cli::{Ran, kubentra};

const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/demo/\
                       providers/Microsoft.ContainerService/managedClusters/demo";
const TENANT: &str = "00000000-0000-4000-8000-0000000000bb";

/// The text files, in the order of contract.
const TEXTS: [&str; 7] = [
    "config.yaml",
    "authn.kubeconfig",
    "authz.kubeconfig",
    "authorization-config.yaml",
    "legacy-flags.txt",
    "kubeadm-v1beta3.yaml",
    "kubeadm-v1beta4.yaml",
];

const PAIRS: [&str; 3] = ["ca", "server", "apiserver-client"];

/// Runs `kubentra init` into `directory` with `more` arguments.
fn init(directory: &Path, more: &[&str]) -> Ran {
    let out = directory.to_str().unwrap();
    let mut args = vec!["init", "--out", out, "--cluster-id", CLUSTER, "--tenant-id", TENANT];
    args.extend(more);
    kubentra(&args)
}

/// All text files after each other, with the directory as DIR.
fn texts(directory: &Path) -> String {
    let text: String = TEXTS
        .iter()
        .map(|name| format!("==> {name}\n{}\n", fs::read_to_string(directory.join(name)).unwrap()))
        .collect();
    text.replace(directory.to_str().unwrap(), "DIR")
}

/// Every file below `directory`, by its relative name, sorted.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.push(format!("{name}/"));
                open.push(path);
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn init_writes_the_files_that_the_contract_names() {
    let directory = TempDir::new().unwrap();
    let ran = init(directory.path(), &[]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let mut expected: Vec<String> = TEXTS.map(str::to_owned).into();
    for pair in PAIRS {
        expected.extend([format!("pki/{pair}.crt"), format!("pki/{pair}.key")]);
    }
    expected.extend(["pki/".to_owned(), "policy/".to_owned()]);
    expected.sort();
    assert_eq!(files(directory.path()), expected);
    for pair in PAIRS {
        let mode = |end: &str| {
            let path = directory.path().join(format!("pki/{pair}.{end}"));
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode("key"), 0o600, "{pair}: nobody else reads a key");
        assert_eq!(mode("crt") & 0o600, 0o600, "{pair}: a certificate is public");
    }
}

#[test]
fn what_init_writes_can_be_read_at_once() {
    let directory = TempDir::new().unwrap();
    init(directory.path(), &[]);
    let config = directory.path().join("config.yaml");
    let ran = kubentra(&[
        "can-i",
        "get",
        "pods",
        "--oid",
        "a0000000-0000-4000-8000-000000000001",
        "--config",
        config.to_str().unwrap(),
    ]);
    assert_eq!((ran.status, ran.stderr.as_str()), (2, ""), "an empty policy grants nothing");
}

#[test]
fn the_texts_are_as_reviewed() {
    let directory = TempDir::new().unwrap();
    init(directory.path(), &[]);
    insta::assert_snapshot!("init_default", texts(directory.path()));

    let directory = TempDir::new().unwrap();
    let ran = init(
        directory.path(),
        &[
            "--webhook-first",
            "--listen=[::]:9443",
            "--admin-listen=127.0.0.1:9080",
            "--install-path=/etc/kubernetes/kubentra/",
        ],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let texts = texts(directory.path());
    assert!(!texts.contains("DIR"), "with an install path, nothing names the directory");
    insta::assert_snapshot!("init_installed_elsewhere", texts);
}

#[test]
fn a_custom_cloud_is_written_with_its_certificates() {
    let directory = TempDir::new().unwrap();
    init(directory.path(), &[]);
    let ca = directory.path().join("pki/ca.crt");
    let other = TempDir::new().unwrap();
    let ran = init(
        other.path(),
        &[
            "--host=hook.example.internal",
            "--authority-url=https://127.0.0.1:4433/",
            "--authority-ca",
            ca.to_str().unwrap(),
        ],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let config = fs::read_to_string(other.path().join("config.yaml")).unwrap();
    let copy = other.path().join("pki/authority-ca.crt");
    let expected = format!(
        "  cloud: custom\n  authorityUrl: https://127.0.0.1:4433\n  caFile: {}\n",
        copy.display()
    );
    assert!(config.contains(&expected), "{config}");
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&ca).unwrap());
    let authz = fs::read_to_string(other.path().join("authz.kubeconfig")).unwrap();
    assert!(authz.contains("server: https://hook.example.internal:8443/authorize\n"), "{authz}");
}

#[test]
fn the_authority_of_a_custom_cloud_lies_with_the_other_files_and_without_its_key() {
    let source = TempDir::new().unwrap();
    init(source.path(), &[]);
    let bundle = source.path().join("bundle.pem");
    let [key, certificate] = ["pki/ca.key", "pki/ca.crt"]
        .map(|name| fs::read_to_string(source.path().join(name)).unwrap());
    fs::write(&bundle, format!("{key}\nno PEM\n{certificate}{key}{certificate}")).unwrap();

    let directory = TempDir::new().unwrap();
    let more = [
        "--install-path=/etc/kubernetes/entra",
        "--authority-url=https://127.0.0.1:4433/",
        "--authority-ca",
        bundle.to_str().unwrap(),
    ];
    assert_eq!(init(directory.path(), &more).status, 0);
    let copy = directory.path().join("pki/authority-ca.crt");
    assert_eq!(fs::read_to_string(&copy).unwrap(), format!("{certificate}{certificate}"));
    let config = fs::read_to_string(directory.path().join("config.yaml")).unwrap();
    assert!(config.contains("caFile: /etc/kubernetes/entra/pki/authority-ca.crt\n"), "{config}");

    fs::write(&copy, "mine").unwrap();
    let again = init(directory.path(), &more);
    assert_eq!(fs::read_to_string(&copy).unwrap(), "mine", "it is never overwritten");
    assert!(again.stdout.contains("authority-ca.crt (differs"), "{}", again.stdout);
}

#[test]
fn a_second_run_overwrites_nothing() {
    let directory = TempDir::new().unwrap();
    init(directory.path(), &[]);
    let contents = || -> Vec<_> {
        let names = files(directory.path()).into_iter().filter(|name| !name.ends_with('/'));
        names.map(|name| (fs::read(directory.path().join(&name)).unwrap(), name)).collect()
    };
    let before = contents();
    let again = init(directory.path(), &[]);
    assert_eq!((again.status, again.stderr.as_str()), (0, ""));
    assert!(!again.stdout.contains("wrote"), "{}", again.stdout);
    assert!(!again.stdout.contains("differs"), "{}", again.stdout);

    let ran = init(directory.path(), &["--webhook-first", "-o", "json"]);
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let differing: Vec<_> = result["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["differs"] == true)
        .map(|item| item["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(differing, ["authorization-config.yaml", "legacy-flags.txt"]);
    assert_eq!(contents(), before);
}

#[test]
fn a_removed_certificate_is_issued_anew_for_its_key() {
    let directory = TempDir::new().unwrap();
    init(directory.path(), &[]);
    let path = directory.path().join("pki/server.crt");
    let before = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let ran = init(directory.path(), &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("wrote").count(), 1, "{}", ran.stdout);
    assert_ne!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_relative_directory_becomes_an_absolute_one() {
    let directory = TempDir::new().unwrap();
    let directory = directory.path().canonicalize().unwrap();
    fs::create_dir(directory.join("below")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_kubentra"))
        .args(["init", "--out=../here", "--cluster-id", CLUSTER, "--tenant-id", TENANT])
        .current_dir(directory.join("below"))
        .output()
        .unwrap();
    assert!(ran.status.success());
    let authn = fs::read_to_string(directory.join("here/authn.kubeconfig")).unwrap();
    let ca = directory.join("here/pki/ca.crt");
    assert!(authn.contains(&format!("certificate-authority: {}\n", ca.display())), "{authn}");
}

#[test]
fn the_next_steps_are_printed() {
    let directory = TempDir::new().unwrap();
    let ran = init(directory.path(), &["--install-path=/etc/kubernetes/kubentra"]);
    let text = ran.stdout.replace(directory.path().to_str().unwrap(), "DIR");
    let until = text.find("until ").unwrap() + "until ".len();
    let (text, rest) = text.split_at(until);
    let rest = rest.get("2026-01-01".len()..).unwrap();
    insta::assert_snapshot!(format!("{text}DATE{rest}"));
}

#[test]
fn wrong_arguments_are_named_with_what_to_write() {
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("none");
    let out = out.to_str().unwrap();
    #[rustfmt::skip]
    let cases: [(&[&str], i32); 11] = [
        (&["--cluster-id=demo"], 3),
        (&["--cluster-id=/subscriptions/s/resourceGroups/g"], 3),
        (&["--cluster-id=/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"], 3),
        (&["--tenant-id=contoso.onmicrosoft.com"], 3),
        (&["--listen=8443"], 3),
        (&["--listen=127.0.0.1:0"], 3),
        (&["--host=https://hook"], 3),
        (&["--install-path=etc/kubernetes"], 3),
        (&["--authority-url=http://127.0.0.1:1"], 3),
        (&["--authority-ca=/etc/hosts"], 3),
        (&["--authority-url=https://127.0.0.1:1", "--authority-ca=/nowhere/ca.crt"], 4),
    ];
    let mut messages = String::new();
    for (changed, status) in cases {
        let mut args = vec!["init", "--out", out];
        for (name, value) in [("--cluster-id", CLUSTER), ("--tenant-id", TENANT)] {
            if !changed.iter().any(|arg| arg.starts_with(name)) {
                args.extend([name, value]);
            }
        }
        args.extend(changed);
        let ran = kubentra(&args);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{changed:?}");
        messages.push_str(&format!("{}\n{}\n", changed.join(" "), ran.stderr));
    }
    insta::assert_snapshot!(messages);
    assert!(!Path::new(out).exists(), "nothing is written for wrong arguments");
}
