use proptest::prelude::*;
use proptest::string::string_regex;

use super::*;

fn pattern(text: &str) -> DataActionPattern {
    text.parse().unwrap()
}

#[test]
fn a_star_matches_any_run_of_characters_with_slashes_and_none() {
    #[rustfmt::skip]
    let cases = [
        ("m/c/pods/read",  "m/c/pods/read",           true,  "equal"),
        ("M/C/Pods/READ",  "m/c/pods/read",           true,  "case is ignored"),
        ("m/c/pods/read",  "m/c/pods/reads",          false, "a literal is no prefix"),
        ("m/c/*",          "m/c/apps/deployments/x",  true,  "a star crosses slashes"),
        ("m/c/*",          "m/c/",                    true,  "a star matches nothing"),
        ("m/c/*",          "m/c",                     false, "the slash before it is literal"),
        ("*/read",         "m/c/pods/read",           true,  "a star at the start"),
        ("*/read",         "m/c/pods/ready",          false, "what follows a star must end the text"),
        ("m/*/pods/*",     "m/c/x/pods/exec/action",  true,  "two stars"),
        ("m/*a*b*",        "m/c/a/c/b",               true,  "many stars"),
        ("m/*a*b*",        "m/c/b/c/a",               false, "in their order"),
        ("*",              "anything",                true,  "a star alone"),
        ("m/**",           "m/x",                     true,  "two stars beside each other"),
    ];
    for (text, action, expected, why) in cases {
        assert_eq!(pattern(text).matches(action), expected, "{why}: {text} matches {action}");
    }
}

#[test]
fn a_verb_without_suffix_needs_a_star_over_the_whole_resource_name() {
    let prefix = "ct/certificates.k8s.io/";
    let shown = format!("{prefix}signers");
    let action = RequiredAction::new(&shown, Reach::WholeName { start: prefix.len() }, false);
    #[rustfmt::skip]
    let cases = [
        ("ct/*",                          true,  "over group and name"),
        ("ct/certificates.k8s.io/*",      true,  "over the name"),
        ("*",                             true,  "over everything"),
        ("*s*",                           true,  "its last star reaches over the name"),
        ("ct/certificates.k8s.io/**",     true,  "one of two stars takes it all"),
        ("ct/certificates.k8s.io/signers", false, "literal"),
        ("ct/certificates.k8s.io/signers*", false, "literal characters in the name"),
        ("ct/certificates.k8s.io/s*",     false, "one literal character in the name"),
        ("*s",                            false, "a literal behind the star"),
        ("*/signers",                     false, "the star ends before the name"),
        ("ct/certificates.k8s.io/signers/*", false, "below the name"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(pattern(text).grants(&action), expected, "{why}: {text}");
    }
}

#[test]
fn a_question_about_a_pattern_is_covered_by_stars_only_and_touched_by_any_overlap() {
    let question = |text: &str| RequiredAction::new(text, Reach::Text, true);
    #[rustfmt::skip]
    let cases = [
        // (pattern,        question,      grants, touches, why)
        ("ct/*",            "ct/*/read",   true,   true,  "all of it"),
        ("*/read",          "ct/*/read",   true,   true,  "every read"),
        ("ct/pods/read",    "ct/*/read",   false,  true,  "a part is no grant, but an overlap"),
        ("ct/pods/write",   "ct/*/read",   false,  false, "disjoint"),
        ("ct/pods/*",       "ct/*/read",   false,  true,  "both have stars and meet in pods/read"),
        ("ct/a*",           "ct/*b",       false,  true,  "meet in ab"),
        ("ct/ab*",          "ct/a",        false,  false, "the text is too short"),
        ("ct/*a",           "ct/*b",       false,  false, "ends differ"),
    ];
    for (text, asked, grants, touches, why) in cases {
        assert_eq!(pattern(text).grants(&question(asked)), grants, "grants, {why}: {text} {asked}");
        assert_eq!(
            pattern(text).touches(&question(asked)),
            touches,
            "touches, {why}: {text} {asked}"
        );
    }
}

#[test]
fn what_is_no_action_is_refused() {
    assert_eq!("  ".parse::<DataActionPattern>(), Err(ParseDataActionError::Empty));
    for text in ["a b", "a\tb", "a\u{7f}", "a\u{a0}b"] {
        assert!(matches!(text.parse::<DataActionPattern>(), Err(ParseDataActionError::Space(_))));
    }
    let longest = "a".repeat(DataActionPattern::MAX_LENGTH);
    assert_eq!(pattern(&longest).as_str(), longest);
    let long = format!("{longest}a");
    assert!(matches!(long.parse::<DataActionPattern>(), Err(ParseDataActionError::TooLong(_))));
}

#[test]
fn a_pattern_is_shown_as_it_was_written_and_compared_in_the_cheapest_way() {
    #[rustfmt::skip]
    let cases = [
        ("M/Pods/Read", Shape::Exact,  "no star: one comparison"),
        ("M/*",         Shape::Prefix, "a star at the end: one comparison"),
        ("*",           Shape::Prefix, "nothing before the star"),
        ("M/*/Read",    Shape::Glob,   "a star within"),
        ("M/**",        Shape::Glob,   "two stars"),
    ];
    for (text, shape, why) in cases {
        let pattern = pattern(text);
        assert_eq!(pattern.shape, shape, "{why}: {text}");
        assert_eq!((pattern.as_str(), pattern.to_string().as_str()), (text, text));
        assert_eq!(format!("{pattern:?}"), format!("{text:?}"), "only the text is news");
    }
}

/// The definition of a match, without regard to cost.
fn slow_matches(pattern: &str, text: &str) -> bool {
    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([b'*', rest @ ..], []) => by_definition(rest, &[]),
            ([b'*', rest @ ..], [_, tail @ ..]) => {
                by_definition(rest, text) || by_definition(pattern, tail)
            }
            ([p, rest @ ..], [t, tail @ ..]) => p == t && by_definition(rest, tail),
            ([_, ..], []) => false,
        }
    }
    by_definition(pattern.as_bytes(), text.as_bytes())
}

/// Every text of at most five characters over the alphabet of the property below.
fn short_texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..5 {
        last = last.iter().flat_map(|t| ["a", "b", "/"].map(|c| format!("{t}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

proptest! {
    #[test]
    fn matching_agrees_with_its_definition(
        text in string_regex("[ab/*]{1,7}").unwrap(),
        against in string_regex("[ab/]{0,9}").unwrap(),
    ) {
        prop_assert_eq!(pattern(&text).matches(&against), slow_matches(&text, &against));
    }

    #[test]
    fn overlap_agrees_with_a_search_for_a_common_text(
        left in string_regex("[ab/*]{1,4}").unwrap(),
        right in string_regex("[ab/*]{1,4}").unwrap(),
    ) {
        // Patterns of four characters that overlap have a common text of at most five: the literal
        // characters of both, each used once, are seven at most only where they are shared.
        let common = short_texts().iter().any(|t| slow_matches(&left, t) && slow_matches(&right, t));
        let found = intersects(left.as_bytes(), right.as_bytes());
        prop_assert!(found || !common, "missed an overlap of {left} and {right}");
        if left.matches(|c| c != '*').count() + right.matches(|c| c != '*').count() <= 5 {
            prop_assert_eq!(found, common, "{} and {}", left, right);
        }
        prop_assert_eq!(found, intersects(right.as_bytes(), left.as_bytes()), "symmetry");
    }

    #[test]
    fn parsing_never_panics(text in any::<String>()) {
        let _ = text.parse::<DataActionPattern>();
    }
}
