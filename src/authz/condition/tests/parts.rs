use super::*;

fn explained(text: &str) -> String {
    let action = action(&format!("{PREFIX}/customresources/read"));
    let attributes =
        Attributes { group: Some("example.com"), kind: Some("widgets"), subresource: None };
    let now = at("2026-03-01T12:00:00Z");
    condition(text).explain(&ConditionContext { action: &action, attributes, now }).to_string()
}

#[test]
fn an_explanation_shows_each_part_with_its_truth() {
    let text = format!(
        "(!(ActionMatches{{'*/customresources/read'}}) OR ({GROUP} StringEquals 'example.com'\n AND \
         {KIND} StringLike 'gad*')) AND NOT {SUBRESOURCE} StringEquals 'exec'"
    );
    assert_eq!(
        explained(&text),
        "false   all of\n\
         false     any of\n\
         false       not\n\
         true          ActionMatches{'*/customresources/read'}  (the action is `Microsoft.ContainerService/managedClusters/customresources/read`)\n\
         false       all of\n\
         true          @Request[Microsoft.ContainerService/managedClusters/customResources:group] StringEquals 'example.com'  (the group is `example.com`)\n\
         false         @Request[Microsoft.ContainerService/managedClusters/customResources:kind] StringLike 'gad*'  (the kind is `widgets`)\n\
         unknown   not\n\
         unknown     @Request[Microsoft.ContainerService/managedClusters/resources:subresource] StringEquals 'exec'  (the request has no subresource attribute)"
    );
}

#[test]
fn an_explanation_says_why_a_part_is_unknown() {
    #[rustfmt::skip]
    let cases = [
        ("@Principal[x] BoolEquals true".to_owned(), "no review has `@Principal[x]`"),
        (format!("{GROUP} NumericEquals 5"), "the group is `example.com`, no whole number"),
        (format!("{GROUP} StringEquals 5"), "the group is `example.com`; `5` is no text"),
        ("@Environment[UtcNow] DateTimeLessThan 'x'".to_owned(), "the time is 2026-03-01T12:00:00Z; `'x'` is no date such as `2030-01-31T08:00:00Z`"),
        ("SubOperationMatches{'x'}".to_owned(), "no request has a suboperation"),
    ];
    for (text, because) in cases {
        let explained = explained(&text);
        assert!(explained.ends_with(&format!("  ({because})")), "{explained}");
    }
    assert_eq!(
        explained("Exists\n @Request[x] AND"),
        "unknown Exists @Request[x] AND  (line 2, character 17: expected an expression, found the end)"
    );
}

#[test]
fn a_part_knows_its_place_in_the_text() {
    let text = "( 'a' StringEquals 'a' ) AND !Exists @Request[x]";
    let action = action("a");
    let context = ConditionContext {
        action: &action,
        attributes: Attributes::default(),
        now: at("2026-03-01T12:00:00Z"),
    };
    let parts = understood(text).explain(&context).parts;
    let texts: Vec<_> = parts.iter().map(|part| text.get(part.span.clone()).unwrap()).collect();
    assert_eq!(
        texts,
        [text, "( 'a' StringEquals 'a' )", "!Exists @Request[x]", "Exists @Request[x]"]
    );
}

#[test]
fn what_is_the_same_for_every_request_is_doubted() {
    #[rustfmt::skip]
    let cases = [
        (format!("{GROUP} StringEquals 'a' AND {KIND} StringLike '*' AND Exists {SUBRESOURCE}"), ""),
        ("@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00Z'".to_owned(), ""),
        ("ActionMatches{'x'}\nOR @Resource[x] StringEquals 'a'".to_owned(),
         "line 2, character 4: no review has `@Resource[x]`: the comparison is always unknown"),
        ("Exists @Principal[x]".to_owned(), "character 1: no review has `@Principal[x]`: it never exists"),
        ("NOT SubOperationMatches{'x'}".to_owned(),
         "character 5: a Kubernetes request has no suboperation: `SubOperationMatches` is always false"),
        ("@Environment[UtcNow] StringEquals 'x'".to_owned(),
         "character 1: `@Environment[UtcNow]` is no text: the comparison is always unknown"),
        (format!("{GROUP} ForAnyOfAnyValues:GuidEquals {{'x'}}"),
         "character 1: `@Request[Microsoft.ContainerService/managedClusters/customRe…` is no GUID: the comparison is always unknown\n\
          character 1: `'x'` is no GUID: the comparison is always unknown"),
        ("not a condition".to_owned(), ""),
    ];
    for (text, expected) in cases {
        let doubts: Vec<_> = condition(&text).doubts().iter().map(Doubt::to_string).collect();
        assert_eq!(doubts.join("\n"), expected, "{text}");
    }
}
