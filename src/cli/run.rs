//! `relayprobe run`.

use std::process::ExitCode;

/// Play scenarios.
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn main(_args: Args) -> ExitCode {
    ExitCode::from(2)
}
