//! `kubentra explain`: every rule tried, for one review.

use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::AnsiColor;
use clap::Args;
use serde::Serialize;

use super::answer;
use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy::{LoadedPolicy, PolicyArgs};
use crate::authz::trace::{AskedQuestion, Outcome, Step};
use crate::authz::{ClockUse, Decision, NoOpinionReason, Principal, Trace, explain};
use crate::clock::Now;
use crate::question::report::DecisionReport;
use crate::review::access::{AccessReview, Caller};
use crate::service::authorizer::PolicyMode;

/// Largest review that is read: as much as the server takes.
const MAX_REVIEW: u64 = 1 << 20;

/// Shown below `kubentra explain --help`.
const EXIT_STATUS: &str = "\
Exit status: 0 allow, 1 deny, 2 no opinion, 3 wrong usage, 4 configuration, policy or review cannot \
be read.";

/// Say of one access review which rules were tried, and what came of each
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct ExplainArgs {
    /// The review as JSON, v1 or v1beta1; `-` is standard input
    #[arg(short, long, value_name = "REVIEW.json")]
    file: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    #[serde(flatten)]
    decision: DecisionReport,
    /// When the answer may change although the policy does not (RFC 3339): a schedule begins or ends,
    /// or a condition asks for the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_change: Option<String>,
    /// What was asked in Azure's terms: of the cluster, and of its fleet if it has one.
    questions: Vec<AskedQuestion>,
    /// Every rule tried, in order.
    steps: Vec<Step>,
}

/// Reads the review and walks the rules.
pub(crate) fn run(args: ExplainArgs) -> Result<ExitCode, CommandError> {
    let policy = args.policy.load()?;
    let now = Now::read().timestamp();
    let body = read(&args.file)?;
    let review = AccessReview::parse(&body)
        .map_err(|error| CommandError::unreadable(format!("`{}`: {error}", args.file.display())))?;
    let (mut steps, caller) = identify(&policy, &review);
    let (decision, questions, clock) = match caller {
        Err(reason) => (Decision::NoOpinion(reason), Vec::new(), ClockUse::Unread),
        Ok(principal) => {
            let Trace { decision, questions, steps: more, clock } =
                explain(&policy.snapshot, &review.request(principal), now);
            steps.extend(more);
            (decision, questions, clock)
        }
    };
    let next_change = match clock {
        ClockUse::Unread => None,
        ClockUse::Read { next_change } => next_change.map(|at| at.to_string()),
    };
    let report = DecisionReport::from(&decision);
    let explanation = Explanation { decision: report, next_change, questions, steps };
    match args.output.output {
        Format::Json => output::print_json(&explanation)?,
        Format::Text => {
            let cluster = policy.snapshot.cluster().id().as_str();
            output::print(&text(&decision, &explanation, cluster))?;
        }
    }
    Ok(answer::exit_status(&decision))
}

fn read(file: &PathBuf) -> Result<Vec<u8>, CommandError> {
    let wrong =
        |error| CommandError::unreadable(format!("cannot read `{}`: {error}", file.display()));
    let source: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(wrong)?)
    };
    let mut body = Vec::new();
    source.take(MAX_REVIEW + 1).read_to_end(&mut body).map_err(wrong)?;
    if body.len() as u64 > MAX_REVIEW {
        let message =
            format!("`{}` is larger than the {MAX_REVIEW} bytes that are read", file.display());
        return Err(CommandError::unreadable(message));
    }
    Ok(body)
}

/// The rules that come before the policy (semantics §1, §8.3): who asks, and whether access is
/// decided at all.
fn identify(
    policy: &LoadedPolicy,
    review: &AccessReview,
) -> (Vec<Step>, Result<Principal, NoOpinionReason>) {
    let mut steps = Vec::new();
    let mut step = |rule, subject: &str, applies: bool, detail: String| {
        let outcome = if applies { Outcome::Applies } else { Outcome::DoesNot };
        let subject = subject.to_owned();
        steps.push(Step { rule, subject, outcome, detail, conditions: Vec::new() });
    };
    let caller = review.caller(&policy.callers);
    let is_system = caller == Caller::System;
    let begins = if is_system { "begins" } else { "does not begin" };
    step("§1.1", "system user", is_system, format!("the user name {begins} `system:`"));
    if is_system {
        return (steps, Err(NoOpinionReason::System));
    }
    let is_exempt = caller == Caller::Exempt;
    let is = if is_exempt { "is" } else { "is not" };
    step("§1.1", "policy.exemptUsers", is_exempt, format!("the user {is} one of them"));
    if is_exempt {
        return (steps, Err(NoOpinionReason::ExemptUser));
    }
    let extra_key = policy.callers.object_id_extra_key.clone();
    let Caller::Entra(principal) = caller else {
        let detail = format!("extra `{extra_key}` does not hold one object id");
        step("§1.2", "Entra identity", false, detail);
        return (steps, Err(NoOpinionReason::NotEntra { extra_key }));
    };
    let groups = principal.groups().len();
    let detail = format!("object id `{}` in extra `{extra_key}`, {groups} groups", principal.id());
    step("§1.2", "Entra identity", true, detail);
    match policy.mode {
        PolicyMode::AzureRbac => (steps, Ok(principal)),
        PolicyMode::AuthenticationOnly => {
            let detail = "it is `authenticationOnly`: Kubernetes RBAC decides".to_owned();
            step("§8.3", "policy.mode", true, detail);
            (steps, Err(NoOpinionReason::AuthenticationOnly))
        }
    }
}

/// The reason line as the API server gets it; below it the cluster's long id is abbreviated.
fn text(decision: &Decision, explanation: &Explanation, cluster: &str) -> String {
    let mut steps = String::new();
    for question in &explanation.questions {
        let _ = writeln!(steps, "needs {}", question.actions.join("\n  and "));
        let _ = writeln!(steps, "   at {}\n", question.scopes.join("\n   or "));
    }
    let _ = writeln!(steps, "rules, in the order tried");
    for step in &explanation.steps {
        let (sign, color) = match step.outcome {
            Outcome::Applies => ("+", AnsiColor::Green),
            Outcome::DoesNot => ("-", AnsiColor::BrightBlack),
        };
        let head = format!("{sign} {} {}", step.rule, step.subject);
        let _ = writeln!(steps, "{}\n    {}", answer::colored(&head, color), step.detail);
        for condition in &step.conditions {
            let _ = writeln!(steps, "    {} for `{}`", condition.of, condition.action);
            for part in &condition.parts {
                let _ = writeln!(steps, "      {part}");
            }
        }
    }
    let short = steps.replace(cluster, "CLUSTER");
    let legend = if short == steps { String::new() } else { format!("CLUSTER is {cluster}\n\n") };
    let change = explanation.next_change.as_ref().map_or_else(String::new, |at| {
        format!("the answer may change at {at}, by a schedule or a condition\n")
    });
    format!("{}\n{decision}\n{change}\n{legend}{short}", answer::word(decision))
}
