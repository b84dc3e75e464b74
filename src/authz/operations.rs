//! The known data operations: one table, applied under each cluster type (semantics §2.5).

use std::collections::HashSet;

use thiserror::Error;

/// Most operations that a table may have. Azure's has 383.
const MAX_OPERATIONS: usize = 20_000;

/// The known data operations, without their cluster type: `pods/read`, `apps/deployments/write`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KnownOperations {
    operations: Vec<String>,
    resources: HashSet<(String, String)>,
    groups: HashSet<String>,
}

/// Why a table of operations cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParseOperationsError {
    /// A line that is no operation.
    #[error(
        "line {line}: `{text}` is no data operation; write one such as `apps/deployments/read`"
    )]
    NotAnOperation {
        /// Its number, from 1.
        line: usize,
        /// What stands there, cut to a bounded length.
        text: String,
    },
    /// More lines than are read.
    #[error("more than {MAX_OPERATIONS} data operations")]
    TooMany,
}

impl KnownOperations {
    /// Reads a table: one operation a line without its cluster type. Blank lines and lines that
    /// begin with `#` are skipped.
    ///
    /// # Errors
    ///
    /// [`ParseOperationsError`], which names the line.
    pub fn parse(text: &str) -> Result<Self, ParseOperationsError> {
        let mut table = Self::default();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if table.operations.len() == MAX_OPERATIONS {
                return Err(ParseOperationsError::TooMany);
            }
            table.add(line).ok_or_else(|| ParseOperationsError::NotAnOperation {
                line: number + 1,
                text: line.chars().take(80).collect(),
            })?;
        }
        Ok(table)
    }

    fn add(&mut self, operation: &str) -> Option<()> {
        let segments: Vec<_> = operation.split('/').collect();
        if segments.iter().any(|s| s.is_empty() || s.contains(['*', ' '])) {
            return None;
        }
        let ([name @ .., "read" | "write" | "delete"] | [name @ .., _, "action"]) =
            segments.as_slice()
        else {
            return None;
        };
        match name {
            [] => return None,
            [resource] => {
                self.resources.insert((String::new(), (*resource).to_owned()));
            }
            // Paths of discovery such as `apis/apps`, which only look like a group's resource.
            ["api" | "apis", _] => {}
            [group, resource] => {
                self.groups.insert((*group).to_owned());
                self.resources.insert(((*group).to_owned(), (*resource).to_owned()));
            }
            // A path of three segments or more: no resource.
            _ => {}
        }
        self.operations.push(operation.to_owned());
        Some(())
    }

    /// Says whether a resource has a known operation. Exact, case included.
    pub fn knows(&self, group: &str, resource: &str) -> bool {
        // The set's key is a pair of strings; two allocations are cheaper than a second index, and
        // only custom and grouped resources come here.
        self.resources.contains(&(group.to_owned(), resource.to_owned()))
    }

    /// Says whether any resource of an API group has a known operation. Exact, case included.
    pub fn knows_group(&self, group: &str) -> bool {
        self.groups.contains(group)
    }

    /// All operations, in the order of the table, without their cluster type.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_by_group_and_name_exactly() {
        let text =
            "# comment\n\npods/read\npods/exec/action\napps/deployments/write\napis/apps/v1/read\n";
        let table = KnownOperations::parse(text).unwrap();
        #[rustfmt::skip]
        let cases = [
            ("",     "pods",        true,  "core"),
            ("apps", "deployments", true,  "in a group"),
            ("apps", "Deployments", false, "the look-up is exact"),
            ("",     "deployments", false, "not in the core group"),
            ("apps", "widgets",     false, "unknown"),
        ];
        for (group, resource, expected, why) in cases {
            assert_eq!(table.knows(group, resource), expected, "{why}: {group}/{resource}");
        }
        assert!(table.knows_group("apps"));
        assert!(!table.knows_group("example.com"));
        assert_eq!(table.iter().count(), 4);
    }

    #[test]
    fn a_line_that_is_no_operation_is_named() {
        for line in ["pods", "pods/", "/read", "read", "pods/get", "*/read", "action"] {
            let error = KnownOperations::parse(&format!("pods/read\n{line}")).unwrap_err();
            assert!(error.to_string().starts_with("line 2: "), "{line}: {error}");
        }
    }
}
