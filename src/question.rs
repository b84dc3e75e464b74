//! What people ask of a policy: may I, who can, what may they.
//!
//! ```text
//! words ──can_i::target──▶ Target ─┬─ evaluate ─▶ Decision ──report──▶ answer
//!                                  └─ who_can ──▶ everyone who may
//! Principal ─────────────── list ─────────────▶ everything that it may
//! ```
//!
//! Pure, like the core that they ask: a policy and a question in, a report out. Reports serialize
//! to the JSON of `-o json`; how they look as text is the command line's business.

pub mod can_i;
pub mod list;
pub mod report;
pub mod token;
pub mod who_can;

#[cfg(test)]
mod tests;
