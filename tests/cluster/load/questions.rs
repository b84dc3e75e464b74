//! What is asked, how it is sent, and what the reference evaluator says to it.

use kubentra::clock::Now;
use serde_json::{Value, json};

use super::crowd::{Crowd, SEED};
use super::documents::NAMESPACES;
use crate::case::{Answer, Case, FOLDERS};
use crate::company;
use crate::differential::generator::random::Random;
use crate::reference::{self, World};

/// Questions of each user: 9,000 in all, more than the API server remembers answers.
const EACH: usize = 45;

/// A question of one user, with the answer that is right.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// The user's place in the crowd.
    pub(super) user: usize,
    pub(super) request: Request,
    pub(super) expected: Answer,
}

/// How a question reaches the authorizer.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// A `SelfSubjectAccessReview` with these resource attributes: any question there is.
    Review(Value),
    /// The thing itself: method, path, and body of a dry run.
    Real(&'static str, String, Option<Value>),
}

#[rustfmt::skip]
const VERBS: [&str; 16] = [
    "get", "get", "list", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
    "bind", "escalate", "impersonate", "approve", "attest", "*",
];

/// API group, resource, subresource.
#[rustfmt::skip]
const RESOURCES: [(&str, &str, &str); 26] = [
    ("", "pods", ""), ("", "pods", ""), ("", "pods", "exec"), ("", "pods", "log"), ("", "pods", "portforward"),
    ("", "secrets", ""), ("", "secrets", ""), ("", "configmaps", ""), ("", "services", ""), ("", "services", "proxy"),
    ("", "serviceaccounts", ""), ("", "serviceaccounts", "token"), ("", "nodes", ""), ("", "namespaces", ""),
    ("", "resourcequotas", ""), ("", "gadgets", ""),
    ("apps", "deployments", ""), ("apps", "deployments", "scale"), ("apps", "statefulsets", "status"),
    ("rbac.authorization.k8s.io", "roles", ""), ("rbac.authorization.k8s.io", "rolebindings", ""),
    ("certificates.k8s.io", "signers", ""), ("cert-manager.io", "certificates", ""), ("velero.io", "backups", "status"),
    ("", "*", ""), ("*", "*", ""),
];

/// All questions of all users, the same in each run.
pub(super) fn all(crowd: &Crowd) -> Vec<Question> {
    let case = case(crowd);
    let now = jiff::Timestamp::try_from(Now::read().wall).unwrap().as_nanosecond();
    let of = |users: &[usize]| -> Vec<Question> {
        let world = World::of(&case);
        users.iter().flat_map(|user| of_user(crowd, *user, &world, now)).collect()
    };
    // The evaluator looks at every document for every question, which takes its time.
    let users: Vec<usize> = (0..crowd.users.len()).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let shares = users.chunks(users.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || of(share))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn of_user(crowd: &Crowd, user: usize, world: &World, now: i128) -> Vec<Question> {
    let mut random = Random::new(SEED, 2 + u64::try_from(user).unwrap());
    let questions = (0..EACH).map(|_| {
        let (attributes, request) = if random.chance(70) {
            let attributes = any_attributes(&mut random);
            (attributes.clone(), Request::Review(attributes))
        } else {
            real(&mut random)
        };
        let review = review(crowd, user, &attributes);
        let expected = reference::decide(world, review.to_string().as_bytes(), now);
        Question { user, request, expected }
    });
    questions.collect()
}

/// Policy and configuration, as the reference takes them.
fn case(crowd: &Crowd) -> Case {
    let mut documents = json!({});
    for folder in FOLDERS {
        documents[folder] = json!([]);
    }
    for (file, text) in crowd.policy() {
        let folder = file.split('/').next().unwrap();
        let more: Vec<Value> = serde_json::from_str(&text).unwrap();
        documents[folder].as_array_mut().unwrap().extend(more);
    }
    let setting = json!({
        "cluster": company::CLUSTER, "mode": "azureRbac", "ungranted": "noOpinion",
        "discovery": "allow", "subresources": "strict", "objectIdExtraKey": "oid",
        "managementGroups": [], "adminGroups": [], "exemptUsers": [],
    });
    Case { setting, documents, review: Value::Null, now: 0 }
}

/// The review that the API server makes of a question.
fn review(crowd: &Crowd, user: usize, attributes: &Value) -> Value {
    let user = &crowd.users[user];
    let groups = user.groups.iter().map(String::as_str).chain(["system:authenticated"]);
    json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user.upn, "uid": user.id, "groups": groups.collect::<Vec<_>>(),
            "extra": { "oid": [user.id] },
            "resourceAttributes": attributes,
        },
    })
}

fn any_attributes(random: &mut Random) -> Value {
    let (group, resource, subresource) = RESOURCES[random.below(RESOURCES.len())];
    let verb = random.pick(&VERBS);
    let namespace = if random.chance(20) { "" } else { random.pick(&NAMESPACES) };
    let name = if matches!(verb, "get" | "update" | "patch" | "delete") { "it" } else { "" };
    json!({
        "namespace": namespace, "verb": verb, "group": group, "resource": resource,
        "subresource": subresource, "name": name,
    })
}

/// A request that changes nothing: it reads, is a dry run, or is about something that is not there.
fn real(random: &mut Random) -> (Value, Request) {
    #[rustfmt::skip]
    const KINDS: [(&str, &str, &str, &str); 5] = [
        ("", "pods", "/api/v1", "Pod"), ("", "secrets", "/api/v1", "Secret"),
        ("", "configmaps", "/api/v1", "ConfigMap"), ("apps", "deployments", "/apis/apps/v1", "Deployment"),
        ("cert-manager.io", "certificates", "/apis/cert-manager.io/v1", "Certificate"),
    ];
    let (group, resource, base, kind) = KINDS[random.below(KINDS.len())];
    let namespace = random.pick(&NAMESPACES);
    let all = format!("{base}/namespaces/{namespace}/{resource}");
    let one = format!("{all}/not-there");
    let object = json!({
        "apiVersion": base.trim_start_matches("/apis/").trim_start_matches("/api/"),
        "kind": kind, "metadata": { "name": "not-there", "namespace": namespace },
    });
    let (verb, name, method, path, body) = match random.below(6) {
        0 => ("list", "", "GET", format!("{all}?limit=1"), None),
        1 => ("get", "not-there", "GET", one, None),
        2 => ("create", "", "POST", format!("{all}?dryRun=All"), Some(object)),
        3 => (
            "patch",
            "not-there",
            "PATCH",
            format!("{one}?dryRun=All"),
            Some(json!({ "metadata": {} })),
        ),
        4 => ("delete", "not-there", "DELETE", format!("{one}?dryRun=All"), None),
        _ => ("list", "", "GET", format!("{base}/{resource}?limit=1"), None),
    };
    let everywhere = !path.contains("/namespaces/");
    let attributes = json!({
        "namespace": if everywhere { "" } else { namespace }, "verb": verb, "group": group,
        "version": "v1", "resource": resource, "name": name,
    });
    (attributes, Request::Real(method, path, body))
}
