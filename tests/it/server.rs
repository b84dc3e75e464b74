//! The paths of both listeners, the answers, readiness, metrics, and what stops a start.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use super::webhook::{
    Files, Http, READER, TENANT, access_review,
    pki::{Authority, Pair},
    token_review, tuning,
};
use kubentra::emulator::{Directory, Emulator, MintRequest, RunningEmulator};
use kubentra::review::report;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn emulator() -> RunningEmulator {
    let directory = format!(
        "tenants: [{TENANT}]\nusers:\n  - {{id: {READER}, tenant: {TENANT}, upn: \
         reader@contoso.example}}\n"
    );
    let directory = Directory::parse(&directory).unwrap();
    Emulator::start(directory, "127.0.0.1:0".parse().unwrap()).unwrap()
}

#[tokio::test]
async fn both_reviews_are_answered_in_both_versions_on_every_path() {
    let server = Files::new().start().await;
    for http in [Http::One, Http::Two] {
        let client = server.client(http);
        for version in ["v1", "v1beta1"] {
            let mut access = access_review("get");
            access["apiVersion"] = json!(format!("authorization.k8s.io/{version}"));
            let mut token = token_review("not a JWT");
            token["apiVersion"] = json!(format!("authentication.k8s.io/{version}"));
            let cases = [
                (&access, ["/authorize", "/subjectaccessreviews"], "allowed", true),
                (&token, ["/authenticate", "/tokenreviews"], "authenticated", false),
            ];
            for (review, paths, member, expected) in cases {
                for path in paths {
                    for suffix in ["", "/", "?timeout=30s", "/?a=b&a=%2F"] {
                        let url = server.url(&format!("{path}{suffix}"));
                        let request = client.post(url).body(review.to_string());
                        let response = request.send().await.unwrap();
                        assert_eq!(response.status(), StatusCode::OK, "{path}{suffix}");
                        assert_eq!(response.headers()["content-type"], "application/json");
                        let answer: Value = response.json().await.unwrap();
                        assert_eq!(answer["apiVersion"], review["apiVersion"]);
                        assert_eq!(answer["kind"], review["kind"]);
                        let found = answer["status"][member].as_bool().unwrap_or(false);
                        assert_eq!(found, expected, "{http:?} {path}{suffix}: {answer}");
                    }
                }
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn other_methods_are_405_and_other_paths_404() {
    let server = Files::new().start().await;
    let client = server.client(Http::Two);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = client.request(method.clone(), server.url("/authorize/"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(response.headers()["allow"], "POST", "{method}");
    }
    for path in ["/", "/authorise", "/authorize//", "//authorize", "/Authorize", "/metrics"] {
        let response = client.post(server.url(path)).body("{}").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn without_a_policy_the_answer_is_503_that_asks_for_no_retry() {
    let files = Files::new();
    fs::remove_dir_all(files.path("policy")).unwrap();
    let server = files.start().await;
    let response = server.authorize(&access_review("get")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!response.headers().contains_key("retry-after"));
    let content_type = response.headers()["content-type"].to_str().unwrap();
    assert!(content_type.starts_with("text/plain"), "a Status would decide on retries");
    let text = response.text().await.unwrap();
    assert!(text.starts_with("cannot decide now: "), "{text}");

    let mut review = access_review("get");
    review["spec"]["user"] = json!("system:kube-scheduler");
    let answer: Value = server.authorize(&review).await.json().await.unwrap();
    assert_eq!(answer["status"]["allowed"], false, "needs no policy: {answer}");
    server.stop().await;
}

#[tokio::test]
async fn readiness_follows_policy_and_says_what_is_missing() {
    let emulator = emulator();
    let files = Files::new().with_emulator(&emulator);
    fs::remove_dir_all(files.path("policy")).unwrap();
    let server = files.start().await;
    for path in ["/livez", "/healthz"] {
        assert_eq!(server.admin(path).await, (StatusCode::OK, "ok\n".to_owned()), "{path}");
    }
    let (status, _) = server.until_ready_says("[-] policy: ").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);

    server.files.write_policy();
    server.until_ready_says("[+] policy: generation 1").await;
    let (status, page) = server.until_ready_says("\nready\n").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert_eq!(page.matches("[+] keys of ").count(), 2, "v1 and v2: {page}");

    server.files.write("policy/roleAssignments/broken.json", "{");
    let (status, page) = server.until_ready_says("the last good policy is kept").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("broken.json"), "{page}");
    server.stop().await;
}

#[tokio::test]
async fn an_old_policy_makes_the_server_not_ready() {
    let files = Files::new().with("policy: { maxStaleness: 1s }");
    files.write("policy/roleAssignments/broken.json", "[]");
    let server = files.start().await;
    server.files.write("policy/roleAssignments/broken.json", "{");
    let (status, page) = server.until_ready_says("[-] policy: the policy was last read").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    let status = server.authorize(&access_review("get")).await.status();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    server.stop().await;
}

#[tokio::test]
async fn keys_out_of_reach_make_the_server_not_ready_but_do_not_stop_it() {
    let server = Files::new().start().await;
    let (status, page) = server.until_ready_says("[-] keys of ").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    assert!(page.contains("[+] policy: "), "{page}");
    let answer: Value = server.authorize(&access_review("get")).await.json().await.unwrap();
    assert_eq!(answer["status"]["allowed"], true, "access needs no keys");
    server.stop().await;
}

#[tokio::test]
async fn authentication_only_is_ready_without_a_policy_directory() {
    let emulator = emulator();
    let files = Files::new().with_emulator(&emulator).with("policy: { mode: authenticationOnly }");
    fs::remove_dir_all(files.path("policy")).unwrap();
    let server = files.start().await;
    let (status, page) = server.until_ready_says("\nready\n").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(!page.contains("policy"), "{page}");
    let answer: Value = server.authorize(&access_review("get")).await.json().await.unwrap();
    assert_eq!(answer["status"]["allowed"], false, "{answer}");
    assert_ne!(answer["status"]["denied"], true, "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn authentication_only_shows_its_policy_and_is_ready_without() {
    let emulator = emulator();
    let files = Files::new().with_emulator(&emulator).with("policy: { mode: authenticationOnly }");
    let server = files.start().await;
    server.until_ready_says("[+] policy: generation 1").await;
    fs::remove_dir_all(server.files.path("policy")).unwrap();
    let (_, page) = server.until_ready_says("the last good policy is kept").await;
    assert!(page.contains("[+] policy"), "{page}");
    let (status, page) = server.until_ready_says("\nready\n").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    server.stop().await;

    let files = Files::new().with_emulator(&emulator).with("policy: { mode: authenticationOnly }");
    files.write("policy/roleAssignments/broken.json", "{");
    let server = files.start().await;
    let (status, page) = server.until_ready_says("\nready\n").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("broken.json") && page.contains("trusted access get 503"), "{page}");
    server.stop().await;
}

/// Every name of the contract, with a series that must be there.
const SERIES: &[(&str, &str)] = &[
    (
        r#"kubentra_decisions_total{outcome="allow",grant="role_assignment",reason="role_assignment"}"#,
        "1",
    ),
    (r#"kubentra_decisions_total{outcome="error",grant="none",reason="invalid"}"#, "1"),
    (r#"kubentra_token_reviews_total{result="authenticated",reason="none"}"#, "2"),
    (r#"kubentra_token_reviews_total{result="not_ours",reason="none"}"#, "1"),
    (r#"kubentra_token_reviews_total{result="refused",reason="audience"}"#, "1"),
    (r#"kubentra_token_reviews_total{result="invalid",reason="invalid"}"#, "1"),
    (r#"kubentra_review_duration_seconds_count{review="access"}"#, "3"),
    (r#"kubentra_review_duration_seconds_count{review="token"}"#, "5"),
    (r#"kubentra_cache_requests_total{cache="token",result="hit"}"#, "1"),
    (r#"kubentra_cache_requests_total{cache="token",result="miss"}"#, "3"),
    ("kubentra_policy_generation", "1"),
    (r#"kubentra_policy_problems{kind="unknown_role_definition"}"#, "1"),
    (r#"kubentra_policy_problems{kind="condition"}"#, "0"),
    (r#"kubentra_build_info{version="0.1.0"}"#, "1"),
    ("kubentra_tls_reload_failing", "0"),
];

#[tokio::test]
async fn a_scrape_has_every_metric_and_nobody_in_it() {
    let emulator = emulator();
    let files = Files::new().with_emulator(&emulator);
    let unknown_role = json!({
        "id": "/providers/Microsoft.Authorization/roleAssignments/c0000000-0000-4000-8000-000000000009",
        "principalId": READER,
        "roleDefinitionId": "d0000000-0000-4000-8000-000000000009",
        "scope": "/",
    });
    files.write("policy/roleAssignments/unknown.json", &unknown_role.to_string());
    let server = files.start().await;
    server.until_ready_says("\nready\n").await;

    server.authorize(&access_review("get")).await;
    server.authorize(&access_review("delete")).await;
    server.post("/authorize", "{").await;
    let token = emulator.mint(&MintRequest::new(READER)).unwrap();
    for _ in 0..2 {
        let response = server.post("/authenticate", token_review(&token).to_string()).await;
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["status"]["authenticated"], true, "{answer}");
    }
    let other = emulator.mint(&MintRequest::new(READER).audience("someone")).unwrap();
    server.post("/authenticate", token_review(&other).to_string()).await;
    server.post("/authenticate", token_review("abc").to_string()).await;
    server.post("/authenticate", "{").await;

    for (series, expected) in SERIES {
        assert_eq!(server.metric(series).await.as_deref(), Some(*expected), "{series}");
    }
    let (status, page) = server.admin("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for name in [
        "kubentra_policy_age_seconds ",
        "kubentra_keys_age_seconds{issuer=",
        "kubentra_certificate_expiry_timestamp_seconds ",
        "kubentra_review_duration_seconds_bucket{le=\"0.00005\"",
    ] {
        assert!(page.contains(name), "{name}: {page}");
    }
    let age: f64 = server.metric("kubentra_policy_age_seconds").await.unwrap().parse().unwrap();
    assert!(age < 60.0, "{age}");
    assert!(!page.contains("reader@") && !page.contains(READER), "{page}");
    server.stop().await;
}

#[tokio::test]
async fn the_server_does_not_start_with_what_it_cannot_serve() {
    let other: Pair = Authority::new("other").server();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut table = String::new();
    #[rustfmt::skip]
    let cases: [(&str, Files); 8] = [
        ("no certificate",         { let f = Files::new(); fs::remove_file(f.path("server.crt")).unwrap(); f }),
        ("an empty certificate",   { let f = Files::new(); f.write("server.crt", ""); f }),
        ("a key of another",       { let f = Files::new(); f.write("server.key", &other.key); f }),
        ("a certificate as a key", { let f = Files::new(); f.write("server.key", &other.certificate); f }),
        ("no client authority",    { let f = Files::new(); f.write("ca.crt", "-----BEGIN"); f }),
        ("no Entra authority",     Files::new().with("groups: { source: token }").with_missing_ca()),
        ("groups from Graph",      Files::new().with("groups: { source: graph }")),
        ("policy from ARM",        Files::new().with("policy: { source: azure }")),
    ];
    for (why, files) in cases {
        let error = files.try_start(tuning()).await.expect_err(why);
        let dir = format!("{}/", files.dir.path().display());
        table.push_str(&format!("{why}: {}\n", report(&error).replace(&dir, "")));
    }
    insta::assert_snapshot!(table);

    let files = Files::new();
    let config = files.config_at(taken.local_addr().unwrap());
    let error = kubentra::app::App::start(&config).await.unwrap_err();
    let address = taken.local_addr().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on `{address}` for the webhook"));
}

#[tokio::test]
async fn dropping_a_server_frees_its_addresses() {
    let server = Files::new().start().await;
    let address = server.webhook;
    drop(server);
    for _ in 0..100 {
        if TcpListener::bind(address).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("`{address}` is still taken");
}
