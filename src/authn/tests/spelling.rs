//! One token, one spelling: base64, JSON and Unicode in forms that two readers could read differently
//! (semantics §11.2, §11.4, §11.5).

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use serde_json::json;

use super::super::testing::{ALICE, V1_ISSUER, encode, own, remove, user};
use super::super::*;
use super::{judge, outcome};

/// The same bytes, with the bits set that are left over in the last letter.
fn with_trailing_bits(part: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(part.len() % 4, 0, "no bits are left over");
    let (rest, last) = part.split_at(part.len() - 1);
    let next = LETTERS.chars().skip_while(|letter| *letter != last.chars().next().unwrap()).nth(1);
    let other = format!("{rest}{}", next.unwrap());
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone);
    let lenient = GeneralPurpose::new(&URL_SAFE, lenient);
    assert_eq!(lenient.decode(&other).unwrap(), lenient.decode(part).unwrap());
    other
}

#[test]
fn a_part_is_base64url_in_its_one_form() {
    // Lengths that leave bits over, and letters that the two alphabets write differently.
    let header = json!({"alg": "RS256", "kid": "own-key", "x": "??~~??~~"}).to_string();
    let payload = user().to_string();
    let pad = |text: &str| text.replacen('{', &format!("{{{}", " ".repeat(4 - text.len() % 3)), 1);
    let (header, payload) = (pad(&header), pad(&payload));
    let (h, p) = (encode(&header), encode(&payload));
    let good = own().rs256_parts(&h, &p);
    let (_, s) = good.rsplit_once('.').unwrap();
    let with_signature = |signature: &str| format!("{h}.{p}.{signature}");
    let (first, second) = p.split_at(76);
    let in_lines = format!("{first}\n{second}");
    let standard = STANDARD_NO_PAD.encode(&header);
    assert_ne!(standard, h, "the alphabets differ");
    #[rustfmt::skip]
    let cases = [
        (good.clone(),                                       "ok",        "the one form"),
        (own().rs256_parts(&format!("{h}=="), &p),           "malformed", "a padded header, signed so"),
        (own().rs256_parts(&h, &format!("{p}==")),           "not ours",  "a padded payload, signed so"),
        (with_signature(&format!("{s}==")),                  "signature", "a padded signature"),
        (own().rs256_parts(&with_trailing_bits(&h), &p),     "malformed", "a header with bits left over, signed so"),
        (own().rs256_parts(&h, &with_trailing_bits(&p)),     "not ours",  "a payload with bits left over, signed so"),
        (with_signature(&with_trailing_bits(s)),             "signature", "a signature with bits left over"),
        (own().rs256_parts(&standard, &p),                   "malformed", "the other alphabet, signed so"),
        (own().rs256_parts(&format!("{h}\n"), &p),           "malformed", "a line break in the header"),
        (own().rs256_parts(&h, &in_lines), "not ours", "a payload in lines"),
        (with_signature(&format!("{s}\n")),                  "signature", "a line break behind"),
        (with_signature(&format!("{s}\r\n")),                "signature", "two of them"),
        (with_signature(&format!("{s}\0")),                  "signature", "a zero byte behind"),
        (with_signature(&format!("{s}~")),                   "signature", "a disclosure behind"),
        (with_signature(&format!("{s},{good}")),             "not ours",  "two tokens"),
        (format!("{good} {good}"),                           "not ours",  "two tokens with space between"),
        (format!(" {good}"),                                 "malformed", "space in front"),
        (format!("\t{good}"),                                "malformed", "a tab in front"),
        (format!("\u{feff}{good}"),                          "malformed", "a byte order mark in front"),
        (format!("Bearer {good}"),                           "malformed", "a scheme in front"),
        (format!("bearer:{good}"),                           "malformed", "a scheme in front"),
        (format!("\"{good}\""),                              "malformed", "quotes around"),
        (good.replacen('.', ". ", 1),                        "not ours",  "space within"),
        (good.replace('.', "\u{2024}"),                      "not ours",  "dots that only look so"),
        (good.replacen('.', "..", 1),                        "not ours",  "an empty part between"),
        (format!(".{good}"),                                 "not ours",  "an empty part in front"),
        (format!("{good}."),                                 "not ours",  "an empty part behind"),
        (format!("{good}.."),                                "not ours",  "five parts, two of them empty"),
        (format!("{h}.{}.{}.{p}.{s}", encode("key"), encode("iv")), "not ours", "an encrypted token, our claims within"),
        (json!({"protected": h, "payload": p, "signature": s}).to_string(), "not ours", "the JSON form of a signature"),
        (good.to_uppercase(),                                "not ours",  "base64 has a case"),
    ];
    for (token, expected, why) in cases {
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

#[test]
fn a_part_is_one_json_object_and_nothing_else() {
    let (header, payload) = (own().header().to_string(), user().to_string());
    let in_payload = |bytes: &[u8]| own().rs256_parts(&encode(&header), &encode(bytes));
    let in_header = |bytes: &[u8]| own().rs256_parts(&encode(bytes), &encode(&payload));
    let with = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let broken = [payload.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat();
    let inner = own().mint(|_, _| ());
    #[rustfmt::skip]
    let cases = [
        (in_payload(format!(" \r\n\t{payload} ").as_bytes()),           "ok",        "space around an object is JSON"),
        (in_payload(format!("\u{feff}{payload}").as_bytes()),           "not ours",  "a byte order mark"),
        (in_payload(format!("{payload}\0").as_bytes()),                 "not ours",  "a zero byte behind"),
        (in_payload(format!("{payload}{payload}").as_bytes()),          "not ours",  "two objects"),
        (in_payload(format!("[{payload}]").as_bytes()),                 "not ours",  "a list of it"),
        (in_payload(json!(payload).to_string().as_bytes()),             "not ours",  "the object as a string"),
        (in_payload(inner.as_bytes()),                                  "not ours",  "a token in a token"),
        (in_payload(json!({"payload": user()}).to_string().as_bytes()), "not ours",  "the claims one level down"),
        (in_payload(with(&payload, "/* */\"x\":1").as_bytes()),         "not ours",  "a comment"),
        (in_payload(payload.replace('"', "'").as_bytes()),              "not ours",  "other quotes"),
        (in_payload(payload.replacen('}', ",}", 1).as_bytes()),         "not ours",  "a comma too many"),
        (in_payload(&payload.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), "not ours", "UTF-16"),
        (in_payload(&broken),                                           "malformed", "bytes that are no UTF-8"),
        (in_payload(with(&payload, r#""x":"\ud800""#).as_bytes()),      "malformed", "half a character"),
        (in_payload(with(&payload, r#""iss":"x""#).as_bytes()),         "malformed", "two issuers"),
        (in_payload(with(&payload, r#""\u0065xp":1"#).as_bytes()),      "malformed", "`exp` twice, once escaped"),
        (in_payload(with(&payload, r#""ex\u0070":9999999999"#).as_bytes()), "malformed", "the same at its end"),
        (in_payload(with(&payload, r#""\u006f\u0069\u0064":"x""#).as_bytes()), "malformed", "`oid` twice, once all escaped"),
        (in_payload(with(&payload, r#""EXP":1"#).as_bytes()),           "ok",        "names have a case"),
        (in_payload(with(&payload, "\"exp\u{200b}\":1").as_bytes()),    "ok",        "another name that looks so"),
        (in_payload(with(&payload, r#""__proto__":{"oid":"x"}"#).as_bytes()), "ok",  "a name that means something elsewhere"),
        (in_payload(with(&payload, r#""x":{"a":[{"b":1,"\u0062":2}]}"#).as_bytes()), "malformed", "twice, deep within"),
        (in_payload(payload.replace("\"exp\"", "\"\\u0065\\u0078p\"").as_bytes()), "ok", "`exp` once, escaped"),
        (in_header(with(&header, r#""\u0061lg":"none""#).as_bytes()),   "malformed", "`alg` twice, once escaped"),
        (in_header(with(&header, r#""k\u0069d":"x""#).as_bytes()),      "malformed", "`kid` twice, once escaped"),
        (in_header(with(&header, r#""\u006awk":{}"#).as_bytes()),       "header",    "`jwk`, escaped"),
        (in_header(with(&header, r#""cri\u0074":[]"#).as_bytes()),      "header",    "`crit`, escaped"),
        (in_header(with(&header, r#""x":{"a":1,"a":1}"#).as_bytes()),   "malformed", "twice, within"),
        (in_header(format!("\u{feff}{header}").as_bytes()),             "malformed", "a byte order mark"),
        (in_header(format!("{header}{header}").as_bytes()),             "malformed", "two headers"),
        (in_header(json!(header).to_string().as_bytes()),               "malformed", "the header as a string"),
        (in_header(b"\xff{}"),                                          "malformed", "bytes that are no UTF-8"),
        (in_header(b""),                                                "malformed", "nothing"),
        (in_header(b"{}"),                                              "malformed", "an empty object"),
        (in_header(b"null"),                                            "malformed", "null"),
    ];
    for (token, expected, why) in cases {
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

#[test]
fn a_token_is_as_long_as_it_may_be_and_no_longer() {
    // base64 skips every fourth length; a longer header shifts the ones that it skips.
    let of_length = |header: usize, pad: usize| {
        own().mint(|h, payload| {
            h["pad"] = json!("x".repeat(header));
            payload["pad"] = json!("x".repeat(pad));
        })
    };
    let least = of_length(0, 0).len();
    let about = (MAX_TOKEN_LENGTH - least) / 4 * 3;
    let around = |header| (about - 3..about + 4).map(move |pad| of_length(header, pad));
    let tokens: Vec<_> = [0, 1].into_iter().flat_map(around).collect();
    let fits = |token: &String| token.len() <= MAX_TOKEN_LENGTH;
    for token in &tokens {
        let expected = if fits(token) { "ok" } else { "malformed" };
        assert_eq!(outcome(token), expected, "{}", token.len());
    }
    assert!(tokens.iter().any(|token| token.len() == MAX_TOKEN_LENGTH), "the longest that may be");
    assert!(tokens.iter().any(fits) && !tokens.iter().all(fits), "both sides of the limit");
}

#[test]
fn nesting_is_bounded_and_never_hurts() {
    let header = own().header().to_string();
    let nested = |open: &str, close: &str, levels: usize| {
        let claim = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        let payload = user().to_string().replacen('{', &format!("{{\"x\":{claim},"), 1);
        outcome(&own().rs256(&header, &payload))
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        assert_eq!(nested(open, close, 100), "ok", "deep, but not too deep");
        assert_eq!(nested(open, close, 200), "malformed", "too deep");
        assert_eq!(nested(open, close, 5_000), "malformed", "much too deep");
    }
}

#[test]
fn a_name_in_any_script_is_the_name_that_it_seems() {
    #[rustfmt::skip]
    let cases = [
        ("{\"oid\":\"x\"}",                        "ok",       "JSON in a name is just a name"),
        ("a,system:masters",                       "ok",       "not at its beginning"),
        ("system",                                 "ok",       "no colon"),
        ("system\u{ff1a}masters",                  "ok",       "a wide colon is another letter"),
        ("ｓystem:masters",                        "ok",       "a wide s is another letter"),
        ("ѕystem:masters",                         "ok",       "so is a Cyrillic one"),
        ("山田@contoso.example",                   "ok",       "another script"),
        ("😀",                                     "ok",       "beyond 16 bits"),
        ("e\u{301}",                               "ok",       "a combining accent"),
        ("\u{17f}ystem:masters",                   "username", "a long s is an s in another case"),
        ("sy\u{fb06}em:masters",                   "username", "so is the ligature of st"),
        ("SYSTEM:ADMIN",                           "username", "another case"),
        ("sYsTeM:node:x",                          "username", "both cases"),
        ("\tsystem:masters",                       "username", "a tab in front"),
        ("\tx",                                    "username", "a tab in front"),
        ("x\n",                                    "username", "a line break behind"),
        ("\u{3000}x",                              "username", "a wide space in front"),
        ("x\u{2003}",                              "username", "a long space behind"),
        ("x\u{1680}",                              "username", "a space of another script behind"),
        (" ",                                      "username", "nothing but space"),
        ("x\u{1b}[31m",                            "username", "colour on a terminal"),
        ("x\u{9b}31m",                             "username", "the same in one character"),
        ("x\r\nImpersonate-User: admin",           "username", "a header"),
        ("x\u{2028}y",                             "username", "another line break"),
        ("\u{2066}x\u{2069}",                      "username", "isolated writing direction"),
        ("x\u{ad}y",                               "username", "a hyphen that is not drawn"),
        ("x\u{feff}",                              "username", "a byte order mark behind"),
    ];
    for (name, expected, why) in cases {
        let token = own().mint(|_, payload| payload["upn"] = json!(name));
        assert_eq!(outcome(&token), expected, "{why}");
    }
}

#[test]
fn an_identity_holds_nothing_but_what_it_shows() {
    let claims = ["appid", "idtyp", "xms_mirid"];
    for name in claims {
        for text in ["a\nb", "a\0", "\u{1b}[0m", "\u{85}"] {
            let token = own().mint(|_, payload| payload[name] = json!(text));
            assert_eq!(outcome(&token), "malformed", "{name}: {text:?}");
        }
        let token = own().mint(|_, payload| payload[name] = json!(""));
        let identity = judge(&token).unwrap().unwrap();
        assert!(identity.extra.values().flatten().all(|value| !value.is_empty()), "{name}");
    }
    let token = own().mint(|_, payload| {
        remove(payload, "appid");
        payload["azp"] = json!("app\nid");
    });
    assert_eq!(outcome(&token), "malformed", "the other name of the application");
    let token = own().mint(|_, payload| payload["oid"] = json!(ALICE.to_uppercase()));
    let identity = judge(&token).unwrap().unwrap();
    assert_eq!(identity.extra["oid"], [ALICE], "one spelling for one caller");
    assert_eq!(identity.uid, ALICE);
    assert!(V1_ISSUER.contains(&identity.extra["kubentra.io/tid"][0]), "and for one tenant");
}
