//! Every rule that is built has a case.

use std::collections::BTreeSet;

use crate::case::Case;

/// Rules of semantics that a case must cite: §1 to §11.
const RULES: [&str; 45] = [
    "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1",
    "3.2", "3.3", "3.4", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "5.1", "5.2", "5.3",
    "5.4", "6.1", "6.2", "7.1", "7.2", "7.3", "8.1", "8.2", "8.3", "9", "10", "11.1", "11.2",
    "11.3", "11.4", "11.5", "11.6", "11.7", "11.8",
];

pub(crate) fn every_rule_has_a_case(cases: &[Case]) -> Result<(), String> {
    let cited: BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| &case.sources)
        .filter_map(|source| source.strip_prefix("semantics §"))
        .collect();
    let missing: Vec<_> = RULES.iter().filter(|rule| !cited.contains(*rule)).collect();
    if !missing.is_empty() {
        return Err(format!("no case cites semantics §{missing:?}"));
    }
    let files: BTreeSet<_> =
        cases.iter().filter_map(|case| case.name.split(" as ").next()).collect();
    if files.len() < 150 {
        return Err(format!("only {} case files", files.len()));
    }
    Ok(())
}
