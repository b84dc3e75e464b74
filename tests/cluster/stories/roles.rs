//! The four AKS roles through kubectl.

use super::{Story, stories};
use crate::plane::Plane;

pub(super) fn stories() -> Vec<Story> {
    stories![
        matrix: "each of the four roles can what it should, in the whole cluster and in one namespace",
        work: "a writer works in one namespace: creates, applies, patches, scales, watches, deletes",
        secrets: "secrets are hidden from a reader, and the message says which role would show them",
        bindings: "an admin gives roles away, also such as it does not have in native RBAC",
        questions: "kubectl auth whoami and can-i tell what Entra and Azure say",
        discovery: "everybody in the tenant sees which resources there are, and not what is in them",
    ]
}

/// Reader, Writer, Admin and Cluster Admin of the cluster, then of namespace shop.
const PEOPLE: [&str; 8] = [
    "reader",
    "writer",
    "admin",
    "cluster-admin",
    "shop-reader",
    "shop-writer",
    "shop-admin",
    "shop-cluster-admin",
];

/// What each of [`PEOPLE`] may, written from the roles' data actions and docs/semantics.md. Nothing is
/// changed: the API server decides about a dry run as about the real thing.
#[rustfmt::skip]
const MATRIX: [(&str, &str); 48] = [
    // command                                                                   cluster shop
    ("get pods -n shop",                                                        "✔✔✔✔ ✔✔✔✔"),
    ("get pod web-1 -n shop",                                                   "✔✔✔✔ ✔✔✔✔"),
    ("get pods -n payments",                                                    "✔✔✔✔ ····"),
    ("get pods -A",                                                             "✔✔✔✔ ····"),
    ("get --raw '/api/v1/namespaces/shop/pods?watch=1&timeoutSeconds=1'",       "✔✔✔✔ ✔✔✔✔"),
    ("logs web-1 -n shop",                                                      "✔✔✔✔ ✔✔✔✔"),
    ("exec web-1 -n shop -- true",                                              "·✔✔✔ ·✔✔✔"),
    ("attach web-1 -n shop",                                                    "·✔✔✔ ·✔✔✔"),
    ("port-forward pod/web-1 :80 -n shop",                                      "·✔✔✔ ·✔✔✔"),
    ("get --raw /api/v1/namespaces/shop/pods/web-1/proxy/",                     "·✔✔✔ ·✔✔✔"),
    ("get secrets -n shop",                                                     "·✔✔✔ ·✔✔✔"),
    ("get secret till -n shop",                                                 "·✔✔✔ ·✔✔✔"),
    ("create configmap new -n shop --dry-run=server",                           "·✔✔✔ ·✔✔✔"),
    ("create configmap new -n default --dry-run=server",                        "·✔✔✔ ····"),
    ("create secret generic new -n shop --dry-run=server",                      "·✔✔✔ ·✔✔✔"),
    ("annotate pod web-1 a=b -n shop --dry-run=server",                         "·✔✔✔ ·✔✔✔"),
    ("patch configmap hours -n shop -p '{\"data\":{\"open\":\"8\"}}' --dry-run=server", "·✔✔✔ ·✔✔✔"),
    ("apply -f new-configmap.json --dry-run=server",                            "·✔✔✔ ·✔✔✔"),
    // What is not there yet is asked twice: patch, then create with the name.
    ("apply --server-side -f new-configmap.json --dry-run=server",              "·✔✔✔ ·✔✔✔"),
    ("replace -f old-configmap.json --dry-run=server",                          "·✔✔✔ ·✔✔✔"),
    ("delete pod web-1 -n shop --dry-run=server",                               "·✔✔✔ ·✔✔✔"),
    ("delete pods --all -n shop --dry-run=server",                              "·✔✔✔ ·✔✔✔"),
    ("scale deployment front --replicas=3 -n shop --dry-run=server",            "·✔✔✔ ·✔✔✔"),
    ("get --raw /apis/apps/v1/namespaces/shop/deployments/front/scale",         "✔✔✔✔ ✔✔✔✔"),
    ("rollout history deployment front -n shop",                                "✔✔✔✔ ✔✔✔✔"),
    ("get serviceaccounts -n shop",                                             "✔✔✔✔ ✔✔✔✔"),
    ("create token deployer -n shop",                                           "·✔✔✔ ·✔✔✔"),
    ("get endpointslices -n shop",                                              "✔✔✔✔ ✔✔✔✔"),
    ("get events -n shop",                                                      "✔✔✔✔ ✔✔✔✔"),
    ("get resourcequotas -n shop",                                              "✔✔✔✔ ✔✔✔✔"),
    ("create quota new --hard=pods=1 -n shop --dry-run=server",                 "···✔ ···✔"),
    ("get roles -n shop",                                                       "··✔✔ ··✔✔"),
    ("create role new --verb=get --resource=pods -n shop --dry-run=server",     "··✔✔ ··✔✔"),
    ("create rolebinding new --clusterrole=edit --user=z -n shop --dry-run=server", "··✔✔ ··✔✔"),
    ("create clusterrole new --verb=get --resource=pods --dry-run=server",      "··✔✔ ····"),
    ("create clusterrolebinding new --clusterrole=view --user=z --dry-run=server", "··✔✔ ····"),
    ("get certificates.cert-manager.io -n shop",                                "··✔✔ ··✔✔"),
    ("delete certificates.cert-manager.io shop-tls -n shop --dry-run=server",   "··✔✔ ··✔✔"),
    ("get customresourcedefinitions",                                           "··✔✔ ····"),
    ("get namespace shop",                                                      "✔✔✔✔ ✔✔✔✔"),
    ("get namespaces",                                                          "✔✔✔✔ ····"),
    ("create namespace new --dry-run=server",                                   "···✔ ····"),
    ("label namespace shop a=b --dry-run=server",                               "···✔ ···✔"),
    ("get nodes",                                                               "··✔✔ ····"),
    ("get --raw /metrics",                                                      "··✔✔ ····"),
    ("get --raw /livez",                                                        "✔✔✔✔ ✔✔✔✔"),
    ("get --raw /openapi/v3",                                                   "✔✔✔✔ ✔✔✔✔"),
    ("get csr",                                                                 "··✔✔ ····"),
];

/// What the API server says when it would go on to the kubelet or the pod.
const NO_KUBELET: [&str; 2] = ["does not have a host assigned", "address not allowed"];

fn matrix(plane: &Plane) {
    for (file, name) in [("new-configmap.json", "new"), ("old-configmap.json", "hours")] {
        let object = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "shop" },
        });
        std::fs::write(plane.folder().join("home").join(file), object.to_string()).unwrap();
    }
    let mut wrong = Vec::new();
    for (command, expected) in MATRIX {
        let mut found = String::new();
        for (index, name) in PEOPLE.into_iter().enumerate() {
            let answer = plane.person(name).kubectl(command);
            // Without a kubelet, whoever is allowed hears that there is none.
            let allowed = answer.succeeded() || NO_KUBELET.iter().any(|text| answer.says(text));
            found.push_str(if index == 4 { " " } else { "" });
            found.push(match (allowed, answer.is_forbidden()) {
                (true, false) => '✔',
                (false, true) => '·',
                _ => '?',
            });
            if found.ends_with('?') {
                wrong.push(format!("neither allowed nor forbidden:\n{answer}"));
            }
        }
        if found != expected {
            wrong.push(format!("{expected}  is  {found}  {command}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}\n{}", PEOPLE.join(", "), wrong.join("\n"), plane.logs());
}

fn work(plane: &Plane) {
    let writer = plane.person("shop-writer");
    let deployment = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "cart"}}, "template": {
            "metadata": {"labels": {"app": "cart"}}, "spec": {"containers": [{"name": "cart", "image": "cart.invalid/cart"}]}}}}"#;
    writer.given(deployment).can("create -f -");
    writer.given(&deployment.replace("\"replicas\": 1", "\"replicas\": 2")).can("apply -f -");
    let image = deployment.replace("cart.invalid/cart", "cart.invalid/cart:2");
    writer.given(&image).can("apply --server-side --force-conflicts -f -");
    writer.can(r#"patch deployment cart -n shop -p '{"metadata":{"annotations":{"a":"b"}}}'"#);
    writer.can("scale deployment cart --replicas=3 -n shop");
    let replicas = "get deployment cart -n shop -o 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}'";
    assert_eq!(writer.can(replicas), "3 cart.invalid/cart:2");
    let watched = writer.can("get deployments -n shop --watch --request-timeout=3s");
    assert!(watched.contains("cart"), "{watched}");
    writer.can("delete deployment cart -n shop --wait=false");
    // And nowhere else.
    writer
        .given(&deployment.replace("\"shop\"", "\"payments\""))
        .cannot("create -f -", "`Azure Kubernetes Service RBAC Writer` is assigned at");
}

fn secrets(plane: &Plane) {
    let reader = plane.person("reader");
    for command in ["get secrets -n shop", "get secret till -n shop -o yaml", "get secrets -A"] {
        let answer = reader.cannot(command, "secrets/read`");
        assert!(answer.says("role `Azure Kubernetes Service RBAC Writer` would"), "{answer}");
        // "0000" as the API server writes it.
        assert!(!answer.says("MDAwMA"), "a secret is shown\n{answer}");
    }
    assert!(plane.person("shop-writer").can("get secret till -n shop -o yaml").contains("MDAwMA"));
}

fn bindings(plane: &Plane) {
    let admin = plane.person("shop-admin");
    // Native RBAC asks for `escalate` and `bind`, since the admin has nothing in it.
    admin.can("create role everything --verb='*' --resource='*.*' -n shop");
    admin.can(
        "create rolebinding new-hire --role=everything --user=new-hire@contoso.example -n shop",
    );
    admin.can(
        "create rolebinding editors --clusterrole=edit --user=new-hire@contoso.example -n shop",
    );
    let master = plane.master();
    assert_eq!(
        master.can("auth can-i delete secrets -n shop --as=new-hire@contoso.example"),
        "yes"
    );
    admin.can("delete rolebinding new-hire editors -n shop");
    admin.can("delete role everything -n shop");
    admin.cannot(
        "create rolebinding out --clusterrole=edit --user=z -n payments",
        "rolebindings/write` at",
    );
    // Who may write them without these two gives away what native RBAC gives them: nothing.
    let rosa = plane.person("rosa");
    for command in [
        "create rolebinding up --clusterrole=view --user=z -n shop",
        "create role up --verb=get --resource=pods -n shop",
    ] {
        rosa.cannot(command, "is attempting to grant RBAC permissions not currently held");
    }
}

fn questions(plane: &Plane) {
    let bob = plane.person("bob");
    let me = bob.can("auth whoami -o json");
    let me: serde_json::Value = serde_json::from_str(&me).unwrap();
    let user = &me["status"]["userInfo"];
    assert_eq!(user["username"], "bob@contoso.example", "{user}");
    assert_eq!(user["uid"], crate::company::id("bob"), "{user}");
    let groups = user["groups"].as_array().unwrap();
    for group in ["payments-team", "developers"] {
        assert!(groups.contains(&crate::company::id(group).into()), "{group}: {user}");
    }
    assert_eq!(user["extra"]["oid"][0], crate::company::id("bob"), "{user}");
    assert_eq!(bob.can("auth can-i delete pods -n payments"), "yes");
    let no = bob.kubectl("auth can-i delete pods -n shop");
    assert_eq!(no.code, Some(1), "{no}");
    assert!(no.says("is assigned at") && no.says("/namespaces/payments` only"), "{no}");
    // kubectl lists native rules only, and the API server says that there may be more.
    let list = bob.kubectl("auth can-i --list -n payments");
    assert!(list.says("webhook authorizer does not support user rule resolution"), "{list}");
    assert_eq!(plane.person("cluster-admin").can("auth can-i '*' '*' --all-namespaces"), "yes");
    assert_eq!(plane.person("admin").kubectl("auth can-i '*' '*' -A").code, Some(1));
}

fn discovery(plane: &Plane) {
    let nobody = plane.person("nobody");
    let resources = nobody.can("api-resources --cached=false");
    assert!(resources.contains("certificates") && resources.contains("deployments"), "{resources}");
    nobody.can("version");
    nobody.can("explain pods");
    nobody.cannot("get pods -n shop", "role `Azure Kubernetes Service RBAC Reader` would");
    nobody.cannot("get --raw /metrics", "metrics/read` at");
}
