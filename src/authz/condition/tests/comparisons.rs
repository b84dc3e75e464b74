use super::*;
use Truth::{False, True, Unknown};

fn check<T: AsRef<str>>(cases: &[(T, Truth, &str)]) {
    for (text, expected, why) in cases {
        let text = text.as_ref();
        assert_eq!(truth_of(text), *expected, "{why}: {text}");
    }
}

/// Each row also holds for the operator with Not, the other way round.
fn check_with_negation(kind: &str, cases: &[(&str, &str, &str, bool, &str)]) {
    for (left, operator, right, expected, why) in cases {
        let plain = format!("{left} {kind}{operator} {right}");
        let negated = format!("{left} {kind}Not{operator} {right}");
        assert_eq!(truth_of(&plain), Truth::from(*expected), "{why}: {plain}");
        assert_eq!(truth_of(&negated), Truth::from(!*expected), "{why}: {negated}");
    }
}

#[test]
fn texts_compare_exactly_or_without_ascii_case() {
    #[rustfmt::skip]
    check_with_negation("String", &[
        // semantics §5.1
        ("'abc'",  "Equals",               "'abc'",  true,  "equal"),
        ("'abc'",  "Equals",               "'Abc'",  false, "case counts"),
        ("'abc'",  "Equals",               "'abcd'", false, "whole texts"),
        ("''",     "Equals",               "''",     true,  "empty texts are texts"),
        ("'a*'",   "Equals",               "'abc'",  false, "a star is only a star"),
        (r"'a\*'", "Equals",               r"'a*'",  false, "a backslash is only a backslash"),
        ("'abc'",  "EqualsIgnoreCase",     "'ABC'",  true,  "case is ignored"),
        ("'é'",    "EqualsIgnoreCase",     "'É'",    false, "ASCII case only"),
        ("'k'",    "EqualsIgnoreCase",     "'\u{212a}'", false, "no look-alike of a letter"),
        ("'abc'",  "StartsWith",           "'ab'",   true,  "a beginning"),
        ("'abc'",  "StartsWith",           "'abc'",  true,  "the whole"),
        ("'abc'",  "StartsWith",           "''",     true,  "nothing begins everything"),
        ("'abc'",  "StartsWith",           "'abcd'", false, "longer than the text"),
        ("'abc'",  "StartsWith",           "'AB'",   false, "case counts"),
        ("'abc'",  "StartsWithIgnoreCase", "'AB'",   true,  "case is ignored"),
        ("'éa'",   "StartsWithIgnoreCase", "'xx'",   false, "a character is not cut in two"),
    ]);
}

#[test]
fn like_knows_stars_question_marks_and_their_escapes() {
    #[rustfmt::skip]
    check_with_negation("String", &[
        // azure.md §3 has the first two
        ("'abcd'", "Like",           "'a*c?'",    true,  "a star for one, a question mark for another"),
        ("'abcd'", "Like",           "'a*c'",     false, "the pattern is about the whole text"),
        ("'abcd'", "Like",           "'A*C?'",    false, "case counts"),
        ("'abcd'", "LikeIgnoreCase", "'A*C?'",    true,  "case is ignored"),
        ("'abcd'", "Like",           "'*'",       true,  "a star alone"),
        ("''",     "Like",           "'*'",       true,  "a star for nothing"),
        ("''",     "Like",           "'?'",       false, "a question mark is one character"),
        ("''",     "Like",           "''",        true,  "nothing is like nothing"),
        ("'a'",    "Like",           "''",        false, "and only that"),
        ("'é'",    "Like",           "'?'",       true,  "a character, not a byte"),
        ("'a/b'",  "Like",           "'a*b'",     true,  "a star crosses slashes"),
        ("'a*c'",  "Like",           r"'a\*c'",   true,  "an escaped star is a star"),
        ("'abc'",  "Like",           r"'a\*c'",   false, "and nothing else"),
        ("'a?c'",  "Like",           r"'a\?c'",   true,  "an escaped question mark"),
        ("'abc'",  "Like",           r"'a\?c'",   false, "and nothing else"),
        (r"'a\c'", "Like",           r"'a\c'",    true,  "a backslash before anything else is itself"),
        (r"'a\'",  "Like",           r"'a\'",     true,  "and at the end"),
        (r"'\x*'", "Like",           r"'\\*'",    false, "two backslashes: one, and an escaped star"),
        (r"'\*'",  "Like",           r"'\\*'",    true,  "so this is what they match"),
        ("'aab'",  "Like",           "'*ab'",     true,  "the star gives back"),
        ("'abab'", "Like",           "'*ab'",     true,  "and takes more"),
        ("'a*'",   "Like",           "'ab'",      false, "the pattern is on the right"),
        ("'b'",    "Like",           "'*?*'",     true,  "stars beside question marks"),
        ("'xayaz'", "Like",          "'*a*a*a*'", false, "more letters than there are"),
    ]);
}

#[test]
fn a_comparison_that_could_take_long_is_unknown() {
    let text = |length: usize| format!("'{}'", "a".repeat(length));
    let set = |values: usize| format!("{{{}}}", vec!["'a'"; values].join(","));
    let patterns = |count: usize| format!("{{{}}}", vec!["'*a*a*a*ab'"; count].join(","));
    let like = "ForAnyOfAnyValues:StringLike";
    assert_eq!(values::MAX_STEPS, 64 * 64 * 64);
    let any = "ForAnyOfAnyValues:StringEquals";
    #[rustfmt::skip]
    let cases = [
        // The choices on semantics §5.2: 64 steps a pair, and for a `Like` the bytes of both.
        (format!("{} StringLike {}", text(511), text(512)),                   False,    "64 + 511 · 512 steps"),
        (format!("{} StringLike {}", text(512), text(512)),                   Unknown, "64 + 512 · 512 steps"),
        (format!("{} StringNotLike {}", text(512), text(512)),                Unknown, "nor the contrary"),
        (format!("{} StringEquals {}", text(3000), text(3000)),               True,    "equality is cheap"),
        (format!("{} {any} {}", set(64), set(64)),                            True,    "4,096 pairs"),
        (format!("{} {any} {}", set(64), set(65)),                            Unknown, "64 more"),
        (format!("{{{}}} {like} {}", text(1040), patterns(25)), False, "25 · 64 + 25 · 9 · 1040 steps"),
        (format!("{{{}}} {like} {}", text(1040), patterns(28)), Unknown, "28 · 64 + 28 · 9 · 1040 steps"),
    ];
    for (condition, expected, why) in cases {
        assert_eq!(truth_of(&condition), expected, "{why}");
    }
}

#[test]
fn numbers_compare_in_six_ways() {
    #[rustfmt::skip]
    let orders = [
        // semantics §5.1: (operator, less, equal, greater)
        ("Equals",            False, True,  False),
        ("NotEquals",         True,  False, True),
        ("LessThan",          True,  False, False),
        ("LessThanEquals",    True,  True,  False),
        ("GreaterThan",       False, False, True),
        ("GreaterThanEquals", False, True,  True),
    ];
    for (operator, less, equal, greater) in orders {
        for (left, right, expected) in [(1, 2, less), (2, 2, equal), (3, 2, greater), (-2, 2, less)]
        {
            let text = format!("{left} Numeric{operator} {right}");
            assert_eq!(truth_of(&text), expected, "{text}");
        }
        let dates = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0000001Z"];
        for (left, right, expected) in [(0, 1, less), (1, 1, equal), (1, 0, greater)] {
            let text = format!("'{}' DateTime{operator} '{}'", dates[left], dates[right]);
            assert_eq!(truth_of(&text), expected, "{text}");
        }
    }
    check(&[
        ("9223372036854775807 NumericGreaterThan -9223372036854775808", True, "both bounds"),
        ("-0 NumericEquals 0", True, "a sign before nothing"),
        ("007 NumericEquals 7", True, "leading zeros"),
        ("10 NumericGreaterThan 9", True, "as numbers, not as texts"),
    ]);
}

#[test]
fn dates_are_written_in_one_form() {
    #[rustfmt::skip]
    check(&[
        ("'2026-03-01T12:00:00Z' DateTimeEquals '2026-03-01T12:00:00.0Z'", True, "no fraction"),
        ("'2026-03-01T12:00:00.1234567Z' DateTimeEquals '2026-03-01T12:00:00.1234567Z'", True, "seven digits"),
        ("'2026-03-01T12:00:00.1Z' DateTimeEquals '2026-03-01T12:00:00.1000000Z'", True, "digits count from the left"),
        ("'2024-02-29T00:00:00Z' DateTimeLessThan '2024-03-01T00:00:00Z'", True, "a leap day"),
        ("'9999-12-31T23:59:59.9999999Z' DateTimeGreaterThan '9000-01-01T00:00:00Z'", True, "what is written for never"),
        ("'0001-01-01T00:00:00Z' DateTimeLessThan '1970-01-01T00:00:00Z'", True, "the first year"),
        ("'2026-03-01T12:00:00.12345678Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "eight digits"),
        ("'2026-03-01T12:00:00.Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "a point before nothing"),
        ("'2026-03-01T12:00:00' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "no zone"),
        ("'2026-03-01T12:00:00+00:00' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "an offset"),
        ("'2026-03-01' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "a day"),
        ("'2026-3-1T12:00:00Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "short numbers"),
        ("'2026-02-29T00:00:00Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "no such day"),
        ("'2026-03-01T24:00:00Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "no such hour"),
        ("'2026-03-01T12:00:60Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "a leap second"),
        ("'2026-03-01t12:00:00z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "lower case"),
        ("' 2026-03-01T12:00:00Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "space"),
        ("'tomorrow' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "words"),
        ("'ü026-03-01T12:00:00Z' DateTimeEquals '2026-03-01T12:00:00Z'", Unknown, "no ASCII"),
    ]);
}

#[test]
fn booleans_and_guids_are_equal_or_not() {
    let guid = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    let other = "00000000-0000-0000-0000-000000000000";
    #[rustfmt::skip]
    check(&[
        ("true BoolEquals true".to_owned(),               True,    "equal"),
        ("true BoolEquals false".to_owned(),              False,   "not equal"),
        ("true BoolNotEquals false".to_owned(),           True,    "negated"),
        (format!("{guid} GuidEquals {guid}"),             True,    "bare"),
        (format!("{guid} GuidEquals '{}'", guid.to_uppercase()), True, "in quotes, in any case"),
        (format!("{guid} GuidNotEquals {other}"),         True,    "negated"),
        (format!("{guid} GuidEquals '{}'", guid.replace('-', "")), Unknown, "one form only"),
        (format!("{guid} GuidEquals '{{{guid}}}'"),       Unknown, "one form only"),
    ]);
}

#[test]
fn quantifiers_follow_the_examples_of_azure_and_kleene() {
    #[rustfmt::skip]
    check(&[
        // The examples of azure.md §3.
        ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}",        True,  "blue is blue"),
        ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'orange', 'green'}",      False, "nothing in common"),
        ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}", True, "each has its like"),
        ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'red', 'green'}",         False, "blue has none"),
        ("{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}",                     True,  "10 is below both"),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {5, 15, 18}",                  False, "5 is below both"),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {25, 30}",                     True,  "all are"),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}",                 False, "20 is not below 15"),
        // The first word is about the left side.
        ("{1} ForAnyOfAllValues:NumericEquals {1, 2}",                              False, "one on the left, all on the right"),
        ("{1, 2} ForAnyOfAllValues:NumericEquals {1}",                              True,  "and not the other way round"),
        ("{1, 2} ForAllOfAnyValues:NumericEquals {1}",                              False, "all on the left"),
        ("{1} ForAllOfAnyValues:NumericEquals {1, 2}",                              True,  "one on the right"),
        // Negated operators: the pairs are, not the whole.
        ("{'a', 'b'} ForAnyOfAnyValues:StringNotEquals {'a'}",                      True,  "b is not a"),
        ("{'a', 'b'} ForAllOfAllValues:StringNotEquals {'a'}",                      False, "a is a"),
        ("{'a', 'b'} ForAllOfAnyValues:StringNotLike {'a*', 'b*'}",                 True,  "each misses one"),
        ("{'a', 'b'} ForAnyOfAllValues:StringNotLikeIgnoreCase {'A*', 'B*'}",       False, "each meets one"),
        // One value of another type.
        ("{'a', 5} ForAnyOfAnyValues:StringEquals {'a'}",                           Unknown, "§5.3: the whole comparison"),
        ("{'a'} ForAnyOfAnyValues:NumericEquals {'a'}",                             Unknown, "§5.3"),
    ]);
    let guid = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    #[rustfmt::skip]
    check(&[
        (format!("{{{guid}}} ForAnyOfAnyValues:GuidEquals {{'{guid}', {guid}}}"), True, "GUIDs bare and in quotes"),
        (format!("{GROUP} ForAnyOfAnyValues:StringEquals {{'a', 'secrets-store.csi.x-k8s.io'}}"), True, "an attribute is a set of one"),
        (format!("{GROUP} ForAllOfAllValues:StringEquals {{'a', 'secrets-store.csi.x-k8s.io'}}"), False, "of one on the left"),
        (format!("{{'secretproviderclasses'}} ForAllOfAnyValues:StringEquals {KIND}"), True, "of one on the right"),
        (format!("{SUBRESOURCE} ForAllOfAllValues:StringEquals {{'a'}}"), Unknown, "§5.2: missing, and not a set of none"),
    ]);
}

#[test]
fn a_missing_attribute_and_a_value_of_another_type_are_unknown() {
    #[rustfmt::skip]
    check(&[
        // semantics §5.2
        (format!("{SUBRESOURCE} StringEquals 'a'"),           Unknown, "missing"),
        (format!("{SUBRESOURCE} StringNotEquals 'a'"),        Unknown, "missing, negated"),
        (format!("{SUBRESOURCE} StringEquals {SUBRESOURCE}"), Unknown, "missing on both sides"),
        ("@Principal[x] BoolEquals true".to_owned(),          Unknown, "a source that no review has"),
        ("@Environment[isPrivateLink] BoolNotEquals true".to_owned(), Unknown, "an attribute that no review has"),
        (format!("{} StringEquals 'a'", GROUP.to_lowercase().replace("@request", "@Request")), Unknown, "names compare exactly"),
        // semantics §5.3
        (format!("{GROUP} NumericEquals 5"),                  Unknown, "a text is no number"),
        (format!("{GROUP} NumericNotEquals 5"),               Unknown, "negated"),
        (format!("{GROUP} StringEquals 5"),                   Unknown, "a number is no text"),
        (format!("{GROUP} StringNotEquals true"),             Unknown, "a boolean is no text"),
        ("@Environment[UtcNow] StringLike '*'".to_owned(),    Unknown, "a date is no text"),
        ("'5' NumericEquals 5".to_owned(),                    Unknown, "digits in quotes are a text"),
        ("'true' BoolEquals true".to_owned(),                 Unknown, "a text is no boolean"),
        ("1 BoolEquals true".to_owned(),                      Unknown, "a number is no boolean"),
        // Literals and attributes on either side.
        (format!("'secretproviderclasses' StringEquals {KIND}"), True, "§5.3: a literal on the left"),
        (format!("{KIND} StringEquals {GROUP}"),              False,   "two attributes"),
        (format!("'secretproviderclasses' StringLike {KIND}"), True,   "an attribute as pattern"),
    ]);
}
