use super::*;

#[test]
fn every_verdict_has_its_words_and_one_kind_grants() {
    let second = |s| Timestamp::from_second(s).unwrap();
    #[rustfmt::skip]
    let cases = [
        (Verdict::Grants { until: None },                     true,  "grants it"),
        (Verdict::Grants { until: Some(second(9)) },          true,  "grants it until 1970-01-01T00:00:09Z"),
        (Verdict::Misses(Miss::Condition),                    false, "has the action, but its condition is not true"),
        (Verdict::Misses(Miss::Expired(second(9))),           false, "has the action, but expired at 1970-01-01T00:00:09Z"),
        (Verdict::Misses(Miss::NotYet(second(9))),            false, "has the action, but is not in force before 1970-01-01T00:00:09Z"),
        (Verdict::Misses(Miss::NotProvisioned),               false, "has the action, but Azure has not provisioned it"),
        (Verdict::Misses(Miss::OtherScope),                   false, "has the action, but its scope does not cover the request"),
        (Verdict::Misses(Miss::UnknownRole),                  false, "the role definition is unknown"),
        (Verdict::Misses(Miss::LacksAction),                  false, "covers the request, but lacks the action"),
        (Verdict::Unrelated,                                  false, "neither covers the request nor has the action"),
    ];
    for (verdict, grants, words) in cases {
        assert_eq!((verdict.grants(), verdict.to_string().as_str()), (grants, words));
    }
    assert!(cases.windows(2).all(|pair| pair[0].0 < pair[1].0), "the nearest comes first");
}
