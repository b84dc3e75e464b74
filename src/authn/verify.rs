//! From a text in the form of a token to one that its issuer really signed.

use std::sync::Arc;
use std::time::Duration;

use super::claims::{Claims, GroupsSource};
use super::keys::{KeySet, SigningKey};
use super::proof::{ExaminedProof, Proof, ProofExpectations, UnverifiedProof};
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
    /// How the token came.
    pub possession: Possession<'a>,
}

/// How a token came, and so what it may be: a bound token never comes alone, and a signed request never
/// brings a bearer token (semantics §11.8).
#[derive(Clone, Copy, Debug)]
pub enum Possession<'a> {
    /// Alone.
    Bearer,
    /// Inside of a signed request.
    Proof(&'a UnverifiedProof<'a>, ProofExpectations<'a>),
}

/// A token in which everything is as it should be, if it is genuine. Nothing is proven yet.
#[derive(Debug)]
pub struct ExaminedToken<'a> {
    token: &'a UnverifiedToken<'a>,
    expected: Expectations<'a>,
    header: Header,
    claims: Claims,
    proof: Option<ExaminedProof<'a>>,
}

/// A token that its issuer signed, for the expected tenant, within its time when it was examined. If it
/// is bound to a key, the caller proved that it has that key. There is no other way to get one than [`ExaminedToken::verify`].
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Claims,
    issuer: String,
    key: Arc<SigningKey>,
    proof: Option<Proof>,
}

impl<'a> UnverifiedToken<'a> {
    /// Holds header, claims and times against what is `expected`, and the signed request around the
    /// token too, if it came in one. `now` is the time since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: everything of semantics §11.4 and §11.8 that needs no key. A token that fails here never
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
        let proof = match expected.possession {
            Possession::Bearer if claims.bound_to.is_some() => return Err(TokenError::KeyBound),
            Possession::Bearer => None,
            Possession::Proof(proof, expected) => {
                Some(proof.examine(&expected, claims.bound_to.as_ref(), now)?)
            }
        };
        check_time(&claims, expected.clock_skew, now)?;
        Ok(ExaminedToken { token: self, expected: *expected, header, claims, proof })
    }
}

impl ExaminedToken<'_> {
    /// The key id that the token names.
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Checks the signature with the key that the token names, and after it that of the signed request
    /// around it, with the key that the token is bound to.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: no such key among `keys`, a key for another algorithm or issuer, or a signature
    /// that does not fit.
    pub fn verify(self, keys: &KeySet) -> Result<VerifiedToken, TokenError> {
        let key = self.signer(keys)?;
        let proof = self.proof.map(ExaminedProof::verify).transpose()?;
        let issuer = self.expected.issuer.to_owned();
        Ok(VerifiedToken { claims: self.claims, issuer, key, proof })
    }

    /// The one of `keys` that signed the token.
    fn signer(&self, keys: &KeySet) -> Result<Arc<SigningKey>, TokenError> {
        let signature = self.token.signature()?;
        let message = self.token.signed();
        let mut error = TokenError::KeyUnknown;
        for key in keys.named(&self.header.kid) {
            if key.algorithm() != self.header.algorithm {
                error = TokenError::KeyAlgorithm;
            } else if !key.serves(self.expected.issuer, self.expected.tenant) {
                error = TokenError::KeyIssuer;
            } else if key.signed(message, &signature) {
                return Ok(Arc::clone(key));
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

    /// The proof that the caller has the key that the token is bound to; `None` for a bearer token.
    pub fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }

    /// Says if the token, and the proof that came with it, are within their times at `now`, for one
    /// that was verified earlier.
    ///
    /// # Errors
    ///
    /// [`TokenError::Expired`] from `exp` + skew on, [`TokenError::NotYetValid`] before `nbf` − skew,
    /// and [`TokenError::Proof`] as [`Proof::check_time`].
    pub fn check_time(&self, clock_skew: Duration, now: Duration) -> Result<(), TokenError> {
        if let Some(proof) = &self.proof {
            proof.check_time(clock_skew, now)?;
        }
        check_time(&self.claims, clock_skew, now)
    }

    /// How long the token will still be valid at `now`, leeway included, and its proof, which has none
    /// at its end; zero if one of them is not.
    pub fn remaining(&self, clock_skew: Duration, now: Duration) -> Duration {
        let token = Duration::from_secs(self.claims.expires).saturating_add(clock_skew);
        let end = self.proof.as_ref().map_or(token, |proof| proof.ends().min(token));
        end.saturating_sub(now)
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
