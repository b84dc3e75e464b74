//! What is wrong with a proof of possession.

use std::time::Duration;

use thiserror::Error;

/// Why a signed request proves nothing (semantics §11.8). Of what was sent, no variant holds a part.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ProofError {
    /// Signed by another algorithm than RS256.
    #[error("the proof of possession must be signed with RS256")]
    Algorithm,
    /// `u` is not this cluster.
    #[error(
        "the proof of possession is for another cluster; its `u` must be the resource id of this one \
         (kubelogin `--pop-claims u=<cluster.resourceId>`)"
    )]
    Cluster,
    /// `ts` is this far in the future, leeway included.
    #[error("the proof of possession is from {} s in the future; compare the clocks", .0.as_secs())]
    Early(Duration),
    /// The key in it is not the one that its header names, or not one that may be used.
    #[error("the key in the proof of possession cannot be used: {0}")]
    Key(&'static str),
    /// The header's `kid` is not the key's thumbprint.
    #[error("the key id of the proof of possession is not the thumbprint of the key in it")]
    KeyId,
    /// Broken form, or a member that is missing, null or of the wrong type.
    #[error("the proof of possession is malformed: {0}")]
    Malformed(String),
    /// The token is bound to another key.
    #[error("the token is bound to another key than the one of its proof of possession")]
    OtherKey,
    /// Another proof of the same key had this `nonce`.
    #[error("the proof of possession repeats the `nonce` of another one; make a new one each time")]
    Replayed,
    /// There is none, and the configuration asks for one.
    #[error(
        "a proof of possession is required; log in with kubelogin `--pop-enabled --pop-claims \
         u=<cluster.resourceId>`"
    )]
    Required,
    /// Made by another key.
    #[error("the signature of the proof of possession is wrong")]
    Signature,
    /// Too old for this long.
    #[error(
        "the proof of possession is too old, by {} s; make a new one, or compare the clocks",
        .0.as_secs()
    )]
    Stale(Duration),
    /// One caller made more of them than are remembered.
    #[error("too many proofs of possession from this caller; reuse one while it is good")]
    TooMany,
    /// The token is a bearer token.
    #[error(
        "the token is not bound to a key, so nothing can prove its possession; request it with a key \
         (kubelogin `--pop-enabled`)"
    )]
    Unbound,
}

impl ProofError {
    /// The kind of refusal, as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Algorithm | Self::Malformed(_) => "proof_malformed",
            Self::Cluster => "proof_cluster",
            Self::Early(_) | Self::Stale(_) => "proof_time",
            Self::Key(_) | Self::KeyId | Self::OtherKey | Self::Unbound => "proof_key",
            Self::Replayed => "proof_replayed",
            Self::Required => "proof_required",
            Self::Signature => "proof_signature",
            Self::TooMany => "proof_limit",
        }
    }
}
