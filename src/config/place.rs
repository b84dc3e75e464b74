//! Finds where in a file a key's value stands, for faults that show only after parsing.

use crate::wire::Place;
use crate::wire::node::Value;
use crate::wire::yaml;

/// Where the value of `key` (names joined by dots) stands in `text`, or, if a default was taken, the
/// value of its nearest parent that is there.
pub(super) fn of_key(text: &str, key: &str) -> Place {
    let Ok(root) = yaml::parse(text) else { return Place::START };
    let mut node = &root;
    for name in key.split('.') {
        let Value::Object(members) = &node.value else { break };
        let Some(member) = members.iter().find(|member| member.name == name) else { break };
        node = &member.value;
    }
    node.place
}
