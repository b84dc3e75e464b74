//! JSON as RFC 8259 has it, with the place of every value.
//!
//! Written here because no JSON reader that we use tells where a value stood, and because the YAML
//! reader, which does, takes some JSON otherwise or not at all: `\ud83d\ude00` is one character in
//! JSON and two broken ones in YAML, and a key longer than 1024 characters is refused there. A
//! property test holds this reader to `serde_json`.

use std::{iter::Peekable, str::Chars};

use super::{
    Fault, Place,
    node::{Budget, Member, Members, Node, Value, check_depth, shown},
};

/// Reads `text` as one JSON value.
///
/// # Errors
///
/// The first place that breaks a rule of JSON, repeats a name in an object, or passes a limit.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let mut reader =
        Reader { chars: text.chars().peekable(), place: Place::START, budget: Budget::default() };
    reader.space();
    if reader.peek().is_none() {
        let message = "the file is empty: write `[]` if there is nothing to say";
        return Err(Fault::new(Place::START, message));
    }
    let node = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("the end of the file: put several objects in one list")),
    }
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    place: Place,
    budget: Budget,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.chars.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.chars.next()?;
        if next == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(next)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    /// A fault at the character that comes next.
    fn unexpected(&mut self, wanted: &str) -> Fault {
        let found = match self.peek() {
            None => "the end of the file".to_owned(),
            Some(c) => format!("`{}`", shown(&c.to_string())),
        };
        Fault::new(self.place, format!("not JSON: found {found}, expected {wanted}"))
    }

    fn expect(&mut self, wanted: char) -> Result<(), Fault> {
        if self.peek() == Some(wanted) {
            self.next();
            return Ok(());
        }
        Err(self.unexpected(&format!("`{wanted}`")))
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        let place = self.place;
        check_depth(depth, place)?;
        self.budget.spend(1, place)?;
        let value = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Value::Text(self.string()?),
            Some('-' | '0'..='9') => Value::Number(self.number()?),
            Some('t') => self.word("true", Value::Bool(true))?,
            Some('f') => self.word("false", Value::Bool(false))?,
            Some('n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { place, value })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        for c in word.chars() {
            if self.peek() != Some(c) {
                return Err(self.unexpected(&format!("`{word}`")));
            }
            self.next();
        }
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.expect('{')?;
        let mut members = Members::default();
        self.space();
        if self.peek() == Some('}') {
            self.next();
            return Ok(members.finish());
        }
        loop {
            self.space();
            let place = self.place;
            if self.peek() != Some('"') {
                return Err(self.unexpected("a name in double quotes"));
            }
            let name = self.string()?;
            members.check(&name, place)?;
            self.space();
            self.expect(':')?;
            self.space();
            let value = self.value(depth + 1)?;
            members.push(Member { name, place, value });
            self.space();
            match self.peek() {
                Some(',') => self.next(),
                Some('}') => {
                    self.next();
                    return Ok(members.finish());
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            };
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        self.expect('[')?;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.next();
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(',') => self.next(),
                Some(']') => {
                    self.next();
                    return Ok(Value::List(items));
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            };
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.expect('"')?;
        let mut out = String::new();
        loop {
            match self.peek() {
                None => return Err(self.unexpected("`\"` at the end of a string")),
                Some(c) if c < ' ' => {
                    return Err(self.unexpected("an escape such as `\\n` inside a string"));
                }
                Some('"') => {
                    self.next();
                    return Ok(out);
                }
                Some('\\') => out.push(self.escape()?),
                Some(c) => {
                    self.next();
                    out.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let place = self.place;
        self.expect('\\')?;
        let c = match self.peek() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.next();
                return self.unicode(place);
            }
            _ => {
                return Err(self.unexpected("one of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u`"));
            }
        };
        self.next();
        Ok(c)
    }

    /// The character after `\u`; those outside the first plane are written as two escapes.
    fn unicode(&mut self, place: Place) -> Result<char, Fault> {
        let lone = || Fault::new(place, "not JSON: half of a surrogate pair stands alone");
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff => {
                if self.peek() != Some('\\') {
                    return Err(lone());
                }
                self.next();
                if self.peek() != Some('u') {
                    return Err(lone());
                }
                self.next();
                let second = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(lone());
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(lone)
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|c| c.to_digit(16));
            let Some(digit) = digit else { return Err(self.unexpected("a hexadecimal digit")) };
            self.next();
            code = code * 16 + digit;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<String, Fault> {
        let mut out = String::new();
        self.take_if(&mut out, |c| c == '-');
        if !self.take_if(&mut out, |c| c == '0') {
            self.digits(&mut out)?;
        }
        if self.take_if(&mut out, |c| c == '.') {
            self.digits(&mut out)?;
        }
        if self.take_if(&mut out, |c| matches!(c, 'e' | 'E')) {
            self.take_if(&mut out, |c| matches!(c, '+' | '-'));
            self.digits(&mut out)?;
        }
        Ok(out)
    }

    fn digits(&mut self, out: &mut String) -> Result<(), Fault> {
        if !self.take_if(out, |c| c.is_ascii_digit()) {
            return Err(self.unexpected("a digit"));
        }
        while self.take_if(out, |c| c.is_ascii_digit()) {}
        Ok(())
    }

    fn take_if(&mut self, out: &mut String, wanted: impl Fn(char) -> bool) -> bool {
        match self.peek() {
            Some(c) if wanted(c) => {
                self.next();
                out.push(c);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
