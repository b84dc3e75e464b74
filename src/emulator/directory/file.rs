//! The file `directory.yaml` as it is written, and its way into a checked [`Directory`].

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, de};
use uuid::Uuid;

use super::{
    Directory, Identity, IdentityKind, MAX_DIRECTORY_OBJECTS, ParseDirectoryError, Secret,
};

/// A GUID in 8-4-4-4-12 form only; `Uuid` itself reads others too.
#[derive(Clone, Copy, Debug)]
struct Guid(Uuid);

/// Characters of a GUID with its dashes.
const GUID_LENGTH: usize = 36;

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = text.parse().ok().filter(|_| text.len() == GUID_LENGTH);
        id.map(Self).ok_or_else(|| {
            let wanted = "an id must be a GUID such as 00000000-0000-4000-8000-000000000001";
            de::Error::custom(format!("`{text}` is not an id: {wanted}"))
        })
    }
}

/// A tenant: its id, or an object with its id like everything else in the file.
#[derive(Debug)]
struct Tenant(Guid);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    id: Guid,
    /// For people who read the file.
    #[serde(rename = "name")]
    _name: Option<String>,
}

impl<'de> Deserialize<'de> for Tenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TenantVisitor;

        impl<'de> de::Visitor<'de> for TenantVisitor {
            type Value = Tenant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tenant id, or `id: <tenant id>`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Tenant, E> {
                Guid::deserialize(de::value::StrDeserializer::new(text)).map(Tenant)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Tenant, A::Error> {
                let entry = TenantEntry::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Tenant(entry.id))
            }
        }

        deserializer.deserialize_any(TenantVisitor)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct File {
    tenants: Vec<Tenant>,
    #[serde(default)]
    users: Vec<UserEntry>,
    #[serde(default)]
    groups: Vec<GroupEntry>,
    #[serde(default)]
    service_principals: Vec<ServicePrincipalEntry>,
    #[serde(default)]
    managed_identities: Vec<ManagedIdentityEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UserEntry {
    id: Guid,
    tenant: Guid,
    upn: String,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupEntry {
    id: Guid,
    #[serde(default)]
    members: Vec<Guid>,
    /// For people who read the file.
    #[serde(rename = "name")]
    _name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ServicePrincipalEntry {
    id: Guid,
    app_id: Guid,
    secret: Option<Secret>,
    tenant: Option<Guid>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ManagedIdentityEntry {
    id: Guid,
    app_id: Guid,
    resource_id: String,
    tenant: Option<Guid>,
    name: Option<String>,
}

impl TryFrom<File> for Directory {
    type Error = ParseDirectoryError;

    fn try_from(file: File) -> Result<Self, Self::Error> {
        let programs = file.service_principals.len() + file.managed_identities.len();
        if file.users.len() + file.groups.len() + programs > MAX_DIRECTORY_OBJECTS {
            return Err(ParseDirectoryError::TooManyObjects);
        }
        let tenants: Vec<Uuid> = file.tenants.iter().map(|tenant| tenant.0.0).collect();
        let &first = tenants.first().ok_or(ParseDirectoryError::NoTenant)?;
        let mut directory = Self { tenants, ..Self::default() };
        for UserEntry { id, tenant, upn, name } in file.users {
            let names = [upn.clone(), name.clone().unwrap_or_default()];
            let kind = IdentityKind::User { upn };
            let user = Identity { id: id.0, tenant: tenant.0, name, kind };
            directory.add(user, &names.each_ref().map(String::as_str))?;
        }
        for program in file.service_principals {
            let ServicePrincipalEntry { id, app_id, secret, tenant, name } = program;
            let names = [app_id.0.to_string(), name.clone().unwrap_or_default()];
            let kind = IdentityKind::ServicePrincipal { app_id: app_id.0, secret };
            let tenant = tenant.map_or(first, |tenant| tenant.0);
            let program = Identity { id: id.0, tenant, name, kind };
            directory.add(program, &names.each_ref().map(String::as_str))?;
        }
        for program in file.managed_identities {
            let ManagedIdentityEntry { id, app_id, resource_id, tenant, name } = program;
            let names = [app_id.0.to_string(), name.clone().unwrap_or_default()];
            let kind = IdentityKind::ManagedIdentity { app_id: app_id.0, resource_id };
            let tenant = tenant.map_or(first, |tenant| tenant.0);
            let program = Identity { id: id.0, tenant, name, kind };
            directory.add(program, &names.each_ref().map(String::as_str))?;
        }
        directory.by_name.remove("");
        directory.add_groups(&file.groups)?;
        Ok(directory)
    }
}

impl Directory {
    fn add_groups(&mut self, groups: &[GroupEntry]) -> Result<(), ParseDirectoryError> {
        let mut ids = BTreeSet::new();
        for group in groups {
            if !ids.insert(group.id.0) || self.by_id.contains_key(&group.id.0) {
                return Err(ParseDirectoryError::Duplicate(group.id.0));
            }
        }
        for group in groups {
            for member in &group.members {
                if !ids.contains(&member.0) && !self.by_id.contains_key(&member.0) {
                    return Err(ParseDirectoryError::UnknownMember(member.0, group.id.0));
                }
                self.groups_of.entry(member.0).or_default().push(group.id.0);
            }
        }
        Ok(())
    }
}
