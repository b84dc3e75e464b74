//! Proof of possession through a whole server, with a client that does what kubelogin does.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubentra::clock::Now;
use kubentra::emulator::{
    AKS_SERVER_APP, Directory, Emulator, MintRequest, PopFlaw, PopRequest, RunningEmulator,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::webhook::{Files, READER, Server, TENANT, token_review};

/// The cluster of [`Files`], as somebody may write it.
const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-00000000000A/resourcegroups/RG/providers/Microsoft.ContainerService/managedclusters/demo";
const PIPELINE: &str = "b0700000-0000-4000-8000-000000000002";
const PIPELINE_APP: &str = "b07a0000-0000-4000-8000-000000000002";

fn emulator() -> RunningEmulator {
    let directory = format!(
        "tenants: [{TENANT}]\n\
         users: [{{id: {READER}, tenant: {TENANT}, upn: reader@contoso.example}}]\n\
         servicePrincipals: [{{id: {PIPELINE}, appId: {PIPELINE_APP}, secret: s}}]\n"
    );
    let directory = Directory::parse(&directory).unwrap();
    Emulator::start(directory, "127.0.0.1:0".parse().unwrap()).unwrap()
}

async fn start(emulator: &RunningEmulator, pop: &str) -> Server {
    let server = Files::new().with_emulator(emulator).with(pop).start().await;
    server.until_ready_says("\nready\n").await;
    server
}

/// The name of the caller, the error, or nothing.
async fn whoami(server: &Server, token: &str) -> String {
    let response = server.post("/authenticate", token_review(token).to_string()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let status = response.json::<Value>().await.unwrap()["status"].take();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if status["authenticated"] == true {
        text(&status["user"]["username"])
    } else {
        text(&status["error"])
    }
}

/// A client with a key of its own, as kubelogin makes one at every start.
struct Client {
    pair: RsaKeyPair,
}

impl Client {
    fn new() -> Self {
        Self { pair: RsaKeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    fn members(&self) -> (String, String) {
        let public = self.pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        (n, URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()))
    }

    fn thumbprint(&self) -> String {
        let (n, e) = self.members();
        let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
    }

    /// Logs in as the pipeline, and names its key.
    async fn token(&self, emulator: &RunningEmulator) -> String {
        let key = format!(r#"{{"kid":"{}","xms_ksl":"sw"}}"#, self.thumbprint());
        let fields = [
            ("client_id", PIPELINE_APP),
            ("client_secret", "s"),
            ("grant_type", "client_credentials"),
            ("req_cnf", &URL_SAFE_NO_PAD.encode(key)),
            ("scope", &format!("{AKS_SERVER_APP}/.default openid offline_access profile")),
            ("token_type", "pop"),
        ];
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let response = super::emulator::client(emulator)
            .post(format!("{}/{TENANT}/oauth2/v2.0/token", emulator.authority_url()))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form)
            .send()
            .await
            .unwrap();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["token_type"], "pop", "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The text that kubelogin gives to kubectl.
    fn wrap(&self, token: &str, nonce: &str) -> String {
        let ((n, e), kid) = (self.members(), self.thumbprint());
        let now = Now::read().wall.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let header = json!({"typ": "pop", "alg": "RS256", "kid": kid});
        let jwk = json!({"kty": "RSA", "n": n, "e": e, "alg": "RS256", "kid": kid});
        let payload =
            json!({"at": token, "ts": now, "u": CLUSTER, "cnf": {"jwk": jwk}, "nonce": nonce});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&header), encode(&payload));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test]
async fn a_client_as_kubelogin_logs_in_and_a_thief_does_not() {
    let emulator = emulator();
    let server = start(&emulator, "pop: { enabled: true }").await;
    let (client, thief) = (Client::new(), Client::new());
    let token = client.token(&emulator).await;
    let request = client.wrap(&token, "one");
    let refused = "proof of possession";
    #[rustfmt::skip]
    let cases = [
        // (what is sent,                        the answer begins or holds, why)
        (request.clone(),                        PIPELINE,                 "the login"),
        (request.clone(),                        PIPELINE,                 "the API server asks again"),
        (client.wrap(&token, "two"),             PIPELINE,                 "kubectl runs again"),
        (token.clone(),                          "bound to a key",         "the token was seen, and is sent alone"),
        (thief.wrap(&token, "three"),            "bound to another key",   "the token was seen, and is wrapped anew"),
        (format!("{request}x"),                  refused,                  "a changed signature"),
    ];
    for (text, expected, why) in cases {
        let answer = whoami(&server, &text).await;
        assert!(answer.contains(expected), "{why}: {answer}");
    }
    let bearer = emulator.mint(&MintRequest::new(READER)).unwrap();
    assert_eq!(whoami(&server, &bearer).await, "reader@contoso.example", "bearer tokens go on");
    server.stop().await;
}

#[tokio::test]
async fn a_replay_is_refused_and_counted() {
    let emulator = emulator();
    let server = start(&emulator, "pop: { enabled: true, validity: 1h }").await;
    let request = |flaw| {
        let pop = PopRequest::new(CLUSTER).flaw(flaw);
        emulator.mint(&MintRequest::new(READER).pop(pop)).unwrap()
    };
    let (first, second) = (request(PopFlaw::RepeatedNonce), request(PopFlaw::RepeatedNonce));
    assert_ne!(first, second, "another token inside");
    for (text, expected) in [
        (&first, "reader@contoso.example"),
        (
            &second,
            "the proof of possession repeats the `nonce` of another one; make a new one each time",
        ),
        (&first, "reader@contoso.example"),
        (&request(PopFlaw::StringTs), "reader@contoso.example"),
    ] {
        assert_eq!(whoami(&server, text).await, expected);
    }
    let wrong = whoami(&server, &request(PopFlaw::WrongCluster)).await;
    assert!(wrong.starts_with("the proof of possession is for another cluster"), "{wrong}");
    for (series, expected) in [
        (r#"kubentra_token_reviews_total{result="authenticated",reason="none"}"#, "3"),
        (r#"kubentra_token_reviews_total{result="refused",reason="proof_replayed"}"#, "1"),
        (r#"kubentra_token_reviews_total{result="refused",reason="proof_cluster"}"#, "1"),
    ] {
        assert_eq!(server.metric(series).await.as_deref(), Some(expected), "{series}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_is_good_for_its_validity() {
    let emulator = emulator();
    let server = start(&emulator, "pop: { enabled: true, validity: 1s }").await;
    let text = emulator.mint(&MintRequest::new(READER).pop(PopRequest::new(CLUSTER))).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let answer = whoami(&server, &text).await;
    assert!(answer.starts_with("the proof of possession is too old"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn where_a_proof_is_required_a_bearer_token_is_told_how_to_get_one() {
    let emulator = emulator();
    let files = Files::new().with("pop: { enabled: true, required: true }");
    let config = files.config_at("127.0.0.1:0".parse().unwrap());
    let faults = kubentra::app::App::faults(&config);
    assert!(faults.is_empty(), "what `check` asks: {faults:?}");

    let server = start(&emulator, "pop: { enabled: true, required: true }").await;
    let bearer = emulator.mint(&MintRequest::new(READER)).unwrap();
    let answer = whoami(&server, &bearer).await;
    assert!(answer.contains("kubelogin `--pop-enabled"), "{answer}");
    let request = MintRequest::new(READER).pop(PopRequest::new(CLUSTER));
    assert_eq!(whoami(&server, &emulator.mint(&request).unwrap()).await, "reader@contoso.example");
    server.stop().await;
}

#[tokio::test]
async fn without_the_setting_a_request_is_nobodys_token() {
    let emulator = emulator();
    let server = start(&emulator, "pop: { enabled: false }").await;
    let text = emulator.mint(&MintRequest::new(READER).pop(PopRequest::new(CLUSTER))).unwrap();
    assert_eq!(whoami(&server, &text).await, "", "no error");
    server.stop().await;
}
