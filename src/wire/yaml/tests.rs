use proptest::prelude::*;

use super::*;
use crate::wire::node::MAX_NODES;

fn fault(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn value(text: &str) -> Value {
    parse(text).unwrap().value
}

#[test]
fn values_know_their_places() {
    let node = parse("# heading\na:\n  - 1\n  - ü: [x, y]\nb: |\n  text\n").unwrap();
    let at = |line, column| Place { line, column };
    let Value::Object(members) = &node.value else { panic!("an object") };
    assert_eq!(node.place, at(2, 1));
    assert_eq!((members[0].place, members[1].place), (at(2, 1), at(5, 1)));
    let Value::List(items) = &members[0].value.value else { panic!("a list") };
    assert_eq!(items[1].place, at(4, 5));
    let Value::Object(inner) = &items[1].value else { panic!("an object") };
    let Value::List(flow) = &inner[0].value.value else { panic!("a list") };
    assert_eq!(flow[1].place, at(4, 12), "columns count characters, not bytes");
    assert_eq!(members[1].value.value, Value::Text("text\n".to_owned()));
}

#[test]
fn scalars_follow_the_core_schema() {
    let (text, number) =
        (|s: &str| Value::Text(s.to_owned()), |s: &str| Value::Number(s.to_owned()));
    #[rustfmt::skip]
    let cases = [
        // (text, expected, why)
        ("[~]", Value::Null, "a tilde is null"),
        ("[null]", Value::Null, "so is the word"),
        ("['null']", text("null"), "a quoted word is a string"),
        ("[True]", Value::Bool(true), "three spellings of true"),
        ("[yes]", text("yes"), "YAML 1.1's words are strings"),
        ("[2.0]", number("2.0"), "a version without quotes is a number"),
        ("[\"2.0\"]", text("2.0"), "and a string with them"),
        ("[0x1f]", number("0x1f"), "hexadecimal"),
        ("[-.inf]", number("-.inf"), "infinity"),
        ("[1e3]", number("1e3"), "an exponent"),
        ("[.]", text("."), "no digit, no number"),
        ("[11111111-1111-1111-1111-111111111111]", text("11111111-1111-1111-1111-111111111111"), "a GUID is a string"),
        ("[2026-11-22T08:00:15.98Z]", text("2026-11-22T08:00:15.98Z"), "a date is a string"),
        ("[!!str 12]", text("12"), "a tag makes it a string"),
        ("[! 12]", text("12"), "so does the tag without a name"),
        ("[/subscriptions/a]", text("/subscriptions/a"), "a scope needs no quotes"),
    ];
    for (yaml, expected, why) in cases {
        let Value::List(items) = value(yaml) else { panic!("{why}: a list") };
        assert_eq!(items[0].value, expected, "{why}: {yaml}");
    }
}

#[test]
fn what_could_hide_something_is_refused_with_its_place() {
    #[rustfmt::skip]
    let cases = [
        // (text, expected, why)
        ("", "1:1: the file is empty: write `[]` if there is nothing to say", "an emptied file is not an empty policy"),
        ("# only this\n", "2:1: the file is empty: write `[]` if there is nothing to say", "nor is one with comments alone"),
        ("---\n...\n", "1:4: the file is empty: write `[]` if there is nothing to say", "nor an empty document"),
        ("a: 1\na: 2\n", "2:1: `a` occurs twice: remove one", "readers differ in which one counts"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document in one file: put both in one list, or in two files", "a second document would be lost"),
        ("b: &x {c: 1}\na:\n  <<: *x\n", "3:3: merge keys (`<<`) are not YAML 1.2: write the members out", "a merge would be lost"),
        ("? [a]\n: 1\n", "1:3: a name must be a string, written out", "names are strings"),
        ("a: !secret x\n", "1:12: tag `!secret` means nothing here: leave it out", "another schema"),
        ("a: [1\n", "1:4: not YAML: ", "cut short"),
        ("a: *nowhere\n", "1:4: not YAML: ", "an alias of nothing"),
        ("a: &x [*x]\n", "1:8: this alias stands inside what it names: write it out", "a loop"),
    ];
    for (text, expected, why) in cases {
        let found = fault(text);
        assert!(found.starts_with(expected), "{why}: {found}");
    }
}

#[test]
fn an_alias_repeats_what_it_names() {
    let Value::Object(members) = value("a: &x [1, 2]\nb: *x\n") else { panic!("an object") };
    assert_eq!(members[0].value.value, members[1].value.value);
}

#[test]
fn aliases_of_aliases_are_paid_for_by_size() {
    use std::fmt::Write as _;
    let mut text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n".to_owned();
    for i in 1..20 {
        let before = format!("*a{}, ", i - 1).repeat(10);
        writeln!(text, "a{i}: &a{i} [{before}]").unwrap();
    }
    assert!(fault(&text).ends_with(&format!("more than {MAX_NODES} values in one file: split it")));
}

#[test]
fn nesting_is_limited() {
    assert!(parse(&format!("{}1{}", "[".repeat(64), "]".repeat(64))).is_ok());
    for text in [format!("{}1{}", "[".repeat(65), "]".repeat(65)), "- ".repeat(65) + "1"] {
        assert!(fault(&text).ends_with("more than 64 levels of nesting"), "{}", fault(&text));
    }
    assert!(parse(&"[".repeat(1_000_000)).is_err());
}

proptest! {
    /// Whatever stands in a file, reading it answers.
    #[test]
    fn reading_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    /// The same for text that is nearly YAML.
    #[test]
    fn reading_near_misses_never_panics(text in "[-a:*&!<>|?\\[\\]{},#'\" \n\t%@.~0]{0,40}") {
        let _ = parse(&text);
    }
}
