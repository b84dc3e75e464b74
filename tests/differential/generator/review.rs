//! Reviews: of the requests that a policy is about, of others, and malformed ones.

use serde_json::{Map, Value, json};

use super::random::Random;
use super::request::Hot;
use super::scene::{EVERYONE, Focus, IDS, Scene};
use super::trusted_access::SOURCES;

/// Noon on 22 November 2026, in nanoseconds since 1970.
const NOON: i128 = 1_795_348_800 * 1_000_000_000;

/// Now: noon, or a moment beside it.
pub(crate) fn now(random: &mut Random) -> i128 {
    NOON + random.one(&[0, 0, 0, 1, -1, 100, 500_000_000, 1_000_000_000, -1_000_000_000])
}

/// A posted review.
pub(crate) fn review(setting: &Value, scene: &Scene, random: &mut Random) -> Value {
    let hot = match random.below(10) {
        0 => Hot::any(random),
        1..=3 => scene.request(random).near(random),
        _ => scene.request(random),
    };
    let (version, groups) = random.one(&[
        ("authorization.k8s.io/v1", "groups"),
        ("authorization.k8s.io/v1", "groups"),
        ("authorization.k8s.io/v1beta1", "group"),
    ]);
    let mut spec = Map::new();
    let user = if random.chance(96) { "someone" } else { odd_user(random) };
    spec.insert("user".to_owned(), json!(user));
    // Now and then in the member that the other version reads.
    let groups = if random.chance(98) { groups } else { random.pick(&["groups", "group"]) };
    spec.insert(groups.to_owned(), json!(members_of(random)));
    spec.insert("extra".to_owned(), extra(setting, scene, random));
    let (kind, attributes) = attributes(&hot, random);
    spec.insert(kind.to_owned(), attributes);
    let mut review = json!({
        "apiVersion": version,
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": spec,
    });
    if random.chance(3) {
        spoil(&mut review, random);
    }
    review
}

fn odd_user(random: &mut Random) -> &'static str {
    random.pick(&["system:node:a", "system:", "System:x", "exempt", "Exempt", "xsystem:", ""])
}

/// The groups of the caller: object ids in either case, and names that are ignored.
fn members_of(random: &mut Random) -> Vec<String> {
    let mut groups = Vec::new();
    while random.chance(70) {
        let group = match random.below(12) {
            0 => "system:authenticated",
            1 => EVERYONE,
            2 => "{b0000000-0000-4000-8000-00000000000a}",
            _ => random.pick(&IDS),
        };
        groups.push(random.recase(group, 20));
    }
    groups
}

fn extra(setting: &Value, scene: &Scene, random: &mut Random) -> Value {
    let mut extra = Map::new();
    let key = setting["objectIdExtraKey"].as_str().unwrap();
    let key = if random.chance(99) { key } else { random.pick(&["Oid", "oid", "kubentra.io/oid"]) };
    let id = random.pick(&IDS);
    let id = random.recase(id, 20);
    let ids = match random.below(90) {
        0 => vec![],
        1 => vec![id.clone(), id],
        2 => vec![id.replace('-', "")],
        3 => vec![EVERYONE.to_owned()],
        4 => vec![format!(" {id}")],
        5 => vec![id.replace("4000", "400g")],
        _ => vec![id],
    };
    extra.insert(key.to_owned(), json!(ids));
    if random.chance(if scene.focus == Focus::TrustedAccess { 95 } else { 30 }) {
        let source = random.pick(&SOURCES);
        let source = random.recase(source, 20);
        let sources = match random.below(12) {
            0 => vec![source.clone(), source],
            1 => vec![format!("{source}/")],
            2 => vec![source.replace("/v", "/v3")],
            3 => vec!["v".to_owned()],
            _ => vec![source],
        };
        extra.insert("kubentra.io/mirid".to_owned(), json!(sources));
    }
    Value::Object(extra)
}

/// The attributes of a request; a part that is empty may be left out, or said.
fn attributes(hot: &Hot, random: &mut Random) -> (&'static str, Value) {
    let (kind, parts): (_, Vec<_>) = match hot {
        Hot::Path([verb, path]) => {
            ("nonResourceAttributes", vec![("verb", *verb), ("path", *path)])
        }
        Hot::Resource([verb, group, resource, subresource, namespace, name]) => (
            "resourceAttributes",
            vec![
                ("verb", *verb),
                ("group", *group),
                ("resource", *resource),
                ("subresource", *subresource),
                ("namespace", *namespace),
                ("name", *name),
                ("version", "v1"),
            ],
        ),
    };
    let mut attributes = Map::new();
    for (name, value) in parts {
        if !value.is_empty() || random.chance(20) {
            attributes.insert(name.to_owned(), json!(value));
        }
    }
    (kind, Value::Object(attributes))
}

/// Makes a review malformed (semantics §1.5, §1.6), or nearly so.
fn spoil(review: &mut Value, random: &mut Random) {
    match random.below(16) {
        0 => review["apiVersion"] = json!("authorization.k8s.io/v2"),
        1 => review["kind"] = json!("LocalSubjectAccessReview"),
        2 => review["spec"]["nonResourceAttributes"] = json!({ "verb": "get", "path": "/api" }),
        3 => review["spec"]["resourceAttributes"] = Value::Null,
        4 => review["spec"]["nonResourceAttributes"] = Value::Null,
        5 => review["spec"]["user"] = json!(7),
        6 => review["spec"]["extra"] = json!({ "oid": "one" }),
        7 => review["spec"] = Value::Null,
        9 => review["spec"]["group"] = Value::Null,
        10 => review["spec"]["groups"] = Value::Null,
        11 => review["spec"]["extra"] = Value::Null,
        12 => review["spec"] = json!([]),
        13 => review["spec"]["nonResourceAttributes"] = json!([]),
        14 => review["spec"]["user"] = Value::Null,
        8 => review["spec"]["unknown"] = json!({ "member": true }),
        _ => review["apiVersion"] = json!("authorization.k8s.io/V1"),
    }
}
