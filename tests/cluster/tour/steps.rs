//! The steps of the tour: who tries what, and what came of it.

use std::fs;
use std::time::{Duration, Instant};

use kubentra::clock::Now;
use kubentra::demo::Outcome;
use kubentra::demo::company::{self, Question, SERVICE_ACCOUNT};
use kubentra::emulator::{Flaw, MintRequest};
use serde_json::{Value, json};

use super::company::QUESTIONS;
use crate::kubectl::{Answer, Outcome as Ending, Person};
use crate::metrics::Latency;
use crate::plane::Plane;
use crate::plane::edit::write_whole;

/// When a change counts as not noticed: above what the API server remembers.
const MAX_CHANGE: Duration = Duration::from_secs(30);
/// Questions whose answers the API server does not remember, to be measured.
const MEASURED: usize = 300;

/// What `kubectl auth whoami` says of a token.
pub(super) struct Someone {
    pub(super) token: String,
    pub(super) username: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) as_expected: bool,
}

/// One command and what came of it.
pub(super) struct Attempt {
    pub(super) who: String,
    pub(super) command: String,
    pub(super) result: Ending,
    /// The first lines that kubectl printed, without our reason.
    pub(super) printed: Vec<String>,
    pub(super) because: String,
    pub(super) as_expected: bool,
}

/// A change of the policy, and the command that shows it.
pub(super) struct Change {
    pub(super) done: &'static str,
    pub(super) took: Duration,
    pub(super) attempt: Attempt,
}

/// Takes the steps, and counts what was not as expected.
pub(super) struct Tour<'a> {
    plane: &'a Plane,
    deployer: String,
    all: usize,
    wrong: usize,
}

impl<'a> Tour<'a> {
    pub(super) fn new(plane: &'a Plane) -> Self {
        let deployer = plane.master().can("create token deployer -n shop");
        Self { plane, deployer, all: 0, wrong: 0 }
    }

    /// Answers that were shown, and those that were others than expected.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.all, self.wrong)
    }

    fn note(&mut self, as_expected: bool) -> bool {
        self.all += 1;
        self.wrong += usize::from(!as_expected);
        as_expected
    }

    fn person(&self, name: &str) -> Person<'a> {
        if name == SERVICE_ACCOUNT {
            return self.plane.bearer(name, &self.deployer);
        }
        self.plane.person(name)
    }

    /// Step 1.
    pub(super) fn people(&mut self) -> Vec<Someone> {
        let broken = [("an hour too old", Flaw::Expired), ("forged", Flaw::StrangerKey)];
        let broken = broken.map(|(what, flaw)| {
            let token = self.plane.mint(&MintRequest::new("alice").flaw(flaw));
            let file = what.replace(' ', "-");
            (format!("alice, {what}"), self.plane.bearer(&file, &token), false)
        });
        let good = ["alice", "bob", "carol", "vault", SERVICE_ACCOUNT];
        let good = good.map(|name| (name.to_owned(), self.person(name), true));
        let stray = ("stray-vault, no binding".to_owned(), self.person("stray-vault"), false);
        let mut people = Vec::new();
        for (token, person, is_good) in good.into_iter().chain([stray]).chain(broken) {
            let answer = person.kubectl("auth whoami -o json");
            let user: Value = serde_json::from_str(&answer.out).unwrap_or_default();
            let user = &user["status"]["userInfo"];
            let groups = user["groups"].as_array().into_iter().flatten();
            let groups =
                groups.filter_map(Value::as_str).filter(|group| !group.starts_with("system:"));
            let name = user["username"].as_str().unwrap_or_default();
            // The vault has no name, only an object id.
            let is_right = name.contains(&token) || (token == "vault" && name.starts_with("ba5e"));
            let as_expected = if is_good { is_right } else { answer.is_unauthorized() };
            people.push(Someone {
                token,
                username: user["username"].as_str().map(str::to_owned),
                groups: groups.map(str::to_owned).collect(),
                as_expected: self.note(as_expected),
            });
        }
        people
    }

    /// Step 2: the question of this number.
    pub(super) fn attempt(&mut self, number: usize) -> Attempt {
        self.ask(&QUESTIONS[number])
    }

    fn ask(&mut self, question: &Question) -> Attempt {
        let person = self.person(question.who);
        let answer = person.kubectl(question.wants.trim_start_matches("kubectl "));
        let mut attempt = attempt(question.who, question.wants, &answer);
        if attempt.result == Ending::Works {
            attempt.because = self.reason(&person, question);
        }
        // What Azure has no opinion of, the native binding of the service account grants.
        let expected = match question.expected {
            Outcome::Allow => (Ending::Works, question.because),
            _ if question.who == SERVICE_ACCOUNT => (Ending::Works, "RoleBinding"),
            Outcome::Deny | Outcome::NoOpinion | Outcome::NotAsked => {
                (Ending::Forbidden, question.because)
            }
        };
        let as_expected = attempt.result == expected.0 && attempt.because.contains(expected.1);
        attempt.as_expected = self.note(as_expected);
        attempt
    }

    /// Why the API server allows it, in its own words.
    fn reason(&self, person: &Person<'_>, question: &Question) -> String {
        let (kind, attributes) = question.attributes();
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { kind: attributes },
        });
        let path = "create --raw /apis/authorization.k8s.io/v1/selfsubjectaccessreviews -f -";
        let answer = person.given(&review.to_string()).can(path);
        let review: Value = serde_json::from_str(&answer).unwrap_or_default();
        shorten(review["status"]["reason"].as_str().unwrap_or_default())
    }

    /// Step 3, first half: a role assignment is written, and alice asks until it shows.
    pub(super) fn granted(&mut self) -> Change {
        write_whole(&self.grant_file(), company::GRANT);
        let mut question = company::TURNED;
        (question.expected, question.because) = (Outcome::Allow, company::GRANT_ID);
        self.changed("written", &question, Ending::Works)
    }

    /// Step 3, the other half.
    pub(super) fn revoked(&mut self) -> Change {
        fs::remove_file(self.grant_file()).unwrap();
        self.changed("removed", &company::TURNED, Ending::Forbidden)
    }

    fn grant_file(&self) -> std::path::PathBuf {
        self.plane.entra_folder().join(company::GRANT_FILE)
    }

    fn changed(&mut self, done: &'static str, question: &Question, until: Ending) -> Change {
        let began: Instant = Now::read().monotonic;
        let person = self.person(question.who);
        let command = question.wants.trim_start_matches("kubectl ");
        loop {
            let answer = person.kubectl(command);
            let took = began.elapsed();
            if attempt(question.who, question.wants, &answer).result == until || took > MAX_CHANGE {
                return Change { done, took, attempt: self.ask(question) };
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Step 4: the server is killed, and started again.
    pub(super) fn failed(&mut self) -> Vec<Attempt> {
        // With a token of her own here: the API server forgets one after 10 s.
        let token = self.plane.mint(&MintRequest::new("alice"));
        let alice = self.plane.bearer("alice-again", &token);
        alice.kubectl("get pods -n shop");
        self.plane.kubentra().kill();
        let mut attempts = vec![
            self.outage("alice", &alice, "get configmaps -n shop", Ending::InternalError),
            self.outage("admin", &self.plane.local_admin(), "get pods -n shop", Ending::Works),
            self.outage(
                SERVICE_ACCOUNT,
                &self.person(SERVICE_ACCOUNT),
                "get pods -n shop",
                Ending::Works,
            ),
        ];
        self.plane.serve_again();
        attempts.push(self.outage("alice", &alice, "get configmaps -n shop", Ending::Works));
        let why = [
            "an error is never a decision: the API server could not ask, so it neither allows nor refuses",
            "kubeadm's admin.conf has a native binding, which RBAC finds before our server is asked",
            "service accounts, nodes and controllers never reach our server",
            "kubentra was started again",
        ];
        for (attempt, why) in attempts.iter_mut().zip(why) {
            attempt.because = why.to_owned();
        }
        attempts
    }

    fn outage(
        &mut self,
        who: &str,
        person: &Person<'_>,
        command: &str,
        expected: Ending,
    ) -> Attempt {
        let answer = person.kubectl(command);
        let mut attempt = attempt(who, &format!("kubectl {command}"), &answer);
        attempt.as_expected = self.note(attempt.result == expected);
        attempt
    }

    /// Step 5: questions that nobody asked before, and what the API server measured.
    pub(super) fn latency(&self) -> Latency {
        let token = self.plane.mint(&MintRequest::new("alice"));
        let before = self.plane.metrics();
        for number in 0..MEASURED {
            let path = format!("/api/v1/namespaces/shop/pods/new-{number}");
            self.plane.api.get(&path, &token);
        }
        self.plane.metrics().webhook_latency(&before)
    }
}

/// What came of a command, with the reason that stands at the end of a refusal.
fn attempt(who: &str, command: &str, answer: &Answer) -> Attempt {
    let result = answer.outcome();
    let text = if result == Ending::Works { &answer.out } else { &answer.err };
    // The API server puts the authorizer's name before a reason, but for a denial.
    let reason = text.split_once(": kubentra.io: ").map(|(said, why)| (said, why.to_owned()));
    let denial =
        || text.split_once(": denied by ").map(|(said, by)| (said, format!("denied by {by}")));
    let (said, because) = reason.or_else(denial).unwrap_or((text, String::new()));
    let printed = said.lines().map(shorten).collect();
    Attempt {
        who: who.to_owned(),
        command: command.to_owned(),
        result,
        printed,
        because: shorten(&because),
        as_expected: true,
    }
}

/// The cluster's id is long, and the same everywhere.
fn shorten(text: &str) -> String {
    let text = text.strip_prefix("kubentra.io: ").unwrap_or(text);
    text.replace(company::CLUSTER, "cluster")
}
