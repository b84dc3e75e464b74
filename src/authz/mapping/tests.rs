use super::*;
use crate::authz::data_action::DataActionPattern;
use crate::authz::request::{NonResourceRequest, ResourceRequest};

const PREFIX: &str = "Microsoft.ContainerService/managedClusters";

fn operations() -> KnownOperations {
    let known = "pods/read\npods/exec/action\nservices/read\nnodes/read\nserviceaccounts/read\n\
                 apps/deployments/read\ncertificates.k8s.io/certificatesigningrequests/read\n";
    KnownOperations::of(known.lines()).unwrap()
}

/// Each action as text, `!` before one that needs a star over its name, `?` before a question, `^`
/// before one that only a pattern over everything grants.
fn needed(subresources: Subresources, target: &Target) -> Vec<String> {
    let operations = operations();
    let mapping = Mapping { prefix: PREFIX, operations: &operations, subresources };
    let mark = |a: &RequiredAction| match (a.is_odd(), a.is_without_suffix(), a.is_wildcard()) {
        (true, ..) => "^",
        (_, true, true) => "!?",
        (_, true, false) => "!",
        (_, _, true) => "?",
        _ => "",
    };
    let short = |a: &RequiredAction| {
        a.as_str().strip_prefix("Microsoft.ContainerService/managedClusters/").unwrap().to_owned()
    };
    required_actions(&mapping, target).iter().map(|a| format!("{}{}", mark(a), short(a))).collect()
}

fn resource(verb: &str, group: &str, resource: &str, namespace: &str) -> Target {
    let (resource, subresource) = match resource.split_once('/') {
        Some((r, s)) if !resource.contains("://") => (r, s),
        _ => (resource, ""),
    };
    Target::Resource(ResourceRequest {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        name: "any".to_owned(),
        namespace: namespace.to_owned(),
    })
}

fn path(verb: &str, path: &str) -> Target {
    Target::NonResource(NonResourceRequest { verb: verb.to_owned(), path: path.to_owned() })
}

#[test]
fn resources_are_mapped_by_verb_group_and_subresource() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, &[&str], &str)] = &[
        // (verb,             group,         resource,                 needed,                      why)
        ("get",               "",            "pods",                   &["pods/read"],              "§2.2 the core group has no segment"),
        ("list",              "apps",        "deployments",            &["apps/deployments/read"],  "§2.1"),
        ("watch",             "",            "pods",                   &["pods/read"],              "§2.2"),
        ("create",            "",            "pods",                   &["pods/write"],             "§2.2"),
        ("patch",             "apps",        "deployments/scale",      &["apps/deployments/write"], "§2.4 as its parent"),
        ("deletecollection",  "",            "pods",                   &["pods/delete"],            "§2.2"),
        ("impersonate",       "",            "serviceaccounts",        &["serviceaccounts/impersonate/action"], "§2.2"),
        ("approve",           "certificates.k8s.io", "signers",        &["!certificates.k8s.io/signers"], "§2.3 no suffix"),
        ("GET",               "",            "pods",                   &["!pods"],                  "§2.3 wrong case is another verb"),
        ("",                  "",            "pods",                   &["!pods"],                  "§2.3 no verb at all"),
        ("approve",           "example.com", "foos",                   &["!example.com/foos"],      "§2.3 own name also for custom resources"),
        ("get",               "",            "pods/exec",              &["pods/exec/action"],       "§2.4"),
        ("bind",              "",            "pods/exec",              &["pods/exec/action"],       "§2.4 every verb of rule 2"),
        ("approve",           "",            "pods/exec",              &["!pods"],                  "§2.4 others: rule 3, as the parent"),
        ("get",               "",            "pods/attach",            &["pods/write"],             "§2.4a"),
        ("delete",            "",            "nodes/proxy",            &["nodes/write"],            "§2.4a every verb of rule 2"),
        ("get",               "",            "pods/log",               &["pods/read"],              "§2.4 as its parent"),
        ("get",               "",            "pods/*",                 &["pods/read"],              "§2.6 subresource * is the parent"),
        ("create",            "",            "serviceaccounts/token",  &["serviceaccounts/impersonate/action"], "§2.4b"),
        ("get",               "example.com", "foos",                   &["customresources/read"],   "§2.5"),
        ("get",               "apps",        "foos",                   &["customresources/read"],   "§2.5 unknown in a known group"),
        ("bind",              "example.com", "foos",                   &["customresources/bind/action"], "§2.5"),
        ("escalate",          "apps",        "deployments",            &["apps/deployments/escalate/action"], "§2.2"),
        ("use",               "apps",        "deployments",            &["apps/deployments/use/action"], "§2.2"),
        ("get",               "",            "foos",                   &["foos/read"],              "§2.5 unknown in the core group"),
        ("get",               "Apps",        "deployments",            &["customresources/read"],   "the look-up is exact"),
        ("*",                 "",            "pods",                   &["?pods/*"],                "§2.6"),
        ("get",               "",            "*",                      &["?*/read"],                "§2.6"),
        ("get",               "*",           "*",                      &["?*/read"],                "§2.6"),
        ("*",                 "",            "*",                      &["?*/*"],                   "§2.6"),
        ("get",               "apps",        "*",                      &["?apps/*/read"],           "§2.6"),
        ("approve",           "apps",        "*",                      &["!?apps/*"],               "§2.6"),
        ("get",               "example.com", "*",                      &["customresources/read"],   "§2.6 a group with no known operation"),
        ("*",                 "example.com", "*",                      &["?customresources/*"],     "§2.6"),
        ("approve",           "example.com", "*",                      &["!?example.com/*"],        "§2.6 verbs without a suffix"),
        ("get",               "*",           "pods",                   &["?pods/read", "?*/pods/read"], "§2.6 core and every group"),
        ("get",               "",            "*/exec",                 &["?*/read", "pods/exec/action"], "§2.6 that rule's action too"),
        ("get",               "*",           "pods/exec",              &["?pods/read", "?*/pods/read", "pods/exec/action"], "§2.6"),
        ("get",               "",            "*/proxy",                &["?*/read", "pods/write", "services/write", "nodes/write"], "§2.6"),
        ("get",               "apps",        "*/exec",                 &["?apps/*/read"],           "only the core group has pods/exec"),
        ("*",                 "",            "pods/exec",              &["?pods/*"],                "§2.6 everything on the parent"),
        ("*",                 "",            "*/attach",               &["?*/*", "?pods/*"],        "§2.6"),
        ("get",               "",            "",                       &["^/read"],                 "an empty resource"),
        ("x",                 "",            "https://vault.example",  &["^https://vault.example"], "a resource with a slash"),
    ];
    for (verb, group, name, expected, why) in cases {
        let found = needed(Subresources::Strict, &resource(verb, group, name, "dev"));
        assert_eq!(found, *expected, "{why}: {verb} {group} {name}");
    }
}

#[test]
fn subresources_as_aks_are_their_parents_but_for_exec() {
    for (name, expected) in [
        ("pods/attach", "pods/read"),
        ("pods/proxy", "pods/read"),
        ("nodes/proxy", "nodes/read"),
        ("serviceaccounts/token", "serviceaccounts/read"),
        ("pods/exec", "pods/exec/action"),
    ] {
        let found = needed(Subresources::Aks, &resource("get", "", name, "dev"));
        assert_eq!(found, [expected], "{name}");
    }
}

#[test]
fn a_namespace_with_a_slash_makes_any_action_odd() {
    let found = needed(Subresources::Strict, &resource("get", "", "pods", "a/b"));
    assert_eq!(found, ["^pods/read"]);
}

#[test]
fn paths_are_mapped_by_method_and_odd_ones_are_for_everything_only() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[&str], &str)] = &[
        ("get",     "/healthz",        &["healthz/read"],        "§6.1"),
        ("head",    "/healthz/etcd/",  &["healthz/etcd/read"],   "one slash is cut at each end"),
        ("post",    "/logs/x",         &["logs/x/write"],        "§6.1"),
        ("delete",  "/x",              &["x/delete"],            "§6.1"),
        ("options", "/x/y",            &["!x/y"],                "no suffix: the whole path"),
        ("get",     "/",               &["^/read"],              "the root"),
        ("get",     "",                &["^/read"],              "nothing"),
        ("get",     "/a//b",           &["^a//b/read"],          "an empty segment"),
        ("get",     "//a",             &["^/a/read"],            "an empty segment at the start"),
        ("get",     "/a/../b",         &["^a/../b/read"],        "a step up"),
        ("get",     "/a/./b",          &["^a/./b/read"],         "a step nowhere"),
        ("get",     "/a%2fb",          &["^a%2fb/read"],         "an escape"),
        ("get",     "/logs/*",         &["?logs/*/read"],        "§6.1 a question"),
        ("*",       "/logs",           &["logs", "?logs/*"],    "§6.1 every verb"),
    ];
    for (verb, asked, expected, why) in cases {
        let found = needed(Subresources::Strict, &path(verb, asked));
        assert_eq!(found, *expected, "{why}: {verb} {asked}");
    }
}

#[test]
fn discovery_is_reading_a_few_roots_and_what_is_below() {
    #[rustfmt::skip]
    let cases = [
        ("get",  "/api",            true),  ("get",  "/api/",          true),
        ("head", "/apis/apps/v1",   true),  ("get",  "/openapi/v3/x/", true),
        ("get",  "/version",        true),  ("get",  "/version/x",     true),
        ("get",  "/livez/ping",     true),  ("get",  "/readyz",        true),
        ("get",  "/apiextensions",  false), ("get",  "/metrics",       false),
        ("get",  "/",               false), ("post", "/api",           false),
        ("GET",  "/api",            false), ("get",  "api",            false),
        ("get",  "/api//v1",        false), ("get",  "/api//",         false),
        ("get",  "/api/..",         false), ("get",  "/api/%2e%2e",    false),
        ("get",  "/api/*",          false), ("*",    "/api",           false),
    ];
    for (verb, path, expected) in cases {
        let request = NonResourceRequest { verb: verb.to_owned(), path: path.to_owned() };
        assert_eq!(is_discovery(&request), expected, "{verb} {path}");
    }
}

#[test]
fn a_verb_without_suffix_is_granted_by_a_star_from_the_first_letter_of_the_name_on() {
    #[rustfmt::skip]
    let cases = [
        // (asked,                                             granted by,                       not by, why)
        (resource("approve", "certificates.k8s.io", "signers", ""), "certificates.k8s.io/*", "certificates.k8s.io/s*", "a name in a group"),
        (resource("approve", "", "pods", ""),                       "*",                     "p*",                     "a name in the core group"),
        (resource("approve", "apps", "*", ""),                      "apps/*",                "apps/d*",                "a question"),
        (path("options", "/x/y"),                                   "*",                     "x*",                     "a path is a name as a whole"),
    ];
    let operations = operations();
    let mapping =
        Mapping { prefix: PREFIX, operations: &operations, subresources: Subresources::Strict };
    for (asked, by, not_by, why) in cases {
        let pattern = |text| format!("{PREFIX}/{text}").parse::<DataActionPattern>().unwrap();
        for action in required_actions(&mapping, &asked) {
            assert!(pattern(by).grants(&action), "{why}: {by} and {action:?} (semantics §2.3)");
            assert!(!pattern(not_by).grants(&action), "{why}: {not_by} and {action:?}");
        }
    }
}
