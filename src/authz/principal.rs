//! Who asks: Entra object ids, tenants, and the caller of one request.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

use super::scope::Scope;
use super::words::one_line;

/// Resource type of a user-assigned identity. Trusted Access never trusts one (semantics §7.1).
const USER_ASSIGNED: &str = "/providers/microsoft.managedidentity/userassignedidentities/";

/// Length of a GUID in its 8-4-4-4-12 form.
const GUID_LENGTH: usize = 36;

/// Why a string is not a GUID.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{shown}` is not a GUID; write it as 8-4-4-4-12 hexadecimal digits")]
pub struct ParseGuidError {
    shown: String,
}

/// Reads the 8-4-4-4-12 form only: no braces, no `urn:`, no form without dashes (semantics §1.2).
fn parse_guid(text: &str) -> Result<Uuid, ParseGuidError> {
    if text.len() == GUID_LENGTH
        && let Ok(guid) = Uuid::try_parse(text)
    {
        return Ok(guid);
    }
    let start: String = text.chars().take(2 * GUID_LENGTH).collect();
    Err(ParseGuidError { shown: one_line(&start) })
}

macro_rules! guid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[serde(try_from = "String")]
        pub struct $name(Uuid);

        impl FromStr for $name {
            type Err = ParseGuidError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_guid(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseGuidError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl From<u128> for $name {
            fn from(number: u128) -> Self {
                Self(Uuid::from_u128(number))
            }
        }
    };
}

guid_newtype! {
    /// The object id of a user, group, service principal or managed identity.
    ///
    /// Parsed from the 8-4-4-4-12 form only, in any case; shown in lower case.
    ObjectId
}

guid_newtype! {
    /// The id of an Entra tenant, parsed and shown like an [`ObjectId`].
    TenantId
}

guid_newtype! {
    /// The GUID of a role definition, wherever it is defined (semantics §4.7).
    RoleDefinitionId
}

impl ObjectId {
    /// All zeros: everyone, in deny assignments only. It is no caller and no assignee.
    pub const EVERYONE: Self = Self(Uuid::nil());

    /// Says whether this is [`Self::EVERYONE`].
    pub fn is_everyone(self) -> bool {
        self == Self::EVERYONE
    }
}

impl RoleDefinitionId {
    /// Finds a definition's GUID at the end of `reference`, whatever stands before it: a bare GUID,
    /// or any id that ends in `/<guid>` (semantics §4.7). One trailing slash is ignored.
    ///
    /// # Errors
    ///
    /// [`ParseGuidError`] when the last segment is not a GUID.
    pub fn at_end_of(reference: &str) -> Result<Self, ParseGuidError> {
        let reference = reference.strip_suffix('/').unwrap_or(reference);
        reference.rsplit('/').next().unwrap_or(reference).parse()
    }
}

/// The caller of one request: an Entra identity with its groups, already expanded.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Principal {
    id: ObjectId,
    groups: Vec<ObjectId>,
    managed_identity: Option<Scope>,
}

impl Principal {
    /// Makes a caller. Groups are sorted and made unique, so that their order never shows
    /// (semantics §9); the all-zero id is no group.
    ///
    /// Returns `None` for the all-zero object id, which is no caller.
    pub fn new(
        id: ObjectId,
        groups: impl IntoIterator<Item = ObjectId>,
        managed_identity: Option<Scope>,
    ) -> Option<Self> {
        if id.is_everyone() {
            return None;
        }
        let mut groups: Vec<_> = groups.into_iter().filter(|g| !g.is_everyone()).collect();
        groups.sort_unstable();
        groups.dedup();
        Some(Self { id, groups, managed_identity })
    }

    /// The caller's own object id.
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// The caller's groups, sorted, each once, never the all-zero id.
    pub fn groups(&self) -> &[ObjectId] {
        &self.groups
    }

    /// The ARM id of the managed identity that the caller is, as its token said.
    pub fn managed_identity(&self) -> Option<&Scope> {
        self.managed_identity.as_ref()
    }

    /// The principal ids: the caller's own id first, then its groups in ascending order.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        std::iter::once(self.id).chain(self.groups.iter().copied())
    }
}

/// Says whether Trusted Access may look at this managed identity at all: a user-assigned identity
/// stands for itself and not for the resource that uses it (semantics §7.1).
pub fn stands_for_a_resource(managed_identity: &Scope) -> bool {
    !managed_identity.folded().contains(USER_ASSIGNED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_id_is_a_guid_in_its_dashed_form_only() {
        #[rustfmt::skip]
        let cases = [
            ("72f988bf-86f1-41af-91ab-2d7cd011db47",   true,  "the form of Entra"),
            ("72F988BF-86F1-41AF-91AB-2D7CD011DB47",   true,  "case is ignored"),
            ("72f988bf86f141af91ab2d7cd011db47",       false, "no dashes"),
            ("{72f988bf-86f1-41af-91ab-2d7cd011db47}", false, "braces"),
            ("urn:uuid:72f988bf-86f1-41af-91ab-2d7cd011db47", false, "a URN"),
            ("72f988bf-86f1-41af-91ab-2d7cd011db4g",   false, "g is no hexadecimal digit"),
            (" 72f988bf-86f1-41af-91ab-2d7cd011db47",  false, "space before it"),
            ("oid-1",                                  false, "a name"),
            ("",                                       false, "nothing"),
        ];
        for (text, expected, why) in cases {
            assert_eq!(text.parse::<ObjectId>().is_ok(), expected, "{why}: `{text}`");
        }
        let message = "x".repeat(999).parse::<ObjectId>().unwrap_err().to_string();
        assert_eq!(message.matches('x').count() - "hexadecimal".matches('x').count(), 72);
    }

    #[test]
    fn a_caller_is_never_everyone_and_its_groups_have_no_order() {
        let [a, b] = [ObjectId::from(1), ObjectId::from(2)];
        assert_eq!(Principal::new(ObjectId::EVERYONE, [a], None), None);
        let one = Principal::new(a, [b, ObjectId::EVERYONE, b, a], None).unwrap();
        let other = Principal::new(a, [a, b], None).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.groups(), [a, b]);
    }

    #[test]
    fn a_definition_is_found_by_the_guid_at_the_end() {
        let guid = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
        for reference in [
            guid.to_owned(),
            format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"),
            format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{guid}/"),
        ] {
            assert_eq!(RoleDefinitionId::at_end_of(&reference).unwrap(), guid.parse().unwrap());
        }
        assert!(RoleDefinitionId::at_end_of("/providers/x/Reader").is_err());
    }
}
