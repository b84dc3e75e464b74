//! The cases against servers in this process: one for each shared policy, with an emulator that
//! mints their tokens. What is asked over mutual TLS is also asked of the library, which says which
//! grant decided. A case with a time of its own is asked of the library alone: a server has its clock.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubentra::app::{App, RunningApp};
use kubentra::authz::{Decision, PolicySnapshot};
use kubentra::clock::Now;
use kubentra::config::Config;
use kubentra::emulator::{Directory, Emulator, MintRequest, RunningEmulator};
use kubentra::policy_dir;
use kubentra::review::access::AccessReview;
use kubentra::service::authorizer::Authorizer;
use kubentra::service::policy_store::PolicyStore;
use kubentra::setup::pki::{self, Found, Pki};
use libtest_mimic::{Failed, Trial};
use reqwest::StatusCode;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::answer;
use crate::case::{self, Case, Question, TokenCase, Via};
use crate::client::{Poster, Reply};
use crate::via;

/// Everything that runs while the trials do.
struct World {
    runtime: Runtime,
    emulator: RunningEmulator,
    servers: HashMap<String, Server>,
    // Removed when the world ends.
    _files: TempDir,
}

struct Server {
    poster: Poster,
    /// Decides from the same files, and says which grant it was.
    authorizer: Authorizer,
    _app: RunningApp,
}

pub(crate) fn trials(cases: Vec<Case>) -> Vec<Trial> {
    let policies: BTreeSet<_> = cases.iter().map(|case| case.policy.clone()).collect();
    assert!(policies.len() <= 6, "more than 6 shared policies: {policies:?}");
    let world = Arc::new(World::start(&policies));
    let trial = |case: Case| {
        let world = Arc::clone(&world);
        Trial::test(case.name.clone(), move || world.run(&case).map_err(Failed::from))
    };
    cases.into_iter().map(trial).collect()
}

impl World {
    fn start(policies: &BTreeSet<String>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let directory = Directory::load(&case::root().join("directory.yaml")).expect("a directory");
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let emulator = Emulator::start(directory, any).expect("an emulator");
        let files = TempDir::new().expect("a folder");
        let servers = policies
            .iter()
            .map(|policy| {
                let dir = files.path().join(policy);
                (policy.clone(), runtime.block_on(start(policy, &dir, &emulator)))
            })
            .collect();
        Self { runtime, emulator, servers, _files: files }
    }

    fn run(&self, case: &Case) -> Result<(), String> {
        let server = self.servers.get(&case.policy).expect("every policy has a server");
        if let (Question::Access(body), Some(now)) = (&case.question, case.now) {
            return run_at(server, case, body, now);
        }
        if let Some(before) = &case.before {
            let token = self.mint(before)?;
            self.runtime.block_on(answer::must_authenticate(&server.poster, &token))?;
        }
        let token = match &case.question {
            Question::Token(TokenCase::Raw { raw }) => Some(raw.clone()),
            Question::Token(TokenCase::Mint(request)) => Some(self.mint(request)?),
            Question::Access(_) | Question::Authenticate(_) => None,
        };
        let reason = self.runtime.block_on(answer::check(&server.poster, case, token))?;
        if let Question::Access(body) = &case.question
            && let Some(expected) = &case.expect.via
        {
            let found = decide(server, &parse(body)?, Now::read())?;
            if found.to_string() != reason {
                return Err(format!("the server said `{reason}`, the library `{found}`"));
            }
            check_via(case, expected, &found)?;
        }
        Ok(())
    }

    fn mint(&self, request: &serde_json::Value) -> Result<String, String> {
        let request: MintRequest =
            serde_json::from_value(request.clone()).map_err(|e| format!("token: {e}"))?;
        self.emulator.mint(&request).map_err(|e| format!("cannot mint: {e}"))
    }
}

/// Copies a shared policy, gives it certificates and the emulator's address, and serves it.
async fn start(policy: &str, dir: &Path, emulator: &RunningEmulator) -> Server {
    let source = case::root().join("policies").join(policy);
    copy(&source, dir);
    let pki = make_certificates(&dir.join("pki"));
    fs::write(dir.join("pki/emulator-ca.crt"), emulator.ca_pem()).unwrap();
    let path = dir.join("config.yaml");
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("https://127.0.0.1:8444", emulator.authority_url())
        .replace("127.0.0.1:8443", "127.0.0.1:0")
        .replace("127.0.0.1:8080", "127.0.0.1:0");
    fs::write(&path, text).unwrap();
    let config = Config::load(&path).unwrap_or_else(|e| panic!("{policy}: {e}"));
    let app = App::start(&config).await.unwrap_or_else(|e| panic!("{policy}: {e}"));
    until_ready(policy, &app).await;
    let identity = format!("{}{}", pki.client.certificate, pki.client.key.unwrap());
    let base = format!("https://{}", app.webhook_addr());
    let poster = Poster::new(&base, identity.as_bytes(), pki.ca.certificate.as_bytes());
    Server { poster, authorizer: authorizer(&config), _app: app }
}

fn make_certificates(dir: &Path) -> Pki {
    fs::create_dir_all(dir).unwrap();
    let host = "127.0.0.1".parse().unwrap();
    let pki = pki::complete(Found::default(), &host, Now::read().wall).unwrap();
    for (name, pair) in [("ca", &pki.ca), ("server", &pki.server)] {
        fs::write(dir.join(name).with_extension("crt"), &pair.certificate).unwrap();
        fs::write(dir.join(name).with_extension("key"), pair.key.as_ref().unwrap()).unwrap();
    }
    pki
}

async fn until_ready(policy: &str, app: &RunningApp) {
    let url = format!("http://{}/readyz", app.admin_addr());
    let mut said = String::new();
    for _ in 0..100 {
        let response = reqwest::get(&url).await.unwrap();
        let ready = response.status().is_success();
        said = response.text().await.unwrap();
        if ready {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{policy} is not ready after 10 s: {said}");
}

/// The library's own answer to the same questions, from the same files.
fn authorizer(config: &Config) -> Authorizer {
    let (store, reader) = PolicyStore::new();
    if let Some(directory) = &config.policy.directory {
        let read = policy_dir::read(directory).expect("the server has read it too");
        let setting = config.policy_setting().expect("the server has it too");
        store.publish(PolicySnapshot::new(&setting, read.documents), Now::read());
    }
    Authorizer::new(config.authorizer_settings(), reader)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Asks at another time than now.
fn run_at(server: &Server, case: &Case, body: &[u8], now: Timestamp) -> Result<(), String> {
    let review = parse(body)?;
    let found = decide(server, &review, Now { wall: now.into(), ..Now::read() })?;
    let reply = Reply { status: StatusCode::OK, body: review.answer(&found) };
    answer::check_reply(case, &reply).map_err(|e| answer::explain(case, &e))?;
    case.expect.via.as_ref().map_or(Ok(()), |expected| check_via(case, expected, &found))
}

fn parse(body: &[u8]) -> Result<AccessReview, String> {
    AccessReview::parse(body).map_err(|e| e.to_string())
}

fn decide(server: &Server, review: &AccessReview, now: Now) -> Result<Decision, String> {
    server.authorizer.authorize(review, now).map_err(|e| e.to_string())
}

fn check_via(case: &Case, expected: &Via, found: &Decision) -> Result<(), String> {
    let shown = via::shown(found);
    if via::matches(expected, &shown) {
        return Ok(());
    }
    Err(answer::explain(case, &format!("decided by {shown:?}: {found}")))
}
