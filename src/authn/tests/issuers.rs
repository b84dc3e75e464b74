//! Whose token it is, and whose it pretends to be: issuer, tenant, version, times (semantics §11.1,
//! §11.2, §11.4).

use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::{
    ALICE, AUDIENCE, NOW, TENANT, V1_ISSUER, V2_ISSUER, own, remove, user,
};
use super::super::*;
use super::{SKEW, claims_of, expectations, judge, judge_as, keys, outcome};

const OTHER_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

#[test]
fn issuer_and_tenant_belong_together_and_the_version_does_not_matter() {
    let other = |issuer: &str| issuer.replace(TENANT, OTHER_TENANT);
    #[rustfmt::skip]
    let cases = [
        // (expected issuer, `iss`,        `tid`,                `ver`,          outcome,     why)
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT),       json!("1.0"),   "ok",        "v1"),
        (V2_ISSUER, V2_ISSUER.to_owned(),   json!(TENANT),       json!("2.0"),   "ok",        "v2"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT),       json!("2.0"),   "ok",        "`ver` of the other issuer"),
        (V2_ISSUER, V2_ISSUER.to_owned(),   json!(TENANT),       json!("1.0"),   "ok",        "the same the other way round"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT),       json!("1.1"),   "ok",        "a version that is not known"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT),       json!(1.0),     "malformed", "a number is no version"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT),       Value::Null,    "malformed", "null is no version"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(OTHER_TENANT), json!("1.0"),   "tenant",    "another tenant than the issuer's"),
        (V2_ISSUER, V2_ISSUER.to_owned(),   json!(OTHER_TENANT), json!("2.0"),   "tenant",    "the same in v2"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT.to_uppercase()), json!("1.0"), "ok", "ids have no case"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(format!(" {TENANT}")),  json!("1.0"), "malformed", "space is no part of an id"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!(TENANT.replace('-', "")), json!("1.0"), "malformed", "no dashes"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!("common"),     json!("1.0"),   "malformed", "no tenant"),
        (V1_ISSUER, V1_ISSUER.to_owned(),   json!([TENANT]),     json!("1.0"),   "malformed", "a list"),
        (V1_ISSUER, V2_ISSUER.to_owned(),   json!(TENANT),       json!("2.0"),   "not ours",  "our other issuer, which is judged by its own keys"),
        (V1_ISSUER, other(V1_ISSUER),       json!(TENANT),       json!("1.0"),   "not ours",  "another tenant's issuer, our `tid`"),
        (V1_ISSUER, other(V1_ISSUER),       json!(OTHER_TENANT), json!("1.0"),   "not ours",  "another tenant altogether"),
        (V1_ISSUER, V1_ISSUER.replace(TENANT, "common"),     json!(TENANT), json!("1.0"), "not ours", "everybody's issuer"),
        (V1_ISSUER, V1_ISSUER.replace(TENANT, "{tenantid}"), json!(TENANT), json!("1.0"), "not ours", "the placeholder"),
        (V1_ISSUER, V1_ISSUER.to_uppercase(), json!(TENANT),     json!("1.0"),   "not ours",  "issuers have a case"),
        (V1_ISSUER, V1_ISSUER.replace("https", "http"), json!(TENANT), json!("1.0"), "not ours", "another scheme"),
        (V1_ISSUER, V1_ISSUER.trim_end_matches('/').to_owned(), json!(TENANT), json!("1.0"), "not ours", "the slash is part of it"),
        (V1_ISSUER, format!("{V1_ISSUER}/"), json!(TENANT),      json!("1.0"),   "not ours",  "one slash too many"),
        (V1_ISSUER, format!(" {V1_ISSUER}"), json!(TENANT),      json!("1.0"),   "not ours",  "space in front"),
        (V1_ISSUER, format!("{V1_ISSUER}?x"), json!(TENANT),     json!("1.0"),   "not ours",  "more behind"),
        (V1_ISSUER, V1_ISSUER.replace("https://", "https://evil.test@"), json!(TENANT), json!("1.0"), "not ours", "a user in front of the host"),
    ];
    for (issuer, iss, tid, ver, expected, why) in cases {
        let token = own().mint(|_, payload| {
            payload["iss"] = json!(iss);
            payload["tid"] = tid;
            payload["ver"] = ver;
        });
        let now = Duration::from_secs(NOW);
        let verdict = judge_as(&token, &keys(), issuer, GroupsSource::Token, now);
        let found = verdict.map_or("not ours", |v| v.map_or_else(|error| error.reason(), |_| "ok"));
        assert_eq!(found, expected, "{why}");
    }
}

#[test]
fn no_claim_that_has_a_type_is_ever_null_or_an_object() {
    let names = [
        "aud",
        "exp",
        "nbf",
        "iat",
        "oid",
        "tid",
        "ver",
        "sub",
        "jti",
        "upn",
        "groups",
        "appid",
        "azp",
        "idtyp",
        "xms_mirid",
        "cnf",
        "_claim_names",
        "hasgroups",
    ];
    for name in names {
        for value in [Value::Null, json!([[1]]), json!({"kid": 1, "groups": {"a": "b"}})] {
            if name == "cnf" && value.is_object() {
                continue;
            }
            let token = own().mint(|_, payload| payload[name] = value.clone());
            assert_eq!(outcome(&token), "malformed", "{name}: {value}");
        }
    }
    let token = own().mint(|_, payload| {
        payload["name"] = Value::Null;
        payload["wids"] = json!(7);
        payload["payload"] = user();
    });
    assert_eq!(outcome(&token), "ok", "claims that nobody reads");
}

#[test]
fn a_time_is_a_number_of_seconds() {
    let raw = |name: &str, number: &str| {
        let text = user().to_string();
        let old = format!("\"{name}\":{}", user()[name]);
        assert!(text.contains(&old), "{text}");
        let payload = text.replace(&old, &format!("\"{name}\":{number}"));
        outcome(&own().rs256(&own().header().to_string(), &payload))
    };
    #[rustfmt::skip]
    let cases = [
        // (number,                  as exp,      as nbf,          why)
        ("1795340000",              "ok",        "ok",            "now"),
        ("1795340000.999",          "ok",        "ok",            "a fraction"),
        ("1.79534e9",               "ok",        "ok",            "with an exponent"),
        ("1795339940",              "expired",   "ok",            "the skew ago: the first second that is too late"),
        ("1795339940.999",          "expired",   "ok",            "a fraction is rounded down"),
        ("1795339941",              "ok",        "ok",            "the last second in time"),
        ("1795340060",              "ok",        "ok",            "the skew ahead: the first second that is early enough"),
        ("1795340060.999",          "ok",        "ok",            "a fraction is rounded down"),
        ("1795340061",              "ok",        "not_yet_valid", "a second too early"),
        ("1795340000000",           "ok",        "not_yet_valid", "milliseconds, by mistake"),
        ("0",                       "expired",   "ok",            "1970"),
        ("-0.0",                    "expired",   "ok",            "1970, from below"),
        ("-0.5",                    "expired",   "ok",            "before 1970"),
        ("-1795340000",             "expired",   "ok",            "long before 1970"),
        ("-1e300",                  "expired",   "ok",            "no time, but surely past"),
        ("9223372036854775807",     "ok",        "not_yet_valid", "the last time there is"),
        ("9223372036854775808",     "malformed", "malformed",     "one more"),
        ("18446744073709551616",    "malformed", "malformed",     "beyond 64 bits"),
        ("1e300",                   "malformed", "malformed",     "far beyond"),
        ("1e999",                   "malformed", "malformed",     "no number that fits"),
        ("NaN",                     "not ours",  "not ours",      "no JSON"),
        ("01795340000",             "not ours",  "not ours",      "no JSON"),
        ("0x6b02d2e0",              "not ours",  "not ours",      "no JSON"),
        ("\"1795340000\"",          "malformed", "malformed",     "text"),
        ("\"2026-11-22T00:00:00Z\"", "malformed", "malformed",    "text, though a date"),
        ("true",                    "malformed", "malformed",     "true"),
        ("[1795340000]",            "malformed", "malformed",     "a list"),
        ("{}",                      "malformed", "malformed",     "an object"),
        ("null",                    "malformed", "malformed",     "null"),
    ];
    for (number, exp, nbf, why) in cases {
        assert_eq!((raw("exp", number), raw("nbf", number)), (exp, nbf), "{why}: {number}");
    }
}

#[test]
fn without_leeway_times_are_exact() {
    let token = own().mint(|_, payload| {
        payload["nbf"] = json!(NOW);
        payload["exp"] = json!(NOW + 1);
    });
    let claims = ["upn".to_owned()];
    let expected =
        |clock_skew| Expectations { clock_skew, ..expectations(&claims, Possession::Bearer) };
    let unverified = UnverifiedToken::parse(&token).unwrap();
    let at = |seconds, skew| {
        let examined = unverified.examine(&expected(skew), Duration::from_secs(seconds));
        examined.map_or_else(|error| error.reason(), |_| "ok")
    };
    let none = Duration::ZERO;
    assert_eq!(at(NOW - 1, none), "not_yet_valid");
    assert_eq!(at(NOW, none), "ok");
    assert_eq!(at(NOW + 1, none), "expired");
    assert_eq!(at(0, SKEW), "not_yet_valid", "a clock at 1970");
    assert_eq!(at(u64::MAX, SKEW), "expired", "a clock at the end of time");
    assert_eq!(at(0, Duration::MAX), "ok", "a leeway without end does no harm");
}

#[test]
fn an_audience_is_ours_alone_and_to_the_letter() {
    #[rustfmt::skip]
    let cases = [
        (json!(AUDIENCE),                    "ok",        "a string"),
        (json!([AUDIENCE]),                  "ok",        "a list of exactly it"),
        (json!([]),                          "audience",  "an empty list"),
        (json!(""),                          "audience",  "an empty string"),
        (json!([""]),                        "audience",  "a list of an empty string"),
        (json!([AUDIENCE, "other"]),         "audience",  "two, ours first"),
        (json!(["other", AUDIENCE]),         "audience",  "two, ours last"),
        (json!([AUDIENCE, AUDIENCE]),        "audience",  "ours twice"),
        (json!([[AUDIENCE]]),                "malformed", "a list in a list"),
        (json!([AUDIENCE, null]),            "malformed", "null in a list"),
        (json!({"aud": AUDIENCE}),           "malformed", "an object"),
        (json!(true),                        "malformed", "true"),
        (json!(format!(" {AUDIENCE}")),      "audience",  "space in front"),
        (json!(format!("{AUDIENCE}/")),      "audience",  "a slash behind"),
        (json!(format!("api://{AUDIENCE}")), "audience",  "an address of it"),
        (json!(format!("{AUDIENCE},other")), "audience",  "a list as text"),
        (json!(AUDIENCE.trim_end_matches("0")),             "audience",  "a part of it"),
        (json!("*"),                         "audience",  "a wildcard"),
    ];
    for (audience, expected, why) in cases {
        let token = own().mint(|_, payload| payload["aud"] = audience);
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

#[test]
fn what_is_no_arm_id_is_shown_but_is_no_managed_identity() {
    let trusted = "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0";
    #[rustfmt::skip]
    let cases = [
        ("/Subscriptions/S/resourceGroups/g/providers/A/b/C", Audience::TrustedAccess, "an ARM id"),
        ("vault1",                     Audience::Other, "a name"),
        ("/",                          Audience::Other, "the root"),
        ("/subscriptions//x",          Audience::Other, "an empty segment"),
        ("https://vault.example.test", Audience::Other, "an address"),
    ];
    for (mirid, expected, why) in cases {
        let mint = |audience: &str| {
            own().mint(|_, payload| {
                payload["aud"] = json!(audience);
                payload["xms_mirid"] = json!(mirid);
            })
        };
        let identity = judge(&mint(AUDIENCE)).unwrap().unwrap();
        assert_eq!(identity.extra["kubentra.io/mirid"], [mirid], "to the letter: {why}");
        let claims = claims_of(&mint(trusted));
        assert_eq!(Audience::of(&claims, &[], Some(trusted)), expected, "{why}");
    }
    let token = own().mint(|_, payload| payload["xms_mirid"] = json!(""));
    let identity = judge(&token).unwrap().unwrap();
    assert!(!identity.extra.contains_key("kubentra.io/mirid"), "nothing is nothing");
}

#[test]
fn a_groups_claim_holds_object_ids_and_nothing_else() {
    #[rustfmt::skip]
    let cases = [
        (json!([]),                                    "ok",        "none"),
        (json!([ALICE.to_uppercase()]),                "ok",        "ids have no case"),
        (json!(["system:masters"]),                    "groups",    "Kubernetes' own"),
        (json!(["SYSTEM:masters"]),                    "groups",    "the same in another case"),
        (json!(["\u{17f}ystem:masters"]),              "groups",    "the same with a long s"),
        (json!([format!("{ALICE} ")]),                 "groups",    "space behind"),
        (json!([format!("{ALICE}\n")]),                "groups",    "a line break behind"),
        (json!([format!("{ALICE}\0")]),                "groups",    "a zero byte behind"),
        (json!([format!("{{{ALICE}}}")]),              "groups",    "braces"),
        (json!([ALICE.replace('-', "")]),              "groups",    "no dashes"),
        (json!([format!("urn:uuid:{ALICE}")]),         "groups",    "a URN"),
        (json!([""]),                                  "groups",    "an empty name"),
        (json!([ALICE, "contoso.example\\developers"]), "groups",   "one name among ids"),
        (json!([[ALICE]]),                             "malformed", "a list in a list"),
        (json!([{"id": ALICE}]),                       "malformed", "an object in a list"),
        (json!([null]),                                "malformed", "null in a list"),
        (json!(ALICE),                                 "malformed", "a string"),
        (json!({"0": ALICE}),                          "malformed", "an object"),
    ];
    for (groups, expected, why) in cases {
        let token = own().mint(|_, payload| payload["groups"] = groups);
        assert_eq!(outcome(&token), expected, "{why}");
    }
    let token = own().mint(|_, payload| payload["groups"] = json!(["dev"]));
    let error = judge(&token).unwrap().unwrap_err();
    assert!(error.to_string().contains("configure"), "it says what to do: {error}");
    let token = own().mint(|_, payload| remove(payload, "groups"));
    assert_eq!(outcome(&token), "ok", "no claim at all");
}
