//! Which of several a reason names.

use std::cmp::Ordering;

use super::scope::Scope;

/// Which of two is named: the longer scope, then the smaller id (semantics §9).
pub(super) fn precedence(left: (&Scope, &str), right: (&Scope, &str)) -> Ordering {
    let length = |scope: &Scope| scope.folded().len();
    length(right.0).cmp(&length(left.0)).then_with(|| folded(left.1).cmp(folded(right.1)))
}

fn folded(id: &str) -> impl Iterator<Item = u8> + '_ {
    id.bytes().map(|b| b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_scope_comes_first_and_then_the_smaller_id_in_any_case() {
        let scope = |text: &str| text.parse::<Scope>().unwrap();
        let (root, group) = (scope("/"), scope("/subscriptions/s/resourceGroups/g"));
        #[rustfmt::skip]
        let cases = [
            // (left,         right,         expected,          why)
            ((&group, "b"),   (&root, "a"),  Ordering::Less,    "the longer scope, whatever the ids"),
            ((&root, "a"),    (&group, "b"), Ordering::Greater, "the same the other way round"),
            ((&root, "a"),    (&root, "B"),  Ordering::Less,    "the smaller id"),
            ((&root, "B"),    (&root, "a"),  Ordering::Greater, "the same the other way round"),
            ((&root, "a"),    (&root, "ab"), Ordering::Less,    "a beginning is smaller"),
            ((&root, "A/1"),  (&root, "a/1"), Ordering::Equal,  "case is ignored"),
        ];
        for (left, right, expected, why) in cases {
            assert_eq!(precedence(left, right), expected, "{why}: {left:?} {right:?}");
        }
    }
}
