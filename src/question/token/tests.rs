use serde_json::json;

use super::*;

/// A text in the form of a JWT, with no good signature.
fn jwt(payload: &str) -> String {
    format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(payload))
}

#[test]
fn a_signed_request_is_told_from_a_token_as_the_server_does() {
    let token = jwt(r#"{"iss":"https://sts.example/","oid":"alice"}"#);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    const REQUEST: &str = "it is a proof of possession";
    const TOKEN: &str = "`iss` is not an issuer";
    const NO_JWT: &str = "it is not a JWT";
    let in_request = || json!({"iss": "https://sts.example/", "oid": "alice", "u": "demo"});
    #[rustfmt::skip]
    let cases = [
        // (text,                                                   found,   claims,               why)
        (jwt(&format!(r#"{{"at":"{token}","u":"demo"}}"#)),         REQUEST, in_request(),         "a token under `at`"),
        (jwt(&format!(r#"{{"at":"{token}","at":7,"u":"demo"}}"#)),  REQUEST, in_request(),         "one of two is a text"),
        (jwt(&format!(r#"{{"at":"x","at":"{token}","u":"demo"}}"#)), REQUEST, in_request(),        "the last of two texts"),
        (jwt(&format!(r#"{{"iss":7,"at":"{token}","u":"demo"}}"#)), REQUEST, in_request(),         "`iss` names nobody"),
        (jwt(&format!(r#"{{"iss":"a","iss":7,"at":"{token}"}}"#)),  TOKEN,   json!({"iss": 7}),    "one of two names somebody"),
        (jwt(&format!(r#"{{"iss":"a","at":"{token}"}}"#)),          TOKEN,   json!({"iss": "a"}),  "a token by itself"),
        (jwt(r#"{"at":"x","u":"demo","oid":"outer"}"#),             REQUEST, json!({"u": "demo"}), "no claims inside"),
        (jwt(r#"{"at":7}"#),                                        TOKEN,   json!({}),            "no text under `at`"),
        (jwt(&format!(r#"{{"iss":"a","x":{deep}}}"#)),              TOKEN,   json!({}),            "too deep to be shown"),
        (format!("{token}.AA"),                                     NO_JWT,  json!({}),            "four parts"),
        (jwt("[]"),                                                 NO_JWT,  json!({}),            "no object"),
    ];
    for (text, expected, claims, why) in cases {
        let found = inspect(&text, Answer::Verdict(Verdict::NotOurs));
        let failed: Vec<_> =
            found.checks.iter().filter(|c| c.result == CheckResult::Failed).collect();
        let [failed] = failed.as_slice() else { panic!("{why}: {failed:?}") };
        assert!(failed.detail.starts_with(expected), "{why}: {}", failed.detail);
        assert_eq!(Value::Object(found.claims), claims, "{why}");
    }
}
