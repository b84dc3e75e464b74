//! Text of a request, made fit to be shown.

/// Longest text of a request that is shown, in characters. Azure's own actions stay below 200.
const MAX_SHOWN: usize = 512;

/// Whether a character ends a line, or does other than being drawn: what holds one does not go on a line
/// of ours. Unicode's two separators end a line without being control characters.
pub(crate) fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// `text` on one line of bounded length, with nothing in it that could pass for words of ours: a
/// reason ends up in terminals, logs and audit records, and names in a request can hold anything
/// (semantics §9).
pub(super) fn one_line(text: &str) -> String {
    // As nearly every name: nothing to look up, nothing to change. Every review comes here twice.
    let usual = |b: u8| b != b'`' && (b == b' ' || b.is_ascii_graphic());
    if text.len() <= MAX_SHOWN && text.bytes().all(usual) {
        return text.to_owned();
    }
    let plain = |c: char| c != '`' && (c == ' ' || !(c.is_control() || c.is_whitespace()));
    let mut shown = String::with_capacity(text.len().min(MAX_SHOWN));
    for (count, c) in text.chars().enumerate() {
        if count == MAX_SHOWN {
            shown.push('…');
            break;
        }
        if plain(c) && c.escape_debug().len() == 1 || matches!(c, '\'' | '"' | '\\') {
            shown.push(c);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_line_without_quotes_of_ours() {
        #[rustfmt::skip]
        let cases = [
            ("pods/read",            "pods/read",               "the usual"),
            ("a 'b' \"c\" \\d",      "a 'b' \"c\" \\d",         "other quotes stay"),
            ("größe/*",              "größe/*",                 "letters of all scripts"),
            ("a\nallowed by role",  "a\\u{a}allowed by role",    "a line break"),
            ("a\u{1b}[31m",         "a\\u{1b}[31m",            "a terminal's escape"),
            ("`x`",                  "\\u{60}x\\u{60}",         "our quotes"),
            ("`",                    "\\u{60}",                 "nothing but a quote of ours"),
            ("a\u{202e}b",          "a\\u{202e}b",             "a change of direction"),
            ("a\u{2028}b",          "a\\u{2028}b",             "another line break"),
        ];
        for (text, expected, why) in cases {
            assert_eq!(one_line(text), expected, "{why}");
        }
        assert_eq!(one_line(&"a".repeat(MAX_SHOWN)), "a".repeat(MAX_SHOWN));
        assert_eq!(one_line(&"a".repeat(9999)).chars().count(), MAX_SHOWN + 1);
    }
}
