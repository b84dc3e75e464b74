//! Translates Kubernetes reviews: the posted JSON into questions, decisions into answers.
//!
//! The only place that knows the field names of `TokenReview` and `SubjectAccessReview`.

pub mod access;
pub(crate) mod object;
pub mod token;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use object::Object;

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
    #[error("cannot read the review: {what} at line {line} column {column}")]
    Malformed {
        /// What is wrong, in words that repeat nothing of the body: it may hold a token.
        what: String,
        /// Line, from 1; 0 when unknown.
        line: usize,
        /// Column, from 1; 0 when unknown.
        column: usize,
    },
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

impl From<serde_json::Error> for InvalidReview {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::Malformed { what: harmless(&error), line, column }
    }
}

/// The reader's words less everything that it quotes from the body.
fn harmless(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words);
    if !error.is_data() {
        return text.to_owned();
    }
    // `missing field` and `duplicate field` name members that this program knows; what stands
    // behind the last `expected` is this program's own description.
    if text.starts_with("missing field") || text.starts_with("duplicate field") {
        return text.to_owned();
    }
    text.rsplit_once(", expected ")
        .map_or_else(|| "a member is wrong".to_owned(), |(_, wanted)| format!("expected {wanted}"))
}

/// Longest foreign text that a message repeats, in characters.
const SHOWN_LENGTH: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeMeta {
    api_version: Option<String>,
    kind: Option<String>,
}

/// Reads which version of `group`/`kind` a body is.
fn version_of(
    body: &[u8],
    group: &'static str,
    kind: &'static str,
) -> Result<ApiVersion, InvalidReview> {
    let Object(meta): Object<TypeMeta> = serde_json::from_slice(body)?;
    let [found_version, found_kind] = [meta.api_version, meta.kind].map(Option::unwrap_or_default);
    let version = match found_version.strip_prefix(group) {
        Some("/v1") => Some(ApiVersion::V1),
        Some("/v1beta1") => Some(ApiVersion::V1Beta1),
        _ => None,
    };
    version.filter(|_| found_kind == kind).ok_or_else(|| InvalidReview::OtherKind {
        api_version: shown(&found_version),
        kind: shown(&found_kind),
        expected: kind,
    })
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_LENGTH).flat_map(char::escape_debug).collect()
}

/// The answer to a review: its type and its status. The API server reads nothing else.
fn answer(version: ApiVersion, group: &str, kind: &str, status: &impl Serialize) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer<'a, S> {
        api_version: String,
        kind: &'a str,
        status: &'a S,
    }
    let version = match version {
        ApiVersion::V1 => "v1",
        ApiVersion::V1Beta1 => "v1beta1",
    };
    let answer = Answer { api_version: format!("{group}/{version}"), kind, status };
    // Text, numbers and maps with text keys always serialize; an empty body would be refused by the
    // API server as an error, never taken for a decision.
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// What an error says and, each after a colon, what is behind it: `cannot read the file: access
/// denied`. The one place where the library does this.
pub fn report(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(reason) = cause {
        line.push_str(": ");
        line.push_str(&reason.to_string());
        cause = reason.source();
    }
    line
}
