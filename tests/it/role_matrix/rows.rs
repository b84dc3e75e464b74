//! The rows of the picture and the verbs that its letters stand for.

use std::collections::BTreeSet;

use kubentra::authz::{NonResourceRequest, ResourceRequest, Target};
use kubentra::builtin;

/// The letters of a cell, and the verbs that each stands for. The last ones have no suffix.
const LETTERS: [(char, &[&str]); 8] = [
    ('r', &["get", "list", "watch"]),
    ('w', &["create", "update", "patch"]),
    ('d', &["delete", "deletecollection"]),
    ('b', &["bind"]),
    ('e', &["escalate"]),
    ('u', &["use"]),
    ('i', &["impersonate"]),
    ('o', &["approve", "sign", "GET"]),
];

/// The letters of a path.
const PATH_LETTERS: [(char, &[&str]); 4] = [
    ('r', &["get", "head"]),
    ('w', &["post", "put", "patch"]),
    ('d', &["delete"]),
    ('o', &["options", "connect"]),
];

/// First segments of the known operations that are paths of the API server and no resources.
const PATH_ROOTS: [&str; 13] = [
    "api",
    "apis",
    "healthz",
    "livez",
    "logs",
    "metrics",
    "openapi",
    "readyz",
    "resetMetrics",
    "swagger-api",
    "swagger-ui",
    "ui",
    "version",
];

/// A resource that nobody knows, which stands for all custom ones.
const CUSTOM: (&str, &str, &str) = ("example.com", "widgets", "");

/// Subresources besides those of the known operations, each for a rule of its own.
const SUBRESOURCES: [(&str, &str, &str); 10] = [
    ("", "pods", "log"),                 // like the parent
    ("", "pods", "eviction"),            // like the parent
    ("", "pods", "attach"),              // semantics §2.4a
    ("", "pods", "portforward"),         // semantics §2.4a
    ("", "pods", "proxy"),               // semantics §2.4a
    ("", "services", "proxy"),           // semantics §2.4a
    ("", "nodes", "proxy"),              // semantics §2.4a
    ("", "serviceaccounts", "token"),    // semantics §2.4b
    ("apps", "deployments", "scale"),    // like the parent
    ("example.com", "widgets", "scale"), // like the parent
];

/// One row: what is asked, less the verb.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Row {
    Resource { group: String, resource: String, subresource: String },
    Path(String),
}

impl Row {
    fn resource((group, resource, subresource): (&str, &str, &str)) -> Self {
        let [group, resource, subresource] = [group, resource, subresource].map(str::to_owned);
        Self::Resource { group, resource, subresource }
    }

    /// The row that asks for a known operation.
    fn of(operation: &str) -> Self {
        let segments: Vec<_> = operation.split('/').collect();
        match segments.as_slice() {
            [root, .., _] if PATH_ROOTS.contains(root) => {
                Self::Path(format!("/{}", operation.rsplit_once('/').unwrap().0))
            }
            ["customresources", _] => Self::resource(CUSTOM),
            ["pods", "exec", "action"] => Self::resource(("", "pods", "exec")),
            [resource, _] | [resource, _, "action"] => Self::resource(("", resource, "")),
            [group, resource, _] | [group, resource, _, "action"] => {
                Self::resource((group, resource, ""))
            }
            _ => panic!("an operation of a new shape: {operation}"),
        }
    }

    pub(super) fn letters(&self) -> &'static [(char, &'static [&'static str])] {
        match self {
            Self::Resource { .. } => &LETTERS,
            Self::Path(_) => &PATH_LETTERS,
        }
    }

    pub(super) fn target(&self, verb: &str, namespace: &str) -> Target {
        let verb = verb.to_owned();
        match self.clone() {
            Self::Resource { group, resource, subresource } => Target::Resource(ResourceRequest {
                verb,
                group,
                resource,
                subresource,
                name: "any".to_owned(),
                namespace: namespace.to_owned(),
            }),
            Self::Path(path) => Target::NonResource(NonResourceRequest { verb, path }),
        }
    }

    pub(super) fn label(&self) -> String {
        match self {
            Self::Resource { group, resource, subresource } => [group, resource, subresource]
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("/"),
            Self::Path(path) => path.clone(),
        }
    }
}

/// Every row: those of the known operations, and those of [`SUBRESOURCES`].
pub(super) fn rows() -> BTreeSet<Row> {
    let operations = builtin::operations().unwrap();
    let known = operations.iter().map(Row::of);
    known.chain(SUBRESOURCES.map(Row::resource)).collect()
}
