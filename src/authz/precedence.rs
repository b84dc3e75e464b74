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
