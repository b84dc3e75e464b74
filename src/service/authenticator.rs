//! Answers token reviews: from a bearer token to an [`Identity`].
//!
//! ```text
//! token ─▶ remembered? ─no─▶ issuer ─▶ examine ─▶ keys ─▶ signature ─▶ remember ─┐
//!              └─yes─▶ times, key still published ──────────────────────────────┴▶ audience ▶ names
//! ```
//!
//! What comes in may also be a signed request around a token (semantics §11.8). Its token goes the same
//! way, with the checks of the wrapper beside its own, and whoever is let in by it is noted last, in the
//! memory of used proofs.
//!
//! What is remembered are the verified claims, under the SHA-256 of the token. What can change while
//! the token stays the same is judged at every review: the time, the signing key (a key that its
//! issuer has withdrawn vouches for nothing any more), the audience, and the trusted access binding of
//! the policy of that moment (semantics §11.7). Refusals are not remembered.

mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use moka::Expiry;
use moka::sync::Cache;

pub use self::settings::{AuthenticateError, AuthenticatorSettings, PopSettings};
use super::key_ring::{KeyRing, TrustedIssuer};
use super::policy_store::PolicyReader;
use super::seen_proofs::{Digest, NotTaken, SeenProofs};
use crate::authn::{
    Audience, Expectations, Groups, IdentityRules, Possession, ProofError, ProofExpectations,
    UnverifiedProof, UnverifiedToken, VerifiedToken,
};
pub use crate::authn::{GroupsSource, Identity, TokenError, Verdict};
use crate::clock::Now;

/// Most tokens that are remembered; with 200 groups each they take about 50 MB.
pub const MAX_REMEMBERED: u64 = 10_000;
/// Longest time for which a token is remembered, whatever its `exp`.
pub const MAX_REMEMBERED_TIME: Duration = Duration::from_secs(10 * 60);

/// Answers token reviews.
#[derive(Debug)]
pub struct Authenticator {
    settings: AuthenticatorSettings,
    keys: Arc<KeyRing>,
    policy: PolicyReader,
    remembered: Cache<Digest, Remembered>,
    proofs: SeenProofs,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// Look-ups of remembered tokens since the start, whatever became of the review.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LookUps {
    /// The token was remembered, and its key is still published.
    pub hits: u64,
    /// It was not.
    pub misses: u64,
}

/// SHA-256 of a token: the cache holds no token.
fn digest_of(token: &str) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

/// A verified token, and for how long to keep it.
#[derive(Clone, Debug)]
struct Remembered {
    token: Arc<VerifiedToken>,
    lifetime: Duration,
}

/// Takes each entry's own lifetime.
struct OwnLifetime;

impl Expiry<Digest, Remembered> for OwnLifetime {
    fn expire_after_create(&self, _: &Digest, entry: &Remembered, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }

    fn expire_after_update(
        &self,
        _: &Digest,
        entry: &Remembered,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

/// How far verification got.
enum Verification {
    Genuine(Arc<VerifiedToken>),
    Settled(Verdict),
}

impl From<TokenError> for Verification {
    fn from(error: TokenError) -> Self {
        Self::Settled(Verdict::Refused(error))
    }
}

impl Authenticator {
    /// Makes an authenticator that remembers nothing yet. Does no I/O.
    pub fn new(settings: AuthenticatorSettings, keys: Arc<KeyRing>, policy: PolicyReader) -> Self {
        let remembered =
            Cache::builder().max_capacity(MAX_REMEMBERED).expire_after(OwnLifetime).build();
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        let proofs = SeenProofs::default();
        Self { settings, keys, policy, remembered, proofs, hits, misses }
    }

    /// How often a remembered token was looked for, and found.
    pub fn look_ups(&self) -> LookUps {
        LookUps { hits: self.hits.load(Relaxed), misses: self.misses.load(Relaxed) }
    }

    /// Judges `token` at `now`.
    ///
    /// A token that was verified before costs no I/O; neither does one that is not ours, or whose key
    /// is known. For a key that is not known it waits for at most two HTTP answers
    /// ([`crate::azure::http`] bounds them), four if in a custom cloud the issuer is not known either.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]: what is needed for a verdict is out of reach (semantics §11.3, §11.7), or
    /// there is no room to remember a proof of possession (§11.8).
    pub async fn authenticate(&self, token: &str, now: Now) -> Result<Verdict, AuthenticateError> {
        let digest = digest_of(token);
        let epoch = since_epoch(now);
        if let Some(Remembered { token: verified, .. }) = self.remembered.get(&digest) {
            if self.keys.holds(verified.issuer(), verified.key(), now) {
                self.hits.fetch_add(1, Relaxed);
                return match verified.check_time(self.settings.clock_skew, epoch) {
                    Ok(()) => {
                        let verdict = self.judge(&verified, true, now)?;
                        self.note_proof(verdict, &verified, digest, epoch)
                    }
                    Err(error) => Ok(Verdict::Refused(error)),
                };
            }
            self.remembered.invalidate(&digest);
        }
        self.misses.fetch_add(1, Relaxed);
        match self.verify(token, now).await? {
            Verification::Settled(verdict) => Ok(verdict),
            Verification::Genuine(verified) => {
                let remaining = verified.remaining(self.settings.clock_skew, epoch);
                let lifetime = remaining.min(MAX_REMEMBERED_TIME);
                let entry = Remembered { token: Arc::clone(&verified), lifetime };
                if verified.proof().is_none() {
                    self.remembered.insert(digest, entry);
                    return self.judge(&verified, false, now);
                }
                let verdict = self.judge(&verified, false, now)?;
                let verdict = self.note_proof(verdict, &verified, digest, epoch)?;
                // Callers make as many of these as they like: only those that are noted, of which one
                // caller has so many and no more, may push others out.
                if matches!(verdict, Verdict::Authenticated { .. }) {
                    self.remembered.insert(digest, entry);
                }
                Ok(verdict)
            }
        }
    }

    /// Everything about the token that stays true as long as its key does.
    async fn verify(&self, token: &str, now: Now) -> Result<Verification, AuthenticateError> {
        let Some(unverified) = UnverifiedToken::parse(token) else {
            return Ok(Verification::Settled(Verdict::NotOurs));
        };
        if let Some(issuer) = self.keys.issuer_of(&unverified, now).await? {
            return self.verify_as(&unverified, &issuer, Possession::Bearer, now).await;
        }
        let foreign = Ok(Verification::Settled(Verdict::NotOurs));
        let Some(pop) = &self.settings.pop else { return foreign };
        let Some(proof) = UnverifiedProof::parse(&unverified) else { return foreign };
        let Some(inner) = UnverifiedToken::parse(proof.token()) else { return foreign };
        let Some(issuer) = self.keys.issuer_of(&inner, now).await? else { return foreign };
        let expected = ProofExpectations {
            cluster: &pop.cluster,
            validity: pop.validity,
            clock_skew: self.settings.clock_skew,
        };
        self.verify_as(&inner, &issuer, Possession::Proof(&proof, expected), now).await
    }

    /// The same for a token of an issuer of ours, however it came.
    async fn verify_as(
        &self,
        unverified: &UnverifiedToken<'_>,
        issuer: &TrustedIssuer,
        possession: Possession<'_>,
        now: Now,
    ) -> Result<Verification, AuthenticateError> {
        let expected = Expectations {
            issuer: issuer.name(),
            tenant: self.keys.tenant(),
            clock_skew: self.settings.clock_skew,
            username_claims: &self.settings.username_claims,
            groups: self.settings.groups_source,
            possession,
        };
        let examined = match unverified.examine(&expected, since_epoch(now)) {
            Ok(examined) => examined,
            Err(error) => return Ok(error.into()),
        };
        let keys = self.keys.keys_of(issuer, examined.kid(), now).await?;
        Ok(match examined.verify(&keys) {
            Ok(verified) => Verification::Genuine(Arc::new(verified)),
            Err(error) => error.into(),
        })
    }

    /// Everything about a verified token that depends on configuration and on the moment.
    fn judge(
        &self,
        token: &VerifiedToken,
        remembered: bool,
        now: Now,
    ) -> Result<Verdict, AuthenticateError> {
        let (claims, settings) = (token.claims(), &self.settings);
        let trusted_access = settings.trusted_access_audience.as_deref();
        match Audience::of(claims, &settings.audiences, trusted_access) {
            Audience::Everyone => {
                let required = settings.pop.as_ref().is_some_and(|pop| pop.required);
                if required && token.proof().is_none() {
                    return Ok(Verdict::Refused(ProofError::Required.into()));
                }
            }
            Audience::Other => return Ok(Verdict::Refused(TokenError::Audience)),
            Audience::TrustedAccess => {
                let policy = self.policy.current(settings.max_staleness, now)?.policy;
                let identity = claims.managed_identity();
                if !identity.is_some_and(|id| policy.trusts_managed_identity(&id)) {
                    return Ok(Verdict::Refused(TokenError::AudienceWithoutBinding));
                }
            }
        }
        let groups = match &claims.groups {
            Groups::Listed(groups) => groups.clone(),
            Groups::Overage => return Err(AuthenticateError::Groups(claims.object_id)),
        };
        let rules = IdentityRules {
            username_prefix: &settings.username_prefix,
            object_id_extra_key: &settings.object_id_extra_key,
        };
        Ok(match Identity::new(claims, groups, rules) {
            Ok(identity) => Verdict::Authenticated { identity, remembered },
            Err(error) => Verdict::Refused(error),
        })
    }
}

impl Authenticator {
    /// Notes the proof by which a caller is let in; `verdict` stays, unless the proof is a replay.
    ///
    /// Whoever is refused is not noted: the memory is for callers of this cluster only.
    fn note_proof(
        &self,
        verdict: Verdict,
        token: &VerifiedToken,
        wrapper: Digest,
        epoch: Duration,
    ) -> Result<Verdict, AuthenticateError> {
        let (Verdict::Authenticated { .. }, Some(proof)) = (&verdict, token.proof()) else {
            return Ok(verdict);
        };
        match self.proofs.take(proof, wrapper, token.claims().object_id, epoch) {
            Ok(()) => Ok(verdict),
            Err(NotTaken::Full) => Err(AuthenticateError::Proofs),
            Err(NotTaken::Replayed) => Ok(Verdict::Refused(ProofError::Replayed.into())),
            Err(NotTaken::TooMany) => Ok(Verdict::Refused(ProofError::TooMany.into())),
        }
    }
}

/// The calendar time as tokens count it. A clock before 1970 makes every token not yet valid.
fn since_epoch(now: Now) -> Duration {
    now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
