//! Services: what owns state that changes. Each is a snapshot or a cache around the pure core.

pub mod authorizer;
pub mod policy_store;
