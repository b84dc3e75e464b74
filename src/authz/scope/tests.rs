use proptest::prelude::*;
use proptest::string::string_regex;

use super::*;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

#[test]
fn contains_compares_whole_segments_and_ignores_case() {
    let sub = "/subscriptions/0a";
    #[rustfmt::skip]
    let cases = [
        // (outer,             inner,                                expected, why)
        ("/",                  sub,                                  true,     "the root contains all"),
        ("/",                  "/",                                  true,     "the root contains itself"),
        (sub,                  sub,                                  true,     "a scope contains itself"),
        ("/Subscriptions/0A",  "/subscriptions/0a/resourceGroups/g", true,     "case is ignored"),
        ("/subscriptions/0a/", sub,                                  true,     "one trailing slash is ignored"),
        (sub,                  "/subscriptions/0ab",                 false,    "a segment is not a prefix"),
        (sub,                  "/",                                  false,    "a child never contains its parent"),
    ];
    for (outer, inner, expected, why) in cases {
        assert_eq!(scope(outer).contains(&scope(inner)), expected, "{why}: {outer} ⊇ {inner}");
    }
}

#[test]
fn what_is_not_an_absolute_path_is_refused_with_what_to_write() {
    #[rustfmt::skip]
    let cases = [
        ("subscriptions/a", "scope `subscriptions/a` must start with `/`, for example `/subscriptions/<id>`"),
        ("",                "scope `` must start with `/`, for example `/subscriptions/<id>`"),
        ("//",              "scope `//` has an empty path segment; remove the doubled slash"),
        ("/a//b",           "scope `/a//b` has an empty path segment; remove the doubled slash"),
        ("/a//",            "scope `/a//` has an empty path segment; remove the doubled slash"),
        ("/a\u{0}b",        "scope `/a\\0b` has a control character; remove it"),
    ];
    for (text, message) in cases {
        assert_eq!(text.parse::<Scope>().unwrap_err().to_string(), message);
    }
    let long = format!("/{}", "a".repeat(Scope::MAX_LENGTH));
    assert!(matches!(long.parse::<Scope>(), Err(ParseScopeError::TooLong(_))));
}

#[test]
fn a_namespace_with_a_slash_stays_one_segment() {
    let cluster = scope("/subscriptions/s/C");
    let odd = cluster.child("namespaces", "a/b");
    assert!(cluster.contains(&odd));
    assert!(!scope("/subscriptions/s/c/namespaces/a").contains(&odd));
    assert!(!scope("/subscriptions/s/c/namespaces/a/b").contains(&odd));
    assert_eq!(odd.as_str(), "/subscriptions/s/C/namespaces/a/b");
    assert_eq!(cluster.child("namespaces", "Team1"), scope("/subscriptions/s/c/namespaces/team1"));
}

#[test]
fn the_resource_type_is_that_of_the_last_provider() {
    #[rustfmt::skip]
    let cases = [
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.DataProtection/BackupVaults/v", Some("Microsoft.DataProtection/BackupVaults")),
        ("/subscriptions/s/providers/Microsoft.Security/pricings/CloudPosture", Some("Microsoft.Security/pricings")),
        ("/subscriptions/s/providers/A.B/x/1/y/2", Some("A.B/x/y")),
        ("/subscriptions/s", None),
        ("/subscriptions/s/providers/A.B", None),
    ];
    for (text, expected) in cases {
        assert_eq!(scope(text).resource_type().as_deref(), expected, "{text}");
    }
}

proptest! {
    /// `contains` is a partial order over parsed scopes, and appending segments only descends.
    #[test]
    fn contains_is_a_partial_order(
        base in string_regex("(/[a-zA-Z0-9.-]{1,8}){1,5}").unwrap(),
        tail in string_regex("(/[a-zA-Z0-9.-]{1,8}){1,3}").unwrap(),
    ) {
        let (outer, inner) = (scope(&base), scope(&format!("{base}{tail}")));
        prop_assert!(outer.contains(&outer));
        prop_assert!(outer.contains(&inner));
        prop_assert!(!inner.contains(&outer), "antisymmetry");
    }

    /// Whatever arrives from ARM, parsing answers; it never panics.
    #[test]
    fn parse_never_panics(s in any::<String>()) {
        let _ = s.parse::<Scope>().map(|scope| scope.resource_type());
    }
}
