use super::*;

/// The message and, where it has a place, the line and the caret.
fn shown(text: &str) -> String {
    let condition = condition(text);
    let problem = condition.problem().unwrap_or_else(|| panic!("understood: {text}"));
    let excerpt = condition.excerpt().map_or_else(String::new, |excerpt| format!("\n{excerpt}"));
    format!("{problem}{excerpt}")
}

#[test]
fn messages_point_at_the_character_and_say_what_to_write() {
    #[rustfmt::skip]
    let cases = [
        ("@Request[x] StringEqual 'a'",
         "character 13: `StringEqual` is no operator; write `StringEquals`\n\
          @Request[x] StringEqual 'a'\n            ^"),
        ("@Request[x] stringequals 'a'",
         "character 13: `stringequals` is no operator; write `StringEquals`\n\
          @Request[x] stringequals 'a'\n            ^"),
        ("@Request[x] NumericGreaterThanOrEquals 5",
         "character 13: `NumericGreaterThanOrEquals` is no operator; write `NumericGreaterThanEquals`\n\
          @Request[x] NumericGreaterThanOrEquals 5\n            ^"),
        ("@Request[x] Contains 'a'",
         "character 13: `Contains` is no operator; write a documented one, such as `StringEquals` or `NumericLessThan`\n\
          @Request[x] Contains 'a'\n            ^"),
        ("@Request[x] = 'a'",
         "character 13: `=` is no operator; write a name such as `StringEquals` or `NumericLessThan`\n\
          @Request[x] = 'a'\n            ^"),
        ("@Request[x] StringEquals \"a\"",
         "character 26: a text stands between single quotes; write `'` for `\"`\n\
          @Request[x] StringEquals \"a\"\n                         ^"),
        ("Request[x] StringEquals 'a'",
         "character 1: an attribute begins with `@`; write `@Request[<name>]`\n\
          Request[x] StringEquals 'a'\n^"),
        ("@Requests[x] StringEquals 'a'",
         "character 1: `@Requests` is no attribute source; write `@Request`\n\
          @Requests[x] StringEquals 'a'\n^"),
        ("@Request[x StringEquals",
         "character 9: this `[` is never closed; write `]` behind the attribute's name\n\
          @Request[x StringEquals\n        ^"),
        ("@Request[x] StringEquals 'a",
         "character 26: this quote is never closed; write `'` behind the text\n\
          @Request[x] StringEquals 'a\n                         ^"),
        ("@Request[x] StringEquals {'a', 'b'}",
         "character 26: a set needs a quantifier; write `ForAnyOfAnyValues:StringEquals` or another one\n\
          @Request[x] StringEquals {'a', 'b'}\n                         ^"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals 'a'",
         "character 44: `ForAnyOfAnyValues` compares sets; write `{'a'}`\n\
          @Request[x] ForAnyOfAnyValues:StringEquals 'a'\n                                           ^"),
        ("@Request[x] ForAnyOfAnyValue:StringEquals {'a'}",
         "character 13: `ForAnyOfAnyValue` is no quantifier; write `ForAnyOfAnyValues:StringEquals`\n\
          @Request[x] ForAnyOfAnyValue:StringEquals {'a'}\n            ^"),
        ("@Request[x] ForAnyOfAnyValues:BoolEquals {true}",
         "character 13: `BoolEquals` takes no quantifier; write it without `ForAnyOfAnyValues:`\n\
          @Request[x] ForAnyOfAnyValues:BoolEquals {true}\n            ^"),
        ("@Request[x] ForAnyOfAnyValues StringEquals {'a'}",
         "character 13: a quantifier is followed by `:` and an operator without space; write `ForAnyOfAnyValues:StringEquals`\n\
          @Request[x] ForAnyOfAnyValues StringEquals {'a'}\n            ^"),
        ("@Request[x] StringEquals 'a' and Exists @Request[y]",
         "character 30: `and` is no operator; write `AND`\n\
          @Request[x] StringEquals 'a' and Exists @Request[y]\n                             ^"),
        ("Exists @Request[x] AND Exists @Request[y] OR Exists @Request[z]",
         "character 43: `AND` and `OR` are mixed; write parentheses, as in `(a AND b) OR c`\n\
          Exists @Request[x] AND Exists @Request[y] OR Exists @Request[z]\n                                          ^"),
        ("(\n  Exists @Request[x]\n  OR\n  Exist @Request[y]\n)",
         "line 4, character 3: expected an expression, found `Exist`; write `Exists`\n  \
          Exist @Request[y]\n  ^"),
        ("(Exists @Request[x]",
         "character 20: expected `)`: the `(` at character 1 is never closed\n\
          (Exists @Request[x]\n                   ^"),
        ("Exists @Request[x])",
         "character 19: this `)` closes nothing; remove it\n\
          Exists @Request[x])\n                  ^"),
        ("@Request[x] NumericEquals 1.5",
         "character 27: `1.5` is no value; numbers are whole, in digits only\n\
          @Request[x] NumericEquals 1.5\n                          ^"),
        ("@Request[x] NumericEquals 99999999999999999999",
         "character 27: `99999999999999999999` is out of range; write a number of at most 64 bits\n\
          @Request[x] NumericEquals 99999999999999999999\n                          ^"),
        ("@Environment[UtcNow] DateTimeLessThan 2030-01-01T00:00:00Z",
         "character 39: `2030-01-01T00:00:00Z` is no value; a date stands in quotes\n\
          @Environment[UtcNow] DateTimeLessThan 2030-01-01T00:00:00Z\n                                      ^"),
        ("ActionMatches('a')",
         "character 14: expected `{` behind `ActionMatches`: write `ActionMatches{'…'}`, found `(`\n\
          ActionMatches('a')\n             ^"),
        ("ActionMatches{'a b'}",
         "character 15: action `a b` has a space or control character; remove it\n\
          ActionMatches{'a b'}\n              ^"),
        ("'é' StringEquals é",
         "character 18: `é` begins nothing that a condition can have here; remove it\n\
          'é' StringEquals é\n                 ^"),
        ("'a' StringEquals",
         "character 17: expected a value, found the end\n\
          'a' StringEquals\n                ^"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn a_problem_of_the_whole_has_no_place() {
    let old = Condition::new(Some("x"), Some("1.0")).unwrap();
    assert_eq!(
        old.problem().unwrap().to_string(),
        "`conditionVersion` is `1.0`, which is not understood; write `\"conditionVersion\": \"2.0\"`"
    );
    let none = Condition::new(Some("x"), None).unwrap();
    assert_eq!(
        none.problem().unwrap().to_string(),
        "the condition has no `conditionVersion`; write `\"conditionVersion\": \"2.0\"`"
    );
    assert_eq!(none.excerpt(), None);
    assert_eq!(
        shown(&"x".repeat(9000)),
        "the condition has 9000 bytes, more than the 8192 that Azure allows; shorten it"
    );
}

#[test]
fn a_long_line_is_cut_around_its_place() {
    let side = "1 NumericEquals 1 AND ".repeat(10);
    let text = format!("{side}x AND {side}");
    assert_eq!(
        shown(&text),
        "character 221: expected an expression, found `x`\n\
         …ricEquals 1 AND 1 NumericEquals 1 AND 1 NumericEquals 1 AND x AND 1 NumericEquals 1 AND 1 NumericEquals 1 AND 1 NumericE…\n                                                             ^"
    );
}

#[test]
fn what_a_message_repeats_is_short_and_on_one_line() {
    let long = format!("@Request[x] {} 'a'", "Equals".repeat(1000));
    let message = shown(&long);
    assert!(message.lines().next().unwrap().chars().count() < 200, "{message}");
    assert!(message.lines().nth(1).unwrap().chars().count() < 130, "{message}");
    for text in ["'a\u{7}' StringEquals 'a'", "'a' \u{1b}[1m", "@Request[\u{0}] StringEquals 'a'"] {
        assert!(!shown(text).contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert_eq!(shown(text).lines().count(), 3, "{text:?}");
    }
}

#[test]
fn what_is_nearly_a_value_is_named_with_its_right_form() {
    let (date, guid, number) = (
        "a date stands in quotes",
        "a GUID has the form 8-4-4-4-12",
        "numbers are whole, in digits only",
    );
    #[rustfmt::skip]
    let cases = [
        ("2026-01-01T00:00:00Z",            date,   "a date as a word"),
        ("2026-01-01T00:00:00",             guid,   "nearly a date: no zone"),
        ("7T",                              number, "a letter of a date, but no date"),
        ("72f988bf-86f1-41af-91ab-2d7cd01", guid,   "nearly a GUID"),
        ("1234567890-12345678",             guid,   "19 characters with a dash"),
        ("1234567890-1234567",              number, "18 characters with a dash"),
        ("1234567890x12345678",             number, "19 characters without a dash"),
        ("1.5",                             number, "a fraction"),
        ("+1",                              number, "a sign too many"),
        ("1e3",                             number, "an exponent"),
    ];
    for (word, advice, why) in cases {
        let line = shown(&format!("@Request[x] NumericEquals {word}"));
        let expected = format!("character 27: `{word}` is no value; {advice}\n");
        assert!(line.starts_with(&expected), "{why}: {line}");
    }
}

#[test]
fn a_word_is_taken_for_another_only_if_most_of_it_is_right() {
    #[rustfmt::skip]
    let cases = [
        // (word,   candidates,           expected,       why)
        ("and",     vec!["OR", "AND"],    Some("AND"),    "the same but for case"),
        ("abcx",    vec!["abcd"],         Some("abcd"),   "one of four is wrong"),
        ("abxy",    vec!["abcd"],         None,           "half is wrong"),
        ("abxyz",   vec!["abcde"],        None,           "most is wrong"),
        ("abcxyz",  vec!["abcdef"],       None,           "half of a longer word"),
        ("abcdxyz", vec!["abcdefg"],      Some("abcdefg"), "less than half of it"),
        ("abcdefghWXYZ", vec!["abcdefghijkl"], None,      "four are too many, however long the word"),
        ("abcde",   vec!["abcdxx", "abcdx"], Some("abcdx"), "the nearest"),
        ("cdef",    vec!["abcdef"],       Some("abcdef"), "two left out"),
        ("xyabcdef", vec!["abcdef"],      Some("abcdef"), "two too many in front"),
        ("xyzabcdef", vec!["abcdef"],     None,           "half as many in front"),
    ];
    for (word, candidates, expected, why) in cases {
        assert_eq!(operators::near_miss(word, candidates), expected, "{why}: {word}");
    }
}

#[test]
fn a_word_in_the_wrong_place_is_told_where_it_belongs() {
    let documented = "a documented one, such as `StringEquals`";
    #[rustfmt::skip]
    let cases = [
        ("@Request[x] and 'a'",                     "`and` is no operator; write `AND`".to_owned(), "a connective, but for its case"),
        ("@Request[x] ForAnyOfAnyValues:and {'a'}", format!("`and` is no operator; write {documented}"), "no connective has a quantifier"),
        ("@Request[x] StringEquals StringEquals",   " before the operator `StringEquals`".to_owned(), "an operator for a value"),
        ("@Request[x] BoolEquals {true}",           "`BoolEquals` compares no sets; write one value, and `OR` between several".to_owned(), "a set without use"),
    ];
    for (text, expected, why) in cases {
        let line = shown(text);
        assert!(line.contains(&expected), "{why}: {line}");
    }
}

#[test]
fn a_fault_within_a_word_points_into_it() {
    #[rustfmt::skip]
    let cases = [
        // (condition, place and message)
        ("Exists @Request[x] AND @Request[y] StringEquals 'abc\td'", "character 53: a text ends on its line and has no control character; expected `'`"),
        ("Exists @Request x",      "character 16: expected `[` right behind `@Request`; write `@Request[<name>]`"),
        ("Exists @Request[abc'd]", "character 20: expected `]` behind the attribute's name"),
        ("Exists @Request[{x}]",   "character 17: expected `]` behind the attribute's name"),
        ("Exists @Request[]",      "character 17: the attribute has no name; write `@Request[<name>]`"),
        ("Exists @Request[ x]",    "character 17: the attribute's name has space at an end; names compare exactly: remove it"),
        ("Exists ‘x’",             "character 8: `‘` is a typographic quote; write `'`"),
        ("Exists “x”",             "character 8: `“` is a typographic quote; write `'`"),
        ("Exists @Request[x] & Exists @Request[y]", "character 20: expected `&&`; write `&&` or `AND`"),
        ("Exists @Request[x] | Exists @Request[y]", "character 20: expected `||`; write `||` or `OR`"),
        ("Exists [x]",             "character 8: `[` belongs to an attribute; write `@Request[<name>]`"),
        ("Exists\u{a0}@Request[x]", "character 7: U+00A0 is no plain space; write a space or a line break"),
    ];
    for (text, expected) in cases {
        let problem = condition(text).problem().map(ToString::to_string);
        assert_eq!(problem.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_line_that_just_fits_is_not_cut() {
    for (behind, cut) in [(59, false), (60, false), (61, true)] {
        let text = format!("={}", "x".repeat(behind - 1));
        let excerpt = condition(&text).excerpt().unwrap();
        assert_eq!(excerpt.contains('…'), cut, "{behind} characters from the place on: {excerpt}");
    }
}
