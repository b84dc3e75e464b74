//! Holds the table of limits in SECURITY.md to the constants that it names.

use std::fs;
use std::path::Path;

/// A row of the table, by what the reader sees and by what the code says.
struct Row {
    what: String,
    limit: String,
    constants: Vec<String>,
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

fn rows() -> Vec<Row> {
    let text = read("SECURITY.md").unwrap();
    let (_, section) = text.split_once("\n## Limits\n").unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [what, limit, _, constants] = cells[..] else { panic!("four cells: {line}") };
            Row {
                what: what.to_owned(),
                limit: limit.to_owned(),
                constants: constants.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// What a unit is worth: bytes and counts as they are, times in milliseconds.
fn unit(word: &str) -> f64 {
    match word {
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        _ => 1.0,
    }
}

/// The quantities that a cell names, less what stands in parentheses.
fn quantities(cell: &str) -> Vec<f64> {
    let cell = cell.split('(').next().unwrap_or_default();
    let words: Vec<&str> = cell.split_whitespace().collect();
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if let Ok(number) = word.replace(',', "").parse::<f64>() {
            // `64, 1,000` are two numbers, and the first has no unit.
            let next = words.get(index + 1).filter(|_| !word.ends_with(','));
            found.push(number * next.map_or(1.0, |next| unit(next.trim_end_matches(','))));
        }
    }
    found
}

/// The value of an expression such as `16 << 20`, `10 * 60`, `256..=1024` or
/// `Duration::from_mins(10)`; none for anything else.
fn values(expression: &str) -> Option<Vec<f64>> {
    let expression = expression.trim();
    if let Some((low, high)) = expression.split_once("..=") {
        return Some([values(low)?, values(high)?].concat());
    }
    if let Some(call) = expression.strip_prefix("Duration::from_") {
        let (name, argument) = call.strip_suffix(')')?.split_once('(')?;
        let worth = match name {
            "millis" => 1.0,
            "secs" => unit("s"),
            "mins" => unit("min"),
            "hours" => unit("h"),
            _ => return None,
        };
        return Some(values(argument)?.into_iter().map(|value| value * worth).collect());
    }
    if let Some((left, right)) = expression.split_once("<<") {
        let (left, right) = (values(left)?, values(right)?);
        return Some(vec![left.first()? * right.first()?.exp2()]);
    }
    let factors = expression.split('*').map(|factor| factor.trim().replace('_', "").parse::<f64>());
    Some(vec![factors.collect::<Result<Vec<_>, _>>().ok()?.iter().product()])
}

/// The value of `a::b::NAME`: a constant of `src/a/b.rs`, or a member that a default gives there.
fn constant(path: &str) -> Result<Vec<f64>, String> {
    let (module, name) = path.rsplit_once("::").ok_or("it has no module")?;
    let file = format!("src/{}.rs", module.replace("::", "/"));
    let code = read(&file).ok_or_else(|| format!("there is no {file}"))?;
    let mut found = code.lines().filter_map(|line| {
        let (before, after) = line.split_once(&format!("{name}: "))?;
        match before.trim() {
            "" => values(after.strip_suffix(',')?),
            before if before.ends_with("const") => {
                values(after.split_once(" = ")?.1.strip_suffix(';')?)
            }
            _ => None,
        }
    });
    let value = found.next().ok_or_else(|| format!("{file} gives `{name}` no value"))?;
    if found.next().is_some() {
        return Err(format!("{file} gives `{name}` more than one value"));
    }
    Ok(value)
}

#[test]
fn every_limit_that_is_written_down_is_the_one_in_force() {
    let mut wrong = Vec::new();
    let rows = rows();
    assert!(rows.len() > 30, "SECURITY.md lost its table: found {} rows", rows.len());
    for Row { what, limit, constants } in rows {
        let real: Result<Vec<Vec<f64>>, String> =
            constants.iter().map(|path| constant(path)).collect();
        match real {
            Ok(real) if !real.is_empty() && real.concat() == quantities(&limit) => {}
            Ok(real) => wrong.push(format!("{what}: `{limit}` is not {real:?} of {constants:?}")),
            Err(error) => wrong.push(format!("{what}: {constants:?}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "mend the table in SECURITY.md:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_limit_of_the_listeners_is_written_down() {
    let code = read("src/server/limits.rs").unwrap();
    let (_, fields) = code.split_once("pub struct Limits {").unwrap();
    let (fields, _) = fields.split_once("\n}").unwrap();
    let named: Vec<String> = rows().into_iter().flat_map(|row| row.constants).collect();
    for line in fields.lines().filter_map(|line| line.trim().strip_prefix("pub ")) {
        let path = format!("server::limits::{}", line.split_once(':').unwrap().0);
        assert!(named.contains(&path), "give `{path}` a row in the table of SECURITY.md");
    }
}

#[test]
fn quantities_and_values_are_read_alike() {
    #[rustfmt::skip]
    let cases = [
        // (in the table,                          in the code,                    why)
        ("1 MiB",                                  "1024 * 1024",                  "a product"),
        ("16 MiB",                                 "16 << 20",                     "a shift"),
        ("1,000,000",                              "1_000_000",                    "both kinds of separators"),
        ("2.8 s",                                  "Duration::from_millis(2_800)", "a fraction"),
        ("10 min",                                 "Duration::from_secs(10 * 60)", "minutes in seconds"),
        ("up to 24 h",                             "Duration::from_hours(24)",     "hours"),
        ("256 to 1,024 bytes (2048 to 8192 bits)", "256..=1024",                   "a range, and a remark"),
    ];
    for (cell, expression, why) in cases {
        assert_eq!(values(expression).as_deref(), Some(&quantities(cell)[..]), "{why}");
    }
    assert_eq!(quantities("64, 1,000 lines"), [64.0, 1000.0]);
    assert_eq!(values("Duration::MAX"), None);
}
