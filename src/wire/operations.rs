//! A list of known data operations (semantics §2.5), in the notations that people have it in.
//!
//! | what | begins with |
//! | --- | --- |
//! | text: one operation a line, `#` and what follows it on a line of its own is a remark | anything else |
//! | what `az provider operation show` prints, or a list of such operations or of strings | `{` or `[` |
//!
//! An operation is written short, `apps/deployments/read`, or below a cluster type,
//! `Microsoft.ContainerService/managedClusters/apps/deployments/read`: one list holds for all cluster
//! types. Of what `az` prints, the data actions below a cluster type count and all else is left out.

use super::{
    Fault, Place,
    fields::{Fields, Read},
    json,
    node::{Node, Value, shown},
};
use crate::authz::{KnownOperations, cluster::below_cluster_type, operations::AddOperationError};

/// Begins the name of everything in Azure. No API group of Kubernetes begins so.
const AZURE: &str = "Microsoft.";

/// Reads a list of data operations. One that occurs twice counts once.
///
/// # Errors
///
/// Everything that is wrong, each with its place: what is no operation, or none of a cluster; a list
/// without any operation; too many of them.
pub fn read(text: &str) -> Result<KnownOperations, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut list = List::default();
    if text.trim_start().starts_with(['{', '[']) {
        match json::parse(text) {
            Ok(node) => list.document(&node),
            Err(fault) => list.faults.push(fault),
        }
    } else {
        list.lines(text);
    }
    if list.faults.is_empty() && list.table.is_empty() {
        let message = "no data operation below a cluster type: with such a list every resource \
                       would be a custom resource; write one such as `apps/deployments/read`";
        list.faults.push(Fault::new(Place::START, message));
    }
    if list.faults.is_empty() { Ok(list.table) } else { Err(list.faults) }
}

/// A list that is being read.
#[derive(Debug, Default)]
struct List {
    table: KnownOperations,
    faults: Vec<Fault>,
    is_full: bool,
}

impl List {
    fn lines(&mut self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let written = line.trim();
            if !written.is_empty() && !written.starts_with('#') {
                let column = line.chars().take_while(|c| c.is_whitespace()).count() + 1;
                self.written(written, Place { line: index + 1, column });
            }
        }
    }

    /// An operation that somebody wrote down: it has to be one.
    fn written(&mut self, text: &str, place: Place) {
        let is_azure = || text.get(..AZURE.len()).is_some_and(|s| s.eq_ignore_ascii_case(AZURE));
        match below_cluster_type(text) {
            Some(operation) => self.add(operation, text, place),
            None if is_azure() => {
                let message = format!("`{}` is not below a cluster type: remove it", shown(text));
                self.faults.push(Fault::new(place, message));
            }
            None => self.add(text, text, place),
        }
    }

    /// Adds an operation that was `written` in full.
    fn add(&mut self, operation: &str, written: &str, place: Place) {
        if self.is_full {
            return;
        }
        let Err(error) = self.table.add(operation) else { return };
        let message = match error {
            AddOperationError::TooMany => {
                self.is_full = true;
                error.to_string()
            }
            AddOperationError::NotAnOperation => format!("`{}` is {error}", shown(written)),
        };
        self.faults.push(Fault::new(place, message));
    }

    /// A list, or what `az` prints of one provider.
    fn document(&mut self, node: &Node) {
        let Value::List(items) = &node.value else { return self.provider(node) };
        for item in items {
            match &item.value {
                Value::Text(text) => self.written(text, item.place),
                Value::Object(members) if members.iter().any(|m| is_list(&m.name)) => {
                    self.provider(item);
                }
                Value::Object(_) => self.operation(item),
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_)) => {
                    let kind = other.kind();
                    let message =
                        format!("expected an operation as a string or an object, not {kind}");
                    self.faults.push(Fault::new(item.place, message));
                }
            }
        }
    }

    /// A provider: operations of its own, and those of its resource types.
    fn provider(&mut self, node: &Node) {
        let mut faults = Vec::new();
        let found = provider_operations(node, &mut faults).unwrap_or_default();
        self.faults.append(&mut faults);
        for operation in found {
            self.operation(operation);
        }
    }

    /// An operation with its properties, which counts if it is a data action of a cluster.
    fn operation(&mut self, node: &Node) {
        let mut faults = Vec::new();
        let found = data_action(node, &mut faults).ok().flatten();
        self.faults.append(&mut faults);
        if let Some((name, place)) = found
            && let Some(operation) = below_cluster_type(name)
        {
            self.add(operation, name, place);
        }
    }
}

/// Whether a member tells a provider from an operation.
fn is_list(name: &str) -> bool {
    ["operations", "resourceTypes"].iter().any(|list| list.eq_ignore_ascii_case(name))
}

fn provider_operations<'a>(node: &'a Node, faults: &mut Vec<Fault>) -> Read<Vec<&'a Node>> {
    let mut provider = Fields::of(node, "list of operations", faults)?;
    let mut found: Vec<_> = provider.items("operations")?.unwrap_or_default().iter().collect();
    let types = provider.items("resourceTypes")?.unwrap_or_default();
    let of_types = provider
        .each(types, "resource type", |kind| Ok(kind.items("operations")?.unwrap_or_default()))?;
    found.extend(of_types.into_iter().flatten());
    Ok(found)
}

/// The name of an operation that is a data action, and where it stands.
fn data_action<'a>(node: &'a Node, faults: &mut Vec<Fault>) -> Read<Option<(&'a str, Place)>> {
    let mut fields = Fields::of(node, "operation", faults)?;
    if !fields.flag("isDataAction")? {
        return Ok(None);
    }
    let found = fields.text("name")?;
    found.map(Some).ok_or_else(|| fields.missing("name"))
}

#[cfg(test)]
mod tests;
