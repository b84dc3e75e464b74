//! Comparisons: two values with an operator between them.

use std::ops::Range;

use super::{BEGINNINGS, Parser};
use crate::authz::condition::error::{Fault, quoted};
use crate::authz::condition::lexer::Token;
use crate::authz::condition::literal;
use crate::authz::condition::operators::{OPERATORS, Operator, Quantifier, near_miss};
use crate::authz::condition::syntax::{Attribute, Comparison, Literal, Node, Operand, Says};

impl Parser<'_> {
    pub(super) fn comparison(&mut self) -> Result<Node, Fault> {
        let (left, left_span) = self.value("an expression")?;
        let (quantifier, operator) = self.operator()?;
        let left = fitting(left, &left_span, quantifier, operator)?;
        let (right, right_span) = self.value("a value")?;
        let right = fitting(right, &right_span, quantifier, operator)?;
        let comparison = Comparison { left, quantifier, operator, right };
        Ok(Node { span: left_span.start..right_span.end, says: Says::Compares(comparison) })
    }

    fn operator(&mut self) -> Result<(Option<Quantifier>, Operator), Fault> {
        let Token::Word(word) = self.next.token else {
            return self.expected("an operator such as `StringEquals`");
        };
        let (quantifier, name) = match word.split_once(':') {
            None => (None, word),
            Some((quantifier, name)) => {
                let Some(found) = Quantifier::of(quantifier) else {
                    let names = Quantifier::ALL.map(Quantifier::name);
                    let write = near_miss(quantifier, names).unwrap_or("ForAnyOfAnyValues");
                    let shown = quoted(quantifier);
                    return self.fault(format!("{shown} is no quantifier; write `{write}:{name}`"));
                };
                (Some(found), name)
            }
        };
        let Some(operator) = Operator::of(name) else {
            return self.unknown_operator(word, name);
        };
        if let Some(quantifier) = quantifier
            && !operator.quantifiable
        {
            return self.fault(format!(
                "`{operator}` takes no quantifier; write it without `{}:`",
                quantifier.name()
            ));
        }
        self.take()?;
        Ok((quantifier, operator))
    }

    fn unknown_operator<T>(&self, word: &str, name: &str) -> Result<T, Fault> {
        if Quantifier::of(name).is_some() {
            return self.fault(format!(
                "a quantifier is followed by `:` and an operator without space; write `{name}:StringEquals`"
            ));
        }
        let names = OPERATORS.map(|operator| operator.name).into_iter();
        let connectives = ["AND", "OR"].into_iter().filter(|_| word == name);
        let write = near_miss(name, names.chain(connectives)).map_or_else(
            || "a documented one, such as `StringEquals` or `NumericLessThan`".to_owned(),
            |meant| format!("`{meant}`"),
        );
        self.fault(format!("{} is no operator; write {write}", quoted(name)))
    }

    fn value(&mut self, what: &str) -> Result<(Operand, Range<usize>), Fault> {
        let span = self.next.span.clone();
        let operand = match self.next.token {
            Token::Attribute(source, name) => {
                self.take()?;
                Operand::Attribute(Attribute::new(source, name))
            }
            Token::OpenSet => return self.set(),
            Token::Text(_) | Token::Word(_) => Operand::One(self.literal(what)?),
            Token::And
            | Token::Close
            | Token::CloseSet
            | Token::Comma
            | Token::End
            | Token::Not
            | Token::Open
            | Token::Or => return self.expected(what),
        };
        Ok((operand, span))
    }

    fn set(&mut self) -> Result<(Operand, Range<usize>), Fault> {
        let start = self.take()?.span.start;
        let mut literals = Vec::new();
        loop {
            if !matches!(self.next.token, Token::Text(_) | Token::Word(_)) {
                return self.expected("a text, number, GUID, `true` or `false`");
            }
            literals.push(self.literal("a value")?);
            if self.next.token == Token::CloseSet {
                break;
            }
            if self.next.token != Token::Comma {
                return self.expected("`,` or `}`");
            }
            self.take()?;
        }
        let end = self.take()?.span.end;
        Ok((Operand::Set(literals), start..end))
    }

    /// The literal that the next token is.
    fn literal(&mut self, what: &str) -> Result<Literal, Fault> {
        let literal = if let Token::Text(text) = self.next.token {
            Literal::Text(text.into())
        } else if let Token::Word(word) = self.next.token {
            match literal::of_word(word) {
                Some(Ok(literal)) => literal,
                Some(Err(message)) => return self.fault(message),
                None => return self.no_literal(word, what),
            }
        } else {
            return self.expected(what);
        };
        self.take()?;
        Ok(literal)
    }

    /// Says what a word that is no literal was probably meant for.
    fn no_literal<T>(&self, word: &str, what: &str) -> Result<T, Fault> {
        let operators = OPERATORS.map(|operator| operator.name);
        let shown = quoted(word);
        match near_miss(word, BEGINNINGS.into_iter().chain(operators)) {
            None => self.expected(what),
            Some(meant) if BEGINNINGS.contains(&meant) => {
                self.fault(format!("expected {what}, found {shown}; write `{meant}`"))
            }
            Some(_) => self.fault(format!("expected {what} before the operator {shown}")),
        }
    }
}

/// `operand` beside an operator: sets only with a quantifier, and with one nothing else that is
/// written down. Its texts become what the operator compares, where they can.
fn fitting(
    operand: Operand,
    span: &Range<usize>,
    quantifier: Option<Quantifier>,
    operator: Operator,
) -> Result<Operand, Fault> {
    let fault = |message: String| Err(Fault::new(span.start, message));
    match (operand, quantifier) {
        (Operand::Attribute(attribute), _) => Ok(Operand::Attribute(attribute)),
        (Operand::One(literal), None) => Ok(Operand::One(literal::beside(literal, operator.test))),
        (Operand::Set(literals), Some(_)) => Ok(Operand::Set(
            literals.into_iter().map(|l| literal::beside(l, operator.test)).collect(),
        )),
        (Operand::One(literal), Some(quantifier)) => fault(format!(
            "`{}` compares sets; write {}",
            quantifier.name(),
            quoted(&format!("{{{literal}}}"))
        )),
        (Operand::Set(_), None) if operator.quantifiable => fault(format!(
            "a set needs a quantifier; write `ForAnyOfAnyValues:{operator}` or another one"
        )),
        (Operand::Set(_), None) => fault(format!(
            "`{operator}` compares no sets; write one value, and `OR` between several"
        )),
    }
}
