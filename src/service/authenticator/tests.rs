//! What is remembered, what is judged anew, and what is answered when something is missing. Nothing
//! here has a network: whatever is asked for there is refused at once.

mod pop;
mod remembering;

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::authn::testing::{AUDIENCE, NOW, TENANT, V2_ISSUER, foreign, own, remove, tenant};
use crate::authn::{Algorithm, KeySet, Version};
use crate::authz::{
    ClusterScope, DecisionRules, KnownOperations, PolicyDocuments, PolicySetting, PolicySnapshot,
    ProvisioningState, TrustedAccessRoleBinding,
};
use crate::azure::cloud::{Authority, Cloud};
use crate::service::key_ring::{KeyRingSettings, MAX_KEYS_AGE};
use crate::service::policy_store::PolicyStore;

const ISSUER: &str = "https://127.0.0.1:1/aaaabbbb-0000-cccc-1111-dddd2222eeee/";
const TRUSTED: &str = "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0";
const VAULT: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/backupVaults/v";

struct Bench {
    authenticator: Authenticator,
    keys: Arc<KeyRing>,
    policy: PolicyStore,
    start: Now,
}

impl Bench {
    /// A custom cloud at a port where nobody listens, with a v1 issuer whose keys were read.
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut AuthenticatorSettings)) -> Self {
        let authority = Authority::try_from(Url::parse("https://127.0.0.1:1").unwrap()).unwrap();
        let settings = KeyRingSettings { cloud: Cloud::Custom(authority), tenant: tenant() };
        let ca = rcgen::generate_simple_self_signed(vec!["ca.example.test".to_owned()]).unwrap();
        let client = crate::azure::http::client(Some(ca.cert.pem().as_bytes())).unwrap();
        let keys = Arc::new(KeyRing::new(settings, client));
        let (policy, reader) = PolicyStore::new();
        let mut settings = AuthenticatorSettings {
            audiences: vec![AUDIENCE.to_owned()],
            trusted_access_audience: Some(TRUSTED.to_owned()),
            username_claims: vec!["upn".to_owned(), "oid".to_owned()],
            username_prefix: String::new(),
            object_id_extra_key: "oid".to_owned(),
            clock_skew: Duration::from_secs(60),
            groups_source: GroupsSource::Token,
            max_staleness: Duration::from_secs(3600),
            pop: None,
        };
        change(&mut settings);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        let start = Now { wall, ..Now::read() };
        let authenticator = Authenticator::new(settings, Arc::clone(&keys), reader);
        let bench = Self { authenticator, keys, policy, start };
        bench.put_v1(KeySet::from_iter([own().key(Algorithm::Rs256, None)]));
        bench.keys.put(Version::V2, None, start);
        bench
    }

    fn put_v1(&self, keys: KeySet) {
        self.keys.put(Version::V1, Some((ISSUER, keys)), self.start);
    }

    fn after(&self, seconds: u64) -> Now {
        let by = Duration::from_secs(seconds);
        Now { wall: self.start.wall + by, monotonic: self.start.monotonic + by }
    }

    /// The outcome in a word or two, at `now`.
    async fn outcome(&self, token: &str, now: Now) -> &'static str {
        match self.authenticator.authenticate(token, now).await {
            Ok(Verdict::Authenticated { remembered: true, .. }) => "remembered",
            Ok(Verdict::Authenticated { remembered: false, .. }) => "verified",
            Ok(Verdict::NotOurs) => "not ours",
            Ok(Verdict::Refused(error)) => error.reason(),
            Err(AuthenticateError::Groups(_)) => "503 groups",
            Err(AuthenticateError::Keys(_)) => "503 keys",
            Err(AuthenticateError::Policy(_)) => "503 policy",
            Err(AuthenticateError::Proofs) => "503 proofs",
        }
    }

    fn publish(&self, bindings: Vec<TrustedAccessRoleBinding>) {
        let cluster = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        let setting = PolicySetting {
            cluster: ClusterScope::new(cluster.parse().unwrap(), &[], None).unwrap(),
            operations: Arc::new(KnownOperations::default()),
            rules: DecisionRules::default(),
        };
        let documents = PolicyDocuments {
            trusted_access_role_bindings: bindings,
            ..PolicyDocuments::default()
        };
        self.policy.publish(PolicySnapshot::new(&setting, documents), self.start);
    }
}

fn mint(edit: impl FnOnce(&mut Value)) -> String {
    own().mint(|_, payload| {
        payload["iss"] = json!(ISSUER);
        edit(payload);
    })
}

fn binding(state: ProvisioningState) -> TrustedAccessRoleBinding {
    TrustedAccessRoleBinding {
        id: String::new(),
        name: "backup".to_owned(),
        source: VAULT.to_uppercase().parse().unwrap(),
        roles: vec!["Microsoft.DataProtection/backupVaults/backup-operator".to_owned()],
        state,
    }
}

#[tokio::test]
async fn a_token_is_verified_once_and_its_times_are_judged_at_every_review() {
    let bench = Bench::new();
    let token = mint(|payload| payload["exp"] = json!(NOW + 100));
    assert_eq!(bench.outcome(&token, bench.start).await, "verified");
    #[rustfmt::skip]
    let cases = [
        (0,   "remembered", "the same moment"),
        (159, "remembered", "the last second of the leeway"),
        (160, "expired",    "remembered or not"),
        (10,  "remembered", "a clock that was set back, within the token's time"),
    ];
    for (seconds, expected, why) in cases {
        assert_eq!(bench.outcome(&token, bench.after(seconds)).await, expected, "{why}");
    }
    let before = Now { wall: SystemTime::UNIX_EPOCH, ..bench.start };
    assert_eq!(bench.outcome(&token, before).await, "not_yet_valid", "a clock that is far off");
}

#[tokio::test]
async fn a_remembered_token_goes_with_its_key() {
    let bench = Bench::new();
    let token = mint(|_| ());
    assert_eq!(bench.outcome(&token, bench.start).await, "verified");
    bench.put_v1(KeySet::from_iter([foreign().key(Algorithm::Rs256, None)]));
    assert_eq!(
        bench.outcome(&token, bench.start).await,
        "503 keys",
        "its key has to be looked for"
    );
    bench.put_v1(KeySet::from_iter([own().key(Algorithm::Ps256, None)]));
    assert_eq!(bench.outcome(&token, bench.start).await, "algorithm", "the same name, another key");
    bench.put_v1(KeySet::from_iter([own().key(Algorithm::Rs256, None)]));
    assert_eq!(bench.outcome(&token, bench.start).await, "verified", "it is back");
    let day = bench.after(MAX_KEYS_AGE.as_secs());
    assert_eq!(bench.outcome(&token, day).await, "expired", "a day old keys are keys");
    let long = mint(|payload| payload["exp"] = json!(NOW + 3 * MAX_KEYS_AGE.as_secs()));
    assert_eq!(bench.outcome(&long, day).await, "verified");
    let later = bench.after(MAX_KEYS_AGE.as_secs() + 1);
    assert_eq!(bench.outcome(&long, later).await, "503 keys", "older ones are not");
}

#[tokio::test]
async fn refusals_are_not_remembered() {
    let bench = Bench::new();
    let token = mint(|payload| payload["nbf"] = json!(NOW + 100));
    assert_eq!(bench.outcome(&token, bench.start).await, "not_yet_valid");
    assert_eq!(bench.outcome(&token, bench.after(100)).await, "verified");
    let forged = token.replace(token.rsplit('.').next().unwrap(), "AAAA");
    assert_eq!(bench.outcome(&forged, bench.after(100)).await, "signature");
}

#[tokio::test]
async fn a_foreign_token_costs_no_network() {
    let bench = Bench::new();
    let foreign_issuer = |issuer: &str| own().mint(|_, payload| payload["iss"] = json!(issuer));
    #[rustfmt::skip]
    let cases = [
        (String::new(),                                         "nothing"),
        ("abcdef.0123456789abcdef".to_owned(),                  "a bootstrap token"),
        (foreign_issuer("https://kubernetes.default.svc"),      "a service account's"),
        (foreign_issuer("https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/"), "another tenant's"),
        (foreign_issuer(V2_ISSUER),                             "our tenant's, by an issuer that this cloud does not have"),
    ];
    for (token, why) in cases {
        assert_eq!(bench.outcome(&token, bench.start).await, "not ours", "{why}");
    }
    assert_eq!(bench.keys.status(bench.start)[0].error, None, "nothing was asked for");
}

#[tokio::test]
async fn what_is_refused_anyway_costs_no_network() {
    let bench = Bench::new();
    bench.put_v1(KeySet::from_iter([foreign().key(Algorithm::Rs256, None)]));
    type Edit = fn(&mut Value, &mut Value);
    #[rustfmt::skip]
    let cases: [(Edit, &str); 5] = [
        (|h, _| h["alg"] = json!("none"),     "algorithm"),
        (|h, _| h["jku"] = json!("https://"), "header"),
        (|_, p| p["exp"] = json!(NOW - 61),   "expired"),
        (|_, p| remove(p, "oid"),             "malformed"),
        (|_, p| p["tid"] = json!("9188040d-6c67-4c5b-b112-36a304b66dad"), "tenant"),
    ];
    for (edit, expected) in cases {
        let token = own().mint(|header, payload| {
            payload["iss"] = json!(ISSUER);
            edit(header, payload);
        });
        assert_eq!(bench.outcome(&token, bench.start).await, expected);
    }
    assert_eq!(bench.keys.status(bench.start)[0].error, None, "nothing was asked for");
    assert_eq!(bench.outcome(&mint(|_| ()), bench.start).await, "503 keys");
    assert!(bench.keys.status(bench.start)[0].error.is_some(), "now it was");
}

#[tokio::test]
async fn the_trusted_access_audience_is_judged_by_the_policy_of_the_moment() {
    let bench = Bench::new();
    let token = mint(|payload| {
        payload["aud"] = json!(TRUSTED);
        payload["idtyp"] = json!("app");
        payload["xms_mirid"] = json!(VAULT);
    });
    let now = bench.start;
    assert_eq!(bench.outcome(&token, now).await, "503 policy", "none was read yet");
    bench.publish(vec![]);
    assert_eq!(bench.outcome(&token, now).await, "trusted_access", "no binding");
    bench.publish(vec![binding(ProvisioningState::Succeeded)]);
    assert_eq!(bench.outcome(&token, now).await, "remembered", "a binding, whatever the case");
    bench.publish(vec![binding(ProvisioningState::Other("Deleting".to_owned()))]);
    assert_eq!(bench.outcome(&token, now).await, "trusted_access", "no longer in force");
    bench.publish(vec![binding(ProvisioningState::Updating)]);
    assert_eq!(bench.outcome(&token, now).await, "remembered", "in force while it changes");
    let long = mint(|payload| {
        payload["aud"] = json!(TRUSTED);
        payload["xms_mirid"] = json!(VAULT);
        payload["exp"] = json!(NOW + 10_000);
    });
    assert_eq!(bench.outcome(&long, bench.after(3600)).await, "verified");
    assert_eq!(bench.outcome(&long, bench.after(3601)).await, "503 policy", "too old");
}

#[tokio::test]
async fn only_a_managed_identity_with_a_binding_needs_a_policy() {
    let bench = Bench::new();
    let user = mint(|payload| payload["aud"] = json!(TRUSTED));
    assert_eq!(bench.outcome(&user, bench.start).await, "audience", "no managed identity");
    let own_audience = mint(|payload| payload["xms_mirid"] = json!(VAULT));
    assert_eq!(bench.outcome(&own_audience, bench.start).await, "verified", "the other audience");
    let user_assigned = mint(|payload| {
        payload["aud"] = json!(TRUSTED);
        payload["xms_mirid"] = json!(
            "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
        );
    });
    bench.publish(vec![binding(ProvisioningState::Succeeded)]);
    assert_eq!(bench.outcome(&user_assigned, bench.start).await, "trusted_access");
}

#[tokio::test]
async fn a_shortened_list_of_groups_is_no_list() {
    let bench = Bench::new();
    let overage = |payload: &mut Value| {
        remove(payload, "groups");
        payload["_claim_names"] = json!({"groups": "src1"});
        payload["_claim_sources"] = json!({"src1": {"endpoint": "https://127.0.0.1:1/never"}});
    };
    let token = mint(overage);
    for _ in 0..2 {
        let error = bench.authenticator.authenticate(&token, bench.start).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("overage") && text.contains("a11ce000-0000-4000-8000-000000000001"));
        assert_eq!(error.reason(), "groups");
    }
    let elsewhere = mint(|payload| {
        overage(payload);
        payload["aud"] = json!("another");
    });
    assert_eq!(bench.outcome(&elsewhere, bench.start).await, "audience", "refused first");
    let without = Bench::with(|settings| settings.groups_source = GroupsSource::None);
    assert_eq!(without.outcome(&token, without.start).await, "verified", "no groups are asked for");
}

#[tokio::test]
async fn while_a_document_that_could_name_the_issuer_is_unread_nobody_can_tell() {
    let read = Bench::new();
    let token = mint(|_| ());
    let v2 = format!("https://127.0.0.1:1/{TENANT}/v2.0");
    let v2_token = own().mint(|_, payload| payload["iss"] = json!(v2));
    assert_eq!(read.outcome(&v2_token, read.start).await, "not ours", "a 404 is an answer");
    read.keys.put(Version::V1, None, read.start);
    assert_eq!(read.outcome(&v2_token, read.start).await, "503 keys", "two are a mistake");
    let status = read.keys.status(read.start);
    assert!(
        status.iter().all(|issuer| !issuer.is_usable() && issuer.error.is_some()),
        "{status:?}"
    );
    assert_eq!(read.outcome("a.b.c", read.start).await, "not ours", "not a token at all");
    assert_eq!(read.outcome(&token, read.start).await, "503 keys");
}
