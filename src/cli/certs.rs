//! `relayprobe certs`.

use std::process::ExitCode;

/// Mint the lab CA and its certificates.
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn main(_args: Args) -> ExitCode {
    ExitCode::from(2)
}
