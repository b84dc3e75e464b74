//! The product, driven from the outside: a policy directory on disk, a posted body, a decision.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kubentra::authz::{
    ClockUse, ClusterScope, Decision, DecisionRules, DenyReason, Discovery, Grant, KnownOperations,
    NoOpinionReason, PolicySetting, PolicySnapshot, Refusal, Subresources, Ungranted,
    evaluate_timed, explain,
};
use kubentra::builtin;
use kubentra::clock::Now;
use kubentra::policy_dir;
use kubentra::review::access::{AccessReview, Caller, CallerRules};
use kubentra::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use kubentra::service::policy_store::PolicyStore;
use serde_json::Value;

use crate::case::{Answer, Case, FOLDERS};

/// A policy that the product has read, ready to answer.
pub(crate) struct Product {
    authorizer: Authorizer,
    policy: Arc<PolicySnapshot>,
    callers: CallerRules,
    read_at: Instant,
}

/// What the product says to one review.
pub(crate) struct Told {
    pub(crate) answer: Answer,
    /// The reason, or the error.
    pub(crate) reason: String,
    /// How long the answer holds, where the rules were walked.
    pub(crate) holds: Option<Holds>,
    /// What is wrong with the way that is shown to the answer.
    pub(crate) misexplained: Option<String>,
}

/// Until when the product says that a decision stays the same (semantics §4.6); the longer is greater.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Holds {
    /// Until this moment, in nanoseconds since 1970.
    Until(i128),
    /// From now on.
    FromNow,
    /// At all times.
    Always,
}

impl Product {
    /// Writes the documents of `case` below `dir` and reads them as the server does. What is wrong
    /// with them is the error.
    pub(crate) fn load(case: &Case, dir: &Path, read_at: Instant) -> Result<Self, String> {
        for folder in FOLDERS {
            let file = dir.join(folder).join("all.json");
            if case.of(folder).is_empty() {
                let _ = fs::remove_file(&file);
                continue;
            }
            fs::create_dir_all(dir.join(folder)).unwrap();
            fs::write(&file, serde_json::json!({ "value": case.of(folder) }).to_string()).unwrap();
        }
        let documents = policy_dir::read(dir).map_err(|e| e.to_string())?.documents;
        let (store, reader) = PolicyStore::new();
        let now = Now { wall: SystemTime::UNIX_EPOCH, monotonic: read_at };
        store.publish(PolicySnapshot::new(&setting(&case.setting)?, documents), now);
        let policy = reader.latest().ok_or("nothing was published")?.policy;
        let settings = authorizer_settings(&case.setting);
        let callers = settings.callers.clone();
        Ok(Self { authorizer: Authorizer::new(settings, reader), policy, callers, read_at })
    }

    /// Answers one posted body at `now`, in nanoseconds since 1970.
    pub(crate) fn decide(&self, body: &[u8], now: i128) -> Told {
        let told = |answer, reason| Told { answer, reason, holds: None, misexplained: None };
        let review = match AccessReview::parse(body) {
            Ok(review) => review,
            Err(error) => return told(Answer::new("invalid", "400"), error.to_string()),
        };
        let since_1970 = Duration::from_nanos(u64::try_from(now).unwrap());
        let now = Now { wall: SystemTime::UNIX_EPOCH + since_1970, monotonic: self.read_at };
        let decision = match self.authorizer.authorize(&review, now) {
            Ok(decision) => decision,
            Err(error) => return told(Answer::new("unavailable", "503"), error.to_string()),
        };
        let mut told = told(answer(&decision), decision.to_string());
        let walked = !matches!(
            decision,
            Decision::NoOpinion(
                NoOpinionReason::System
                    | NoOpinionReason::ExemptUser
                    | NoOpinionReason::NotEntra { .. }
                    | NoOpinionReason::AuthenticationOnly
            )
        );
        if let (true, Caller::Entra(principal)) = (walked, review.caller(&self.callers)) {
            let request = review.request(principal);
            let (again, clock) = evaluate_timed(&self.policy, &request, now.timestamp());
            told.holds = Some(holds(clock));
            let trace = explain(&self.policy, &request, now.timestamp());
            told.misexplained = if again != decision {
                Some(format!("evaluated again: {again}"))
            } else if trace.decision != decision {
                Some(format!("explained as: {}", trace.decision))
            } else {
                // Explaining looks at assignments that could only come second: never at fewer.
                (holds(trace.clock) > holds(clock))
                    .then(|| format!("clock {clock:?}, explained {:?}", trace.clock))
            };
        }
        told
    }
}

fn holds(clock: ClockUse) -> Holds {
    match clock {
        ClockUse::Unread => Holds::Always,
        ClockUse::Read { next_change: None } => Holds::FromNow,
        ClockUse::Read { next_change: Some(at) } => Holds::Until(at.as_nanosecond()),
    }
}

fn setting(setting: &Value) -> Result<PolicySetting, String> {
    let scope = |key: &str| setting[key].as_str().map(str::parse).transpose();
    let wrong = |error: &dyn std::error::Error| error.to_string();
    let cluster = ClusterScope::new(
        scope("cluster").map_err(|e| wrong(&e))?.ok_or("no cluster")?,
        &words(setting, "managementGroups"),
        scope("fleet").map_err(|e| wrong(&e))?,
    );
    let operations: Arc<KnownOperations> = builtin::operations().map_err(|e| wrong(&e))?;
    let admin_groups = words(setting, "adminGroups");
    let rules = DecisionRules {
        ungranted: match setting["ungranted"].as_str() {
            Some("deny") => Ungranted::Deny,
            _ => Ungranted::NoOpinion,
        },
        discovery: match setting["discovery"].as_str() {
            Some("allow") => Discovery::Allow,
            _ => Discovery::Evaluate,
        },
        subresources: match setting["subresources"].as_str() {
            Some("strict") => Subresources::Strict,
            _ => Subresources::Aks,
        },
        admin_groups: admin_groups
            .iter()
            .map(|group| group.parse())
            .collect::<Result<_, _>>()
            .map_err(|e| wrong(&e))?,
    };
    Ok(PolicySetting { cluster: cluster.map_err(|e| wrong(&e))?, operations, rules })
}

fn authorizer_settings(setting: &Value) -> AuthorizerSettings {
    let exempt_users: HashSet<String> = words(setting, "exemptUsers").into_iter().collect();
    let object_id_extra_key = setting["objectIdExtraKey"].as_str().unwrap().to_owned();
    AuthorizerSettings {
        callers: CallerRules { object_id_extra_key, exempt_users },
        mode: match setting["mode"].as_str() {
            Some("authenticationOnly") => PolicyMode::AuthenticationOnly,
            _ => PolicyMode::AzureRbac,
        },
        max_staleness: Duration::from_hours(1),
    }
}

fn words(setting: &Value, key: &str) -> Vec<String> {
    let list = setting[key].as_array().into_iter().flatten();
    list.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The decision in the words that the reference uses.
fn answer(decision: &Decision) -> Answer {
    let (via, more) = match decision {
        Decision::Allow(Grant::RoleAssignment { assignment, role, through, until }) => {
            let mut via = format!("roleAssignment {}", assignment.id.to_ascii_lowercase());
            if let Some(group) = through {
                via = format!("{via} through {group}");
            }
            let more = match until {
                Some(until) => format!("{} until {}", role.id, until.as_nanosecond()),
                None => role.id.to_string(),
            };
            (via, more)
        }
        Decision::Allow(Grant::Discovery) => nothing("discovery"),
        Decision::Allow(Grant::TrustedAccess { binding, role }) => {
            (format!("trustedAccess {} {role}", binding.name), String::new())
        }
        Decision::Allow(Grant::AdminGroup { group }) => {
            (format!("adminGroup {group}"), String::new())
        }
        Decision::Deny(DenyReason::DenyAssignment { deny, principal, through_group, .. }) => {
            let group = if *through_group { "group " } else { "" };
            let via = format!("denyAssignment {}", deny.id.to_ascii_lowercase());
            (via, format!("{group}{principal}"))
        }
        Decision::Deny(DenyReason::Ungranted(refusal))
        | Decision::NoOpinion(NoOpinionReason::Ungranted(refusal)) => {
            ("ungranted".to_owned(), needed(refusal))
        }
        Decision::NoOpinion(NoOpinionReason::NotEntra { .. }) => nothing("notEntra"),
        Decision::NoOpinion(NoOpinionReason::System) => nothing("system"),
        Decision::NoOpinion(NoOpinionReason::ExemptUser) => nothing("exempt"),
        Decision::NoOpinion(NoOpinionReason::AuthenticationOnly) => nothing("authenticationOnly"),
    };
    Answer { outcome: decision.outcome(), via, more }
}

fn nothing(word: &str) -> (String, String) {
    (word.to_owned(), String::new())
}

fn needed(refusal: &Refusal) -> String {
    let mut actions: Vec<_> = refusal.actions.iter().map(String::as_str).collect();
    actions.sort_unstable();
    format!("{} at {}", actions.join(", "), refusal.scope.to_string().to_ascii_lowercase())
}
