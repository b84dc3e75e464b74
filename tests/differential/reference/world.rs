//! The configuration and the policy documents, as JSON (contract, "Configuration file" and "Policy
//! directory").

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use crate::case::Case;

/// Azure's own documents, from the files that the product compiles in; the roles with their GUIDs.
static BUILTIN_ROLES: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    builtin("roles").into_iter().map(|role| (definition_guid(&role), role)).collect()
});
static BUILTIN_TRUSTED_ACCESS: LazyLock<Vec<Value>> = LazyLock::new(|| builtin("trusted-access"));
static OPERATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/data-actions.txt");
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
});

fn builtin(folder: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect()
}

/// First segments of operations that are paths the API server serves (azure.md §2), not resources.
const PATHS: [&str; 13] = [
    "api",
    "apis",
    "healthz",
    "livez",
    "logs",
    "metrics",
    "openapi",
    "readyz",
    "resetMetrics",
    "swagger-api",
    "swagger-ui",
    "ui",
    "version",
];

/// Everything that a decision depends on besides the review and the time.
pub(crate) struct World {
    pub(crate) cluster: String,
    pub(crate) management_groups: Vec<String>,
    pub(crate) fleet: Option<String>,
    /// `policy.subresources` is `strict` (semantics §2.4).
    pub(crate) strict: bool,
    /// `policy.discovery` is `allow` (semantics §6.2).
    pub(crate) discovery: bool,
    /// `policy.ungranted` is `deny` (semantics §8.2).
    pub(crate) deny_ungranted: bool,
    /// `policy.mode` is `authenticationOnly` (semantics §8.3).
    pub(crate) authentication_only: bool,
    pub(crate) admin_groups: Vec<String>,
    pub(crate) exempt_users: Vec<String>,
    pub(crate) object_id_key: String,
    definitions: Vec<Value>,
    pub(crate) assignments: Vec<Value>,
    pub(crate) instances: Vec<Value>,
    pub(crate) denies: Vec<Value>,
    trusted_access_roles: Vec<Value>,
    pub(crate) bindings: Vec<Value>,
}

impl World {
    pub(crate) fn of(case: &Case) -> Self {
        let setting = &case.setting;
        let is = |key: &str, word: &str| text(setting, key) == Some(word);
        Self {
            cluster: text(setting, "cluster").unwrap().to_owned(),
            management_groups: texts(setting, "managementGroups"),
            fleet: text(setting, "fleet").map(str::to_owned),
            strict: is("subresources", "strict"),
            discovery: is("discovery", "allow"),
            deny_ungranted: is("ungranted", "deny"),
            authentication_only: is("mode", "authenticationOnly"),
            admin_groups: texts(setting, "adminGroups"),
            exempt_users: texts(setting, "exemptUsers"),
            object_id_key: text(setting, "objectIdExtraKey").unwrap().to_owned(),
            definitions: case.of("roleDefinitions").to_vec(),
            assignments: case.of("roleAssignments").to_vec(),
            instances: case.of("roleAssignmentScheduleInstances").to_vec(),
            denies: case.of("denyAssignments").to_vec(),
            trusted_access_roles: case.of("trustedAccessRoles").to_vec(),
            bindings: case.of("trustedAccessRoleBindings").to_vec(),
        }
    }

    /// The role definition of a GUID in lower case. A file's stands before the built-in one that it
    /// replaces (contract, "Policy directory").
    pub(crate) fn definition(&self, guid: &str) -> Option<&Value> {
        let own = self.definitions.iter().find(|role| definition_guid(role) == guid);
        own.or_else(|| BUILTIN_ROLES.iter().find(|(id, _)| id == guid).map(|(_, role)| role))
    }

    /// All trusted-access roles, those of files before the built-in ones that they replace.
    pub(crate) fn trusted_access_roles(&self) -> impl Iterator<Item = &Value> {
        self.trusted_access_roles.iter().chain(BUILTIN_TRUSTED_ACCESS.iter())
    }

    /// The resource type of the cluster id, which begins each action (semantics "Words").
    pub(crate) fn cluster_type(&self) -> &'static str {
        let id = self.cluster.to_ascii_lowercase();
        if id.contains("/microsoft.containerservice/managedclusters/") {
            "Microsoft.ContainerService/managedClusters"
        } else if id.contains("/microsoft.kubernetes/connectedclusters/") {
            "Microsoft.Kubernetes/connectedClusters"
        } else {
            "Microsoft.ContainerService/fleets"
        }
    }

    /// Says whether (group, resource) is among the known data operations, exactly (semantics §2.5).
    /// The same table serves every cluster type.
    pub(crate) fn knows(&self, group: &str, resource: &str) -> bool {
        let start =
            if group.is_empty() { format!("{resource}/") } else { format!("{group}/{resource}/") };
        let path = PATHS.contains(&start.split('/').next().unwrap_or_default());
        !path
            && OPERATIONS.iter().any(|operation| {
                operation.strip_prefix(&start).is_some_and(|suffix| {
                    matches!(suffix, "read" | "write" | "delete")
                        || suffix.strip_suffix("/action").is_some_and(|verb| !verb.contains('/'))
                })
            })
    }

    /// Says whether any operation of an API group is known (semantics §2.6).
    pub(crate) fn knows_group(&self, group: &str) -> bool {
        OPERATIONS.iter().any(|operation| {
            let parts: Vec<_> = operation.split('/').collect();
            // `<group>/<resource>/<suffix>`: a core resource has no group before it.
            parts.len() > 2 && parts.first() == Some(&group) && self.knows(group, parts[1])
        })
    }
}

/// A member of a document: below `properties`, as ARM has it, or beside `id`, as `az` prints it.
pub(crate) fn member<'a>(document: &'a Value, name: &str) -> &'a Value {
    let inner = &document["properties"][name];
    if inner.is_null() { &document[name] } else { inner }
}

/// A member that is a text.
pub(crate) fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    member(document, name).as_str()
}

/// A member that is a list of texts; none if it is missing.
pub(crate) fn texts(document: &Value, name: &str) -> Vec<String> {
    let list = member(document, name).as_array();
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The GUID of a definition: its name, or the end of its id.
fn definition_guid(definition: &Value) -> String {
    last_segment(text(definition, "name").or_else(|| text(definition, "id")).unwrap())
}

/// What follows the last slash, in lower case: the GUID of a definition (semantics §4.7).
pub(crate) fn last_segment(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}
