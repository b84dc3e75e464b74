//! What one token costs: a new one, whose signature is verified, and one that is remembered.
//!
//! Tokens are minted by the emulator in the shape of Entra's, signed with RSA 2048, and list as many
//! groups as the argument says; 200 is all that a token can list. Read the figures as time per token.
//! Budget: 30 µs for a remembered one, so that the network stays the larger part of a review.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use divan::Bencher;
use kubentra::authn::{Expectations, KeySet, Possession, UnverifiedToken};
use kubentra::azure::cloud::{Authority, Cloud};
use kubentra::azure::http;
use kubentra::clock::Now;
use kubentra::emulator::{
    AKS_SERVER_APP, Directory, Emulator, MintRequest, PopRequest, RunningEmulator,
};
use kubentra::review::token::TokenReview;
use kubentra::service::authenticator::{
    Authenticator, AuthenticatorSettings, GroupsSource, PopSettings, Verdict,
};
use kubentra::service::key_ring::{KeyRing, KeyRingSettings, TrustedIssuer};
use kubentra::service::policy_store::PolicyStore;
use serde_json::json;
use url::Url;
use uuid::Uuid;

const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
const CALLER: &str = "a11ce000-0000-4000-8000-000000000001";
const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kubernetes/connectedClusters/c";
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Groups in the token: one, a usual number, and all that a token can list.
const GROUPS: [u128; 3] = [1, 20, 200];

fn main() {
    divan::main();
}

/// An authority whose keys were fetched, and who trusts it.
struct World {
    emulator: RunningEmulator,
    authenticator: Authenticator,
    ring: Arc<KeyRing>,
    issuer: TrustedIssuer,
    keys: KeySet,
}

static WORLD: LazyLock<World> = LazyLock::new(World::start);

impl World {
    fn start() -> Self {
        let directory = format!(
            "tenants: [{TENANT}]\nusers: [{{id: {CALLER}, tenant: {TENANT}, upn: alice@contoso.example}}]"
        );
        let directory = Directory::parse(&directory).unwrap();
        let emulator = Emulator::start(directory, "127.0.0.1:0".parse().unwrap()).unwrap();
        let url = Url::parse(emulator.authority_url()).unwrap();
        let cloud = Cloud::Custom(Authority::try_from(url).unwrap());
        let settings = KeyRingSettings { cloud, tenant: TENANT.parse().unwrap() };
        let client = http::client(Some(emulator.ca_pem().as_bytes())).unwrap();
        let ring = Arc::new(KeyRing::new(settings, client));
        let settings = AuthenticatorSettings {
            audiences: vec![AKS_SERVER_APP.to_owned()],
            trusted_access_audience: None,
            username_claims: vec!["upn".to_owned(), "oid".to_owned()],
            username_prefix: String::new(),
            object_id_extra_key: "oid".to_owned(),
            clock_skew: CLOCK_SKEW,
            groups_source: GroupsSource::Token,
            max_staleness: Duration::from_secs(3600),
            pop: Some(PopSettings {
                cluster: CLUSTER.to_owned(),
                required: false,
                validity: Duration::from_secs(900),
            }),
        };
        let (_, policy) = PolicyStore::new();
        let authenticator = Authenticator::new(settings, Arc::clone(&ring), policy);
        let token = emulator.mint(&MintRequest::new(CALLER)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (issuer, keys) = runtime.block_on(async {
            let unverified = UnverifiedToken::parse(&token).unwrap();
            let now = Now::read();
            let issuer = ring.issuer_of(&unverified, now).await.unwrap().unwrap();
            let examined = unverified.examine(&expected(&ring, &issuer), epoch(now)).unwrap();
            let keys = ring.keys_of(&issuer, examined.kid(), now).await.unwrap();
            (issuer, keys)
        });
        Self { emulator, authenticator, ring, issuer, keys }
    }

    fn mint(&self, groups: u128) -> String {
        self.emulator.mint(&request(groups)).unwrap()
    }

    fn wrap(&self, groups: u128) -> String {
        self.emulator.mint(&request(groups).pop(PopRequest::new(CLUSTER))).unwrap()
    }

    /// The verdict on a token whose keys are known, which waits for nothing.
    fn authenticate(&self, token: &str) -> Verdict {
        let verdict = pin!(self.authenticator.authenticate(token, Now::read()));
        match verdict.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => verdict.unwrap(),
            Poll::Pending => panic!("it waits for something"),
        }
    }
}

fn request(groups: u128) -> MintRequest {
    let groups: Vec<_> = (1..=groups).map(|n| Uuid::from_u128(n).to_string()).collect();
    MintRequest::new(CALLER).claim("groups", groups)
}

fn expected<'a>(ring: &KeyRing, issuer: &'a TrustedIssuer) -> Expectations<'a> {
    static CLAIMS: LazyLock<Vec<String>> = LazyLock::new(|| vec!["upn".to_owned()]);
    Expectations {
        issuer: issuer.name(),
        tenant: ring.tenant(),
        clock_skew: CLOCK_SKEW,
        username_claims: &CLAIMS,
        groups: GroupsSource::Token,
        possession: Possession::Bearer,
    }
}

fn epoch(now: Now) -> Duration {
    now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

/// Reading, times and signature, without the service around them.
#[divan::bench(args = GROUPS)]
fn verify(bencher: Bencher<'_, '_>, groups: u128) {
    let world = &*WORLD;
    let (token, now) = (world.mint(groups), epoch(Now::read()));
    let expected = expected(&world.ring, &world.issuer);
    bencher.bench(|| {
        let unverified = UnverifiedToken::parse(black_box(&token)).unwrap();
        unverified.examine(&expected, now).unwrap().verify(&world.keys).unwrap()
    });
}

/// The whole verdict on a token that was never seen; minting is not measured.
#[divan::bench(args = GROUPS, sample_count = 50, sample_size = 4)]
fn authenticate_new(bencher: Bencher<'_, '_>, groups: u128) {
    let world = &*WORLD;
    bencher.with_inputs(|| world.mint(groups)).bench_refs(|token| {
        let verdict = world.authenticate(token);
        assert!(matches!(verdict, Verdict::Authenticated { remembered: false, .. }));
        verdict
    });
}

/// The same for a signed request around a token, which every `kubectl` makes anew.
#[divan::bench(args = GROUPS, sample_count = 50, sample_size = 4)]
fn authenticate_new_proof(bencher: Bencher<'_, '_>, groups: u128) {
    let world = &*WORLD;
    bencher.with_inputs(|| world.wrap(groups)).bench_refs(|request| {
        let verdict = world.authenticate(request);
        assert!(matches!(verdict, Verdict::Authenticated { remembered: false, .. }));
        verdict
    });
}

/// The whole verdict on a token that was verified before.
#[divan::bench(args = GROUPS)]
fn authenticate_remembered(bencher: Bencher<'_, '_>, groups: u128) {
    let world = &*WORLD;
    let token = world.mint(groups);
    world.authenticate(&token);
    assert!(matches!(world.authenticate(&token), Verdict::Authenticated { remembered: true, .. }));
    bencher.bench(|| world.authenticate(black_box(&token)));
}

/// From the posted bytes to the token.
#[divan::bench(args = GROUPS)]
fn parse_review(bencher: Bencher<'_, '_>, groups: u128) {
    let body = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "metadata": { "creationTimestamp": null },
        "spec": { "token": WORLD.mint(groups), "audiences": ["https://kubernetes.default.svc"] },
        "status": { "user": {} },
    })
    .to_string();
    bencher.bench(|| TokenReview::parse(black_box(body.as_bytes())).unwrap());
}

/// From the verdict to the bytes of the answer.
#[divan::bench(args = GROUPS)]
fn write_answer(bencher: Bencher<'_, '_>, groups: u128) {
    let token = WORLD.mint(groups);
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": { "token": token },
    });
    let review = TokenReview::parse(review.to_string().as_bytes()).unwrap();
    let verdict = WORLD.authenticate(&token);
    bencher.bench(|| black_box(&review).answer(black_box(&verdict)));
}
