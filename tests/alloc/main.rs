//! How often a decision allocates: a guard against becoming slower that counts instead of timing, so
//! that it says the same on every machine. A binary of its own, since it counts everything in it.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod decisions;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;
