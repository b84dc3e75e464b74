//! Patterns of actions (semantics §4.4), by taking them apart at their `*`.

use std::collections::HashSet;

/// Stands in an action for something that only a `*` of a pattern may match: the `*` of a question
/// (semantics §2.6), the name of a resource asked for with an unknown verb (§2.3), the rest of an
/// odd request. No request and no policy of the generator holds this character.
pub(crate) const HOLE: char = '\u{e000}';

/// Says whether `pattern` matches the whole of `text` (semantics §4.4): without regard to letter
/// case, each `*` any run of characters. No other character of a pattern matches a [`HOLE`].
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| after_star(rest, text)),
    }
}

/// The same for what follows a `*`: it may begin anywhere in `text`.
fn after_star(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => text.ends_with(pattern),
        // The first place where the next literal stands leaves the most text to the next star.
        Some((literal, rest)) => {
            text.split_once(literal).is_some_and(|(_, text)| after_star(rest, text))
        }
    }
}

/// Says whether some text is matched by both patterns (semantics §2.6: "can match anything that the
/// request pattern matches").
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let fold = |text: &str| text.to_ascii_lowercase().chars().collect::<Vec<_>>();
    meet(&fold(one), &fold(other), &mut HashSet::new())
}

/// [`overlap`] of two ends. `failed` holds the lengths of ends that are known not to meet.
fn meet(one: &[char], other: &[char], failed: &mut HashSet<(usize, usize)>) -> bool {
    let here = (one.len(), other.len());
    if failed.contains(&here) {
        return false;
    }
    let met = match (one, other) {
        ([], []) => true,
        // A star stands for nothing, or for one more character of the other pattern.
        (['*', rest @ ..], _) if meet(rest, other, failed) => true,
        (_, ['*', rest @ ..]) if meet(one, rest, failed) => true,
        (['*', ..], [_, rest @ ..]) => meet(one, rest, failed),
        ([_, rest @ ..], ['*', ..]) => meet(rest, other, failed),
        ([a, one @ ..], [b, other @ ..]) => a == b && meet(one, other, failed),
        ([], _) | (_, []) => false,
    };
    if !met {
        failed.insert(here);
    }
    met
}
