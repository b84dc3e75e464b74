//! JSON objects as they stand in a token, with a note of members that occur twice.
//!
//! RFC 7519 §4 lets a reader take the last of two equal claims or refuse. A reader that takes the
//! first, and another that takes the last, would see two different tokens under one signature, so we
//! refuse; but only after the issuer is known, since a foreign token is not ours to judge.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON object that knows whether a member is repeated in it.
#[derive(Debug)]
pub(super) struct Object {
    members: Map<String, Value>,
    repeated: bool,
}

impl Object {
    /// Parses `bytes` as exactly one JSON object. `None` if they are anything else; nesting is
    /// bounded by the parser (128 levels).
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let repeated = Cell::new(false);
        let mut input = serde_json::Deserializer::from_slice(bytes);
        let value = AnyValue { repeated: &repeated }.deserialize(&mut input).ok()?;
        input.end().ok()?;
        let Value::Object(members) = value else {
            return None;
        };
        Some(Self { members, repeated: repeated.get() })
    }

    /// The member of this name; the last, if it is repeated.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Says if some object in it, at any depth, has a member twice.
    pub(super) fn has_repeated_members(&self) -> bool {
        self.repeated
    }
}

/// Every string that stands under `name` in the JSON object `bytes`; `None` if they are not one. All
/// else is passed over, whatever its depth.
pub(super) fn strings(bytes: &[u8], name: &str) -> Option<Vec<String>> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let strings = input.deserialize_map(Strings { name }).ok()?;
    input.end().ok()?;
    Some(strings)
}

struct Strings<'a> {
    name: &'a str,
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut strings = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name != self.name {
                map.next_value::<IgnoredAny>()?;
            } else if let Value::String(text) = map.next_value()? {
                strings.push(text);
            }
        }
        Ok(strings)
    }
}

/// Reads any value, as `serde_json` would, and notes repeated members.
#[derive(Clone, Copy)]
struct AnyValue<'a> {
    repeated: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for AnyValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self)?;
            if members.insert(name, value).is_some() {
                self.repeated.set(true);
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_members_are_noted_at_any_depth() {
        #[rustfmt::skip]
        let cases = [
            // (text,                              expected,    why)
            (r#"{}"#,                              Some(false), "nothing is repeated in nothing"),
            (r#"{"a":1,"b":1}"#,                   Some(false), "equal values are no repetition"),
            (r#"{"a":{"a":1}}"#,                   Some(false), "another object, another member"),
            (r#"[{"a":1}]"#,                       None,        "an array is no object"),
            (r#"{"a":1,"a":1}"#,                   Some(true),  "the same name twice"),
            (r#"{"a":1,"\u0061":2}"#,              Some(true),  "an escape is the same name"),
            (r#"{"x":{"a":1,"a":2}}"#,             Some(true),  "one level down"),
            (r#"{"x":[1,{"a":1,"b":2,"a":3}]}"#,   Some(true),  "inside an array"),
            (r#"{"a":1} x"#,                       None,        "something after the object"),
            (r#"{"a":1e999}"#,                     None,        "a number out of range"),
            ("{\"a\":\"\u{1}\"}",                  None,        "a control character that is not escaped"),
        ];
        for (text, expected, why) in cases {
            let found = Object::parse(text.as_bytes()).map(|o| o.has_repeated_members());
            assert_eq!(found, expected, "{why}: {text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_harm() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Object::parse(text.as_bytes()).is_none());
        assert_eq!(
            strings(text.as_bytes(), "iss"),
            Some(vec![]),
            "only what stands under `iss` matters"
        );
    }

    #[test]
    fn every_issuer_is_found() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"iss":"a"}"#,                     Some(vec!["a"]),      "one"),
            (r#"{"iss":"a","x":[],"\u0069ss":"b"}"#, Some(vec!["a", "b"]), "two, one escaped"),
            (r#"{"iss":1,"x":{"iss":"a"}}"#,       Some(vec![]),         "none that counts"),
            (r#"{"iss":"a""#,                      None,                 "no JSON"),
            (r#"["iss","a"]"#,                     None,                 "no object"),
        ];
        for (text, expected, why) in cases {
            let found = strings(text.as_bytes(), "iss");
            assert_eq!(
                found.as_deref(),
                expected.map(|e| e.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{why}"
            );
        }
    }

    #[test]
    fn values_are_kept_as_serde_json_would_keep_them() {
        let text = r#"{"a":[null,true,-1,1.5,18446744073709551615,"s",{"b":[]}]}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(Object::parse(text.as_bytes()).unwrap().get("a"), expected.get("a"));
    }
}
