//! A tree of values that remembers where each of them stood, whatever the text was written in.

use std::collections::HashSet;

use super::{Fault, Place};

/// How deep lists and objects may be nested. Azure's documents need 7.
pub const MAX_DEPTH: usize = 64;

/// How many values one document may hold, those that YAML aliases repeat included. A listing of the
/// 4,000 role assignments that Azure allows to a subscription has about 80,000.
pub const MAX_NODES: usize = 1_000_000;

/// A value and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Where the value begins.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// What JSON and YAML have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// `null`, and in YAML also nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written: no document of Azure's that we read has one that decides.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the text; every name occurs once.
    Object(Vec<Member>),
}

impl Value {
    /// Says in words what this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// A member of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

/// Counts the values of one document against [`MAX_NODES`].
#[derive(Debug, Default)]
pub(super) struct Budget {
    used: usize,
}

impl Budget {
    /// Counts `count` more values, the last of them at `place`.
    pub(super) fn spend(&mut self, count: usize, place: Place) -> Result<(), Fault> {
        self.used = self.used.saturating_add(count);
        if self.used > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file: split it");
            return Err(Fault::new(place, message));
        }
        Ok(())
    }
}

/// Returns a fault if `depth` is more than [`MAX_DEPTH`].
pub(super) fn check_depth(depth: usize, place: Place) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::new(place, format!("more than {MAX_DEPTH} levels of nesting")));
    }
    Ok(())
}

/// The members of an object that is being read.
#[derive(Debug, Default)]
pub(super) struct Members {
    members: Vec<Member>,
    names: HashSet<String>,
}

impl Members {
    /// Refuses a name that the object has already: which of the two counts, differs by reader.
    pub(super) fn check(&self, name: &str, place: Place) -> Result<(), Fault> {
        if self.names.contains(name) {
            let name = shown(name);
            return Err(Fault::new(place, format!("`{name}` occurs twice: remove one")));
        }
        Ok(())
    }

    /// Adds a member whose name was checked.
    pub(super) fn push(&mut self, member: Member) {
        self.names.insert(member.name.clone());
        self.members.push(member);
    }

    /// The object.
    pub(super) fn finish(self) -> Value {
        Value::Object(self.members)
    }
}

/// Input in a message: control characters escaped, cut to a bounded length.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 160;
    let mut out: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    // `escape_debug` also escapes quotes, which need none between backticks.
    out = out.replace("\\'", "'").replace("\\\"", "\"");
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}
