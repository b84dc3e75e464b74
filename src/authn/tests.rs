//! The way of a genuine token from text to identity: every member wrong in every way.

mod algorithms;
mod forged;
mod issuers;
mod keys;
mod proof;
mod spelling;
mod verified;

use std::time::Duration;

use serde_json::{Value, json};

use super::testing::{ALICE, AUDIENCE, NOW, TENANT, V1_ISSUER, V2_ISSUER, own, remove, tenant};
use super::*;
use crate::authz::ObjectId;

const SKEW: Duration = Duration::from_secs(60);

/// What the service would do, for an issuer that is ours if `issuer` says so.
fn judge_as(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    groups: GroupsSource,
    now: Duration,
) -> Option<Result<Identity, TokenError>> {
    let unverified = UnverifiedToken::parse(token)?;
    unverified.issuers().find(|name| *name == issuer)?;
    let claims = ["upn".to_owned(), "oid".to_owned()];
    let expected = Expectations { issuer, groups, ..expectations(&claims, Possession::Bearer) };
    let verified = unverified.examine(&expected, now).and_then(|examined| examined.verify(keys));
    Some(verified.and_then(|verified| {
        let claims = verified.claims();
        if Audience::of(claims, &[AUDIENCE.to_owned()], None) != Audience::Everyone {
            return Err(TokenError::Audience);
        }
        let Groups::Listed(groups) = claims.groups.clone() else {
            return Err(TokenError::GroupNames);
        };
        let rules = IdentityRules { username_prefix: "", object_id_extra_key: "oid" };
        Identity::new(claims, groups, rules)
    }))
}

/// Of a token by our v1 issuer that came like this.
fn expectations<'a>(username_claims: &'a [String], possession: Possession<'a>) -> Expectations<'a> {
    Expectations {
        issuer: V1_ISSUER,
        tenant: tenant(),
        clock_skew: SKEW,
        username_claims,
        groups: GroupsSource::Token,
        possession,
    }
}

fn keys() -> KeySet {
    KeySet::from_iter([own().key(Algorithm::Rs256, None)])
}

fn judge(token: &str) -> Option<Result<Identity, TokenError>> {
    let now = Duration::from_secs(NOW);
    judge_as(token, &keys(), V1_ISSUER, GroupsSource::Token, now)
}

/// `ours` is the outcome in one word: `ok`, `not ours`, or the reason of a refusal.
fn outcome(token: &str) -> &'static str {
    match judge(token) {
        None => "not ours",
        Some(Ok(_)) => "ok",
        Some(Err(error)) => error.reason(),
    }
}

#[test]
fn a_user_is_shown_to_kubernetes_as_documented() {
    let token = own().mint(|_, payload| {
        payload["idtyp"] = json!("user");
        payload["xms_mirid"] = json!("/subscriptions/S/resourceGroups/g/providers/A/b/C");
    });
    let identity = judge(&token).unwrap().unwrap();
    let shown = format!(
        "{} = {}\n{}\n{:#?}",
        identity.username,
        identity.uid,
        identity.groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        identity.extra
    );
    insta::assert_snapshot!(shown.replace("[\n        ", "[").replace(",\n    ]", "]"), @r#"
    alice@contoso.example = a11ce000-0000-4000-8000-000000000001
    9e0f0000-0000-4000-8000-000000000002 0b500000-0000-4000-8000-000000000004
    {
        "kubentra.io/appid": ["80faf920-1908-4b52-b5ef-a8e7bedfc67a"],
        "kubentra.io/idtyp": ["user"],
        "kubentra.io/mirid": ["/subscriptions/S/resourceGroups/g/providers/A/b/C"],
        "kubentra.io/tid": ["aaaabbbb-0000-cccc-1111-dddd2222eeee"],
        "oid": ["a11ce000-0000-4000-8000-000000000001"],
    }
    "#);
}

#[test]
fn nothing_of_a_single_token_reaches_kubernetes() {
    let one = judge(&own().mint(|_, _| ())).unwrap().unwrap();
    let later = own().mint(|_, payload| {
        for (name, value) in [("iat", NOW - 5), ("nbf", NOW - 5), ("exp", NOW + 4711)] {
            payload[name] = json!(value);
        }
        payload["uti"] = json!("another");
        payload["aio"] = json!("another");
        payload["ipaddr"] = json!("203.0.113.9");
    });
    assert_eq!(judge(&later).unwrap().unwrap(), one);
}

type Edit = fn(&mut Value, &mut Value);

#[test]
fn a_header_is_accepted_to_the_letter_or_refused() {
    #[rustfmt::skip]
    let cases: [(Edit, &str, &str); 31] = [
        (|_, _| (),                                        "ok",        "a good token"),
        (|h, _| remove(h, "typ"),                          "ok",        "`typ` is not needed"),
        (|h, _| h["typ"] = json!("at+jwt"),                "ok",        "another media type"),
        (|h, _| h["nonce"] = json!("x"),                   "ok",        "an unknown member"),
        (|h, _| h["typ"] = Value::Null,                    "malformed", "null is no type"),
        (|h, _| remove(h, "alg"),                          "malformed", "no algorithm"),
        (|h, _| h["alg"] = Value::Null,                    "malformed", "null is no algorithm"),
        (|h, _| h["alg"] = json!(["RS256"]),               "malformed", "a list is no algorithm"),
        (|h, _| h["alg"] = json!("none"),                  "algorithm", "none"),
        (|h, _| h["alg"] = json!("None"),                  "algorithm", "none, in another case"),
        (|h, _| h["alg"] = json!(""),                      "algorithm", "none, spelt empty"),
        (|h, _| h["alg"] = json!("HS256"),                 "algorithm", "a shared secret"),
        (|h, _| h["alg"] = json!("rs256"),                 "algorithm", "names have a case"),
        (|h, _| h["alg"] = json!("RS512"),                 "algorithm", "RSA, but not this one"),
        (|h, _| h["alg"] = json!("PS256"),                 "algorithm", "the key is not for PS256"),
        (|h, _| h["alg"] = json!("ES256"),                 "algorithm", "the key is an RSA key"),
        (|h, _| h["alg"] = json!("EdDSA"),                 "algorithm", "another family"),
        (|h, _| remove(h, "kid"),                          "malformed", "no key id, though x5t is there"),
        (|h, _| h["kid"] = Value::Null,                    "malformed", "null is no key id"),
        (|h, _| h["kid"] = json!(""),                      "malformed", "nothing is no key id"),
        (|h, _| h["kid"] = json!(7),                       "malformed", "a number is no key id"),
        (|h, _| h["kid"] = json!("x".repeat(257)),         "malformed", "too long for a key id"),
        (|h, _| h["kid"] = json!("../../dev/null"),        "key",       "a path is just an unknown key"),
        (|h, _| h["kid"] = json!("OWN-KEY"),               "key",       "key ids have a case"),
        (|h, _| h["jwk"] = own().jwk(),                    "header",    "even our own key, embedded"),
        (|h, _| h["jwk"] = Value::Null,                    "header",    "even nothing, embedded"),
        (|h, _| h["jku"] = json!("https://evil.test/"),    "header",    "keys elsewhere"),
        (|h, _| h["x5u"] = json!("https://evil.test/"),    "header",    "a certificate elsewhere"),
        (|h, _| h["x5c"] = json!([]),                      "header",    "an embedded certificate"),
        (|h, _| h["crit"] = json!(["exp"]),                "header",    "an extension that we must know"),
        (|h, _| { h["b64"] = json!(false); h["crit"] = json!(["b64"]); }, "header", "an unencoded payload"),
    ];
    for (edit, expected, why) in cases {
        assert_eq!(outcome(&own().mint(edit)), expected, "{why}");
    }
}

#[test]
fn a_claim_is_of_its_type_or_the_token_is_malformed() {
    #[rustfmt::skip]
    let cases: [(Edit, &str, &str); 61] = [
        (|_, p| p["iss"] = json!(V2_ISSUER),               "not ours",      "the issuer whose keys are other ones"),
        (|_, p| p["iss"] = json!(V1_ISSUER.trim_end_matches('/')), "not ours", "the slash is part of it"),
        (|_, p| p["iss"] = json!(V1_ISSUER.to_uppercase()), "not ours",     "so is the case"),
        (|_, p| p["iss"] = json!([V1_ISSUER]),             "not ours",      "a list is no issuer"),
        (|_, p| p["iss"] = Value::Null,                    "not ours",      "null is no issuer"),
        (|_, p| remove(p, "iss"),                          "not ours",      "no issuer"),
        (|_, p| remove(p, "tid"),                          "malformed",     "no tenant"),
        (|_, p| p["tid"] = Value::Null,                    "malformed",     "null is no tenant"),
        (|_, p| p["tid"] = json!("contoso.example"),       "malformed",     "a domain is no tenant id"),
        (|_, p| p["tid"] = json!(TENANT.to_uppercase()),   "ok",            "ids have no case"),
        (|_, p| p["tid"] = json!("9188040d-6c67-4c5b-b112-36a304b66dad"), "tenant", "another tenant than the issuer's"),
        (|_, p| p["ver"] = json!(1.0),                     "malformed",     "a number is no version"),
        (|_, p| remove(p, "oid"),                          "malformed",     "nobody"),
        (|_, p| p["oid"] = json!("00000000-0000-0000-0000-000000000000"), "malformed", "everyone is no caller"),
        (|_, p| p["oid"] = json!("a11ce00000004000800000000000000001"), "malformed", "no dashes"),
        (|_, p| p["oid"] = json!(format!("{{{ALICE}}}")),  "malformed",     "braces"),
        (|_, p| p["oid"] = json!([ALICE]),                 "malformed",     "a list"),
        (|_, p| remove(p, "exp"),                          "malformed",     "it would live for ever"),
        (|_, p| p["exp"] = Value::Null,                    "malformed",     "null is no time"),
        (|_, p| p["exp"] = json!((NOW + 3600).to_string()), "malformed",    "text is no time"),
        (|_, p| p["exp"] = json!(u64::MAX),                "malformed",     "beyond all times"),
        (|_, p| p["exp"] = json!(1e300),                   "malformed",     "far beyond"),
        (|_, p| p["exp"] = json!(i64::MAX),                "ok",            "the last time there is"),
        (|_, p| p["exp"] = json!(-1),                      "expired",       "before 1970"),
        (|_, p| p["exp"] = json!(-1e300),                  "expired",       "long before"),
        (|_, p| remove(p, "nbf"),                          "malformed",     "no beginning"),
        (|_, p| p["nbf"] = Value::Null,                    "malformed",     "null is no time"),
        (|_, p| p["nbf"] = json!(-1),                      "ok",            "before 1970"),
        (|_, p| remove(p, "iat"),                          "ok",            "not needed"),
        (|_, p| p["iat"] = json!("x"),                     "malformed",     "but a time if present"),
        (|_, p| remove(p, "aud"),                          "malformed",     "for nobody"),
        (|_, p| p["aud"] = Value::Null,                    "malformed",     "null is no audience"),
        (|_, p| p["aud"] = json!(1),                       "malformed",     "neither is a number"),
        (|_, p| p["aud"] = json!([AUDIENCE, 1]),           "malformed",     "in a list neither"),
        (|_, p| p["aud"] = json!([AUDIENCE]),              "ok",            "a list of exactly it"),
        (|_, p| p["aud"] = json!([AUDIENCE, AUDIENCE]),    "audience",      "twice is not exactly"),
        (|_, p| p["aud"] = json!([AUDIENCE, "x"]),         "audience",      "for someone else too"),
        (|_, p| p["aud"] = json!([]),                      "audience",      "for nobody"),
        (|_, p| p["aud"] = json!(format!("spn:{AUDIENCE}")), "audience",    "a form that is not configured"),
        (|_, p| p["aud"] = json!(AUDIENCE.to_uppercase()), "audience",      "audiences compare exactly"),
        (|_, p| p["upn"] = json!(""),                      "ok",            "empty counts as absent; oid follows"),
        (|_, p| p["upn"] = Value::Null,                    "malformed",     "null does not"),
        (|_, p| p["upn"] = json!(["a"]),                   "malformed",     "a list is no name"),
        (|_, p| p["groups"] = Value::Null,                 "malformed",     "null is no list"),
        (|_, p| p["groups"] = json!("x"),                  "malformed",     "text is no list"),
        (|_, p| p["groups"] = json!([1]),                  "malformed",     "a number is no group"),
        (|_, p| p["groups"] = json!([ALICE, "dev"]),       "groups",        "a name is no object id"),
        (|_, p| p["groups"] = json!(["system:masters"]),   "groups",        "least of all this one"),
        (|_, p| p["groups"] = json!(["00000000-0000-0000-0000-000000000000"]), "groups", "everyone is no group"),
        (|_, p| p["hasgroups"] = json!("true"),            "malformed",     "text is not true"),
        (|_, p| p["_claim_names"] = json!([]),             "malformed",     "a list has no names"),
        (|_, p| p["_claim_names"] = json!({"groups": null}), "malformed",   "null is no place"),
        (|_, p| p["_claim_names"] = json!({"other": "src1"}), "ok",         "not about groups"),
        (|_, p| p["appid"] = json!(1),                     "malformed",     "a number is no application"),
        (|_, p| p["idtyp"] = json!("a\nb"),                "malformed",     "a line break would reach Kubernetes"),
        (|_, p| p["xms_mirid"] = json!("x"),               "ok",            "no ARM id, and so no managed identity"),
        (|_, p| p["xms_mirid"] = json!("a\rb"),            "malformed",     "a line break would reach Kubernetes"),
        (|_, p| p["xms_mirid"] = json!(["/subscriptions/s"]), "malformed",  "a list is no id"),
        (|_, p| p["cnf"] = json!({"kid": "x"}),            "key_bound",     "a PoP token is no bearer token"),
        (|_, p| p["cnf"] = json!({"x5t#S256": "x"}),       "key_bound",     "nor is one for a client certificate"),
        (|_, p| p["cnf"] = json!({}),                      "key_bound",     "whatever it is bound to"),
    ];
    for (edit, expected, why) in cases {
        assert_eq!(outcome(&own().mint(edit)), expected, "{why}");
    }
}

#[test]
fn a_username_is_what_it_seems_to_be() {
    #[rustfmt::skip]
    let cases = [
        ("alice@contoso.example",        "ok",       "an ordinary one"),
        ("Ålice O'Neil@contoso.example", "ok",       "letters, a space within and a quote"),
        ("sys:alice",                    "ok",       "not the reserved prefix"),
        ("notsystem:alice",              "ok",       "not at the beginning"),
        ("system:admin",                 "username", "reserved"),
        ("system:",                      "username", "nothing after it"),
        ("SyStEm:masters",               "username", "reserved in any case"),
        (" system:admin",                "username", "space before it"),
        ("alice ",                       "username", "space after it"),
        ("alice\u{a0}",                  "username", "a space that cannot break"),
        ("\u{feff}alice",                "username", "a byte order mark"),
        ("al\nice",                      "username", "a line break"),
        ("al\0ice",                      "username", "a zero byte"),
        ("al\u{7f}ice",                  "username", "delete"),
        ("al\u{85}ice",                  "username", "a control character beyond ASCII"),
        ("al\u{202e}ice",                "username", "writing from right to left"),
        ("\u{200b}system:admin",         "username", "a space without width"),
    ];
    for (name, expected, why) in cases {
        let token = own().mint(|_, payload| payload["upn"] = json!(name));
        assert_eq!(outcome(&token), expected, "{why}");
        let named = Claims { username: "alice".to_owned(), ..claims_of(&own().mint(|_, _| ())) };
        let rules = IdentityRules { username_prefix: name, object_id_extra_key: "oid" };
        let with_prefix = Identity::new(&named, vec![], rules).is_ok();
        let only_ends_so = name.ends_with([' ', '\u{a0}']);
        assert_eq!(with_prefix, expected == "ok" || only_ends_so, "as a prefix: {why}");
    }
}

fn claims_of(token: &str) -> Claims {
    let unverified = UnverifiedToken::parse(token).unwrap();
    let names = ["upn".to_owned(), "oid".to_owned()];
    Claims::read(&unverified.claims().unwrap(), &names, GroupsSource::Token).unwrap()
}

#[test]
fn a_prefix_does_not_hide_a_reserved_name() {
    let claims = claims_of(&own().mint(|_, payload| payload["upn"] = json!("system:admin")));
    let rules = IdentityRules { username_prefix: "entra:", object_id_extra_key: "oid" };
    assert!(matches!(Identity::new(&claims, vec![], rules), Err(TokenError::Username(_))));
}

#[test]
fn times_hold_to_the_second() {
    let token = own().mint(|_, payload| {
        payload["nbf"] = json!(NOW as f64 + 0.9);
        payload["exp"] = json!(NOW as f64 + 100.9);
    });
    let (nbf, exp) = (Duration::from_secs(NOW), Duration::from_secs(NOW + 100));
    let tick = Duration::from_nanos(1);
    #[rustfmt::skip]
    let cases = [
        (nbf - SKEW - tick, "not_yet_valid", "a moment before nbf less the skew"),
        (nbf - SKEW,        "ok",            "nbf less the skew"),
        (exp,               "ok",            "within the skew"),
        (exp + SKEW - tick, "ok",            "a moment before exp and the skew"),
        (exp + SKEW,        "expired",       "exp and the skew; its fraction does not count"),
    ];
    for (now, expected, why) in cases {
        let verdict = judge_as(&token, &keys(), V1_ISSUER, GroupsSource::Token, now).unwrap();
        assert_eq!(verdict.map_or_else(|error| error.reason(), |_| "ok"), expected, "{why}");
    }
}

#[test]
fn an_overage_marker_is_never_taken_for_a_complete_list() {
    #[rustfmt::skip]
    let cases: [(Edit, Groups, &str); 6] = [
        (|_, p| remove(p, "groups"),                       Groups::Listed(vec![]), "no groups at all"),
        (|_, p| p["groups"] = json!([ALICE, ALICE.to_uppercase()]), Groups::Listed(vec![ALICE.parse().unwrap()]), "each once"),
        (|_, p| { remove(p, "groups"); p["hasgroups"] = json!(true); }, Groups::Overage, "the implicit flow"),
        (|_, p| { remove(p, "groups"); p["hasgroups"] = json!(false); }, Groups::Listed(vec![]), "no groups, said explicitly"),
        (|_, p| { remove(p, "groups"); p["_claim_names"] = json!({"groups": "src1"}); }, Groups::Overage, "more than 200"),
        (|_, p| p["hasgroups"] = json!(true),              Groups::Overage,        "a list that may be shortened"),
    ];
    for (edit, expected, why) in cases {
        assert_eq!(claims_of(&own().mint(edit)).groups, expected, "{why}");
    }
}

#[test]
fn without_a_source_of_groups_the_claim_is_not_read() {
    let now = Duration::from_secs(NOW);
    for groups in [json!(["dev"]), json!(null), json!([ALICE])] {
        let token = own().mint(|_, payload| {
            payload["groups"] = groups.clone();
            payload["hasgroups"] = json!(true);
        });
        let verdict = judge_as(&token, &keys(), V1_ISSUER, GroupsSource::None, now).unwrap();
        let identity = verdict.unwrap();
        assert_eq!(identity.groups, Vec::<ObjectId>::new(), "{groups}");
    }
}

#[test]
fn the_trusted_access_audience_is_for_managed_identities_only() {
    let trusted = "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0";
    let mirid = "/subscriptions/s/resourceGroups/g/providers/A/b/c";
    #[rustfmt::skip]
    let cases: [(Edit, Audience, &str); 5] = [
        (|_, p| p["idtyp"] = json!("app"),  Audience::TrustedAccess, "an app-only token"),
        (|_, _| (),                         Audience::TrustedAccess, "a token that does not say"),
        (|_, p| p["idtyp"] = json!("user"), Audience::Other,         "a user's token"),
        (|_, p| remove(p, "xms_mirid"),     Audience::Other,         "no managed identity"),
        (|_, p| p["aud"] = json!(AUDIENCE), Audience::Everyone,      "the audience for everyone"),
    ];
    for (edit, expected, why) in cases {
        let token = own().mint(|header, payload| {
            payload["aud"] = json!(trusted);
            payload["xms_mirid"] = json!(mirid);
            edit(header, payload);
        });
        let found = Audience::of(&claims_of(&token), &[AUDIENCE.to_owned()], Some(trusted));
        assert_eq!(found, expected, "{why}");
    }
    let claims = claims_of(&own().mint(|_, payload| payload["aud"] = json!(trusted)));
    assert_eq!(Audience::of(&claims, &[AUDIENCE.to_owned()], None), Audience::Other);
    let both = [trusted.to_owned()];
    assert_eq!(Audience::of(&claims, &both, Some(trusted)), Audience::Everyone, "in both lists");
}
