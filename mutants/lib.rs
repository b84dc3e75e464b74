//! What `make mutants` compiles in place of `src/lib.rs`: the core, and what its unit tests and the
//! conformance cases need to ask it. A mutant costs one small compilation here; with the server and
//! its clients it would cost five times as much. Not part of the product.

// Files shared with the tests of the whole crate say `kubentra::`.
extern crate self as kubentra;

pub mod authn;
pub mod authz;
pub mod builtin;
pub mod clock;
pub mod policy_dir;
pub mod review;
pub mod wire;

/// Only what decides; the rest of `service` talks to the network.
pub mod service {
    pub mod authorizer;
    pub mod policy_store;
}

#[cfg(test)]
#[path = "../tests/conformance/case.rs"]
#[expect(dead_code, reason = "cases for tokens are not asked here")]
mod case;
#[cfg(test)]
#[path = "../mutants/conformance.rs"]
mod conformance;
#[cfg(test)]
#[path = "../tests/conformance/via.rs"]
mod via;
