//! Typed reading of the members of an object, with every fault collected and none guessed away.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{
    Fault, Place,
    node::{Member, Node, Value, shown},
};
use crate::authz::{ObjectId, breaks_line};

/// A value could not be read, and the fault is in the list already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// What reading a member gives.
pub(super) type Read<T> = Result<T, Reported>;

/// The members of one object. Names are found whatever their case, as Azure Resource Manager finds
/// them (its own tools print `nonResourceURLs` and `nonResourceUrLs`); unknown ones are ignored, and
/// `null` is the same as absent.
#[derive(Debug)]
pub(super) struct Fields<'a, 'f> {
    place: Place,
    members: &'a [Member],
    /// The members beside `properties`, where they mean nothing but may have been meant.
    outside: &'a [Member],
    noun: &'static str,
    faults: &'f mut Vec<Fault>,
}

impl<'a, 'f> Fields<'a, 'f> {
    /// The members of `node`, which should be a `noun`.
    pub(super) fn of(node: &'a Node, noun: &'static str, faults: &'f mut Vec<Fault>) -> Read<Self> {
        let Value::Object(members) = &node.value else {
            let message = format!("a {noun} must be an object, not {}", node.value.kind());
            faults.push(Fault::new(node.place, message));
            return Err(Reported);
        };
        Ok(Self { place: node.place, members, outside: &[], noun, faults })
    }

    /// The members of this object's `properties` if it has them, else its own: Azure Resource
    /// Manager nests them, the `az` command prints them flat.
    pub(super) fn body(&mut self) -> Read<Fields<'a, '_>> {
        let (members, outside) = match self.find("properties")? {
            None => (self.members, [].as_slice()),
            Some(Node { value: Value::Object(members), .. }) => (members.as_slice(), self.members),
            Some(other) => return Err(self.wrong("properties", other, "an object")),
        };
        let Self { place, noun, .. } = *self;
        Ok(Fields { place, members, outside, noun, faults: &mut *self.faults })
    }

    /// Where the object begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Adds a fault.
    pub(super) fn fault(&mut self, place: Place, message: impl Into<String>) -> Reported {
        self.faults.push(Fault::new(place, message));
        Reported
    }

    /// The member `name`, unless it is absent or `null`.
    pub(super) fn find(&mut self, name: &str) -> Read<Option<&'a Node>> {
        let mut found = named(self.members, name);
        let first = found.next();
        if let Some(second) = found.next() {
            let message = format!("`{name}` occurs twice, in two spellings: remove one");
            return Err(self.fault(second.place, message));
        }
        if first.is_none()
            && let Some(stray) = named(self.outside, name).next()
            // A role definition has two: its ARM type outside, its own kind inside.
            && name != "type"
        {
            let message = format!("`{name}` must stand inside `properties` to count");
            return Err(self.fault(stray.place, message));
        }
        Ok(first.map(|member| &member.value))
    }

    /// The string `name`, and where it stands.
    pub(super) fn text(&mut self, name: &str) -> Read<Option<(&'a str, Place)>> {
        match self.find(name)? {
            None => Ok(None),
            Some(Node { value: Value::Text(text), place }) => Ok(Some((text, *place))),
            Some(other) => Err(self.wrong(name, other, "a string")),
        }
    }

    /// The string `name` as a `T`; one that is blank counts as absent.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Read<Option<T>> {
        match self.text(name)? {
            Some((text, place)) if !text.trim().is_empty() => {
                self.parse(name, text, place).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The string `name` as a `T`; absent is a fault, and blank is whatever `T` says of it.
    pub(super) fn required<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Read<T> {
        self.required_with(name, str::parse)
    }

    /// The string `name` through `parse`; absent is a fault.
    pub(super) fn required_with<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Read<T> {
        match self.text(name)? {
            Some((text, place)) => {
                parse(text).map_err(|error| self.fault(place, format!("`{name}`: {error}")))
            }
            None => Err(self.missing(name)),
        }
    }

    /// The object id `name`; absent is a fault. What stands there instead is not repeated: people
    /// write sign-in names, and those do not belong in a log.
    pub(super) fn object_id(&mut self, name: &str) -> Read<ObjectId> {
        const MESSAGE: &str = "this is not an object id; write its GUID as 8-4-4-4-12 hexadecimal digits, never a name";
        self.required_with(name, |text| text.parse().map_err(|_| MESSAGE))
    }

    /// The truth value `name`; absent is false.
    pub(super) fn flag(&mut self, name: &str) -> Read<bool> {
        match self.find(name)? {
            None => Ok(false),
            Some(Node { value: Value::Bool(flag), .. }) => Ok(*flag),
            Some(other) => Err(self.wrong(name, other, "true or false")),
        }
    }

    /// The list `name`.
    pub(super) fn items(&mut self, name: &str) -> Read<Option<&'a [Node]>> {
        match self.find(name)? {
            None => Ok(None),
            Some(Node { value: Value::List(items), .. }) => Ok(Some(items)),
            Some(other) => Err(self.wrong(name, other, "a list")),
        }
    }

    /// The list `name`; absent is a fault.
    pub(super) fn required_items(&mut self, name: &str) -> Read<&'a [Node]> {
        self.items(name)?.ok_or_else(|| self.missing(name))
    }

    /// The list of strings `name`, each as a `T`; absent is an empty list.
    pub(super) fn parsed_items<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &str,
    ) -> Read<Vec<T>> {
        let items = self.items(name)?.unwrap_or_default();
        self.parse_each(name, items)
    }

    /// Each of `items`, the list `name`, as a `T`.
    pub(super) fn parse_each<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &str,
        items: &'a [Node],
    ) -> Read<Vec<T>> {
        let mut read = Vec::with_capacity(items.len());
        let mut reported = None;
        for item in items {
            let value = match item.value.as_text() {
                Some(text) => self.parse(name, text, item.place),
                None => Err(self.wrong(name, item, "a list of strings")),
            };
            match value {
                Ok(value) => read.push(value),
                Err(fault) => reported = Some(fault),
            }
        }
        reported.map_or(Ok(read), Err)
    }

    /// Reads each of `items` as an object.
    pub(super) fn each<T>(
        &mut self,
        items: &'a [Node],
        noun: &'static str,
        mut read: impl FnMut(&mut Fields<'a, '_>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut values = Vec::with_capacity(items.len());
        let mut reported = None;
        for item in items {
            match Fields::of(item, noun, &mut *self.faults).and_then(|mut fields| read(&mut fields))
            {
                Ok(value) => values.push(value),
                Err(fault) => reported = Some(fault),
            }
        }
        reported.map_or(Ok(values), Err)
    }

    /// Reports that `name` is missing.
    pub(super) fn missing(&mut self, name: &str) -> Reported {
        let noun = self.noun;
        self.fault(self.place, format!("this {noun} has no `{name}`: add it"))
    }

    fn parse<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &str,
        text: &str,
        place: Place,
    ) -> Read<T> {
        text.parse().map_err(|error| self.fault(place, format!("`{name}`: {error}")))
    }

    fn wrong(&mut self, name: &str, found: &Node, wanted: &str) -> Reported {
        let kind = found.value.kind();
        let advice = if let Value::Number(text) = &found.value
            && wanted.contains("string")
        {
            format!(": write `\"{}\"`", shown(text))
        } else {
            String::new()
        };
        self.fault(found.place, format!("`{name}` must be {wanted}, not {kind}{advice}"))
    }
}

/// Text that may stand in a reason or a log line: bounded, and on one line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line(pub(super) String);

impl Line {
    /// Longest text, in bytes. Azure's ids are below 1,000.
    const MAX_LENGTH: usize = 2048;
}

/// Why text is not a [`Line`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum ParseLineError {
    #[error("`{0}` has a control character; remove it")]
    Control(String),
    #[error("`{0}` is longer than {max} bytes", max = Line::MAX_LENGTH)]
    TooLong(String),
}

impl FromStr for Line {
    type Err = ParseLineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LENGTH {
            return Err(ParseLineError::TooLong(shown(text)));
        }
        if text.contains(breaks_line) {
            return Err(ParseLineError::Control(shown(text)));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The members of that name, `null` left out.
fn named<'a>(members: &'a [Member], name: &str) -> impl Iterator<Item = &'a Member> {
    members.iter().filter(move |member| {
        member.name.eq_ignore_ascii_case(name) && member.value.value != Value::Null
    })
}
