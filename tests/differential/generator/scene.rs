//! What the documents and the reviews of one policy have in common, so that they meet: the cluster,
//! and a few requests that the policy is about.

use serde_json::{Value, json};

use super::random::Random;

pub(crate) const MANAGED: &str = "Microsoft.ContainerService/managedClusters";
pub(crate) const CONNECTED: &str = "Microsoft.Kubernetes/connectedClusters";
pub(crate) const FLEETS: &str = "Microsoft.ContainerService/fleets";
pub(crate) const MEMBERS: &str = "Microsoft.ContainerService/fleets/members";
/// The prefixes of all data actions, and one that is none.
pub(crate) const PREFIXES: [&str; 5] =
    [MANAGED, CONNECTED, FLEETS, MEMBERS, "Microsoft.ContainerService/managedCluster"];

pub(crate) const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";
/// Callers and groups, some of them both.
pub(crate) const IDS: [&str; 6] = [
    "a0000000-0000-4000-8000-00000000000a",
    "a0000000-0000-4000-8000-00000000000b",
    "b0000000-0000-4000-8000-00000000000a",
    "b0000000-0000-4000-8000-00000000000b",
    "b0000000-0000-4000-8000-00000000000c",
    "c0000000-0000-4000-8000-00000000000d",
];

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
const SINGLED_OUT: [[&str; 4]; 34] = [
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
        if random.chance(25) {
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
    fn namespace(&self) -> &'static str {
        match self {
            Self::Resource([_, _, _, _, namespace, _]) => namespace,
            Self::Path(_) => "",
        }
    }
}

/// What the documents and the reviews of one policy share.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) cluster: String,
    pub(crate) prefix: &'static str,
    pub(crate) fleet: Option<String>,
    pub(crate) management_groups: Vec<String>,
    pub(crate) hot: Vec<Hot>,
}

impl Scene {
    pub(crate) fn new(random: &mut Random) -> Self {
        let prefix = random.pick(&[MANAGED, MANAGED, CONNECTED, FLEETS]);
        let cluster = format!("/subscriptions/5a/resourceGroups/rg/providers/{prefix}/c");
        let fleet = (prefix != FLEETS && random.chance(50)).then(|| {
            let subscription = random.pick(&["5a", "5a", "6b"]);
            format!("/subscriptions/{subscription}/resourceGroups/rg/providers/{FLEETS}/f")
        });
        let mut management_groups = Vec::new();
        for name in ["near", "/providers/Microsoft.Management/managementGroups/Far"] {
            if random.chance(60) {
                management_groups.push(random.recase(name, 20));
            }
        }
        let hot = (0..random.between(2, 5)).map(|_| Hot::any(random)).collect();
        let cluster = random.recase(&cluster, 10);
        Self { cluster, prefix, fleet, management_groups, hot }
    }

    /// The configuration, as [`crate::case::Case`] has it.
    pub(crate) fn setting(&self, random: &mut Random) -> Value {
        let mut admin_groups = Vec::new();
        while random.chance(25) {
            let id = random.pick(&IDS);
            admin_groups.push(random.recase(id, 30));
        }
        json!({
            "cluster": self.cluster,
            "fleet": self.fleet,
            "managementGroups": self.management_groups,
            "mode": if random.chance(3) { "authenticationOnly" } else { "azureRbac" },
            "ungranted": random.pick(&["noOpinion", "deny"]),
            "discovery": random.pick(&["allow", "evaluate"]),
            "subresources": random.pick(&["strict", "strict", "aks"]),
            "objectIdExtraKey": random.pick(&["oid", "oid", "kubentra.io/oid"]),
            "adminGroups": admin_groups,
            "exemptUsers": if random.chance(30) { vec!["exempt"] } else { vec![] },
        })
    }

    /// One of the requests that the policy is about.
    pub(crate) fn request(&self, random: &mut Random) -> Hot {
        random.one(&self.hot)
    }

    /// A scope for an assignment: one that covers a hot request, or misses it narrowly.
    pub(crate) fn scope(&self, random: &mut Random) -> String {
        let fleet = self.fleet.as_deref().filter(|_| random.chance(25));
        let resource = fleet.unwrap_or(&self.cluster);
        let namespace = match self.request(random).namespace() {
            "" => "dev",
            namespace => namespace,
        };
        let scope = match random.below(20) {
            0 => "/".to_owned(),
            1 => format!("/providers/Microsoft.Management/managementGroups/{}", {
                random.pick(&["near", "far", "Far", "nea", "near2", "other"])
            }),
            2 => format!("{resource}/namespaces"),
            3 => format!("{resource}/namespaces/{namespace}/pods"),
            4..=6 => format!("{resource}/namespaces/{namespace}"),
            7 | 8 => format!("{resource}/managedNamespaces/{namespace}"),
            9 => format!("{resource}/namespaces/{}", random.pick(&["dev2", "de", "DEV", "a"])),
            10 => near_miss(resource, random),
            11..=14 => {
                let parts: Vec<_> = resource.split('/').collect();
                let kept = random.between(3, parts.len());
                // `…/resourceGroups` alone is a scope like any other for the comparison.
                parts[..kept].join("/")
            }
            _ => resource.to_owned(),
        };
        // A doubled slash makes a policy broken: the namespace `dev/` has one too many for a scope.
        let scope = scope.replace("//", "/");
        let scope = scope.trim_end_matches('/');
        let slash = if scope.is_empty() || random.chance(10) { "/" } else { "" };
        random.recase(&format!("{scope}{slash}"), 25)
    }

    /// A data action pattern: one that matches a hot request, or misses it narrowly.
    pub(crate) fn pattern(&self, random: &mut Random) -> String {
        let prefix = match random.below(10) {
            0 => random.pick(&PREFIXES),
            1 | 2 if self.fleet.is_some() => MEMBERS,
            _ => self.prefix,
        };
        let hot = self.request(random);
        let action = format!("{prefix}/{}", tail(&hot, random));
        let pattern = match random.below(16) {
            0..=3 => action,
            4 => format!("{prefix}/*"),
            5 => "*".to_owned(),
            6 => format!("{prefix}/*/{}", action.rsplit('/').next().unwrap()),
            7 => format!("*/{}", action.rsplit('/').next().unwrap()),
            8 | 9 => {
                let parts: Vec<_> = action.split('/').collect();
                let kept = random.between(1, parts.len() - 1);
                format!("{}/*", parts[..kept].join("/"))
            }
            10 | 11 => starred(&action, random),
            12 => {
                let once = starred(&action, random);
                starred(&once, random)
            }
            13 => format!("{action}*"),
            14 => near_miss(&action, random),
            _ => {
                let parts: Vec<_> = action.split('/').collect();
                let starred = random.between(1, parts.len() - 1);
                let part = |(i, part): (usize, &&str)| {
                    if i == starred { "*".to_owned() } else { (*part).to_owned() }
                };
                parts.iter().enumerate().map(part).collect::<Vec<_>>().join("/")
            }
        };
        random.recase(&pattern, 20)
    }
}

/// Roughly the action of a request: the mapping itself is what is tested.
fn tail(hot: &Hot, random: &mut Random) -> String {
    let (name, verb) = match hot {
        Hot::Resource([verb, group, resource, ..]) => {
            let custom = *group == "example.com" || random.chance(10);
            match (custom, *group) {
                (true, _) => ("customresources".to_owned(), *verb),
                (_, "" | "*") => ((*resource).to_owned(), *verb),
                _ => (format!("{group}/{resource}"), *verb),
            }
        }
        Hot::Path([verb, path]) => (path.trim_matches('/').to_owned(), *verb),
    };
    let suffix = match verb {
        _ if random.chance(20) => random.pick(&[
            "/read",
            "/write",
            "/delete",
            "/*",
            "/exec/action",
            "/impersonate/action",
        ]),
        "get" | "list" | "watch" | "head" => "/read",
        "create" | "update" | "patch" | "post" | "put" => "/write",
        "delete" | "deletecollection" => "/delete",
        "bind" => "/bind/action",
        "escalate" => "/escalate/action",
        "use" => "/use/action",
        "impersonate" => "/impersonate/action",
        "*" => "/*",
        _ => "",
    };
    // Something must stand in a pattern.
    format!("{}{suffix}", if name.is_empty() { "pods" } else { &name })
}

/// `text` with a run of characters, which may be empty, replaced by `*`.
fn starred(text: &str, random: &mut Random) -> String {
    let chars: Vec<_> = text.chars().collect();
    let start = random.between(0, chars.len());
    let end = random.between(start, chars.len().min(start + 12));
    let part = |range: &[char]| range.iter().collect::<String>();
    format!("{}*{}", part(&chars[..start]), part(&chars[end..]))
}

/// `text` with one character at the end more or less, or one somewhere changed.
fn near_miss(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<_> = text.chars().collect();
    match random.below(3) {
        0 => chars.push('x'),
        1 if chars.last() != Some(&'/') => {
            chars.pop();
        }
        _ => {
            let at = random.between(1, chars.len() - 1);
            if chars[at] != '/' {
                chars[at] = 'x';
            }
        }
    }
    chars.into_iter().collect()
}
