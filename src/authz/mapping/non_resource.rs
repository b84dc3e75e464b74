//! Requests on paths that are no resource (semantics §6).

use super::{Mapping, Names, Suffix};
use crate::authz::data_action::RequiredAction;
use crate::authz::request::NonResourceRequest;

/// Paths that are discovery by themselves, each also with one trailing slash (semantics §6.2).
const DISCOVERY: [&str; 7] =
    ["/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz"];

/// Says whether a request is discovery: reading what the API server serves and how it is. An odd
/// path never is, nor is a question about many paths (semantics §6.1, §6.2).
pub fn is_discovery(request: &NonResourceRequest) -> bool {
    let NonResourceRequest { verb, path } = request;
    if !matches!(verb.as_str(), "get" | "head") || request.is_odd() || path.contains('*') {
        return false;
    }
    DISCOVERY.iter().any(|root| {
        path.strip_prefix(root).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    })
}

pub(super) fn required_actions(
    mapping: &Mapping<'_>,
    request: &NonResourceRequest,
) -> Vec<RequiredAction> {
    let path = request.trimmed_path();
    let names = Names::of(request.is_odd(), path.contains('*'));
    let suffix = match request.verb.as_str() {
        "get" | "head" => Suffix::Known("read"),
        "post" | "put" | "patch" => Suffix::Known("write"),
        "delete" => Suffix::Known("delete"),
        "*" => Suffix::Any,
        _ => Suffix::None,
    };
    match suffix {
        // Every verb: the path itself, and whatever suffix it may have.
        Suffix::Any => {
            [Suffix::Bare, Suffix::Any].map(|s| mapping.action(path, 0, s, names)).into()
        }
        Suffix::Known(_) | Suffix::None | Suffix::Bare => {
            vec![mapping.action(path, 0, suffix, names)]
        }
    }
}
