//! What the emulator gives to a client that proves possession, and what it plays of the client itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubentra::emulator::{MintRequest, PopFlaw, PopRequest};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::token_endpoint::post_form;
use super::{PIPELINE_APP, control, part, start, verifies};

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kubernetes/connectedClusters/c";

#[tokio::test]
async fn a_token_is_bound_to_the_key_that_the_client_names() {
    let emulator = start();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let bound = json!({"kid": "x", "xms_ksl": "sw"});
    #[rustfmt::skip]
    let cases = [
        // (token_type,   req_cnf,                          status, token_type, cnf,                why)
        (Some("pop"),    Some(encode(&bound.to_string())),   200, "pop",    bound.clone(),          "as kubelogin asks"),
        (Some("pop"),    Some(encode(r#"{"kid":"x"}"#)),     200, "pop",    json!({"kid": "x"}),    "without the place of the key"),
        (None,           Some(encode(&bound.to_string())),   200, "Bearer", Value::Null,            "a bearer token was asked for"),
        (Some("Bearer"), None,                               200, "Bearer", Value::Null,            "in so many words"),
        (Some("pop"),    None,                               400, "",       Value::Null,            "no key"),
        (Some("pop"),    Some(encode("{}")),                 400, "",       Value::Null,            "a key without a name"),
        (Some("pop"),    Some("!".to_owned()),               400, "",       Value::Null,            "no base64"),
    ];
    for path in ["/oauth2/v2.0/token", "/oauth2/token"] {
        for (kind, key, expected, answered, cnf, why) in &cases {
            let mut fields = vec![
                ("grant_type", "client_credentials"),
                ("client_id", PIPELINE_APP),
                ("client_secret", "pipeline secret"),
                ("scope", "api://x/.default"),
                ("resource", "api://x"),
            ];
            fields.extend(kind.map(|kind| ("token_type", kind)));
            fields.extend(key.as_deref().map(|key| ("req_cnf", key)));
            let (status, answer) = post_form(&emulator, path, &fields).await;
            assert_eq!(status.as_u16(), *expected, "{why}: {answer}");
            let token = answer["access_token"].as_str();
            assert_eq!(token.is_some(), *expected == 200, "{why}: {answer}");
            if let Some(token) = token {
                assert_eq!(answer["token_type"], *answered, "{why}");
                assert_eq!(part(token, 1)["cnf"], *cnf, "{why}");
                assert!(verifies(&emulator, token).await, "{why}");
            }
        }
    }
}

#[tokio::test]
async fn an_honest_request_has_the_shape_of_kubelogins() {
    let emulator = start();
    let body = json!({"identity": "alice", "pop": {"u": CLUSTER}});
    let (status, answer) = control(&emulator, "tokens", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let text = answer["token"].as_str().unwrap();
    let (header, payload) = (part(text, 0), part(text, 1));
    let token = payload["at"].as_str().unwrap();
    assert!(verifies(&emulator, token).await, "the token inside is Entra's");
    let kid = &part(token, 1)["cnf"]["kid"];
    assert_eq!(header, json!({"typ": "pop", "alg": "RS256", "kid": kid}));
    assert_eq!((&payload["u"], &payload["cnf"]["jwk"]["kid"]), (&json!(CLUSTER), kid));
    assert!(payload["ts"].is_u64());
    assert_eq!(payload["nonce"].as_str().unwrap().len(), 32);
    let names: Vec<&String> = payload.as_object().unwrap().keys().collect();
    assert_eq!(names, ["at", "cnf", "nonce", "ts", "u"]);
}

#[tokio::test]
async fn members_are_laid_over_and_every_flaw_has_a_name() {
    let emulator = start();
    let pop = PopRequest::new(CLUSTER).member("nonce", "once").member("ts", Value::Null);
    let text = emulator.mint(&MintRequest::new("alice").pop(pop)).unwrap();
    let payload = part(&text, 1);
    assert_eq!((&payload["nonce"], &payload["ts"]), (&json!("once"), &Value::Null));

    let names: Vec<String> = PopFlaw::ALL
        .map(|flaw| serde_json::to_value(flaw).unwrap().as_str().unwrap().to_owned())
        .to_vec();
    insta::assert_snapshot!(names.join(" "), @"wrong-cluster no-cluster future-ts stale-ts no-ts string-ts fractional-ts unbound-token other-token stolen-token other-key kid-mismatch no-cnf no-jwk private-jwk small-key bad-signature empty-signature tampered-payload wrong-type none ps256 header-jwk jku crit duplicate-member repeated-nonce no-nonce no-token nested oversized");
    for flaw in names {
        let body = json!({"identity": "alice", "pop": {"u": CLUSTER, "flaw": flaw}});
        let (status, answer) = control(&emulator, "tokens", &body).await;
        assert_eq!(status, StatusCode::OK, "{flaw}: {answer}");
    }
}
