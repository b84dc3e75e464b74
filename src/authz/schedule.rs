//! When an assignment is in force (semantics §4.6).

use std::fmt;

use jiff::Timestamp;

use super::assignment::ScheduleInstance;

/// The word of Azure for an instance that is in force; none is the same.
const PROVISIONED: &str = "Provisioned";

/// When an assignment is in force: always, or while one of its windows is open. They are kept in their
/// order, and those that meet or overlap as one.
///
/// A window is open from its start on and no longer at its end. An assignment whose instances are all
/// of another status than `Provisioned` has no window, and is never in force.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Schedule(Option<Vec<Window>>);

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Window {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

/// Whether a schedule is in force at a moment.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum InForce {
    /// Yes; until this moment, or without an end.
    Yes {
        /// First moment at which it is no longer.
        until: Option<Timestamp>,
    },
    /// No, but it will be from this moment on.
    NotYet(Timestamp),
    /// No longer, since this moment.
    Expired(Timestamp),
    /// Never: Azure has not provisioned it.
    NotProvisioned,
}

impl Schedule {
    /// In force always: no instance names the assignment.
    pub const ALWAYS: Self = Self(None);

    /// In force while one of `instances` is.
    pub fn of<'a>(instances: impl IntoIterator<Item = &'a ScheduleInstance>) -> Self {
        let provisioned =
            |i: &&ScheduleInstance| i.status.as_ref().is_none_or(|status| status == PROVISIONED);
        let mut windows: Vec<_> = instances
            .into_iter()
            .filter(provisioned)
            .map(|i| Window { start: i.start, end: i.end })
            // A window that ends before it begins is never open.
            .filter(|w| w.start.zip(w.end).is_none_or(|(start, end)| start < end))
            .collect();
        windows.sort_unstable();
        let mut merged: Vec<Window> = Vec::new();
        for window in windows {
            match merged.last_mut() {
                Some(last) if last.reaches(window.start) => last.end = last.later_end(window.end),
                Some(_) | None => merged.push(window),
            }
        }
        Self(Some(merged))
    }

    /// Says whether nothing bounds it.
    pub fn is_always(&self) -> bool {
        self.0.is_none()
    }

    /// Says whether it is in force at `now`, and until when.
    pub fn at(&self, now: Timestamp) -> InForce {
        let Some(windows) = &self.0 else { return InForce::Yes { until: None } };
        match windows.iter().find(|w| w.end.is_none_or(|end| now < end)) {
            Some(Window { start: Some(start), .. }) if now < *start => InForce::NotYet(*start),
            Some(window) => InForce::Yes { until: window.end },
            None => windows
                .last()
                .and_then(|window| window.end)
                .map_or(InForce::NotProvisioned, InForce::Expired),
        }
    }
}

impl Window {
    /// Says whether it is open until `start` at least, so that no moment lies between the two.
    fn reaches(self, start: Option<Timestamp>) -> bool {
        self.end.is_none_or(|end| start.is_none_or(|start| start <= end))
    }

    /// The later of two ends; none is later than any.
    fn later_end(self, other: Option<Timestamp>) -> Option<Timestamp> {
        self.end.zip(other).map(|(one, other)| one.max(other))
    }
}

impl InForce {
    /// The next moment at which the answer changes.
    pub fn changes_at(self) -> Option<Timestamp> {
        match self {
            Self::Yes { until } => until,
            Self::NotYet(start) => Some(start),
            Self::Expired(_) | Self::NotProvisioned => None,
        }
    }
}

impl fmt::Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes { until: None } => f.write_str("in force"),
            Self::Yes { until: Some(until) } => write!(f, "in force until {until}"),
            Self::NotYet(start) => write!(f, "not in force before {start}"),
            Self::Expired(end) => write!(f, "expired at {end}"),
            Self::NotProvisioned => f.write_str("not provisioned, so never in force"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::assignment::MemberType;
    use InForce::{Expired, NotProvisioned, NotYet, Yes};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn instance(start: Option<i64>, end: Option<i64>, status: Option<&str>) -> ScheduleInstance {
        ScheduleInstance {
            id: "/i".to_owned(),
            principal: 1.into(),
            role: 2.into(),
            scope: "/".parse().unwrap(),
            condition: None,
            origin: None,
            member_type: MemberType::Direct,
            status: status.map(str::to_owned),
            start: start.map(at),
            end: end.map(at),
        }
    }

    #[test]
    fn a_window_is_open_from_its_start_and_closed_at_its_end() {
        let one = Schedule::of(&[instance(Some(10), Some(20), Some("Provisioned"))]);
        #[rustfmt::skip]
        let cases = [
            (9,  NotYet(at(10)),             "before"),
            (10, Yes { until: Some(at(20)) }, "at its start"),
            (19, Yes { until: Some(at(20)) }, "the last second"),
            (20, Expired(at(20)),            "at its end"),
        ];
        for (now, expected, why) in cases {
            assert_eq!(one.at(at(now)), expected, "{why}");
        }
    }

    #[test]
    fn several_instances_are_in_force_while_one_is() {
        let i = instance;
        #[rustfmt::skip]
        let cases: [(&[ScheduleInstance], InForce, &str); 9] = [
            (&[i(None, None, None)],                                   Yes { until: None },         "no bounds"),
            (&[i(None, Some(5), None), i(Some(20), None, None)],       NotYet(at(20)),              "between two"),
            (&[i(Some(5), Some(15), None), i(Some(15), Some(30), None)], Yes { until: Some(at(30)) }, "they meet"),
            (&[i(Some(5), Some(15), None), i(Some(12), None, None)],   Yes { until: None },         "one has no end"),
            (&[i(Some(5), Some(15), Some("Revoked"))],                 NotProvisioned,              "another status"),
            (&[i(Some(5), Some(15), Some("Revoked")), i(Some(9), Some(11), None)], Yes { until: Some(at(11)) }, "one is provisioned"),
            (&[i(Some(15), Some(5), None)],                            NotProvisioned,              "ends before it begins"),
            (&[i(Some(15), Some(15), None)],                           NotProvisioned,              "ends as it begins"),
            (&[],                                                      NotProvisioned,              "none at all"),
        ];
        for (instances, expected, why) in cases {
            let schedule = Schedule::of(instances);
            assert_eq!(schedule.at(at(10)), expected, "{why}");
            assert!(!schedule.is_always(), "instances bound it: {why}");
        }
        assert_eq!(Schedule::ALWAYS.at(at(10)), Yes { until: None });
        assert!(Schedule::ALWAYS.is_always());
    }

    #[test]
    fn what_a_schedule_says_is_shown_with_the_moment_and_changes_then() {
        #[rustfmt::skip]
        let cases = [
            (Yes { until: None },          None,         "in force"),
            (Yes { until: Some(at(20)) },  Some(at(20)), "in force until 1970-01-01T00:00:20Z"),
            (NotYet(at(10)),               Some(at(10)), "not in force before 1970-01-01T00:00:10Z"),
            (Expired(at(5)),               None,         "expired at 1970-01-01T00:00:05Z"),
            (NotProvisioned,               None,         "not provisioned, so never in force"),
        ];
        for (answer, changes_at, shown) in cases {
            assert_eq!(answer.changes_at(), changes_at, "{shown}");
            assert_eq!(answer.to_string(), shown);
        }
    }
}
