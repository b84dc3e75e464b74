//! Tokens, good and bad.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubentra::clock::Now;
use kubentra::emulator::{
    AKS_SERVER_APP, Directory, Emulator, Flaw, MAX_TOKEN_GROUPS, MintRequest, TokenVersion,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{ALICE, BACKUP_ID, PIPELINE, PIPELINE_APP, TENANT, control, part, start, verifies};

#[tokio::test]
async fn honest_tokens_have_entras_claims_and_verify_with_the_served_keys() {
    let emulator = start();
    #[rustfmt::skip]
    let cases = [
        // (identity, version,           claims,                                                   why)
        ("alice",    TokenVersion::V1, json!({"ver": "1.0", "oid": ALICE, "tid": TENANT, "upn": "alice@contoso.example", "name": "Alice", "idtyp": null, "appidacr": "0"}), "a user of v1 has a upn"),
        ("ALICE@contoso.example", TokenVersion::V2, json!({"ver": "2.0", "oid": ALICE, "upn": null, "preferred_username": "alice@contoso.example", "appid": null}), "v2 has no upn unless asked for"),
        (PIPELINE_APP, TokenVersion::V1, json!({"idtyp": "app", "oid": PIPELINE, "sub": PIPELINE, "appid": PIPELINE_APP, "appidacr": "1", "scp": null, "upn": null, "groups": null}), "a program is its own subject"),
        ("pipeline", TokenVersion::V2, json!({"idtyp": "app", "azp": PIPELINE_APP, "azpacr": "1", "appid": null}), "v2 names its program azp"),
        ("backup",   TokenVersion::V1, json!({"idtyp": "app", "xms_mirid": BACKUP_ID, "appidacr": "2"}), "a managed identity carries its resource"),
    ];
    for (identity, version, expected, why) in cases {
        let token = emulator.mint(&MintRequest::new(identity).version(version)).unwrap();
        assert!(verifies(&emulator, &token).await, "{why}: signature");
        let claims = part(&token, 1);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&claims[name], value, "{why}: {name}");
        }
        assert_eq!(claims["aud"], AKS_SERVER_APP);
        let x5t =
            if version == TokenVersion::V1 { part(&token, 0)["kid"].clone() } else { Value::Null };
        assert_eq!(part(&token, 0)["x5t"], x5t, "{why}: only v1 has x5t in the header");
    }
}

#[test]
fn groups_are_transitive_and_circles_end() {
    let emulator = start();
    let token = emulator.mint(&MintRequest::new(ALICE)).unwrap();
    let group = |n| format!("90000000-0000-4000-8000-00000000000{n}");
    assert_eq!(part(&token, 1)["groups"], json!([group(1), group(2), group(3)]));
}

#[test]
fn more_than_200_groups_become_a_reference_to_graph() {
    for (number, inline) in [(MAX_TOKEN_GROUPS, true), (MAX_TOKEN_GROUPS + 1, false)] {
        let groups = (0..number).fold(String::from("groups:\n"), |text, n| {
            format!("{text}  - {{id: 90000000-0000-4000-8000-{n:012}, members: [{ALICE}]}}\n")
        });
        let user = format!("users: [{{id: {ALICE}, tenant: {TENANT}, upn: a@contoso.example}}]");
        let text = format!("tenants: [{TENANT}]\n{user}\n{groups}");
        let emulator =
            Emulator::start(Directory::parse(&text).unwrap(), "127.0.0.1:0".parse().unwrap())
                .unwrap();
        let claims = part(&emulator.mint(&MintRequest::new(ALICE)).unwrap(), 1);
        assert_eq!(claims["groups"].is_array(), inline, "{number} groups");
        assert_eq!(claims["_claim_names"]["groups"] == "src1", !inline, "{number} groups");
    }
}

#[test]
fn a_token_lives_from_five_minutes_ago_for_its_kinds_time() {
    let emulator = start();
    let now = Now { wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000), ..Now::read() };
    let claims = part(&emulator.mint_at(&MintRequest::new("alice"), now).unwrap(), 1);
    assert_eq!(claims["nbf"], 1_799_999_700);
    assert_eq!(claims["exp"], 1_800_004_500);
}

#[test]
fn claims_and_header_are_laid_over_and_null_deletes() {
    let emulator = start();
    let request = MintRequest::new("alice")
        .audience("api://other")
        .claim("upn", Value::Null)
        .claim("groups", json!(["not a guid"]))
        .header("typ", "pop")
        .header("x5t", Value::Null);
    let token = emulator.mint(&request).unwrap();
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!((&claims["upn"], &claims["aud"]), (&Value::Null, &json!("api://other")));
    assert_eq!(claims["groups"], json!(["not a guid"]));
    assert_eq!((&header["typ"], &header["x5t"]), (&json!("pop"), &Value::Null));
}

/// What is checked of a flaw: the place of the difference, and its value (null: absent).
#[tokio::test]
async fn each_flaw_breaks_what_it_says_and_nothing_else() {
    let emulator = start();
    let foreign = "https://login.attacker.example/ffffffff-ffff-4fff-8fff-ffffffffffff/";
    let wrong_issuer =
        format!("{}/ffffffff-ffff-4fff-8fff-ffffffffffff/", emulator.authority_url());
    #[rustfmt::skip]
    let cases = [
        // (flaw,                   signature good, part, member,     value)
        (Flaw::BadSignature,        false, 0, "alg",        json!("RS256")),
        (Flaw::EmptySignature,      false, 0, "alg",        json!("RS256")),
        (Flaw::None,                false, 0, "alg",        json!("none")),
        (Flaw::Hs256WithPublicKey,  false, 0, "alg",        json!("HS256")),
        (Flaw::UnknownKid,          false, 0, "kid",        json!("no-such-key")),
        (Flaw::NoKid,               false, 0, "kid",        json!(null)),
        (Flaw::StrangerKey,         false, 0, "alg",        json!("RS256")),
        (Flaw::OldKey,              false, 0, "alg",        json!("RS256")),
        (Flaw::NoExp,               true,  1, "exp",        json!(null)),
        (Flaw::NoNbf,               true,  1, "nbf",        json!(null)),
        (Flaw::NullExp,             true,  1, "exp",        json!(null)),
        (Flaw::WrongTenant,         true,  1, "tid",        json!("ffffffff-ffff-4fff-8fff-ffffffffffff")),
        (Flaw::WrongIssuer,         true,  1, "iss",        json!(wrong_issuer)),
        (Flaw::ForeignIssuer,       true,  1, "iss",        json!(foreign)),
        (Flaw::NoIssuer,            true,  1, "iss",        json!(null)),
        (Flaw::WrongAudience,       true,  1, "aud",        json!("ffffffff-ffff-4fff-8fff-ffffffffffff")),
        (Flaw::AttackerJwk,         false, 0, "alg",        json!("RS256")),
        (Flaw::Jku,                 true,  0, "jku",        json!("https://keys.attacker.example/keys")),
        (Flaw::X5u,                 true,  0, "x5u",        json!("https://keys.attacker.example/certificate.pem")),
        (Flaw::Crit,                true,  0, "crit",       json!(["kubentra-unknown"])),
        (Flaw::DuplicateClaim,      true,  1, "oid",        json!(ALICE)),
        (Flaw::DuplicateHeader,     true,  0, "alg",        json!("RS256")),
        (Flaw::Truncated,           false, 0, "alg",        json!("RS256")),
        (Flaw::FiveParts,           false, 0, "alg",        json!("RS256")),
        (Flaw::Oversized,           true,  1, "oid",        json!(ALICE)),
        (Flaw::Es256,               false, 0, "alg",        json!("ES256")),
        (Flaw::Ps256,               true,  0, "alg",        json!("PS256")),
        (Flaw::Overage,             true,  1, "groups",     json!(null)),
        (Flaw::HasGroups,           true,  1, "hasgroups",  json!(true)),
    ];
    for (flaw, good, index, member, value) in &cases {
        let token = emulator.mint(&MintRequest::new("alice").flaw(*flaw)).unwrap();
        assert_eq!(verifies(&emulator, &token).await, *good, "{flaw:?}: signature");
        assert_eq!(&part(&token, *index)[member], value, "{flaw:?}: {member}");
    }
    // Those whose difference is not the value of a member.
    let token = |flaw| emulator.mint(&MintRequest::new("alice").flaw(flaw)).unwrap();
    let text = |flaw, index| -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(token(flaw).split('.').nth(index).unwrap()).unwrap()
    };
    let times = |text: &[u8], what: &str| String::from_utf8_lossy(text).matches(what).count();
    assert_eq!(times(&text(Flaw::DuplicateClaim, 1), r#""oid":"#), 2);
    assert_eq!(times(&text(Flaw::DuplicateHeader, 0), r#""alg":"#), 2);
    assert_eq!(times(&text(Flaw::NullExp, 1), r#""exp":null"#), 1);
    assert_eq!(times(&text(Flaw::Deep, 1), "["), 10_000 + 2, "and amr and groups");
    assert!(serde_json::from_slice::<Value>(&text(Flaw::NotJson, 1)).is_err());
    assert!(serde_json::from_slice::<Vec<Value>>(&text(Flaw::NotAnObject, 1)).is_ok());
    assert!(part(&token(Flaw::StringExp), 1)["exp"].is_string());
    assert!(part(&token(Flaw::EmbeddedJwk), 0)["jwk"].is_object());
    assert!(part(&token(Flaw::X5c), 0)["x5c"].is_array());
    assert!(token(Flaw::Padded).contains('='));
    assert_eq!(token(Flaw::TwoParts).split('.').count(), 2);
    assert_eq!(token(Flaw::FiveParts).split('.').count(), 5);
    assert!(token(Flaw::Oversized).len() > 256 << 10);
    let times = [part(&token(Flaw::Expired), 1), part(&token(Flaw::NotYetValid), 1)];
    let now = Now::read().wall.duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(times[0]["exp"].as_u64().unwrap() < now && times[1]["nbf"].as_u64().unwrap() > now);
}

#[tokio::test]
async fn every_flaw_has_the_name_that_the_control_call_takes() {
    let emulator = start();
    let names: Vec<String> = Flaw::ALL
        .map(|flaw| serde_json::to_value(flaw).unwrap().as_str().unwrap().to_owned())
        .to_vec();
    insta::assert_snapshot!(names.join(" "), @"bad-signature empty-signature none hs256-with-public-key unknown-kid no-kid stranger-key old-key expired not-yet-valid no-exp no-nbf null-exp string-exp wrong-tenant wrong-issuer foreign-issuer no-issuer wrong-audience embedded-jwk attacker-jwk jku x5u x5c crit duplicate-claim duplicate-header truncated two-parts five-parts padded oversized deep not-json not-an-object es256 ps256 overage hasgroups");
    for flaw in names {
        let body = json!({ "identity": "alice", "flaw": flaw });
        let (status, answer) = control(&emulator, "tokens", &body).await;
        assert_eq!(status, StatusCode::OK, "{flaw}");
        assert!(answer["token"].as_str().unwrap().contains('.'), "{flaw}");
    }
}
