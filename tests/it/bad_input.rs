//! Whatever is posted gets an answer, and never a decision that it did not ask for (semantics §10).

use super::webhook::{Files, Http, access_review, token_review};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Bodies that are no review, whatever the endpoint, and why.
const BODIES: &[(&str, &str)] = &[
    ("", "nothing"),
    (" ", "space"),
    ("{", "cut off"),
    ("null", "null"),
    ("true", "a truth value"),
    ("[]", "a list"),
    ("[{}]", "a list of objects"),
    ("\"review\"", "a string"),
    ("{}", "an empty object"),
    ("{}{}", "two objects"),
    ("kind: SubjectAccessReview", "YAML"),
    ("<review/>", "XML"),
    ("\u{0}\u{1}\u{2}", "binary"),
    (r#"{"apiVersion":1,"kind":2}"#, "numbers for names"),
    (r#"{"apiVersion":"v1","kind":"Pod"}"#, "another object"),
    (
        r#"{"apiVersion":"authorization.k8s.io/v2","kind":"SubjectAccessReview","spec":{}}"#,
        "another version",
    ),
    (
        r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{}}"#,
        "another kind",
    ),
    (r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview"}"#, "no spec"),
    (
        r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":[]}"#,
        "a list for spec",
    ),
    (
        r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":"eyJ"}"#,
        "a string for spec",
    ),
    (
        r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":7}}"#,
        "a number for the token",
    ),
];

#[tokio::test]
async fn a_body_that_is_no_review_is_answered_400() {
    let server = Files::new().start().await;
    let client = server.client(Http::Two);
    for path in ["/authorize", "/authenticate"] {
        for (body, why) in BODIES {
            let response = client.post(server.url(path)).body(*body).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}: {why}");
            let text = response.text().await.unwrap();
            assert_eq!(text.lines().count(), 1, "{path}: {why}: {text}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn attributes_of_both_kinds_or_of_none_are_400_even_for_system_users() {
    let server = Files::new().start().await;
    for user in ["reader", "system:kube-scheduler"] {
        let mut both = access_review("get");
        both["spec"]["user"] = json!(user);
        both["spec"]["nonResourceAttributes"] = json!({ "path": "/healthz", "verb": "get" });
        let mut none = access_review("get");
        none["spec"]["user"] = json!(user);
        none["spec"].as_object_mut().unwrap().remove("resourceAttributes");
        for review in [both, none] {
            assert_eq!(server.authorize(&review).await.status(), StatusCode::BAD_REQUEST, "{user}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_content_type_plays_no_part() {
    let server = Files::new().start().await;
    let client = server.client(Http::One);
    for content_type in ["application/json", "text/plain", "application/yaml", "image/png", "?"] {
        for (body, expected) in [(access_review("get").to_string(), 200), ("{".to_owned(), 400)] {
            let request =
                client.post(server.url("/authorize")).header("content-type", content_type);
            let response = request.body(body).send().await.unwrap();
            assert_eq!(response.status(), expected, "{content_type}");
        }
    }
    let request = client.post(server.url("/authorize")).body(access_review("get").to_string());
    assert_eq!(request.send().await.unwrap().status(), 200, "none at all");
    server.stop().await;
}

#[tokio::test]
async fn unknown_members_and_absent_ones_are_read_past() {
    let server = Files::new().start().await;
    let mut review = access_review("get");
    review["metadata"] = json!({ "uid": "7", "creationTimestamp": null });
    review["status"] = json!({ "allowed": false });
    review["spec"]["authorizationOptions"] = json!({ "handledDecisionTypes": ["ConditionsMap"] });
    review["spec"]["resourceAttributes"]["fieldSelector"] = json!({ "requirements": [] });
    let answer: Value = server.authorize(&review).await.json().await.unwrap();
    assert_eq!(answer["status"]["allowed"], true, "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn an_error_repeats_nothing_of_a_token() {
    let server = Files::new().start().await;
    let secret = "eyJhbGciOiJub25lIn0.c2VjcmV0.";
    let valid = token_review(secret).to_string();
    for body in [
        valid.replace("\"TokenReview\"", "7"),
        valid.replace(&format!("\"{secret}\""), &format!("[\"{secret}\"]")),
        valid.trim_end_matches('}').to_owned(),
        format!("{secret}{valid}"),
    ] {
        let response = server.post("/authenticate", body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let text = response.text().await.unwrap();
        assert!(!text.contains("c2VjcmV0"), "{text}");
    }
    server.stop().await;
}
