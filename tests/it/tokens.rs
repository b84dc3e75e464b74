//! Tokens over real HTTPS against the emulator: honest ones of every kind, and every broken one that
//! it can mint.

mod keys;
mod pop;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kubentra::azure::cloud::{Authority, Cloud};
use kubentra::azure::http;
use kubentra::clock::Now;
use kubentra::emulator::{
    Directory, Emulator, Fault, Flaw, MintRequest, Rotation, RunningEmulator, TokenVersion,
};
use kubentra::service::authenticator::{
    AuthenticateError, Authenticator, AuthenticatorSettings, GroupsSource, PopSettings, Verdict,
};
use kubentra::service::key_ring::{KeyRing, KeyRingSettings};
use kubentra::service::policy_store::PolicyStore;
use url::Url;

const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kubernetes/connectedClusters/c";
const AUDIENCE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const DIRECTORY: &str = "
tenants: [aaaabbbb-0000-4ccc-8111-dddd2222eeee]
users:
  - {id: a11ce000-0000-4000-8000-000000000001, tenant: aaaabbbb-0000-4ccc-8111-dddd2222eeee,
     upn: alice@contoso.example}
groups:
  - {id: 90000000-0000-4000-8000-000000000001, members: [a11ce000-0000-4000-8000-000000000001]}
servicePrincipals:
  - {id: b0700000-0000-4000-8000-000000000002, appId: b07a0000-0000-4000-8000-000000000002,
     secret: s, name: pipeline}
managedIdentities:
  - id: c0700000-0000-4000-8000-000000000003
    appId: c07a0000-0000-4000-8000-000000000003
    resourceId: /subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/backupVaults/v
    name: vault
";
/// The discovery documents, and what of theirs a fault can strike.
const V1: &str = "/aaaabbbb-0000-4ccc-8111-dddd2222eeee/.well-known";
const V2: &str = "/aaaabbbb-0000-4ccc-8111-dddd2222eeee/v2.0/.well-known";

/// An authority, and a server that trusts it. The server's background task runs only where a test
/// starts it, so that every request to the authority has a known cause.
struct World {
    emulator: RunningEmulator,
    keys: Arc<KeyRing>,
    authenticator: Arc<Authenticator>,
    start: Now,
}

impl World {
    fn new() -> Self {
        let directory = Directory::parse(DIRECTORY).unwrap();
        let emulator = Emulator::start(directory, "127.0.0.1:0".parse().unwrap()).unwrap();
        let ca = emulator.ca_pem().to_owned();
        Self::trusting(emulator, &ca)
    }

    fn trusting(emulator: RunningEmulator, ca_pem: &str) -> Self {
        let url = Url::parse(emulator.authority_url()).unwrap();
        let cloud = Cloud::Custom(Authority::try_from(url).unwrap());
        let settings = KeyRingSettings { cloud, tenant: TENANT.parse().unwrap() };
        let client = http::client(Some(ca_pem.as_bytes())).unwrap();
        let keys = Arc::new(KeyRing::new(settings, client));
        let (_, policy) = PolicyStore::new();
        let settings = AuthenticatorSettings {
            audiences: vec![AUDIENCE.to_owned()],
            trusted_access_audience: None,
            username_claims: vec!["upn".to_owned(), "oid".to_owned()],
            username_prefix: String::new(),
            object_id_extra_key: "oid".to_owned(),
            clock_skew: Duration::from_secs(60),
            groups_source: GroupsSource::Token,
            max_staleness: Duration::from_secs(3600),
            pop: Some(PopSettings {
                cluster: CLUSTER.to_owned(),
                required: false,
                validity: Duration::from_secs(900),
            }),
        };
        let authenticator = Arc::new(Authenticator::new(settings, Arc::clone(&keys), policy));
        Self { emulator, keys, authenticator, start: Now::read() }
    }

    fn mint(&self, request: &MintRequest) -> String {
        self.emulator.mint(request).unwrap()
    }

    fn alice(&self) -> String {
        self.mint(&MintRequest::new("alice@contoso.example"))
    }

    /// The outcome in a word or two, some seconds after the start by all clocks.
    async fn outcome(&self, token: &str, seconds: u64) -> &'static str {
        let by = Duration::from_secs(seconds);
        let now = Now { wall: self.start.wall + by, monotonic: self.start.monotonic + by };
        match self.authenticator.authenticate(token, now).await {
            Ok(Verdict::Authenticated { .. }) => "ok",
            Ok(Verdict::NotOurs) => "not ours",
            Ok(Verdict::Refused(error)) => error.reason(),
            Err(error) => match error {
                AuthenticateError::Groups(_) => "503 groups",
                AuthenticateError::Keys(_) => "503 keys",
                AuthenticateError::Policy(_) => "503 policy",
                AuthenticateError::Proofs => "503 proofs",
            },
        }
    }

    /// How often keys were fetched, or at least asked for.
    fn fetches(&self, document: &str) -> u64 {
        self.emulator.faults().requests(document)
    }

    fn rotate(&self, keep_old: bool) {
        self.emulator.rotate(Rotation { keep_old, ..Rotation::default() }).unwrap();
    }

    fn fault(&self, fault: Fault) {
        self.emulator.faults().add(fault).unwrap();
    }
}

#[tokio::test]
async fn honest_tokens_of_every_kind_authenticate() {
    let world = World::new();
    #[rustfmt::skip]
    let cases = [
        // (identity,              version,          username)
        ("alice@contoso.example",  TokenVersion::V1, "alice@contoso.example"),
        ("alice@contoso.example",  TokenVersion::V2, "a11ce000-0000-4000-8000-000000000001"),
        ("pipeline",               TokenVersion::V1, "b0700000-0000-4000-8000-000000000002"),
        ("pipeline",               TokenVersion::V2, "b0700000-0000-4000-8000-000000000002"),
        ("vault",                  TokenVersion::V1, "c0700000-0000-4000-8000-000000000003"),
    ];
    let mut shown = BTreeMap::new();
    for (identity, version, username) in cases {
        let token = world.mint(&MintRequest::new(identity).version(version));
        let verdict = world.authenticator.authenticate(&token, world.start).await.unwrap();
        let Verdict::Authenticated { identity: found, .. } = verdict else {
            panic!("{identity} {version:?}: {verdict:?}");
        };
        assert_eq!(found.username, username, "{identity} {version:?}");
        let keys = found.extra.into_keys().collect::<Vec<_>>().join(" ");
        let groups = found.groups.len();
        shown.insert(format!("{identity} {version:?}"), format!("{groups} groups; {keys}"));
    }
    insta::assert_debug_snapshot!(shown, @r#"
    {
        "alice@contoso.example V1": "1 groups; kubentra.io/appid kubentra.io/tid oid",
        "alice@contoso.example V2": "1 groups; kubentra.io/appid kubentra.io/tid oid",
        "pipeline V1": "0 groups; kubentra.io/appid kubentra.io/idtyp kubentra.io/tid oid",
        "pipeline V2": "0 groups; kubentra.io/appid kubentra.io/idtyp kubentra.io/tid oid",
        "vault V1": "0 groups; kubentra.io/appid kubentra.io/idtyp kubentra.io/mirid kubentra.io/tid oid",
    }
    "#);
    assert_eq!((world.fetches(V1), world.fetches(V2)), (1, 1), "each document once");
}

#[tokio::test]
async fn no_broken_token_authenticates() {
    let world = World::new();
    // The key that `old-key` is signed with was there, and is gone.
    world.rotate(false);
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    let mut table = String::new();
    for flaw in Flaw::ALL {
        let name = serde_json::to_value(flaw).unwrap();
        let request = MintRequest::new("alice@contoso.example").flaw(flaw);
        let outcome = world.outcome(&world.mint(&request), 0).await;
        table.push_str(&format!("{:24}{outcome}\n", name.as_str().unwrap()));
    }
    insta::assert_snapshot!(table, @r"
    bad-signature           signature
    empty-signature         signature
    none                    algorithm
    hs256-with-public-key   algorithm
    unknown-kid             key
    no-kid                  malformed
    stranger-key            signature
    old-key                 key
    expired                 expired
    not-yet-valid           not_yet_valid
    no-exp                  malformed
    no-nbf                  malformed
    null-exp                malformed
    string-exp              malformed
    wrong-tenant            tenant
    wrong-issuer            not ours
    foreign-issuer          not ours
    no-issuer               not ours
    wrong-audience          audience
    embedded-jwk            header
    attacker-jwk            header
    jku                     header
    x5u                     header
    x5c                     header
    crit                    header
    duplicate-claim         malformed
    duplicate-header        malformed
    truncated               signature
    two-parts               not ours
    five-parts              not ours
    padded                  signature
    oversized               malformed
    deep                    malformed
    not-json                not ours
    not-an-object           not ours
    es256                   algorithm
    ps256                   algorithm
    overage                 503 groups
    hasgroups               503 groups
    ");
}
