//! `relayprobe probe`.

use std::process::ExitCode;

/// Play one session from flags.
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn main(_args: Args) -> ExitCode {
    ExitCode::from(2)
}
