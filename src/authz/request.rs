//! The normalized question: who wants to do what.

use super::principal::Principal;

/// One access request of an Entra principal.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct AccessRequest {
    /// Who asks, groups expanded.
    pub principal: Principal,
    /// What is asked for.
    pub target: Target,
}

/// What a request is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Target {
    /// An API resource.
    Resource(ResourceRequest),
    /// A path of the API server that is no resource.
    NonResource(NonResourceRequest),
}

/// A request on an API resource. Empty text is what a review leaves out; everything compares
/// exactly here, and like Azure once it is inside a scope or an action.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct ResourceRequest {
    /// The Kubernetes verb; `*` asks for every verb.
    pub verb: String,
    /// The API group; empty is the core group, `*` asks for every group.
    pub group: String,
    /// The plural resource type; `*` asks for every resource.
    pub resource: String,
    /// The subresource; empty is the resource itself.
    pub subresource: String,
    /// The object's name; decides in Trusted Access only (semantics §1.5).
    pub name: String,
    /// The namespace; empty is the whole cluster.
    pub namespace: String,
}

impl ResourceRequest {
    /// Says whether a name in it is odd: an empty resource, or a slash in the resource or namespace.
    /// Only what reaches over everything grants it (semantics, the paragraph on words).
    pub fn is_odd(&self) -> bool {
        self.resource.is_empty() || self.resource.contains('/') || self.namespace.contains('/')
    }
}

impl NonResourceRequest {
    /// The path less one slash at each end (semantics §6.1).
    pub fn trimmed_path(&self) -> &str {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.strip_suffix('/').unwrap_or(path)
    }

    /// Says whether the path is odd: empty, or with a segment or escape that another reader of it
    /// could understand otherwise (semantics §6.1).
    pub fn is_odd(&self) -> bool {
        let path = self.trimmed_path();
        path.contains('%') || path.split('/').any(|segment| matches!(segment, "" | "." | ".."))
    }
}

/// A request on a path of the API server.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct NonResourceRequest {
    /// The HTTP method in lower case; `*` asks for every method.
    pub verb: String,
    /// The path as in the URL, without query; `*` in it asks for everything that it matches.
    pub path: String,
}
