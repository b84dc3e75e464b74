//! The `kubentra-emulator` program.

fn main() {}
