//! ARM scopes and resource ids: parsed once, compared without regard to case, by whole segments.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

use super::words::{breaks_line, one_line};

/// Stands in [`Scope::folded`] for a slash inside one segment. No parsed scope can hold it.
const INNER_SLASH: char = '\0';

/// The id of something that Azure can assign a role at: a path from `/`, which is the whole tenant.
///
/// People see the spelling of the document. Two ids that differ in letter case alone are equal, as
/// they are to Azure.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope {
    /// As written, less one trailing slash.
    shown: Box<str>,
    /// Lower case; the root is empty, so that it is a prefix of all.
    folded: Box<str>,
}

/// What keeps a text from being a [`Scope`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParseScopeError {
    /// It holds a character that no resource id has.
    #[error("`{0}` is no scope: take out the control character")]
    ControlCharacter(String),
    /// Nothing stands between two slashes.
    #[error("`{0}` is no scope: write one slash where two follow each other")]
    EmptySegment(String),
    /// No slash in front.
    #[error("`{0}` is no scope: write the full id, such as `/subscriptions/<id>`")]
    Relative(String),
    /// Longer than any id of Azure.
    #[error("`{0}…` is no scope: ids have at most {max} bytes", max = Scope::MAX_LENGTH)]
    TooLong(String),
}

impl Scope {
    /// Longest scope that is read, in bytes. Azure's own ids stay below 1,000.
    pub const MAX_LENGTH: usize = 2048;

    /// Says whether a grant here reaches `other`: the scope itself, and what hangs below it by whole
    /// segments, so that a namespace `dev` does not reach `dev-2` (semantics §3.2).
    ///
    /// Ids of subscriptions do not tell the management groups above them: see
    /// [`ClusterScope`](super::cluster::ClusterScope).
    pub fn contains(&self, other: &Self) -> bool {
        let below = other.folded.strip_prefix(&*self.folded);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The scope `<this>/<kind>/<name>`. `name` stays one segment also when it holds a slash, so
    /// that nothing above it covers it by accident (semantics, the paragraph on words).
    #[must_use]
    pub fn child(&self, kind: &str, name: &str) -> Self {
        let shown = format!("{}/{kind}/{}", self.shown.trim_end_matches('/'), one_line(name));
        let segment = name.to_ascii_lowercase().replace('/', &INNER_SLASH.to_string());
        let folded = format!("{}/{}/{segment}", self.folded, kind.to_ascii_lowercase());
        Self { shown: shown.into(), folded: folded.into() }
    }

    /// The scope as it was written, less one trailing slash.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The form that is compared: lower case, no trailing slash, the root empty.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Says whether this is a management group, which covers subscriptions that its id does not name.
    pub fn is_management_group(&self) -> bool {
        self.folded.starts_with("/providers/microsoft.management/managementgroups/")
    }

    /// The last segment as it was written; empty for the root.
    pub fn last_segment(&self) -> &str {
        self.shown.rsplit('/').next().unwrap_or_default()
    }

    /// The resource type of a resource id, as `Namespace/type[/type…]` with the last provider in
    /// it; `None` for an id without a provider.
    pub fn resource_type(&self) -> Option<String> {
        let start = self.folded.rfind("/providers/")? + "/providers/".len();
        let mut segments = self.shown.get(start..)?.split('/');
        let namespace = segments.next()?;
        let kinds: Vec<_> = segments.step_by(2).collect();
        (!kinds.is_empty()).then(|| format!("{namespace}/{}", kinds.join("/")))
    }
}

impl FromStr for Scope {
    type Err = ParseScopeError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if s.len() > Self::MAX_LENGTH {
            return Err(ParseScopeError::TooLong(one_line(
                &s.chars().take(60).collect::<String>(),
            )));
        }
        let rest = s.strip_prefix('/').ok_or_else(|| ParseScopeError::Relative(one_line(s)))?;
        // Only one slash at the end is dropped (semantics §3.2), so `//` stays wrong.
        let path = rest.strip_suffix('/').filter(|p| !p.is_empty()).unwrap_or(rest);
        if path.contains(breaks_line) {
            return Err(ParseScopeError::ControlCharacter(s.escape_debug().to_string()));
        }
        if path.is_empty() {
            return Ok(Self { shown: "/".into(), folded: "".into() });
        }
        if path.split('/').any(str::is_empty) {
            return Err(ParseScopeError::EmptySegment(s.to_owned()));
        }
        let shown = format!("/{path}");
        Ok(Self { folded: shown.to_ascii_lowercase().into(), shown: shown.into() })
    }
}

impl TryFrom<String> for Scope {
    type Error = ParseScopeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", self.shown)
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Scope {}

impl Hash for Scope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl Ord for Scope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl PartialOrd for Scope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
