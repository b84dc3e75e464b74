use serde_json::{Value, json};

use super::*;

const OID: &str = "a11ce000-0000-4000-8000-000000000001";
const GROUP_ID: &str = "9e0f0000-0000-4000-8000-000000000002";

fn rules() -> CallerRules {
    CallerRules {
        object_id_extra_key: "oid".to_owned(),
        exempt_users: HashSet::from(["break-glass".to_owned()]),
    }
}

fn review(spec: &Value) -> Value {
    json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec })
}

fn parse(value: &Value) -> Result<AccessReview, InvalidReview> {
    AccessReview::parse(value.to_string().as_bytes())
}

#[test]
fn callers_are_told_apart_in_the_order_of_the_rules() {
    let attributes = json!({ "verb": "get", "resource": "pods" });
    #[rustfmt::skip]
    let cases = [
        (json!({"user": "system:node:n1", "extra": {"oid": [OID]}}), "System",   "§1.1 before the object id"),
        (json!({"user": "break-glass", "extra": {"oid": [OID]}}),    "Exempt",   "§1.1"),
        (json!({"user": "System:x", "extra": {"oid": [OID]}}),       "Entra",    "§1.1 exact case"),
        (json!({"user": "a", "extra": {"oid": [OID.to_uppercase()]}}), "Entra",  "§1.2 a GUID in any case"),
        (json!({"user": "a", "extra": {"oid": [OID, OID]}}),         "NotEntra", "§1.2 several values"),
        (json!({"user": "a", "extra": {"oid": ["oid-1"]}}),          "NotEntra", "§1.2 not a GUID"),
        (json!({"user": "a", "extra": {"OID": [OID]}}),              "NotEntra", "§1.2 another key"),
        (json!({"user": "a", "extra": {"oid": []}}),                 "NotEntra", "§1.2 no value"),
        (json!({"user": "a", "extra": {"oid": null}}),               "NotEntra", "§1.2 a null list is empty"),
        (json!({"user": "a", "extra": null}),                        "NotEntra", "§1.2 null"),
        (json!({"user": "a"}),                                       "NotEntra", "§1.2 absent"),
        (json!({"extra": {"oid": ["00000000-0000-0000-0000-000000000000"]}}), "NotEntra", "all zeros is no caller"),
    ];
    for (mut spec, expected, why) in cases {
        spec["resourceAttributes"] = attributes.clone();
        let caller = parse(&review(&spec)).unwrap().caller(&rules());
        assert!(format!("{caller:?}").starts_with(expected), "{why}: {caller:?}");
    }
}

#[test]
fn groups_that_are_no_object_ids_are_ignored_and_v1beta1_spells_the_member_group() {
    for (version, member) in [("v1", "groups"), ("v1beta1", "group")] {
        let other = if member == "group" { "groups" } else { "group" };
        let mut value = review(&json!({
            "extra": { "oid": [OID], MANAGED_IDENTITY_KEY: ["/subscriptions/s/x"] },
            "resourceAttributes": { "verb": "get", "resource": "pods" },
            "uid": 7, "unknown": {},
        }));
        value["apiVersion"] = json!(format!("authorization.k8s.io/{version}"));
        value["spec"][member] = json!(["system:authenticated", GROUP_ID, "9E0F"]);
        value["spec"][other] = json!(7);
        let review = parse(&value).unwrap();
        let Caller::Entra(principal) = review.caller(&rules()) else { panic!("not Entra") };
        assert_eq!(principal.groups(), [GROUP_ID.parse().unwrap()], "{version}");
        assert_eq!(principal.managed_identity().unwrap().as_str(), "/subscriptions/s/x");
        let decision = Decision::NoOpinion(crate::authz::NoOpinionReason::System);
        let answer: Value = serde_json::from_slice(&review.answer(&decision)).unwrap();
        assert_eq!(answer["apiVersion"], value["apiVersion"]);
        assert_eq!(answer["status"]["allowed"], json!(false));
        assert_eq!(answer["status"]["denied"], json!(false));
    }
}

#[test]
fn what_is_no_review_is_refused_in_one_line() {
    let attributes = json!({ "verb": "get", "resource": "pods" });
    #[rustfmt::skip]
    let cases = [
        ("".to_owned(),              "cannot read the review: EOF while parsing a value at line 1 column 0"),
        ("[]".to_owned(),            "cannot read the review: expected an object at line 1 column 0"),
        ("null".to_owned(),          "cannot read the review: expected an object at line 1 column 4"),
        ("{}".to_owned(),            "cannot answer apiVersion `` kind ``; post `SubjectAccessReview` in v1 or v1beta1"),
        (json!({"apiVersion": "authorization.k8s.io/v2", "kind": "SubjectAccessReview"}).to_string(),
                                     "cannot answer apiVersion `authorization.k8s.io/v2` kind `SubjectAccessReview`; post `SubjectAccessReview` in v1 or v1beta1"),
        (json!({"apiVersion": "authorization.k8s.io/v1", "kind": "Pod"}).to_string(),
                                     "cannot answer apiVersion `authorization.k8s.io/v1` kind `Pod`; post `SubjectAccessReview` in v1 or v1beta1"),
        (review(&json!({})).to_string(),
                                     "the review has neither `resourceAttributes` nor `nonResourceAttributes`; give one"),
        (review(&json!({"resourceAttributes": attributes, "nonResourceAttributes": {}})).to_string(),
                                     "the review has both `resourceAttributes` and `nonResourceAttributes`; give one"),
    ];
    for (body, expected) in cases {
        let error = AccessReview::parse(body.as_bytes()).unwrap_err();
        assert_eq!(crate::review::report(&error), expected, "{body}");
    }
    for wrong in [
        json!({"user": 7, "resourceAttributes": attributes}),
        json!({"groups": "a", "resourceAttributes": attributes}),
        json!({"extra": {"oid": OID}, "resourceAttributes": attributes}),
        json!({"resourceAttributes": []}),
        json!({"resourceAttributes": ["dev", "get", "", "pods", "", ""]}),
        json!(["alice", ["g"], {}, {"verb": "get"}, null]),
        json!({"resourceAttributes": {"verb": ["get"]}}),
    ] {
        let body = review(&wrong).to_string();
        assert!(AccessReview::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_message_repeats_nothing_of_the_body() {
    for secret in ["s3cret", "x, expected s3cret", "s3cret at line 1"] {
        for wrong in
            [json!(secret), json!({"groups": secret}), json!({"extra": {secret: [secret, 1]}})]
        {
            let error = parse(&review(&wrong)).unwrap_err();
            let text = crate::review::report(&error);
            assert!(!text.contains("s3cret"), "{text}");
            assert!(text.contains("expected"), "{text}");
        }
    }
}

#[test]
fn names_longer_than_any_of_kubernetes_are_refused_before_they_cost_time() {
    let long = |n: usize| "a".repeat(n);
    for member in ["verb", "group", "resource", "subresource", "namespace"] {
        for (length, fits) in [(MAX_NAME_LENGTH, true), (MAX_NAME_LENGTH + 1, false)] {
            let spec = json!({"resourceAttributes": {member: long(length)}});
            assert_eq!(parse(&review(&spec)).is_ok(), fits, "{member} of {length} bytes");
        }
    }
    for (length, fits) in [(MAX_PATH_LENGTH, true), (MAX_PATH_LENGTH + 1, false)] {
        let spec = json!({"nonResourceAttributes": {"verb": "get", "path": long(length)}});
        assert_eq!(parse(&review(&spec)).is_ok(), fits, "a path of {length} bytes");
    }
    let spec = json!({"resourceAttributes": {"verb": "impersonate", "name": long(100_000)}});
    assert!(parse(&review(&spec)).is_ok(), "a name is only compared, and an extra value is one");
}
