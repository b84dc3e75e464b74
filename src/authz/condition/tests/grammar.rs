use super::operators::{OPERATORS, Quantifier};
use super::*;

/// The canonical text of a condition that must be understood.
fn canonical(text: &str) -> String {
    parser::parse(text).map_or_else(|fault| panic!("{text}: {fault:?}"), |node| node.to_string())
}

#[test]
fn what_azure_documents_parses() {
    #[rustfmt::skip]
    let cases = [
        // semantics §5.1, §5.3: (text, canonical text, why)
        ("@Request[x]StringEquals'a'",            "@Request[x] StringEquals 'a'",          "space is needed between words only"),
        ("\r\n\t@Resource[x]\n StringEquals\t'a'", "@Resource[x] StringEquals 'a'",        "line breaks and tabs"),
        ("((@Request[x] StringEquals 'a'))",      "@Request[x] StringEquals 'a'",          "parentheses to spare"),
        ("NOT @Request[x] StringEquals 'a'",      "!(@Request[x] StringEquals 'a')",       "NOT before a comparison"),
        ("!@Request[x] StringEquals 'a'",         "!(@Request[x] StringEquals 'a')",       "its sign"),
        ("NOT NOT Exists @Request[x]",            "!(!(Exists @Request[x]))",              "NOT twice"),
        ("!!Exists @Request[x]",                  "!(!(Exists @Request[x]))",              "its signs"),
        ("NOT(Exists @Request[x])AND(1 NumericEquals 1)", "!(Exists @Request[x]) AND 1 NumericEquals 1", "words beside parentheses"),
        ("!Exists @Request[x] AND 1 NumericEquals 1", "!(Exists @Request[x]) AND 1 NumericEquals 1", "NOT binds what is behind it"),
        ("1 NumericEquals 1 AND 2 NumericEquals 2 && 3 NumericEquals 3", "1 NumericEquals 1 AND 2 NumericEquals 2 AND 3 NumericEquals 3", "three of one kind"),
        ("(1 NumericEquals 1 AND 2 NumericEquals 2) OR 3 NumericEquals 3", "(1 NumericEquals 1 AND 2 NumericEquals 2) OR 3 NumericEquals 3", "groups"),
        ("1 NumericEquals 1 AND NOT SubOperationMatches{'Blob.List'}", "1 NumericEquals 1 AND !(SubOperationMatches{'Blob.List'})", "Azure's storage examples"),
        ("ActionMatches {\n'a/b' }",              "ActionMatches{'a/b'}",                  "space around braces"),
        ("{ 'a' ,'b'} ForAllOfAnyValues:StringLike {'c'}", "{'a', 'b'} ForAllOfAnyValues:StringLike {'c'}", "sets"),
        ("@Request[a/b/tags:Project<$key_case_sensitive$>] StringEquals 'x'", "@Request[a/b/tags:Project<$key_case_sensitive$>] StringEquals 'x'", "tag keys"),
        ("@Request[a/tags&$keys$&] ForAnyOfAnyValues:StringEquals {'x'}", "@Request[a/tags&$keys$&] ForAnyOfAnyValues:StringEquals {'x'}", "the keys of tags"),
        ("@Request[tags:My Key] StringEquals 'x'", "@Request[tags:My Key] StringEquals 'x'", "space within a name"),
        ("@Principal[a] StringEquals @Resource[b]", "@Principal[a] StringEquals @Resource[b]", "attributes on both sides"),
        ("@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'x'}", "@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'x'}", "a name without namespace"),
        ("'(a AND b) {}@,\"' StringEquals 'é'",   "'(a AND b) {}@,\"' StringEquals 'é'",   "anything but a quote in a text"),
        ("@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00.000Z'", "@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00.000Z'", "dates stay as written"),
        ("@Request[x] ForAnyOfAnyValues:GuidEquals {8E3AF657-A8FF-443C-A75C-2FE8C4BCB635}", "@Request[x] ForAnyOfAnyValues:GuidEquals {8e3af657-a8ff-443c-a75c-2fe8c4bcb635}", "bare GUIDs"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(canonical(text), expected, "{why}: {text}");
    }
}

#[test]
fn every_documented_operator_parses_and_quantifiers_stand_before_twenty() {
    let mut quantified = 0;
    for operator in OPERATORS {
        let text = format!("@Request[x] {operator} @Request[y]");
        assert_eq!(canonical(&text), text);
        for quantifier in Quantifier::ALL {
            let text = format!("@Request[x] {}:{operator} @Request[y]", quantifier.name());
            assert_eq!(parser::parse(&text).is_ok(), operator.quantifiable, "{text}");
            quantified += usize::from(operator.quantifiable);
        }
    }
    assert_eq!(quantified, 4 * 16);
}

#[test]
fn anything_else_does_not_parse() {
    #[rustfmt::skip]
    let cases = [
        // semantics §5.3: (text, why)
        ("Request[x] StringEquals 'a'",                      "a source without its sign"),
        ("@Header[x] StringEquals 'a'",                      "an unknown source"),
        ("@request[x] StringEquals 'a'",                     "a source in lower case"),
        ("@Request [x] StringEquals 'a'",                    "space within an attribute"),
        ("@Request[] StringEquals 'a'",                      "an attribute without name"),
        ("@Request[ x] StringEquals 'a'",                    "space at the end of a name"),
        ("@Request[x StringEquals 'a'",                      "a bracket left open"),
        ("@Request[x[y]] StringEquals 'a'",                  "brackets within a name"),
        ("@Request[x] stringequals 'a'",                     "an operator in lower case"),
        ("@Request[x] STRINGEQUALS 'a'",                     "in upper case"),
        ("@Request[x] String Equals 'a'",                    "in two words"),
        ("@Request[x] StringContains 'a'",                   "an operator that Azure does not have"),
        ("@Request[x] == 'a'",                               "a sign"),
        ("@Request[x] 'a'",                                  "no operator"),
        ("@Request[x] StringEquals",                         "no value"),
        ("StringEquals 'a'",                                 "no left side"),
        ("@Request[x]",                                      "an attribute alone"),
        ("true",                                             "a value alone"),
        ("'a' StringEquals 'b' 'c'",                         "a value too many"),
        ("'a' StringEquals 'b' StringEquals 'c'",            "a chain"),
        ("'a' StringEquals 'b' and 'a' StringEquals 'b'",    "a connective in lower case"),
        ("not 'a' StringEquals 'b'",                         "NOT in lower case"),
        ("'a' StringEquals 'b' & 'a' StringEquals 'b'",      "half a sign"),
        ("'a' StringEquals 'b' AND",                         "nothing behind AND"),
        ("AND 'a' StringEquals 'b'",                         "nothing before AND"),
        ("'a' StringEquals 'b' NOT 'a' StringEquals 'b'",    "NOT between two"),
        ("1 NumericEquals 1 AND 1 NumericEquals 1 OR 1 NumericEquals 1", "AND and OR without parentheses"),
        ("1 NumericEquals 1 || NOT 1 NumericEquals 1 && 1 NumericEquals 1", "their signs, with NOT"),
        ("()",                                               "nothing in parentheses"),
        ("('a' StringEquals 'b'",                            "a parenthesis left open"),
        ("'a' StringEquals 'b')",                            "one closed that was not open"),
        ("('a') StringEquals 'b'",                           "a value in parentheses"),
        ("{'a'} StringEquals {'a'}",                         "sets without quantifier"),
        ("@Request[x] StringEquals {'a'}",                   "a set without quantifier"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals 'a'",   "a quantifier without set"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {}",    "an empty set"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {'a',}", "a comma too many"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {'a' 'b'}", "a comma too few"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {@Request[y]}", "an attribute in a set"),
        ("@Request[x] ForAnyOfAnyValues:StringEquals {{'a'}}", "a set in a set"),
        ("@Request[x] ForAnyOfAnyValues : StringEquals {'a'}", "space around the colon"),
        ("@Request[x] ForAnyOfAnyValues StringEquals {'a'}", "no colon"),
        ("@Request[x] forAnyOfAnyValues:StringEquals {'a'}", "a quantifier in another case"),
        ("@Request[x] ForAnyOfAnyValues:StringStartsWith {'a'}", "a quantifier where Azure has none"),
        ("@Request[x] ForAnyOfAnyValues:DateTimeEquals {'a'}", "likewise"),
        ("@Request[x] ForAnyOfAnyValues:BoolEquals {true}",  "likewise"),
        ("ActionMatches 'a'",                                "no braces"),
        ("ActionMatches{a}",                                 "no quotes"),
        ("ActionMatches{'a', 'b'}",                          "two patterns"),
        ("ActionMatches{''}",                                "no pattern"),
        ("ActionMatches{'a b'}",                             "a pattern with space"),
        ("ActionMatches('a')",                               "parentheses for braces"),
        ("actionMatches{'a'}",                               "a function in another case"),
        ("SubOperationMatches{}",                            "no name"),
        ("Exists 'a'",                                       "no attribute"),
        ("Exists(@Request[x])",                              "parentheses"),
        ("EXISTS @Request[x]",                               "in upper case"),
        ("1.5 NumericEquals 1",                              "no whole number"),
        ("1e3 NumericEquals 1",                              "nor this"),
        ("+1 NumericEquals 1",                               "nor this"),
        ("0x1 NumericEquals 1",                              "nor this"),
        ("- 1 NumericEquals 1",                              "a sign by itself"),
        ("9223372036854775808 NumericEquals 1",              "more than 64 bits"),
        ("True BoolEquals true",                             "a boolean in another case"),
        ("null BoolEquals true",                             "no such value"),
        ("\"a\" StringEquals 'a'",                           "double quotes"),
        ("‘a’ StringEquals 'a'",                             "curly quotes"),
        ("'a StringEquals b",                                "a quote left open"),
        ("'it''s' StringEquals 'a'",                         "a doubled quote"),
        (r"'it\'s' StringEquals 'a'",                        "an escaped quote"),
        ("'a\nb' StringEquals 'a'",                          "a line break in a text"),
        ("2026-03-01T12:00:00Z DateTimeEquals '2026-03-01T12:00:00Z'", "a date without quotes"),
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb63 GuidEquals 'a'", "a GUID with a digit too few"),
        ("{8e3af657a8ff443ca75c2fe8c4bcb635} ForAnyOfAnyValues:GuidEquals {'a'}", "a GUID without dashes"),
        ("'a'\u{a0}StringEquals 'a'",                        "a space that is none"),
        ("'a' StringEquals 'a' # note",                      "a comment"),
        ("'a' StringEquals 'a';",                            "a semicolon"),
    ];
    for (text, why) in cases {
        assert!(condition(text).problem().is_some(), "{why}: {text}");
    }
}

#[test]
fn a_blank_condition_is_none_and_another_version_is_not_understood() {
    for text in [None, Some(""), Some(" \n\t ")] {
        assert_eq!(Condition::new(text, Some("2.0")), None, "semantics §5.3: {text:?}");
        assert_eq!(Condition::new(text, None), None, "{text:?}");
    }
    for version in [None, Some("1.0"), Some("2"), Some("2.0 "), Some("3.0"), Some("")] {
        let condition = Condition::new(Some("'a' StringEquals 'a'"), version).unwrap();
        let action = action("a");
        let context = ConditionContext {
            action: &action,
            attributes: Attributes::default(),
            now: at("2026-03-01T12:00:00Z"),
        };
        assert!(condition.problem().is_some(), "semantics §5.3: {version:?}");
        assert_eq!(
            condition.evaluate(&context),
            Evaluated::constant(Truth::Unknown),
            "{version:?}"
        );
    }
}

#[test]
fn conditions_are_equal_by_text_and_version() {
    let text = "'a' StringEquals 'a'";
    assert_eq!(condition(text), condition(text));
    assert_ne!(condition(text), condition("'a'  StringEquals 'a'"));
    assert_ne!(Some(condition(text)), Condition::new(Some(text), Some("1.0")));
    assert_eq!(condition(text).to_string(), text);
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_quickly() {
    let padded = |length: usize| format!("{:length$}", "'a' StringEquals 'a'");
    assert_eq!(condition(&padded(MAX_LENGTH)).problem(), None);
    assert_eq!(
        condition(&padded(MAX_LENGTH + 1)).problem(),
        Some(&ParseConditionError::TooLong(MAX_LENGTH + 1))
    );
    let nested = |open: &str, close: &str, depth: usize| {
        let text = format!("{}1 NumericEquals 1{}", open.repeat(depth), close.repeat(depth));
        condition(&text).problem().is_none()
    };
    for (open, close) in [("(", ")"), ("!", ""), ("NOT ", "")] {
        assert!(nested(open, close, MAX_NESTING), "{open}");
        assert!(!nested(open, close, MAX_NESTING + 1), "{open}");
    }
    for bomb in ["(", "!", "NOT ", "{", "!(", "(!"] {
        assert!(condition(&bomb.repeat(MAX_LENGTH / bomb.len())).problem().is_some(), "{bomb}");
    }
}
