//! `kubectl --as`: an Entra user is one only with the object id beside the name.

use super::{Story, stories};
use crate::company::{id, username};
use crate::plane::Plane;

pub(super) fn stories() -> Vec<Story> {
    stories![
        with_object_id: "whoever impersonates with the object id sees what that person sees",
        without_object_id: "without the object id an impersonated name is no Entra identity",
        by_azure: "Azure says who may impersonate",
        constrained: "constrained impersonation takes no extra key without a domain, and none is needed for native rights",
    ]
}

/// Stories for a cluster with `objectIdExtraKey: kubentra.io/oid`.
pub(super) fn domain_prefixed_stories() -> Vec<Story> {
    stories![
        constrained_object_id: "constrained impersonation of an Entra user works where the object id's key has a domain",
    ]
}

/// Flags to be somebody, in the way of `oid`.
fn acting_as(name: &str, key: &str) -> String {
    format!("--as={} --as-user-extra={key}={}", username(name), id(name))
}

fn with_object_id(plane: &Plane) {
    for me in [plane.master(), plane.local_admin()] {
        let me = me.with(&acting_as("shop-reader", "oid"));
        me.can("get pods -n shop");
        me.cannot("get secrets -n shop", "role `Azure Kubernetes Service RBAC Writer` would");
        me.cannot("get pods -n payments", "is assigned at");
    }
    // The groups are those that are named, and no others.
    let bob = plane.master().with(&acting_as("bob", "oid"));
    bob.cannot("get pods -n payments", "no role assignment grants");
    bob.with(&format!("{} --as-group={}", acting_as("bob", "oid"), id("developers")))
        .can("get pods -n payments");
}

fn without_object_id(plane: &Plane) {
    let shop_reader = plane.master().with(&format!("--as={}", username("shop-reader")));
    shop_reader.cannot(
        "get pods -n shop",
        "not an Entra identity: extra `oid` does not hold one object id",
    );
    let two = format!("{} --as-user-extra=oid={}", acting_as("shop-reader", "oid"), id("admin"));
    plane.master().with(&two).cannot("get pods -n shop", "not an Entra identity");
}

fn by_azure(plane: &Plane) {
    let ivan = plane.person("ivan").with(&acting_as("shop-reader", "oid"));
    ivan.can("get pods -n shop");
    ivan.cannot("get secrets -n shop", "cannot list resource \"secrets\"");
    // A pattern over everything also covers the verbs of constrained impersonation.
    plane.person("cluster-admin").with(&acting_as("shop-reader", "oid")).can("get pods -n shop");
    for name in ["nobody", "writer"] {
        let other = plane.person(name).with(&acting_as("admin", "oid"));
        other.cannot("get secrets -n shop", "impersonate-on:user-info:list");
    }
}

fn constrained(plane: &Plane) {
    let iris = plane.person("iris");
    iris.with(&acting_as("shop-reader", "oid"))
        .cannot("get pods -n shop", "must be a domain-prefixed path");
    // carol has a native role in payments, which needs no object id.
    let carol = iris.with(&format!("--as={}", username("carol")));
    carol.can("get pods -n payments");
    carol.cannot("get configmaps -n payments", "impersonate-on:user-info:list");
    carol.cannot("get pods -n shop", "not an Entra identity");
}

fn constrained_object_id(plane: &Plane) {
    let reader = plane.person("iris").with(&acting_as("shop-reader", "kubentra.io/oid"));
    reader.can("get pods -n shop");
    reader.can("get pod web-1 -n shop");
    reader.cannot("get configmaps -n shop", "impersonate-on:user-info:list");
    reader.cannot("get pods -n payments", "is assigned at");
}
