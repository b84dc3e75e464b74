//! Conditions of Azure RBAC, from text to truth.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use kubentra::authz::Target;
use kubentra::authz::condition::{
    Attributes, Condition, ConditionContext, Evaluated, MAX_LENGTH, MAX_NESTING,
    ParseConditionError, Truth, VERSION, attributes,
};
use kubentra::authz::data_action::RequiredAction;
use kubentra::authz::mapping::{Mapping, required_actions};

use super::policy::{NOW, SETTING, TARGETS};
use super::{NO_TEXT, assert_one_line, breaks_line};

/// Characters of an excerpt on a line: 60 on either side, and two signs that there is more.
const MAX_EXCERPT: usize = 122;

/// An action of each request, and what the request is about.
static REQUESTS: LazyLock<Vec<(RequiredAction, Attributes<'static>)>> = LazyLock::new(|| {
    let target = |target: &'static Target| {
        let mapping = Mapping {
            prefix: SETTING.cluster.kind().prefix(),
            operations: &SETTING.operations,
            subresources: SETTING.rules.subresources,
        };
        let attributes = attributes(target, &SETTING.operations);
        let actions = required_actions(&mapping, target);
        actions.into_iter().map(move |action| (action, attributes))
    };
    TARGETS.iter().flat_map(target).collect()
});

/// Holds conditions to their laws.
///
/// 1. Why a text is not understood is one line, with a place in the text and an excerpt around it.
/// 2. What is not understood, or of another version, is unknown.
/// 3. Evaluating is a function; explaining says the same, and each part of it does when it stands
///    alone.
/// 4. NOT, parentheses, AND and OR with itself do what they do to three truth values.
/// 5. A condition stays as it is until the moment at which it says that it may change.
pub fn check(input: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(input) else { return NO_TEXT };
    let Some(condition) = Condition::new(Some(text), Some(VERSION)) else {
        assert!(text.trim().is_empty(), "it is none: {text}");
        return "none";
    };
    assert_eq!(condition.problem(), understood(text).problem(), "read twice");
    check_doubts(&condition);
    let other = Condition::new(Some(text), Some("1.0")).expect("a condition");
    assert!(matches!(other.problem(), Some(ParseConditionError::Version(_))));
    let derived = if condition.problem().is_none() { derived(text) } else { Vec::new() };
    let mut parts = Vec::new();
    let mut most = Truth::False;
    for (action, attributes) in &*REQUESTS {
        for now in [Timestamp::MIN, *NOW, Timestamp::MAX] {
            let context = ConditionContext { action, attributes: *attributes, now };
            let found = condition.evaluate(&context);
            assert_eq!(found, condition.evaluate(&context), "evaluated twice");
            most = most.or(found.truth);
            assert_eq!(other.evaluate(&context).truth, Truth::Unknown);
            check_explanation(&condition, &context, found, &mut parts);
            if let Some(problem) = condition.problem() {
                assert_eq!(found.truth, Truth::Unknown);
                check_problem(&condition, problem);
            } else {
                check_time(&condition, &context, found);
                for (other, expected) in &derived {
                    let truth = other.evaluate(&context).truth;
                    assert_eq!(truth, expected(found.truth), "{other}");
                }
            }
        }
    }
    match (condition.problem(), most) {
        (Some(_), _) => "not understood",
        (None, Truth::False) => "false",
        (None, Truth::Unknown) => "unknown",
        (None, Truth::True) => "true",
    }
}

fn understood(text: &str) -> Condition {
    Condition::new(Some(text), Some(VERSION)).expect("it is not blank")
}

fn check_problem(condition: &Condition, problem: &ParseConditionError) {
    assert_one_line(&problem.to_string(), "the problem");
    let Some(place) = problem.place() else {
        assert!(condition.excerpt().is_none());
        assert!(condition.text().len() > MAX_LENGTH, "no place: {problem}");
        return;
    };
    let before = condition.text().get(..place.offset).expect("a place in the text");
    let line = place.line.unwrap_or(1);
    assert!((1..=before.matches('\n').count() + 1).contains(&line), "{problem}");
    assert!((1..=before.chars().count() + 1).contains(&place.column), "{problem}");
    let excerpt = condition.excerpt().expect("a place has an excerpt");
    let [shown, caret] = excerpt.split('\n').collect::<Vec<_>>()[..] else {
        panic!("not two lines: {excerpt}")
    };
    for line in [shown, caret] {
        assert!(line.chars().count() <= MAX_EXCERPT, "{line}");
        assert!(!line.contains(breaks_line), "{line:?}");
    }
    assert_eq!(caret.trim_start(), "^");
    assert!(caret.chars().count() <= shown.chars().count() + 1, "{excerpt}");
}

fn check_doubts(condition: &Condition) {
    let doubts = condition.doubts();
    assert!(doubts.len() <= condition.text().len(), "{} doubts", doubts.len());
    for doubt in doubts {
        assert_one_line(&doubt.to_string(), "a doubt");
        assert!(condition.text().get(doubt.place.offset..).is_some(), "{doubt}");
    }
}

/// `parts` are the parts that have none themselves, each read alone, from the first time on.
fn check_explanation(
    condition: &Condition,
    context: &ConditionContext<'_>,
    found: Evaluated,
    parts: &mut Vec<[Condition; 2]>,
) {
    let explanation = condition.explain(context);
    assert_eq!(explanation.truth(), found.truth, "explained: {explanation}");
    let is_new = parts.is_empty();
    let mut index = 0;
    for part in &explanation.parts {
        assert!(part.depth <= 2 * MAX_NESTING, "{} levels", part.depth);
        assert_one_line(&part.to_string(), "a part");
        let text = condition.text().get(part.span.clone()).expect("a part of the text");
        let has_parts = matches!(part.says.as_str(), "all of" | "any of" | "not");
        if has_parts || condition.problem().is_some() {
            continue;
        }
        if is_new {
            parts.push([text, &part.says].map(understood));
        }
        for alone in &parts[index] {
            assert!(alone.problem().is_none(), "{alone}: {:?}", alone.problem());
            assert_eq!(alone.evaluate(context).truth, part.truth, "alone: {alone}");
        }
        index += 1;
    }
    assert_eq!(index, parts.len(), "explained with other parts");
}

/// What a condition is where the one that it is made of is something.
type Law = fn(Truth) -> Truth;

/// Conditions made of one that is understood.
fn derived(text: &str) -> Vec<(Condition, Law)> {
    let cases: [(String, Law); 5] = [
        (format!("NOT ({text})"), |truth| !truth),
        (format!("({text})"), |truth| truth),
        (format!("({text}) AND ({text})"), |truth| truth),
        (format!("({text}) || !({text})"), |truth| truth.or(!truth)),
        (format!("({text}) && SubOperationMatches{{'x'}}"), |_| Truth::False),
    ];
    let read = cases.into_iter().map(|(text, expected)| (understood(&text), expected));
    read.filter(|(condition, _)| match condition.problem() {
        None => true,
        // It may have had just the length or depth that is allowed.
        Some(ParseConditionError::TooLong(length)) => {
            assert!(*length > MAX_LENGTH);
            false
        }
        Some(problem) => {
            let said = problem.to_string();
            assert!(said.contains(&MAX_NESTING.to_string()), "{said}: {condition}");
            false
        }
    })
    .collect()
}

fn check_time(condition: &Condition, context: &ConditionContext<'_>, found: Evaluated) {
    let until = match found.changes_at {
        Some(at) => {
            assert!(found.read_clock, "it changes without a clock");
            assert!(at > context.now, "it changed at {at}");
            at.checked_sub(SignedDuration::from_nanos(1)).expect("a moment before another")
        }
        None => Timestamp::MAX,
    };
    let later = ConditionContext { now: until, ..*context };
    assert_eq!(condition.evaluate(&later).truth, found.truth, "at {until}: {condition}");
    if !found.read_clock {
        let earlier = ConditionContext { now: Timestamp::MIN, ..*context };
        assert_eq!(condition.evaluate(&earlier).truth, found.truth, "no clock: {condition}");
    }
}
