//! Three truth values and Kleene's connectives over them (semantics §5.2).

use std::fmt;
use std::ops::Not;

use serde::Serialize;

/// What a condition, or a part of one, is. In this order AND is the smaller of two and OR the
/// larger.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be told: an attribute is missing, or a value is of another type.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Both: false as soon as one is false.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them: true as soon as one is true.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Not for Truth {
    type Output = Self;

    /// The opposite; of unknown, unknown.
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::False => "false",
            Self::Unknown => "unknown",
            Self::True => "true",
        })
    }
}
