//! Conditions of the whole grammar, and such that do not parse.

use serde_json::{Map, Value, json};

use super::documents::DATES;
use super::random::Random;
use super::request::Hot;
use super::scene::Scene;

/// Puts a condition into the members of an assignment or a permission.
pub(crate) fn add(members: &mut Map<String, Value>, scene: &Scene, random: &mut Random) {
    let text = match random.below(20) {
        0 => random.pick(&["", "  ", "\n"]).to_owned(),
        1..=5 => idiom(scene, random),
        _ => expression(scene, 2, random),
    };
    let text = if random.chance(15) { corrupt(&text, random) } else { text };
    members.insert("condition".to_owned(), json!(text));
    let version = if random.chance(95) { "2.0" } else { random.pick(&["1.0", "2", "3.0"]) };
    if !random.chance(3) {
        members.insert("conditionVersion".to_owned(), json!(version));
    }
}

/// The form that Azure's own editor writes: not this action, or these attributes.
fn idiom(scene: &Scene, random: &mut Random) -> String {
    let action = scene.pattern(random);
    let attributes = random.between(1, 2);
    let attributes: Vec<_> = (0..attributes).map(|_| comparison(scene, random)).collect();
    let attributes = attributes.join(" AND ");
    format!("(\n (\n  !(ActionMatches{{'{action}'}})\n )\n OR \n (\n  {attributes}\n )\n)")
}

fn expression(scene: &Scene, depth: usize, random: &mut Random) -> String {
    let count = if depth == 0 { 1 } else { random.one(&[1, 1, 2, 2, 3]) };
    let joint = random.pick(&["AND", "&&", "OR", "||"]);
    let mut text = operand(scene, depth, random);
    for _ in 1..count {
        // AND and && mix as they like; AND and OR do not.
        let joint = match joint {
            _ if random.chance(3) => random.pick(&["AND", "OR"]),
            "AND" if random.chance(20) => "&&",
            "||" if random.chance(20) => "OR",
            joint => joint,
        };
        let space = random.pick(&[" ", " ", "\n", "\t "]);
        text = format!("{text}{space}{joint}{space}{}", operand(scene, depth, random));
    }
    text
}

fn operand(scene: &Scene, depth: usize, random: &mut Random) -> String {
    let not = match random.below(10) {
        0 => "!",
        1 => "NOT ",
        2 => "! ",
        _ => "",
    };
    let inner = if depth > 0 && random.chance(40) {
        let space = random.pick(&["", " "]);
        format!("({space}{}{space})", expression(scene, depth - 1, random))
    } else {
        atom(scene, random)
    };
    format!("{not}{inner}")
}

fn atom(scene: &Scene, random: &mut Random) -> String {
    match random.below(12) {
        0..=3 => {
            let action = scene.pattern(random);
            format!("ActionMatches{{'{action}'}}")
        }
        4 => "SubOperationMatches{'Blob.List'}".to_owned(),
        5 | 6 => format!("Exists {}", attribute(random)),
        _ => comparison(scene, random),
    }
}

const NOW: &str = "@Environment[UtcNow]";
const NOON: [&str; 3] =
    ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.0Z", "2026-11-22T12:00:00.0000000Z"];
const NAMES: [&str; 6] = [
    "@Request[Microsoft.ContainerService/managedClusters/customResources:group]",
    "@Request[Microsoft.ContainerService/managedClusters/customResources:kind]",
    "@Request[Microsoft.ContainerService/managedClusters/customResources:group]",
    "@Request[Microsoft.ContainerService/managedClusters/customResources:kind]",
    "@Request[Microsoft.ContainerService/managedClusters/resources:subresource]",
    NOW,
];
/// Attributes that no request has.
const MISSING: [&str; 7] = [
    "@Resource[Microsoft.ContainerService/managedClusters/customResources:kind]",
    "@Request[Microsoft.ContainerService/managedClusters/customresources:kind]",
    "@Request[microsoft.containerservice/managedClusters/customResources:group]",
    "@Request[Microsoft.ContainerService/fleets/customResources:group]",
    "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project]",
    "@Environment[isPrivateLink]",
    "@Environment[utcNow]",
];

fn any_attribute(random: &mut Random) -> String {
    attribute(random).to_owned()
}

fn attribute(random: &mut Random) -> &'static str {
    if random.chance(93) { random.pick(&NAMES) } else { random.pick(&MISSING) }
}

/// A comparison; now and then of things that do not go together.
fn comparison(scene: &Scene, random: &mut Random) -> String {
    let family = match random.below(20) {
        0..=9 => "String",
        10..=13 => "DateTime",
        14 | 15 => "Numeric",
        16 | 17 => "Guid",
        _ => "Bool",
    };
    let quantifier = if random.chance(25) {
        random.pick(&[
            "ForAnyOfAnyValues:",
            "ForAllOfAnyValues:",
            "ForAnyOfAllValues:",
            "ForAllOfAllValues:",
        ])
    } else {
        ""
    };
    let operator = match family {
        "String" => {
            let test = match quantifier {
                "" => random.pick(&["Equals", "StartsWith", "Like"]),
                _ => random.pick(&["Equals", "Equals", "Like", "Like", "StartsWith"]),
            };
            let not = if random.chance(45) { "Not" } else { "" };
            let ignore = if random.chance(45) { "IgnoreCase" } else { "" };
            format!("String{not}{test}{ignore}")
        }
        "Bool" | "Guid" => format!("{family}{}", random.pick(&["Equals", "NotEquals"])),
        family => format!(
            "{family}{}",
            random.pick(&[
                "Equals",
                "NotEquals",
                "LessThan",
                "LessThanEquals",
                "GreaterThan",
                "GreaterThanEquals"
            ])
        ),
    };
    let values = if random.chance(95) { family } else { random.pick(&FAMILIES) };
    let attribute = match family {
        "String" if random.chance(85) => Some(attribute(random)),
        "DateTime" if random.chance(80) => Some(NOW),
        _ => None,
    };
    let written = |random: &mut Random| match quantifier {
        "" => literal(values, attribute, scene, random),
        _ => set(values, attribute, scene, random),
    };
    let left = attribute.map_or_else(|| written(random), str::to_owned);
    let right = if random.chance(4) { any_attribute(random) } else { written(random) };
    // Literals may stand on the left.
    let (left, right) = if random.chance(10) { (right, left) } else { (left, right) };
    format!("{left} {quantifier}{operator} {right}")
}

const FAMILIES: [&str; 5] = ["String", "DateTime", "Numeric", "Guid", "Bool"];

fn set(family: &str, beside: Option<&str>, scene: &Scene, random: &mut Random) -> String {
    let values: Vec<_> =
        (0..random.between(1, 3)).map(|_| literal(family, beside, scene, random)).collect();
    format!("{{{}}}", values.join(random.pick(&[",", ", "])))
}

/// A value of a family; a text mostly one that the attribute beside it can have.
fn literal(family: &str, beside: Option<&str>, scene: &Scene, random: &mut Random) -> String {
    match family {
        "String" => {
            let beside = beside.unwrap_or_default();
            let word = match scene.request(random) {
                Hot::Resource([_, group, ..]) if beside.ends_with(":group]") => group,
                Hot::Resource([_, _, resource, ..]) if beside.ends_with(":kind]") => resource,
                Hot::Resource([_, _, _, subresource, ..]) => subresource,
                Hot::Path(_) => "widgets",
            };
            let word = if random.chance(80) {
                word
            } else {
                random.pick(&["widgets", "example.com", "log", "a*c", "pods"])
            };
            let word = match random.below(12) {
                0 => format!("{}*", word.chars().take(2).collect::<String>()),
                1 => word.replacen(['o', 'e'], "?", 1),
                2 => format!("*{}", word.chars().skip(1).collect::<String>()),
                3 => word.replacen('*', "\\*", 1),
                4 => word.chars().take(3).collect(),
                _ => word.to_owned(),
            };
            format!("'{}'", random.recase(&word, 15))
        }
        // Half of them are noon, in one notation or another.
        "DateTime" if random.chance(50) => format!("'{}'", random.pick(&NOON)),
        "DateTime" => format!("'{}'", random.pick(&DATES)),
        "Numeric" if random.chance(60) => random.pick(&["10", "010"]).to_owned(),
        "Numeric" => random.pick(&["0", "10", "-3", "007", "9223372036854775807"]).to_owned(),
        "Guid" => {
            let guid = random.pick(&[
                "a0000000-0000-4000-8000-00000000000a",
                "a0000000-0000-4000-8000-00000000000b",
            ]);
            let guid = random.recase(guid, 30);
            if random.chance(50) { guid } else { format!("'{guid}'") }
        }
        _ => random.pick(&["true", "false"]).to_owned(),
    }
}

/// One change that most often makes a condition mean nothing.
fn corrupt(text: &str, random: &mut Random) -> String {
    let (from, to) = random.one(&[
        ("AND", "and"),
        ("OR", "or"),
        ("NOT", "not"),
        ("(", ""),
        (")", ""),
        ("'", ""),
        ("{", ""),
        ("}", ""),
        ("[", ""),
        ("]", ""),
        ("@", ""),
        ("@Request", "@request"),
        ("@Request", "@Subject"),
        ("String", "Text"),
        ("Equals", "equals"),
        ("Equals", "Is"),
        ("ForAny", "ForSome"),
        ("Exists", "exists"),
        ("Exists ", ""),
        ("ActionMatches", "actionMatches"),
        ("ActionMatches{'", "ActionMatches('"),
        ("SubOperationMatches", "SubOperationMatches{'x'} SubOperationMatches"),
        ("10", "1.5"),
        ("true", "True"),
        ("&&", "&"),
        ("||", "|"),
        ("!", "!!"),
        ("String", "ForAnyOfAnyValues:String"),
        ("ForAnyOfAnyValues:", ""),
        ("{'", "'"),
        ("", "x "),
        ("", "("),
    ]);
    if from.is_empty() || !text.contains(from) || random.chance(30) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = random.below(chars.len().max(1));
        // Which characters the name of an attribute may have is nowhere said.
        let in_name = chars.iter().take(at).rev().find(|c| matches!(c, '[' | ']')) == Some(&'[');
        match random.below(if in_name { 5 } else { 6 }) {
            0 => return format!("{text} {to}"),
            1 => return format!("{text} AND"),
            2 => chars.truncate(at),
            _ if chars.is_empty() => {}
            3 => {
                chars.remove(at);
            }
            4 => chars.insert(at, chars[at]),
            _ => {
                let more =
                    random.one(&[' ', '(', ')', '\'', '!', ',', '{', '}', '0', '-', '"', ':']);
                chars.insert(at, more);
            }
        }
        return chars.into_iter().collect();
    }
    text.replacen(from, to, 1)
}
