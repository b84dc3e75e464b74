//! Whether the server can answer reviews, and why not; and what a scrape finds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::health::Health;
use super::stop::Stop;
use super::tls::{TlsStatus, TlsStatusReader};
use crate::authz::snapshot::PROBLEM_KINDS;
use crate::clock::Now;
use crate::metrics::Observed;
use crate::service::authenticator::Authenticator;
use crate::service::key_ring::KeyRing;
use crate::service::policy_store::PolicyReader;
use crate::service::policy_sync::PolicyStatus;

/// Where readiness looks.
#[derive(Clone, Debug)]
pub struct Probes {
    /// The policy.
    pub policy: PolicyReader,
    /// Age at which the policy is too old.
    pub max_staleness: Duration,
    /// Whether access is decided. If not (semantics §8.3), only trusted access needs the policy: what
    /// is wrong with it is shown, and the server is ready all the same.
    pub decides_access: bool,
    /// How the last look at the policy directory went; none: there is no directory.
    pub policy_status: Option<watch::Receiver<PolicyStatus>>,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// Who remembers tokens.
    pub authenticator: Arc<Authenticator>,
    /// The certificates.
    pub tls: TlsStatusReader,
    /// Whether everything runs that must.
    pub health: Arc<Health>,
    /// Whether the server is on its way out.
    pub stop: Stop,
}

/// The kind under which a directory that cannot be read is counted beside the problems of a policy.
const BROKEN_DIRECTORY: &str = "broken_directory";

/// One condition of readiness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Check {
    name: String,
    is_good: bool,
    /// One line.
    detail: String,
}

impl Check {
    fn new(name: impl Into<String>, is_good: bool, detail: impl Into<String>) -> Self {
        Self { name: name.into(), is_good, detail: detail.into() }
    }
}

/// The page of `/readyz`, and whether all is good.
pub(super) fn page(checks: &[Check]) -> (bool, String) {
    let is_ready = checks.iter().all(|check| check.is_good);
    let mut page = String::new();
    for Check { name, is_good, detail } in checks {
        let sign = if *is_good { '+' } else { '-' };
        // Writing to a string does not fail.
        let _ = writeln!(page, "[{sign}] {name}: {detail}");
    }
    page.push_str(if is_ready { "ready\n" } else { "not ready\n" });
    (is_ready, page)
}

impl Probes {
    /// Every condition of readiness, in a fixed order.
    pub(super) fn checks(&self, now: Now) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Some(task) = self.health.ended() {
            checks.push(Check::new("alive", false, format!("the task `{task}` has ended")));
        }
        if self.stop.is_requested() {
            checks.push(Check::new("running", false, "stopping: open requests finish"));
        }
        if self.decides_access || self.policy_status.is_some() {
            checks.push(self.policy_check(now));
        }
        checks.extend(self.key_checks(now));
        checks.push(self.tls_check(now));
        checks
    }

    fn policy_check(&self, now: Now) -> Check {
        let status = self.policy_status.as_ref().map(|status| status.borrow().clone());
        let fault = status.and_then(|status| status.last_error);
        match self.policy.current(self.max_staleness, now) {
            Ok(published) => {
                let (generation, age) = (published.generation, published.age(now).as_secs());
                let mut detail = format!("generation {generation}, read {age} s ago");
                if let Some(fault) = fault {
                    let _ = write!(detail, "; the last good policy is kept: {fault}");
                }
                Check::new("policy", true, detail)
            }
            Err(error) => {
                let mut detail = fault.map_or_else(
                    || error.to_string(),
                    |fault| format!("{error}; the policy files: {fault}"),
                );
                if !self.decides_access {
                    detail.push_str("; tokens for trusted access get 503, all else is answered");
                }
                Check::new("policy", !self.decides_access, detail)
            }
        }
    }

    fn key_checks(&self, now: Now) -> impl Iterator<Item = Check> {
        self.keys.status(now).into_iter().map(|status| {
            let mut detail = match status.age {
                Some(age) => format!("read {} s ago", age.as_secs()),
                None => "not read yet".to_owned(),
            };
            if let Some(error) = &status.error {
                let _ = write!(detail, "; the last try failed: {error}");
            }
            Check::new(format!("keys of {}", status.issuer), status.is_usable(), detail)
        })
    }

    fn tls_check(&self, now: Now) -> Check {
        tls_check(&self.tls.get(), now)
    }

    /// What a scrape finds.
    pub(super) fn observed(&self, now: Now) -> Observed {
        let published = self.policy.latest();
        // A series that appears with its first count cannot be watched for a rise: all are there.
        let mut policy_problems = BTreeMap::from(PROBLEM_KINDS.map(|kind| (kind, 0)));
        let broken = self.policy_status.as_ref().is_some_and(|s| s.borrow().last_error.is_some());
        policy_problems.insert(BROKEN_DIRECTORY, u32::from(broken));
        for problem in published.iter().flat_map(|published| published.policy.problems()) {
            *policy_problems.entry(problem.kind).or_insert(0) += 1;
        }
        let keys = self.keys.status(now).into_iter().map(|status| (status.issuer, status.age));
        let look_ups = self.authenticator.look_ups();
        Observed {
            policy_generation: published.as_ref().map_or(0, |published| published.generation),
            policy_age: published.map(|published| published.age(now)),
            policy_problems,
            keys: keys.collect(),
            token_cache_hits: look_ups.hits,
            token_cache_misses: look_ups.misses,
        }
    }
}

/// Clients refuse a server certificate out of its time, so the server is not ready with one. They do
/// not see the end of a client authority, and our side goes on trusting it: that is a detail.
fn tls_check(status: &TlsStatus, now: Now) -> Check {
    let verb = |end: SystemTime| if now.wall < end { "ends" } else { "ended" };
    let is_good = status.valid_from <= now.wall && now.wall < status.expiry;
    let mut detail = if now.wall < status.valid_from {
        format!("the certificate is not good before {}", date(status.valid_from))
    } else {
        format!("the certificate {} {}", verb(status.expiry), date(status.expiry))
    };
    if let Some(end) = status.client_ca_expiry {
        let _ = write!(detail, "; a client authority {} {}", verb(end), date(end));
    }
    if let Some(error) = &status.error {
        let _ = write!(detail, "; the last good certificates are kept: {error}");
    }
    Check::new("tls", is_good, detail)
}

/// A moment as RFC 3339, to the second.
fn date(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| "never".to_owned(), |at| format!("{at:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lists_each_check_with_its_reason() {
        let checks = [
            Check::new("policy", true, "generation 3, read 0 s ago"),
            Check::new("keys of https://sts.example.com/", false, "not read yet"),
        ];
        let (is_ready, text) = page(&checks);
        assert!(!is_ready);
        insta::assert_snapshot!(text, @r"
        [+] policy: generation 3, read 0 s ago
        [-] keys of https://sts.example.com/: not read yet
        not ready
        ");
        assert_eq!(page(&[]), (true, "ready\n".to_owned()));
    }

    #[test]
    fn the_times_of_certificates_are_told_and_only_the_servers_count() {
        let second = |n| SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000 + n);
        let status = |authority: Option<u64>| TlsStatus {
            valid_from: second(10),
            expiry: second(20),
            client_ca_expiry: authority.map(second),
            error: None,
        };
        #[rustfmt::skip]
        let cases = [
            (9,  None,     false, "the certificate is not good before 2030-03-17T17:46:50Z"),
            (10, None,     true,  "the certificate ends 2030-03-17T17:47:00Z"),
            (19, Some(15), true,  "the certificate ends 2030-03-17T17:47:00Z; a client authority ended 2030-03-17T17:46:55Z"),
            (20, Some(25), false, "the certificate ended 2030-03-17T17:47:00Z; a client authority ends 2030-03-17T17:47:05Z"),
        ];
        for (at, authority, is_good, detail) in cases {
            let now = Now { wall: second(at), ..Now::read() };
            let expected = Check::new("tls", is_good, detail);
            assert_eq!(tls_check(&status(authority), now), expected);
        }
    }

    #[test]
    fn a_date_is_readable() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
        assert_eq!(date(at), "2030-03-17T17:46:40Z");
    }
}
