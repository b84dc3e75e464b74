//! What `kubentra init` wrote is what the control plane runs with.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{Story, stories};
use crate::plane::Plane;
use crate::process::clear_environment;

pub(super) fn stories() -> Vec<Story> {
    stories![
        flags: "kubeadm gives the API server our flags, and mounts every file that they name",
        old_kubeadm: "kubeadm refuses the configuration for older releases, and says so",
        no_programs: "without the programs and without Go, one line says what to install",
    ]
}

fn flags(plane: &Plane) {
    let flags = plane.api_server_flags();
    let entra = plane.entra_folder();
    for (flag, file) in [
        ("--authorization-config", "authorization-config.yaml"),
        ("--authentication-token-webhook-config-file", "authn.kubeconfig"),
    ] {
        let wanted = format!("{flag}={}", entra.join(file).display());
        assert!(flags.contains(&wanted), "no `{wanted}` in {flags:?}");
    }
    assert!(flags.contains(&"--authentication-token-webhook-version=v1".to_owned()), "{flags:?}");
    assert!(
        flags.contains(&"--authentication-token-webhook-cache-ttl=10s".to_owned()),
        "{flags:?}"
    );
    // The API server refuses both together.
    assert!(!flags.iter().any(|flag| flag.starts_with("--authorization-mode")), "{flags:?}");

    let pod = plane.api_server_pod();
    let volumes = pod["spec"]["volumes"].as_array().unwrap();
    let ours: Vec<_> = volumes.iter().filter(|volume| volume["name"] == "kubentra").collect();
    assert_eq!(ours.len(), 1, "{volumes:?}");
    assert_eq!(ours[0]["hostPath"]["path"], entra.to_str().unwrap(), "{volumes:?}");
    let mounts = pod["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
    let mount = mounts.iter().find(|mount| mount["name"] == "kubentra").unwrap();
    assert_eq!(mount["mountPath"], entra.to_str().unwrap(), "the path is the same inside");
    assert_eq!(mount["readOnly"], true);
}

fn old_kubeadm(plane: &Plane) {
    let mut kubeadm = Command::new(&plane.programs.kubeadm);
    clear_environment(&mut kubeadm);
    let output = kubeadm
        .args(["config", "validate", "--config"])
        .arg(plane.entra_folder().join("kubeadm-v1beta3.yaml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("v1beta3"), "{said}");
}

/// These tests once more, on a machine that has nothing.
fn no_programs(_: &Plane) {
    let home = tempfile::tempdir().unwrap();
    let old = home.path().join("kubectl");
    std::fs::write(&old, "#!/bin/sh\necho Client Version: v1.30.0\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |assets: Option<&Path>| {
        let mut tests = Command::new(std::env::current_exe().unwrap());
        tests.env_clear().env("CLUSTER", "run").env("HOME", home.path()).env("PATH", "");
        tests.envs(assets.map(|folder| ("KUBEBUILDER_ASSETS", folder)));
        let output = tests.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let version = crate::programs::KUBERNETES.version();
    let said = run(None);
    assert_eq!(said.lines().count(), 1, "{said}");
    for part in
        ["there is no `go`", &format!("kubectl {version}"), "install Go 1.26", "CLUSTER=skip"]
    {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    // One of another version does not count, and that is said.
    let said = run(Some(home.path()));
    let is_named =
        format!("`{}` is not used: it is Client Version: v1.30.0, not {version}", old.display());
    assert!(said.contains(&is_named), "{said}");
}
