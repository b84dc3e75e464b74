//! Requests: all kinds that a rule singles out, and what lies beside them.

use super::random::Random;

const VERBS: [&str; 30] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "get",
    "list",
    "create",
    "delete",
    "*",
    "*",
    "bind",
    "escalate",
    "use",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "Get",
    "impersonate:user-info",
    "impersonate-on:user-info:get",
    "",
    "head",
    "read",
    "write",
    "action",
    "impersonate",
];
const GROUPS: [&str; 16] = [
    "",
    "",
    "",
    "",
    "",
    "apps",
    "apps",
    "certificates.k8s.io",
    "rbac.authorization.k8s.io",
    "example.com",
    "example.com",
    "Apps",
    "*",
    "*",
    "metrics.k8s.io",
    "authentication.k8s.io",
];
const RESOURCES: [&str; 28] = [
    "pods",
    "pods",
    "pods",
    "deployments",
    "signers",
    "widgets",
    "services",
    "nodes",
    "serviceaccounts",
    "secrets",
    "roles",
    "userextras",
    "users",
    "namespaces",
    "resourcequotas",
    "*",
    "*",
    "*",
    "Pods",
    "pod",
    "podspods",
    "customresources",
    "",
    "pods/exec",
    "a/b",
    "/",
    "p*",
    "certificatesigningrequests",
];
const SUBRESOURCES: [&str; 16] = [
    "",
    "",
    "",
    "",
    "",
    "exec",
    "attach",
    "portforward",
    "proxy",
    "token",
    "scale",
    "log",
    "*",
    "Exec",
    "exec/x",
    "ephemeralcontainers",
];
const NAMESPACES: [&str; 14] =
    ["", "", "", "dev", "dev", "dev", "Dev", "dev2", "de", "a", "a/b", "dev/", "*", ".."];
const NAMES: [&str; 5] = ["", "", "one", "two", "*"];
const PATHS: [&str; 48] = [
    "/api",
    "/apis",
    "/openapi",
    "/version",
    "/healthz",
    "/livez",
    "/readyz",
    "/api/",
    "/version/",
    "/api/v1",
    "/apis/apps/v1",
    "/openapi/v2",
    "/healthz/ping",
    "/readyz/shutdown",
    "/livez/",
    "/version/x",
    "/api//",
    "/api/../logs",
    "/api/./v1",
    "/api/%2e%2e",
    "//api",
    "/",
    "//",
    "",
    "api",
    "/logs",
    "/logs/",
    "/logs/a",
    "/logs/a/b",
    "/metrics",
    "/Metrics",
    "/apix",
    "/api/v1/",
    "/swagger-ui",
    "*",
    "/*",
    "/api/*",
    "/logs/*",
    "/lo*",
    "/logs/../x",
    "/.",
    "/..",
    "/a//b",
    "/API",
    "/logs/%zz",
    "/healthz/..",
    "/openapi/v3/apis/apps/v1",
    "/*/*",
];
const PATH_VERBS: [&str; 14] = [
    "get", "get", "get", "head", "post", "put", "patch", "delete", "*", "*", "options", "list",
    "Get", "",
];

/// Requests that a rule singles out: verb, group, resource, subresource.
const SINGLED_OUT: [[&str; 4]; 42] = [
    ["create", "*", "serviceaccounts", "token"],
    ["create", "", "serviceaccounts", "token"],
    ["get", "", "*", "attach"],
    ["create", "", "*", "token"],
    ["get", "*", "*", "proxy"],
    ["create", "", "*", "exec"],
    ["*", "", "*", "proxy"],
    ["*", "", "pods", "attach"],
    ["get", "", "pods", "exec"],
    ["create", "", "pods", "exec"],
    ["approve", "", "pods", "exec"],
    ["*", "", "pods", "exec"],
    ["get", "*", "pods", "exec"],
    ["get", "", "pods", "attach"],
    ["create", "", "pods", "portforward"],
    ["get", "", "pods", "proxy"],
    ["delete", "", "services", "proxy"],
    ["get", "", "nodes", "proxy"],
    ["create", "", "serviceaccounts", "token"],
    ["get", "*", "serviceaccounts", "token"],
    ["get", "", "*", "proxy"],
    ["create", "*", "*", "token"],
    ["get", "", "*", "exec"],
    ["*", "", "*", "attach"],
    ["*", "*", "*", ""],
    ["*", "", "*", "*"],
    ["list", "example.com", "*", ""],
    ["approve", "example.com", "*", ""],
    ["list", "apps", "*", "scale"],
    ["approve", "certificates.k8s.io", "signers", ""],
    ["get", "", "secrets", ""],
    ["update", "", "namespaces", ""],
    ["get", "pods", "exec", ""],
    ["get", "api", "v1", ""],
    ["list", "api", "*", ""],
    ["approve", "pods", "*", ""],
    ["get", "pods", "*", ""],
    ["get", "apis/apps", "v1", ""],
    ["get", "a/b", "pods", ""],
    ["create", "apps", "deployments", "scale"],
    ["list", "example.com", "widgets", ""],
    ["impersonate", "example.com", "widgets", "status"],
];

/// Requests that conditions can tell apart.
const WITH_ATTRIBUTES: [[&str; 4]; 17] = [
    // A group that looks like a GUID is a text all the same (§5.3).
    ["get", "a0000000-0000-4000-8000-00000000000a", "widgets", ""],
    ["get", "example.com", "widgets", ""],
    ["list", "example.com", "widgets", ""],
    ["create", "example.com", "widgets", "status"],
    ["delete", "example.com", "gadgets", ""],
    ["get", "example.com", "*", ""],
    ["*", "example.com", "widgets", ""],
    ["*", "example.com", "*", ""],
    ["get", "example.org", "widgets", ""],
    ["approve", "example.com", "widgets", ""],
    ["get", "", "pods", "log"],
    ["create", "", "pods", "exec"],
    ["create", "", "pods", "portforward"],
    ["update", "apps", "deployments", "scale"],
    ["get", "", "pods", ""],
    ["get", "apps", "deployments", ""],
    ["*", "", "pods", "*"],
];

/// A request that a policy is about.
#[derive(Clone, Debug)]
pub(crate) enum Hot {
    /// verb, group, resource, subresource, namespace, name
    Resource([&'static str; 6]),
    /// verb, path
    Path([&'static str; 2]),
}

impl Hot {
    /// Any request.
    pub(crate) fn any(random: &mut Random) -> Self {
        if random.chance(20) {
            return Self::Path([random.pick(&PATH_VERBS), random.pick(&PATHS)]);
        }
        if random.chance(35) {
            let [verb, group, resource, subresource] = random.one(&SINGLED_OUT);
            let namespace = random.pick(&NAMESPACES);
            return Self::Resource([verb, group, resource, subresource, namespace, ""]);
        }
        Self::Resource([
            random.pick(&VERBS),
            random.pick(&GROUPS),
            random.pick(&RESOURCES),
            random.pick(&SUBRESOURCES),
            random.pick(&NAMESPACES),
            random.pick(&NAMES),
        ])
    }

    /// A request with attributes for conditions (semantics §5.4), or just without.
    pub(crate) fn with_attributes(random: &mut Random) -> Self {
        let [verb, group, resource, subresource] = random.one(&WITH_ATTRIBUTES);
        let namespace = random.pick(&["", "dev", "dev"]);
        Self::Resource([verb, group, resource, subresource, namespace, ""])
    }

    /// The same request with one part changed.
    pub(crate) fn near(&self, random: &mut Random) -> Self {
        let mut near = self.clone();
        match (&mut near, Self::any(random)) {
            (Self::Resource(old), Self::Resource(new)) => {
                let part = random.below(old.len());
                old[part] = new[part];
            }
            (Self::Path(old), Self::Path(new)) => {
                let part = random.below(old.len());
                old[part] = new[part];
            }
            (_, _) => {}
        }
        near
    }

    /// A namespace for it, or none.
    pub(crate) fn namespace(&self) -> &'static str {
        match self {
            Self::Resource([_, _, _, _, namespace, _]) => namespace,
            Self::Path(_) => "",
        }
    }
}
