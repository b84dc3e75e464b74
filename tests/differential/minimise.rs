//! Makes a case smaller while the two sides still differ, and prints it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::case::{Case, FOLDERS};

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

/// The case as a conformance case, with its policy before it. JSON is YAML too.
pub(crate) fn print(case: &Case) -> String {
    let mut text = String::new();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    for (key, value) in case.setting.as_object().into_iter().flatten() {
        let _ = writeln!(text, "# setting: {key}: {value}");
    }
    let _ = writeln!(text, "# now: {} ns since 1970", case.now);
    for folder in FOLDERS {
        for (number, document) in case.of(folder).iter().enumerate() {
            let _ = writeln!(text, "# policy/{folder}/{number}.json");
            pretty(document).lines().for_each(|line| {
                let _ = writeln!(text, "#   {line}");
            });
        }
    }
    let review = pretty(&case.review).replace('\n', "\n  ");
    let _ = writeln!(text, "description: \nsource: semantics §\npolicy: \nreview:\n  {review}");
    text
}
