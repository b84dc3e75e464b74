//! Which actions a request needs, and which patterns grant or touch them (semantics §2, §6).

use kubentra::authz::{
    DataActionPattern, NonResourceRequest, PolicySetting, ResourceRequest, Subresources,
};

/// An action that is needed, in lower case.
pub(super) struct Need {
    pub(super) text: String,
    by: By,
    /// Whether the text's `*` stand for anything (§2.6).
    question: bool,
}

/// What a pattern must do to grant an action.
#[derive(Clone, PartialEq)]
enum By {
    /// Match its text (§4.4).
    Text,
    /// Match all of the name, from this byte to the end, with one `*` (§2.3).
    OneStar(usize),
    /// Match this, every action of the cluster type.
    Everything(String),
}

/// Says whether `pattern` matches `text`, whose own `*` only a `*` matches; or with `either`, where
/// the text's `*` stand for anything too, whether they have a match in common.
fn meet(pattern: &[u8], text: &[u8], either: bool) -> bool {
    match (pattern, text) {
        ([b'*', rest @ ..], _) if meet(rest, text, either) => true,
        (_, [b'*', rest @ ..]) if either && meet(pattern, rest, either) => true,
        ([b'*', ..], [_, rest @ ..]) => meet(pattern, rest, either),
        ([_, rest @ ..], [b'*', ..]) if either => meet(rest, text, either),
        ([p, pattern @ ..], [t, text @ ..]) => p == t && meet(pattern, text, either),
        (pattern, text) => pattern.is_empty() && text.is_empty(),
    }
}

pub(super) fn lower(text: &(impl ToString + ?Sized)) -> String {
    text.to_string().to_lowercase()
}

pub(super) fn matches(pattern: &DataActionPattern, text: &str) -> bool {
    meet(lower(pattern).as_bytes(), text.as_bytes(), false)
}

pub(super) fn touches(pattern: &DataActionPattern, need: &Need) -> bool {
    meet(lower(pattern).as_bytes(), need.text.as_bytes(), need.question)
}

pub(super) fn grants(pattern: &DataActionPattern, need: &Need) -> bool {
    match &need.by {
        By::Text => matches(pattern, &need.text),
        By::Everything(all) => matches(pattern, all),
        By::OneStar(name) => {
            let (pattern, text) = (lower(pattern), need.text.as_bytes());
            // Some `*`, with all of the text before it and none of it behind it.
            pattern.match_indices('*').any(|(star, _)| {
                let (before, after) =
                    (&pattern.as_bytes()[..star], &pattern.as_bytes()[star + 1..]);
                meet(after, b"", false) && (0..=*name).any(|end| meet(before, &text[..end], false))
            })
        }
    }
}

/// §2 for one cluster type.
pub(super) fn resource_needs(
    setting: &PolicySetting,
    prefix: &str,
    asked: &ResourceRequest,
) -> Vec<Need> {
    let ResourceRequest { verb, group, resource, subresource, namespace, .. } = asked;
    let suffix = match verb.as_str() {
        "get" | "list" | "watch" => "read",
        "create" | "update" | "patch" => "write",
        "delete" | "deletecollection" => "delete",
        "bind" | "escalate" | "use" | "impersonate" => &format!("{verb}/action"),
        "*" => "*",
        _ => "",
    };
    // §2.5: groups and resources of the table.
    let known: Vec<Vec<&str>> = (setting.operations.iter())
        .map(|operation| {
            let mut segments: Vec<_> = operation.split('/').collect();
            if segments.pop() == Some("action") {
                segments.pop();
            }
            segments
        })
        .filter(|segments| segments.len() == 2)
        .collect();
    let names = match (group.as_str(), resource.as_str()) {
        ("" | "*", "*") => vec!["*".to_owned()],
        ("", _) => vec![resource.clone()],
        ("*", _) => vec![resource.clone(), format!("*/{resource}")],
        (_, "*") if suffix.is_empty() || known.iter().any(|k| k[0] == group) => {
            vec![format!("{group}/*")]
        }
        _ if suffix.is_empty() || known.iter().any(|k| k[0] == group && k[1] == resource) => {
            vec![format!("{group}/{resource}")]
        }
        _ => vec!["customresources".to_owned()],
    };
    // §2.4: subresources with an action of their own, all in the core group.
    let strict = setting.rules.subresources == Subresources::Strict;
    let special: Vec<(&str, &str)> = [
        ("pods", "exec", "exec/action", true),
        ("pods", "attach", "write", strict),
        ("pods", "portforward", "write", strict),
        ("pods", "proxy", "write", strict),
        ("services", "proxy", "write", strict),
        ("nodes", "proxy", "write", strict),
        ("serviceaccounts", "token", "impersonate/action", strict),
    ]
    .into_iter()
    .filter(|(parent, sub, _, on)| {
        let parent = resource == "*" || resource == parent;
        *on && parent && subresource == sub && ["", "*"].contains(&group.as_str())
    })
    .map(|(parent, _, needs, _)| (parent, if suffix == "*" { "*" } else { needs }))
    .filter(|_| !suffix.is_empty())
    .collect();
    let odd = resource.is_empty() || resource.contains('/') || namespace.contains('/');
    let need = |name: &str, suffix: &str| {
        let text = format!("{prefix}/{name}{}{suffix}", if suffix.is_empty() { "" } else { "/" });
        let by = match suffix {
            _ if odd => By::Everything(lower(&format!("{prefix}/*"))),
            "" => {
                By::OneStar(text.len() - name.len() + name.rfind('/').map_or(0, |slash| slash + 1))
            }
            _ => By::Text,
        };
        Need { text: lower(&text), by, question: [verb, group, resource].iter().any(|w| *w == "*") }
    };
    // A wildcard needs the parent's action as well (§2.6).
    let only_special = !special.is_empty() && group.is_empty() && resource != "*";
    let plain = names.iter().filter(|_| !only_special).map(|name| need(name, suffix));
    plain.chain(special.iter().map(|(name, suffix)| need(name, suffix))).collect()
}

/// A path less one slash at each end, and whether it is odd (§6.1).
fn path(asked: &NonResourceRequest) -> (&str, bool) {
    let path = asked.path.strip_prefix('/').unwrap_or(&asked.path);
    let path = path.strip_suffix('/').unwrap_or(path);
    (path, path.contains('%') || path.split('/').any(|part| ["", ".", ".."].contains(&part)))
}

pub(super) fn path_needs(prefix: &str, asked: &NonResourceRequest) -> Vec<Need> {
    let (path, odd) = path(asked);
    let need = |text: String, by: By| {
        let by = if odd { By::Everything(lower(&format!("{prefix}/*"))) } else { by };
        let question = asked.verb == "*" || path.contains('*');
        Need { text: lower(&format!("{prefix}/{text}")), by, question }
    };
    let suffix = match asked.verb.as_str() {
        "get" | "head" => "read",
        "post" | "put" | "patch" => "write",
        "delete" => "delete",
        "*" => return vec![need(path.into(), By::Text), need(format!("{path}/*"), By::Text)],
        _ => return vec![need(path.into(), By::OneStar(prefix.len() + 1))],
    };
    vec![need(format!("{path}/{suffix}"), By::Text)]
}

/// A path that every Entra identity may read (§6.2).
pub(super) fn is_discovery(asked: &NonResourceRequest) -> bool {
    let (path, odd) = path(asked);
    let root = path.split('/').next().unwrap();
    ["get", "head"].contains(&asked.verb.as_str())
        && asked.path.starts_with('/')
        && !odd
        && !path.contains('*')
        && ["api", "apis", "openapi", "version", "healthz", "livez", "readyz"].contains(&root)
}
