//! The cluster itself: which type it is, where it lies, and what covers it.

use thiserror::Error;

use super::scope::{ParseScopeError, Scope};

/// Where management groups live in the tree of scopes.
const MANAGEMENT_GROUPS: &str = "/providers/Microsoft.Management/managementGroups/";

/// Most ancestors that a cluster can name. Azure nests management groups at most six deep.
const MAX_MANAGEMENT_GROUPS: usize = 16;

/// The kinds of cluster that Azure RBAC for Kubernetes knows. Each has its own data actions.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ClusterType {
    /// AKS, and every self-managed cluster that takes an AKS-shaped id.
    ManagedClusters,
    /// Azure Arc-enabled Kubernetes.
    ConnectedClusters,
    /// The hub of an Azure Kubernetes Fleet Manager.
    Fleets,
}

impl ClusterType {
    const ALL: [Self; 3] = [Self::ManagedClusters, Self::ConnectedClusters, Self::Fleets];

    /// The resource type that begins each of its data actions.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ManagedClusters => "Microsoft.ContainerService/managedClusters",
            Self::ConnectedClusters => "Microsoft.Kubernetes/connectedClusters",
            Self::Fleets => "Microsoft.ContainerService/fleets",
        }
    }

    fn of(id: &Scope) -> Option<Self> {
        let segments: Vec<_> = id.folded().split('/').collect();
        let ["", "subscriptions", _, "resourcegroups", _, "providers", namespace, kind, _] =
            *segments.as_slice()
        else {
            return None;
        };
        let found = format!("{namespace}/{kind}");
        Self::ALL.into_iter().find(|c| c.prefix().eq_ignore_ascii_case(&found))
    }
}

/// Resource type that begins the data actions of a fleet's members (semantics §3.3).
pub const FLEET_MEMBERS: &str = "Microsoft.ContainerService/fleets/members";

/// What is left of an action below a cluster type or [`FLEET_MEMBERS`]; none if it is about something
/// else. Letter case does not matter.
pub fn below_cluster_type(action: &str) -> Option<&str> {
    // The members first: their name begins with that of the fleet.
    let types = ClusterType::ALL.map(ClusterType::prefix);
    [FLEET_MEMBERS].into_iter().chain(types).find_map(|kind| {
        let (start, rest) = action.split_at_checked(kind.len())?;
        rest.strip_prefix('/').filter(|_| start.eq_ignore_ascii_case(kind))
    })
}

/// The cluster that is decided for, with the ancestors that are not visible in its id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClusterScope {
    id: Scope,
    kind: ClusterType,
    management_groups: Vec<Scope>,
    fleet: Option<Scope>,
}

/// Why a cluster cannot be placed in the tree of scopes.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParseClusterError {
    /// A fleet was configured as a member of a fleet.
    #[error("cluster `{0}` is itself a fleet; remove `fleetResourceId`")]
    FleetOfFleet(String),
    /// Not the id of a management group.
    #[error("`{0}` is not a management group; write its name, or `{MANAGEMENT_GROUPS}<name>`")]
    ManagementGroup(String),
    /// Not the id of a fleet.
    #[error(
        "`{0}` is not a fleet; write \
         `/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ContainerService/fleets/<name>`"
    )]
    NotAFleet(String),
    /// Not the id of any of the three types.
    #[error(
        "`{0}` is not a cluster; write \
         `/subscriptions/<id>/resourceGroups/<name>/providers/<type>/<name>` with type \
         `Microsoft.ContainerService/managedClusters`, `Microsoft.Kubernetes/connectedClusters` or \
         `Microsoft.ContainerService/fleets`"
    )]
    NotACluster(String),
    /// No scope at all.
    #[error(transparent)]
    Scope(#[from] ParseScopeError),
    /// More ancestors than Azure can have.
    #[error("{0} management groups are more than the {MAX_MANAGEMENT_GROUPS} that are read")]
    TooManyManagementGroups(usize),
}

impl ClusterScope {
    /// Places a cluster: its id, its management groups (names or full ids, any order), and the
    /// fleet that it is a member of.
    ///
    /// # Errors
    ///
    /// [`ParseClusterError`] when one of them is not what it should be.
    pub fn new(
        id: Scope,
        management_groups: &[String],
        fleet: Option<Scope>,
    ) -> Result<Self, ParseClusterError> {
        let kind = ClusterType::of(&id)
            .ok_or_else(|| ParseClusterError::NotACluster(id.as_str().to_owned()))?;
        if management_groups.len() > MAX_MANAGEMENT_GROUPS {
            return Err(ParseClusterError::TooManyManagementGroups(management_groups.len()));
        }
        let management_groups =
            management_groups.iter().map(|g| management_group(g)).collect::<Result<_, _>>()?;
        if let Some(fleet) = &fleet {
            if ClusterType::of(fleet) != Some(ClusterType::Fleets) {
                return Err(ParseClusterError::NotAFleet(fleet.as_str().to_owned()));
            }
            if kind == ClusterType::Fleets {
                return Err(ParseClusterError::FleetOfFleet(id.as_str().to_owned()));
            }
        }
        Ok(Self { id, kind, management_groups, fleet })
    }

    /// The cluster's resource id.
    pub fn id(&self) -> &Scope {
        &self.id
    }

    /// Which of the three types it is.
    pub fn kind(&self) -> ClusterType {
        self.kind
    }

    /// The fleet that it is a member of.
    pub fn fleet(&self) -> Option<&Scope> {
        self.fleet.as_ref()
    }

    /// Says whether an assignment at `scope` covers a request at `target`, which is the cluster or
    /// lies below it: equal, an ancestor by segments, or one of the management groups
    /// (semantics §3.2).
    pub fn covers(&self, scope: &Scope, target: &Scope) -> bool {
        scope.contains(target)
            || (self.management_groups.contains(scope) && self.id.contains(target))
    }

    /// Says whether anything at `scope` could ever decide here: it covers the cluster or its fleet,
    /// or lies below one of them.
    pub fn concerns(&self, scope: &Scope) -> bool {
        self.management_groups.contains(scope)
            || [Some(&self.id), self.fleet.as_ref()]
                .into_iter()
                .flatten()
                .any(|id| scope.contains(id) || id.contains(scope))
    }
}

fn management_group(text: &str) -> Result<Scope, ParseClusterError> {
    let wrong = || ParseClusterError::ManagementGroup(text.to_owned());
    if text.is_empty() {
        return Err(wrong());
    }
    let scope: Scope = if text.starts_with('/') {
        text.parse()?
    } else {
        format!("{MANAGEMENT_GROUPS}{text}").parse()?
    };
    let folded = MANAGEMENT_GROUPS.to_ascii_lowercase();
    let name = scope.folded().strip_prefix(&folded).ok_or_else(wrong)?;
    if name.contains('/') { Err(wrong()) } else { Ok(scope) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AKS: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

    fn scope(text: &str) -> Scope {
        text.parse().unwrap()
    }

    #[test]
    fn the_type_comes_from_the_id_in_any_case() {
        for kind in ClusterType::ALL {
            let id = format!("/subscriptions/s/resourceGroups/g/providers/{}/c", kind.prefix());
            let upper = id.to_uppercase();
            for id in [id, upper] {
                assert_eq!(ClusterScope::new(scope(&id), &[], None).unwrap().kind(), kind, "{id}");
            }
        }
        for id in ["/", "/subscriptions/s", &format!("{AKS}/namespaces/x")] {
            assert!(ClusterScope::new(scope(id), &[], None).is_err(), "{id}");
        }
    }

    #[test]
    fn an_action_is_told_from_the_cluster_type_that_it_begins_with() {
        #[rustfmt::skip]
        let cases = [
            ("Microsoft.ContainerService/managedClusters/pods/read", Some("pods/read"), "AKS"),
            ("MICROSOFT.KUBERNETES/connectedclusters/Pods/read",     Some("Pods/read"), "Arc, in any case"),
            ("Microsoft.ContainerService/fleets/pods/read",          Some("pods/read"), "a fleet's hub"),
            ("Microsoft.ContainerService/fleets/members/pods/read",  Some("pods/read"), "a fleet's members, before the hub"),
            ("Microsoft.ContainerService/managedClusters/",          Some(""),          "nothing below it"),
            ("Microsoft.ContainerService/managedClusters",           None,              "the type itself"),
            ("Microsoft.ContainerService/managedClustersX/read",     None,              "a longer type"),
            ("Microsoft.Storage/storageAccounts/read",               None,              "something else"),
            ("",                                                     None,              "nothing"),
        ];
        for (action, expected, why) in cases {
            assert_eq!(below_cluster_type(action), expected, "{why}: {action}");
        }
    }

    #[test]
    fn a_management_group_covers_the_cluster_only_when_listed() {
        let groups = ["root".to_owned(), format!("{MANAGEMENT_GROUPS}Prod")];
        let cluster = ClusterScope::new(scope(AKS), &groups, None).unwrap();
        let namespace = cluster.id().child("namespaces", "dev");
        for (group, expected) in [("root", true), ("PROD", true), ("other", false)] {
            let group = scope(&format!("{MANAGEMENT_GROUPS}{group}"));
            assert_eq!(cluster.covers(&group, &namespace), expected, "{group}");
            assert_eq!(cluster.concerns(&group), expected, "{group}");
        }
        for wrong in ["", "/subscriptions/s", "a/b"] {
            assert!(ClusterScope::new(scope(AKS), &[wrong.to_owned()], None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn as_many_management_groups_are_read_as_there_can_be() {
        let groups: Vec<_> = (0..=MAX_MANAGEMENT_GROUPS).map(|n| format!("mg-{n}")).collect();
        assert!(ClusterScope::new(scope(AKS), &groups[1..], None).is_ok());
        let error = ClusterScope::new(scope(AKS), &groups, None).unwrap_err();
        assert_eq!(error, ParseClusterError::TooManyManagementGroups(groups.len()));
    }

    #[test]
    fn a_fleet_is_a_fleet_and_never_its_own_member() {
        let fleet = scope(&AKS.replace("managedClusters", "fleets"));
        let member = ClusterScope::new(scope(AKS), &[], Some(fleet.clone())).unwrap();
        assert_eq!(member.fleet(), Some(&fleet));
        assert_eq!(ClusterScope::new(scope(AKS), &[], None).unwrap().fleet(), None);
        assert!(ClusterScope::new(scope(AKS), &[], Some(scope(AKS))).is_err());
        assert!(ClusterScope::new(fleet.clone(), &[], Some(fleet)).is_err());
    }
}
