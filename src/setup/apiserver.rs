//! What the API server is told: its authorizers, and flags.
//!
//! Facts are of kube-apiserver 1.32 to 1.37: `apiserver.config.k8s.io/v1` is there since 1.32, and
//! no field is used that 1.32 does not know (it refuses unknown ones).

use super::{Plan, names, yaml};

/// Name of the webhook authorizer. The API server puts it before our reason in every refusal, and
/// makes it a label of its metrics.
const WEBHOOK_NAME: &str = "kubentra.io";

/// How long the API server keeps an allow. Its own default is five minutes, for which a removed
/// assignment would still work.
const AUTHORIZED_TTL: &str = "10s";

/// How long the API server keeps a refusal. Its own default is thirty seconds.
const UNAUTHORIZED_TTL: &str = "5s";

/// How long the API server keeps the answer to a token.
const TOKEN_TTL: &str = "10s";

/// How long the API server waits for an answer about access. Ours take milliseconds.
const TIMEOUT: &str = "3s";

/// Which requests reach the webhook, in CEL over the review's spec; all must hold. Left out is what
/// would be answered "no opinion" anyway, so that the control plane never waits for the webhook.
const MATCH_CONDITIONS: [(&str, &str); 4] = [
    ("components and service accounts", "!request.user.startsWith('system:')"),
    ("nodes, whatever their name", "!('system:nodes' in request.groups)"),
    ("break-glass administrators", "!('system:masters' in request.groups)"),
    (
        "probes and the version",
        "!has(request.nonResourceAttributes) || !(request.nonResourceAttributes.path in \
         ['/healthz', '/livez', '/readyz', '/version'])",
    ),
];

/// One flag of the API server, without its dashes, and its value.
pub type Flag = (&'static str, String);

/// Renders the `AuthorizationConfiguration` for `--authorization-config`.
pub fn authorization_configuration(plan: &Plan) -> String {
    let conditions: String = MATCH_CONDITIONS
        .iter()
        .map(|(left_out, expression)| {
            format!("    - expression: {} # leaves out {left_out}\n", yaml::scalar(expression))
        })
        .collect();
    let webhook = format!(
        "\
- type: Webhook
  name: {WEBHOOK_NAME}
  webhook:
    timeout: {TIMEOUT}
    failurePolicy: NoOpinion
    authorizedTTL: {AUTHORIZED_TTL}
    unauthorizedTTL: {UNAUTHORIZED_TTL}
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    connectionInfo:
      type: KubeConfigFile
      kubeConfigFile: {kubeconfig}
    matchConditions:
{conditions}",
        kubeconfig = yaml::scalar(&plan.installed.file(names::AUTHZ)),
    );
    let native = |kind: &str| format!("- type: {kind}\n  name: {}\n", kind.to_ascii_lowercase());
    let authorizers = if plan.webhook_first {
        [native("Node"), webhook, native("RBAC")]
    } else {
        [native("Node"), native("RBAC"), webhook]
    };
    format!(
        "\
apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
{}",
        authorizers.concat()
    )
}

/// The flags beside an authorization configuration: the API server has no file for token webhooks.
pub fn flags(plan: &Plan) -> Vec<Flag> {
    let mut flags = vec![("authorization-config", plan.installed.file(names::AUTHORIZATION))];
    flags.extend(token_flags(plan));
    flags
}

/// Renders all flags for an API server without an authorization configuration (before 1.32), one a
/// line. Such a server cannot leave requests out, waits thirty seconds, and refuses these flags
/// beside `--authorization-config`.
pub fn legacy_flags(plan: &Plan) -> String {
    let mode = if plan.webhook_first { "Node,Webhook,RBAC" } else { "Node,RBAC,Webhook" };
    let mut flags = vec![
        ("authorization-mode", mode.to_owned()),
        ("authorization-webhook-config-file", plan.installed.file(names::AUTHZ)),
        ("authorization-webhook-version", "v1".to_owned()),
        ("authorization-webhook-cache-authorized-ttl", AUTHORIZED_TTL.to_owned()),
        ("authorization-webhook-cache-unauthorized-ttl", UNAUTHORIZED_TTL.to_owned()),
    ];
    flags.extend(token_flags(plan));
    flags.into_iter().map(|(name, value)| format!("--{name}={value}\n")).collect()
}

fn token_flags(plan: &Plan) -> [Flag; 3] {
    [
        ("authentication-token-webhook-config-file", plan.installed.file(names::AUTHN)),
        ("authentication-token-webhook-version", "v1".to_owned()),
        ("authentication-token-webhook-cache-ttl", TOKEN_TTL.to_owned()),
    ]
}
