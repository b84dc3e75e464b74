//! Trusted Access: an Azure resource's own identity, let in by Kubernetes rules (semantics §7).

use super::request::{ResourceRequest, Target};
use super::scope::Scope;

/// A role that a binding may name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedAccessRole {
    /// The resource type that it is for, for example `Microsoft.DataProtection/backupVaults`.
    pub source_type: String,
    /// Its name within that type.
    pub name: String,
    /// What it allows.
    pub rules: Vec<PolicyRule>,
}

impl TrustedAccessRole {
    /// The name by which bindings refer to it: `<source type>/<name>`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.source_type, self.name)
    }
}

/// A binding: what an Azure resource may do in this cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedAccessRoleBinding {
    /// Its full id; may be empty in a file.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The resource whose system-assigned identity is let in.
    pub source: Scope,
    /// Full names of its roles.
    pub roles: Vec<String>,
    /// Whether it is in force.
    pub state: ProvisioningState,
}

/// How far Azure got with a binding. Missing means Succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProvisioningState {
    /// In force.
    Succeeded,
    /// Being changed; what was granted before stays in force.
    Updating,
    /// Failed, Deleting, Canceled or unknown: not in force.
    Other(String),
}

impl ProvisioningState {
    /// Says whether a binding in this state grants (semantics §7.1).
    pub fn is_in_force(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Updating)
    }
}

/// A Kubernetes RBAC rule. Everything in it compares exactly.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyRule {
    /// Verbs; `*` is every verb.
    pub verbs: Vec<String>,
    /// API groups; empty text is the core group, `*` every group.
    pub api_groups: Vec<String>,
    /// Resources: `*`, `pods`, `pods/log`, `*/scale`.
    pub resources: Vec<String>,
    /// Names of objects; none is no restriction.
    pub resource_names: Vec<String>,
    /// Paths: exact, or `prefix*`.
    pub non_resource_urls: Vec<String>,
}

impl PolicyRule {
    /// Says whether the rule allows `target` (semantics §7.2).
    ///
    /// An odd name or path is allowed only by a rule for everything, as only a pattern for everything
    /// grants it (the paragraph on words, §6.1): another reader may understand it otherwise.
    pub fn allows(&self, target: &Target) -> bool {
        let all = |list: &[String]| list.iter().any(|item| item == "*");
        match target {
            Target::Resource(r) if r.is_odd() => {
                all(&self.verbs)
                    && all(&self.api_groups)
                    && all(&self.resources)
                    && self.resource_names.is_empty()
            }
            Target::NonResource(r) if r.is_odd() => {
                all(&self.verbs) && self.non_resource_urls.iter().any(|u| u == "*" || u == "/*")
            }
            Target::Resource(r) => {
                has(&self.verbs, &r.verb)
                    && has(&self.api_groups, &r.group)
                    && self.resources.iter().any(|rule| covers_resource(rule, r))
                    && self.allows_name(r)
            }
            Target::NonResource(r) => {
                has(&self.verbs, &r.verb)
                    && self.non_resource_urls.iter().any(|url| covers_path(url, &r.path))
            }
        }
    }

    /// A rule with names does not match a request without one. A list, watch or deletecollection
    /// has a name only when a field selector asks for exactly that object, and then it matches.
    fn allows_name(&self, r: &ResourceRequest) -> bool {
        self.resource_names.is_empty()
            || (!r.name.is_empty() && self.resource_names.contains(&r.name))
    }
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|item| item == "*" || item == wanted)
}

/// `*` covers all, `pods` the resource alone, `pods/log` that subresource, `*/scale` it everywhere.
fn covers_resource(rule: &str, r: &ResourceRequest) -> bool {
    if rule == "*" {
        return true;
    }
    match rule.split_once('/') {
        None => r.subresource.is_empty() && rule == r.resource,
        Some((resource, subresource)) => {
            !r.subresource.is_empty()
                && (resource == "*" || resource == r.resource)
                && subresource == r.subresource
        }
    }
}

fn covers_path(rule: &str, path: &str) -> bool {
    rule.strip_suffix('*').map_or(rule == path, |prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::super::request::NonResourceRequest;
    use super::*;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|&i| i.to_owned()).collect()
    }

    fn request(verb: &str, group: &str, resource: &str, name: &str) -> Target {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Target::Resource(ResourceRequest {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            namespace: String::new(),
        })
    }

    #[test]
    fn a_rule_reads_like_a_kubernetes_rule() {
        #[rustfmt::skip]
        let cases = [
            // (resources,      names,   asked,                               expected, why)
            (["pods"],          vec![],  ("get", "", "pods", "a"),            true,  "the resource"),
            (["pods"],          vec![],  ("get", "", "pods/log", "a"),        false, "a subresource is another resource"),
            (["pods/log"],      vec![],  ("get", "", "pods/log", "a"),        true,  "the subresource"),
            (["pods/log"],      vec![],  ("get", "", "pods", "a"),            false, "not its parent"),
            (["*/scale"],       vec![],  ("get", "", "deployments/scale", "a"), true, "a subresource of any resource"),
            (["*/scale"],       vec![],  ("get", "", "deployments", "a"),     false, "not the resource itself"),
            (["pods/log"],      vec![],  ("get", "", "pods/exec", "a"),       false, "not another subresource"),
            (["pods/log"],      vec![],  ("get", "", "jobs/log", "a"),        false, "not another resource's"),
            (["*/scale"],       vec![],  ("get", "", "deployments/status", "a"), false, "nor any other of any resource"),
            (["pods/"],         vec![],  ("get", "", "pods", "a"),            false, "no subresource is none"),
            (["*"],             vec![],  ("get", "", "pods/exec", "a"),       true,  "a star covers subresources"),
            (["pods"],          vec![],  ("get", "apps", "pods", "a"),        false, "another group"),
            (["pods"],          vec![],  ("delete", "", "pods", "a"),         false, "another verb"),
            (["pods"],          vec![],  ("*", "", "pods", "a"),              false, "a question about every verb"),
            (["Pods"],          vec![],  ("get", "", "pods", "a"),            false, "case counts"),
            (["pods"],          vec!["a"], ("get", "", "pods", "a"),          true,  "the named object"),
            (["pods"],          vec!["a"], ("get", "", "pods", "b"),          false, "another object"),
            (["pods"],          vec!["a"], ("get", "", "pods", ""),           false, "no name, no match"),
            (["pods"],          vec!["a"], ("list", "", "pods", "a"),         true,  "a list of exactly that object"),
            (["pods"],          vec!["a"], ("list", "", "pods", ""),          false, "a list of all"),
        ];
        for (resources, names, (verb, group, resource, name), expected, why) in cases {
            let rule = PolicyRule {
                verbs: list(&["get", "list"]),
                api_groups: list(&[""]),
                resources: list(&resources),
                resource_names: list(&names),
                non_resource_urls: vec![],
            };
            let asked = request(verb, group, resource, name);
            assert_eq!(rule.allows(&asked), expected, "{why}: {rule:?} {asked:?}");
        }
    }

    #[test]
    fn a_path_is_matched_exactly_or_by_its_prefix() {
        let rule = PolicyRule {
            verbs: list(&["*"]),
            non_resource_urls: list(&["/metrics", "/logs/*"]),
            ..PolicyRule::default()
        };
        for (path, expected) in [
            ("/metrics", true),
            ("/metrics/x", false),
            ("/logs/a/b", true),
            ("/logs", false),
            ("/logs/../secrets", false),
        ] {
            let asked = Target::NonResource(NonResourceRequest {
                verb: "get".to_owned(),
                path: path.to_owned(),
            });
            assert_eq!(rule.allows(&asked), expected, "{path}");
        }
    }

    #[test]
    fn an_odd_name_or_path_is_allowed_only_by_a_rule_for_everything() {
        let rule = |verbs, groups, resources, names: &[&str], urls| PolicyRule {
            verbs: list(&[verbs]),
            api_groups: list(&[groups]),
            resources: list(&[resources]),
            resource_names: list(names),
            non_resource_urls: list(&[urls]),
        };
        let odd = |resource: &str, namespace: &str| {
            Target::Resource(ResourceRequest {
                verb: "get".to_owned(),
                resource: resource.to_owned(),
                name: "n".to_owned(),
                namespace: namespace.to_owned(),
                ..ResourceRequest::default()
            })
        };
        let path = |path: &str| {
            Target::NonResource(NonResourceRequest {
                verb: "get".to_owned(),
                path: path.to_owned(),
            })
        };
        #[rustfmt::skip]
        let cases = [
            // (rule,                               asked,           expected, why)
            (rule("*", "*", "*", &[], "x"),         odd("a/b", ""),  true,     "everything"),
            (rule("*", "*", "*", &[], "x"),         odd("", ""),     true,     "no resource at all"),
            (rule("*", "*", "*", &[], "x"),         odd("pods", "a/b"), true,  "an odd namespace"),
            (rule("get", "*", "*", &[], "x"),       odd("a/b", ""),  false,    "one verb"),
            (rule("*", "", "*", &[], "x"),          odd("a/b", ""),  false,    "one group"),
            (rule("*", "*", "a/b", &[], "x"),       odd("a/b", ""),  false,    "one resource"),
            (rule("*", "*", "pods", &[], "x"),      odd("pods", "a/b"), false, "one resource, an odd namespace"),
            (rule("*", "*", "*", &["n"], "x"),      odd("a/b", ""),  false,    "one name"),
            (rule("*", "x", "x", &[], "*"),         path("/a//b"),   true,     "every path"),
            (rule("*", "x", "x", &[], "/*"),        path("/a//b"),   true,     "every path that begins with a slash"),
            (rule("get", "x", "x", &[], "*"),       path("/a//b"),   false,    "one method"),
            (rule("*", "x", "x", &[], "/a/*"),      path("/a//b"),   false,    "a prefix"),
            (rule("*", "x", "x", &[], "/a//b"),     path("/a//b"),   false,    "the path itself"),
        ];
        for (rule, asked, expected, why) in cases {
            assert_eq!(rule.allows(&asked), expected, "{why}: {rule:?} {asked:?}");
        }
    }
}
