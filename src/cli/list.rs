//! `kubentra list`: what may this caller do?

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::caller::CallerArgs;
use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy::PolicyArgs;
use crate::authz::assignment::short_id;
use crate::authz::{ClusterScope, ObjectId};
use crate::clock::Now;
use crate::question::list::{Listed, ListedPermission, Listing, list};

/// List what a caller may do, and what takes it away again
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    caller: CallerArgs,
    /// Only what covers this namespace
    #[arg(short, long, value_name = "NS")]
    namespace: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the grants, then the deny assignments.
pub(crate) fn run(args: ListArgs) -> Result<ExitCode, CommandError> {
    let principal = args.caller.principal()?;
    if args.namespace.as_deref().is_some_and(|ns| ns.is_empty() || ns.contains('/')) {
        return Err(CommandError::Usage("`--namespace` is not a namespace".to_owned()));
    }
    let policy = args.policy.load()?;
    policy.note_if_not_deciding();
    let found =
        list(&policy.snapshot, &principal, args.namespace.as_deref(), Now::read().timestamp());
    match args.output.output {
        Format::Json => output::print_json(&found)?,
        Format::Text => output::print(&text(&found, policy.snapshot.cluster()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(found: &Listing, cluster: &ClusterScope) -> String {
    let mut text = if found.items.is_empty() {
        "nothing\n".to_owned()
    } else {
        let rows: Vec<_> = found.items.iter().map(|item| row(item, cluster)).collect();
        output::table(["ROLE", "SCOPE", "THROUGH", "ASSIGNMENT", "GRANTS"], &rows)
    };
    for deny in &found.deny_assignments {
        let named = if deny.name.is_empty() { String::new() } else { format!(" ({})", deny.name) };
        let to = if deny.principal == ObjectId::EVERYONE.to_string() {
            "everyone"
        } else {
            deny.principal.as_str()
        };
        let condition = deny.condition.as_ref().map_or("", |_| ", under a condition");
        let _ = write!(
            text,
            "\ndeny assignment {}{named} at {}\n  forbids {} to {to}{condition}\n",
            short_id(&deny.id),
            output::scope(&deny.scope, cluster),
            summary(&deny.permissions),
        );
    }
    text
}

fn row(item: &Listed, cluster: &ClusterScope) -> [String; 5] {
    match item {
        Listed::RoleAssignment {
            role,
            scope,
            assignment,
            group,
            permissions,
            condition,
            until,
            grants_nothing,
            ..
        } => [
            role.clone(),
            output::scope(scope, cluster),
            group.as_ref().map_or_else(String::new, |group| format!("group {group}")),
            short_id(assignment).to_owned(),
            grants_nothing.as_ref().map_or_else(
                || {
                    let condition = condition.as_ref().map_or("", |_| ", under a condition");
                    let until = until.as_ref().map_or_else(String::new, |u| format!(", until {u}"));
                    format!("{}{condition}{until}", summary(permissions))
                },
                |why| format!("nothing: {why}"),
            ),
        ],
        Listed::TrustedAccess { binding, role } => [
            role.clone(),
            String::new(),
            format!("trusted access binding {binding}"),
            String::new(),
            "the rules of that role".to_owned(),
        ],
        Listed::AdminGroup { group } => [
            "cluster administrator".to_owned(),
            String::new(),
            format!("group {group}"),
            String::new(),
            "everything that is not denied".to_owned(),
        ],
    }
}

/// The first data action, and how many more; all of them are in the JSON.
fn summary(permissions: &[ListedPermission]) -> String {
    let mut actions = permissions.iter().flat_map(|p| &p.data_actions);
    let Some(first) = actions.next() else { return "no data action".to_owned() };
    let more = actions.count();
    let left_out: usize = permissions.iter().map(|p| p.not_data_actions.len()).sum();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let left_out = if left_out == 0 { String::new() } else { format!(", without {left_out}") };
    format!("{first}{more}{left_out}")
}
