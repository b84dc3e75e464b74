//! Whether the same question could be answered otherwise later.

use jiff::Timestamp;

/// Whether a decision depends on the time (semantics §4.6).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClockUse {
    /// No: the same policy gives the same decision at any time.
    #[default]
    Unread,
    /// Yes. The answer is good until it could turn, if it ever can; whoever
    /// remembers it must forget it by then.
    Read {
        /// That moment.
        next_change: Option<Timestamp>,
    },
}

impl ClockUse {
    /// The same, after another look at the clock whose result holds until `change`, or for ever.
    pub(super) fn and(self, change: Option<Timestamp>) -> Self {
        let before = match self {
            Self::Unread => None,
            Self::Read { next_change } => next_change,
        };
        Self::Read { next_change: before.into_iter().chain(change).min() }
    }
}
