//! The product, driven from the outside: a policy directory on disk, a posted body, a decision.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kubentra::authz::{
    ClusterScope, Decision, DecisionRules, DenyReason, Discovery, Grant, KnownOperations,
    NoOpinionReason, PolicySetting, PolicySnapshot, Subresources, Ungranted,
};
use kubentra::builtin;
use kubentra::clock::Now;
use kubentra::policy_dir;
use kubentra::review::access::{AccessReview, CallerRules};
use kubentra::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use kubentra::service::policy_store::PolicyStore;
use serde_json::Value;

use crate::case::{Answer, Case, FOLDERS};

/// A policy that the product has read, ready to answer.
pub(crate) struct Product {
    authorizer: Authorizer,
    read_at: Instant,
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
        let authorizer = Authorizer::new(authorizer_settings(&case.setting), reader);
        Ok(Self { authorizer, read_at })
    }

    /// Answers one posted body at `now`, in nanoseconds since 1970.
    pub(crate) fn decide(&self, body: &[u8], now: i128) -> (Answer, String) {
        let review = match AccessReview::parse(body) {
            Ok(review) => review,
            Err(error) => return (Answer::new("invalid", "400"), error.to_string()),
        };
        let since_1970 = Duration::from_nanos(u64::try_from(now).unwrap());
        let now = Now { wall: SystemTime::UNIX_EPOCH + since_1970, monotonic: self.read_at };
        match self.authorizer.authorize(&review, now) {
            Ok(decision) => (answer(&decision), decision.to_string()),
            Err(error) => (Answer::new("unavailable", "503"), error.to_string()),
        }
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
    let nothing = |word: &str| word.to_owned();
    let via = match decision {
        Decision::Allow(Grant::RoleAssignment { assignment, through, .. }) => {
            let id = assignment.id.to_ascii_lowercase();
            match through {
                Some(group) => format!("roleAssignment {id} through {group}"),
                None => format!("roleAssignment {id}"),
            }
        }
        Decision::Allow(Grant::Discovery) => nothing("discovery"),
        Decision::Allow(Grant::TrustedAccess { binding, role }) => {
            format!("trustedAccess {} {role}", binding.name)
        }
        Decision::Allow(Grant::AdminGroup { group }) => format!("adminGroup {group}"),
        Decision::Deny(DenyReason::DenyAssignment { deny, .. }) => {
            format!("denyAssignment {}", deny.id.to_ascii_lowercase())
        }
        Decision::Deny(DenyReason::Ungranted(_))
        | Decision::NoOpinion(NoOpinionReason::Ungranted(_)) => nothing("ungranted"),
        Decision::NoOpinion(NoOpinionReason::NotEntra { .. }) => nothing("notEntra"),
        Decision::NoOpinion(NoOpinionReason::System) => nothing("system"),
        Decision::NoOpinion(NoOpinionReason::ExemptUser) => nothing("exempt"),
        Decision::NoOpinion(NoOpinionReason::AuthenticationOnly) => nothing("authenticationOnly"),
    };
    Answer { outcome: decision.outcome(), via }
}
