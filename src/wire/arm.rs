//! The documents of Azure Resource Manager that make a policy, in every notation they come in.
//!
//! One object or many: a single object, a plain list (what `az … list -o json` prints) or an ARM
//! list (`{"value": […], "nextLink": null}`). Nested or flat: members in `properties`, as the REST
//! API answers, or beside `id` and `name`, as `az` prints them. All four combinations are read the
//! same way, in JSON and in YAML.

use super::{
    Fault, Located, Place,
    fields::{Fields, Line, Read, Reported},
    node::{Node, Value, shown},
};
use crate::authz::{
    assignment::{DenyAssignment, RoleAssignment, ScheduleInstance, short_id},
    role::RoleDefinition,
    scope::Scope,
    trusted_access::{TrustedAccessRole, TrustedAccessRoleBinding},
};

mod assignment;
mod deny;
mod role;
mod trusted_access;

/// The kinds of documents that make a policy, in the order of the contract.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Role definitions.
    RoleDefinition,
    /// Plain role assignments.
    RoleAssignment,
    /// Role assignments with a schedule, as Privileged Identity Management makes them.
    ScheduleInstance,
    /// Deny assignments.
    DenyAssignment,
    /// Trusted-access roles.
    TrustedAccessRole,
    /// Trusted-access role bindings.
    TrustedAccessRoleBinding,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::RoleDefinition,
        Self::RoleAssignment,
        Self::ScheduleInstance,
        Self::DenyAssignment,
        Self::TrustedAccessRole,
        Self::TrustedAccessRoleBinding,
    ];

    /// The folder of a policy directory that holds this kind. Also the last segment of its ARM type.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::RoleDefinition => "roleDefinitions",
            Self::RoleAssignment => "roleAssignments",
            Self::ScheduleInstance => "roleAssignmentScheduleInstances",
            Self::DenyAssignment => "denyAssignments",
            Self::TrustedAccessRole => "trustedAccessRoles",
            Self::TrustedAccessRoleBinding => "trustedAccessRoleBindings",
        }
    }

    /// What a document of this kind is called in a message.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::RoleDefinition => "role definition",
            Self::RoleAssignment => "role assignment",
            Self::ScheduleInstance => "role assignment schedule instance",
            Self::DenyAssignment => "deny assignment",
            Self::TrustedAccessRole => "trusted-access role",
            Self::TrustedAccessRoleBinding => "trusted-access role binding",
        }
    }

    /// The kind whose folder is `name`, whatever its case.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.folder().eq_ignore_ascii_case(name))
    }
}

/// Documents with their places, as one file or all files of a directory have them.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each member is named by the kind that it holds")]
pub struct Documents {
    pub role_definitions: Vec<Located<RoleDefinition>>,
    pub role_assignments: Vec<Located<RoleAssignment>>,
    pub schedule_instances: Vec<Located<ScheduleInstance>>,
    pub deny_assignments: Vec<Located<DenyAssignment>>,
    pub trusted_access_roles: Vec<Located<TrustedAccessRole>>,
    pub trusted_access_role_bindings: Vec<Located<TrustedAccessRoleBinding>>,
}

/// Reads all documents of `kind` in `node`.
///
/// `unnamed` is put before the place of a document that has no `id` of its own, to make one.
///
/// # Errors
///
/// Everything that is wrong, each with its place: a missing or meaningless member, a document of
/// another kind, a shortened list.
pub fn read(kind: Kind, node: &Node, unnamed: &str) -> Result<Documents, Vec<Fault>> {
    let (mut documents, mut faults) = (Documents::default(), Vec::new());
    for element in elements(kind, node, &mut faults) {
        // A document that cannot be read has left its faults.
        let _ = read_one(kind, element, unnamed, &mut documents, &mut faults);
    }
    if faults.is_empty() { Ok(documents) } else { Err(faults) }
}

/// The single documents in `node`, whichever of the notations it has.
fn elements<'a>(kind: Kind, node: &'a Node, faults: &mut Vec<Fault>) -> Vec<&'a Node> {
    match &node.value {
        Value::List(items) => items.iter().collect(),
        Value::Object(members) if members.iter().any(|member| member.name == "value") => {
            arm_list(node, faults).unwrap_or_default()
        }
        Value::Object(_) => vec![node],
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)) => {
            let (noun, found) = (kind.noun(), other.kind());
            let message = format!("expected a {noun}, or a list of them, not {found}");
            faults.push(Fault::new(node.place, message));
            Vec::new()
        }
    }
}

/// The documents of an ARM list, which must be the whole list.
fn arm_list<'a>(node: &'a Node, faults: &mut Vec<Fault>) -> Read<Vec<&'a Node>> {
    let mut fields = Fields::of(node, "list", faults)?;
    if let Some(link) = fields.find("nextLink")? {
        let message = "this list goes on at its `nextLink`: fetch the other pages too, and write the \
                       whole list with `nextLink: null`";
        return Err(fields.fault(link.place, message));
    }
    Ok(fields.required_items("value")?.iter().collect())
}

fn read_one(
    kind: Kind,
    node: &Node,
    unnamed: &str,
    documents: &mut Documents,
    faults: &mut Vec<Fault>,
) -> Read<()> {
    let mut top = Fields::of(node, kind.noun(), faults)?;
    let head = Head::read(kind, &mut top, unnamed)?;
    let mut body = top.body()?;
    let place = node.place;
    match kind {
        Kind::RoleDefinition => {
            let value = role::definition(&head, &mut body)?;
            documents.role_definitions.push(Located { place, value });
        }
        Kind::RoleAssignment => {
            let value = assignment::plain(&head, &mut body)?;
            documents.role_assignments.push(Located { place, value });
        }
        Kind::ScheduleInstance => {
            let value = assignment::scheduled(&head, &mut body)?;
            documents.schedule_instances.push(Located { place, value });
        }
        Kind::DenyAssignment => {
            let value = deny::assignment(&head, &mut body)?;
            documents.deny_assignments.push(Located { place, value });
        }
        Kind::TrustedAccessRole => {
            let value = trusted_access::role(&head, &mut body)?;
            documents.trusted_access_roles.push(Located { place, value });
        }
        Kind::TrustedAccessRoleBinding => {
            let value = trusted_access::binding(&head, &mut body)?;
            documents.trusted_access_role_bindings.push(Located { place, value });
        }
    }
    Ok(())
}

/// What every resource of Azure has outside `properties`.
struct Head {
    /// The full id, if the document has one.
    id: Option<String>,
    /// Its name, if the document has one.
    name: Option<String>,
    /// Tells a document from all others, for one that has neither.
    fallback: String,
}

impl Head {
    fn read(kind: Kind, top: &mut Fields<'_, '_>, unnamed: &str) -> Read<Self> {
        let of_type = check_type(kind, top);
        let of_id = check_id(kind, top);
        let name = top.parsed::<Line>("name");
        of_type?;
        let id = of_id?;
        let fallback = format!("{unnamed}:{}", top.place());
        Ok(Self { id, name: name?.map(|Line(name)| name), fallback })
    }

    /// The full id; made from scope and name, as Azure makes it, for a document without one.
    fn id(&self, kind: Kind, scope: &Scope) -> String {
        match (&self.id, &self.name) {
            (Some(id), _) => id.clone(),
            (None, Some(name)) => {
                let (scope, folder) = (scope.as_str().trim_end_matches('/'), kind.folder());
                format!("{scope}/providers/Microsoft.Authorization/{folder}/{name}")
            }
            (None, None) => self.fallback.clone(),
        }
    }

    /// The name, or the end of the id.
    fn name(&self) -> Option<&str> {
        let of_id = || self.id.as_deref().map(short_id).filter(|name| !name.is_empty());
        self.name.as_deref().or_else(of_id)
    }
}

/// Refuses a document whose `type` is another kind's: read as this one it could grant for ever what
/// was meant to end, or deny nothing.
fn check_type(kind: Kind, top: &mut Fields<'_, '_>) -> Read<()> {
    let Some((text, place)) = top.text("type")? else { return Ok(()) };
    let last = text.rsplit('/').next().unwrap_or(text);
    match Kind::named(last) {
        Some(named) if named == kind => Ok(()),
        // A flat role definition may have its own kind there.
        None if kind == Kind::RoleDefinition && !text.contains('/') => Ok(()),
        Some(named) => Err(misplaced(named, place, top)),
        None => {
            let (found, noun, folder) = (shown(text), kind.noun(), kind.folder());
            let message = format!(
                "`{found}` is not the type of a {noun}, and `{folder}/` holds nothing else"
            );
            Err(top.fault(place, message))
        }
    }
}

/// The id, which may say the same about a document without a `type`.
fn check_id(kind: Kind, top: &mut Fields<'_, '_>) -> Read<Option<String>> {
    let Some(Line(id)) = top.parsed("id")? else { return Ok(None) };
    match id.trim_end_matches('/').rsplit('/').nth(1).and_then(Kind::named) {
        Some(named) if named != kind => {
            let place = top.find("id")?.map_or(top.place(), |node| node.place);
            Err(misplaced(named, place, top))
        }
        _ => Ok(Some(id)),
    }
}

fn misplaced(named: Kind, place: Place, top: &mut Fields<'_, '_>) -> Reported {
    let (noun, folder) = (named.noun(), named.folder());
    top.fault(place, format!("this is a {noun}: move it to `{folder}/`"))
}

#[cfg(test)]
mod tests;
