//! Translates Kubernetes reviews: the posted JSON into questions, decisions into answers.
//!
//! The only place that knows the field names of `TokenReview` and `SubjectAccessReview`.

pub mod access;
pub mod token;

use thiserror::Error;

/// The two versions in which the API server asks; the answer is in the version asked (semantics §1.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiVersion {
    /// `…/v1`.
    V1,
    /// `…/v1beta1`.
    V1Beta1,
}

/// Why a posted body is not a review. Answered with HTTP 400, never with a decision (semantics §10).
#[derive(Debug, Error)]
pub enum InvalidReview {
    /// Not JSON, or a member of the wrong type.
    #[error("cannot read the review: {0}")]
    Malformed(#[source] serde_json::Error),
    /// Another object than this endpoint takes.
    #[error(
        "cannot answer apiVersion `{api_version}` kind `{kind}`; post `{expected}` in v1 or v1beta1"
    )]
    OtherKind {
        /// What the body said, cut to a bounded length.
        api_version: String,
        /// What the body said, cut to a bounded length.
        kind: String,
        /// The kind that this endpoint answers, with its API group.
        expected: &'static str,
    },
    /// A rule of the object itself is broken.
    #[error("{0}")]
    Rule(&'static str),
}
