//! The list of data operations that replaces the built-in one.

use kubentra::authz::KnownOperations;
use kubentra::wire::operations::read;
use serde_json::json;

use super::{NO_TEXT, assert_fault};

/// Holds the reader of such lists to its laws: a refusal has faults, each on one line with a place in the
/// text, and what is read is the same list in every notation.
pub fn check(input: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(input) else { return NO_TEXT };
    match read(text) {
        Ok(table) => {
            check_table(&table);
            "read"
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused for no fault");
            faults.iter().for_each(|fault| assert_fault(fault, text));
            "refused"
        }
    }
}

fn check_table(table: &KnownOperations) {
    assert!(!table.is_empty(), "every resource would be a custom resource");
    assert_eq!(KnownOperations::of(table.iter()).as_ref(), Ok(table), "one by one");
    let lines = |prefix: &str| -> String {
        table.iter().map(|operation| format!("{prefix}{operation}\n")).collect()
    };
    let objects: Vec<_> = table
        .iter()
        .map(|operation| {
            let name = format!("Microsoft.ContainerService/managedClusters/{operation}");
            json!({"name": name, "isDataAction": true})
        })
        .collect();
    let mut notations = vec![
        ("below a cluster type", lines("microsoft.kubernetes/ConnectedClusters/")),
        ("as `az` prints it", json!({"operations": objects}).to_string()),
    ];
    if table.iter().all(is_plain) {
        notations.push(("a line each", lines("")));
        notations.push(("a list of strings", json!(Vec::from_iter(table.iter())).to_string()));
    }
    for (notation, text) in notations {
        assert_eq!(read(&text).as_ref(), Ok(table), "{notation}");
    }
}

/// Says if an operation can be written short: it begins neither like a remark or a list, nor like the name
/// of something in Azure.
fn is_plain(operation: &str) -> bool {
    operation.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !operation.to_ascii_lowercase().starts_with("microsoft.")
}
