//! `kubentra token`: what the server would say to a token.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anstyle::AnsiColor;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use super::answer;
use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use crate::authn::{UnverifiedProof, UnverifiedToken};
use crate::authz::PolicySnapshot;
use crate::azure::http;
use crate::clock::Now;
use crate::config::Config;
use crate::policy_dir;
use crate::question::token::{Answer, Check, CheckResult, Inspection, inspect};
use crate::review::report;
use crate::service::authenticator::{AuthenticateError, Authenticator};
use crate::service::key_ring::KeyRing;
use crate::service::policy_store::{PolicyReader, PolicyStore};

/// Most that is read, in bytes: more than the longest token, with a credential around it.
const MAX_INPUT: u64 = 256 * 1024;

/// Shown below `kubentra token inspect --help`.
const EXIT_STATUS: &str = "\
Reads a token, a proof of possession around one, or what `kubelogin get-token` prints, and never prints \
any part of it but its claims. Fetches the tenant's signing keys, as the server does.

Exit status: 0 accepted, 1 refused, 2 not ours (another authenticator may know it), 3 wrong usage, 4 \
cannot tell: configuration, keys or policy out of reach.";

/// Look into a token
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    Inspect(InspectArgs),
}

/// Read a token from standard input and say check by check what the server would say
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
struct InspectArgs {
    /// Configuration file of the server
    #[arg(long, env = "KUBENTRA_CONFIG", value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Asks the server's own authenticator.
pub(crate) fn run(args: TokenArgs) -> Result<ExitCode, CommandError> {
    let TokenCommand::Inspect(args) = args.command;
    let config = Config::load(&args.config).map_err(CommandError::unreadable)?;
    let token = read_token()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CommandError::unreadable)?;
    let answer = runtime.block_on(ask(&config, &token))?;
    let inspection = inspect(&token, answer);
    match args.output.output {
        Format::Json => output::print_json(&inspection)?,
        Format::Text => output::print(&text(&inspection))?,
    }
    Ok(ExitCode::from(match inspection.result {
        "authenticated" => 0,
        "refused" => 1,
        "notOurs" => 2,
        _ => super::UNREADABLE,
    }))
}

fn read_token() -> Result<String, CommandError> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        output::note("reading a token from standard input; end it with Ctrl-D");
    }
    let mut input = String::new();
    stdin.by_ref().take(MAX_INPUT).read_to_string(&mut input).map_err(|error| {
        CommandError::unreadable(format!("cannot read a token from standard input: {error}"))
    })?;
    let token = credential(&input).unwrap_or_else(|| input.trim().to_owned());
    if token.is_empty() {
        return Err(CommandError::Usage("standard input has no token; pipe one in".to_owned()));
    }
    Ok(token)
}

/// The token of an `ExecCredential`.
fn credential(input: &str) -> Option<String> {
    let credential: Value = serde_json::from_str(input).ok()?;
    Some(credential.get("status")?.get("token")?.as_str()?.to_owned())
}

async fn ask(config: &Config, token: &str) -> Result<Answer, CommandError> {
    let ca = config.entra.ca_file.as_ref().map(|path| {
        std::fs::read(path).map_err(|error| {
            CommandError::unreadable(format!("cannot read `{}`: {error}", path.display()))
        })
    });
    let client = http::client(ca.transpose()?.as_deref()).map_err(CommandError::unreadable)?;
    let keys = Arc::new(KeyRing::new(config.key_ring_settings(), client));
    let now = Now::read();
    let settings = config.authenticator_settings();
    let authenticator = Authenticator::new(settings, Arc::clone(&keys), policy(config, now)?);
    Ok(match authenticator.authenticate(token, now).await {
        Ok(verdict) => Answer::Verdict(verdict),
        Err(error) => Answer::Unavailable {
            at: match &error {
                AuthenticateError::Groups(_) => Check::Groups,
                AuthenticateError::Proofs => Check::Possession,
                AuthenticateError::Policy(_) => Check::Audience,
                AuthenticateError::Keys(_) => out_of_reach(&keys, token, now).await,
            },
            why: report(&error),
        },
    })
}

/// Whether it is the issuer that cannot be known, or its keys.
async fn out_of_reach(keys: &KeyRing, token: &str, now: Now) -> Check {
    let Some(outer) = UnverifiedToken::parse(token) else { return Check::Key };
    let proof = UnverifiedProof::parse(&outer);
    let inner = proof.as_ref().and_then(|proof| UnverifiedToken::parse(proof.token()));
    match keys.issuer_of(inner.as_ref().unwrap_or(&outer), now).await {
        Err(_) => Check::Issuer,
        Ok(_) => Check::Key,
    }
}

/// The policy, which only tokens for trusted access need: a broken one is remarked on, and then has
/// the same effect as in the server.
fn policy(config: &Config, now: Now) -> Result<PolicyReader, CommandError> {
    let (store, reader) = PolicyStore::new();
    let setting = config.policy_setting().map_err(CommandError::unreadable)?;
    match config.policy.directory.as_deref().map(policy_dir::read) {
        None => {
            store.publish(PolicySnapshot::new(&setting, Default::default()), now);
        }
        Some(Ok(read)) => {
            store.publish(PolicySnapshot::new(&setting, read.documents), now);
        }
        Some(Err(error)) => output::note(&format!("no policy: {error}")),
    }
    Ok(reader)
}

fn text(inspection: &Inspection) -> String {
    let (words, color) = match inspection.result {
        "authenticated" => ("accepted", AnsiColor::Green),
        "refused" => ("refused", AnsiColor::Red),
        "notOurs" => ("not ours: another authenticator may know it", AnsiColor::Yellow),
        _ => ("cannot tell", AnsiColor::Yellow),
    };
    let mut text = format!("{}\n\n", answer::colored(words, color));
    for checked in &inspection.checks {
        let (sign, color) = match checked.result {
            CheckResult::Passed => ("+", AnsiColor::Green),
            CheckResult::Failed => ("-", AnsiColor::Red),
            CheckResult::Unknown => ("?", AnsiColor::Yellow),
            CheckResult::NotReached => continue,
        };
        let sign = answer::colored(sign, color);
        let _ = writeln!(text, "{sign} {:<12} {}", checked.check.title(), checked.detail);
    }
    if let Some(identity) = &inspection.identity {
        let _ = writeln!(text, "\nwhat Kubernetes sees");
        let _ = writeln!(text, "  username  {}", identity.username);
        let _ = writeln!(text, "  uid       {}", identity.uid);
        for group in &identity.groups {
            let _ = writeln!(text, "  group     {group}");
        }
        for (key, values) in &identity.extra {
            let _ = writeln!(text, "  extra     {key}: {}", values.join(", "));
        }
    }
    if !inspection.claims.is_empty() {
        let proven = if inspection.identity.is_some() { "" } else { " (not proven)" };
        let _ = writeln!(text, "\nwhat the token says{proven}");
        for (name, value) in &inspection.claims {
            let _ = writeln!(text, "  {name:<9} {}", claim(name, value));
        }
    }
    text
}

/// A claim for people: times as dates, long lists as their length.
fn claim(name: &str, value: &Value) -> String {
    let time = value.as_i64().filter(|_| matches!(name, "exp" | "nbf" | "ts"));
    if let Some(time) = time.and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        return format!("{value} ({time})");
    }
    match value.as_array() {
        Some(list) if name == "groups" => format!("{} groups", list.len()),
        _ => value.to_string(),
    }
}
