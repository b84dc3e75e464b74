//! `kubentra who-can`: who may do that?

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::can_i::TargetArgs;
use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy::PolicyArgs;
use crate::authz::assignment::short_id;
use crate::authz::{ClusterScope, ObjectId};
use crate::clock::Now;
use crate::question::can_i;
use crate::question::who_can::{Denial, Holder, WhoCan, who_can};

/// List who may do something, with role, scope and assignment
///
/// Groups stand for their members, which the policy does not list. A member may still be denied
/// through another of its groups: ask `can-i` about one caller.
#[derive(Debug, Args)]
pub(crate) struct WhoCanArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the holders, and the deny assignments that take it away from some.
pub(crate) fn run(args: WhoCanArgs) -> Result<ExitCode, CommandError> {
    let target = args.target.target()?;
    let policy = args.policy.load()?;
    if let Some(hint) = can_i::misnamed(&target, policy.snapshot.operations()) {
        output::note(&hint);
    }
    policy.note_if_not_deciding();
    let found = who_can(&policy.snapshot, &target, Now::read().timestamp());
    match args.output.output {
        Format::Json => output::print_json(&found)?,
        Format::Text => output::print(&text(&found, policy.snapshot.cluster()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(found: &WhoCan, cluster: &ClusterScope) -> String {
    let mut text = holders(&found.items, "PRINCIPAL", cluster);
    if found.items.is_empty() {
        text.push_str("nobody\n");
    }
    if !found.denied_items.is_empty() {
        let _ = write!(text, "\n{}", holders(&found.denied_items, "GRANTED BUT DENIED", cluster));
    }
    for deny in &found.deny_assignments {
        let _ = write!(text, "\n{}", denial(deny, cluster));
    }
    text
}

/// Role assignments as a table, everyone else in a sentence each.
fn holders(items: &[Holder], title: &str, cluster: &ClusterScope) -> String {
    let (mut rows, mut others) = (Vec::new(), String::new());
    for item in items {
        let _ = match item {
            Holder::RoleAssignment {
                principal, role, scope, assignment, until, denied_by, ..
            } => {
                rows.push([
                    principal.clone(),
                    role.clone(),
                    output::scope(scope, cluster),
                    short_id(assignment).to_owned(),
                    until
                        .iter()
                        .map(|u| format!("until {u}"))
                        .chain(note_or_none(denied_by))
                        .collect::<Vec<_>>()
                        .join(", "),
                ]);
                Ok(())
            }
            Holder::Discovery => writeln!(others, "every Entra identity, as discovery"),
            Holder::TrustedAccess { source, binding, role } => writeln!(
                others,
                "the identity of {source}, by trusted access role {role}, binding {binding}"
            ),
            Holder::AdminGroup { principal, denied_by } => {
                let note = note(denied_by);
                let comma = if note.is_empty() { "" } else { ", " };
                writeln!(others, "cluster administrator group {principal}{comma}{note}")
            }
        };
    }
    let table = if rows.is_empty() {
        String::new()
    } else {
        output::table([title, "ROLE", "SCOPE", "ASSIGNMENT", "NOTE"], &rows)
    };
    table + &others
}

fn note_or_none(denied_by: &[String]) -> Option<String> {
    Some(note(denied_by)).filter(|note| !note.is_empty())
}

fn note(denied_by: &[String]) -> String {
    if denied_by.is_empty() {
        return String::new();
    }
    let ids: Vec<_> = denied_by.iter().map(|id| short_id(id)).collect();
    format!("denied by {}", ids.join(", "))
}

fn denial(deny: &Denial, cluster: &ClusterScope) -> String {
    let named = if deny.name.is_empty() { String::new() } else { format!(" ({})", deny.name) };
    let everyone = ObjectId::EVERYONE.to_string();
    let to: Vec<_> = deny
        .principals
        .iter()
        .map(|id| if *id == everyone { "everyone" } else { id.as_str() })
        .collect();
    let except = if deny.exclude_principals.is_empty() {
        String::new()
    } else {
        format!(" except {}", deny.exclude_principals.join(", "))
    };
    format!(
        "deny assignment {}{named} at {}\n  forbids {} to {}{except}\n",
        short_id(&deny.id),
        output::scope(&deny.scope, cluster),
        deny.action,
        to.join(", "),
    )
}
