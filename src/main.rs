//! The `kubentra` program.

fn main() {}
