//! kubentra: a Kubernetes webhook server that verifies Microsoft Entra tokens and decides access by
//! Azure RBAC, evaluated locally.
//!
//! The layers, lowest first; imports point downward only (ARCHITECTURE.md has the picture):
//!
//! 0. [`authz`] and [`authn`]: the pure core. No I/O, no clock, no `async`.
//! 1. [`review`], [`wire`], [`builtin`], [`question`]: pure translators that know a wire format.
//! 2. [`azure`], [`policy_dir`]: adapters to the outside.
//! 3. [`service`]: what owns state that changes.
//! 4. [`server`], [`config`], [`setup`], [`app`], [`demo`], [`cli`]: the program.

pub mod app;
pub mod authn;
pub mod authz;
pub mod azure;
pub mod builtin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod metrics;
pub mod policy_dir;
pub mod question;
pub mod review;
pub mod server;
pub mod service;
pub mod setup;
pub mod telemetry;
pub mod wire;
