//! Integration tests: one binary, one module for each subject.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod check;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod emulator;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod init;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod kubernetes_types;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod limits_table;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod pop;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod role_matrix;
#[cfg(test)]
mod server;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod webhook;
#[cfg(test)]
mod worlds;
