//! The cases against a server somewhere else.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use tokio::runtime::Runtime;

use crate::answer;
use crate::case::{Case, Question, TokenCase};
use crate::client::Poster;

/// A server that has one of the shared policies loaded.
pub(crate) struct Server {
    poster: Poster,
    policy: String,
}

impl Server {
    /// The server that `CONFORMANCE_URL` and its companions describe, if they are set.
    pub(crate) fn from_environment() -> Option<Self> {
        let url = variable("CONFORMANCE_URL")?;
        let needed = |name: &str| {
            variable(name).unwrap_or_else(|| panic!("CONFORMANCE_URL is set, so set {name} too"))
        };
        let file = |name: &str| {
            let path = needed(name);
            fs::read(&path).unwrap_or_else(|e| panic!("{name}: cannot read {path}: {e}"))
        };
        let identity = [file("CONFORMANCE_CERT"), file("CONFORMANCE_KEY")].concat();
        let poster = Poster::new(&url, &identity, &file("CONFORMANCE_CA"));
        Some(Self { poster, policy: needed("CONFORMANCE_POLICY") })
    }
}

#[expect(clippy::disallowed_methods, reason = "a test program has no command line of its own")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// One trial for each case that can be asked there; says how many could not.
pub(crate) fn trials(server: Server, cases: Vec<Case>) -> Vec<Trial> {
    let all = cases.len();
    let asked: Vec<_> = cases
        .into_iter()
        .filter(|case| case.policy == server.policy)
        // Only the emulator that the server trusts can mint a token for it.
        .filter(|case| !matches!(&case.question, Question::Token(TokenCase::Mint(_))))
        // Its clock is not ours to set.
        .filter(|case| case.now.is_none())
        .collect();
    assert!(!asked.is_empty(), "no case uses policy `{}`", server.policy);
    // The harness captures nothing here, and a run that leaves cases out must say so.
    let _ = writeln!(
        std::io::stderr(),
        "conformance: {} cases asked, {} left out (another policy than `{}`, a token to mint, or a time of \
         their own)",
        asked.len(),
        all - asked.len(),
        server.policy
    );
    let runtime = Arc::new(Runtime::new().expect("a runtime"));
    let poster = server.poster;
    let trial = |case: Case| {
        let (runtime, poster) = (Arc::clone(&runtime), poster.clone());
        Trial::test(case.name.clone(), move || {
            let token = match &case.question {
                Question::Token(TokenCase::Raw { raw }) => Some(raw.clone()),
                Question::Token(TokenCase::Mint(_))
                | Question::Access(_)
                | Question::Authenticate(_) => None,
            };
            runtime.block_on(answer::check(&poster, &case, token)).map_err(Failed::from)?;
            Ok(())
        })
    };
    asked.into_iter().map(trial).collect()
}
