//! Text as a YAML scalar.

/// Characters that never need quotes inside a value of ours. A colon is harmless because no blank
/// can follow it.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-:()".contains(c)
}

/// Renders `text` as one scalar: bare where every YAML parser agrees that it is a string, else in
/// double quotes as JSON, which is YAML too.
pub(super) fn scalar(text: &str) -> String {
    let starts_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    // A string that holds a slash, a dash or two dots or colons is no number, date or boolean here:
    // values are paths, addresses, URLs and GUIDs.
    if starts_plain && text.chars().all(is_plain) && !text.ends_with(':') {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_text_goes_without_quotes() {
        #[rustfmt::skip]
        let cases = [
            ("/etc/kubernetes/kubentra", "/etc/kubernetes/kubentra",     "a path"),
            ("127.0.0.1:8443",           "127.0.0.1:8443",               "an address"),
            ("[::1]:8443",               r#""[::1]:8443""#,              "a bracket begins a list"),
            ("/tmp/a b",                 r#""/tmp/a b""#,                "a blank could begin a comment"),
            ("/tmp/a#b: c",              r#""/tmp/a#b: c""#,             "comment and key"),
            ("/tmp/\"q\"",               r#""/tmp/\"q\"""#,              "quotes are escaped"),
            ("/tmp/\\n",                 r#""/tmp/\\n""#,                "and so are backslashes"),
            ("/tmp/é",                   r#""/tmp/é""#,                  "beyond ASCII"),
            ("/tmp/x:",                  r#""/tmp/x:""#,                 "a colon at the end is a key"),
            ("",                         r#""""#,                        "nothing"),
        ];
        for (text, expected, why) in cases {
            assert_eq!(scalar(text), expected, "{why}");
            let back: String = serde_saphyr::from_str(&scalar(text)).unwrap();
            assert_eq!(back, text, "{why}");
        }
    }
}
