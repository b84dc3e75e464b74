//! Policies as text: files of a policy directory, one after the other, each below a line that names it.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kubentra::authz::{
    ClusterScope, DecisionRules, KnownOperations, NonResourceRequest, PolicyDocuments,
    PolicySetting, ResourceRequest, Target,
};
use kubentra::wire::arm::{self, Documents, Kind};
use kubentra::wire::{self, Fault, Format, Located};

/// Begins the line above a file: `=== roleAssignments/a.json`.
const HEADING: &str = "=== ";

/// One file.
pub(super) struct File<'a> {
    /// Its folder.
    pub(super) kind: Kind,
    /// How it is written.
    pub(super) format: Format,
    /// What it holds.
    pub(super) text: &'a str,
}

/// The files in `text`. What stands below a heading that names no policy file is left out.
pub(super) fn files(text: &str) -> Vec<File<'_>> {
    let text = text.strip_prefix(HEADING).unwrap_or_default();
    text.split("\n=== ").filter_map(file).collect()
}

fn file(section: &str) -> Option<File<'_>> {
    let (path, text) = section.split_once('\n')?;
    let (folder, name) = path.split_once('/')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == folder)?;
    let format = match name.rsplit_once('.')?.1 {
        "json" => Format::Json,
        "yaml" => Format::Yaml,
        _ => return None,
    };
    Some(File { kind, format, text })
}

/// Begins the id of a document that has none.
pub(super) const UNNAMED: &str = "unnamed";

/// Reads one file as the policy directory does.
///
/// # Errors
///
/// Its faults.
pub(super) fn read(file: &File<'_>) -> Result<Documents, Vec<Fault>> {
    let node = wire::parse(file.text, file.format).map_err(|fault| vec![fault])?;
    arm::read(file.kind, &node, UNNAMED)
}

/// Adds what one file holds.
pub(super) fn add(documents: &mut PolicyDocuments, file: Documents) {
    fn values<T>(located: Vec<Located<T>>) -> impl Iterator<Item = T> {
        located.into_iter().map(|document| document.value)
    }
    documents.role_definitions.extend(values(file.role_definitions));
    documents.role_assignments.extend(values(file.role_assignments));
    documents.schedule_instances.extend(values(file.schedule_instances));
    documents.deny_assignments.extend(values(file.deny_assignments));
    documents.trusted_access_roles.extend(values(file.trusted_access_roles));
    documents.trusted_access_role_bindings.extend(values(file.trusted_access_role_bindings));
}

/// The cluster of all checks.
pub(super) const CLUSTER: &str =
    "/subscriptions/0a/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c";

/// A cluster with a management group and a fleet, and few operations: an index of all built-in roles
/// for every input would leave no time for inputs.
pub(super) static SETTING: LazyLock<PolicySetting> = LazyLock::new(|| {
    let fleet = CLUSTER.replace("managedClusters", "fleets").parse().expect("a scope");
    let cluster = CLUSTER.parse().expect("a scope");
    let operations = "pods/read\npods/write\npods/exec/action\nsecrets/read\n\
                      apps/deployments/read\napps/deployments/write\ncustomresources/read\n";
    PolicySetting {
        cluster: ClusterScope::new(cluster, &["mg".to_owned()], Some(fleet)).expect("a cluster"),
        operations: Arc::new(KnownOperations::of(operations.lines()).expect("operations")),
        rules: DecisionRules { admin_groups: vec![0xad.into()], ..DecisionRules::default() },
    }
});

/// One request of each kind.
pub(super) static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let resource = |verb: &str, group: &str, resource: &str, namespace: &str| {
        Target::Resource(ResourceRequest {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            ..ResourceRequest::default()
        })
    };
    let path = |verb: &str, path: &str| {
        Target::NonResource(NonResourceRequest { verb: verb.to_owned(), path: path.to_owned() })
    };
    vec![
        resource("get", "", "pods", "dev"),
        resource("list", "", "secrets", ""),
        resource("create", "example.com", "widgets", "dev"),
        Target::Resource(ResourceRequest {
            verb: "get".to_owned(),
            resource: "pods".to_owned(),
            subresource: "log".to_owned(),
            namespace: "dev".to_owned(),
            ..ResourceRequest::default()
        }),
        resource("approve", "certificates.k8s.io", "signers", ""),
        resource("*", "*", "*", ""),
        path("get", "/version"),
        path("post", "/logs/kubelet.log"),
    ]
});

/// The moment of all checks: within the schedules of some seeds, before and after those of others.
pub(super) static NOW: LazyLock<Timestamp> =
    LazyLock::new(|| "2026-03-01T12:00:00Z".parse().expect("a moment"));
