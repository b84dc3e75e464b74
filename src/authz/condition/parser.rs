//! From tokens to the tree of a condition (semantics §5.1, §5.3).
//!
//! ```text
//! condition   = expression
//! expression  = operand { AND operand } | operand { OR operand }     (never both in one group)
//! operand     = NOT operand | "(" expression ")" | function | comparison
//! function    = ActionMatches{'…'} | SubOperationMatches{'…'} | Exists attribute
//! comparison  = value [quantifier ":"] operator value
//! value       = attribute | literal | "{" literal { "," literal } "}"
//! literal     = '…' | whole number | true | false | GUID
//! ```

mod comparison;

use std::ops::Range;

use super::MAX_NESTING;
use super::error::{Fault, Place};
use super::lexer::{Lexed, Lexer, Token};
use super::syntax::{Attribute, Node, Says};
use crate::authz::data_action::DataActionPattern;

const ACTION_MATCHES: &str = "ActionMatches";
const SUB_OPERATION_MATCHES: &str = "SubOperationMatches";
const EXISTS: &str = "Exists";

/// What may stand where an expression begins, for messages.
const BEGINNINGS: [&str; 8] =
    [ACTION_MATCHES, SUB_OPERATION_MATCHES, EXISTS, "NOT", "AND", "OR", "true", "false"];

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut lexer = Lexer::new(text);
    let next = lexer.next()?;
    let mut parser = Parser { text, lexer, next };
    let node = parser.expression(0)?;
    if parser.next.token == Token::Close {
        parser.fault("this `)` closes nothing; remove it")
    } else if parser.next.token == Token::End {
        Ok(node)
    } else {
        parser.expected("`AND`, `OR` or the end")
    }
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    next: Lexed<'a>,
}

/// AND or OR.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Connective {
    And,
    Or,
}

impl<'a> Parser<'a> {
    /// Takes the next token.
    fn take(&mut self) -> Result<Lexed<'a>, Fault> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.next.span.start, message))
    }

    fn expected<T>(&self, what: &str) -> Result<T, Fault> {
        let found = self.next.token.described();
        // A connective in the wrong case is the likeliest reason for what is not expected.
        let Token::Word(word) = self.next.token else {
            return self.fault(format!("expected {what}, found {found}"));
        };
        let meant = ["AND", "OR", "NOT"].into_iter().find(|c| c.eq_ignore_ascii_case(word));
        match meant {
            Some(meant) => self.fault(format!("{found} is no operator; write `{meant}`")),
            None => self.fault(format!("expected {what}, found {found}")),
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Node, Fault> {
        let first = self.operand(depth)?;
        let mut parts = vec![first];
        let mut group = None;
        loop {
            let connective = if self.next.token == Token::And {
                Connective::And
            } else if self.next.token == Token::Or {
                Connective::Or
            } else {
                break;
            };
            if group.is_some_and(|other| other != connective) {
                return self
                    .fault("`AND` and `OR` are mixed; write parentheses, as in `(a AND b) OR c`");
            }
            group = Some(connective);
            self.take()?;
            parts.push(self.operand(depth)?);
        }
        let (Some(group), Some(start), Some(end)) = (
            group,
            parts.first().map(|part| part.span.start),
            parts.last().map(|part| part.span.end),
        ) else {
            return parts.pop().map_or_else(|| self.expected("an expression"), Ok);
        };
        let says = match group {
            Connective::And => Says::All(parts),
            Connective::Or => Says::Any(parts),
        };
        Ok(Node { span: start..end, says })
    }

    fn operand(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_NESTING {
            return self.fault(format!(
                "parentheses and NOT are nested more than {MAX_NESTING} deep; write the condition flatter"
            ));
        }
        match self.next.token {
            Token::Not => {
                let start = self.take()?.span.start;
                let part = self.operand(depth + 1)?;
                Ok(Node { span: start..part.span.end, says: Says::Not(Box::new(part)) })
            }
            Token::Open => {
                let open = self.take()?.span;
                let inner = self.expression(depth + 1)?;
                let end = self.close(&open)?;
                Ok(Node { span: open.start..end, says: inner.says })
            }
            Token::Word(ACTION_MATCHES) => self.action_matches(),
            Token::Word(SUB_OPERATION_MATCHES) => {
                let start = self.take()?.span.start;
                let (name, _, end) = self.braced_text(SUB_OPERATION_MATCHES)?;
                Ok(Node { span: start..end, says: Says::SubOperationMatches(name.into()) })
            }
            Token::Word(EXISTS) => {
                let start = self.take()?.span.start;
                let Token::Attribute(source, name) = self.next.token else {
                    return self
                        .expected("an attribute behind `Exists`, such as `@Request[<name>]`");
                };
                let end = self.take()?.span.end;
                Ok(Node { span: start..end, says: Says::Exists(Attribute::new(source, name)) })
            }
            Token::And
            | Token::Attribute(..)
            | Token::Close
            | Token::CloseSet
            | Token::Comma
            | Token::End
            | Token::OpenSet
            | Token::Or
            | Token::Text(_)
            | Token::Word(_) => self.comparison(),
        }
    }

    /// The end of a group that was opened at `open`.
    fn close(&mut self, open: &Range<usize>) -> Result<usize, Fault> {
        if self.next.token == Token::Close {
            return Ok(self.take()?.span.end);
        }
        if self.next.token == Token::End {
            let place = Place::new(self.text, open.start);
            return self.fault(format!("expected `)`: the `(` at {place} is never closed"));
        }
        self.expected("`AND`, `OR` or `)`")
    }

    fn action_matches(&mut self) -> Result<Node, Fault> {
        let start = self.take()?.span.start;
        let (pattern, at, end) = self.braced_text(ACTION_MATCHES)?;
        let pattern: DataActionPattern =
            pattern.parse().map_err(|error| Fault::new(at, format!("{error}")))?;
        Ok(Node { span: start..end, says: Says::ActionMatches(pattern) })
    }

    /// `{'…'}`: the text, where it begins, and where the braces end.
    fn braced_text(&mut self, function: &str) -> Result<(&'a str, usize, usize), Fault> {
        let form = format!("write `{function}{{'…'}}`");
        if self.next.token != Token::OpenSet {
            return self.expected(&format!("`{{` behind `{function}`: {form}"));
        }
        self.take()?;
        let Token::Text(text) = self.next.token else {
            return self.expected(&format!("a text in quotes: {form}"));
        };
        let at = self.take()?.span.start;
        if self.next.token != Token::CloseSet {
            return self.expected(&format!("`}}` behind one text: {form}"));
        }
        Ok((text, at, self.take()?.span.end))
    }
}
