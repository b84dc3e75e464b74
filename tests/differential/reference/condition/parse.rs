//! The grammar of conditions (semantics §5.1, §5.3), by cutting the text into smaller texts: at the
//! ANDs and ORs outside of all brackets, then at what each part begins with.

use super::compare::Operator;
use super::{Attribute, Condition, Literal, Side};
use crate::reference::review::is_guid;

/// Most bytes of a condition (azure.md), and the depth of parentheses and NOT to which one is read:
/// docs/semantics.md §5.1.
const MOST_BYTES: usize = 8 * 1024;
const DEEPEST: usize = 64;

/// What a text means; none if it does not parse.
pub(crate) fn parse(text: &str) -> Option<Condition> {
    if text.len() > MOST_BYTES { None } else { inner(text, 0) }
}

/// [`parse`] of what stands so many parentheses and NOTs deep.
fn inner(text: &str, depth: usize) -> Option<Condition> {
    if depth > DEEPEST {
        return None;
    }
    let (parts, joints) = cut(text)?;
    let parts = parts.iter().map(|part| operand(part, depth)).collect::<Option<Vec<_>>>()?;
    match joints.first() {
        None => parts.into_iter().next(),
        // AND beside OR needs parentheses.
        Some(first) if joints.iter().any(|joint| joint != first) => None,
        Some(Joint::And) => Some(Condition::All(parts)),
        Some(Joint::Or) => Some(Condition::Any(parts)),
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Joint {
    And,
    Or,
}

/// Cuts a text at the ANDs and ORs that stand outside of all brackets and quotes.
fn cut(text: &str) -> Option<(Vec<String>, Vec<Joint>)> {
    let chars: Vec<char> = text.chars().collect();
    let (mut parts, mut joints) = (vec![String::new()], Vec::new());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let end = past(&chars, at)?;
        let here = &chars[at..];
        let (joint, length) = match here {
            ['&', '&', ..] => (Some(Joint::And), 2),
            ['|', '|', ..] => (Some(Joint::Or), 2),
            _ if c.is_ascii_alphabetic() => {
                let word: String = here.iter().take_while(|c| c.is_ascii_alphanumeric()).collect();
                let joint = match word.as_str() {
                    "AND" => Some(Joint::And),
                    "OR" => Some(Joint::Or),
                    _ => None,
                };
                (joint, word.len())
            }
            _ => (None, end - at),
        };
        match joint {
            Some(joint) => {
                joints.push(joint);
                parts.push(String::new());
            }
            None => parts.last_mut()?.extend(&here[..length]),
        }
        at += length;
    }
    Some((parts, joints))
}

/// The place after what begins at `at`: after its other end, if it is a quote or an opening bracket.
fn past(chars: &[char], at: usize) -> Option<usize> {
    let close = match chars.get(at)? {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '\'' => '\'',
        ')' | ']' | '}' => return None,
        _ => return Some(at + 1),
    };
    let mut at = at + 1;
    while *chars.get(at)? != close {
        // Quotes and square brackets hold plain text.
        at = if matches!(close, '\'' | ']') { at + 1 } else { past(chars, at)? };
    }
    Some(at + 1)
}

/// A text without AND and OR outside of brackets.
fn operand(text: &str, depth: usize) -> Option<Condition> {
    if depth > DEEPEST {
        return None;
    }
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('!').or_else(|| after_word(text, "NOT")) {
        return operand(rest, depth + 1).map(|inner| Condition::Not(Box::new(inner)));
    }
    if let Some(rest) = text.strip_prefix('(') {
        // The first bracket is closed by the last: a second pair would stand beside it.
        let chars: Vec<char> = text.chars().collect();
        let whole = past(&chars, 0)? == chars.len();
        return if whole { inner(rest.strip_suffix(')')?, depth + 1) } else { None };
    }
    if let Some(rest) = after_word(text, "Exists") {
        let (Side::Attribute(attribute), "") = side(rest)? else { return None };
        return Some(Condition::Exists(attribute));
    }
    if let Some(argument) = after_word(text, "ActionMatches") {
        return quoted_argument(argument).map(Condition::ActionMatches);
    }
    if let Some(argument) = after_word(text, "SubOperationMatches") {
        return quoted_argument(argument).map(|_| Condition::SubOperationMatches);
    }
    let (left, rest) = side(text)?;
    let word: String = rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == ':').collect();
    let (right, rest) = side(rest.strip_prefix(&word)?)?;
    if !rest.is_empty() {
        return None;
    }
    let operator = Operator::named(&word)?;
    // Sets only with a quantifier, and a quantifier only with sets or attributes.
    let quantified = operator.is_quantified();
    let fits = |side: &Side| match side {
        Side::Attribute(_) => true,
        Side::Set(_) => quantified,
        Side::Literal(_) => !quantified,
    };
    if !fits(&left) || !fits(&right) {
        return None;
    }
    Some(Condition::Comparison { left, operator, right })
}

/// What follows a keyword, which ends where the word ends.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    rest.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric()).then_some(rest)
}

/// `{'…'}`: the argument of a function.
fn quoted_argument(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    match literal(inner)? {
        // No action has a space in it.
        (Literal::Quoted(text), "") if !text.is_empty() && !text.contains(' ') => Some(text),
        _ => None,
    }
}

/// The attribute, literal or set that a text begins with, and what follows it.
fn side(text: &str) -> Option<(Side, &str)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('@') {
        let (source, rest) = rest.split_once('[')?;
        let (name, rest) = rest.split_once(']')?;
        // Another source is not understood (§4.5).
        let known = ["Request", "Resource", "Principal", "Environment"].contains(&source);
        // No page says which characters a name may have. A quote, a bracket or a space is none of it.
        let cut_short = name.chars().any(|c| "'[{}".contains(c) || c.is_whitespace());
        if !known || name.is_empty() || cut_short {
            return None;
        }
        let attribute = Attribute { source: source.to_owned(), name: name.to_owned() };
        return Some((Side::Attribute(attribute), rest.trim()));
    }
    if let Some(rest) = text.strip_prefix('{') {
        let mut elements = Vec::new();
        let mut rest = rest;
        loop {
            let (element, after) = literal(rest)?;
            elements.push(element);
            match after.strip_prefix(',') {
                Some(after) => rest = after,
                None => return Some((Side::Set(elements), after.strip_prefix('}')?.trim())),
            }
        }
    }
    let (literal, rest) = literal(text)?;
    Some((Side::Literal(literal), rest))
}

/// The literal that a text begins with, and what follows it: a quoted text, a whole number, a boolean
/// or a bare GUID.
fn literal(text: &str) -> Option<(Literal, &str)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('\'') {
        let (quoted, rest) = rest.split_once('\'')?;
        return Some((Literal::Quoted(quoted.to_owned()), rest.trim()));
    }
    let word: String =
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
    let rest = text.strip_prefix(&word)?.trim();
    let literal = match word.as_str() {
        "true" => Literal::Flag(true),
        "false" => Literal::Flag(false),
        word if is_guid(word) => Literal::Guid(word.to_owned()),
        // Of 64 bits, like Azure's own.
        word => Literal::Number(word.parse().ok()?),
    };
    Some((literal, rest))
}
