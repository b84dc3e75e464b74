//! Role definitions and the permissions that they share with deny assignments.

use super::Head;
use crate::{
    authz::role::{Condition, Permission, RoleDefinition, RoleDefinitionId, RoleKind},
    wire::{
        fields::{Fields, Line, Read},
        node::Node,
    },
};

/// Reads a role definition: its GUID (`name`, or the end of `id`) and `permissions` are required.
pub(super) fn definition(head: &Head, body: &mut Fields<'_, '_>) -> Read<RoleDefinition> {
    let id = guid(head, body);
    let role_name = body.parsed::<Line>("roleName");
    let kind = kind(body);
    let assignable_scopes = lines(body, "assignableScopes");
    let items = body.required_items("permissions");
    let permissions = items.and_then(|items| permissions(body, items));
    let id = id?;
    let name = role_name?.map_or_else(|| id.to_string(), |Line(name)| name);
    Ok(RoleDefinition {
        id,
        name,
        kind: kind?,
        assignable_scopes: assignable_scopes?,
        permissions: permissions?,
    })
}

/// The GUID, which `name` and `id` must agree on where both have one.
fn guid(head: &Head, body: &mut Fields<'_, '_>) -> Read<RoleDefinitionId> {
    let place = body.place();
    let of_name = head.name.as_deref().map(str::parse::<RoleDefinitionId>);
    let of_id = head.id.as_deref().map(RoleDefinitionId::at_end_of);
    match (of_name, of_id) {
        (Some(Ok(name)), Some(Ok(id))) if name != id => {
            let message = format!("`name` is `{name}` but `id` ends in `{id}`: make them the same");
            Err(body.fault(place, message))
        }
        // A tool may have put the display name there.
        (Some(Ok(guid)), _) | (_, Some(Ok(guid))) => Ok(guid),
        (Some(Err(error)), _) => Err(body.fault(place, format!("`name`: {error}"))),
        (None, Some(Err(error))) => Err(body.fault(place, format!("`id`: {error}"))),
        (None, None) => Err(body.missing("name")),
    }
}

/// Azure's own word for whose the definition is; it does not decide.
fn kind(body: &mut Fields<'_, '_>) -> Read<RoleKind> {
    let mut kind = RoleKind::Custom;
    // `az` prints `roleType`, since its `type` is the ARM type.
    for name in ["roleType", "type"] {
        if let Some((text, _)) = body.text(name)?
            && text.eq_ignore_ascii_case("BuiltInRole")
        {
            kind = RoleKind::BuiltIn;
        }
    }
    Ok(kind)
}

/// Reads the elements of `permissions`. Lists that are absent are empty.
pub(super) fn permissions<'a>(
    body: &mut Fields<'a, '_>,
    items: &'a [Node],
) -> Read<Vec<Permission>> {
    body.each(items, "permission", |fields| {
        let actions = fields.parsed_items("actions");
        let not_actions = fields.parsed_items("notActions");
        let data_actions = fields.parsed_items("dataActions");
        let not_data_actions = fields.parsed_items("notDataActions");
        let condition = condition(fields);
        Ok(Permission {
            actions: actions?,
            not_actions: not_actions?,
            data_actions: data_actions?,
            not_data_actions: not_data_actions?,
            condition: condition?,
        })
    })
}

/// Reads `condition` and `conditionVersion`; an empty or blank condition is none (semantics §5.3).
pub(super) fn condition(fields: &mut Fields<'_, '_>) -> Read<Option<Condition>> {
    let text = fields.text("condition");
    let version = fields.text("conditionVersion");
    let (text, version) = (text?, version?);
    Ok(Condition::new(text.map(|(text, _)| text), version.map(|(version, _)| version)))
}

/// The list of strings `name`; absent is an empty list.
pub(super) fn lines(fields: &mut Fields<'_, '_>, name: &str) -> Read<Vec<String>> {
    let lines = fields.parsed_items::<Line>(name)?;
    Ok(lines.into_iter().map(|Line(line)| line).collect())
}
