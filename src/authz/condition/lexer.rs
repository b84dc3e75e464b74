//! From a condition's text to tokens, each with its place.

use std::ops::Range;

use super::error::{Fault, quoted};
use super::operators::near_miss;
use super::source::Source;
use crate::authz::breaks_line;

/// Words that put expressions together.
const CONNECTIVES: [(&str, Token<'static>); 6] = [
    ("AND", Token::And),
    ("&&", Token::And),
    ("OR", Token::Or),
    ("||", Token::Or),
    ("NOT", Token::Not),
    ("!", Token::Not),
];

/// A token and the bytes that it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Lexed<'a> {
    pub(super) token: Token<'a>,
    pub(super) span: Range<usize>,
}

/// The smallest parts of the language.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token<'a> {
    And,
    /// `@Request[name]` and its like.
    Attribute(Source, &'a str),
    Close,
    CloseSet,
    Comma,
    End,
    Not,
    Open,
    OpenSet,
    Or,
    /// What stands between single quotes.
    Text(&'a str),
    /// An operator, function, number, GUID, `true` or `false`, or none of these.
    Word(&'a str),
}

impl Token<'_> {
    /// What to call it in a message.
    pub(super) fn described(&self) -> String {
        match self {
            Self::And => "`AND`".to_owned(),
            Self::Attribute(source, name) => quoted(&format!("@{}[{name}]", source.name())),
            Self::Close => "`)`".to_owned(),
            Self::CloseSet => "`}`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::End => "the end".to_owned(),
            Self::Not => "`NOT`".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::OpenSet => "`{`".to_owned(),
            Self::Or => "`OR`".to_owned(),
            Self::Text(text) => quoted(&format!("'{text}'")),
            Self::Word(word) => quoted(word),
        }
    }
}

/// Reads tokens one by one, so that the first mistake of any kind is the one that is told.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token; after the last one [`Token::End`], again and again.
    pub(super) fn next(&mut self) -> Result<Lexed<'a>, Fault> {
        let rest = self.rest();
        // Azure's examples are laid out with these four; no other space is taken for one.
        let space = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += space;
        let start = self.at;
        let (token, length) = self.token()?;
        self.at += length;
        Ok(Lexed { token, span: start..self.at })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at, message))
    }

    /// The token here, and its length in bytes.
    fn token(&self) -> Result<(Token<'a>, usize), Fault> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
        let symbol = CONNECTIVES.into_iter().find(|(text, _)| {
            !text.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.starts_with(text)
        });
        if rest.starts_with("!=") {
            return self.fault(
                "`!=` is no operator; write `StringNotEquals`, `NumericNotEquals` or the like",
            );
        }
        if let Some((text, token)) = symbol {
            return Ok((token, text.len()));
        }
        match first {
            '(' => Ok((Token::Open, 1)),
            ')' => Ok((Token::Close, 1)),
            '{' => Ok((Token::OpenSet, 1)),
            '}' => Ok((Token::CloseSet, 1)),
            ',' => Ok((Token::Comma, 1)),
            '\'' => self.text_token(),
            '@' => self.attribute(),
            c if is_word(c) => self.word(),
            c => self.fault(misplaced(c)),
        }
    }

    /// A text in single quotes. There is no way to write a quote within, and a backslash is itself,
    /// except to the `Like` operators.
    fn text_token(&self) -> Result<(Token<'a>, usize), Fault> {
        let inside = self.rest().get(1..).unwrap_or_default();
        let end = inside.find(|c: char| c == '\'' || breaks_line(c));
        match end.and_then(|end| Some((inside.get(..end)?, inside.get(end..)?))) {
            Some((text, after)) if after.starts_with('\'') => {
                Ok((Token::Text(text), text.len() + 2))
            }
            Some((text, _)) => Err(Fault::new(
                self.at + 1 + text.len(),
                "a text ends on its line and has no control character; expected `'`",
            )),
            None => self.fault("this quote is never closed; write `'` behind the text"),
        }
    }

    fn attribute(&self) -> Result<(Token<'a>, usize), Fault> {
        let behind = self.rest().get(1..).unwrap_or_default();
        let word_length = behind.find(|c: char| !is_word(c)).unwrap_or(behind.len());
        let word = behind.get(..word_length).unwrap_or_default();
        let Some(source) = Source::ALL.into_iter().find(|source| source.name() == word) else {
            let meant = near_miss(word, Source::ALL.map(Source::name));
            let write = meant.map_or_else(
                || "`@Request`, `@Resource`, `@Principal` or `@Environment`".to_owned(),
                |meant| format!("`@{meant}`"),
            );
            let shown = quoted(&format!("@{word}"));
            return self.fault(format!("{shown} is no attribute source; write {write}"));
        };
        let shown = format!("@{}", source.name());
        let bracket = self.at + 1 + word_length;
        let Some(name) = behind.get(word_length..).and_then(|rest| rest.strip_prefix('[')) else {
            return Err(Fault::new(
                bracket,
                format!("expected `[` right behind `{shown}`; write `{shown}[<name>]`"),
            ));
        };
        let name_at = bracket + 1;
        let end = name.find(|c: char| matches!(c, '[' | ']' | '\'' | '{' | '}') || breaks_line(c));
        match end.and_then(|end| Some((name.get(..end)?, name.get(end..)?))) {
            Some(("", after)) if after.starts_with(']') => Err(Fault::new(
                name_at,
                format!("the attribute has no name; write `{shown}[<name>]`"),
            )),
            Some((name, after)) if after.starts_with(']') => {
                if name.trim() != name {
                    return Err(Fault::new(
                        name_at,
                        "the attribute's name has space at an end; names compare exactly: remove it",
                    ));
                }
                Ok((Token::Attribute(source, name), 1 + word_length + 1 + name.len() + 1))
            }
            Some((name, _)) => {
                Err(Fault::new(name_at + name.len(), "expected `]` behind the attribute's name"))
            }
            None => Err(Fault::new(
                bracket,
                "this `[` is never closed; write `]` behind the attribute's name",
            )),
        }
    }

    fn word(&self) -> Result<(Token<'a>, usize), Fault> {
        let rest = self.rest();
        let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        // Old examples of Azure's leave the sign out; its grammar does not (semantics §5.3).
        if rest.get(length..).is_some_and(|behind| behind.starts_with('['))
            && let Some(source) = near_miss(word, Source::ALL.map(Source::name))
        {
            return self.fault(format!("an attribute begins with `@`; write `@{source}[<name>]`"));
        }
        let connective = CONNECTIVES.into_iter().find(|(text, _)| *text == word);
        Ok((connective.map_or(Token::Word(word), |(_, token)| token), length))
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '+')
}

/// What to write in place of a character that begins nothing.
fn misplaced(c: char) -> String {
    let shown = quoted(&c.to_string());
    match c {
        '"' => "a text stands between single quotes; write `'` for `\"`".to_owned(),
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
            format!("{shown} is a typographic quote; write `'`")
        }
        '&' => "expected `&&`; write `&&` or `AND`".to_owned(),
        '|' => "expected `||`; write `||` or `OR`".to_owned(),
        '=' | '<' | '>' => {
            format!(
                "{shown} is no operator; write a name such as `StringEquals` or `NumericLessThan`"
            )
        }
        '[' | ']' => format!("{shown} belongs to an attribute; write `@Request[<name>]`"),
        c if c.is_whitespace() => {
            format!("U+{:04X} is no plain space; write a space or a line break", u32::from(c))
        }
        _ => format!("{shown} begins nothing that a condition can have here; remove it"),
    }
}
