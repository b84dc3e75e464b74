//! The conformance cases for access, asked of the library: no server, no socket, no token.
//!
//! Of a shared policy's `config.yaml` only what decides is read here; that the product reads it so is
//! the business of the real suite.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::time::Duration;

use serde::Deserialize;

use crate::authz::{
    ClusterScope, Decision, DecisionRules, Discovery, ObjectId, PolicySetting, PolicySnapshot,
    Scope, Subresources, Ungranted,
};
use crate::case::{self, Case, Outcome, Question};
use crate::clock::Now;
use crate::review::access::{AccessReview, CallerRules};
use crate::service::authorizer::{Authorizer, AuthorizerSettings, PolicyMode};
use crate::service::policy_store::PolicyStore;
use crate::{builtin, policy_dir, via};

#[derive(Deserialize)]
struct Config {
    cluster: Cluster,
    entra: Entra,
    policy: Policy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    resource_id: Scope,
    management_groups: Vec<String>,
    fleet_resource_id: Option<Scope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entra {
    object_id_extra_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    mode: Option<String>,
    ungranted: Option<String>,
    discovery: Option<String>,
    subresources: Option<String>,
    #[serde(default)]
    admin_groups: Vec<ObjectId>,
    #[serde(default)]
    exempt_users: HashSet<String>,
}

fn authorizer(policy: &str) -> Authorizer {
    let folder = case::root().join("policies").join(policy);
    let text = fs::read_to_string(folder.join("config.yaml")).unwrap();
    let Config { cluster, entra, policy } = serde_saphyr::from_str(&text).unwrap();
    let is = |key: &Option<String>, word: &str| match key.as_deref() {
        Some(found) if found == word => true,
        Some(found) => panic!("unknown word `{found}`; teach it to mutants/conformance.rs"),
        None => false,
    };
    let rules = DecisionRules {
        ungranted: if is(&policy.ungranted, "deny") {
            Ungranted::Deny
        } else {
            Ungranted::NoOpinion
        },
        discovery: if is(&policy.discovery, "evaluate") {
            Discovery::Evaluate
        } else {
            Discovery::Allow
        },
        subresources: if is(&policy.subresources, "aks") {
            Subresources::Aks
        } else {
            Subresources::Strict
        },
        admin_groups: policy.admin_groups,
    };
    let setting = PolicySetting {
        cluster: ClusterScope::new(
            cluster.resource_id,
            &cluster.management_groups,
            cluster.fleet_resource_id,
        )
        .unwrap(),
        operations: builtin::operations().unwrap(),
        rules,
    };
    let read = policy_dir::read(&folder.join("policy")).unwrap();
    let (store, reader) = PolicyStore::new();
    store.publish(PolicySnapshot::new(&setting, read.documents), Now::read());
    let settings = AuthorizerSettings {
        callers: CallerRules {
            object_id_extra_key: entra.object_id_extra_key.unwrap_or_else(|| "oid".to_owned()),
            exempt_users: policy.exempt_users,
        },
        mode: if is(&policy.mode, "authenticationOnly") {
            PolicyMode::AuthenticationOnly
        } else {
            PolicyMode::AzureRbac
        },
        max_staleness: Duration::from_hours(1),
    };
    Authorizer::new(settings, reader)
}

fn check(authorizer: &Authorizer, case: &Case, body: &[u8]) {
    let (name, expect) = (&case.name, &case.expect);
    let Ok(review) = AccessReview::parse(body) else {
        assert_eq!(expect.outcome, Some(Outcome::Invalid), "{name}");
        return;
    };
    let now = case.now.map_or_else(Now::read, |now| Now { wall: now.into(), ..Now::read() });
    let Ok(decision) = authorizer.authorize(&review, now) else {
        assert_eq!(expect.outcome, Some(Outcome::Unavailable), "{name}");
        return;
    };
    let outcome = match &decision {
        Decision::Allow(_) => Outcome::Allow,
        Decision::Deny(_) => Outcome::Deny,
        Decision::NoOpinion(_) => Outcome::NoOpinion,
    };
    let reason = decision.to_string();
    assert_eq!(expect.outcome, Some(outcome), "{name}: {reason}");
    for words in &expect.reason {
        assert!(reason.contains(words), "{name}: `{reason}` does not say `{words}`");
    }
    if let Some(expected) = &expect.via {
        let shown = via::shown(&decision);
        assert!(via::matches(expected, &shown), "{name}: decided by {shown:?}: {reason}");
    }
}

#[test]
fn every_access_case_is_answered_as_expected() {
    let mut authorizers = BTreeMap::new();
    for case in case::load_all() {
        if let Question::Access(body) = &case.question {
            let authorizer =
                authorizers.entry(case.policy.clone()).or_insert_with(|| authorizer(&case.policy));
            check(authorizer, &case, body);
        }
    }
}
