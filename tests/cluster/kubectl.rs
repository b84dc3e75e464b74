//! Somebody at a terminal: kubectl as they type it, and what came of it.

use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kubentra::clock::Now;
use serde_json::{Value, json};

use crate::plane::Plane;
use crate::process::{dismiss, guarded_with_input};

/// Longest time for one request, in kubectl's words: above the API server's wait for a token.
const REQUEST_TIMEOUT: &str = "--request-timeout=50s";
/// Longest time for one command, which may make several.
const LIMIT: Duration = Duration::from_secs(100);

/// Somebody, and what stands on their standard input.
#[derive(Clone)]
pub(crate) struct Person<'a> {
    plane: &'a Plane,
    name: String,
    kubeconfig: PathBuf,
    context: Option<String>,
    input: String,
    more: Vec<String>,
}

impl Plane {
    /// Somebody of the company, with a token that was minted when the control plane started.
    pub(crate) fn person(&self, name: &str) -> Person<'_> {
        let kubeconfig = self.folder().join("kubeconfig");
        Person::new(self, name, kubeconfig, Some(name.to_owned()))
    }

    /// `super-admin.conf`: a member of `system:masters`, whom no authorizer judges.
    pub(crate) fn master(&self) -> Person<'_> {
        Person::new(self, "super-admin.conf", self.kubeadm_config("super-admin.conf"), None)
    }

    /// `admin.conf`: whom native RBAC lets do everything.
    pub(crate) fn local_admin(&self) -> Person<'_> {
        Person::new(self, "admin.conf", self.kubeadm_config("admin.conf"), None)
    }

    /// `kubelet.conf`: the node `node-1`.
    pub(crate) fn node(&self) -> Person<'_> {
        Person::new(self, "kubelet.conf", self.kubeadm_config("kubelet.conf"), None)
    }

    /// Whoever this token says.
    pub(crate) fn bearer(&self, name: &str, token: &str) -> Person<'_> {
        let folder = self.folder().join("home");
        let file = folder.join(format!("kubeconfig-{name}"));
        write_secret(&file, &config(self, &[(name, token)]));
        Person::new(self, name, file, Some(name.to_owned()))
    }
}

impl<'a> Person<'a> {
    fn new(plane: &'a Plane, name: &str, kubeconfig: PathBuf, context: Option<String>) -> Self {
        Self {
            plane,
            name: name.to_owned(),
            kubeconfig,
            context,
            input: String::new(),
            more: Vec::new(),
        }
    }

    /// The same with this on standard input, for `-f -`.
    pub(crate) fn given(&self, input: &str) -> Self {
        Self { input: input.to_owned(), ..self.clone() }
    }

    /// The same with more flags in each command.
    pub(crate) fn with(&self, flags: &str) -> Self {
        Self { more: words(flags), ..self.clone() }
    }

    /// Runs a command, as it is typed after `kubectl`. One that goes on for [`LIMIT`] is ended.
    pub(crate) fn kubectl(&self, command: &str) -> Answer {
        let home = self.plane.folder().join("home");
        let input = tempfile::NamedTempFile::new_in(&home).unwrap();
        fs::write(input.path(), &self.input).unwrap();
        let mut kubectl = guarded_with_input(&self.plane.programs.kubectl, input.path());
        kubectl.env_clear().current_dir(&home).env("HOME", &home).env("PATH", "");
        kubectl.env("KUBECACHEDIR", home.join("cache"));
        kubectl.arg(REQUEST_TIMEOUT).arg("--kubeconfig").arg(&self.kubeconfig);
        // The kubelet's file names the address that is advertised, which nothing listens on.
        kubectl.args(["--server", &self.plane.server()]);
        if let Some(context) = &self.context {
            kubectl.args(["--context", context]);
        }
        kubectl.args(&self.more).args(words(command));
        let (code, out, err) = finish(kubectl.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let flags = self.more.iter().map(|flag| format!(" {flag}")).collect::<String>();
        Answer { asked: format!("{}: kubectl{flags} {command}", self.name), code, out, err }
    }

    /// The command succeeds; what it printed.
    #[track_caller]
    pub(crate) fn can(&self, command: &str) -> String {
        let answer = self.kubectl(command);
        assert!(answer.succeeded(), "should succeed\n{answer}\n{}", self.logs());
        answer.out
    }

    /// The command is forbidden, and the message that the user reads says `because`.
    #[track_caller]
    pub(crate) fn cannot(&self, command: &str, because: &str) -> Answer {
        let answer = self.kubectl(command);
        assert!(answer.is_forbidden(), "should be forbidden\n{answer}\n{}", self.logs());
        assert!(answer.says(because), "should say `{because}`\n{answer}");
        answer
    }

    fn logs(&self) -> String {
        self.plane.logs()
    }
}

/// How a command ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It goes through: also to something that does not exist.
    Works,
    /// 403.
    Forbidden,
    /// 401.
    Unauthorized,
    /// 500.
    InternalError,
    /// Something else is wrong with it.
    Fails,
}

/// What came of a command.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    asked: String,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let says = |texts: &[&str]| texts.iter().any(|text| self.err.contains(text));
        if self.succeeded() || says(&["(NotFound)"]) {
            Outcome::Works
        } else if says(&["(Forbidden)", " is forbidden: "]) {
            Outcome::Forbidden
        } else if says(&["(Unauthorized)", "must be logged in"]) {
            Outcome::Unauthorized
        } else if says(&["(InternalError)", "Internal Server Error"]) {
            Outcome::InternalError
        } else {
            Outcome::Fails
        }
    }

    pub(crate) fn is_forbidden(&self) -> bool {
        self.outcome() == Outcome::Forbidden
    }

    pub(crate) fn is_unauthorized(&self) -> bool {
        self.outcome() == Outcome::Unauthorized
    }

    /// Whether the output or the error holds this.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.err.contains(text) || self.out.contains(text)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "  {}", self.asked)?;
        writeln!(f, "  exit status: {:?}", self.code)?;
        for (name, text) in [("output", &self.out), ("error", &self.err)] {
            if !text.is_empty() {
                writeln!(f, "  {name}: {text}")?;
            }
        }
        Ok(())
    }
}

/// Waits for the end of a command, [`LIMIT`] at most: its exit status, output and errors.
fn finish(command: &mut Command) -> (Option<i32>, String, String) {
    let mut child = command.spawn().unwrap();
    let read = |stream: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.unwrap().read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).trim_end().to_owned()
        })
    };
    let out = read(child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>));
    let err = read(child.stderr.take().map(|err| Box::new(err) as Box<dyn Read + Send>));
    let began = Now::read().monotonic;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > LIMIT {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    dismiss(&mut child);
    (status.code(), out.join().unwrap(), err.join().unwrap())
}

/// The words of a command; what stands between single quotes is one.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in command.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => {
                word.push(c);
                begun = true;
            }
        }
    }
    assert!(!quoted, "a quote is open: {command}");
    if begun {
        words.push(word);
    }
    words
}

/// Writes the kubeconfig with a context for everybody.
pub(crate) fn write_config(plane: &Plane) {
    let tokens = plane.layout.people();
    let tokens: Vec<_> =
        tokens.iter().map(|(name, request)| (*name, plane.mint(request))).collect();
    let users: Vec<_> = tokens.iter().map(|(name, token)| (*name, token.as_str())).collect();
    write_secret(&plane.folder().join("kubeconfig"), &config(plane, &users));
}

/// A kubeconfig with a context for each of these names and tokens.
pub(crate) fn config(plane: &Plane, users: &[(&str, &str)]) -> String {
    let users: Vec<(&str, Value)> =
        users.iter().map(|(name, token)| (*name, json!({ "token": token }))).collect();
    let contexts = users.iter().map(
        |(name, _)| json!({ "name": name, "context": { "cluster": "kubentra", "user": name } }),
    );
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "kubentra", "cluster": {
            "server": plane.server(),
            "certificate-authority": plane.folder().join("kubeadm/pki/ca.crt"),
        } }],
        "contexts": contexts.collect::<Vec<_>>(),
        "users": users.iter().map(|(name, user)| json!({ "name": name, "user": user })).collect::<Vec<_>>(),
    });
    format!("{config:#}\n")
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(file: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = fs::File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
