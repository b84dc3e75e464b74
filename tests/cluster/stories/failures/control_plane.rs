//! The control plane itself: the match conditions that `init` writes keep its requests from our server.

use super::*;

pub(super) fn rbac_first() -> Vec<Story> {
    stories![
        with_rbac_first: "RBAC first: nodes, controllers and service accounts never depend on our server",
    ]
}

pub(super) fn webhook_first() -> Vec<Story> {
    stories![
        with_webhook_first: "webhook first: nodes, controllers and service accounts never depend on our server",
    ]
}

const EXCLUDED: &str = "apiserver_authorization_match_condition_exclusions_total";
const ASKED: &str = "apiserver_authorization_webhook_evaluations_total";

fn with_rbac_first(plane: &Plane) {
    // What Node and RBAC have nothing for: a request of the node, one of the account.
    assert!(left_out(plane) >= 2.0);
}

fn with_webhook_first(plane: &Plane) {
    // Everything that the controllers do.
    assert!(left_out(plane) > 20.0);
}

/// Lets node, controllers and a service account work while our server is down; how many requests the
/// match conditions left out in that time, by the API server's own count.
fn left_out(plane: &Plane) -> f64 {
    let ours = [("name", "kubentra.io")];
    plane.kubentra().kill();
    let before = plane.metrics();

    // A node sees to itself, by the Node authorizer; what is none of its business is refused.
    let node = plane.node();
    let object = r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}"#;
    node.given(object).can("create -f -");
    node.can("get node node-1");
    node.cannot("get secrets -n shop", "system:node:node-1");
    // The controllers make pods, as service accounts of their own.
    let master = plane.master();
    master.can("scale deployment front --replicas=3 -n shop");
    master.can("wait deployment front -n shop --for=jsonpath='{.status.replicas}'=3 --timeout=30s");
    let token = master.can("create token deployer -n shop");
    let deployer = plane.bearer("deployer", &token);
    deployer.can("get pods -n shop");
    deployer.cannot("get secrets -n payments", "system:serviceaccount:shop:deployer");

    let after = plane.metrics();
    let asked = after.sum(ASKED, &ours) - before.sum(ASKED, &ours);
    assert!(asked.abs() < 0.5, "the API server tried to ask {asked} times");
    master.can("delete node node-1");
    master.can("scale deployment front --replicas=1 -n shop");
    plane.serve_again();
    after.sum(EXCLUDED, &ours) - before.sum(EXCLUDED, &ours)
}
