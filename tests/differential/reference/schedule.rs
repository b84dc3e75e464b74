//! Schedules (semantics §4.6; contract, "Policy directory").

use serde_json::Value;

use super::reached;
use super::world::{World, text};

/// Nanoseconds since 1970, UTC.
pub(crate) type Instant = i128;

/// The last instant that can be held: a later date in the last two days of the year 9999 is this one.
const LAST: Instant = 253_402_207_200_999_999_999;

/// Every assignment of a policy, with the instances that bound it; none is no bound.
pub(crate) fn assignments(world: &World) -> Vec<(&Value, Vec<&Value>)> {
    let naming = |plain| world.instances.iter().filter(|one| bounds(one, plain)).collect();
    let mut all: Vec<(&Value, Vec<&Value>)> =
        world.assignments.iter().map(|plain| (plain, naming(plain))).collect();
    // One that names no plain assignment at hand is an assignment by itself, if Direct.
    for instance in &world.instances {
        let by_itself = matches!(text(instance, "memberType"), None | Some("Direct"))
            && !world.assignments.iter().any(|plain| bounds(instance, plain));
        if by_itself {
            all.push((instance, vec![instance]));
        }
    }
    all
}

/// Says whether an instance's `originRoleAssignmentId` names a plain assignment: ids compare without
/// regard to case.
fn bounds(instance: &Value, plain: &Value) -> bool {
    text(instance, "originRoleAssignmentId")
        .is_some_and(|origin| origin.eq_ignore_ascii_case(text(plain, "id").unwrap()))
}

/// Says whether an assignment that would grant is in force: without instances always, else while one
/// of them is.
pub(crate) fn in_force(instances: &[&Value], now: Instant) -> bool {
    if instances.is_empty() {
        return true;
    }
    let in_force = instances.iter().any(|one| is_running(one, now));
    let what = if in_force { "allow" } else { "not" };
    reached(what, if instances.len() == 1 { "§4.6 bounded" } else { "§4.6 bounded by several" });
    for instance in instances {
        count_edges(instance, what, now);
    }
    in_force
}

/// The first moment after `now` at which an assignment in force no longer is; none if that never comes.
pub(crate) fn end(instances: &[&Value], now: Instant) -> Option<Instant> {
    let mut ends: Vec<_> = instances.iter().filter_map(|one| edge(one, "endDateTime")).collect();
    ends.sort_unstable();
    ends.into_iter().find(|end| *end > now && !instances.iter().any(|one| is_running(one, *end)))
}

/// Provisioned or without a status, and start ≤ now < end; a missing start or end is no bound.
fn is_running(instance: &Value, now: Instant) -> bool {
    matches!(text(instance, "status"), None | Some("Provisioned"))
        && edge(instance, "startDateTime").is_none_or(|start| start <= now)
        && edge(instance, "endDateTime").is_none_or(|end| now < end)
}

fn edge(instance: &Value, name: &str) -> Option<Instant> {
    text(instance, name).map(|date| parse(date).unwrap().min(LAST))
}

/// Counts how near the edges of an instance were, for the statistics.
fn count_edges(instance: &Value, what: &'static str, now: Instant) {
    let near = |name: &str, rules: [&'static str; 5]| {
        let rule = match edge(instance, name).map(|edge| now - edge) {
            Some(0) => rules[0],
            Some(-1) => rules[1],
            Some(1) => rules[2],
            Some(-1_000_000_000) => rules[3],
            Some(1_000_000_000) => rules[4],
            _ => return,
        };
        reached(what, rule);
    };
    near(
        "startDateTime",
        [
            "§4.6 at the start",
            "§4.6 1 ns before the start",
            "§4.6 1 ns after the start",
            "§4.6 1 s before the start",
            "§4.6 1 s after the start",
        ],
    );
    near(
        "endDateTime",
        [
            "§4.6 at the end",
            "§4.6 1 ns before the end",
            "§4.6 1 ns after the end",
            "§4.6 1 s before the end",
            "§4.6 1 s after the end",
        ],
    );
}

/// Reads an RFC 3339 date-time: `2026-11-22T09:30:00.25Z`, or with an offset such as `+01:00`.
pub(crate) fn parse(text: &str) -> Option<Instant> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at_checked(zone)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign, offset) => {
            let [hours, minutes] = numbers(offset, ':', [2, 2])?;
            let minutes = hours * 60 + minutes;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    if fraction.is_empty() || !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let nanos: Instant = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let days = days_before(year) + day_of_year(year, month, day)? - days_before(1970);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    Some(seconds * 1_000_000_000 + nanos)
}

/// Exactly `N` numbers of so many digits, separated by `separator`.
fn numbers<const N: usize>(
    text: &str,
    separator: char,
    lengths: [usize; N],
) -> Option<[Instant; N]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let digits = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
    if !parts.iter().map(|part| part.len()).eq(lengths) || !parts.iter().all(digits) {
        return None;
    }
    let numbers = parts.iter().map(|part| part.parse().ok());
    numbers.collect::<Option<Vec<_>>>()?.try_into().ok()
}

fn is_leap(year: Instant) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from the year 1 to the first of January of `year`.
fn days_before(year: Instant) -> Instant {
    let years = year - 1;
    years * 365 + years / 4 - years / 100 + years / 400
}

/// Days from the first of January to a day of the same year.
fn day_of_year(year: Instant, month: Instant, day: Instant) -> Option<Instant> {
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    let days: Instant = *months.get(month)?;
    if !(1..=days).contains(&day) {
        return None;
    }
    Some(months.iter().take(month).sum::<Instant>() + day - 1)
}
