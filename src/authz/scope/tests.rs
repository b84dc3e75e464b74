use proptest::prelude::*;
use proptest::string::string_regex;

use super::*;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

#[test]
fn a_scope_reaches_itself_and_whole_segments_below_it() {
    const CLUSTER: &str = "/subscriptions/s1/resourceGroups/rg/providers/P.Q/clusters/c";
    #[rustfmt::skip]
    let cases = [
        // (granted at,                     why,                                  reached, not reached)
        ("/",                               "everything hangs below the root",
            vec!["/", "/subscriptions/s1", CLUSTER],                              vec![]),
        ("/subscriptions/s1",               "a segment is matched whole",
            vec!["/subscriptions/s1", CLUSTER],                                   vec!["/", "/subscriptions", "/subscriptions/s10", "/subscriptions/s"]),
        ("/SUBSCRIPTIONS/S1/resourcegroups/RG", "letter case does not matter",
            vec!["/subscriptions/s1/resourceGroups/rg", CLUSTER],                 vec!["/subscriptions/s1"]),
        ("/subscriptions/s1/resourceGroups/rg/", "nor does a slash at the end",
            vec!["/subscriptions/s1/resourceGroups/rg", CLUSTER],                 vec!["/subscriptions/s1/resourceGroups/rg2"]),
    ];
    for (outer, why, reached, not_reached) in cases {
        let outer = scope(outer);
        for inner in reached {
            assert!(outer.contains(&scope(inner)), "{why}: {outer} and {inner}");
        }
        for inner in not_reached {
            assert!(!outer.contains(&scope(inner)), "{why}: {outer} and not {inner}");
        }
    }
}

#[test]
fn what_is_no_scope_is_refused_with_what_to_write() {
    let start = "write the full id, such as `/subscriptions/<id>`";
    let slashes = "write one slash where two follow each other";
    #[rustfmt::skip]
    let cases = [
        // (text,            shown,              what to do)
        ("",                 "",                 start),
        ("subscriptions/s1", "subscriptions/s1", start),
        ("//",               "//",               slashes),
        ("/a//b",            "/a//b",            slashes),
        ("/a/b//",           "/a/b//",           slashes),
        ("/a\u{0}b",         "/a\\0b",           "take out the control character"),
        ("/a\u{2028}b",      "/a\\u{2028}b",      "take out the control character"),
        ("a\nb",             "a\\u{a}b",          start),
    ];
    for (text, shown, advice) in cases {
        let message = text.parse::<Scope>().unwrap_err().to_string();
        assert_eq!(message, format!("`{shown}` is no scope: {advice}"));
    }
    let longest = format!("/{}", "a".repeat(Scope::MAX_LENGTH - 1));
    assert_eq!(scope(&longest).as_str(), longest);
    let long = format!("{longest}a");
    assert!(matches!(long.parse::<Scope>(), Err(ParseScopeError::TooLong(_))));
}

#[test]
fn a_scope_is_shown_as_written_and_compared_folded() {
    #[rustfmt::skip]
    let cases = [
        // (text,                   as shown,               folded,                 last segment)
        ("/",                       "/",                    "",                     ""),
        ("/Subscriptions/S1",       "/Subscriptions/S1",    "/subscriptions/s1",    "S1"),
        ("/Subscriptions/S1/",      "/Subscriptions/S1",    "/subscriptions/s1",    "S1"),
    ];
    for (text, shown, folded, last) in cases {
        let scope = scope(text);
        assert_eq!((scope.as_str(), scope.folded(), scope.last_segment()), (shown, folded, last));
        assert_eq!(scope.to_string(), shown);
        assert_eq!(format!("{scope:?}"), format!("Scope({shown})"));
    }
}

#[test]
fn scopes_are_told_apart_and_sorted_without_regard_to_case() {
    let (a, b) = (scope("/subscriptions/a"), scope("/SUBSCRIPTIONS/B"));
    assert!(a < b);
    assert!(b > a);
    assert_ne!(a, b);
    assert_eq!(scope("/Subscriptions/B").cmp(&b), Ordering::Equal);
    let set = std::collections::HashSet::from([a.clone(), b.clone()]);
    assert!(set.contains(&scope("/subscriptions/b/")) && set.contains(&a));
    assert_eq!(set.len(), 2);
    let state = std::collections::hash_map::RandomState::new();
    let hash = |scope: &Scope| std::hash::BuildHasher::hash_one(&state, scope);
    assert_eq!(hash(&b), hash(&scope("/subscriptions/b")));
    assert_ne!(hash(&a), hash(&b), "or every table of scopes were a list");
}

#[test]
fn a_management_group_is_told_by_its_id() {
    for (text, expected) in [
        ("/providers/Microsoft.Management/managementGroups/mg", true),
        ("/PROVIDERS/MICROSOFT.MANAGEMENT/MANAGEMENTGROUPS/MG", true),
        ("/providers/Microsoft.Management/managementGroupsX/mg", false),
        ("/subscriptions/s", false),
        ("/", false),
    ] {
        assert_eq!(scope(text).is_management_group(), expected, "{text}");
    }
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

/// An id of a few segments, as ARM writes them.
fn id(segments: usize) -> impl Strategy<Value = String> {
    string_regex(&format!("(/[A-Za-z0-9._-]{{1,9}}){{1,{segments}}}")).unwrap()
}

proptest! {
    /// Of three ids in a row, each reaches those after it and none before it.
    #[test]
    fn reaching_goes_down_and_never_up(top in id(3), middle in id(2), bottom in id(2)) {
        let row = [top.clone(), format!("{top}{middle}"), format!("{top}{middle}{bottom}")];
        let row = row.map(|text| scope(&text));
        for (upper, outer) in row.iter().enumerate() {
            for (lower, inner) in row.iter().enumerate() {
                prop_assert_eq!(outer.contains(inner), upper <= lower, "{} {}", outer, inner);
            }
        }
    }

    /// A document may hold any text where a scope belongs.
    #[test]
    fn any_text_is_a_scope_or_an_error(text in "/?.*") {
        if let Ok(scope) = text.parse::<Scope>() {
            prop_assert!(scope.contains(&scope));
            let _ = (scope.resource_type(), scope.last_segment(), scope.child("k", &text));
        }
    }
}
