//! `kubentra token inspect`, as it is run, with the emulator as Entra.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use kubentra::emulator::{
    Directory, Emulator, Flaw, MintRequest, PopFlaw, PopRequest, RunningEmulator,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Ran;

const TENANT: &str = "00000000-0000-4000-8000-0000000000bb";
const ALICE: &str = "a0000000-0000-4000-8000-000000000001";
const TRUSTED_ACCESS: &str = "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0";
const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/demo/\
                       providers/Microsoft.ContainerService/managedClusters/demo";
const WORKSPACE: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/demo/\
                         providers/Microsoft.MachineLearningServices/workspaces/demo";

/// An Entra to issue tokens, and a configuration that trusts it.
struct Tenant {
    emulator: RunningEmulator,
    directory: TempDir,
}

impl Tenant {
    fn start() -> Self {
        let people = format!(
            "tenants: [{TENANT}]\n\
             users: [{{id: {ALICE}, tenant: {TENANT}, upn: alice@contoso.example}}]\n\
             groups: [{{id: b0000000-0000-4000-8000-000000000001, members: [{ALICE}]}}]\n\
             managedIdentities:\n\
             - id: a0000000-0000-4000-8000-000000000009\n  \
               appId: a0000000-0000-4000-8000-00000000000a\n  \
               resourceId: {WORKSPACE}\n"
        );
        let people = Directory::parse(&people).unwrap();
        let emulator = Emulator::start(people, "127.0.0.1:0".parse().unwrap()).unwrap();
        let directory = TempDir::new().unwrap();
        let ca = directory.path().join("ca.crt");
        fs::write(&ca, emulator.ca_pem()).unwrap();
        fs::create_dir(directory.path().join("policy")).unwrap();
        let tenant = Self { emulator, directory };
        tenant.configure(tenant.emulator.authority_url());
        tenant
    }

    fn configure(&self, authority: &str) {
        let config = format!(
            "apiVersion: kubentra.io/v1alpha1\n\
             kind: Configuration\n\
             cluster: {{resourceId: {CLUSTER}}}\n\
             entra:\n  cloud: custom\n  tenantId: {TENANT}\n  authorityUrl: {authority}\n  \
             caFile: ca.crt\n"
        );
        fs::write(self.directory.path().join("config.yaml"), config).unwrap();
    }

    fn mint(&self, request: &MintRequest) -> String {
        self.emulator.mint(request).unwrap()
    }

    /// Runs the command with `input` on its standard input.
    fn inspect(&self, input: &str, more: &[&str]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubentra"))
            .args(["token", "inspect", "--config"])
            .arg(self.directory.path().join("config.yaml"))
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// As [`Self::inspect`], with the report as JSON.
    fn report(&self, input: &str) -> (i32, Value) {
        let ran = self.inspect(input, &["-o", "json"]);
        (ran.status, serde_json::from_str(&ran.stdout).unwrap())
    }
}

/// The check that ended an inspection, and how.
fn ended(report: &Value) -> (String, String) {
    let last = report["checks"].as_array().unwrap().iter().rfind(|c| c["result"] != "notReached");
    let text = |name: &str| last.unwrap()[name].as_str().unwrap().to_owned();
    (text("check"), text("result"))
}

#[test]
fn an_accepted_token_passes_every_check_and_shows_what_kubernetes_sees() {
    let tenant = Tenant::start();
    let token = tenant.mint(&MintRequest::new(ALICE));
    let ran = tenant.inspect(&token, &[]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let (checks, _) = ran.stdout.split_once("what the token says").unwrap();
    insta::assert_snapshot!(checks);
    for part in token.split('.') {
        assert!(!ran.stdout.contains(part), "no part of the token is printed");
    }

    let (status, report) = tenant.report(&token);
    assert_eq!((status, &report["result"]), (0, &json!("authenticated")));
    assert_eq!(report["identity"]["username"], "alice@contoso.example");
    assert_eq!(report["claims"]["oid"], ALICE);
}

#[test]
fn what_kubelogin_prints_is_read_too() {
    let tenant = Tenant::start();
    let token = tenant.mint(&MintRequest::new(ALICE));
    let credential = json!({"kind": "ExecCredential", "status": {"token": token}}).to_string();
    for input in [credential, format!("\n{token}\n")] {
        assert_eq!(tenant.inspect(&input, &[]).status, 0);
    }
}

#[test]
fn the_check_that_ends_it_is_named() {
    let tenant = Tenant::start();
    let alice = || MintRequest::new(ALICE);
    let workspace =
        || MintRequest::new("a0000000-0000-4000-8000-000000000009").audience(TRUSTED_ACCESS);
    #[rustfmt::skip]
    let cases = [
        // (token,                                                        status, check)
        ("not a token".to_owned(),                                             2, "form"),
        (tenant.mint(&alice().claim("iss", "https://accounts.example")),       2, "issuer"),
        (tenant.mint(&alice().claim("oid", 7)),                                1, "content"),
        (tenant.mint(&alice().header("alg", "HS256")),                         1, "content"),
        (tenant.mint(&alice().claim("tid", ALICE)),                            1, "tenant"),
        (tenant.mint(&alice().claim("cnf", json!({"kid": "x"}))),              1, "possession"),
        (tenant.mint(&alice().claim("exp", 1_000)),                            1, "time"),
        (tenant.mint(&alice().claim("nbf", 4_000_000_000_u64)),                1, "time"),
        (tenant.mint(&alice().header("kid", "another")),                       1, "key"),
        (tenant.mint(&alice().audience("somebody-else")),                      1, "audience"),
        (tenant.mint(&workspace()),                                            1, "audience"),
        (tenant.mint(&alice().claim("upn", "system:admin")),                   1, "username"),
    ];
    let mut messages = String::new();
    for (token, status, check) in cases {
        let (code, report) = tenant.report(&token);
        assert_eq!(code, status, "{check}: {report}");
        assert_eq!(ended(&report), (check.to_owned(), "failed".to_owned()), "{report}");
        messages.push_str(&format!("{check}: {}\n", report["error"]));
    }
    let durations = |c: char| c.is_ascii_digit();
    let messages: Vec<_> = messages.lines().map(|line| line.replace(durations, "")).collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_wrong_signature_is_told_from_an_unknown_key() {
    let tenant = Tenant::start();
    let token = tenant.mint(&MintRequest::new(ALICE).flaw(Flaw::BadSignature));
    let (status, report) = tenant.report(&token);
    assert_eq!((status, ended(&report).0.as_str()), (1, "signature"), "{report}");
    assert_eq!(report["claims"]["oid"], ALICE, "its claims are shown, as unproven");
    let ran = tenant.inspect(&token, &[]);
    assert!(ran.stdout.contains("what the token says (not proven)"), "{}", ran.stdout);
}

#[test]
fn trusted_access_needs_a_binding_in_the_policy() {
    let tenant = Tenant::start();
    let request = MintRequest::new("a0000000-0000-4000-8000-000000000009").audience(TRUSTED_ACCESS);
    let token = tenant.mint(&request);
    let folder = tenant.directory.path().join("policy/trustedAccessRoleBindings");
    fs::create_dir(&folder).unwrap();
    let binding = json!({
        "name": "workspace",
        "sourceResourceId": WORKSPACE,
        "roles": ["Microsoft.MachineLearningServices/workspaces/mlworkload"],
    });
    fs::write(folder.join("workspace.json"), binding.to_string()).unwrap();
    assert_eq!(tenant.inspect(&token, &[]).status, 0, "the binding lets it in");

    fs::write(folder.join("workspace.json"), "{").unwrap();
    let ran = tenant.inspect(&token, &[]);
    assert_eq!(ran.status, 4, "a broken policy cannot tell: {}", ran.stdout);
    assert!(ran.stderr.starts_with("note: no policy: "), "{}", ran.stderr);
    let other = tenant.mint(&MintRequest::new(ALICE));
    assert_eq!(tenant.inspect(&other, &[]).status, 0, "who needs no binding needs no policy");
}

#[test]
fn keys_out_of_reach_are_no_refusal() {
    let tenant = Tenant::start();
    let token = tenant.mint(&MintRequest::new(ALICE));
    // The discard port of loopback: nobody listens.
    tenant.configure("https://127.0.0.1:9");
    let authority = tenant.emulator.authority_url().trim_end_matches('/');
    assert!(!authority.ends_with(":9"), "the emulator is elsewhere");
    let reachable = tenant
        .mint(&MintRequest::new(ALICE).claim("iss", format!("https://127.0.0.1:9/{TENANT}/")));
    for token in [token, reachable] {
        let (status, report) = tenant.report(&token);
        assert_eq!((status, &report["result"]), (4, &json!("unavailable")), "{report}");
        assert_eq!(ended(&report), ("issuer".to_owned(), "unknown".to_owned()), "{report}");
    }
}

#[test]
fn without_a_token_nothing_is_asked() {
    let tenant = Tenant::start();
    let ran = tenant.inspect(" \n", &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    assert_eq!(ran.stderr, "error: standard input has no token; pipe one in\n");
}

#[test]
fn a_proof_of_possession_is_inspected_with_the_token_in_it() {
    let tenant = Tenant::start();
    let request = |flaw| PopRequest { flaw, ..PopRequest::new(CLUSTER) };
    let wrap = |flaw| tenant.mint(&MintRequest::new(ALICE).pop(request(flaw)));
    let good = wrap(None);
    let (status, report) = tenant.report(&good);
    assert_eq!((status, ended(&report).0.as_str()), (2, "issuer"), "not enabled: {report}");
    let detail = report["checks"][1]["detail"].as_str().unwrap();
    assert!(detail.contains("`pop.enabled: true`"), "{detail}");

    let file = tenant.directory.path().join("config.yaml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{config}pop: {{ enabled: true }}\n")).unwrap();
    let ran = tenant.inspect(&good, &[]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let (checks, claims) = ran.stdout.split_once("what the token says").unwrap();
    insta::assert_snapshot!(checks);
    assert!(claims.contains(CLUSTER) && claims.contains(ALICE), "request and token: {claims}");
    for part in good.split('.') {
        assert!(!ran.stdout.contains(part), "no part of it is printed");
    }

    let inner = |flaw| tenant.mint(&MintRequest::new(ALICE).flaw(flaw).pop(request(None)));
    #[rustfmt::skip]
    let cases = [
        // (what,                          status, check)
        (wrap(Some(PopFlaw::WrongCluster)),   1, "possession"),
        (wrap(Some(PopFlaw::UnboundToken)),   1, "possession"),
        (wrap(Some(PopFlaw::StaleTs)),        1, "possession"),
        (wrap(Some(PopFlaw::BadSignature)),   1, "signature"),
        (inner(Flaw::BadSignature),           1, "signature"),
        (inner(Flaw::Expired),                1, "time"),
        (inner(Flaw::ForeignIssuer),          2, "issuer"),
    ];
    for (text, status, check) in cases {
        let (code, report) = tenant.report(&text);
        assert_eq!((code, ended(&report).0.as_str()), (status, check), "{report}");
    }
}
