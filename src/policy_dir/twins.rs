//! Trusted-access bindings of one name, some without an id.
//!
//! An id tells whether two documents are the same binding; a name alone does not, since another
//! cluster may use it too. So all of them count, and people are told: often one was meant to replace
//! the other.

use std::collections::HashMap;

use super::merge::{BindingGrant, binding_grant};
use super::read::FileRead;
use super::{Finding, Origin};
use crate::wire::Located;

/// One warning for each binding that shares its name with an earlier one, grants something else, and
/// of which one has no id. Names compare without regard to case; no name equals none.
pub(super) fn unnamed(files: &[FileRead]) -> Vec<Finding> {
    let mut earlier: HashMap<String, Vec<Seen>> = HashMap::new();
    let mut warnings = Vec::new();
    for file in files {
        for Located { place, value } in &file.documents.trusted_access_role_bindings {
            if value.name.is_empty() {
                continue;
            }
            let origin = Origin { file: file.path.clone(), place: Some(*place) };
            let seen = Seen { origin, has_id: !value.id.is_empty(), grant: binding_grant(value) };
            let namesakes = earlier.entry(value.name.to_ascii_lowercase()).or_default();
            if let Some(twin) = namesakes.iter().find(|other| seen.adds_to(other)) {
                let message = format!(
                    "binding `{}` is also at {} with other roles or another source, and both count: \
                     give both an `id`, or remove one",
                    value.name, twin.origin
                );
                warnings.push(Finding::at(seen.origin.clone(), message));
            }
            namesakes.push(seen);
        }
    }
    warnings
}

/// A binding that was met.
struct Seen {
    origin: Origin,
    has_id: bool,
    grant: BindingGrant,
}

impl Seen {
    fn adds_to(&self, other: &Self) -> bool {
        !(self.has_id && other.has_id) && self.grant != other.grant
    }
}
