//! Keeps what callers cause from filling the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Now;

/// Shortest time between two lines about the same.
const INTERVAL: Duration = Duration::from_secs(30);

/// Lets the first line about something through at once, and repeats every [`INTERVAL`], with the
/// number of those that were held back. The metrics count every one.
#[derive(Debug, Default)]
pub(super) struct LogGate(Mutex<BTreeMap<Subject, Line>>);

/// What a line is about: words of a fixed set, so that the gate stays small.
type Subject = (&'static str, &'static str);

/// The last line about a subject.
#[derive(Debug)]
struct Line {
    logged_at: Instant,
    held_back: u64,
}

impl LogGate {
    /// Says whether to log a line about `subject` now: `None` for no, else how many were held back
    /// since the last one.
    pub(super) fn admit(&self, subject: Subject, now: Now) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(line) = lines.get_mut(&subject) else {
            lines.insert(subject, Line { logged_at: now.monotonic, held_back: 0 });
            return Some(0);
        };
        if now.monotonic.saturating_duration_since(line.logged_at) < INTERVAL {
            line.held_back = line.held_back.saturating_add(1);
            return None;
        }
        line.logged_at = now.monotonic;
        Some(std::mem::take(&mut line.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_comes_at_once_and_repeats_with_a_count() {
        let (gate, start) = (LogGate::default(), Now::read());
        let at =
            |seconds| Now { monotonic: start.monotonic + Duration::from_secs(seconds), ..start };
        #[rustfmt::skip]
        let cases = [
            (("access", "policy"), 0,  Some(0), "the first"),
            (("access", "policy"), 1,  None,    "a repeat"),
            (("access", "busy"),   1,  Some(0), "something else"),
            (("token", "policy"),  1,  Some(0), "another kind"),
            (("access", "policy"), 29, None,    "another repeat"),
            (("access", "policy"), 30, Some(2), "it lasts"),
            (("access", "policy"), 59, None,    "counted anew"),
            (("access", "policy"), 99, Some(1), "it came back"),
        ];
        for (subject, seconds, expected, why) in cases {
            assert_eq!(gate.admit(subject, at(seconds)), expected, "{why}");
        }
    }
}
