//! The comparison held against answers that are wrong on purpose: a harness that cannot fail proves
//! nothing.

use crate::case::{Answer, Case, FOLDERS};
use crate::compare::Twist;
use crate::conformance;
use crate::print;
use crate::run::{self, Plan};

/// What an engine could get wrong, and where a case that shows it must have a document.
const WRONG: [(&str, Twist, &[&str]); 6] = [
    ("a deny is missed", deny_missed, &["denyAssignments"]),
    ("a refusal allows", refusal_allows, &[]),
    ("another assignment is named", other_named, &["roleAssignments"]),
    ("the group is not named", group_unnamed, &["roleAssignments"]),
    ("an end is left out", endless, &["roleAssignments", "roleAssignmentScheduleInstances"]),
    ("a needed action is left out", less_needed, &[]),
];

fn deny_missed(_: &Case, answer: Answer) -> Answer {
    if answer.via.starts_with("denyAssignment") {
        return Answer::new("noOpinion", "ungranted");
    }
    answer
}

fn refusal_allows(_: &Case, mut answer: Answer) -> Answer {
    if answer.via == "ungranted" {
        answer.outcome = "allow";
    }
    answer
}

fn other_named(_: &Case, mut answer: Answer) -> Answer {
    if answer.via.starts_with("roleAssignment") {
        answer.via = answer.via.replace("000a", "000b").replace("-000000000000", "-100000000000");
    }
    answer
}

fn group_unnamed(_: &Case, mut answer: Answer) -> Answer {
    if let Some((id, _)) = answer.via.split_once(" through ") {
        answer.via = id.to_owned();
    }
    answer
}

fn endless(_: &Case, mut answer: Answer) -> Answer {
    if let Some((role, _)) = answer.more.split_once(" until ") {
        answer.more = role.to_owned();
    }
    answer
}

fn less_needed(_: &Case, mut answer: Answer) -> Answer {
    if let Some((_, rest)) = answer.more.split_once(", ") {
        answer.more = rest.to_owned();
    }
    answer
}

fn plan(twist: Twist) -> Plan {
    Plan { cases: 3000, seed: 7, twist, most_differences: 1, shown: false }
}

/// Each wrong answer is found within few cases, by a case that has nothing to spare.
pub(crate) fn finds_wrong_answers() -> Result<(), String> {
    for (what, twist, needed) in WRONG {
        let outcome = run::run(plan(twist));
        let Some((difference, case)) = outcome.differences.first() else {
            return Err(format!("{what}, and 3000 cases do not show it"));
        };
        for folder in FOLDERS {
            let count = case.of(folder).len();
            // A role that stands in a file may be needed besides.
            let most = usize::from(needed.contains(&folder));
            let least = if folder == "roleAssignments" { 0 } else { most };
            let most = if folder == "roleDefinitions" { 1 } else { most };
            if !(least..=most).contains(&count) {
                let shown = print::difference(difference, case, 7);
                return Err(format!("{what}: {count} documents in {folder} are left:\n{shown}"));
            }
        }
    }
    Ok(())
}

/// What is printed can be read as a case, and asks for what the reference said.
pub(crate) fn prints_cases() -> Result<(), String> {
    let outcome = run::run(plan(deny_missed));
    let (difference, case) = outcome.differences.first().ok_or("no difference")?;
    let read = conformance::parse("found", &print::yaml(&difference.expected, case));
    let [read] = read.as_slice() else { return Err("it is not one case".to_owned()) };
    let via = read.expect.via.as_ref().and_then(|via| via.deny_assignment.as_deref());
    match via {
        Some(id) if difference.expected.via.ends_with(id) => Ok(()),
        _ => Err(print::difference(difference, case, 7)),
    }
}
