use proptest::prelude::*;

use super::*;
use crate::wire::node::{MAX_DEPTH, MAX_NODES};

fn fault(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn values_know_their_places() {
    let node = parse("{\n\t\"a\": [1, \"ü\", null],\n\t\"b\": {\"c\": true}\n}").unwrap();
    let Value::Object(members) = &node.value else { panic!("an object") };
    let at = |line, column| Place { line, column };
    assert_eq!(node.place, at(1, 1));
    assert_eq!((members[0].place, members[0].value.place), (at(2, 2), at(2, 7)));
    let Value::List(items) = &members[0].value.value else { panic!("a list") };
    assert_eq!(items[1], Node { place: at(2, 11), value: Value::Text("ü".to_owned()) });
    assert_eq!(items[2].place, at(2, 16), "columns count characters, not bytes");
}

#[test]
fn escapes_of_json_are_read_as_json_means_them() {
    let node = parse(r#""\/\u00e9\ud83d\ude00\n\\\"\b\f\r\t""#).unwrap();
    assert_eq!(node.value, Value::Text("/é😀\n\\\"\u{8}\u{c}\r\t".to_owned()));
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    #[rustfmt::skip]
    let cases = [
        // (text, expected, why)
        ("", "1:1: the file is empty: write `[]` if there is nothing to say", "an emptied file is not an empty policy"),
        (" \n", "1:1: the file is empty: write `[]` if there is nothing to say", "nor one with spaces"),
        ("{\"a\": 1,\n \"a\": 2}", "2:2: `a` occurs twice: remove one", "readers differ in which one counts"),
        ("[1, ]", "1:5: not JSON: found `]`, expected a value", "no trailing commas"),
        ("{\"a\" 1}", "1:6: not JSON: found `1`, expected `:`", "a colon is missing"),
        ("{'a': 1}", "1:2: not JSON: found `'`, expected a name in double quotes", "no single quotes"),
        ("// no\n1", "1:1: not JSON: found `/`, expected a value", "no comments"),
        ("[1] [2]", "1:5: not JSON: found `[`, expected the end of the file: put several objects in one list", "one document"),
        ("\"a\nb\"", "1:3: not JSON: found `\\n`, expected an escape such as `\\n` inside a string", "strings hold no line breaks"),
        ("\"\\ud83d\"", "1:2: not JSON: half of a surrogate pair stands alone", "a lone surrogate is no character"),
        ("\"\\udc00\\ud83d\"", "1:2: not JSON: half of a surrogate pair stands alone", "nor the wrong way round"),
        ("01", "1:2: not JSON: found `1`, expected the end of the file: put several objects in one list", "no leading zeros"),
        ("1.", "1:3: not JSON: found the end of the file, expected a digit", "no empty fraction"),
        ("[true", "1:6: not JSON: found the end of the file, expected `,` or `]`", "cut short"),
        ("nul", "1:4: not JSON: found the end of the file, expected `null`", "cut short in a word"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(fault(text), expected, "{why}");
    }
}

#[test]
fn limits_are_kept() {
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    assert!(fault(&deep(MAX_DEPTH + 1)).ends_with("more than 64 levels of nesting"));
    assert!(fault(&"[".repeat(1_000_000)).ends_with("more than 64 levels of nesting"));
    let wide = format!("[{}1]", "1,".repeat(MAX_NODES));
    assert!(fault(&wide).ends_with("more than 1000000 values in one file: split it"));
}

/// The same value for `serde_json`; numbers by their text, since that is what we keep.
fn same(node: &Node, other: &serde_json::Value) -> bool {
    match (&node.value, other) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Number(_), serde_json::Value::Number(_)) => true,
        (Value::Text(a), serde_json::Value::String(b)) => a == b,
        (Value::List(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|m| b.get(&m.name).is_some_and(|other| same(&m.value, other)))
        }
        _ => false,
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What `serde_json` writes, we read, and as the same value.
    #[test]
    fn values_are_read_as_serde_json_wrote_them(value in json(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        prop_assert!(same(&parse(&text).unwrap(), &value), "{text}");
    }

    /// On text that is nearly JSON both readers agree whether it is, names twice and numbers that do
    /// not fit a float excepted.
    #[test]
    fn acceptance_agrees_with_serde_json(text in "[\\[\\]{}:,\"\\\\utrfalsne0-9.eE+ \t\n-]{0,24}") {
        let (ours, theirs) = (parse(&text), serde_json::from_str::<serde_json::Value>(&text));
        let excepted = match (&ours, &theirs) {
            (Err(fault), Ok(_)) => fault.message.contains("occurs twice"),
            (Ok(_), Err(error)) => error.to_string().contains("number out of range"),
            _ => false,
        };
        prop_assert!(excepted || ours.is_ok() == theirs.is_ok(), "{text:?}: {ours:?} {theirs:?}");
    }

    /// Whatever stands in a file, reading it answers.
    #[test]
    fn reading_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }
}
