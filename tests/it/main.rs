//! Integration tests: one binary, one module for each subject.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod emulator;
#[cfg(test)]
mod init;
#[cfg(test)]
mod tokens;
