//! Adapters to Azure: the HTTP client, the clouds, and what Entra publishes.
//!
//! Every call is bounded in time and size, pinned to the hosts of the configured cloud, and made over
//! HTTPS. An answer is complete or an error.

pub mod cloud;
pub mod entra;
pub mod http;
