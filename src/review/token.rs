//! `TokenReview` of `authentication.k8s.io`, v1 and v1beta1, which differ in nothing but their name.
//!
//! The answer holds kind, version and status. The API server reads nothing else of it, and what is not
//! repeated, the token above all, cannot end up in anyone's log. `status.audiences` stays empty: the
//! API server then takes the token to be for its own audiences and refuses it for any other that a
//! posted review asks for (semantics §11.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::object::Object;
use super::{ApiVersion, InvalidReview};
use crate::authn::{Identity, Verdict};

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenReview";

/// A posted `TokenReview`: a question who the bearer of a token is.
pub struct TokenReview {
    version: ApiVersion,
    token: String,
}

impl TokenReview {
    /// Parses a review of either version. Members that are not known are ignored, `null` counts as
    /// absent, and so does `spec` itself: a review without a token has an empty one.
    ///
    /// # Errors
    ///
    /// [`InvalidReview`], answered with HTTP 400: not JSON, another kind or version, or a member of
    /// the wrong type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidReview> {
        let version = super::version_of(body, GROUP, KIND)?;
        let Object(posted): Object<Posted> = serde_json::from_slice(body)?;
        let token = posted.spec.and_then(|Object(spec)| spec.token).unwrap_or_default();
        Ok(Self { version, token })
    }

    /// The token to judge; empty if the review has none.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The answer as JSON, in the version that was asked (semantics §1.6, §11.1, §11.2).
    pub fn answer(&self, verdict: &Verdict) -> Vec<u8> {
        let status = match verdict {
            Verdict::Authenticated { identity, remembered: _ } => {
                Status { authenticated: true, user: Some(User::from(identity)), error: None }
            }
            Verdict::NotOurs => Status { authenticated: false, user: None, error: None },
            Verdict::Refused(error) => {
                Status { authenticated: false, user: None, error: Some(error.to_string()) }
            }
        };
        super::answer(self.version, GROUP, KIND, &status)
    }
}

/// Never the token.
impl std::fmt::Debug for TokenReview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenReview").field("version", &self.version).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Posted {
    spec: Option<Object<Spec>>,
}

#[derive(Deserialize)]
struct Spec {
    token: Option<String>,
    /// Held to its type, and not used: see the module's documentation.
    #[serde(rename = "audiences")]
    _audiences: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Status {
    authenticated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct User {
    username: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

impl From<&Identity> for User {
    fn from(identity: &Identity) -> Self {
        Self {
            username: identity.username.clone(),
            uid: identity.uid.clone(),
            groups: identity.groups.iter().map(ToString::to_string).collect(),
            extra: identity.extra.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::TokenError;
    use crate::authz::principal::ObjectId;

    fn identity() -> Identity {
        Identity {
            username: "alice@contoso.example".to_owned(),
            uid: "a11ce000-0000-4000-8000-000000000001".to_owned(),
            groups: vec![ObjectId::from(1), ObjectId::from(2)],
            extra: BTreeMap::from([("oid".to_owned(), vec!["a11ce000".to_owned()])]),
        }
    }

    #[test]
    fn a_review_is_read_leniently_in_form_and_strictly_in_type() {
        let v1 = r#""apiVersion":"authentication.k8s.io/v1","kind":"TokenReview""#;
        #[rustfmt::skip]
        let cases = [
            // (body,                                                                  token,     why)
            (format!(r#"{{{v1},"spec":{{"token":"t"}}}}"#),                            Some("t"), "the usual one"),
            (format!(r#"{{{v1},"metadata":{{}},"spec":{{"token":"t","audiences":["a"]}},"status":{{"user":{{}}}}}}{}"#, "\n"),
                                                                                       Some("t"), "as the API server sends it"),
            (format!(r#"{{{v1},"spec":{{"token":"t","audiences":null,"x":1}},"y":2}}"#), Some("t"), "null lists and unknown members"),
            (format!(r#"{{{v1},"spec":{{"token":null}}}}"#),                           Some(""),  "no token"),
            (format!(r#"{{{v1},"spec":{{}}}}"#),                                       Some(""),  "no token"),
            (format!(r#"{{{v1},"spec":null}}"#),                                       Some(""),  "no spec"),
            (format!(r#"{{{v1}}}"#),                                                   Some(""),  "no spec"),
            (format!(r#"{{{v1},"spec":{{"token":1}}}}"#),                              None,      "a number is no token"),
            (format!(r#"{{{v1},"spec":{{"token":"t","audiences":"a"}}}}"#),            None,      "a string is no list"),
            (format!(r#"{{{v1},"spec":{{"token":"t","audiences":[1]}}}}"#),            None,      "a number is no audience"),
            (format!(r#"{{{v1},"spec":"t"}}"#),                                        None,      "a string is no spec"),
            (format!(r#"{{{v1},"spec":["t",[]]}}"#),                                   None,      "a list is no spec"),
            (format!(r#"{{{v1},"spec":{{"token":"t"}}}} x"#),                          None,      "something after it"),
            (r#"{"kind":"TokenReview","spec":{"token":"t"}}"#.to_owned(),              None,      "no version"),
            (r#"{"apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}"#.to_owned(), None, "no kind"),
            (r#"{"apiVersion":"authentication.k8s.io/v2","kind":"TokenReview"}"#.to_owned(), None, "a version to come"),
            (r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview"}"#.to_owned(), None, "the other review"),
            (r#"{"apiVersion":1,"kind":"TokenReview"}"#.to_owned(),                    None,      "a number is no version"),
            ("[]".to_owned(),                                                          None,      "a list"),
            ("null".to_owned(),                                                        None,      "null"),
            (String::new(),                                                            None,      "nothing"),
        ];
        for (body, token, why) in cases {
            let review = TokenReview::parse(body.as_bytes());
            assert_eq!(review.as_ref().ok().map(TokenReview::token), token, "{why}: {body}");
        }
    }

    #[test]
    fn the_answer_is_in_the_version_asked_and_never_repeats_the_token() {
        let ask = |version: &str| {
            let body = format!(
                r#"{{"apiVersion":"authentication.k8s.io/{version}","kind":"TokenReview","spec":{{"token":"SECRET"}}}}"#
            );
            TokenReview::parse(body.as_bytes()).unwrap()
        };
        let verdicts = [
            Verdict::Authenticated { identity: identity(), remembered: false },
            Verdict::NotOurs,
            Verdict::Refused(TokenError::Signature),
        ];
        let mut answers = String::new();
        for version in ["v1", "v1beta1"] {
            for verdict in &verdicts {
                answers += &String::from_utf8(ask(version).answer(verdict)).unwrap();
                answers.push('\n');
            }
        }
        assert!(!answers.contains("SECRET") && !format!("{:?}", ask("v1")).contains("SECRET"));
        insta::assert_snapshot!(answers, @r#"
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":true,"user":{"username":"alice@contoso.example","uid":"a11ce000-0000-4000-8000-000000000001","groups":["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002"],"extra":{"oid":["a11ce000"]}}}}
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":false}}
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":false,"error":"the token's signature is wrong"}}
        {"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenReview","status":{"authenticated":true,"user":{"username":"alice@contoso.example","uid":"a11ce000-0000-4000-8000-000000000001","groups":["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002"],"extra":{"oid":["a11ce000"]}}}}
        {"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenReview","status":{"authenticated":false}}
        {"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenReview","status":{"authenticated":false,"error":"the token's signature is wrong"}}
        "#);
    }

    #[test]
    fn an_unreadable_review_is_not_quoted() {
        let body =
            r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":"SECRET"}"#;
        let error = TokenReview::parse(body.as_bytes()).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("SECRET"), "{error:?}");
    }
}
