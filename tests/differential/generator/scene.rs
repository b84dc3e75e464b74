//! What the documents and the reviews of one policy have in common, so that they meet: the cluster,
//! and a few requests that the policy is about.

use serde_json::{Value, json};

use super::random::Random;
use super::request::Hot;

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

/// What a policy is mostly about. Elsewhere the rules hide each other: a condition is evaluated only
/// where all else fits, and trusted access only where nothing else decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Focus {
    Everything,
    Conditions,
    Schedules,
    TrustedAccess,
}

/// What the documents and the reviews of one policy share.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) focus: Focus,
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
        let focus = match random.below(20) {
            0..=9 => Focus::Everything,
            10..=14 => Focus::Conditions,
            15..=17 => Focus::Schedules,
            _ => Focus::TrustedAccess,
        };
        let mut hot = Vec::new();
        for _ in 0..random.between(2, 5) {
            let with_attributes = focus == Focus::Conditions && random.chance(80);
            hot.push(if with_attributes { Hot::with_attributes(random) } else { Hot::any(random) });
        }
        let cluster = random.recase(&cluster, 10);
        Self { focus, cluster, prefix, fleet, management_groups, hot }
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
            "exemptUsers": if random.chance(60) { vec!["exempt"] } else { vec![] },
        })
    }

    /// Whether scope and actions are to fit, so that what the policy is about decides.
    fn fits(&self, random: &mut Random) -> bool {
        matches!(self.focus, Focus::Conditions | Focus::Schedules) && random.chance(75)
    }

    /// In how many of 100 assignments there is a condition.
    pub(crate) fn often_conditioned(&self) -> usize {
        match self.focus {
            Focus::Everything => 25,
            Focus::Conditions => 90,
            Focus::Schedules | Focus::TrustedAccess => 5,
        }
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
            _ if self.fits(random) => random.pick(&["/", resource]).to_owned(),
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
            _ if self.fits(random) => random.one(&[format!("{prefix}/*"), "*".to_owned()]),
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
    if let Hot::Resource([_, _, "*", subresource, ..]) = hot
        && random.chance(30)
    {
        // What the subresource needs besides (semantics §2.6).
        let needs = match *subresource {
            "exec" => "pods/exec/action",
            "proxy" => random.pick(&["pods/write", "services/write", "nodes/write"]),
            "token" => "serviceaccounts/impersonate/action",
            _ => "pods/write",
        };
        return needs.to_owned();
    }
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
