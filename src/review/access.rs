//! `SubjectAccessReview`: what was asked, by whom, and the answer in the version asked.
//!
//! The members are read by types of our own: `v1` and `v1beta1` differ in the name of one member, a
//! `null` list is an empty one as in Go, and unknown members are ignored (semantics §1.5, §1.6).

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::object::Object;
use super::{ApiVersion, InvalidReview};
use crate::authz::{
    AccessRequest, Decision, NonResourceRequest, ObjectId, Principal, ResourceRequest, Scope,
    Target,
};

const GROUP: &str = "authorization.k8s.io";
const KIND: &str = "SubjectAccessReview";

/// Users of Kubernetes itself. Exact case: `System:x` is another name (semantics §1.1).
const SYSTEM_PREFIX: &str = "system:";

/// The extra key that holds a managed identity's resource id (semantics §1.4).
pub const MANAGED_IDENTITY_KEY: &str = "kubentra.io/mirid";

/// Longest verb, group, resource, subresource or namespace, in bytes. Kubernetes' own names stay below
/// 254; an object's `name` is only ever compared whole, and has no limit of its own.
pub const MAX_NAME_LENGTH: usize = 1024;

/// Longest path of a request that is no resource, in bytes.
pub const MAX_PATH_LENGTH: usize = 8192;

/// A posted review, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessReview {
    version: ApiVersion,
    user: String,
    groups: Vec<String>,
    extra: HashMap<String, Option<Vec<String>>>,
    target: Target,
}

/// How callers are told apart.
#[derive(Clone, Debug, Default)]
pub struct CallerRules {
    /// The extra key that holds the object id: `entra.objectIdExtraKey`.
    pub object_id_extra_key: String,
    /// Users left to Kubernetes RBAC: `policy.exemptUsers`. Exact.
    pub exempt_users: HashSet<String>,
}

/// Who asks (semantics §1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Caller {
    /// An Entra identity.
    Entra(Principal),
    /// A user of Kubernetes itself.
    System,
    /// A user that the configuration leaves to Kubernetes.
    Exempt,
    /// Anyone else.
    NotEntra,
}

impl AccessReview {
    /// Reads a posted body.
    ///
    /// # Errors
    ///
    /// [`InvalidReview`], answered with HTTP 400: not JSON, another kind or version, a member of the
    /// wrong type, not exactly one of `resourceAttributes` and `nonResourceAttributes`, or a name
    /// longer than any that Kubernetes has.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidReview> {
        let (version, spec) = match super::version_of(body, GROUP, KIND)? {
            ApiVersion::V1 => (ApiVersion::V1, read::<PostedV1>(body)?.spec.0.into()),
            ApiVersion::V1Beta1 => {
                (ApiVersion::V1Beta1, read::<PostedV1Beta1>(body)?.spec.0.into())
            }
        };
        let Spec { user, groups, extra, resource, non_resource } = spec;
        let target = match (resource, non_resource) {
            (Some(resource), None) => Target::Resource(resource.into()),
            (None, Some(path)) => Target::NonResource(path.into()),
            (None, None) => {
                return Err(InvalidReview::Rule(
                    "the review has neither `resourceAttributes` nor `nonResourceAttributes`; give one",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(InvalidReview::Rule(
                    "the review has both `resourceAttributes` and `nonResourceAttributes`; give one",
                ));
            }
        };
        check_lengths(&target)?;
        Ok(Self {
            version,
            user: user.unwrap_or_default(),
            groups: groups.unwrap_or_default(),
            extra: extra.unwrap_or_default(),
            target,
        })
    }

    /// Says who asks, by semantics §1.1 to §1.4 in that order.
    pub fn caller(&self, rules: &CallerRules) -> Caller {
        if self.user.starts_with(SYSTEM_PREFIX) {
            return Caller::System;
        }
        if rules.exempt_users.contains(&self.user) {
            return Caller::Exempt;
        }
        let groups = self.groups.iter().filter_map(|g| g.parse::<ObjectId>().ok());
        // What is no resource id names no identity, and so grants nothing.
        let managed_identity =
            self.only_value(MANAGED_IDENTITY_KEY).and_then(|id| id.parse::<Scope>().ok());
        self.only_value(&rules.object_id_extra_key)
            .and_then(|id| id.parse().ok())
            .and_then(|id| Principal::new(id, groups, managed_identity))
            .map_or(Caller::NotEntra, Caller::Entra)
    }

    /// What is asked for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The request of an Entra principal.
    pub fn request(&self, principal: Principal) -> AccessRequest {
        AccessRequest { principal, target: self.target.clone() }
    }

    /// The answer as JSON, in the version that was asked in.
    ///
    /// No opinion is `allowed` and `denied` both false: the API server then asks its next authorizer.
    pub fn answer(&self, decision: &Decision) -> Vec<u8> {
        let (allowed, denied) = match decision {
            Decision::Allow(_) => (true, false),
            Decision::Deny(_) => (false, true),
            Decision::NoOpinion(_) => (false, false),
        };
        let status = Status { allowed, denied, reason: decision.to_string() };
        super::answer(self.version, GROUP, KIND, &status)
    }

    fn only_value(&self, key: &str) -> Option<&str> {
        match self.extra.get(key)?.as_deref()? {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// Refuses names that Kubernetes cannot have: their length costs time at every pattern.
fn check_lengths(target: &Target) -> Result<(), InvalidReview> {
    let fits = match target {
        Target::Resource(r) => [&r.verb, &r.group, &r.resource, &r.subresource, &r.namespace]
            .into_iter()
            .all(|name| name.len() <= MAX_NAME_LENGTH),
        Target::NonResource(r) => {
            r.verb.len() <= MAX_NAME_LENGTH && r.path.len() <= MAX_PATH_LENGTH
        }
    };
    if fits {
        Ok(())
    } else {
        Err(InvalidReview::Rule(
            "a verb, group, resource, subresource or namespace of the review is longer than 1024 bytes, or its path than 8192",
        ))
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, InvalidReview> {
    let Object(posted) = serde_json::from_slice(body)?;
    Ok(posted)
}

/// The members that decide. `version`, selectors and `uid` never do (semantics §1.5).
struct Spec {
    user: Option<String>,
    groups: Option<Vec<String>>,
    extra: Option<HashMap<String, Option<Vec<String>>>>,
    resource: Option<ResourceAttributes>,
    non_resource: Option<NonResourceAttributes>,
}

macro_rules! posted {
    ($posted:ident, $spec:ident, $groups:literal) => {
        #[derive(Deserialize)]
        struct $posted {
            spec: Object<$spec>,
        }

        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct $spec {
            user: Option<String>,
            #[serde(rename = $groups)]
            groups: Option<Vec<String>>,
            extra: Option<HashMap<String, Option<Vec<String>>>>,
            resource_attributes: Option<Object<ResourceAttributes>>,
            non_resource_attributes: Option<Object<NonResourceAttributes>>,
        }

        impl From<$spec> for Spec {
            fn from(spec: $spec) -> Self {
                Self {
                    user: spec.user,
                    groups: spec.groups,
                    extra: spec.extra,
                    resource: spec.resource_attributes.map(|a| a.0),
                    non_resource: spec.non_resource_attributes.map(|a| a.0),
                }
            }
        }
    };
}

posted!(PostedV1, SpecV1, "groups");
posted!(PostedV1Beta1, SpecV1Beta1, "group");

#[derive(Deserialize)]
struct ResourceAttributes {
    namespace: Option<String>,
    verb: Option<String>,
    group: Option<String>,
    resource: Option<String>,
    subresource: Option<String>,
    name: Option<String>,
}

impl From<ResourceAttributes> for ResourceRequest {
    fn from(attributes: ResourceAttributes) -> Self {
        Self {
            verb: attributes.verb.unwrap_or_default(),
            group: attributes.group.unwrap_or_default(),
            resource: attributes.resource.unwrap_or_default(),
            subresource: attributes.subresource.unwrap_or_default(),
            name: attributes.name.unwrap_or_default(),
            namespace: attributes.namespace.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
struct NonResourceAttributes {
    path: Option<String>,
    verb: Option<String>,
}

impl From<NonResourceAttributes> for NonResourceRequest {
    fn from(attributes: NonResourceAttributes) -> Self {
        Self {
            verb: attributes.verb.unwrap_or_default(),
            path: attributes.path.unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
struct Status {
    allowed: bool,
    denied: bool,
    reason: String,
}

#[cfg(test)]
mod tests;
