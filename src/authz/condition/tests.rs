use super::*;
use crate::authz::data_action::{Reach, RequiredAction};

mod attributes;
mod clock;
mod comparisons;
mod errors;
mod grammar;
mod kept;
mod laws;
mod parts;
mod truth;

const PREFIX: &str = "Microsoft.ContainerService/managedClusters";

/// The attributes of a custom resource request, by name.
const GROUP: &str = "@Request[Microsoft.ContainerService/managedClusters/customResources:group]";
const KIND: &str = "@Request[Microsoft.ContainerService/managedClusters/customResources:kind]";
const SUBRESOURCE: &str =
    "@Request[Microsoft.ContainerService/managedClusters/resources:subresource]";

fn condition(text: &str) -> Condition {
    Condition::new(Some(text), Some(VERSION)).unwrap()
}

/// A condition that must be understood.
fn understood(text: &str) -> Condition {
    let condition = condition(text);
    assert_eq!(condition.problem(), None, "{text}");
    condition
}

fn action(text: &str) -> RequiredAction {
    RequiredAction::new(text, Reach::Text, false)
}

/// A question about everything that a pattern matches (semantics §2.6).
fn question(text: &str) -> RequiredAction {
    RequiredAction::new(text, Reach::Text, true)
}

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

/// Evaluates for a custom resource `secretproviderclasses` of group `secrets-store.csi.x-k8s.io`,
/// read at noon on 1 March 2026.
fn evaluated(text: &str) -> Evaluated {
    let action = action(&format!("{PREFIX}/customresources/read"));
    let attributes = Attributes {
        group: Some("secrets-store.csi.x-k8s.io"),
        kind: Some("secretproviderclasses"),
        subresource: None,
    };
    let now = at("2026-03-01T12:00:00Z");
    understood(text).evaluate(&ConditionContext { action: &action, attributes, now })
}

fn truth_of(text: &str) -> Truth {
    evaluated(text).truth
}

/// The same for a request without attributes, of one action.
fn truth_for(text: &str, action: &RequiredAction) -> Truth {
    let now = at("2026-03-01T12:00:00Z");
    let context = ConditionContext { action, attributes: Attributes::default(), now };
    understood(text).evaluate(&context).truth
}
