//! `config.yaml`: the server's own configuration.

use super::{Plan, names, yaml};

/// Renders the configuration file. Whatever is not in it has its default.
pub fn config(plan: &Plan) -> String {
    let file = |name| yaml::scalar(&plan.installed.file(name));
    let cloud = plan.authority.as_ref().map_or_else(
        || "  cloud: public\n".to_owned(),
        |authority| {
            let url = yaml::scalar(authority.url.as_str().trim_end_matches('/'));
            let ca = authority.ca.as_ref().map(|_| file(names::AUTHORITY_CA));
            let ca = ca.map_or_else(String::new, |ca| format!("  caFile: {ca}\n"));
            format!("  cloud: custom\n  authorityUrl: {url}\n{ca}")
        },
    );
    format!(
        "\
# Written by `kubentra init`. Keys that are not here have their defaults; unknown keys are errors.
# After a change: kubentra check --config <this file>
apiVersion: kubentra.io/v1alpha1
kind: Configuration
cluster:
  resourceId: {cluster}
server:
  listen: {listen}
  adminListen: {admin}
  tls:
    certificateFile: {certificate}
    privateKeyFile: {key}
    clientCaFile: {ca}
entra:
{cloud}  tenantId: {tenant}
policy:
  mode: azureRbac
  source: files
  directory: {policy}
",
        cluster = yaml::scalar(plan.cluster.id().as_str()),
        listen = yaml::scalar(&plan.listen.to_string()),
        admin = yaml::scalar(&plan.admin_listen.to_string()),
        certificate = file(names::SERVER),
        key = file(names::SERVER_KEY),
        ca = file(names::CA),
        tenant = plan.tenant,
        policy = file(names::POLICY),
    )
}
