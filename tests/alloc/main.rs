//! How often a decision allocates: a guard against becoming slower that counts instead of timing, so
//! that it says the same on every machine. A binary of its own, since it counts everything in it.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod decisions;
/// What `make bench` measures, so that counts and times are of the same.
#[cfg(test)]
#[path = "../../benches/decision/world.rs"]
mod world;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;
