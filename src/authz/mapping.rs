//! From a Kubernetes request to the Azure data actions that it needs (semantics §2, §6).
//!
//! ```text
//! get   pods              → <cluster type>/pods/read
//! patch apps/deployments  → <cluster type>/apps/deployments/write
//! get   pods/exec         → <cluster type>/pods/exec/action
//! get   example.com/foos  → <cluster type>/customresources/read
//! approve …/signers       → <cluster type>/certificates.k8s.io/signers      (no suffix)
//! get   /healthz/etcd     → <cluster type>/healthz/etcd/read
//! *     *                 → <cluster type>/*/*                              (a question)
//! ```
//!
//! Every verb and every name has an answer. Several actions mean that all are needed, of one
//! permission.

mod non_resource;
mod resource;

use super::data_action::{Reach, RequiredAction};
use super::operations::KnownOperations;
use super::request::Target;

pub use non_resource::is_discovery;

/// What each subresource needs (semantics §2.4).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Subresources {
    /// attach, portforward and proxy need `write`; a service account's token needs `impersonate`.
    #[default]
    Strict,
    /// As AKS maps them: every subresource but `pods/exec` is its parent.
    Aks,
}

/// What the mapping depends on besides the request.
#[derive(Clone, Copy, Debug)]
pub struct Mapping<'a> {
    /// The resource type that begins each action.
    pub prefix: &'a str,
    /// The known data operations.
    pub operations: &'a KnownOperations,
    /// What subresources need.
    pub subresources: Subresources,
}

/// Says which data actions `target` needs: at least one, all of them of one permission.
pub fn required_actions(mapping: &Mapping<'_>, target: &Target) -> Vec<RequiredAction> {
    match target {
        Target::Resource(request) => resource::required_actions(mapping, request),
        Target::NonResource(request) => non_resource::required_actions(mapping, request),
    }
}

/// The suffix that a verb asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Suffix {
    /// A verb of the table.
    Known(&'static str),
    /// `*`: a question about every verb.
    Any,
    /// Any other verb: the action ends at the name, and a `*` must reach over it.
    None,
    /// The name alone, as a part of a question: matched like any other text.
    Bare,
}

impl Mapping<'_> {
    /// An action `<prefix>/<name>[/<suffix>]`. `name` may hold a group, and its resource begins at
    /// `name_start`.
    fn action(
        &self,
        name: &str,
        name_start: usize,
        suffix: Suffix,
        names: Names,
    ) -> RequiredAction {
        let base = format!("{}/{name}", self.prefix);
        let (text, reach) = match suffix {
            Suffix::Known(suffix) => (format!("{base}/{suffix}"), Reach::Text),
            Suffix::Any => (format!("{base}/*"), Reach::Text),
            Suffix::Bare => (base, Reach::Text),
            Suffix::None => {
                (base, Reach::WholeName { start: self.prefix.len() + "/".len() + name_start })
            }
        };
        let wildcard = names == Names::Question || suffix == Suffix::Any;
        let reach = if names == Names::Odd || names == Names::OddQuestion {
            Reach::Everything { all: format!("{}/*", self.prefix.to_ascii_lowercase()) }
        } else {
            reach
        };
        RequiredAction::new(&text, reach, wildcard || names == Names::OddQuestion)
    }
}

/// What the names in a request are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Names {
    /// Names of things.
    Plain,
    /// A `*` among them: a question about everything that it matches.
    Question,
    /// Odd: only a pattern over everything grants them.
    Odd,
    /// Both.
    OddQuestion,
}

impl Names {
    fn of(odd: bool, question: bool) -> Self {
        match (odd, question) {
            (false, false) => Self::Plain,
            (false, true) => Self::Question,
            (true, false) => Self::Odd,
            (true, true) => Self::OddQuestion,
        }
    }
}

#[cfg(test)]
mod tests;
