//! kubeadm's configuration, in the two versions that are in use.
//!
//! Each is a `ClusterConfiguration` with nothing but what the webhook needs, to be merged into the
//! cluster's own or used as a patch by kind. kubeadm leaves out its own `--authorization-mode` when
//! it sees `authorization-config`.

use super::{Plan, apiserver, yaml};

/// Name of the volume in the API server's pod.
const VOLUME: &str = "kubentra";

/// Renders `kubeadm.k8s.io/v1beta3`, where arguments are a map. kubeadm 1.37 no longer reads it;
/// kind uses it for nodes before 1.36.
pub fn v1beta3(plan: &Plan) -> String {
    let args = apiserver::flags(plan)
        .into_iter()
        .map(|(name, value)| format!("    {name}: {}\n", yaml::scalar(&value)))
        .collect::<String>();
    configuration(plan, "v1beta3", &args)
}

/// Renders `kubeadm.k8s.io/v1beta4`, where arguments are a list.
pub fn v1beta4(plan: &Plan) -> String {
    let args = apiserver::flags(plan)
        .into_iter()
        .map(|(name, value)| format!("  - name: {name}\n    value: {}\n", yaml::scalar(&value)))
        .collect::<String>();
    configuration(plan, "v1beta4", &args)
}

fn configuration(plan: &Plan, version: &str, args: &str) -> String {
    let directory = yaml::scalar(plan.installed.as_str());
    format!(
        "\
apiVersion: kubeadm.k8s.io/{version}
kind: ClusterConfiguration
apiServer:
  extraArgs:
{args}  extraVolumes:
  - name: {VOLUME}
    hostPath: {directory}
    mountPath: {directory}
    readOnly: true
    pathType: Directory
"
    )
}
