//! `kubentra can-i`: may this caller do that?

use std::process::ExitCode;

use clap::Args;

use super::answer;
use super::caller::CallerArgs;
use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy::PolicyArgs;
use crate::authz::{AccessRequest, Target};
use crate::clock::Now;
use crate::question::can_i;
use crate::question::report::DecisionReport;

/// Shown below `kubentra can-i --help`.
const EXIT_STATUS: &str = "\
Exit status: 0 yes, 1 no, 2 no opinion (the API server would ask its next authorizer), 3 wrong \
usage, 4 configuration or policy cannot be read.";

/// What is asked, for every command that asks about one verb on one thing.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Kubernetes verb, for instance get, list, create; `*` for all
    verb: String,
    /// RESOURCE[.GROUP][/SUBRESOURCE], for instance pods, deployments.apps, pods/log; or a /path
    #[arg(value_name = "RESOURCE")]
    what: String,
    /// Namespace; without it the question is about the whole cluster
    #[arg(short, long, value_name = "NS")]
    namespace: Option<String>,
}

impl TargetArgs {
    /// What is asked.
    pub(crate) fn target(&self) -> Result<Target, CommandError> {
        can_i::target(&self.verb, &self.what, self.namespace.as_deref())
            .map_err(|error| CommandError::Usage(error.to_string()))
    }
}

/// Say whether a caller may do something, and why
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct CanIArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    caller: CallerArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Answers in one word and one line.
pub(crate) fn run(args: CanIArgs) -> Result<ExitCode, CommandError> {
    let target = args.target.target()?;
    let principal = args.caller.principal()?;
    let policy = args.policy.load()?;
    if let Some(hint) = can_i::misnamed(&target, policy.snapshot.operations()) {
        output::note(&hint);
    }
    let decision = policy.decide(&AccessRequest { principal, target }, Now::read());
    match args.output.output {
        Format::Json => output::print_json(&DecisionReport::from(&decision))?,
        Format::Text => {
            output::print(&format!("{}\n{decision}\n", answer::word(&decision)))?;
        }
    }
    Ok(answer::exit_status(&decision))
}
