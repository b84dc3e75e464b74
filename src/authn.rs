//! The token core: what an Entra access token says, once it is proven, about who is calling.
//!
//! ```text
//! text ──UnverifiedToken──▶ issuer ──(service: is it ours? its keys)──┐
//!            │                                                        │
//!            └──examine──▶ ExaminedToken ──verify(keys)──▶ VerifiedToken ──▶ Audience, Identity
//! ```
//!
//! Functions of their arguments: nothing here waits, fetches or reads a clock. Time comes from the
//! caller, counted from the Unix epoch. Which issuers are ours and which keys they have is the business of
//! [`crate::service::key_ring`].
//!
//! # Checks, in the order in which they are made
//!
//! 1. Three parts, a payload that is a JSON object, and an `iss` in it: else the token is not ours.
//! 2. Length, header (algorithm, `kid`, nothing that brings its own key), claims and their types,
//!    tenant, version, `exp` and `nbf`: all before any key is looked for, so that a token that would
//!    be refused anyway never causes network traffic. Of a signed request around the token
//!    ([`UnverifiedProof`]) its form, cluster and age, and that its key is the one that the token is
//!    bound to.
//! 3. The signature, with a key that the issuer publishes under this `kid`, for this algorithm and,
//!    where the key says so, for this issuer. Only now is anything in the token believed, the key of
//!    the caller included, and so the signature of the request around it comes next.
//! 4. The audience ([`Audience`]), at every review anew.
//! 5. Groups and names ([`Identity`]).
//!
//! # What is `jsonwebtoken`'s, and what is ours
//!
//! Published keys (JWK) and signatures are `jsonwebtoken`'s ([`SigningKey`]). Its `decode` also reads
//! header and claims, but with the leniency that a general library needs and semantics §11.4 rules out.
//! These stay ours, each for its reason:
//!
//! | ours | since `jsonwebtoken` |
//! | --- | --- |
//! | JSON of header and payload | does not see every member that occurs twice |
//! | `crit`, `jwk`, `jku`, `x5u`, `x5c` | ignores what a header has of them |
//! | `exp` and `nbf` | reads the clock itself (here time is an argument), rounds to the nearest second, and has another edge: `exp` + skew is still valid there |
//! | `aud` | is content if one of several is ours |
//! | `iss` | takes a list of issuers |
//! | claims of the wrong type | passes over those that it is not told to judge |
//! | lengths of the token and of `kid` | has no limits |
//! | the thumbprint of a caller's key | takes the digest of the process's crypto provider, which nobody sets |
//!
//! Choices where semantics §11 is silent are listed, with reasons, at the end of `docs/semantics.md`.

mod audience;
mod claims;
mod identity;
mod json;
mod keys;
mod proof;
mod unverified;
mod verdict;
mod verify;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use audience::Audience;
pub use claims::{BoundTo, Claims, Groups, GroupsSource, Version};
pub use identity::{Identity, IdentityRules};
pub use keys::{Algorithm, InvalidKey, KeySet, SigningKey};
pub use proof::{MAX_NONCE_LENGTH, Proof, ProofError, ProofExpectations, UnverifiedProof};
pub use unverified::{MAX_TOKEN_LENGTH, UnverifiedToken};
pub use verdict::{TokenError, Verdict};
pub use verify::{ExaminedToken, Expectations, Possession, VerifiedToken};
