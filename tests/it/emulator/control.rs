//! The control calls: keys, faults, counts.

use std::time::Duration;

use kubentra::clock::Now;
use kubentra::emulator::{Algorithm, Fault, FaultKind, Flaw, MintRequest, Rotation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{TENANT, client, control, get, part, served_keys, start, verifies};

#[tokio::test]
async fn a_control_call_that_makes_no_sense_says_why() {
    let emulator = start();
    #[rustfmt::skip]
    let cases = [
        ("tokens",      json!({"identity": "bob"}),                  "identity `bob` is not in the directory"),
        ("tokens",      json!({"identity": "alice", "flaw": "odd"}), "unknown variant `odd`"),
        ("tokens",      json!({"identity": "alice", "ver": "1.0"}),  "unknown field `ver`"),
        ("keys/rotate", json!({"keepold": true}),                    "unknown field `keepold`"),
        ("faults",      json!({"kind": "status", "status": 99}),     "`99` is not a status"),
    ];
    for (name, body, expected) in cases {
        let (status, answer) = control(&emulator, name, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(expected), "{answer}");
    }
}

#[tokio::test]
async fn rotation_keeps_old_keys_served_unless_told_otherwise() {
    let emulator = start();
    let before = emulator.mint(&MintRequest::new("alice")).unwrap();

    let (_, rotated) = control(&emulator, "keys/rotate", &json!({})).await;
    let after = emulator.mint(&MintRequest::new("alice")).unwrap();
    assert_eq!(part(&after, 0)["kid"], rotated["kid"]);
    assert!(verifies(&emulator, &before).await, "the old key is still served");
    assert!(verifies(&emulator, &after).await);

    emulator.rotate(Rotation { keep_old: false, ..Rotation::default() }).unwrap();
    assert!(!verifies(&emulator, &before).await, "the old key is gone");
    assert_eq!(served_keys(&emulator).await.len(), 1);
    let old = emulator.mint(&MintRequest::new("alice").flaw(Flaw::OldKey)).unwrap();
    assert_eq!(part(&old, 0)["kid"], part(&after, 0)["kid"], "signed with the key that went last");
    assert!(!verifies(&emulator, &old).await);
}

#[tokio::test]
async fn keys_of_other_algorithms_say_so_in_the_key_set() {
    let emulator = start();
    for algorithm in [Algorithm::Ps256, Algorithm::Es256] {
        emulator.rotate(Rotation { algorithm, ..Rotation::default() }).unwrap();
        let token = emulator.mint(&MintRequest::new("alice")).unwrap();
        assert!(verifies(&emulator, &token).await, "{algorithm:?}");
        assert_eq!(part(&token, 0)["alg"], served_keys(&emulator).await[0]["alg"]);
    }
    for flaw in [Flaw::Ps256, Flaw::Es256] {
        let token = emulator.mint(&MintRequest::new("alice").flaw(flaw)).unwrap();
        assert!(verifies(&emulator, &token).await, "{flaw:?} by the key that is served for it");
    }
}

#[tokio::test]
async fn faults_strike_what_they_name_as_often_as_they_say_and_never_the_control_calls() {
    let emulator = start();
    let client = client(&emulator);
    let keys = format!("/{TENANT}/discovery/keys");
    let get = async |path: &str| {
        client.get(format!("{}{path}", emulator.authority_url())).send().await.unwrap()
    };

    let fault = json!({"kind": "status", "status": 429, "retryAfter": 7, "times": 1, "path": keys});
    control(&emulator, "faults", &fault).await;
    let other = get(&format!("/{TENANT}/.well-known/openid-configuration")).await;
    assert_eq!(other.status(), StatusCode::OK, "another path");
    let struck = get(&keys).await;
    assert_eq!((struck.status().as_u16(), &struck.headers()["retry-after"] == "7"), (429, true));
    assert_eq!(get(&keys).await.status(), StatusCode::OK, "once only");

    emulator.faults().add(Fault::new(FaultKind::NotFound).at(&keys)).unwrap();
    assert_eq!(get(&keys).await.status(), StatusCode::NOT_FOUND);
    client.delete(format!("{}/_emulator/faults", emulator.authority_url())).send().await.unwrap();
    assert_eq!(get(&keys).await.status(), StatusCode::OK, "cleared");

    emulator.faults().add(Fault::new(FaultKind::Truncate).at(&keys).times(1)).unwrap();
    let answer = client.get(format!("{}{keys}", emulator.authority_url())).send().await;
    let body = async { answer?.bytes().await };
    assert!(body.await.is_err(), "the connection breaks");
    assert_eq!(get(&keys).await.status(), StatusCode::OK, "once only");

    emulator.faults().clear();
    emulator.faults().add(Fault::new(FaultKind::Malformed).times(1)).unwrap();
    let cut = get(&keys).await.text().await.unwrap();
    assert!(cut.starts_with('{') && serde_json::from_str::<Value>(&cut).is_err(), "{cut}");

    emulator.faults().add(Fault::latency(Duration::from_millis(300)).times(1)).unwrap();
    emulator.faults().add(Fault::status(503).times(1)).unwrap();
    let start = Now::read().monotonic;
    assert_eq!(
        get(&keys).await.status(),
        StatusCode::SERVICE_UNAVAILABLE,
        "late, and then failing"
    );
    assert!(start.elapsed() >= Duration::from_millis(300));

    emulator.faults().add(Fault::status(500)).unwrap();
    let (status, _) = control(&emulator, "tokens", &json!({"identity": "alice"})).await;
    assert_eq!(status, StatusCode::OK, "control calls are never struck");
}

#[tokio::test]
async fn requests_are_counted_by_path() {
    let emulator = start();
    served_keys(&emulator).await;
    served_keys(&emulator).await;
    let _ = control(&emulator, "tokens", &json!({})).await;
    assert_eq!(emulator.faults().requests(&format!("/{TENANT}/discovery/")), 2);
    assert_eq!(emulator.faults().requests("/"), 2, "control calls are not counted");
    let counts = get(&emulator, "/_emulator/requests").await;
    assert_eq!(counts[format!("/{TENANT}/discovery/keys")], 2);
}
