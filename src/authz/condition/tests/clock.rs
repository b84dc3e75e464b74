use super::*;
use Truth::{False, True, Unknown};
use jiff::Timestamp;
use proptest::prelude::*;

const NOON: &str = "'2026-03-01T12:00:00Z'";

fn at_time(text: &str, now: Timestamp) -> Evaluated {
    let action = action("a");
    let context = ConditionContext { action: &action, attributes: Attributes::default(), now };
    understood(text).evaluate(&context)
}

#[test]
fn a_comparison_with_the_clock_says_when_it_changes() {
    let [before, noon, after] =
        ["2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000000001Z"].map(at);
    #[rustfmt::skip]
    let cases = [
        // semantics §4.6: (operator, now, truth, changes at)
        ("LessThan",          before, True,  Some(noon)),
        ("LessThan",          noon,   False, None),
        ("LessThanEquals",    before, True,  Some(after)),
        ("LessThanEquals",    noon,   True,  Some(after)),
        ("LessThanEquals",    after,  False, None),
        ("GreaterThan",       before, False, Some(after)),
        ("GreaterThan",       noon,   False, Some(after)),
        ("GreaterThan",       after,  True,  None),
        ("GreaterThanEquals", before, False, Some(noon)),
        ("GreaterThanEquals", noon,   True,  None),
        ("Equals",            before, False, Some(noon)),
        ("Equals",            noon,   True,  Some(after)),
        ("Equals",            after,  False, None),
        ("NotEquals",         before, True,  Some(noon)),
        ("NotEquals",         noon,   False, Some(after)),
    ];
    for (operator, now, truth, changes_at) in cases {
        let expected = Evaluated { truth, read_clock: true, changes_at };
        let text = format!("@Environment[UtcNow] DateTime{operator} {NOON}");
        assert_eq!(at_time(&text, now), expected, "{text} at {now}");
        let mirrored = match operator {
            "LessThan" => "GreaterThan",
            "LessThanEquals" => "GreaterThanEquals",
            "GreaterThan" => "LessThan",
            "GreaterThanEquals" => "LessThanEquals",
            same => same,
        };
        let text = format!("{NOON} DateTime{mirrored} @Environment[UtcNow]");
        assert_eq!(at_time(&text, now), expected, "{text} at {now}");
    }
}

#[test]
fn the_clock_counts_only_where_it_decides() {
    let now = at("2026-03-01T11:00:00Z");
    let noon = at("2026-03-01T12:00:00Z");
    let evening = at("2026-03-01T18:00:00Z");
    let until_noon = format!("@Environment[UtcNow] DateTimeLessThan {NOON}");
    let until_evening = "@Environment[UtcNow] DateTimeLessThan '2026-03-01T18:00:00Z'";
    #[rustfmt::skip]
    let cases = [
        // (text, truth, read clock, changes at, why)
        (format!("{until_noon} AND {until_evening}"), True, true, Some(noon), "the first end"),
        (format!("{until_noon} OR {until_evening}"), True, true, Some(evening), "the last end"),
        (format!("!({until_noon} OR {until_evening})"), False, true, Some(evening), "negated"),
        (format!("ActionMatches{{'a'}} OR {until_noon}"), True, false, None, "settled without it"),
        (format!("{until_noon} OR ActionMatches{{'a'}}"), True, false, None, "in either order"),
        (format!("{until_noon} AND ActionMatches{{'b'}}"), False, false, None, "settled without it"),
        (format!("{until_noon} AND ActionMatches{{'a'}}"), True, true, Some(noon), "it decides"),
        (format!("{until_noon} AND @Resource[x] BoolEquals true"), Unknown, true, Some(noon), "it will settle it"),
        ("Exists @Environment[UtcNow]".to_owned(), True, false, None, "that it is there is no time"),
        ("@Environment[UtcNow] DateTimeLessThan 'tomorrow'".to_owned(), Unknown, false, None, "never anything else"),
        ("@Environment[UtcNow] DateTimeLessThan @Resource[x]".to_owned(), Unknown, false, None, "never anything else"),
        ("@Environment[UtcNow] DateTimeEquals @Environment[UtcNow]".to_owned(), True, false, None, "always itself"),
        ("@Environment[UtcNow] DateTimeLessThan '9999-12-31T23:59:59.9999999Z'".to_owned(), True, true, Some(Timestamp::MAX), "what is written for never"),
        ("@Environment[UtcNow] DateTimeLessThanEquals '9999-12-31T23:59:59.9999999Z'".to_owned(), True, true, None, "past the last instant"),
    ];
    for (text, truth, read_clock, changes_at, why) in cases {
        assert_eq!(
            at_time(&text, now),
            Evaluated { truth, read_clock, changes_at },
            "{why}: {text}"
        );
    }
}

/// A condition about the clock and instants between 0 and 9 nanoseconds of a second.
fn timed() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec![
        "LessThan",
        "LessThanEquals",
        "GreaterThan",
        "GreaterThanEquals",
        "Equals",
        "NotEquals",
    ]);
    // The language has steps of 100 ns.
    let leaf = prop_oneof![
        4 => (operator, 0..9_u8).prop_map(|(operator, step)| {
            format!("@Environment[UtcNow] DateTime{operator} '2026-03-01T12:00:00.000000{step}Z'")
        }),
        1 => Just("@Resource[x] BoolEquals true".to_owned()),
        1 => Just("1 NumericEquals 1".to_owned()),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) AND ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) OR ({b})")),
        ]
    })
}

#[test]
fn only_the_clock_makes_a_condition_depend_on_the_time() {
    let now = at("2026-03-01T12:00:00Z");
    let over = "@Environment[UtcNow] DateTimeLessThan '2020-01-01T00:00:00Z'";
    let missing = format!("@Resource[no.such:attribute] DateTimeLessThan {NOON}");
    let never = "SubOperationMatches{'x'}";
    #[rustfmt::skip]
    let cases = [
        (over.to_owned(),                        False,   true,  "over for ever, but the clock said so"),
        (missing,                                Unknown, false, "a date, but not the clock's"),
        (format!("{over} AND {never}"),          False,   false, "one is false without the clock"),
        (format!("{never} AND {over}"),          False,   false, "the other way round"),
        (format!("!({over}) OR !({never})"),     True,    false, "one is true without the clock"),
        (format!("{over} AND {over}"),           False,   true,  "both need the clock"),
    ];
    for (text, truth, read_clock, why) in cases {
        let expected = Evaluated { truth, read_clock, changes_at: None };
        assert_eq!(at_time(&text, now), expected, "{why}: {text}");
    }
}

proptest! {
    /// Semantics §4.6: nothing changes before the moment that was named.
    #[test]
    fn nothing_changes_before_the_named_moment(text in timed(), start in 0..1000_i64, later in 1..1000_i64) {
        let base = at("2026-03-01T12:00:00Z");
        let nanoseconds = |n| base.checked_add(jiff::SignedDuration::from_nanos(n)).unwrap();
        let first = at_time(&text, nanoseconds(start));
        let then = nanoseconds(start + later);
        if first.changes_at.is_none_or(|change| then < change) {
            prop_assert_eq!(at_time(&text, then).truth, first.truth, "{}", text);
        }
        if !first.read_clock {
            prop_assert_eq!(first.changes_at, None);
        }
        prop_assert!(first.changes_at.is_none_or(|change| change > nanoseconds(start)));
    }
}
