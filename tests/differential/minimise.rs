//! Makes a case smaller while the two sides still differ.

use serde_json::Value;

use crate::case::Case;

/// Leaves out documents, members and elements of lists for as long as `differs` holds.
pub(crate) fn minimise(case: &Case, differs: &dyn Fn(&Case) -> bool) -> Case {
    let mut best = case.clone();
    loop {
        let before = size(&best);
        for part in ["/documents", "/review", "/setting"] {
            best = smaller(best, part, differs);
        }
        if size(&best) == before {
            return best;
        }
    }
}

fn size(case: &Case) -> usize {
    [&case.documents, &case.review, &case.setting].map(|part| part.to_string().len()).iter().sum()
}

fn part_mut<'a>(case: &'a mut Case, part: &str) -> &'a mut Value {
    match part {
        "/documents" => &mut case.documents,
        "/review" => &mut case.review,
        _ => &mut case.setting,
    }
}

/// Tries to leave out each place below `part`, the large ones first.
fn smaller(mut best: Case, part: &str, differs: &dyn Fn(&Case) -> bool) -> Case {
    let mut pending = children(part_mut(&mut best, part), "");
    while let Some(pointer) = pending.pop() {
        let mut tried = best.clone();
        if remove(part_mut(&mut tried, part), &pointer) && differs(&tried) {
            best = tried;
        } else if let Some(inner) = part_mut(&mut best, part).pointer(&pointer) {
            pending.extend(children(inner, &pointer));
        }
    }
    best
}

/// The pointers to the members or elements of a value. Elements are left out from the last to the
/// first, so that the pointers of the others stay right.
fn children(value: &Value, pointer: &str) -> Vec<String> {
    let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) => {
            members.keys().map(|name| format!("{pointer}/{}", escape(name))).collect()
        }
        Value::Array(list) => (0..list.len()).map(|i| format!("{pointer}/{i}")).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn remove(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return false };
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&last.replace("~1", "/").replace("~0", "~")).is_some()
        }
        Some(Value::Array(list)) => match last.parse() {
            Ok(index) if index < list.len() => {
                list.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
