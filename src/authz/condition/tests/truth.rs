use super::*;
use Truth::{False, True, Unknown};

const ALL: [Truth; 3] = [False, Unknown, True];

/// A part that is this, for the request of the other tests.
fn part(truth: Truth) -> &'static str {
    match truth {
        True => "1 NumericEquals 1",
        False => "1 NumericEquals 2",
        Unknown => "@Resource[missing] NumericEquals 1",
    }
}

#[test]
fn and_or_and_not_follow_kleene() {
    #[rustfmt::skip]
    let cases = [
        // semantics §5.2: (left, right, and, or, why)
        (True,    True,    True,    True,    "as in two values"),
        (True,    False,   False,   True,    "as in two values"),
        (False,   True,    False,   True,    "as in two values"),
        (False,   False,   False,   False,   "as in two values"),
        (True,    Unknown, Unknown, True,    "one true settles OR only"),
        (Unknown, True,    Unknown, True,    "in either order"),
        (False,   Unknown, False,   Unknown, "one false settles AND only"),
        (Unknown, False,   False,   Unknown, "in either order"),
        (Unknown, Unknown, Unknown, Unknown, "nothing is settled"),
    ];
    for (left, right, and, or, why) in cases {
        let (l, r) = (part(left), part(right));
        assert_eq!(left.and(right), and, "{why}");
        assert_eq!(left.or(right), or, "{why}");
        for (written, expected) in [("AND", and), ("&&", and), ("OR", or), ("||", or)] {
            let text = format!("{l} {written} {r}");
            assert_eq!(truth_of(&text), expected, "{why}: {text}");
        }
    }
    for (truth, expected) in [(True, False), (False, True), (Unknown, Unknown)] {
        assert_eq!(!truth, expected);
        for text in [format!("NOT {}", part(truth)), format!("!({})", part(truth))] {
            assert_eq!(truth_of(&text), expected, "{text}");
        }
    }
}

#[test]
fn the_laws_of_the_three_values_hold() {
    for a in ALL {
        assert_eq!(!!a, a);
        assert_eq!((a.and(a), a.or(a)), (a, a));
        for b in ALL {
            assert_eq!((a.and(b), a.or(b)), (b.and(a), b.or(a)));
            assert_eq!(!(a.and(b)), (!a).or(!b));
            assert_eq!(a.and(a.or(b)), a);
            for c in ALL {
                assert_eq!(a.and(b).and(c), a.and(b.and(c)));
                assert_eq!(a.or(b).or(c), a.or(b.or(c)));
                assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
            }
        }
    }
}

#[test]
fn three_parts_of_one_kind_are_joined_as_two_are() {
    for a in ALL {
        for b in ALL {
            for c in ALL {
                let [x, y, z] = [a, b, c].map(part);
                assert_eq!(truth_of(&format!("{x} AND {y} && {z}")), a.and(b).and(c));
                assert_eq!(truth_of(&format!("{x} OR {y} || {z}")), a.or(b).or(c));
                assert_eq!(truth_of(&format!("{x} AND ({y} OR {z})")), a.and(b.or(c)));
                assert_eq!(truth_of(&format!("({x} AND NOT {y}) OR {z}")), a.and(!b).or(c));
            }
        }
    }
}

#[test]
fn action_matches_is_the_matching_of_permissions_and_three_valued_for_a_question() {
    let read = format!("{PREFIX}/customresources/read");
    #[rustfmt::skip]
    let cases = [
        // (pattern, action, expected, why): semantics §5.1, §2.6
        (format!("{PREFIX}/customresources/read"), action(&read), True, "equal"),
        (read.to_uppercase(), action(&read), True, "case is ignored"),
        (format!("{PREFIX}/customresources/*"), action(&read), True, "a star"),
        ("*".to_owned(), action(&read), True, "everything"),
        (format!("{PREFIX}/customresources/write"), action(&read), False, "another suffix"),
        (format!("{PREFIX}/customresources/r*"), action(&format!("{PREFIX}/customresources/r")), True, "a star for nothing"),
        (format!("{PREFIX}/*"), question(&format!("{PREFIX}/*/read")), True, "covers the question"),
        (format!("{PREFIX}/*/read"), question(&format!("{PREFIX}/*/read")), True, "covers it exactly"),
        (format!("{PREFIX}/pods/read"), question(&format!("{PREFIX}/*/read")), Unknown, "a part of the question"),
        (format!("{PREFIX}/pods/*"), question(&format!("{PREFIX}/*/read")), Unknown, "overlaps the question"),
        (format!("{PREFIX}/pods/write"), question(&format!("{PREFIX}/*/read")), False, "disjoint"),
    ];
    for (pattern, action, expected, why) in cases {
        let text = format!("ActionMatches{{'{pattern}'}}");
        assert_eq!(truth_for(&text, &action), expected, "{why}: {text}");
        assert_eq!(truth_for(&format!("!({text})"), &action), !expected, "{why}: not {text}");
    }
}

#[test]
fn odd_names_and_actions_without_suffix_need_the_pattern_that_would_grant_them() {
    // Semantics §2.3 and §6.1 ask more of a pattern than a match as text; so do conditions.
    let prefix = format!("{PREFIX}/certificates.k8s.io/");
    let bare = RequiredAction::new(
        &format!("{prefix}signers"),
        Reach::WholeName { start: prefix.len() },
        false,
    );
    let all = format!("{}/*", PREFIX.to_lowercase());
    let odd = RequiredAction::new(
        &format!("{PREFIX}/healthz//etcd/read"),
        Reach::Everything { all },
        false,
    );
    #[rustfmt::skip]
    let cases = [
        (&bare, "*/certificates.k8s.io/*", True,    "a star over the whole name"),
        (&bare, "*/signers",               Unknown, "a literal name matches as text only"),
        (&bare, "*/signers/*",             False,   "nothing is below it"),
        (&odd,  "*",                       True,    "everything"),
        (&odd,  "*/healthz//etcd/read",    Unknown, "an odd path matches as text only"),
        (&odd,  "*/healthz/etcd/read",     False,   "and only literally"),
    ];
    for (action, pattern, expected, why) in cases {
        assert_eq!(truth_for(&format!("ActionMatches{{'{pattern}'}}"), action), expected, "{why}");
    }
}

#[test]
fn functions_on_attributes_and_suboperations() {
    #[rustfmt::skip]
    let cases = [
        (format!("Exists {GROUP}"),                   True,  "§5.4: it is there"),
        (format!("NOT Exists {SUBRESOURCE}"),         True,  "it is not there, which is known"),
        (format!("Exists {SUBRESOURCE}"),             False, "not unknown: that is what Exists is for"),
        ("Exists @Environment[UtcNow]".to_owned(),    True,  "the clock is always there"),
        ("Exists @Environment[utcnow]".to_owned(),    False, "names compare exactly"),
        (GROUP.replace("@Request", "Exists @Resource"), False, "another source is another attribute"),
        ("SubOperationMatches{'Blob.List'}".to_owned(), False, "§5.3"),
        ("NOT SubOperationMatches{'Blob.List'}".to_owned(), True, "§5.3"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(truth_of(&text), expected, "{why}: {text}");
        assert!(!evaluated(&text).read_clock, "{text}");
    }
}

#[test]
fn the_example_of_the_aks_documents_filters_custom_resources() {
    // azure.md §3: the documented shape, on our own pair of names.
    let text = "(\n (\n  !(ActionMatches{'Microsoft.ContainerService/managedClusters/customresources/read'})\n )\n \
                OR\n (\n  @Request[Microsoft.ContainerService/managedClusters/customResources:group] StringEqualsIgnoreCase 'Example.com'\n  \
                AND\n  @Request[Microsoft.ContainerService/managedClusters/customResources:kind] StringEqualsIgnoreCase 'widgets'\n )\n)";
    let condition = understood(text);
    let read = action(&format!("{PREFIX}/customresources/read"));
    let write = action(&format!("{PREFIX}/customresources/write"));
    let of = |group, kind| Attributes { group, kind, subresource: None };
    #[rustfmt::skip]
    let cases = [
        (&read,  of(Some("example.com"), Some("widgets")), True,    "the pair that it names"),
        (&read,  of(Some("example.com"), Some("gadgets")), False,   "another resource"),
        (&read,  of(Some("other.com"), Some("widgets")),   False,   "another group"),
        (&read,  of(Some("example.com"), None),            Unknown, "every resource of the group"),
        (&read,  of(Some("other.com"), None),              False,   "no resource of another group"),
        (&write, of(Some("other.com"), Some("gadgets")),   True,    "an action that it does not target"),
    ];
    for (action, attributes, expected, why) in cases {
        let context = ConditionContext { action, attributes, now: at("2026-03-01T12:00:00Z") };
        assert_eq!(condition.evaluate(&context).truth, expected, "{why}");
    }
}
