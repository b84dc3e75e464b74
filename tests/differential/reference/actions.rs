//! What a request needs: the actions of semantics §2 and §6.1.

use super::pattern::{self, HOLE};
use super::review::{Path, Resource, Target};
use super::world::World;

/// One action that a request needs.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    /// The action as text, with the `*` of a question. Deny assignments and notDataActions are held
    /// against this (semantics §2.3, §6.1).
    pub(crate) text: String,
    /// What a pattern must match to grant it: the text with a [`HOLE`] for whatever only a `*` of the
    /// pattern may match.
    pub(crate) grant: String,
    /// Whether a `*` in the text stands for everything (semantics §2.6).
    pub(crate) question: bool,
    /// The rule that made it, for the statistics.
    pub(crate) rule: &'static str,
}

impl Need {
    /// Says whether a data action pattern grants it (semantics §2.3, §2.6, §4.4).
    pub(crate) fn granted_by(&self, pattern: &str) -> bool {
        pattern::matches(pattern, &self.grant)
    }

    /// Says whether a pattern can match anything of it: what makes a deny assignment apply, and
    /// notDataActions take away (semantics §2.6).
    pub(crate) fn touched_by(&self, pattern: &str) -> bool {
        if self.question {
            pattern::overlap(pattern, &self.text)
        } else {
            pattern::matches(pattern, &self.text)
        }
    }

    /// Says whether a pattern matches all of it: the notDataActions that keep a deny assignment from
    /// applying.
    pub(crate) fn covered_by(&self, pattern: &str) -> bool {
        let hole = HOLE.to_string();
        let whole = if self.question { self.text.replace('*', &hole) } else { self.text.clone() };
        pattern::matches(pattern, &whole)
    }
}

/// The suffix that a verb asks for (semantics §2.2, §2.6); none for any other verb (§2.3).
fn suffix(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" | "list" | "watch" => "read",
        "create" | "update" | "patch" => "write",
        "delete" | "deletecollection" => "delete",
        "bind" => "bind/action",
        "escalate" => "escalate/action",
        "use" => "use/action",
        "impersonate" => "impersonate/action",
        "*" => "*",
        _ => return None,
    })
}

/// What `resources` with this subresource need instead of the suffix of the verb (semantics §2.4):
/// core resources, and the suffix.
fn special(world: &World, subresource: &str) -> Option<(&'static [&'static str], &'static str)> {
    Some(match subresource {
        "exec" => (&["pods"], "exec/action"),
        "attach" | "portforward" if world.strict => (&["pods"], "write"),
        "proxy" if world.strict => (&["pods", "services", "nodes"], "write"),
        "token" if world.strict => (&["serviceaccounts"], "impersonate/action"),
        _ => return None,
    })
}

/// The actions of a resource request below `prefix`, all of which one permission must have
/// (semantics §2.1 to §2.6).
pub(crate) fn of_resource(world: &World, prefix: &str, request: &Resource) -> Vec<Need> {
    let Resource { verb, group, resource, subresource, .. } = request;
    let suffix = suffix(verb);
    let question = [verb, group, resource].iter().any(|word| *word == "*");
    let core = group.is_empty() || group == "*";
    // §2.4, for the verbs of §2.2 alone; `*` asks for everything on the parent (§2.6).
    let special = match suffix {
        Some("*") => special(world, subresource).map(|(parents, _)| (parents, "*")),
        Some(_) => special(world, subresource),
        None => None,
    };
    let special = special.filter(|_| core);
    let mut needs = Vec::new();
    let mut add = |name: &str, suffix: Option<&str>, rule| {
        needs.push(need(prefix, name, suffix, question, rule));
    };
    if resource == "*" {
        match group.as_str() {
            "" | "*" => add("*", suffix, "§2.6 resource *"),
            group if world.knows_group(group) || suffix.is_none() => {
                add(&format!("{group}/*"), suffix, "§2.6 resource * of a group");
            }
            _ => add("customresources", suffix, "§2.6 resource * of an unknown group"),
        }
        if let Some((parents, suffix)) = special {
            parents.iter().for_each(|parent| add(parent, Some(suffix), "§2.6 */subresource"));
        }
    } else if core {
        let own = special.filter(|(parents, _)| parents.contains(&resource.as_str()));
        let rule = match (own, suffix) {
            (Some((_, "exec/action")), _) => "§2.4 exec",
            (Some((_, "write")), _) => "§2.4a",
            (Some((_, "*")), _) => "§2.6 verb * of a subresource",
            (Some(_), _) => "§2.4b",
            (None, Some("*")) => "§2.6 verb *",
            (None, Some(_)) => "§2.2",
            (None, None) => "§2.3",
        };
        if let Some((_, suffix)) = own {
            add(resource, Some(suffix), rule);
        }
        if group == "*" {
            // The special action besides both patterns: the core group is among the groups.
            add(resource, suffix, rule);
            add(&format!("*/{resource}"), suffix, "§2.6 group *");
        } else if own.is_none() {
            add(resource, suffix, rule);
        }
    } else if world.knows(group, resource) || suffix.is_none() {
        let rule = if suffix.is_some() { "§2.2" } else { "§2.3" };
        add(&format!("{group}/{resource}"), suffix, rule);
    } else {
        add("customresources", suffix, "§2.5");
    }
    if is_odd_name(request) {
        needs.iter_mut().for_each(|need| only_by_everything(need, prefix, "odd name"));
    }
    needs
}

/// Says whether a request is about a custom resource (semantics §2.5), or about all of a group that has
/// none but these (§2.6). A question about all groups is not.
pub(crate) fn is_custom(world: &World, request: &Resource) -> bool {
    let Resource { group, resource, .. } = request;
    match (group.as_str(), resource.as_str()) {
        ("" | "*", _) => false,
        (group, "*") => !world.knows_group(group),
        (group, resource) => !world.knows(group, resource),
    }
}

/// Says whether resource or namespace could be glued into an action or a scope that means something
/// else (semantics "Words").
fn is_odd_name(request: &Resource) -> bool {
    request.resource.is_empty() || request.resource.contains('/') || request.namespace.contains('/')
}

/// Says whether only a pattern that matches every action grants a request: a rule of trusted access is
/// none (semantics "Words", §6.1).
pub(crate) fn is_odd(target: &Target) -> bool {
    match target {
        Target::Resource(request) => is_odd_name(request),
        Target::Path(request) => is_odd_path(&request.path),
    }
}

/// The action `<prefix>/<name>[/<suffix>]`; `name` ends with the resource.
fn need(
    prefix: &str,
    name: &str,
    suffix: Option<&str>,
    question: bool,
    rule: &'static str,
) -> Need {
    let hole = HOLE.to_string();
    let (text, mut grant) = match suffix {
        Some(suffix) => {
            let text = format!("{prefix}/{name}/{suffix}");
            (text.clone(), text)
        }
        None => {
            // §2.3: one `*` of the pattern must match the whole resource name.
            let reached = match name.rsplit_once('/') {
                Some((group, _)) => format!("{prefix}/{group}/{hole}"),
                None => format!("{prefix}/{hole}"),
            };
            (format!("{prefix}/{name}"), reached)
        }
    };
    if question {
        grant = grant.replace('*', &hole);
    }
    Need { text, grant, question, rule }
}

/// Lets only patterns that match every action below `prefix` grant `need`.
fn only_by_everything(need: &mut Need, prefix: &str, rule: &'static str) {
    need.grant = format!("{prefix}/{HOLE}");
    need.rule = rule;
}

/// The actions of a request for a path below `prefix` (semantics §6.1).
pub(crate) fn of_path(prefix: &str, request: &Path) -> Vec<Need> {
    let path = request.path.strip_prefix('/').unwrap_or(&request.path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let suffix = match request.verb.as_str() {
        "get" | "head" => Some("read"),
        "post" | "put" | "patch" => Some("write"),
        "delete" => Some("delete"),
        "*" => Some("*"),
        _ => None,
    };
    let question = request.verb == "*" || path.contains('*');
    let rule = match suffix {
        _ if question => "§6.1 question",
        Some(_) => "§6.1",
        None => "§6.1 without suffix",
    };
    let text = match suffix {
        Some(suffix) => format!("{prefix}/{path}/{suffix}"),
        None => format!("{prefix}/{path}"),
    };
    let hole = HOLE.to_string();
    let mut grant = if question { text.replace('*', &hole) } else { text.clone() };
    if suffix.is_none() {
        // As §2.3: the whole path is the name that a `*` must match.
        grant = format!("{prefix}/{hole}");
    }
    let mut needs = vec![Need { text, grant, question, rule }];
    if request.verb == "*" {
        // Everything that may be done with the path is also a question about the bare path.
        let text = format!("{prefix}/{path}");
        needs.push(Need { grant: text.replace('*', &hole), text, question, rule });
    }
    if is_odd_path(&request.path) {
        needs.iter_mut().for_each(|need| only_by_everything(need, prefix, "§6.1 odd path"));
    }
    needs
}

/// Says whether a path has an empty, `.` or `..` segment or a percent escape, or is `/` (§6.1).
fn is_odd_path(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.contains('%') || path.split('/').any(|segment| matches!(segment, "" | "." | ".."))
}

/// Says whether reading a path is discovery (semantics §6.2).
pub(crate) fn is_discovery(request: &Path) -> bool {
    const EXACT: [&str; 7] =
        ["/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz"];
    let exact = EXACT
        .iter()
        .any(|known| request.path == *known || request.path.strip_suffix('/') == Some(*known));
    let below = EXACT.iter().any(|known| {
        request.path.strip_prefix(known).is_some_and(|rest| rest.starts_with('/') && rest != "/")
    });
    // A path with a `*` is a question, which only a permission that covers it allows (§6.1, §2.6).
    let plain = !is_odd_path(&request.path) && !request.path.contains('*');
    matches!(request.verb.as_str(), "get" | "head") && plain && (exact || below)
}
