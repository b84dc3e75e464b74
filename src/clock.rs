//! The only reader of the system clock: everywhere else time is an argument.

use std::time::{Instant, SystemTime};

use jiff::Timestamp;

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Calendar time, for what other parties wrote down (`exp`, `nbf`, schedules).
    pub wall: SystemTime,
    /// Time that never jumps, for ages and intervals of our own.
    pub monotonic: Instant,
}

impl Now {
    /// Reads both clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn read() -> Self {
        Self { wall: SystemTime::now(), monotonic: Instant::now() }
    }

    /// The calendar time as the core takes it. A clock set beyond the year 9999 reads as its end, at
    /// which every schedule has expired.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::try_from(self.wall).unwrap_or(Timestamp::MAX)
    }
}
