//! The known data operations: one table, applied under each cluster type (semantics §2.5).

use std::collections::{BTreeSet, HashSet};

use thiserror::Error;

/// Most operations that a table may have, each counted once. Azure's has 383.
const MAX_OPERATIONS: usize = 20_000;

/// Longest operation, in bytes. The longest of Azure's has 78.
const MAX_LENGTH: usize = 1024;

/// The known data operations, without their cluster type: `pods/read`, `apps/deployments/write`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KnownOperations {
    operations: BTreeSet<String>,
    resources: HashSet<(String, String)>,
    groups: HashSet<String>,
}

/// Why an operation is not added to a table.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AddOperationError {
    /// No operation. What was written is for the caller to say, who has it as it stands in a file.
    #[error("no data operation; write one such as `apps/deployments/read`, without `*`")]
    NotAnOperation,
    /// More operations than a table may have.
    #[error("more than {MAX_OPERATIONS} data operations")]
    TooMany,
}

impl KnownOperations {
    /// A table of these operations, without their cluster type.
    ///
    /// # Errors
    ///
    /// [`AddOperationError`] of the first that [`add`](Self::add) refuses.
    pub fn of<'a>(
        operations: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AddOperationError> {
        let mut table = Self::default();
        operations.into_iter().try_for_each(|operation| table.add(operation))?;
        Ok(table)
    }

    /// Adds an operation without its cluster type. One that is there already changes nothing.
    ///
    /// # Errors
    ///
    /// [`AddOperationError`]: a name, or the suffix `read`, `write`, `delete` or `<verb>/action`, is
    /// missing; it holds a `*`, space or a control character; it, or the table, is too long.
    pub fn add(&mut self, operation: &str) -> Result<(), AddOperationError> {
        let odd = |c: char| c == '*' || c.is_whitespace() || c.is_control();
        let segments: Vec<_> = operation.split('/').collect();
        if operation.len() > MAX_LENGTH || segments.iter().any(|s| s.is_empty() || s.contains(odd))
        {
            return Err(AddOperationError::NotAnOperation);
        }
        let ([name @ .., "read" | "write" | "delete"] | [name @ .., _, "action"]) =
            segments.as_slice()
        else {
            return Err(AddOperationError::NotAnOperation);
        };
        if name.is_empty() {
            return Err(AddOperationError::NotAnOperation);
        }
        if self.operations.contains(operation) {
            return Ok(());
        }
        if self.operations.len() >= MAX_OPERATIONS {
            return Err(AddOperationError::TooMany);
        }
        match name {
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
        self.operations.insert(operation.to_owned());
        Ok(())
    }

    /// Says whether the table has no operation at all.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// How many operations the table has.
    pub fn len(&self) -> usize {
        self.operations.len()
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

    /// All operations in ascending order, without their cluster type.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_by_group_and_name_exactly() {
        let table = KnownOperations::of([
            "pods/read",
            "pods/exec/action",
            "apps/deployments/write",
            "apis/apps/v1/read",
            "apis/apps/read",
            "api/v1/read",
        ])
        .unwrap();
        #[rustfmt::skip]
        let cases = [
            ("",     "pods",        true,  "core"),
            ("apps", "deployments", true,  "in a group"),
            ("apps", "Deployments", false, "the look-up is exact"),
            ("",     "deployments", false, "not in the core group"),
            ("apps", "widgets",     false, "unknown"),
            ("apis", "apps",        false, "a path of discovery"),
            ("api",  "v1",          false, "another"),
        ];
        for (group, resource, expected, why) in cases {
            assert_eq!(table.knows(group, resource), expected, "{why}: {group}/{resource}");
        }
        assert!(table.knows_group("apps"));
        for group in ["", "example.com", "apis", "api"] {
            assert!(!table.knows_group(group), "{group}");
        }
        assert_eq!(table.iter().count(), 6);
    }

    #[test]
    fn a_table_takes_operations_only() {
        let long = format!("{}/read", "a".repeat(MAX_LENGTH));
        let none = [
            "pods",
            "pods/",
            "/read",
            "read",
            "pods/get",
            "*/read",
            "po ds/read",
            "po\u{a0}ds/read",
            "po\u{7f}ds/read",
            "action",
            "use/action",
            &long,
        ];
        for operation in none {
            let table = KnownOperations::of(["pods/read", operation]);
            assert_eq!(table, Err(AddOperationError::NotAnOperation), "{operation}");
        }
        let longest = format!("{}/read", "a".repeat(MAX_LENGTH - "/read".len()));
        let table = KnownOperations::of([longest.as_str()]).unwrap();
        assert_eq!((table.len(), table.is_empty()), (1, false), "as long as it may be");
        assert!(KnownOperations::of([]).unwrap().is_empty());
    }

    #[test]
    fn a_table_is_bounded_and_does_not_grow_by_what_it_has() {
        let mut table = KnownOperations::default();
        for number in 0..MAX_OPERATIONS {
            table.add(&format!("r{number}/read")).unwrap();
        }
        table.add("r0/read").unwrap();
        assert_eq!(table.len(), MAX_OPERATIONS);
        assert_eq!(table.add("pods/read"), Err(AddOperationError::TooMany));
        assert!(!table.knows("", "pods"));
    }
}
