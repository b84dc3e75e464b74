//! The case files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Where the suite lies.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// One question to one server, with what the rules answer.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Its path below `cases/` without `.yaml`, and the role it is replayed as.
    pub(crate) name: String,
    pub(crate) policy: String,
    pub(crate) sources: Vec<String>,
    /// A token to mint and send first; it must authenticate.
    pub(crate) before: Option<Value>,
    pub(crate) question: Question,
    /// When it is asked; none: when it runs.
    pub(crate) now: Option<Timestamp>,
    pub(crate) expect: Expect,
    pub(crate) because: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// A body for `/authorize`.
    Access(Vec<u8>),
    /// A body for `/authenticate`.
    Authenticate(Vec<u8>),
    /// A token for the emulator to mint, or a raw one.
    Token(TokenCase),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum TokenCase {
    Raw { raw: String },
    Mint(Value),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    #[serde(rename = "description")]
    _description: String,
    source: OneOrMany,
    policy: String,
    #[serde(default, rename = "origin")]
    _origin: Option<String>,
    #[serde(default)]
    review: Option<Value>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    token: Option<TokenCase>,
    #[serde(default)]
    before: Option<Value>,
    #[serde(default)]
    endpoint: Endpoint,
    #[serde(default)]
    now: Option<String>,
    expect: Expect,
    #[serde(default)]
    roles: BTreeMap<String, Expect>,
    because: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Endpoint {
    #[default]
    Authorize,
    Authenticate,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expect {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) via: Option<Via>,
    pub(crate) reason: Vec<String>,
    pub(crate) result: Option<TokenOutcome>,
    pub(crate) username: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) extra: Option<BTreeMap<String, Vec<String>>>,
    pub(crate) error: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    Allow,
    Deny,
    NoOpinion,
    /// HTTP 400.
    Invalid,
    /// HTTP 503.
    Unavailable,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum TokenOutcome {
    Authenticated,
    NotOurs,
    Refused,
    Unavailable,
}

/// Which grant or rule decided.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Via {
    pub(crate) role_assignment: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) trusted_access: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) admin_group: Option<String>,
    pub(crate) discovery: bool,
    pub(crate) deny_assignment: Option<String>,
    pub(crate) nothing: Option<String>,
}

/// Reads every case; a file that does not parse ends the run with its name.
pub(crate) fn load_all() -> Vec<Case> {
    let mut files = Vec::new();
    collect(&root().join("cases"), &mut files);
    files.sort();
    files.iter().flat_map(|path| load(path)).collect()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            files.push(path);
        }
    }
}

fn load(path: &Path) -> Vec<Case> {
    let name = path.strip_prefix(root().join("cases")).unwrap().with_extension("");
    parse(name.to_str().unwrap(), &fs::read_to_string(path).unwrap())
}

/// The case of a file's text, and its replays.
pub(crate) fn parse(name: &str, text: &str) -> Vec<Case> {
    let name = name.to_owned();
    let file: File = serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let question = match (&file.review, &file.body, &file.token, file.endpoint) {
        (Some(review), None, None, Endpoint::Authorize) => Question::Access(bytes(review)),
        (Some(review), None, None, Endpoint::Authenticate) => Question::Authenticate(bytes(review)),
        (None, Some(body), None, Endpoint::Authorize) => Question::Access(body.clone().into()),
        (None, Some(body), None, Endpoint::Authenticate) => {
            Question::Authenticate(body.clone().into())
        }
        (None, None, Some(token), _) => Question::Token(token.clone()),
        _ => panic!("{name}: give exactly one of review, body and token"),
    };
    let now = file.now.as_ref().map(|now| {
        assert!(matches!(question, Question::Access(_)), "{name}: only access has a fixed time");
        now.parse().unwrap_or_else(|e| panic!("{name}: now: {e}"))
    });
    let sources = match file.source {
        OneOrMany::One(source) => vec![source],
        OneOrMany::Many(sources) => sources,
    };
    let case = Case {
        name,
        policy: file.policy,
        sources,
        before: file.before.clone(),
        question,
        now,
        expect: file.expect,
        because: file.because,
    };
    let replays = file.roles.iter().map(|(role, expect)| {
        let review = file.review.clone().expect("only a review is replayed");
        Case {
            name: format!("{} as {role}", case.name),
            question: Question::Access(bytes(&as_role(review, role))),
            expect: expect.clone(),
            ..case.clone()
        }
    });
    std::iter::once(case.clone()).chain(replays).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// The same review, asked by the one who holds `role` in policy `company` through a group.
fn as_role(mut review: Value, role: &str) -> Value {
    let number = match role {
        "reader" => 1,
        "writer" => 2,
        "admin" => 3,
        "clusterAdmin" => 4,
        other => panic!("unknown role `{other}`"),
    };
    let spec = review.get_mut("spec").and_then(Value::as_object_mut).expect("a spec");
    let group = format!("b0000000-0000-4000-8000-{number:012}");
    spec.insert("groups".to_owned(), Value::from(vec![group]));
    let extra = spec.entry("extra").or_insert_with(|| Value::Object(Default::default()));
    let oid = format!("a0000000-0000-4000-8000-{number:012}");
    extra.as_object_mut().unwrap().insert("oid".to_owned(), Value::from(vec![oid]));
    review
}
