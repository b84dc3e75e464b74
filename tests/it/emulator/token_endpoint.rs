//! The token endpoint as real clients call it.

use kubentra::emulator::{AKS_SERVER_APP, RunningEmulator};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{PIPELINE, PIPELINE_APP, TENANT, client, part, start, verifies};

#[tokio::test]
async fn client_credentials_give_a_token_that_verifies() {
    let emulator = start();
    let scope = format!("{AKS_SERVER_APP}/.default openid offline_access profile");
    let (status, answer) = token_request(&emulator, "/oauth2/v2.0/token", "scope", &scope).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(86_399)));
    let token = answer["access_token"].as_str().unwrap();
    assert!(verifies(&emulator, token).await);
    let claims = part(token, 1);
    assert_eq!((&claims["oid"], &claims["aud"]), (&json!(PIPELINE), &json!(AKS_SERVER_APP)));
    assert_eq!(claims["ver"], "1.0", "the application's version counts, not the endpoint's");

    let (status, answer) =
        token_request(&emulator, "/oauth2/token", "resource", AKS_SERVER_APP).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["expires_in"], "86399", "v1 answers with strings");
}

/// A good token request of the pipeline, with one more field.
async fn token_request(
    emulator: &RunningEmulator,
    path: &str,
    name: &str,
    value: &str,
) -> (StatusCode, Value) {
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", PIPELINE_APP),
        ("client_secret", "pipeline secret"),
    ];
    let fields: Vec<_> =
        good.into_iter().filter(|(field, _)| *field != name).chain([(name, value)]).collect();
    post_form(emulator, path, &fields).await
}

pub(super) async fn post_form(
    emulator: &RunningEmulator,
    path: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, Value) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let response = client(emulator)
        .post(format!("{}/{TENANT}{path}", emulator.authority_url()))
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(body)
        .send()
        .await
        .unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn token_requests_fail_as_entra_fails_them() {
    let emulator = start();
    let unknown = "b07a0000-0000-4000-8000-00000000000f";
    let managed = "c07a0000-0000-4000-8000-000000000003";
    #[rustfmt::skip]
    let cases = [
        // (field,        value,           status, error,                    AADSTS)
        ("client_secret", "wrong",         401, "invalid_client",         7_000_215),
        ("client_id",     unknown,         400, "unauthorized_client",    700_016),
        ("client_id",     managed,         401, "invalid_client",         7_000_215),
        ("client_id",     "pipeline",      400, "unauthorized_client",    700_016),
        ("grant_type",    "password",      400, "unsupported_grant_type", 70_003),
        ("scope",         "openid",        400, "invalid_scope",          1_002_012),
        ("scope",         "/.default",     400, "invalid_scope",          1_002_012),
        ("other",         "no scope",      400, "invalid_request",        900_144),
    ];
    for (field, value, expected, error, number) in cases {
        let (status, answer) = token_request(&emulator, "/oauth2/v2.0/token", field, value).await;
        assert_eq!(status.as_u16(), expected, "{field}={value}: {answer}");
        assert_eq!(answer["error"], error, "{field}={value}");
        assert_eq!(answer["error_codes"], json!([number]), "{field}={value}");
        let description = answer["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{number}: ")), "{description}");
    }
    let without = [("grant_type", "client_credentials"), ("client_id", PIPELINE_APP)];
    let (status, answer) = post_form(&emulator, "/oauth2/v2.0/token", &without).await;
    assert_eq!((status.as_u16(), &answer["error_codes"]), (401, &json!([7_000_216])));
}
