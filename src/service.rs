//! Services: what owns state that changes. Each is a snapshot or a cache around the pure core.

pub mod authenticator;
pub mod authorizer;
pub mod key_ring;
pub mod policy_store;
pub mod policy_sync;
pub mod seen_proofs;
