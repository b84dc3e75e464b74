//! The `kubentra` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubentra::cli::main()
}
