//! The `relayprobe` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    relayprobe::cli::main()
}
