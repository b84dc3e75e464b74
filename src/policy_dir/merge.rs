//! Joins the documents of all files with the built-in ones: every id once.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;

use super::{
    Finding, Findings, Origin,
    read::{FileRead, Origins},
    twins,
};
use crate::authz::assignment::folded_id;
use crate::{
    authz::{
        Condition, DataActionPattern, DenyAssignment, MemberType, ObjectId, Permission,
        PolicyDocuments, PolicyRule, RoleAssignment, RoleDefinition, RoleDefinitionId,
        ScheduleInstance, TrustedAccessRole, TrustedAccessRoleBinding,
    },
    wire::{Located, arm::Kind},
};

/// The policy, where its documents stood, and what people should know.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) documents: PolicyDocuments,
    pub(super) origins: Origins,
    pub(super) warnings: Vec<Finding>,
}

/// Joins `files` with `built_in`. A document of a file takes the place of a built-in one of the same
/// id. Two of the same id that decide alike count once; two that do not are a fault.
pub(super) fn merge(
    files: Vec<FileRead>,
    built_in: &PolicyDocuments,
    broken: &mut Findings,
) -> Merged {
    let twins = twins::unnamed(&files);
    let (mut roles, mut assignments, mut instances) =
        (Shelf::default(), Shelf::default(), Shelf::default());
    let (mut denies, mut access_roles, mut bindings) =
        (Shelf::default(), Shelf::default(), Shelf::default());
    for FileRead { path, documents } in files {
        roles.add(&path, documents.role_definitions, broken);
        assignments.add(&path, documents.role_assignments, broken);
        instances.add(&path, documents.schedule_instances, broken);
        denies.add(&path, documents.deny_assignments, broken);
        access_roles.add(&path, documents.trusted_access_roles, broken);
        bindings.add(&path, documents.trusted_access_role_bindings, broken);
    }
    let mut merged = Merged { warnings: twins, ..Merged::default() };
    roles.join(&built_in.role_definitions, &mut merged.warnings);
    access_roles.join(&built_in.trusted_access_roles, &mut merged.warnings);
    merged.documents = PolicyDocuments {
        role_definitions: roles.finish(&mut merged.origins),
        role_assignments: assignments.finish(&mut merged.origins),
        schedule_instances: instances.finish(&mut merged.origins),
        deny_assignments: denies.finish(&mut merged.origins),
        trusted_access_roles: access_roles.finish(&mut merged.origins),
        trusted_access_role_bindings: bindings.finish(&mut merged.origins),
    };
    merged
}

/// Documents of one kind, every id once, in the order in which they came.
struct Shelf<T> {
    kept: Vec<T>,
    /// Where the documents on the shelf stood, and which of `kept` they are, by folded id.
    places: HashMap<String, (usize, Origin)>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Document> Shelf<T> {
    fn add(&mut self, path: &Path, found: Vec<Located<T>>, broken: &mut Findings) {
        for Located { place, value } in found {
            let origin = Origin { file: path.to_owned(), place: Some(place) };
            let id = value.id();
            let folded = folded_id(&id);
            let known = self.places.get(&folded).filter(|_| value.is_unique());
            let Some((index, first)) = known else {
                self.places.insert(folded, (self.kept.len(), origin));
                self.kept.push(value);
                continue;
            };
            if self.kept.get(*index).is_some_and(|kept| kept.decides() != value.decides()) {
                let noun = T::KIND.noun();
                let message = format!(
                    "{noun} `{id}` is also at {first}, and says something else: remove one"
                );
                broken.push(Finding::at(origin, message));
            }
        }
    }

    /// Adds those of `built_in` that no file replaces.
    fn join(&mut self, built_in: &[T], warnings: &mut Vec<Finding>)
    where
        T: Clone,
    {
        for document in built_in {
            let replacement = self.places.get(&folded_id(&document.id()));
            let Some((index, origin)) = replacement else {
                self.kept.push(document.clone());
                continue;
            };
            if self.kept.get(*index).is_some_and(|kept| kept.decides() != document.decides()) {
                let (noun, name) = (T::KIND.noun(), document.shown());
                let message =
                    format!("this replaces the built-in {noun} `{name}`, and grants otherwise");
                warnings.push(Finding::at(origin.clone(), message));
            }
        }
    }

    fn finish(self, origins: &mut Origins) -> Vec<T> {
        origins.0.extend(self.places.into_iter().map(|(id, (_, origin))| (id, origin)));
        self.kept
    }
}

/// A document that has an id and says something.
trait Document {
    /// Everything that decides, in a form where equal means the same.
    type Decides: PartialEq;
    const KIND: Kind;
    /// What the same id means for this kind; compared without regard to case.
    fn id(&self) -> String;
    /// Whether the id tells it from all others of its kind.
    fn is_unique(&self) -> bool {
        true
    }
    /// What people call it.
    fn shown(&self) -> String {
        self.id()
    }
    fn decides(&self) -> Self::Decides;
}

impl Document for RoleDefinition {
    type Decides = Permissions;
    const KIND: Kind = Kind::RoleDefinition;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn shown(&self) -> String {
        self.name.clone()
    }

    fn decides(&self) -> Permissions {
        permissions(&self.permissions)
    }
}

/// Who has which role where, and on which condition.
type Grant = (ObjectId, RoleDefinitionId, String, Option<ConditionText>);

impl Document for RoleAssignment {
    type Decides = Grant;
    const KIND: Kind = Kind::RoleAssignment;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn decides(&self) -> Grant {
        (self.principal, self.role, folded(self.scope.as_str()), condition(self.condition.as_ref()))
    }
}

impl Document for ScheduleInstance {
    type Decides = (Grant, Vec<Option<String>>, Option<Timestamp>, Option<Timestamp>);
    const KIND: Kind = Kind::ScheduleInstance;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn decides(&self) -> Self::Decides {
        let scope = folded(self.scope.as_str());
        let grant = (self.principal, self.role, scope, condition(self.condition.as_ref()));
        let member_type = match &self.member_type {
            MemberType::Direct => None,
            MemberType::Other(word) => Some(folded(word)),
        };
        let origin = self.origin.as_deref().map(folded);
        let words = vec![member_type, origin, self.status.as_deref().map(folded)];
        (grant, words, self.start, self.end)
    }
}

impl Document for DenyAssignment {
    type Decides = ([BTreeSet<ObjectId>; 2], String, bool, Permissions, Option<ConditionText>);
    const KIND: Kind = Kind::DenyAssignment;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn decides(&self) -> Self::Decides {
        let ids = |ids: &[ObjectId]| ids.iter().copied().collect();
        (
            [ids(&self.principals), ids(&self.exclude_principals)],
            folded(self.scope.as_str()),
            self.do_not_apply_to_child_scopes,
            permissions(&self.permissions),
            condition(self.condition.as_ref()),
        )
    }
}

impl Document for TrustedAccessRole {
    type Decides = BTreeSet<[BTreeSet<String>; 5]>;
    const KIND: Kind = Kind::TrustedAccessRole;

    fn id(&self) -> String {
        self.full_name()
    }

    fn decides(&self) -> Self::Decides {
        let set = |items: &[String]| items.iter().cloned().collect();
        let rule = |rule: &PolicyRule| {
            [
                set(&rule.verbs),
                set(&rule.api_groups),
                set(&rule.resources),
                set(&rule.resource_names),
                set(&rule.non_resource_urls),
            ]
        };
        self.rules.iter().map(rule).collect()
    }
}

/// Source, roles, and whether they are in force.
pub(super) type BindingGrant = (String, BTreeSet<String>, bool);

impl Document for TrustedAccessRoleBinding {
    type Decides = BindingGrant;
    const KIND: Kind = Kind::TrustedAccessRoleBinding;

    fn id(&self) -> String {
        if self.id.is_empty() { self.name.clone() } else { self.id.clone() }
    }

    fn is_unique(&self) -> bool {
        !self.id.is_empty()
    }

    fn decides(&self) -> BindingGrant {
        binding_grant(self)
    }
}

/// What a binding decides, whatever its id and name.
pub(super) fn binding_grant(binding: &TrustedAccessRoleBinding) -> BindingGrant {
    let roles = binding.roles.iter().map(|role| folded(role)).collect();
    (folded(binding.source.as_str()), roles, binding.state.is_in_force())
}

/// A condition's text and version.
type ConditionText = (String, Option<String>);

fn condition(condition: Option<&Condition>) -> Option<ConditionText> {
    condition.map(|condition| (condition.text().to_owned(), condition.version().map(str::to_owned)))
}

/// Permissions as a set: neither their order nor that of their actions decides.
type Permissions = BTreeSet<([BTreeSet<String>; 4], Option<ConditionText>)>;

fn permissions(permissions: &[Permission]) -> Permissions {
    let set = |patterns: &[DataActionPattern]| {
        patterns.iter().map(|pattern| folded(pattern.as_str())).collect()
    };
    let permission = |permission: &Permission| {
        let actions = [
            set(&permission.actions),
            set(&permission.not_actions),
            set(&permission.data_actions),
            set(&permission.not_data_actions),
        ];
        (actions, condition(permission.condition.as_ref()))
    };
    permissions.iter().map(permission).collect()
}

fn folded(text: &str) -> String {
    text.to_ascii_lowercase()
}
