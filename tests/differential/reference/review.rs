//! Reading a `SubjectAccessReview` (semantics §1).

use serde_json::{Map, Value};

use super::scope::segments;
use super::world::World;

/// A review that is well formed.
pub(crate) struct Review {
    user: String,
    groups: Vec<String>,
    extra: Map<String, Value>,
    pub(crate) target: Target,
}

/// What is asked for: exactly one kind of attributes (semantics §1.5).
pub(crate) enum Target {
    Resource(Resource),
    Path(Path),
}

/// The resource attributes that decide; an absent one is empty.
pub(crate) struct Resource {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// The non-resource attributes.
pub(crate) struct Path {
    pub(crate) verb: String,
    pub(crate) path: String,
}

/// An Entra principal; all ids in lower case.
pub(crate) struct Principal {
    pub(crate) id: String,
    pub(crate) groups: Vec<String>,
    pub(crate) managed_identity: Option<String>,
}

/// Who asks, when it is no Entra principal: the word of the conformance cases.
pub(crate) type Nobody = &'static str;

impl Review {
    /// Reads a posted body; none is HTTP 400 (semantics §1.5, §1.6).
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let object: Value = serde_json::from_slice(body).ok()?;
        let groups = match object["apiVersion"].as_str()? {
            "authorization.k8s.io/v1" => "groups",
            "authorization.k8s.io/v1beta1" => "group",
            _ => return None,
        };
        if object["kind"] != "SubjectAccessReview" {
            return None;
        }
        let spec = object["spec"].as_object()?;
        let absent = Value::Null;
        let field = |name: &str| spec.get(name).unwrap_or(&absent);
        let target = match (field("resourceAttributes"), field("nonResourceAttributes")) {
            (Value::Object(attributes), Value::Null) => Target::Resource(Resource {
                verb: string(attributes.get("verb"))?,
                group: string(attributes.get("group"))?,
                resource: string(attributes.get("resource"))?,
                subresource: string(attributes.get("subresource"))?,
                namespace: string(attributes.get("namespace"))?,
                name: string(attributes.get("name"))?,
            }),
            (Value::Null, Value::Object(attributes)) => Target::Path(Path {
                verb: string(attributes.get("verb"))?,
                path: string(attributes.get("path"))?,
            }),
            _ => return None,
        };
        let extra = field("extra");
        let extra = if extra.is_null() { Map::new() } else { extra.as_object()?.clone() };
        for values in extra.values() {
            strings(values)?;
        }
        Some(Self {
            user: string(spec.get("user"))?,
            groups: strings(field(groups))?,
            extra,
            target,
        })
    }

    /// Who asks (semantics §1.1 to §1.4).
    pub(crate) fn principal(&self, world: &World) -> Result<Principal, Nobody> {
        if self.user.starts_with("system:") {
            return Err("system");
        }
        if world.exempt_users.contains(&self.user) {
            return Err("exempt");
        }
        let id = self.only(&world.object_id_key).filter(|id| is_object_id(id)).ok_or("notEntra")?;
        let groups = self.groups.iter().filter(|group| is_object_id(group));
        Ok(Principal {
            id: id.to_ascii_lowercase(),
            groups: groups.map(|group| group.to_ascii_lowercase()).collect(),
            managed_identity: self.only("kubentra.io/mirid").filter(|id| is_resource(id)),
        })
    }

    /// The value of an extra key that has exactly one.
    fn only(&self, key: &str) -> Option<String> {
        match strings(self.extra.get(key)?)?.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }
}

/// An absent or null member is empty; one of another type makes the review malformed.
fn string(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => Some(String::new()),
        Some(value) => value.as_str().map(str::to_owned),
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    if value.is_null() {
        return Some(Vec::new());
    }
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Says whether a text is a GUID in 8-4-4-4-12 form (semantics §1.2).
pub(crate) fn is_guid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.concat().chars().all(|c| c.is_ascii_hexdigit())
}

/// Says whether a text is an object id: all zeros is no caller and no group ("Words").
pub(crate) fn is_object_id(text: &str) -> bool {
    is_guid(text) && text.chars().any(|c| c != '0' && c != '-')
}

/// Says whether a text is the id of an ARM resource (semantics §1.4).
fn is_resource(id: &str) -> bool {
    id.starts_with('/') && resource_type(id).is_some()
}

/// The type of the resource that an id names, in lower case: the provider's namespace and each other
/// segment after it.
pub(crate) fn resource_type(id: &str) -> Option<String> {
    let segments = segments(id);
    let provider = segments.iter().rposition(|segment| segment == "providers")?;
    let after = segments.get(provider + 1..)?;
    let (namespace, pairs) = after.split_first()?;
    let kinds: Vec<_> = pairs.iter().step_by(2).cloned().collect();
    let complete = !pairs.is_empty() && pairs.len() % 2 == 0;
    complete.then(|| format!("{namespace}/{}", kinds.join("/")))
}
