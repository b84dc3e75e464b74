//! `StringLike`: `*` is any run of characters, `?` any one, `\*` and `\?` are themselves.

use std::str::Chars;

use super::operators::Case;

/// One part of a pattern.
enum Piece {
    /// `*`.
    Run,
    /// `?`.
    One,
    /// A character that stands for itself. A backslash does, too, before anything but `*` and `?`.
    Character(char),
}

/// Says whether all of `text` matches `pattern`. At most `pattern.len() * text.len()` steps: only
/// the last `*` seen ever needs to take more.
pub(super) fn matches(pattern: &str, text: &str, case: Case) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut last_run: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let mut behind = pattern.clone();
        let mut ahead = text.clone();
        let fits = match (next_piece(&mut behind), ahead.next()) {
            (Some(Piece::Run), _) => {
                last_run = Some((behind.clone(), text.clone()));
                pattern = behind;
                continue;
            }
            (None, None) => return true,
            // Nothing is left that a `*` could give back.
            (Some(_), None) => return false,
            (Some(Piece::One), Some(_)) => true,
            (Some(Piece::Character(expected)), Some(found)) => same(expected, found, case),
            (None, Some(_)) => false,
        };
        if fits {
            (pattern, text) = (behind, ahead);
            continue;
        }
        // The last `*` takes one character more.
        let Some((after, from)) = &mut last_run else { return false };
        from.next();
        (pattern, text) = (after.clone(), from.clone());
    }
}

fn next_piece(pattern: &mut Chars<'_>) -> Option<Piece> {
    Some(match pattern.next()? {
        '*' => Piece::Run,
        '?' => Piece::One,
        '\\' => {
            let mut behind = pattern.clone();
            match behind.next() {
                Some(escaped @ ('*' | '?')) => {
                    *pattern = behind;
                    Piece::Character(escaped)
                }
                _ => Piece::Character('\\'),
            }
        }
        character => Piece::Character(character),
    })
}

fn same(left: char, right: char, case: Case) -> bool {
    match case {
        Case::Exact => left == right,
        Case::Ignored => left.eq_ignore_ascii_case(&right),
    }
}
