//! `relayprobe check`.

use std::process::ExitCode;

/// Read everything, connect nowhere.
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn main(_args: Args) -> ExitCode {
    ExitCode::from(2)
}
