use proptest::prelude::*;
use proptest::string::string_regex;

use super::operators::{OPERATORS, Quantifier};
use super::syntax::{Node, Says};
use super::*;

/// The tree without its places in the text.
fn placeless(node: Node) -> Node {
    let says = match node.says {
        Says::All(parts) => Says::All(parts.into_iter().map(placeless).collect()),
        Says::Any(parts) => Says::Any(parts.into_iter().map(placeless).collect()),
        Says::Not(part) => Says::Not(Box::new(placeless(*part))),
        leaf @ (Says::ActionMatches(_)
        | Says::SubOperationMatches(_)
        | Says::Exists(_)
        | Says::Compares(_)) => leaf,
    };
    Node { span: 0..0, says }
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        string_regex("'[ -&(-~é]{0,8}'").unwrap(),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<u128>().prop_map(|n| uuid::Uuid::from_u128(n).to_string()),
        Just("'2026-03-01T12:00:00.5Z'".to_owned()),
    ]
}

fn attribute() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(GROUP.to_owned()),
        Just(KIND.to_owned()),
        Just("@Environment[UtcNow]".to_owned()),
        string_regex(r"@(Request|Resource|Principal)\[[a-z/:<$>]{1,8}\]").unwrap(),
    ]
}

fn comparison() -> impl Strategy<Value = String> {
    let plain = prop_oneof![literal(), attribute()];
    let set = prop::collection::vec(literal(), 1..4).prop_map(|l| format!("{{{}}}", l.join(", ")));
    let quantified = prop_oneof![set, attribute()];
    let operator = prop::sample::select(OPERATORS.to_vec());
    let quantifiable: Vec<_> = OPERATORS.into_iter().filter(|o| o.quantifiable).collect();
    let quantifier = prop::sample::select(Quantifier::ALL.to_vec());
    prop_oneof![
        (plain.clone(), operator, plain).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
        (quantified.clone(), quantifier, prop::sample::select(quantifiable), quantified)
            .prop_map(|(l, q, o, r)| format!("{l} {}:{o} {r}", q.name())),
    ]
}

/// A condition that parses.
fn any_condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => comparison(),
        1 => attribute().prop_map(|a| format!("Exists {a}")),
        1 => string_regex("ActionMatches[{]'[a-zA-Z/.*]{1,9}'[}]").unwrap(),
        1 => Just("SubOperationMatches{'x'}".to_owned()),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let group = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|a| format!("NOT ({a})")),
            group.clone().prop_map(|parts| format!("(({}))", parts.join(") AND ("))),
            group.prop_map(|parts| format!("(({}))", parts.join(") || ("))),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>(), version in any::<Option<String>>()) {
        if let Some(condition) = Condition::new(Some(&text), version.as_deref()) {
            let _ = (condition.problem(), condition.excerpt(), condition.doubts());
        }
    }

    /// What is nearly a condition: its own words and signs in any order.
    #[test]
    fn reading_words_of_the_language_never_panics(
        words in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "{", "}", ",", "!", "&&", "||", "AND", "OR", "NOT", "Exists", "ActionMatches",
            "'a'", "'", "@Request[x]", "@", "[", "]", "1", "-", "true", "StringEquals", "é", "\n",
            "ForAnyOfAnyValues:StringEquals", "SubOperationMatches", "@Environment[UtcNow]", " ",
        ]), 0..24),
    ) {
        let text = words.join(" ");
        if let Some(condition) = Condition::new(Some(&text), Some(VERSION)) {
            let place = condition.problem().and_then(ParseConditionError::place);
            prop_assert!(place.is_none_or(|place| text.get(place.offset..).is_some()), "{}", text);
            prop_assert_eq!(condition.excerpt().is_some(), place.is_some());
        }
    }

    #[test]
    fn printing_and_reading_again_gives_the_same_tree(text in any_condition()) {
        let tree = parser::parse(&text);
        prop_assert!(tree.is_ok(), "{}: {:?}", text, tree);
        let tree = placeless(tree.unwrap());
        let again = parser::parse(&tree.to_string()).map(placeless);
        prop_assert_eq!(again.as_ref(), Ok(&tree), "{}", text);
    }

    /// The explanation's first line is the decision, and its parts join to it.
    #[test]
    fn explaining_says_what_evaluating_says(text in any_condition()) {
        let action = action("a/b");
        let attributes = Attributes { group: Some("a"), kind: Some("b"), subresource: None };
        let now = at("2026-03-01T12:00:00Z");
        let context = ConditionContext { action: &action, attributes, now };
        let condition = understood(&text);
        let explained = condition.explain(&context);
        prop_assert_eq!(explained.truth(), condition.evaluate(&context).truth);
        for (i, part) in explained.parts.iter().enumerate() {
            let below = explained.parts.iter().skip(i + 1).take_while(|p| p.depth > part.depth);
            let below: Vec<_> = below.filter(|p| p.depth == part.depth + 1).map(|p| p.truth).collect();
            let expected = match part.says.as_str() {
                "all of" => below.into_iter().min(),
                "any of" => below.into_iter().max(),
                "not" => below.first().map(|truth| !*truth),
                _ => None,
            };
            prop_assert!(expected.is_none_or(|expected| expected == part.truth), "{}", explained);
            prop_assert!(text.get(part.span.clone()).is_some(), "{:?}", part.span);
        }
    }
}

/// The definition of `Like`, without regard to cost.
fn slow_like(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', rest @ ..], text) => {
            slow_like(rest, text)
                || text.split_first().is_some_and(|(_, tail)| slow_like(pattern, tail))
        }
        (['\\', escaped @ ('*' | '?'), rest @ ..], [first, tail @ ..]) => {
            escaped == first && slow_like(rest, tail)
        }
        (['?', rest @ ..], [_, tail @ ..]) => slow_like(rest, tail),
        ([literal, rest @ ..], [first, tail @ ..]) => literal == first && slow_like(rest, tail),
        ([_, ..], []) => false,
    }
}

proptest! {
    #[test]
    fn like_agrees_with_its_definition(
        pattern in string_regex(r"[ab*?é\\]{0,8}").unwrap(),
        text in string_regex(r"[ab*?é\\]{0,8}").unwrap(),
    ) {
        let [p, t] = [&pattern, &text].map(|s| s.chars().collect::<Vec<_>>());
        let found = like::matches(&pattern, &text, operators::Case::Exact);
        prop_assert_eq!(found, slow_like(&p, &t), "{} like {}", text, pattern);
        if found {
            prop_assert!(like::matches(&pattern.to_uppercase(), &text.replace('é', "É"), operators::Case::Ignored));
        }
    }
}
