//! Deny assignments.

use super::{
    Head, Kind,
    role::{condition, permissions},
};
use crate::{
    authz::{assignment::DenyAssignment, principal::ObjectId},
    wire::{
        fields::{Fields, Line, Read},
        node::Node,
    },
};

/// Reads a deny assignment: `scope`, `principals` and `permissions` are required.
pub(super) fn assignment(head: &Head, body: &mut Fields<'_, '_>) -> Read<DenyAssignment> {
    let name = body.parsed::<Line>("denyAssignmentName");
    let scope = body.required("scope");
    let only_here = body.flag("doNotApplyToChildScopes");
    let principals = body.required_items("principals").and_then(|items| ids(body, items));
    let excluded = body.items("excludePrincipals");
    let excluded = excluded.and_then(|items| ids(body, items.unwrap_or_default()));
    let items = body.required_items("permissions");
    let permissions = items.and_then(|items| permissions(body, items));
    let condition = condition(body);
    let scope = scope?;
    let id = head.id(Kind::DenyAssignment, &scope);
    let name = match name? {
        Some(Line(name)) => name,
        None => head.name().unwrap_or(&id).to_owned(),
    };
    Ok(DenyAssignment {
        id,
        name,
        principals: principals?,
        exclude_principals: excluded?,
        scope,
        do_not_apply_to_child_scopes: only_here?,
        permissions: permissions?,
        condition: condition?,
    })
}

/// The ids of a list of principals, whatever their types (semantics §4.1).
fn ids<'a>(body: &mut Fields<'a, '_>, items: &'a [Node]) -> Read<Vec<ObjectId>> {
    body.each(items, "principal", |principal| principal.object_id("id"))
}
