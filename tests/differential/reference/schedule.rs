//! Schedules (semantics §4.6; contract, "Policy directory").

use serde_json::Value;

use super::reached;
use super::world::{World, text};

/// Nanoseconds since 1970, UTC.
pub(crate) type Instant = i128;

/// Says whether a plain assignment is in force: no schedule instance names it, or one that does is in
/// force itself.
pub(crate) fn in_force(world: &World, plain: &Value, now: Instant) -> bool {
    let mut naming = world.instances.iter().filter(|one| bounds(one, plain)).peekable();
    if naming.peek().is_none() {
        return true;
    }
    let now_in_force = naming.any(|one| is_running(one, now));
    reached(if now_in_force { "allow" } else { "not" }, "§4.6 bounded");
    now_in_force
}

/// Says whether a schedule instance is an assignment by itself, and in force: it names no plain
/// assignment at hand, and its `memberType` is Direct or absent.
pub(crate) fn grants_itself(world: &World, instance: &Value, now: Instant) -> bool {
    !world.assignments.iter().any(|plain| bounds(instance, plain))
        && matches!(text(instance, "memberType"), None | Some("Direct"))
        && is_running(instance, now)
        && reached("allow", "§4.6 by itself")
}

/// Says whether an instance's `originRoleAssignmentId` names a plain assignment: ids compare without
/// regard to case.
fn bounds(instance: &Value, plain: &Value) -> bool {
    text(instance, "originRoleAssignmentId")
        .is_some_and(|origin| origin.eq_ignore_ascii_case(text(plain, "id").unwrap()))
}

/// Provisioned or without a status, and start ≤ now < end; a missing start or end is no bound.
fn is_running(instance: &Value, now: Instant) -> bool {
    let edge = |name: &str| text(instance, name).map(|date| parse(date).unwrap());
    let (start, end) = (edge("startDateTime"), edge("endDateTime"));
    if start == Some(now) || end == Some(now) {
        reached("allow", "§4.6 at the edge");
    }
    matches!(text(instance, "status"), None | Some("Provisioned"))
        && start.is_none_or(|start| start <= now)
        && end.is_none_or(|end| now < end)
}

/// Reads an RFC 3339 date-time: `2026-11-22T09:30:00.25Z`, or with an offset such as `+01:00`.
pub(crate) fn parse(text: &str) -> Option<Instant> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at_checked(zone)?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':')?;
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign, offset) => {
            let [hours, minutes] = numbers(offset, ':')?;
            let minutes = hours * 60 + minutes;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let nanos: Instant = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let days = days_before(year) + day_of_year(year, month, day)? - days_before(1970);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    Some(seconds * 1_000_000_000 + nanos)
}

/// Exactly `N` numbers of at least two digits, separated by `separator`.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[Instant; N]> {
    let digits = |part: &str| part.len() >= 2 && part.chars().all(|c| c.is_ascii_digit());
    let parts = text.split(separator).map(|part| digits(part).then(|| part.parse().ok())?);
    parts.collect::<Option<Vec<_>>>()?.try_into().ok()
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
