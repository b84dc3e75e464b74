//! Action patterns of role definitions, and the actions that a request needs.
//!
//! A pattern is text with any number of `*`, each matching any run of characters, `/` included
//! (semantics §4.4). What it is held against is a [`RequiredAction`]: the text of an action, and how
//! much of it a pattern must reach over in order to grant it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::words::one_line;

/// An action pattern of a role definition, compiled once.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct DataActionPattern {
    shown: Box<str>,
    folded: Box<str>,
    shape: Shape,
}

/// Which comparison is enough: nearly all patterns of Azure's own roles are the first two.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Shape {
    /// No `*`.
    Exact,
    /// One `*`, at the end.
    Prefix,
    /// Anything else.
    Glob,
}

/// Why a string is not a [`DataActionPattern`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParseDataActionError {
    /// Nothing, or space only.
    #[error(
        "the action is empty; write one such as `Microsoft.ContainerService/managedClusters/pods/read`"
    )]
    Empty,
    /// It holds a space or a control character.
    #[error("action `{0}` has a space or control character; remove it")]
    Space(String),
    /// Longer than any action of Azure.
    #[error("action `{0}…` is longer than {max} bytes", max = DataActionPattern::MAX_LENGTH)]
    TooLong(String),
}

impl DataActionPattern {
    /// Longest pattern that is read, in bytes. Azure's own stay below 200.
    pub const MAX_LENGTH: usize = 1024;

    /// Says whether the pattern matches `folded`, which is in lower case.
    ///
    /// Since no pattern can hold a literal `*`, a `*` in `folded` is matched by a `*` of the pattern
    /// only. So this also says whether the pattern *covers* a request pattern (semantics §2.6).
    pub fn matches(&self, folded: &str) -> bool {
        match self.shape {
            Shape::Exact => *self.folded == *folded,
            Shape::Prefix => {
                self.folded.strip_suffix('*').is_some_and(|prefix| folded.starts_with(prefix))
            }
            Shape::Glob => glob(self.folded.as_bytes(), folded.as_bytes()),
        }
    }

    /// Says whether the pattern grants `action`, by the rule that goes with it.
    pub fn grants(&self, action: &RequiredAction) -> bool {
        match &action.reach {
            Reach::Text => self.matches(&action.folded),
            // The name is the end of the text, so the `*` that reaches over it ends the pattern,
            // and what stands before it is matched by the whole pattern too.
            Reach::WholeName { start } => {
                self.shape != Shape::Exact
                    && self.folded.ends_with('*')
                    && action.folded.get(..*start).is_some_and(|head| self.matches(head))
            }
            Reach::Everything { all } => self.matches(all),
        }
    }

    /// Says whether the pattern touches `action`: matches its text, or for a question about a
    /// pattern, can match anything that it matches. This is the rule for what takes away:
    /// `notDataActions` and deny assignments.
    pub fn touches(&self, action: &RequiredAction) -> bool {
        match (action.wildcard, self.shape) {
            (false, _) => self.matches(&action.folded),
            // A pattern without `*` is one text: does the question match it?
            (true, Shape::Exact) => glob(action.folded.as_bytes(), self.folded.as_bytes()),
            (true, Shape::Prefix | Shape::Glob) => {
                intersects(self.folded.as_bytes(), action.folded.as_bytes())
            }
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.shown
    }
}

impl FromStr for DataActionPattern {
    type Err = ParseDataActionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(ParseDataActionError::Empty);
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(ParseDataActionError::TooLong(one_line(
                &text.chars().take(60).collect::<String>(),
            )));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ParseDataActionError::Space(one_line(text)));
        }
        let shape = match text.find('*') {
            None => Shape::Exact,
            Some(first) if first + 1 == text.len() => Shape::Prefix,
            Some(_) => Shape::Glob,
        };
        Ok(Self { shown: text.into(), folded: text.to_ascii_lowercase().into(), shape })
    }
}

impl fmt::Display for DataActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DataActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

/// One action that a request needs, and what it takes to grant it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequiredAction {
    shown: String,
    folded: String,
    reach: Reach,
    wildcard: bool,
}

/// How much of an action's text a pattern must reach over in order to grant it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    /// The pattern matches the text.
    Text,
    /// The text has no suffix, and one `*` must match the whole name, which begins at this byte and
    /// ends the text (semantics §2.3).
    WholeName {
        /// Where the name begins.
        start: usize,
    },
    /// The name is odd: only a pattern that matches every action of the cluster type grants it
    /// (semantics §6.1 and the paragraph on words).
    Everything {
        /// `<cluster type>/*` in lower case.
        all: String,
    },
}

impl RequiredAction {
    pub(super) fn new(text: &str, reach: Reach, wildcard: bool) -> Self {
        Self { folded: text.to_ascii_lowercase(), shown: one_line(text), reach, wildcard }
    }

    /// The action as it is shown to people, with Azure's spelling of the cluster type. One line of
    /// bounded length, whatever the request held.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The text that patterns are held against, in lower case.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// True when this is a question about everything that a pattern matches (semantics §2.6).
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// True when the name is odd, so that only a pattern over everything grants it.
    pub fn is_odd(&self) -> bool {
        matches!(self.reach, Reach::Everything { .. })
    }

    /// True when the verb has no suffix, so that a `*` must reach over the whole name.
    pub fn is_without_suffix(&self) -> bool {
        matches!(self.reach, Reach::WholeName { .. })
    }
}

/// Matches `text` against `pattern`, in which `*` stands for any run of bytes.
///
/// Greedy with one step back: the last `*` seen is the only one that ever needs to take more. At
/// most `pattern.len() * text.len()` steps.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&expected) if expected == byte => {
                p += 1;
                t += 1;
            }
            Some(_) | None => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                p = star_at + 1;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == b'*')
}

/// Says whether some text is matched by both patterns.
///
/// Walks the pairs of positions that both can reach, a row for each byte of `left`; at most
/// `left.len() * right.len()` steps.
fn intersects(left: &[u8], right: &[u8]) -> bool {
    // `row[j]`: `left[..i]` and `right[..j]` can have matched the same text.
    let mut row = vec![false; right.len() + 1];
    let advance_right = |row: &mut [bool]| {
        // A `*` on the right may match nothing, so the position behind it is reached as well.
        let mut carried = false;
        for (reached, byte) in row.iter_mut().zip(right.iter().map(Some).chain([None])) {
            *reached |= carried;
            carried = *reached && byte == Some(&b'*');
        }
    };
    if let Some(start) = row.first_mut() {
        *start = true;
    }
    advance_right(&mut row);
    for &l in left {
        let mut next = vec![false; right.len() + 1];
        if l == b'*' {
            // It may match nothing, or swallow what the right side consumes.
            let mut reached = false;
            for (n, r) in next.iter_mut().zip(&row) {
                reached |= *r;
                *n = reached;
            }
        } else {
            for (j, &r) in right.iter().enumerate() {
                if !row.get(j).copied().unwrap_or_default() {
                    continue;
                }
                // The right `*` swallows this byte and stays, or the bytes are equal.
                let to = if r == b'*' { Some(j) } else { (r == l).then_some(j + 1) };
                if let Some(cell) = to.and_then(|to| next.get_mut(to)) {
                    *cell = true;
                }
            }
        }
        advance_right(&mut next);
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
