//! From a text in the form of a token to one that its issuer really signed.

use std::sync::Arc;
use std::time::Duration;

use super::claims::{Claims, GroupsSource};
use super::keys::{KeySet, SigningKey};
use super::unverified::{Header, UnverifiedToken};
use super::verdict::TokenError;
use crate::authz::principal::TenantId;

/// What a token must be like, apart from its signature and its audience.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// The issuer: one of the token's, and ours.
    pub issuer: &'a str,
    /// The tenant that `tid` must name, and that the issuer belongs to.
    pub tenant: TenantId,
    /// How far our clock and the issuer's may be apart, in both directions.
    pub clock_skew: Duration,
    /// Claims that may name the user, the preferred first.
    pub username_claims: &'a [String],
    /// Where groups come from.
    pub groups: GroupsSource,
}

/// A token in which everything is as it should be, if it is genuine. Nothing is proven yet.
#[derive(Debug)]
pub struct ExaminedToken<'a> {
    token: &'a UnverifiedToken<'a>,
    expected: Expectations<'a>,
    header: Header,
    claims: Claims,
}

/// A token that its issuer signed, for the expected tenant, within its time when it was examined.
/// There is no other way to get one than [`ExaminedToken::verify`].
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Claims,
    issuer: String,
    key: Arc<SigningKey>,
}

impl<'a> UnverifiedToken<'a> {
    /// Holds header, claims and times against what is `expected`. `now` is the time since the Unix
    /// epoch.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: everything of semantics §11.4 that needs no key. A token that fails here never
    /// makes anyone ask for keys.
    pub fn examine(
        &'a self,
        expected: &Expectations<'a>,
        now: Duration,
    ) -> Result<ExaminedToken<'a>, TokenError> {
        let header = self.header()?;
        let payload = self.claims()?;
        // The caller chose the expectations by this issuer; held together here so that no caller can
        // get it wrong.
        if payload.get("iss").and_then(serde_json::Value::as_str) != Some(expected.issuer) {
            return Err(TokenError::malformed("`iss` is not the issuer that it was taken for"));
        }
        let claims = Claims::read(&payload, expected.username_claims, expected.groups)?;
        if claims.tenant != expected.tenant {
            return Err(TokenError::Tenant);
        }
        if claims.key_bound {
            return Err(TokenError::KeyBound);
        }
        check_time(&claims, expected.clock_skew, now)?;
        Ok(ExaminedToken { token: self, expected: *expected, header, claims })
    }
}

impl ExaminedToken<'_> {
    /// The key id that the token names.
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Checks the signature with the key that the token names.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: no such key among `keys`, a key for another algorithm or issuer, or a signature
    /// that does not fit.
    pub fn verify(self, keys: &KeySet) -> Result<VerifiedToken, TokenError> {
        let signature = self.token.signature()?;
        let message = self.token.signed();
        let mut error = TokenError::KeyUnknown;
        for key in keys.named(&self.header.kid) {
            if key.algorithm() != self.header.algorithm {
                error = TokenError::KeyAlgorithm;
            } else if !key.serves(self.expected.issuer, self.expected.tenant) {
                error = TokenError::KeyIssuer;
            } else if key.signed(message, &signature) {
                let issuer = self.expected.issuer.to_owned();
                return Ok(VerifiedToken { claims: self.claims, issuer, key: Arc::clone(key) });
            } else {
                error = TokenError::Signature;
            }
        }
        Err(error)
    }
}

impl VerifiedToken {
    /// What the token says. True, as far as its issuer knows.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Who issued it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that signed it.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Says if the token is within its time at `now`, for one that was verified earlier.
    ///
    /// # Errors
    ///
    /// [`TokenError::Expired`] from `exp` + skew on, [`TokenError::NotYetValid`] before `nbf` − skew.
    pub fn check_time(&self, clock_skew: Duration, now: Duration) -> Result<(), TokenError> {
        check_time(&self.claims, clock_skew, now)
    }

    /// How long the token will still be valid at `now`, leeway included; zero if it is not.
    pub fn remaining(&self, clock_skew: Duration, now: Duration) -> Duration {
        Duration::from_secs(self.claims.expires).saturating_add(clock_skew).saturating_sub(now)
    }
}

/// Valid while `nbf` − skew ≤ now < `exp` + skew (semantics §11.4).
fn check_time(claims: &Claims, clock_skew: Duration, now: Duration) -> Result<(), TokenError> {
    let end = Duration::from_secs(claims.expires).saturating_add(clock_skew);
    if now >= end {
        return Err(TokenError::Expired(now.saturating_sub(end)));
    }
    let start = Duration::from_secs(claims.not_before);
    let latest = now.saturating_add(clock_skew);
    if latest < start {
        return Err(TokenError::NotYetValid(start.saturating_sub(latest)));
    }
    Ok(())
}
