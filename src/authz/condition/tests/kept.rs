//! What stays of a condition as it was written (semantics §5.3).

use super::*;

#[test]
fn a_condition_keeps_its_text_and_version_also_if_it_is_not_understood() {
    #[rustfmt::skip]
    let cases = [
        // (text,                             version,     understood, why)
        ("@Environment[UtcNow] DateTimeGreaterThan '2026-01-01T00:00:00Z'", Some("2.0"), true, "usual"),
        ("nonsense",                          Some("2.0"), false,      "no condition at all"),
        ("(!(ActionMatches{'*'}))",           Some("1.0"), false,      "another version"),
        (" (!(ActionMatches{'*'})) ",         None,        false,      "no version, and spaces around"),
    ];
    for (text, version, understood, why) in cases {
        let condition = Condition::new(Some(text), version).unwrap();
        assert_eq!((condition.text(), condition.version()), (text, version), "{why}");
        assert_eq!(condition.problem().is_none(), understood, "{why}");
        assert_eq!(condition.to_string(), text, "{why}");
        let debug = format!("Condition {{ text: {text:?}, version: {version:?}, .. }}");
        assert_eq!(format!("{condition:?}"), debug, "what is compiled is no news: {why}");
    }
}

#[test]
fn two_conditions_are_one_if_text_and_version_are() {
    let new = |text, version| Condition::new(Some(text), version).unwrap();
    let (text, other) = ("(!(ActionMatches{'*/read'}))", "(!(ActionMatches{'*/write'}))");
    let condition = new(text, Some("2.0"));
    assert_eq!(condition, new(text, Some("2.0")));
    assert_ne!(condition, new(other, Some("2.0")), "another text");
    assert_ne!(condition, new(text, Some("1.0")), "another version");
    assert_ne!(condition, new(text, None), "no version");
}
