//! Requests and questions of these worlds.

use kubentra::authz::{AccessRequest, NonResourceRequest, Principal, ResourceRequest, Target};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{CALLER, USER_ASSIGNED, VAULT, principal_id, text};

/// Verbs of every kind.
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "get", "create", "delete", "list", "update", "deletecollection", "watch", "patch", "bind",
    "escalate", "use", "impersonate", "approve", "GET", "", "*", "*", "ge*",
];

/// Resources, known, unknown, and odd.
#[rustfmt::skip]
const RESOURCES: &[&str] = &[
    "pods", "pods", "pods", "secrets", "deployments", "*", "*", "services", "nodes",
    "serviceaccounts", "widgets", "signers", "roles", "Pods", "pod*", "", "pods/exec", "users",
];

/// Paths, plain, to be asked about, and odd.
#[rustfmt::skip]
const PATHS: &[&str] = &[
    "/logs", "/healthz/etcd", "/api/v1", "/api", "/api/", "/logs/", "/logs/x", "/logs/*",
    "/apis/*", "/metrics", "/version/x", "/", "", "//", "/a//b", "/healthz/../logs", "/healthz/.",
    "//api", "/api//", "/logs/%2e", "logs", "api", "*", "/*", "/HEALTHZ/etcd", "/apiextensions",
];

pub(crate) fn target() -> impl Strategy<Value = Target> {
    let resource = (
        text(VERBS),
        text(&["", "", "", "apps", "*", "example.com", "Apps", "certificates.k8s.io", "a/b"]),
        text(RESOURCES),
        prop_oneof![
            3 => Just(String::new()),
            1 => text(&["log", "exec", "attach", "portforward", "proxy", "token", "scale", "*", "Exec"]),
        ],
        text(&["", "a", "b"]),
        text(&["team", "", "Team", "other", "team/a", "team2"]),
    );
    let verbs = &["get", "head", "post", "delete", "options", "*", "GET", "put", "patch", ""];
    let path = (text(verbs), text(PATHS));
    prop_oneof![
        4 => resource.prop_map(|(verb, group, resource, subresource, name, namespace)| {
            Target::Resource(ResourceRequest { verb, group, resource, subresource, name, namespace })
        }),
        1 => path.prop_map(|(verb, path)| Target::NonResource(NonResourceRequest { verb, path })),
    ]
}

/// A question: a `*` somewhere. The subresource `*` is none, it is the parent (semantics §2.6).
pub(crate) fn question() -> impl Strategy<Value = Target> {
    let resource = (
        text(&["*", "get", "create", "delete", "impersonate"]),
        text(&["", "*", "apps", "example.com", "rbac.authorization.k8s.io"]),
        text(&["*", "pods", "deployments", "serviceaccounts", "widgets"]),
        text(&["", "", "exec", "attach", "proxy", "token", "log"]),
        text(&["team", ""]),
    );
    let path =
        (text(&["*", "get", "head"]), text(&["/logs", "/*", "*", "/logs*", "/healthz/*", "/a*"]));
    prop_oneof![
        4 => resource.prop_map(|(verb, group, resource, subresource, namespace)| {
            let name = String::new();
            Target::Resource(ResourceRequest { verb, group, resource, subresource, name, namespace })
        }),
        1 => path.prop_map(|(verb, path)| Target::NonResource(NonResourceRequest { verb, path })),
    ]
}

pub(crate) fn principal() -> impl Strategy<Value = Principal> {
    let identities = &[
        "",
        VAULT,
        "/SUBSCRIPTIONS/s/resourceGroups/g/providers/Microsoft.X/vaults/V/",
        USER_ASSIGNED,
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/vaults/v2",
    ];
    (vec(principal_id(2), 0..4), text(identities)).prop_map(|(groups, identity)| {
        let identity = (!identity.is_empty()).then(|| identity.parse().unwrap());
        Principal::new(CALLER.into(), groups, identity).unwrap()
    })
}

pub(crate) fn request() -> impl Strategy<Value = AccessRequest> {
    (principal(), target()).prop_map(|(principal, target)| AccessRequest { principal, target })
}
