//! YAML 1.2 with the place of every value, by the core schema.
//!
//! Read from the parser's events, not from a tree of its own, so that the limits hold before the
//! memory is used: an alias is paid for by the size of what it repeats (no "billion laughs").
//! What could hide something that decides is refused: a key that occurs twice, merge keys (`<<`,
//! which YAML 1.2 does not have), more than one document, tags of other schemas.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag, options};

use super::{
    Fault, Place,
    node::{Budget, MAX_DEPTH, Member, Members, Node, Value, check_depth, shown},
};

/// Reads `text` as one YAML document.
///
/// # Errors
///
/// The first place that breaks a rule of YAML or of this module, or passes a limit.
pub fn parse(text: &str) -> Result<Node, Fault> {
    // One level more than ours, so that the message is ours.
    let limit = MAX_DEPTH + 2;
    let options = options! { flow_nesting_limit: limit, block_nesting_limit: limit };
    let parser = Parser::new_from_str_with_options(text, options);
    Reader { parser, budget: Budget::default(), anchors: HashMap::new() }.document()
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    budget: Budget,
    /// What each anchor stands for, and how many values that is.
    anchors: HashMap<usize, (Node, usize)>,
}

impl<'a> Reader<'a> {
    fn document(mut self) -> Result<Node, Fault> {
        loop {
            match self.next()? {
                (Event::StreamStart, _) => {}
                (Event::DocumentStart(..), _) => break,
                (_, span) => {
                    let message = "the file is empty: write `[]` if there is nothing to say";
                    return Err(Fault::new(place(span.start), message));
                }
            }
        }
        let (event, span) = self.next()?;
        let (node, _) = self.node(event, &span, 0)?;
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => break,
                (_, span) => {
                    let message =
                        "a second document in one file: put both in one list, or in two files";
                    return Err(Fault::new(place(span.start), message));
                }
            }
        }
        if node.value == Value::Null {
            let message = "the file is empty: write `[]` if there is nothing to say";
            return Err(Fault::new(node.place, message));
        }
        Ok(node)
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        loop {
            match self.parser.next_event() {
                Some(Ok((event, span))) => match event {
                    // There only if another crate of the build asks the parser for them.
                    event if is_comment(&event) => {}
                    event => return Ok((event, span)),
                },
                Some(Err(error)) => {
                    let message = format!("not YAML: {}", shown(&error.info()));
                    return Err(Fault::new(place(*error.marker()), message));
                }
                None => return Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
            }
        }
    }

    /// The value that begins with `event`, and of how many values it consists.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser adds events; none is a value")]
    fn node(
        &mut self,
        event: Event<'a>,
        span: &Span,
        depth: usize,
    ) -> Result<(Node, usize), Fault> {
        let place = place(span.start);
        check_depth(depth, place)?;
        self.budget.spend(1, place)?;
        let (value, anchor, size) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(&text, style, tag.as_deref(), place)?, anchor, 1)
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "seq", place)?;
                let (items, size) = self.list(depth)?;
                (items, anchor, size)
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "map", place)?;
                let (members, size) = self.object(depth)?;
                (members, anchor, size)
            }
            Event::Alias(anchor) => return self.alias(anchor, place),
            _ => return Err(Fault::new(place, "not YAML: expected a value")),
        };
        let node = Node { place, value };
        if anchor != 0 {
            self.budget.spend(size, place)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok((node, size))
    }

    fn list(&mut self, depth: usize) -> Result<(Value, usize), Fault> {
        let (mut items, mut size) = (Vec::new(), 1_usize);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok((Value::List(items), size));
            }
            let (item, of_item) = self.node(event, &span, depth + 1)?;
            size = size.saturating_add(of_item);
            items.push(item);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser adds events; none is a value")]
    fn object(&mut self, depth: usize) -> Result<(Value, usize), Fault> {
        let (mut members, mut size) = (Members::default(), 1_usize);
        loop {
            let (event, span) = self.next()?;
            let at = place(span.start);
            let name = match event {
                Event::MappingEnd => return Ok((members.finish(), size)),
                Event::Scalar(text, style, ..) => {
                    if text == "<<" && style == ScalarStyle::Plain {
                        let message = "merge keys (`<<`) are not YAML 1.2: write the members out";
                        return Err(Fault::new(at, message));
                    }
                    text.into_owned()
                }
                _ => return Err(Fault::new(at, "a name must be a string, written out")),
            };
            members.check(&name, at)?;
            let (event, span) = self.next()?;
            let (value, of_value) = self.node(event, &span, depth + 1)?;
            size = size.saturating_add(of_value);
            members.push(Member { name, place: at, value });
        }
    }

    /// A copy of what the anchor stands for, paid for before it is made.
    fn alias(&mut self, anchor: usize, place: Place) -> Result<(Node, usize), Fault> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(Fault::new(place, "this alias stands inside what it names: write it out"));
        };
        self.budget.spend(*size, place)?;
        Ok((node.clone(), *size))
    }
}

/// Comments exist only with a feature of the parser that we do not ask for; their events bear no
/// node, no document and no stream.
fn is_comment(event: &Event<'_>) -> bool {
    !event.is_node()
        && !matches!(
            event,
            Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd
                | Event::SequenceEnd
                | Event::MappingEnd
        )
}

fn place(marker: Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

/// Refuses a tag other than the core schema's `wanted`.
fn check_tag(tag: Option<&Tag>, wanted: &str, place: Place) -> Result<(), Fault> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema_tag(wanted) => Err(foreign_tag(tag, place)),
        _ => Ok(()),
    }
}

fn foreign_tag(tag: &Tag, place: Place) -> Fault {
    let tag = shown(&tag.original());
    Fault::new(place, format!("tag `{tag}` means nothing here: leave it out"))
}

/// The value of a scalar: by its tag, else a string if quoted, else by the core schema.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, place: Place) -> Result<Value, Fault> {
    let plain = || plain(text);
    match tag.map(|tag| (tag, tag.core_suffix())) {
        None if style == ScalarStyle::Plain => Ok(plain()),
        None | Some((_, Some("str"))) => Ok(Value::Text(text.to_owned())),
        // The other tags of the core schema say what the text says already, or lie.
        Some((tag, Some("null"))) if plain() != Value::Null => Err(foreign_tag(tag, place)),
        Some((_, Some("null" | "bool" | "int" | "float"))) => Ok(plain()),
        // `!` alone makes a string of whatever follows.
        Some((tag, None)) if tag.original() == "!" => Ok(Value::Text(text.to_owned())),
        Some((tag, _)) => Err(foreign_tag(tag, place)),
    }
}

/// A scalar without quotes, as the core schema resolves it (YAML 1.2.2, 10.3.2).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = unsigned
        .split_once(['e', 'E'])
        .map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let exponent_is_fine = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    exponent_is_fine
        && match mantissa.split_once('.') {
            None => digits(mantissa),
            Some((whole, part)) => {
                (whole.is_empty() || digits(whole))
                    && (part.is_empty() || digits(part))
                    && !(whole.is_empty() && part.is_empty())
            }
        }
}

#[cfg(test)]
mod tests;
