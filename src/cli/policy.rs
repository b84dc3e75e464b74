//! Where a command finds its policy.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::error::CommandError;

/// `--config FILE`, or `--policy DIR --cluster ID`, for every command that reads the policy.
#[derive(Clone, Debug, Args)]
pub struct PolicyArgs {
    /// Configuration file of the server, which names the cluster and the policy directory
    #[arg(long, env = "KUBENTRA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Policy directory, instead of a configuration file
    #[arg(long, value_name = "DIR", requires = "cluster")]
    policy: Option<PathBuf>,
    /// Azure resource id of the cluster that the policy is for
    #[arg(long, value_name = "ID", requires = "policy")]
    cluster: Option<String>,
}

/// What [`PolicyArgs`] name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicySource {
    /// A configuration file.
    Config(PathBuf),
    /// A policy directory, and the cluster's resource id as it was typed; everything else has its
    /// default.
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The cluster's resource id, not yet parsed.
        cluster: String,
    },
}

impl PolicyArgs {
    /// The source to read. `--policy` and `--cluster` win over `KUBENTRA_CONFIG`; together with
    /// `--config` they were refused before.
    ///
    /// # Errors
    ///
    /// [`CommandError::Usage`] if neither is given.
    pub fn source(self) -> Result<PolicySource, CommandError> {
        match self {
            Self { policy: Some(directory), cluster: Some(cluster), .. } => {
                Ok(PolicySource::Directory { directory, cluster })
            }
            Self { config: Some(file), .. } => Ok(PolicySource::Config(file)),
            Self { config: None, .. } => Err(CommandError::Usage(
                "no policy: give `--config FILE` (or KUBENTRA_CONFIG), or `--policy DIR --cluster ID`"
                    .to_owned(),
            )),
        }
    }
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
