//! Lines that fit: for whoever shows a tour.

/// Breaks `text` into lines of at most `width` characters, between words. A word that is longer is
/// broken after a slash, or where it must be.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let room = width.saturating_sub(length(&line) + 1);
        if !line.is_empty() && length(word) <= room {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut pieces = pieces(word, width);
        line = pieces.pop().unwrap_or_default();
        lines.append(&mut pieces);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces of at most `width` characters.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for part in word.split_inclusive('/') {
        let part: Vec<char> = part.chars().collect();
        for part in part.chunks(width) {
            match pieces.last_mut() {
                Some(last) if length(last) + part.len() <= width => last.extend(part),
                _ => pieces.push(part.iter().collect()),
            }
        }
    }
    pieces
}

/// The same lines below each other, each after `indent` blanks and in `style`.
pub fn block(text: &str, indent: usize, width: usize, style: anstyle::Style) -> String {
    let lines = wrap(text, width.saturating_sub(indent));
    lines.iter().map(|line| format!("{:indent$}{style}{line}{style:#}\n", "")).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_then_after_slashes_then_anywhere() {
        #[rustfmt::skip]
        let cases: &[(&str, usize, &[&str], &str)] = &[
            ("",              5, &[],                        "nothing"),
            ("one two three", 7, &["one two", "three"],      "between words"),
            ("one two",       7, &["one two"],               "just fits"),
            ("a ab/cd/ef g",  6, &["a", "ab/cd/", "ef g"],   "after a slash"),
            ("abcdefgh",      3, &["abc", "def", "gh"],      "where it must"),
            ("äöüß äö",       4, &["äöüß", "äö"],            "characters, not bytes"),
            ("abc",           0, &["a", "b", "c"],           "no room at all"),
        ];
        for (text, width, lines, why) in cases {
            assert_eq!(wrap(text, *width), *lines, "{why}");
        }
    }
}
