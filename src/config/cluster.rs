//! `cluster`: which resource the cluster is, in Azure's eyes.

use serde::Deserialize;

use super::error::Fault;
use crate::authz::cluster::{ClusterScope, ParseClusterError};
use crate::authz::scope::Scope;

/// The `cluster` section as it is written. Checked, it becomes a [`ClusterScope`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClusterFile {
    /// ARM id of the cluster: a managed cluster (also for a self-managed one), a connected cluster
    /// or a fleet. It decides the prefix of all data actions.
    resource_id: Scope,
    /// Management groups above the subscription, nearest first: names or full ids.
    #[serde(default)]
    management_groups: Vec<String>,
    /// ARM id of the fleet that the cluster is a member of.
    fleet_resource_id: Option<Scope>,
}

impl ClusterFile {
    /// Places the cluster in the tree of scopes.
    pub(super) fn check(self) -> Result<ClusterScope, Fault> {
        let Self { resource_id, management_groups, fleet_resource_id } = self;
        ClusterScope::new(resource_id, &management_groups, fleet_resource_id).map_err(|error| {
            let key = match &error {
                ParseClusterError::NotACluster(_) => "cluster.resourceId",
                ParseClusterError::NotAFleet(_) | ParseClusterError::FleetOfFleet(_) => {
                    "cluster.fleetResourceId"
                }
                ParseClusterError::ManagementGroup(_)
                | ParseClusterError::Scope(_)
                | ParseClusterError::TooManyManagementGroups(_) => "cluster.managementGroups",
            };
            Fault::new(key, format!("does not fit: {error}"))
        })
    }
}
