//! Where a command finds its policy.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::error::CommandError;
use super::output;
use crate::authz::{
    AccessRequest, ClusterScope, Decision, DecisionRules, NoOpinionReason, PolicySetting,
    PolicySnapshot, Scope, evaluate,
};
use crate::builtin;
use crate::clock::Now;
use crate::config::Config;
use crate::config::policy::SourceKind;
use crate::policy_dir::{self, operations};
use crate::review::access::CallerRules;
use crate::service::authorizer::{AuthorizerSettings, PolicyMode};

/// The extra key that holds the object id, where no configuration names another.
const DEFAULT_OBJECT_ID_EXTRA_KEY: &str = "oid";

/// `--config FILE`, or `--policy DIR --cluster ID [--operations FILE]`, for every command that reads the policy.
#[derive(Clone, Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Configuration file of the server, which names the cluster and the policy directory
    #[arg(long, env = "KUBENTRA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Policy directory, instead of a configuration file
    #[arg(long, value_name = "DIR", requires = "cluster")]
    policy: Option<PathBuf>,
    /// Azure resource id of the cluster that the policy is for
    #[arg(long, value_name = "ID", requires = "policy")]
    cluster: Option<String>,
    /// List of known data operations, in place of the built-in one
    #[arg(long, value_name = "FILE", requires = "policy")]
    operations: Option<PathBuf>,
}

/// What [`PolicyArgs`] name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PolicySource {
    /// A configuration file.
    Config(PathBuf),
    /// A policy directory, and the cluster's resource id as it was typed; everything else has its
    /// default.
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The cluster's resource id, not yet parsed.
        cluster: String,
        /// A list of known data operations, if it is not the built-in one.
        operations: Option<PathBuf>,
    },
}

impl PolicyArgs {
    /// The source to read. `--policy` and `--cluster` win over `KUBENTRA_CONFIG`; together with
    /// `--config` they were refused before.
    ///
    /// # Errors
    ///
    /// [`CommandError::Usage`] if neither is given.
    pub(crate) fn source(self) -> Result<PolicySource, CommandError> {
        match self {
            Self { policy: Some(directory), cluster: Some(cluster), operations, .. } => {
                Ok(PolicySource::Directory { directory, cluster, operations })
            }
            Self { config: Some(file), .. } => Ok(PolicySource::Config(file)),
            Self { config: None, .. } => Err(CommandError::Usage(
                "no policy: give `--config FILE` (or KUBENTRA_CONFIG), or `--policy DIR --cluster ID`"
                    .to_owned(),
            )),
        }
    }
}

/// A policy that was read, with the settings that decide beside it.
#[derive(Debug)]
pub(crate) struct LoadedPolicy {
    /// The policy.
    pub(crate) snapshot: PolicySnapshot,
    /// Whether access is decided at all.
    pub(crate) mode: PolicyMode,
    /// How callers are told apart.
    pub(crate) callers: CallerRules,
}

impl PolicyArgs {
    /// Reads the policy. Of a configuration file, what only the server needs may be missing.
    ///
    /// # Errors
    ///
    /// [`CommandError::Usage`] if no policy is named, or `--cluster` is no cluster;
    /// [`CommandError::Unreadable`] if configuration or policy cannot be read.
    pub(crate) fn load(self) -> Result<LoadedPolicy, CommandError> {
        match self.source()? {
            PolicySource::Config(file) => {
                let config = Config::load(&file).map_err(CommandError::unreadable)?;
                from_config(&config)
            }
            PolicySource::Directory { directory, cluster, operations } => {
                let cluster = cluster_of(&cluster)?;
                let callers = CallerRules {
                    object_id_extra_key: DEFAULT_OBJECT_ID_EXTRA_KEY.to_owned(),
                    ..CallerRules::default()
                };
                let operations = operations::read_or_built_in(operations.as_deref())
                    .map_err(CommandError::unreadable)?;
                let setting =
                    PolicySetting { cluster, operations, rules: DecisionRules::default() };
                let snapshot = read(Some(&directory), &setting)?;
                Ok(LoadedPolicy { snapshot, mode: PolicyMode::default(), callers })
            }
        }
    }
}

impl LoadedPolicy {
    /// Decides as the server would.
    pub(crate) fn decide(&self, request: &AccessRequest, now: Now) -> Decision {
        match self.mode {
            PolicyMode::AzureRbac => evaluate(&self.snapshot, request, now.timestamp()),
            PolicyMode::AuthenticationOnly => {
                Decision::NoOpinion(NoOpinionReason::AuthenticationOnly)
            }
        }
    }

    /// Remarks that the server decides nothing, where a list would look as if it did.
    pub(crate) fn note_if_not_deciding(&self) {
        if self.mode == PolicyMode::AuthenticationOnly {
            output::note(
                "`policy.mode` is `authenticationOnly`: Kubernetes RBAC decides, not this policy",
            );
        }
    }
}

/// The policy that a configuration file names.
fn from_config(config: &Config) -> Result<LoadedPolicy, CommandError> {
    if config.policy.source == SourceKind::Azure {
        return Err(CommandError::unreadable(
            "`policy.source: azure` is not there yet; write `files` and `policy.directory`",
        ));
    }
    let setting = config.policy_setting().map_err(CommandError::unreadable)?;
    let snapshot = read(config.policy.directory.as_deref(), &setting)?;
    let AuthorizerSettings { callers, mode, .. } = config.authorizer_settings();
    Ok(LoadedPolicy { snapshot, mode, callers })
}

/// Without a directory, which authentication-only configurations need not have, there is what is
/// built in.
fn read(directory: Option<&Path>, setting: &PolicySetting) -> Result<PolicySnapshot, CommandError> {
    let documents = match directory {
        Some(directory) => policy_dir::read(directory).map_err(CommandError::unreadable)?.documents,
        None => builtin::documents().map_err(CommandError::unreadable)?.clone(),
    };
    Ok(PolicySnapshot::new(setting, documents))
}

/// The cluster behind `--cluster`, of which no more is known.
pub(super) fn cluster_of(text: &str) -> Result<ClusterScope, CommandError> {
    parse_cluster(text).map_err(|error| CommandError::Usage(format!("`--cluster`: {error}")))
}

/// Reads a cluster's resource id as it is typed.
pub(super) fn parse_cluster(text: &str) -> Result<ClusterScope, String> {
    let id: Scope = text.parse().map_err(|error| format!("{error}"))?;
    ClusterScope::new(id, &[], None).map_err(|error| error.to_string())
}

/// Refuses `--config` beside `--policy` on the command line. (clap's `conflicts_with` would also
/// refuse `KUBENTRA_CONFIG` beside `--policy`, where the flag just wins.)
pub(super) fn refuse_two_sources(matches: &ArgMatches) -> Result<(), clap::Error> {
    let typed = |id| {
        matches.try_contains_id(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    if typed("config") && typed("policy") {
        let message = "`--config` and `--policy` cannot be used together: give one of them\n";
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, message));
    }
    Ok(())
}
