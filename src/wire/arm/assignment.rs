//! Role assignments, plain and with a schedule.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date};
use thiserror::Error;

use super::{Head, Kind, role::condition};
use crate::{
    authz::{
        assignment::{MemberType, RoleAssignment, ScheduleInstance},
        principal::ObjectId,
        role::{Condition, RoleDefinitionId},
        scope::Scope,
    },
    wire::{
        fields::{Fields, Line, Read},
        node::shown,
    },
};

/// Reads a plain role assignment: `principalId`, `roleDefinitionId` and `scope` are required.
pub(super) fn plain(head: &Head, body: &mut Fields<'_, '_>) -> Read<RoleAssignment> {
    let Grant { principal, role, scope, condition } = grant(body)?;
    let id = head.id(Kind::RoleAssignment, &scope);
    Ok(RoleAssignment { id, principal, role, scope, condition })
}

/// Reads a schedule instance: a role assignment, and the time that it holds for.
pub(super) fn scheduled(head: &Head, body: &mut Fields<'_, '_>) -> Read<ScheduleInstance> {
    let grant = grant(body);
    let origin = body.parsed::<Line>("originRoleAssignmentId");
    let member_type = body.parsed::<Line>("memberType");
    let status = body.parsed::<Line>("status");
    let start = body.parsed::<Rfc3339>("startDateTime");
    let end = body.parsed::<Rfc3339>("endDateTime");
    let Grant { principal, role, scope, condition } = grant?;
    let member_type = match member_type? {
        Some(Line(word)) if !word.eq_ignore_ascii_case("Direct") => MemberType::Other(word),
        _ => MemberType::Direct,
    };
    Ok(ScheduleInstance {
        id: head.id(Kind::ScheduleInstance, &scope),
        principal,
        role,
        scope,
        condition,
        origin: origin?.map(|Line(origin)| origin),
        member_type,
        status: status?.map(|Line(status)| status),
        start: start?.map(|Rfc3339(start)| start),
        end: end?.map(|Rfc3339(end)| end),
    })
}

/// What both kinds have.
struct Grant {
    principal: ObjectId,
    role: RoleDefinitionId,
    scope: Scope,
    condition: Option<Condition>,
}

fn grant(body: &mut Fields<'_, '_>) -> Read<Grant> {
    let principal = body.object_id("principalId");
    let role = body.required_with("roleDefinitionId", RoleDefinitionId::at_end_of);
    let scope = body.required("scope");
    let condition = condition(body);
    Ok(Grant { principal: principal?, role: role?, scope: scope?, condition: condition? })
}

/// A date and time as RFC 3339 writes it, and in no other form that a lenient reader would take: a
/// time without its offset means another moment on every machine.
struct Rfc3339(Timestamp);

/// Why text is not an RFC 3339 date and time.
#[derive(Debug, Error)]
#[error("`{0}` is not a date and time; write it like `2026-03-01T08:00:00Z`")]
struct ParseDateError(String);

impl FromStr for Rfc3339 {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseDateError(shown(text));
        let canonical = canonical(text).ok_or_else(error)?;
        let instant = canonical.parse().ok().or_else(|| past_the_last_instant(&canonical));
        instant.map(Self).ok_or_else(error)
    }
}

/// The last instant there is, for a date after it: the last days of the year 9999, which are written
/// for "never".
fn past_the_last_instant(canonical: &str) -> Option<Timestamp> {
    let (date, time) = canonical.split_once('T')?;
    let is_last_year = date.parse::<Date>().ok()?.year() == LAST_YEAR;
    // The same time on a day that leaves room for every offset.
    let is_time = format!("2000-01-01T{time}").parse::<Timestamp>().is_ok();
    (is_last_year && is_time).then_some(Timestamp::MAX)
}

/// The year that ends after the last instant.
const LAST_YEAR: i16 = 9999;

/// Digits of a second that a timestamp keeps; Azure writes seven.
const FRACTION_DIGITS: usize = 9;

/// `text` in upper case and with at most [`FRACTION_DIGITS`], if it has the shape of RFC 3339, §5.6.
fn canonical(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase();
    let (date, time) = text.split_once('T')?;
    let at = time.find(['Z', '+', '-'])?;
    let (time, offset) = time.split_at_checked(at)?;
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (time, None),
    };
    let fraction_is_fine =
        fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    let offset_is_fine =
        offset == "Z" || has_shape(offset, "+00:00") || has_shape(offset, "-00:00");
    if !(has_shape(date, "0000-00-00")
        && has_shape(clock, "00:00:00")
        && fraction_is_fine
        && offset_is_fine)
    {
        return None;
    }
    let fraction: String =
        fraction.into_iter().flat_map(str::chars).take(FRACTION_DIGITS).collect();
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{date}T{clock}{point}{fraction}{offset}"))
}

/// Says whether `text` is `shape` with any digit for each zero.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_rfc_3339_and_nothing_else() {
        #[rustfmt::skip]
        let cases = [
            // (text, expected, why)
            ("2026-11-22T08:00:15.98Z",           Some("2026-11-22T08:00:15.98Z"),        "as PIM answers"),
            ("2026-11-22T08:00:15.1234567+00:00", Some("2026-11-22T08:00:15.1234567Z"),   "as `az` prints"),
            ("2026-11-22t10:00:00+02:00",         Some("2026-11-22T08:00:00Z"),           "an offset, and a small t"),
            ("2026-11-22T08:00:00-00:00",         Some("2026-11-22T08:00:00Z"),           "an unknown local offset"),
            ("2026-11-22T08:00:00.123456789012Z", Some("2026-11-22T08:00:00.123456789Z"), "more digits than are kept"),
            ("2026-11-22T08:00:00",               None, "no offset"),
            ("2026-11-22",                        None, "no time"),
            ("2026-11-22 08:00:00Z",              None, "no T"),
            ("2026-11-22T08:00Z",                 None, "no seconds"),
            ("2026-11-22T08:00:00.Z",             None, "a point and no digit"),
            ("2026-11-22T08:00:00+00:00[UTC]",    None, "a time zone's name is not RFC 3339"),
            ("9999-12-31T23:59:59.9999999Z",      Some("9999-12-30T22:00:00.999999999Z"), "what is written for never"),
            ("9999-12-31T23:59:59+99:99",         None, "no such offset"),
            ("9999-12-32T00:00:00Z",              None, "no such day"),
            ("2026-02-30T08:00:00Z",              None, "no such day"),
            ("2026-11-22T25:00:00Z",              None, "no such hour"),
            ("22.11.2026",                        None, "another notation"),
            ("",                                  None, "nothing"),
        ];
        for (text, expected, why) in cases {
            let read = text.parse::<Rfc3339>().ok().map(|Rfc3339(time)| time.to_string());
            assert_eq!(read.as_deref(), expected, "{why}: {text}");
        }
    }
}
