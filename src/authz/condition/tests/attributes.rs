use super::*;
use crate::authz::{KnownOperations, NonResourceRequest, ResourceRequest, Target};

#[test]
fn group_and_kind_are_those_of_custom_resources_and_a_few_subresources_are_told() {
    let known = "pods/read\npods/exec/action\napps/deployments/read\n";
    let operations = KnownOperations::of(known.lines()).unwrap();
    #[rustfmt::skip]
    let cases = [
        // semantics §5.4, §2.5, §2.6: (group, resource, subresource, (group, kind, subresource), why)
        ("",            "pods",        "",       (None, None, None),                           "a core resource"),
        ("apps",        "deployments", "",       (None, None, None),                           "a known resource in a group"),
        ("example.com", "widgets",     "",       (Some("example.com"), Some("widgets"), None), "a custom resource"),
        ("example.com", "widgets",     "status", (Some("example.com"), Some("widgets"), None), "its subresource is not told"),
        ("apps",        "widgets",     "",       (Some("apps"), Some("widgets"), None),        "unknown in a known group"),
        ("apps",        "Deployments", "",       (Some("apps"), Some("Deployments"), None),    "the look-up is exact"),
        ("",            "widgets",     "",       (None, None, None),                           "unknown in the core group: no custom resource"),
        ("example.com", "*",           "",       (Some("example.com"), None, None),            "every resource: no kind"),
        ("apps",        "*",           "",       (None, None, None),                           "no custom resource request"),
        ("*",           "widgets",     "",       (None, None, None),                           "a question about every group"),
        ("*",           "*",           "",       (None, None, None),                           "about everything"),
        ("example.com", "",            "",       (Some("example.com"), None, None),            "no resource: no kind"),
        ("",            "pods",        "log",    (None, None, Some("log")),                    "listed"),
        ("",            "pods",        "exec",   (None, None, Some("exec")),                   "listed"),
        ("",            "pods",        "attach", (None, None, Some("attach")),                 "listed"),
        ("",            "pods",        "proxy",  (None, None, Some("proxy")),                  "listed"),
        ("",            "pods",        "portforward", (None, None, Some("portforward")),       "listed"),
        ("",            "pods",        "ephemeralcontainers", (None, None, Some("ephemeralcontainers")), "listed"),
        ("",            "pods",        "status", (None, None, None),                           "not listed"),
        ("",            "pods",        "scale",  (None, None, None),                           "not of pods"),
        ("",            "pods",        "Log",    (None, None, None),                           "names compare exactly"),
        ("",            "pods",        "*",      (None, None, None),                           "not listed"),
        ("",            "services",    "proxy",  (None, None, None),                           "not of services"),
        ("apps",        "deployments", "scale",  (None, None, Some("scale")),                  "listed"),
        ("apps",        "statefulsets", "scale", (Some("apps"), Some("statefulsets"), Some("scale")), "listed, and here not known"),
        ("apps",        "replicasets", "scale",  (Some("apps"), Some("replicasets"), Some("scale")), "likewise"),
        ("",            "*",           "log",    (None, None, None),                           "of every resource"),
    ];
    for (group, resource, subresource, expected, why) in cases {
        // The verb does not matter, nor does one without a suffix.
        for verb in ["get", "deletecollection", "approve", "*"] {
            let target = Target::Resource(ResourceRequest {
                verb: verb.to_owned(),
                group: group.to_owned(),
                resource: resource.to_owned(),
                subresource: subresource.to_owned(),
                ..ResourceRequest::default()
            });
            let found = attributes(&target, &operations);
            let found = (found.group, found.kind, found.subresource);
            assert_eq!(found, expected, "{why}: {verb} {resource}.{group}/{subresource}");
        }
    }
    let path = NonResourceRequest { verb: "get".to_owned(), path: "/metrics".to_owned() };
    let target = Target::NonResource(path);
    assert_eq!(attributes(&target, &operations), Attributes::default());
}

#[test]
fn attributes_are_found_under_their_constant_names_only() {
    let action = action("a");
    let context = ConditionContext {
        action: &action,
        attributes: Attributes { group: Some("g"), kind: Some("k"), subresource: Some("s") },
        now: at("2026-03-01T12:00:00Z"),
    };
    #[rustfmt::skip]
    let cases = [
        (format!("{GROUP} StringEquals 'g'"),       Truth::True,    "§5.4"),
        (format!("{KIND} StringEquals 'k'"),        Truth::True,    "§5.4"),
        (format!("{SUBRESOURCE} StringEquals 's'"), Truth::True,    "§5.4"),
        (format!("{KIND} StringEquals 'K'"),        Truth::False,   "values compare exactly"),
        (GROUP.replace("ContainerService/managedClusters", "Kubernetes/connectedClusters") + " StringEquals 'g'",
                                                    Truth::Unknown, "the prefix is a constant"),
        (GROUP.replace("customResources", "customresources") + " StringEquals 'g'",
                                                    Truth::Unknown, "names compare exactly"),
        (GROUP.replace("@Request", "@Resource") + " StringEquals 'g'",
                                                    Truth::Unknown, "the source counts"),
        ("@Request[UtcNow] DateTimeLessThan '2030-01-01T00:00:00Z'".to_owned(),
                                                    Truth::Unknown, "the source counts"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(understood(&text).evaluate(&context).truth, expected, "{why}: {text}");
    }
}
