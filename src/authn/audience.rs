//! For whom a token was issued.

use super::claims::Claims;

/// `idtyp` of a token that a person got. Left out of most such tokens, so its absence says nothing.
const USER: &str = "user";

/// Whom a token's audience lets in (semantics §11.7). The answer depends on configuration and, for
/// trusted access, on the policy of the moment: it is found anew at every review, never remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audience {
    /// One of `entra.audiences`: everyone.
    Everyone,
    /// Someone else's.
    Other,
    /// `trustedAccess.audience`, from a managed identity: only if a binding in force names it.
    TrustedAccess,
}

impl Audience {
    /// Judges `claims` by the configured audiences, which compare exactly. An array counts only if it
    /// has exactly one member (semantics §11.4).
    ///
    /// What is in both lists is for everyone. A token that is not a managed identity's, for want of
    /// an ARM id in `xms_mirid` or because `idtyp` is `user`, is never for trusted access.
    pub fn of(claims: &Claims, everyone: &[String], trusted_access: Option<&str>) -> Self {
        let [audience] = claims.audience.as_slice() else {
            return Self::Other;
        };
        let is_managed_identity =
            || claims.managed_identity().is_some() && claims.identity_type.as_deref() != Some(USER);
        if everyone.contains(audience) {
            Self::Everyone
        } else if trusted_access == Some(audience.as_str()) && is_managed_identity() {
            Self::TrustedAccess
        } else {
            Self::Other
        }
    }
}
