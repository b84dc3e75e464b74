//! kubeadm: what it is told, and what it wrote.
//!
//! Its configuration is the one that `kubentra init` wrote for it, and beside that only what makes a
//! control plane fit into one folder of one machine. kubeadm refuses to advertise a loopback address, so
//! it is told one of the range for documentation; nothing is sent there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::layout::{Authentication, Authorizers, Layout};
use super::ports::Ports;
use super::run;
use crate::process::{Process, clear_environment};
use crate::programs::Programs;

/// Address for documentation (RFC 5737).
const ADVERTISED: &str = "192.0.2.10";

/// What kubeadm wrote below `kubeadm/`.
#[derive(Debug)]
pub(super) struct Kubeadm {
    folder: PathBuf,
    logs: PathBuf,
}

impl Kubeadm {
    /// Has kubeadm write certificates, kubeconfigs and manifests.
    pub(super) fn prepare(
        layout: &Layout,
        programs: &Programs,
        root: &Path,
        logs: &Path,
        ports: &Ports,
    ) -> Self {
        let folder = root.join("kubeadm");
        fs::create_dir_all(folder.join("manifests")).unwrap();
        let config = root.join("kubeadm-config.yaml");
        fs::write(&config, configuration(layout, programs, root, ports)).unwrap();
        let kubeadm = |phases: &[&str]| {
            let mut command = Command::new(&programs.kubeadm);
            clear_environment(&mut command);
            command.args(phases).arg("--config").arg(&config);
            command.env("KUBEADM_INIT_DRYRUN_DIR", folder.join("manifests"));
            command
        };
        run(&mut kubeadm(&["config", "validate"]));
        run(&mut kubeadm(&["init", "phase", "certs", "all"]));
        for name in ["admin", "super-admin", "controller-manager", "kubelet"] {
            run(kubeadm(&["init", "phase", "kubeconfig", name])
                .arg("--kubeconfig-dir")
                .arg(&folder));
        }
        run(&mut kubeadm(&["init", "phase", "control-plane", "all", "--dry-run"]));
        run(&mut kubeadm(&["init", "phase", "etcd", "local", "--dry-run"]));
        Self { folder, logs: logs.to_owned() }
    }

    /// The pod of a component.
    pub(super) fn manifest(&self, component: &str) -> Value {
        let file = self.folder.join("manifests").join(format!("{component}.yaml"));
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        serde_saphyr::from_str(&text).unwrap()
    }

    /// The command line of a component: the program's name, then its flags.
    pub(super) fn command(&self, component: &str) -> Vec<String> {
        let pod = self.manifest(component);
        let command = pod["spec"]["containers"][0]["command"].as_array().unwrap();
        command.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// Starts a component as its manifest says.
    pub(super) fn start(&self, component: &'static str, program: &Path) -> Process {
        let log = self.logs.join(format!("{component}.log"));
        Process::start(component, program, self.command(component).into_iter().skip(1), &log)
    }
}

/// The configuration for kubeadm: two documents of JSON, which is YAML.
fn configuration(layout: &Layout, programs: &Programs, root: &Path, ports: &Ports) -> String {
    let init = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "InitConfiguration",
        "localAPIEndpoint": {
            "advertiseAddress": ADVERTISED,
            "bindPort": ports.api_server.port(),
        },
        "nodeRegistration": { "name": "node-1", "criSocket": "unix:///nonexistent.sock" },
    });
    // What `init` wrote stands first, as a user merges it.
    let text = fs::read_to_string(root.join("entra/kubeadm-v1beta4.yaml")).unwrap();
    let mut cluster: Value = serde_saphyr::from_str(&text).unwrap();
    if layout.authorizers == Authorizers::LegacyFlags {
        let flags = fs::read_to_string(root.join("entra/legacy-flags.txt")).unwrap();
        cluster["apiServer"]["extraArgs"] = flags.lines().map(legacy_flag).collect();
    }
    let args = cluster["apiServer"]["extraArgs"].as_array_mut().unwrap();
    if layout.authentication == Authentication::Jwt {
        args.retain(|arg| {
            !arg["name"].as_str().unwrap().starts_with("authentication-token-webhook")
        });
        args.push(arg(
            "authentication-config",
            &root.join("entra/authentication-config.yaml").display(),
        ));
    }
    args.extend([
        arg("bind-address", &"127.0.0.1"),
        arg("etcd-servers", &format!("https://{}", ports.etcd)),
    ]);
    let version = programs.version.trim_start_matches("Kubernetes ");
    let etcd = |address| format!("https://{address}");
    let local = json!({
        "dataDir": root.join("etcd"),
        "extraArgs": [
            arg("listen-client-urls", &etcd(ports.etcd)),
            arg("advertise-client-urls", &etcd(ports.etcd)),
            arg("listen-peer-urls", &etcd(ports.etcd_peer)),
            arg("initial-advertise-peer-urls", &etcd(ports.etcd_peer)),
            arg("initial-cluster", &format!("node-1={}", etcd(ports.etcd_peer))),
            arg("listen-metrics-urls", &format!("http://{}", ports.etcd_metrics)),
            // Nothing of a test must survive a loss of power.
            arg("unsafe-no-fsync", &"true"),
        ],
    });
    // kubeadm would have it below /etc.
    let kubeconfig = root.join("kubeadm/controller-manager.conf");
    let controllers = json!([
        arg("kubeconfig", &kubeconfig.display()),
        arg("authentication-kubeconfig", &kubeconfig.display()),
        arg("authorization-kubeconfig", &kubeconfig.display()),
        arg("secure-port", &ports.controllers.port()),
        arg("leader-elect", &"false"),
        // Its kubeconfig names the address that is advertised.
        arg("master", &ports.api_server_url()),
    ]);
    for (key, value) in [
        ("kubernetesVersion", json!(version)),
        ("controlPlaneEndpoint", json!(ports.api_server.to_string())),
        ("certificatesDir", json!(root.join("kubeadm/pki"))),
        ("etcd", json!({ "local": local })),
        ("controllerManager", json!({ "extraArgs": controllers })),
    ] {
        cluster[key] = value;
    }
    cluster["apiServer"]["certSANs"] = json!(["127.0.0.1"]);
    format!("{init:#}\n---\n{cluster:#}\n")
}

fn arg(name: &str, value: &dyn std::fmt::Display) -> Value {
    json!({ "name": name, "value": value.to_string() })
}

/// `--name=value` as kubeadm wants it.
fn legacy_flag(line: &str) -> Value {
    let (name, value) = line.strip_prefix("--").and_then(|line| line.split_once('=')).unwrap();
    arg(name, &value)
}
