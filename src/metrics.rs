//! Metrics: every name and label in one list, and what the numbers mean.
//!
//! Label values are words of a fixed set, or the URL of a configured issuer. Labels hold
//! no identity, no name and no token.
//!
//! | name | labels | meaning |
//! | --- | --- | --- |
//! | `kubentra_decisions_total` | `outcome`, `grant`, `reason` | access reviews by answer |
//! | `kubentra_token_reviews_total` | `result`, `reason` | token reviews by answer |
//! | `kubentra_review_duration_seconds` | `review` | from the whole head to the answer |
//! | `kubentra_reviews_in_flight` | | reviews whose answer is not ready |
//! | `kubentra_cache_requests_total` | `cache`, `result` | look-ups of what is remembered |
//! | `kubentra_policy_generation` | | rises with each change of the policy; 0: none yet |
//! | `kubentra_policy_age_seconds` | | since the policy was last read whole; +Inf: never |
//! | `kubentra_policy_problems` | `kind` | policy objects that are not understood, or doubtful |
//! | `kubentra_keys_age_seconds` | `issuer` | since the signing keys were fetched; +Inf: never |
//! | `kubentra_build_info` | `version` | always 1 |
//! | `kubentra_certificate_expiry_timestamp_seconds` | | end of the server certificate, Unix time |
//! | `kubentra_client_ca_expiry_timestamp_seconds` | | first end of a client authority; +Inf: none |
//! | `kubentra_tls_reload_failing` | | 1 while the certificate files on disk cannot be used |
//! | `kubentra_handshake_failures_total` | `reason` | connections that ended before a request |
//!
//! Ages are infinite, not absent, while there is nothing to be old, so that an alert on a high age
//! fires then too.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the duration buckets, in seconds: a decision takes microseconds, a cold token
/// review waits for the network.
const DURATION_BUCKETS: [f64; 15] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5,
    5.0, 10.0,
];

/// Which review; the `review` label.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReviewKind {
    /// `TokenReview`.
    Token,
    /// `SubjectAccessReview`.
    Access,
}

impl ReviewKind {
    /// The label's value.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Access => "access",
        }
    }
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct DecisionLabels {
    outcome: &'static str,
    grant: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct TokenLabels {
    result: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ReviewLabels {
    review: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CacheLabels {
    cache: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct IssuerLabels {
    issuer: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ReasonLabels {
    reason: &'static str,
}

/// A gauge with a fraction.
type Seconds = Gauge<f64, AtomicU64>;

/// All metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    token_reviews: Family<TokenLabels, Counter>,
    durations: [Histogram; 2],
    in_flight: Gauge,
    cache_requests: Family<CacheLabels, Counter>,
    policy_generation: Gauge,
    policy_age: Seconds,
    policy_problems: Family<KindLabels, Gauge>,
    keys_age: Family<IssuerLabels, Seconds>,
    certificate_expiry: Gauge,
    client_ca_expiry: Seconds,
    tls_reload_failing: Gauge,
    handshake_failures: Family<ReasonLabels, Counter>,
}

/// What is measured at each scrape rather than at each event.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The policy's generation; 0: none yet.
    pub policy_generation: u64,
    /// Since the policy was last read whole; none: never.
    pub policy_age: Option<Duration>,
    /// Problems of the policy in force, counted by kind.
    pub policy_problems: BTreeMap<&'static str, u32>,
    /// Age of the keys of each issuer; none: never fetched.
    pub keys: Vec<(String, Option<Duration>)>,
    /// Look-ups of remembered tokens since the start that found one.
    pub token_cache_hits: u64,
    /// Those that did not.
    pub token_cache_misses: u64,
}

fn duration_histogram() -> Histogram {
    Histogram::new(DURATION_BUCKETS)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers every metric. Counters that are watched for a rate exist from the start, as zero.
    #[must_use]
    pub fn new() -> Self {
        let durations: Family<ReviewLabels, Histogram> =
            Family::new_with_constructor(duration_histogram);
        let metrics = Self {
            durations: [ReviewKind::Token, ReviewKind::Access].map(|review| {
                durations.get_or_create(&ReviewLabels { review: review.label() }).clone()
            }),
            registry: Registry::default(),
            decisions: Family::default(),
            token_reviews: Family::default(),
            in_flight: Gauge::default(),
            cache_requests: Family::default(),
            policy_generation: Gauge::default(),
            policy_age: Seconds::default(),
            policy_problems: Family::default(),
            keys_age: Family::default(),
            certificate_expiry: Gauge::default(),
            client_ca_expiry: Seconds::default(),
            tls_reload_failing: Gauge::default(),
            handshake_failures: Family::default(),
        };
        metrics.decision("error", "none", "policy", 0);
        metrics.token_review("unavailable", "keys", 0);
        for result in ["hit", "miss"] {
            drop(metrics.cache_requests.get_or_create(&CacheLabels { cache: TOKEN_CACHE, result }));
        }
        drop(metrics.handshake_failures.get_or_create(&ReasonLabels { reason: "timeout" }));
        metrics.registered(durations)
    }

    fn registered(mut self, durations: Family<ReviewLabels, Histogram>) -> Self {
        let to = &mut self.registry;
        // The library appends `_total` to counters and `_info` to infos.
        to.register("kubentra_decisions", "Access reviews by answer", self.decisions.clone());
        to.register(
            "kubentra_token_reviews",
            "Token reviews by answer",
            self.token_reviews.clone(),
        );
        to.register(
            "kubentra_review_duration_seconds",
            "Time from a review's head to its answer",
            durations,
        );
        to.register(
            "kubentra_reviews_in_flight",
            "Reviews whose answer is not ready",
            self.in_flight.clone(),
        );
        to.register(
            "kubentra_cache_requests",
            "Look-ups of what is remembered",
            self.cache_requests.clone(),
        );
        to.register(
            "kubentra_policy_generation",
            "Rises with each change of the policy, 0 before the first",
            self.policy_generation.clone(),
        );
        to.register(
            "kubentra_policy_age_seconds",
            "Time since the policy was last read whole, infinite before",
            self.policy_age.clone(),
        );
        to.register(
            "kubentra_policy_problems",
            "Policy objects that are not understood or doubtful",
            self.policy_problems.clone(),
        );
        to.register(
            "kubentra_keys_age_seconds",
            "Time since the issuer's signing keys were fetched, infinite before",
            self.keys_age.clone(),
        );
        to.register(
            "kubentra_certificate_expiry_timestamp_seconds",
            "End of the server certificate as Unix time",
            self.certificate_expiry.clone(),
        );
        to.register(
            "kubentra_client_ca_expiry_timestamp_seconds",
            "First end of a client authority as Unix time, infinite without any",
            self.client_ca_expiry.clone(),
        );
        to.register(
            "kubentra_tls_reload_failing",
            "1 while the certificate files on disk cannot be used",
            self.tls_reload_failing.clone(),
        );
        to.register(
            "kubentra_handshake_failures",
            "Connections that ended before a request",
            self.handshake_failures.clone(),
        );
        to.register(
            "kubentra_build",
            "The program's version",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        self
    }

    /// Counts an answered (or failed) access review; the labels are those of [`Metrics`].
    pub fn decision(
        &self,
        outcome: &'static str,
        grant: &'static str,
        reason: &'static str,
        by: u64,
    ) {
        self.decisions.get_or_create(&DecisionLabels { outcome, grant, reason }).inc_by(by);
    }

    /// Counts an answered (or failed) token review.
    pub fn token_review(&self, result: &'static str, reason: &'static str, by: u64) {
        self.token_reviews.get_or_create(&TokenLabels { result, reason }).inc_by(by);
    }

    /// Notes how long a review took.
    pub fn review_took(&self, review: ReviewKind, duration: Duration) {
        let [token, access] = &self.durations;
        match review {
            ReviewKind::Token => token,
            ReviewKind::Access => access,
        }
        .observe(duration.as_secs_f64());
    }

    /// Counts a review as in flight for as long as the guard lives, however it ends.
    #[must_use]
    pub fn review_in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts a connection that ended before a request; `reason` is a word of a fixed set.
    pub fn handshake_failed(&self, reason: &'static str) {
        self.handshake_failures.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Notes the ends of the certificate in use and of the client authority that ends first, and
    /// whether the files on disk could be used.
    pub fn tls(&self, expiry: SystemTime, client_ca_expiry: Option<SystemTime>, failing: bool) {
        let since_epoch =
            |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = since_epoch(expiry).as_secs();
        self.certificate_expiry.set(i64::try_from(seconds).unwrap_or(i64::MAX));
        let authority = client_ca_expiry.map_or(f64::INFINITY, |at| since_epoch(at).as_secs_f64());
        self.client_ca_expiry.set(authority);
        self.tls_reload_failing.set(i64::from(failing));
    }

    /// The page for Prometheus: what was counted, and `observed` now.
    #[must_use]
    pub fn render(&self, observed: &Observed) -> String {
        let Observed { policy_generation, policy_age, policy_problems, keys, .. } = observed;
        let look_ups = [("hit", observed.token_cache_hits), ("miss", observed.token_cache_misses)];
        for (result, count) in look_ups {
            let labels = CacheLabels { cache: TOKEN_CACHE, result };
            // Counted elsewhere, and only ever upwards.
            self.cache_requests.get_or_create(&labels).inner().fetch_max(count, Relaxed);
        }
        let seconds = |age: &Option<Duration>| age.map_or(f64::INFINITY, |age| age.as_secs_f64());
        self.policy_generation.set(i64::try_from(*policy_generation).unwrap_or(i64::MAX));
        self.policy_age.set(seconds(policy_age));
        // Kinds that are gone must not keep their last count.
        self.policy_problems.clear();
        for (&kind, &count) in policy_problems {
            self.policy_problems.get_or_create(&KindLabels { kind }).set(i64::from(count));
        }
        // Nor may an issuer that is known by another name since its document was read.
        self.keys_age.clear();
        for (issuer, age) in keys {
            let labels = IssuerLabels { issuer: issuer.clone() };
            self.keys_age.get_or_create(&labels).set(seconds(age));
        }
        let mut page = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut page, &self.registry);
        page
    }
}

/// A review that is counted as in flight; see [`Metrics::review_in_flight`].
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The `cache` label of remembered tokens.
const TOKEN_CACHE: &str = "token";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_name_from_the_start() {
        let observed = Observed {
            policy_problems: BTreeMap::from([("role_unknown", 2)]),
            keys: vec![("https://sts.example.com/".to_owned(), None)],
            ..Observed::default()
        };
        let page = Metrics::new().render(&observed);
        assert!(page.ends_with("# EOF\n"));
        // Series of one metric have no fixed order.
        let mut lines: Vec<_> = page.lines().filter(|line| !line.contains("_bucket")).collect();
        lines.sort_unstable();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_problem_that_is_gone_is_not_counted_any_more() {
        let metrics = Metrics::new();
        let mut observed = Observed::default();
        observed.policy_problems.insert("role_unknown", 1);
        assert!(metrics.render(&observed).contains(r#"kind="role_unknown""#));
        observed.policy_problems.clear();
        assert!(!metrics.render(&observed).contains(r#"kind="role_unknown""#));
    }
}
