//! Answers token reviews: from a bearer token to an [`Identity`].
//!
//! ```text
//! token ─▶ remembered? ─no─▶ issuer ─▶ examine ─▶ keys ─▶ signature ─▶ remember ─┐
//!              └─yes─▶ times, key still published ──────────────────────────────┴▶ audience ▶ names
//! ```
//!
//! What is remembered are the verified claims, under the SHA-256 of the token. What can change while
//! the token stays the same is judged at every review: the time, the signing key (a key that its
//! issuer has withdrawn vouches for nothing any more), the audience, and the trusted access binding of
//! the policy of that moment (semantics §11.7). Refusals are not remembered.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use moka::Expiry;
use moka::sync::Cache;
use thiserror::Error;

use super::key_ring::{KeyRing, KeysUnavailable};
use super::policy_store::{PolicyReader, PolicyUnavailable};
use crate::authn::{Audience, Expectations, Groups, IdentityRules, UnverifiedToken, VerifiedToken};
pub use crate::authn::{GroupsSource, Identity, TokenError, Verdict};
use crate::authz::principal::ObjectId;
use crate::clock::Now;

/// Most tokens that are remembered; with 200 groups each they take about 50 MB.
pub const MAX_REMEMBERED: u64 = 10_000;
/// Longest time for which a token is remembered, whatever its `exp`.
pub const MAX_REMEMBERED_TIME: Duration = Duration::from_secs(10 * 60);

/// How tokens are judged (configuration `entra`, `groups`, `trustedAccess`, `policy`).
#[derive(Clone, Debug)]
pub struct AuthenticatorSettings {
    /// `entra.audiences`: audiences for everyone, compared exactly.
    pub audiences: Vec<String>,
    /// `trustedAccess.audience`: the audience for managed identities that a binding names; `None` for
    /// no such audience.
    pub trusted_access_audience: Option<String>,
    /// `entra.usernameClaims`: claims that may name the user, the preferred first.
    pub username_claims: Vec<String>,
    /// `entra.usernamePrefix`: put before every username; may be empty.
    pub username_prefix: String,
    /// `entra.objectIdExtraKey`: key of the object id in `extra`.
    pub object_id_extra_key: String,
    /// `entra.clockSkew`: leeway for `exp` and `nbf`.
    pub clock_skew: Duration,
    /// `groups.source`.
    pub groups_source: GroupsSource,
    /// `policy.maxStaleness`: age from which the policy cannot vouch for a binding.
    pub max_staleness: Duration,
}

/// Why a token got no verdict. Each is HTTP 503, which the API server does not cache.
#[derive(Debug, Error)]
pub enum AuthenticateError {
    /// The caller's groups are not in the token.
    #[error(
        "the groups of object id `{0}` are not in its token (group overage: it is in more groups than \
         a token holds), and asking Microsoft Graph for them is not built in yet; let Entra emit only \
         the groups assigned to the application, or set `groups.source` to `none`"
    )]
    Groups(ObjectId),
    /// Keys, or the name of an issuer, are out of reach.
    #[error("cannot verify the token")]
    Keys(#[from] KeysUnavailable),
    /// The trusted access audience needs a policy.
    #[error("cannot judge a token for the trusted access audience")]
    Policy(#[from] PolicyUnavailable),
}

impl AuthenticateError {
    /// The kind of failure, as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Groups(_) => "groups",
            Self::Keys(_) => "keys",
            Self::Policy(_) => "policy",
        }
    }
}

/// Answers token reviews.
#[derive(Debug)]
pub struct Authenticator {
    settings: AuthenticatorSettings,
    keys: Arc<KeyRing>,
    policy: PolicyReader,
    remembered: Cache<TokenDigest, Remembered>,
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
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct TokenDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenDigest {
    fn of(token: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// A verified token, and for how long to keep it.
#[derive(Clone, Debug)]
struct Remembered {
    token: Arc<VerifiedToken>,
    lifetime: Duration,
}

/// Takes each entry's own lifetime.
struct OwnLifetime;

impl Expiry<TokenDigest, Remembered> for OwnLifetime {
    fn expire_after_create(
        &self,
        _: &TokenDigest,
        entry: &Remembered,
        _: Instant,
    ) -> Option<Duration> {
        Some(entry.lifetime)
    }

    fn expire_after_update(
        &self,
        _: &TokenDigest,
        entry: &Remembered,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

/// How far verification got.
enum Verification {
    Genuine(VerifiedToken),
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
        Self { settings, keys, policy, remembered, hits, misses }
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
    /// [`AuthenticateError`]: what is needed for a verdict is out of reach (semantics §11.3, §11.7).
    pub async fn authenticate(&self, token: &str, now: Now) -> Result<Verdict, AuthenticateError> {
        let digest = TokenDigest::of(token);
        let epoch = since_epoch(now);
        if let Some(Remembered { token: verified, .. }) = self.remembered.get(&digest) {
            if self.keys.holds(verified.issuer(), verified.key(), now) {
                self.hits.fetch_add(1, Relaxed);
                return match verified.check_time(self.settings.clock_skew, epoch) {
                    Ok(()) => self.judge(&verified, true, now),
                    Err(error) => Ok(Verdict::Refused(error)),
                };
            }
            self.remembered.invalidate(&digest);
        }
        self.misses.fetch_add(1, Relaxed);
        match self.verify(token, epoch, now).await? {
            Verification::Settled(verdict) => Ok(verdict),
            Verification::Genuine(verified) => {
                let verified = Arc::new(verified);
                let remaining = verified.remaining(self.settings.clock_skew, epoch);
                let lifetime = remaining.min(MAX_REMEMBERED_TIME);
                let entry = Remembered { token: Arc::clone(&verified), lifetime };
                self.remembered.insert(digest, entry);
                self.judge(&verified, false, now)
            }
        }
    }

    /// Everything about the token that stays true as long as its key does.
    async fn verify(
        &self,
        token: &str,
        epoch: Duration,
        now: Now,
    ) -> Result<Verification, AuthenticateError> {
        let Some(unverified) = UnverifiedToken::parse(token) else {
            return Ok(Verification::Settled(Verdict::NotOurs));
        };
        let Some(issuer) = self.keys.issuer_of(&unverified, now).await? else {
            return Ok(Verification::Settled(Verdict::NotOurs));
        };
        let expected = Expectations {
            issuer: issuer.name(),
            tenant: self.keys.tenant(),
            clock_skew: self.settings.clock_skew,
            username_claims: &self.settings.username_claims,
            groups: self.settings.groups_source,
        };
        let examined = match unverified.examine(&expected, epoch) {
            Ok(examined) => examined,
            Err(error) => return Ok(error.into()),
        };
        let keys = self.keys.keys_of(&issuer, examined.kid(), now).await?;
        Ok(examined.verify(&keys).map_or_else(Verification::from, Verification::Genuine))
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
            Audience::Everyone => {}
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

/// The calendar time as tokens count it. A clock before 1970 makes every token not yet valid.
fn since_epoch(now: Now) -> Duration {
    now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
